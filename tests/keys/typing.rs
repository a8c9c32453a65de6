//! Terminal mode: every byte goes to the command, and the way back.

use std::path::Path;

use crate::desk::{SMALL, WIDE, begin, one_script, outcome, press, started, type_into, written};
use crate::pty::Home;

#[test]
fn every_byte_goes_through_unchanged() {
    let home = Home::new();
    // Ctrl-C, Ctrl-Z, Ctrl-\, Ctrl-S, an arrow, F5, é, Alt-x, Tab, Enter, q, a paste, and at last a lone Esc.
    let keys: &[&[u8]] = &[
        b"\x03",
        b"\x1a",
        b"\x1c",
        b"\x13",
        b"\x1b[A",
        b"\x1b[15~",
        "é".as_bytes(),
        b"\x1bx",
        b"\t\rq",
        b"\x1b[200~two\rlines\x1b[201~",
        b"\x1b",
    ];
    let sent: Vec<u8> = keys.concat();
    let script = format!(
        "stty raw -echo\nprintf '\\033[?2004hready\\r\\n'\nhead -c {} | od -An -v -tx1\nstty sane\necho over",
        sent.len()
    );
    let terminal = started(&home, WIDE, &script);
    terminal.wait_text("ready");
    type_into(&terminal);
    for key in keys {
        terminal.send(key);
    }
    assert_eq!(outcome(&home), "passed");
    let out = written(&home, 1);
    let (_, hex) = out.split_once("ready").unwrap();
    let came: Vec<u8> = hex.split_whitespace().map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    assert_eq!(came, sent, "{out}");
    terminal.wait_until("keys are commands again", |shot| !shot.bottom().starts_with(" TERMINAL"));
    let typed = home.events().iter().filter(|(kind, _)| kind == "typed_into").count();
    assert!(typed >= 1, "that something was typed is recorded");
}

#[test]
fn a_prompt_is_answered_and_the_keys_come_back() {
    let home = Home::new();
    let terminal =
        started(&home, SMALL, "read -r -p 'Really? [y/n] ' answer\necho \"you said $answer\"\n[ \"$answer\" = y ]");
    terminal.wait_text("Really? [y/n]");
    terminal.wait_until("that it seems to ask is pointed out", |shot| {
        shot.text().contains("seems to ask") || shot.text().contains("asks")
    });
    type_into(&terminal);
    terminal.send("y\r");
    assert_eq!(outcome(&home), "passed");
    assert!(written(&home, 1).contains("you said y"));
    terminal.wait_bottom("⏎ done");
}

#[test]
fn ctrl_bracket_comes_back_and_twice_goes_through() {
    let home = Home::new();
    let terminal = started(&home, SMALL, "stty -echo\necho ready\ncat -v");
    terminal.wait_text("ready");
    type_into(&terminal);
    terminal.send("one\r");
    terminal.wait_text("one");
    terminal.send("\x1d");
    terminal.wait_until("keys are commands", |shot| !shot.bottom().starts_with(" TERMINAL"));
    terminal.send("\x1d");
    terminal.wait_until("typing goes on", |shot| shot.bottom().starts_with(" TERMINAL"));
    terminal.send("\r");
    terminal.wait_text("^]");
    // F12 is the other way back; then x x stops.
    terminal.send("\x1b[24~");
    terminal.wait_bottom("x x stop");
    terminal.send("x");
    terminal.wait_text("x again stops it");
    assert_eq!(home.events().iter().filter(|(kind, _)| kind == "stop_requested").count(), 0);
    terminal.send("x");
    assert_eq!(outcome(&home), "cancelled");
}

#[test]
fn full_screen_programs_work() {
    for (program, script) in [("vim", "vim -u NONE -N -i NONE note.txt"), ("vi", "vi note.txt")] {
        if !on_path(program) {
            continue;
        }
        let home = Home::new();
        let terminal = started(&home, SMALL, script);
        terminal
            .wait_until("the editor is there", |shot| shot.rows.iter().filter(|row| row.contains("│~")).count() > 3);
        type_into(&terminal);
        terminal.send("ihello from the deck");
        terminal.wait_text("hello from the deck");
        terminal.send("\x1b");
        terminal.send(":wq\r");
        assert_eq!(outcome(&home), "passed", "{program}");
        assert_eq!(std::fs::read_to_string(home.path().join("note.txt")).unwrap(), "hello from the deck\n");
        break;
    }
    if on_path("less") {
        let home = Home::new();
        let lines: String = (1..=300).map(|n| format!("this is line {n}\n")).collect();
        home.write("long.txt", &lines);
        let terminal = begin(&home, SMALL, &one_script("less long.txt"));
        press(&terminal, "⏎ run");
        terminal.wait_text("this is line 1");
        type_into(&terminal);
        terminal.send("G");
        terminal.wait_text("this is line 300");
        terminal.send("q");
        assert_eq!(outcome(&home), "passed");
    }
}

fn on_path(program: &str) -> bool {
    std::env::var("PATH").unwrap().split(':').any(|folder| Path::new(folder).join(program).exists())
}
