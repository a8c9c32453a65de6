//! What keys do, and which are dropped.

use base64::Engine as _;
use flightdeck::engine::event::{Resolved, StopStage};
use flightdeck::engine::{Event, Status, Want};
use flightdeck::link::{FromClient, FromHost, Role, Rows};
use flightdeck::tui::Exit;
use flightdeck::tui::app::Out;
use flightdeck::words::{Actor, Verdict};

use super::bench::{Bench, options};
use super::double::{Double, plan};

/// A flight in its second phase with its first command running.
fn running() -> Bench {
    let mut bench = Bench::deploying();
    bench.presses(&["\r", "cryptoutil-prod", "\r"]);
    assert_eq!(bench.host.state.running.len(), 1);
    bench.host.output(54, 12, &["applying"]);
    bench.settle();
    bench.wait(1);
    bench.outs.clear();
    bench
}

/// What was typed into the command since the last call.
fn typed(bench: &mut Bench) -> Vec<u8> {
    let outs = std::mem::take(&mut bench.outs);
    outs.into_iter()
        .filter_map(|out| match out {
            Out::Send(FromClient::Type { bytes, .. }) => base64::engine::general_purpose::STANDARD.decode(bytes).ok(),
            _ => None,
        })
        .flatten()
        .collect()
}

#[test]
fn a_flight_begins_with_the_targets_name() {
    let mut bench = Bench::new(120, 36);
    assert!(bench.bottom().starts_with(" ⏎ start"));
    bench.presses(&["\r", "prod", "\r"]);
    assert!(bench.text().contains("real target: type its"), "{}", bench.text());
    assert!(bench.host.state.begun.is_none());
    bench.presses(&["\x15", "cryptoutil-prod", "\r"]);
    assert!(bench.host.state.begun.is_some());
    assert!(bench.bottom().starts_with(" ⏎ done"), "{}", bench.bottom());
}

#[test]
fn what_was_confirmed_before_begins_by_itself() {
    let mut options = options();
    options.begin = Some(flightdeck::tui::Begin { target: Some("cryptoutil-prod".into()), accepted: vec![] });
    let bench = Bench::with(Double::new(plan()), options, 80, 24);
    assert!(bench.host.state.begun.is_some());
}

#[test]
fn boxes_forms_and_drafts() {
    let mut bench = Bench::flying(120, 36);
    bench.press("\r");
    assert_eq!(bench.host.state.status(0), Status::Passed);
    // The form opens with Enter, never by itself; what was typed is kept.
    bench.press("\r");
    assert!(bench.bottom().starts_with(" TEXT"), "{}", bench.bottom());
    bench.presses(&["not a link", "\x1b"]);
    assert!(!bench.bottom().starts_with(" TEXT"));
    bench.presses(&["\r", "\r"]);
    assert!(bench.text().contains("`not a link` is no link"), "{}", bench.text());
    bench.press("\x15");
    bench.press("\x1b[200~https://change.example/7\x1b[201~");
    bench.press("\r");
    assert_eq!(bench.host.state.status(2), Status::Passed);
    // Letters are commands in Keys, in any case; a paste is never keys.
    bench.press("\x1b[200~qq\x1b[201~");
    assert!(bench.bottom().contains("a paste is never keys"));
    bench.press("Q");
    assert!(bench.text().contains("leave it running"));
}

#[test]
fn a_held_enter_counts_once() {
    let mut bench = Bench::flying(120, 36);
    bench.press("\r");
    for _ in 0..30 {
        bench.at_once("\r");
    }
    assert!(bench.bottom().contains("held"), "{}", bench.bottom());
    assert_eq!(bench.host.state.status(2), Status::Open, "the next item was not touched");
    assert!(!bench.bottom().starts_with(" TEXT"), "and its form was not opened");
}

#[test]
fn a_key_read_before_the_change_was_seen_is_dropped() {
    let mut bench = running();
    bench.host.exit(0, &["applied"]);
    bench.settle();
    // The box has gone on to the next command; this Enter was meant for something else.
    bench.outs.clear();
    bench.at_once("\r");
    assert!(bench.wants().is_empty());
    assert!(bench.bottom().contains("dropped"), "{}", bench.bottom());
    // A key that means the same everywhere is not dropped.
    bench.at_once("?");
    assert!(bench.text().contains("Keys (letters in any case)"));
    bench.press("\x1b");
    bench.press("\r");
    assert!(matches!(bench.wants().as_slice(), [Want::Start { .. }]));
}

#[test]
fn danger_wants_the_targets_name() {
    let mut bench = Bench::deploying();
    bench.presses(&["\r", "staging", "\r"]);
    assert!(bench.text().contains("that is not it"));
    assert!(bench.wants().is_empty(), "nothing was asked of the host");
    bench.presses(&["\x15", "cryptoutil-prod", "\r"]);
    assert!(matches!(bench.wants().as_slice(), [Want::Start { typed: Some(words), .. }] if words == "cryptoutil-prod"));
    assert_eq!(bench.host.state.running.len(), 1);
}

#[test]
fn out_of_order_takes_a_second_enter() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "\r"]);
    assert!(bench.bottom().contains("not settled above it: \"Apply manifests\""), "{}", bench.bottom());
    assert!(bench.wants().is_empty());
    bench.press("\r");
    assert!(matches!(bench.wants().as_slice(), [Want::Start { out_of_order: true, .. }]));
}

#[test]
fn stop_takes_two_and_goes_on_in_stages() {
    let mut bench = running();
    bench.press("x");
    assert!(bench.bottom().contains("x again stops it"), "{}", bench.bottom());
    assert!(bench.wants().is_empty());
    bench.press("X");
    assert!(matches!(bench.wants().as_slice(), [Want::Stop { .. }]));
    assert!(bench.bottom().starts_with(" stopping (interrupted)"), "{}", bench.bottom());
    bench.press("x");
    let (index, _) = bench.host.running();
    let stage = bench.host.state.items[index].attempt().unwrap().stopping.map(|(stage, _)| stage);
    assert_eq!(stage, Some(StopStage::Terminate));
}

#[test]
fn terminal_mode_passes_bytes_through() {
    let mut bench = running();
    bench.press("t");
    assert!(bench.bottom().starts_with(" TERMINAL"), "{}", bench.bottom());
    assert!(bench.cursor.is_some());
    bench.outs.clear();
    // Ctrl-C, ESC, arrows, UTF-8, q, Ctrl-Z: all go to the command as they came.
    let bytes = "y\r\x03q\x1a\x1b[Aé\x1b[1;5C\x1b\x1b:wq\r";
    bench.at_once(bytes);
    assert_eq!(typed(&mut bench), bytes.as_bytes());
    // A paste has brackets only when the command asked for them.
    bench.at_once("\x1b[200~a\nb\x1b[201~");
    assert_eq!(typed(&mut bench), b"a\rb");
    let attempt = bench.host.running().1;
    let rows = Rows { attempt, cols: 54, height: 12, bracketed_paste: true, app_cursor: true, ..Rows::default() };
    let now = bench.now;
    bench.app.take(FromHost::Rows(rows), now);
    bench.at_once("\x1b[200~a\nb\x1b[201~\x1b[A");
    assert_eq!(typed(&mut bench), b"\x1b[200~a\nb\x1b[201~\x1bOA");
    // Ctrl-] goes back; twice sends one; F12 goes back too.
    bench.press("\x1d");
    assert!(!bench.bottom().starts_with(" TERMINAL"));
    bench.at_once("\x1d");
    assert!(bench.bottom().starts_with(" TERMINAL"), "{}", bench.bottom());
    assert_eq!(typed(&mut bench), b"\x1d");
    bench.press("\x1b[24~");
    assert!(!bench.bottom().starts_with(" TERMINAL"));
    // Rollback is one key in Keys and Ctrl-] plus that key elsewhere.
    bench.press("t");
    bench.press("\x1dr");
    assert!(bench.text().contains("running now: "), "{}", bench.text());
    assert!(bench.bottom().contains("BEGIN"), "{}", bench.bottom());
    assert_eq!(typed(&mut bench), b"");
}

#[test]
fn typing_ends_with_the_command() {
    let mut bench = running();
    bench.press("t");
    bench.host.exit(0, &["applied"]);
    bench.settle();
    assert!(bench.bottom().contains("the command ended"), "{}", bench.bottom());
    bench.outs.clear();
    bench.at_once("\r");
    assert!(typed(&mut bench).is_empty() && bench.wants().is_empty());
}

#[test]
fn ctrl_c_interrupts_and_never_leaves() {
    let mut bench = running();
    bench.press("\x03");
    assert!(matches!(bench.wants().as_slice(), [Want::Stop { .. }]));
    bench.host.exit(130, &[]);
    bench.settle();
    bench.press("\x03");
    assert!(bench.bottom().contains("q leaves"), "{}", bench.bottom());
    assert!(bench.left().is_none());
}

#[test]
fn an_edit_is_shown_word_by_word_and_is_a_deviation() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "e"]);
    // To the last word, change it, take it.
    bench.presses(&["\t\t\t\t\t\t", "\x15", "--timeout=60s", "\r"]);
    let wants = bench.wants();
    let [Want::Edit { what: Resolved::Argv(words), .. }] = wants.as_slice() else { panic!("{wants:?}") };
    assert_eq!(words.last().map(String::as_str), Some("--timeout=60s"));
    assert!(bench.text().contains("edited: it differs from the runbook"), "{}", bench.text());
    assert!(bench.text().contains("--timeout=60s"));
}

#[test]
fn failed_items_are_repeated_only_by_again() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "\r", "\r"]);
    bench.host.output(54, 12, &["ok", "error: no such thing"]);
    bench.host.exit(1, &["error: no such thing"]);
    bench.settle();
    bench.wait(1);
    bench.wants();
    bench.press("\r");
    assert!(bench.wants().is_empty(), "Enter shows the output, it never repeats");
    bench.presses(&["\x1b", "a"]);
    assert!(matches!(bench.wants().as_slice(), [Want::Start { .. }]));
}

#[test]
fn closing_waits_for_what_was_deferred_to_it() {
    let mut bench = Bench::flying(120, 36);
    bench.answer_all_but_the_form();
    // Nothing else is left, so what was deferred to this phase's close is back.
    assert!(bench.text().contains("Window agreed"));
    assert!(bench.bottom().starts_with(" ⏎ fill in"), "it went there: {}", bench.bottom());
    bench.presses(&["\r", "\r", "kim", "\r"]);
    assert_eq!(bench.host.state.status(4), Status::Passed, "{}", bench.text());
    bench.presses(&["\x1b", "\r"]);
    assert!(bench.bottom().starts_with(" ⏎ GO"), "{}\n{}", bench.bottom(), bench.text());
    bench.press("\r");
    assert!(bench.host.state.is_closed(0));
    assert!(bench.text().contains("Apply manifests"));
}

#[test]
fn leaving_handing_over_ending() {
    let mut bench = Bench::deploying();
    bench.presses(&["q", "\r"]);
    assert_eq!(bench.left(), Some(&Exit::Left));

    let mut bench = Bench::deploying();
    bench.presses(&["q", "j", "j", "\r", "\r"]);
    assert!(bench.text().contains("a reason is needed"));
    bench.presses(&["the window is over", "\r"]);
    assert!(bench.host.state.ended.is_some());
    bench.press("\r");
    assert!(matches!(bench.left(), Some(Exit::Ended { .. })), "{:?}", bench.outs);

    let mut bench = Bench::deploying();
    bench.presses(&["q", "j", "\r", "lee@ops2", "\r"]);
    assert_eq!(bench.host.state.control.holder, Some(Actor("lee@ops2".into())));
    bench.press("\r");
    assert!(bench.wants().iter().all(|w| !matches!(w, Want::Start { .. })));
    bench.press("p");
    assert!(bench.bottom().contains("lee has control"), "{}", bench.bottom());
}

#[test]
fn who_comes_asks_and_types_the_place_back() {
    let mut host = Double::new(plan());
    host.want("lee@ops2", None, Want::Begin { target: Some("cryptoutil-prod".into()) }).unwrap();
    host.live.clients.push((Actor("lee@ops2".into()), Role::Operator));
    let mut bench = Bench::with(host, options(), 120, 36);
    assert!(bench.text().contains("lee has control"), "{}", bench.text());
    bench.press("\r");
    assert!(bench.text().contains("lee was asked"), "{}", bench.text());
    bench.host.want("lee@ops2", None, Want::DeclineControl).unwrap();
    bench.settle();
    assert!(bench.text().contains("lee was asked and keeps control"), "{}", bench.text());
    bench.press("\r");
    bench.wait(21);
    assert!(!bench.bottom().starts_with(" TEXT"), "{}", bench.bottom());
    bench.press("\r");
    assert!(bench.text().contains("Type the place's number back"));
    bench.presses(&["7", "\r"]);
    assert!(bench.text().contains("that is not the place's number"));
    bench.presses(&["\x7f1", "\r"]);
    assert_eq!(bench.host.state.control.holder, Some(Actor("anna@ops1".into())));
}

#[test]
fn a_run_that_nobody_holds_is_taken_at_once() {
    let mut host = Double::new(plan());
    host.want("lee@ops2", None, Want::Begin { target: Some("cryptoutil-prod".into()) }).unwrap();
    let bench = Bench::with(host, options(), 120, 36);
    assert_eq!(bench.host.state.control.holder, Some(Actor("anna@ops1".into())));
}

#[test]
fn an_observer_changes_nothing() {
    let mut host = Double::new(plan());
    host.want("lee@ops2", None, Want::Begin { target: Some("cryptoutil-prod".into()) }).unwrap();
    let mut options = options();
    options.role = Role::Observer;
    let mut bench = Bench::with(host, options, 120, 36);
    for key in ["\r", "s", "d", "e", "a", "p", "x", "n", "t"] {
        bench.press(key);
        bench.press("\x1b");
    }
    assert!(bench.wants().is_empty());
    assert!(bench.outs.iter().all(|o| !matches!(o, Out::Send(FromClient::Size { .. }))));
}

#[test]
fn the_mouse_selects_and_never_starts() {
    let mut bench = Bench::deploying();
    let y = bench.text().lines().position(|l| l.contains("Roll out cr")).unwrap();
    bench.press(&format!("\x1b[<0;10;{}M", y + 1));
    assert!(bench.text().contains("kubectl rollout status"), "{}", bench.text());
    bench.press(&format!("\x1b[<0;40;{}M\x1b[<0;40;{}m", y + 1, y + 1));
    assert!(bench.wants().is_empty());
}

#[test]
fn enter_on_the_small_checklist_shows_the_item_first() {
    let mut bench = Bench::deploying();
    bench.resize(80, 24);
    bench.press("\t");
    assert!(bench.bottom().starts_with(" ⏎ show the item"), "{}", bench.bottom());
    bench.press("\r");
    assert!(bench.wants().is_empty() && bench.text().contains("kubectl apply"), "{}", bench.text());
    assert!(bench.bottom().starts_with(" ⏎ run"), "{}", bench.bottom());
}

#[test]
fn the_wheel_moves_dialogs_and_answers_none() {
    let mut bench = Bench::deploying();
    bench.press("?");
    let before = bench.row(2);
    bench.press("\x1b[<65;10;10M");
    assert_ne!(bench.row(2), before, "help went down");
    bench.presses(&["\x1b", "s"]);
    bench.press("\x1b[<65;60;10M");
    assert!(bench.bottom().contains("does not apply"), "{}", bench.bottom());
    bench.press("\x1b[<0;60;4M\x1b[<0;60;4m");
    assert!(bench.wants().is_empty());
}

#[test]
fn nothing_hostile_reaches_the_screen() {
    let mut plan = plan();
    let evil = "\x1b]52;c;cm0gLXJm\x07\u{9b}31m\u{202e}\x1b[2J\r\nx";
    plan.title = format!("{}{evil}", plan.title);
    plan.phases[0].title = evil.into();
    plan.items[0].why = Some(evil.into());
    plan.panes[0].title = evil.into();
    let mut bench = Bench::with(Double::new(plan), options(), 120, 36);
    bench.host.want("anna@ops1", None, Want::Begin { target: Some("cryptoutil-prod".into()) }).unwrap();
    bench.host.look("kms", Verdict::Bad, 1.0, evil);
    bench.host.own(Want::Caution { text: evil.into(), item: None });
    bench.host.own(Want::NeedPerson { item: None, why: evil.into() });
    bench.settle();
    for key in ["", "!", "\x1b", "m", "\x1b", "c", "\x1b", "?"] {
        bench.press(key);
        for (cols, rows) in [(120, 36), (100, 30), (80, 24), (60, 16)] {
            bench.resize(cols, rows);
            let bad = bench.frame.content.iter().find(|c| c.symbol().chars().any(flightdeck::terminal::is_hidden));
            assert!(bad.is_none(), "{bad:?}");
        }
    }
    for out in &bench.outs {
        if let Out::Title(text) | Out::Bell(text) = out {
            assert!(!text.chars().any(flightdeck::terminal::is_hidden), "{text:?}");
        }
    }
}

#[test]
fn any_size_and_any_key_at_any_moment() {
    let mut bench = Bench::deploying();
    let keys = [
        "j", "k", "\t", "\x1b[A", "\x1b[5~", "\x1b[6~", "\x1b[D", "\x1b[C", "!", "\x1b", "m", "\x1b", "/", "r", "\x1b",
        "z", "h", "y", "e", "\x1b", "s", "\x1b", "?", "\x1b",
    ];
    for (n, key) in keys.iter().cycle().take(keys.len() * 5).enumerate() {
        bench.press(key);
        let size = [(200, 60), (120, 36), (119, 20), (90, 17), (89, 16), (60, 16), (59, 16), (1, 1), (80, 24)][n % 9];
        bench.resize(size.0, size.1);
    }
    assert!(bench.left().is_none());
}

#[test]
fn the_ended_run_is_told_by_a_bell_and_the_title_names_the_target() {
    let mut bench = running();
    bench.wait(45);
    bench.host.exit(0, &["applied"]);
    bench.settle();
    assert!(
        bench.outs.iter().any(|o| matches!(o, Out::Bell(words) if words == "passed: Apply manifests")),
        "{:?}",
        bench.outs
    );
    let mut bench = Bench::new(80, 24);
    assert!(bench.outs.iter().any(|o| matches!(o, Out::Title(words) if words.starts_with("cryptoutil-prod"))));
    bench.app.lost(bench.now);
    bench.settle();
    assert!(bench.text().contains("the host is gone"), "{}", bench.text());
    bench.press("\r");
    assert!(matches!(bench.left(), Some(Exit::HostGone(_))));
    let _ = Event::RunContinued;
}

#[test]
fn a_command_that_is_held_may_go_on_unrecorded() {
    let mut bench = running();
    let unrecorded = |bench: &Bench| {
        let (index, number) = bench.host.state.running[0];
        bench.host.state.items[index].attempts.iter().any(|a| a.number == number && a.unrecorded)
    };
    bench.presses(&["u"]);
    assert!(!unrecorded(&bench) && bench.bottom().contains("output can be written"), "{}", bench.bottom());
    let (_, attempt) = bench.host.state.running[0];
    bench.host.live.held = vec![(attempt, "no space left".into())];
    bench.host.say_live();
    bench.settle();
    bench.wait(10);
    assert!(bench.bottom().contains("u unrecorded"), "{}", bench.bottom());
    bench.presses(&["u"]);
    assert!(!unrecorded(&bench), "the first way waits for the disk");
    bench.wait(1);
    bench.presses(&["\x1b[B", "\r"]);
    assert!(unrecorded(&bench), "{}", bench.text());
}
