//! Keys that must do nothing, and terminals that come and go.

use std::time::Duration;

use crate::desk::{SMALL, WIDE, begin, count, one_script, outcome, press, started};
use crate::pty::{Home, Terminal};

const BOXES: &str = "flightdeck: 1\ntitle: Boxes\nsteps: [Look at the first one, Look at the second one, Look at the third one, Look at the last one]\n";

#[test]
fn a_held_enter_counts_once() {
    let home = Home::new();
    let terminal = begin(&home, SMALL, BOXES);
    terminal.wait_bottom("⏎ done");
    // As a keyboard repeats a key.
    for _ in 0..60 {
        terminal.send("\r");
        std::thread::sleep(Duration::from_millis(30));
    }
    terminal.wait_text("Enter is held");
    assert_eq!(count(&home, "item_answered"), 1);
    press(&terminal, "⏎ done");
    home.wait_event("the second box", |kind, body| {
        (kind == "item_answered" && body["item"] != "look_at_the_first_one").then_some(())
    });
}

#[test]
fn a_paste_is_never_keys() {
    let home = Home::new();
    let terminal = begin(&home, SMALL, BOXES);
    terminal.wait_bottom("⏎ done");
    let before = home.events().len();
    terminal.send("\x1b[200~\rq\r\rss\r\x1b[201~");
    terminal.wait_text("a paste is never keys");
    terminal.send("?");
    terminal.wait_text("letters in any case");
    assert_eq!(home.events().len(), before);
}

#[test]
fn leaving_leaves_the_run_and_attach_comes_back_to_its_screen() {
    let home = Home::new();
    let mut terminal = started(
        &home,
        SMALL,
        "for i in $(seq 1 200); do echo \"this is line $i\"; done\necho -n 'waiting: '\nuntil [ -e go ]; do sleep 0.1; done\necho gone on",
    );
    terminal.wait_text("waiting:");
    terminal.send("q");
    press(&terminal, "⏎ leave it running");
    assert_eq!(terminal.exit().code(), Some(6));

    let terminal = Terminal::flightdeck(&home, WIDE, &["attach"]);
    terminal.wait_until("the command's screen", |shot| shot.has("this is line 200") && shot.has("waiting:"));
    for _ in 0..30 {
        terminal.send("\x1b[5~");
    }
    terminal.wait_until("its first line", |shot| shot.rows.iter().any(|row| row.contains("this is line 1 ")));
    terminal.send("\x1b");
    terminal.wait_text("waiting:");
    home.write("go", "");
    assert_eq!(outcome(&home), "passed");
    // The box went on; the step before it has the output.
    terminal.wait_bottom("⏎ done");
    terminal.send("k");
    terminal.wait_text("gone on");
}

#[test]
fn a_closed_window_leaves_the_command_running() {
    let home = Home::new();
    let mut terminal = started(
        &home,
        SMALL,
        "echo before\nuntil [ -e go ]; do sleep 0.1; done\nfor i in $(seq 1 40); do echo \"after $i\"; done",
    );
    terminal.wait_text("before");
    terminal.close();
    assert_eq!(terminal.exit().code(), Some(130), "its terminal is gone");
    assert_eq!(count(&home, "attempt_ended"), 0);
    home.write("go", "");
    assert_eq!(outcome(&home), "passed");

    let terminal = Terminal::flightdeck(&home, WIDE, &["attach"]);
    terminal.wait_bottom("⏎ done");
    // The box went on; the step before it has the output.
    terminal.send("k");
    terminal.wait_text("after 40");
    terminal.send("\t");
    for _ in 0..10 {
        terminal.send("\x1b[5~");
    }
    terminal.wait_until("its first line", |shot| shot.rows.iter().any(|row| row.contains("│before")));
}

#[test]
fn a_window_closed_before_the_start_leaves_nothing() {
    let home = Home::new();
    home.write("book.yaml", BOXES);
    for press_first in [false, true] {
        let mut terminal = Terminal::flightdeck(&home, SMALL, &["run", "book.yaml"]);
        if press_first {
            press(&terminal, "⏎ show the plan");
            terminal.wait_text("⏎ start");
        } else {
            terminal.wait_text("⏎ show the plan");
        }
        terminal.close();
        assert_eq!(terminal.exit().code(), Some(130), "its terminal is gone");
        assert_eq!(std::fs::read_dir(home.path().join("runs")).unwrap().count(), 0, "nothing was begun");
    }
}

#[test]
fn an_observer_can_not_act() {
    let home = Home::new();
    let operator = begin(&home, SMALL, &one_script("sleep 300"));
    operator.wait_bottom("⏎ run");
    let before = home.events().len();
    let mut observer = Terminal::flightdeck(&home, SMALL, &["attach", "--observe"]);
    observer.wait_bottom("looking on");
    for key in ["\r", "e", "d", "p", "n", "s"] {
        observer.send(key);
    }
    observer.wait_text("you look on");
    assert!(!observer.shot().bottom().contains("⏎ run"));

    press(&operator, "⏎ run");
    observer.wait_bottom("running");
    for key in ["x", "x", "t", "\x03"] {
        observer.send(key);
    }
    observer.send("q");
    press(&observer, "⏎ leave");
    assert_eq!(observer.exit().code(), Some(6));
    let kinds: Vec<String> = home.events().into_iter().skip(before).map(|(kind, _)| kind).collect();
    assert!(
        !kinds.iter().any(|kind| [
            "stop_requested",
            "typed_into",
            "item_skipped",
            "note_added",
            "run_paused",
            "command_edited"
        ]
        .contains(&kind.as_str())),
        "{kinds:?}"
    );
}
