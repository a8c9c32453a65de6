//! Without anybody who types.

use super::host::{Flight, Setup};
use crate::plain::Exit;

const HELLO: &str = "
flightdeck: 1
title: Restart the web server
steps:
  - Tell the team
  - title: Restart nginx
    run: systemctl restart nginx
    timeout: 1m
  - title: Wait a moment
    run: sleep 1
";

#[test]
fn a_run_with_yes_is_told_as_lines_and_ends_0() {
    let script: fn(&crate::engine::event::Started) -> Option<(i32, &'static [u8])> =
        |started| Some((0, if started.attempt == 1 { b"\x1b[32mok\x1b[0m\r\nlast line" } else { b"" }));
    let landed = Flight::start(Setup { yaml: HELLO, yes: true, script, ..Setup::default() }, |_| {}).land();
    assert_eq!(landed.exit, Exit::Completed);
    insta::assert_snapshot!("yes", landed.text);
}

#[test]
fn ascii_and_colour_are_the_callers() {
    let setup = || Setup { yaml: HELLO, yes: true, ..Setup::default() };
    let ascii = Flight::start(setup(), |options| options.ascii = true).land().text;
    assert!(ascii.is_ascii(), "{ascii}");
    assert!(ascii.contains("[x] Tell the team"), "{ascii}");
    let color = Flight::start(setup(), |options| options.color = true).land().text;
    assert!(color.contains("\u{1b}[32m✓ Tell the team\u{1b}[0m\n"), "{color}");
}

#[test]
fn json_is_the_journal_verbatim() {
    let landed =
        Flight::start(Setup { yaml: HELLO, yes: true, ..Setup::default() }, |options| options.json = true).land();
    assert_eq!(landed.exit, Exit::Completed);
    assert_eq!(landed.text.lines().collect::<Vec<_>>(), landed.journal);
    assert_eq!(landed.beside, "");
}

#[test]
fn a_failure_says_why_and_needs_a_person() {
    let script: fn(&crate::engine::event::Started) -> Option<(i32, &'static [u8])> =
        |_| Some((4, b"Job for nginx.service failed\r\n"));
    let yaml = "
flightdeck: 1
title: T
steps:
  - title: Restart nginx
    run: systemctl restart nginx
    help: see journalctl -u nginx
";
    let landed = Flight::start(Setup { yaml, yes: true, script, ..Setup::default() }, |_| {}).land();
    assert_eq!(landed.exit.code(), 3);
    insta::assert_snapshot!("failure", landed.text);
}

#[test]
fn json_says_beside_its_lines_that_a_person_is_needed() {
    let yaml = "
flightdeck: 1
title: T
steps:
  - { title: Approved change, confirm: { ask: Link, answer: link } }
";
    let landed = Flight::start(Setup { yaml, yes: true, ..Setup::default() }, |options| options.json = true).land();
    assert_eq!(landed.exit.code(), 3);
    assert_eq!(landed.text.lines().collect::<Vec<_>>(), landed.journal);
    assert!(
        landed.beside.contains("a person is needed") && landed.beside.contains("flightdeck attach"),
        "{}",
        landed.beside
    );
}

#[test]
fn without_an_autopilot_it_begins_and_stops_at_the_first_box() {
    let landed = Flight::start(Setup { yaml: HELLO, ..Setup::default() }, |_| {}).land();
    assert_eq!(landed.exit, Exit::PersonNeeded("\"Tell the team\"".into()));
    assert!(landed.text.contains("begun by anna"), "{}", landed.text);
    assert!(landed.text.contains("flightdeck attach 2026-11-24T090211Z-test-01JD"), "{}", landed.text);
}

#[test]
fn a_real_target_is_not_begun_without_its_name() {
    let yaml = "
flightdeck: 1
title: T
where: { namespace: shop-prod }
steps: [Tell the team]
";
    let landed = Flight::start(Setup { yaml, ..Setup::default() }, |_| {}).land();
    assert_eq!(landed.exit.code(), 3);
    assert!(landed.text.contains("type its name, shop-prod"), "{}", landed.text);
    let named =
        Flight::start(Setup { yaml, ..Setup::default() }, |options| options.target = Some("shop-prod".into())).land();
    assert!(named.text.contains("begun by anna"), "{}", named.text);
}

#[test]
fn an_interrupt_stops_what_runs_and_pauses() {
    let flight = Flight::start(Setup { yaml: HELLO, yes: true, script: |_| None, ..Setup::default() }, |_| {});
    flight.wait("$ systemctl restart nginx", 1);
    flight.interrupt();
    let landed = flight.land();
    assert_eq!(landed.exit, Exit::Interrupted);
    assert!(landed.text.contains("✕ Restart nginx  cancelled after"), "{}", landed.text);
    assert!(landed.text.contains("paused by anna: interrupted"), "{}", landed.text);
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    let flight = Flight::start(Setup { yaml: HELLO, ..Setup::default() }, |options| options.interactive = true);
    flight.wait("> ", 1);
    flight.interrupt();
    flight.wait("paused by anna", 1);
    flight.interrupt();
    assert_eq!(flight.land().exit.code(), 130);
}

#[test]
fn a_host_that_dies_is_6() {
    let flight = Flight::start(Setup { yaml: HELLO, yes: true, script: |_| None, ..Setup::default() }, |_| {});
    flight.wait("$ systemctl restart nginx", 1);
    flight.host_dies();
    let landed = flight.land();
    assert!(matches!(&landed.exit, Exit::HostGone(why) if why.contains("resume")), "{:?}", landed.exit);
    assert_eq!(landed.exit.code(), 6);
}

#[test]
fn an_observer_waits_and_wants_nothing() {
    let setup = Setup { yaml: HELLO, ..Setup::default() };
    let flight = Flight::start(setup, |options| options.role = crate::link::Role::Observer);
    flight.wait("Restart the web server", 1);
    flight.interrupt();
    let landed = flight.land();
    assert_eq!(landed.exit, Exit::Interrupted);
    assert!(
        !landed.heard.iter().any(|message| matches!(message, crate::link::FromClient::Do { .. })),
        "{:?}",
        landed.heard
    );
}

#[test]
fn texts_of_commands_and_runbooks_are_no_controls() {
    let yaml = "
flightdeck: 1
title: \"T \\e]0;owned\\a\"
steps:
  - title: \"Say \\e[2J hello\"
    run: echo \"\\x1b[31mred\"
";
    let script: fn(&crate::engine::event::Started) -> Option<(i32, &'static [u8])> =
        |_| Some((1, b"\x1b]52;c;aGk=\x07\x1b[?1049h\x9b2J\x1b[?1049l\xe2\x80\xaeevil\r\n"));
    let landed = Flight::start(Setup { yaml, yes: true, script, ..Setup::default() }, |_| {}).land();
    assert!(!landed.text.chars().any(|c| c != '\n' && crate::terminal::is_hidden(c)), "{:?}", landed.text);
    assert!(landed.text.contains("<U+202E>evil"), "{}", landed.text);
}
