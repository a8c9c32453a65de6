//! With verbs typed as words.

use super::host::{Flight, Setup};
use crate::plain::Exit;

fn typed(setup: Setup) -> Flight {
    Flight::start(setup, |options| options.interactive = true)
}

#[test]
fn a_flight_in_words() {
    let yaml = "
flightdeck: 1
title: Deploy
contacts: { boss: { role: Release manager } }
phases:
  - title: Before
    steps:
      - Tell the team
      - { title: Change approved, confirm: { ask: Link to the change, answer: link } }
      - title: Facts
        record:
          ticket: { ask: Ticket }
          risk: { ask: Risk, default: low }
      - { title: Second person, approve: { by: boss } }
  - title: Change
    steps:
      - { title: Apply, run: kubectl apply, danger: { text: Rolling update, type: shop } }
      - { title: Old smoke test, run: smoke }
";
    let flight = typed(Setup { yaml, training: true, ..Setup::default() });
    flight.type_at("1 of 4: Tell the team", "done");
    flight.type_at("verbs: answer", "answer");
    flight.type_at("(`.` gives up): ", "not a link");
    flight.type_at("is no link", "answer https://change/17");
    flight.type_at("a form: ticket, risk", "answer");
    flight.type_at("Ticket (`.` gives up): ", "OPS-17");
    flight.type_at("Risk [low] (`.` gives up): ", "");
    flight.type_at("4 of 4: Second person", "ask");
    flight.type_at("`approve NAME` or `refuse NAME`", "approve lee looks good");
    flight.type_at("`close` closes it", "close");
    flight.type_at("danger: Rolling update", "run");
    flight.type_at("the words, exactly (`.` gives up): ", "shop");
    flight.type_at("2 of 2: Old smoke test", "skip it was removed");
    flight.type_at("all of Change is settled", "close");
    let landed = flight.land();
    assert_eq!(landed.exit, Exit::Completed, "{}", landed.text);
    insta::assert_snapshot!("flight_in_words", landed.text);
}

#[test]
fn what_cannot_be_done_is_said() {
    let yaml = "
flightdeck: 1
title: T
steps:
  - { title: First, run: one }
  - { title: Second, run: two, required: true }
";
    let script: fn(&crate::engine::event::Started) -> Option<(i32, &'static [u8])> = |_| Some((1, b"no\r\n"));
    let flight = typed(Setup { yaml, script, ..Setup::default() });
    flight.type_at("> ", "fly");
    flight.type_at("`fly` is no verb here", "skip");
    flight.type_at("say why: skip REASON", "settle not");
    flight.type_at("no attempt to settle", "edit echo 'open");
    flight.type_at("a quote is open", "edit echo 'two words'");
    flight.type_at("command edited by anna", "run");
    flight.type_at("✕ First  failed", "again");
    flight.wait("✕ First  failed", 2);
    flight.type_line("override good enough");
    flight.type_at("2 of 2: Second", "skip never mind");
    flight.type_at("it is required", "run");
    flight.type_at("✕ Second  failed", "override accepted");
    flight.type_at("the second person's name", "lee");
    let landed = flight.land();
    // Overridden is not failed: the run is complete.
    assert_eq!(landed.exit, Exit::Completed, "{}", landed.text);
    assert!(landed.text.contains("≈ Second: overridden by anna with lee: accepted"), "{}", landed.text);
    assert!(landed.text.contains("$ echo 'two words'"), "{}", landed.text);
}

#[test]
fn lists_and_leaving() {
    let yaml = "
flightdeck: 1
title: T
contacts: { on_call: { role: On-call engineer, via: PagerDuty } }
steps: [One, Two, { title: Long, run: sleep 100 }]
";
    let flight = typed(Setup { yaml, script: |_| None, ..Setup::default() });
    flight.type_at("> ", "list");
    flight.type_at("○ Two  (two)", "contacts");
    flight.type_at("On-call engineer: PagerDuty", "rollback");
    flight.type_at("This runbook has no rollback", "note all is quiet");
    flight.type_at("note by anna: all is quiet", "pause lunch");
    flight.type_at("`continue` goes on", "continue");
    flight.type_at("continued by anna", "open long");
    flight.type_at("Long\n", "run anyway");
    flight.type_at("▶ Long", "type yes");
    flight.type_line("stop");
    flight.type_at("✕ Long  cancelled", "leave");
    let landed = flight.land();
    assert_eq!(landed.exit, Exit::Left);
    let typed =
        landed.heard.iter().any(|m| matches!(m, crate::link::FromClient::Type { bytes, .. } if bytes == "eWVzCg=="));
    assert!(typed, "{:?}", landed.heard);
}

#[test]
fn a_real_target_is_named_before_it_begins() {
    let yaml = "
flightdeck: 1
title: T
where: { namespace: shop-prod }
steps: [Tell the team]
";
    let flight = typed(Setup { yaml, ..Setup::default() });
    flight.type_at("the target's name (`.` gives up): ", "shop-prod");
    flight.type_at("Tell the team", "done");
    assert_eq!(flight.land().exit, Exit::Completed);
}

#[test]
fn the_end_of_the_input_leaves() {
    let flight =
        Flight::start(Setup { yaml: "flightdeck: 1\ntitle: T\nsteps: [One]\n", ..Setup::default() }, |options| {
            options.interactive = true;
            options.input = Box::new(std::io::Cursor::new(Vec::new()));
        });
    assert_eq!(flight.land().exit, Exit::Left);
}
