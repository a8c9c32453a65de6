//! Phases: opening, conditions, closing with every blocker, what is deferred and comes back, pauses, the end.

use super::{Flight, flight, flight_with};
use crate::engine::event::{Event, Return, RunEnd};
use crate::engine::{Status, Timer, Want, why_off};
use crate::words::Outcome;

const PINS: &str = "
phases:
  - title: Before
    steps:
      - { id: pin, title: Pin, run: get rev, reads_only: true, pin: { revision: { as: number } } }
      - { id: look, title: Look }
  - title: Deploy
    needs_pins: true
    steps:
      - { id: apply, title: Apply, run: 'apply ${{ pins.revision }}' }
      - { id: late, title: Late pin, run: get x, reads_only: true, pin: { other: { as: number } } }
";

#[test]
fn a_phase_does_not_open_while_a_pin_is_missing() {
    let mut f = flight(PINS);
    f.begin().skip("pin").tick("look");
    f.refuses(Want::ClosePhase { phase: 0 }, "the next phase needs pin `revision`, which \"Pin\" takes");
    f.refuses(Want::ClosePhase { phase: 1 }, "not open");
    f.reopen("pin").start("pin");
    f.refuses(Want::ClosePhase { phase: 0 }, "something still runs");
    f.says(0, "41").close();
    assert_eq!(f.state.phase, Some(1), "a pin that the phase itself takes is no reason");
    f.at("apply").runs("apply").start("late").says(0, "3").close();
    assert_eq!(f.state.ended.as_ref().map(|e| e.how), Some(RunEnd::Completed));
}

#[test]
fn no_way_past_a_step_that_pins_opens_what_needs_its_pin() {
    const WHY: &str = "the next phase needs pin `revision`, which \"Pin\" takes";
    type Way = fn(&mut Flight);
    let ways: [(&str, Way); 4] = [
        ("skipped", |f| {
            f.skip("pin");
        }),
        ("deferred to a later phase", |f| {
            f.defer("pin", Return::Phase(1));
        }),
        ("failed and overridden", |f| {
            f.start("pin").exits(1);
            f.wants(Want::Override { item: "pin".into(), reason: "no".into(), second: None });
        }),
        ("passed without a figure, and overridden", |f| {
            f.start("pin").says(0, "none");
            f.wants(Want::Override { item: "pin".into(), reason: "no".into(), second: None });
        }),
    ];
    let text = PINS.replace("title: Pin,", "title: Pin, due: deploy,");
    for (way, go) in ways {
        let mut f = flight(&text);
        f.begin();
        go(&mut f);
        if !f.status("look").is_settled() {
            f.tick("look");
        }
        assert!(f.state.pins.is_empty(), "{way}");
        f.refuses(Want::ClosePhase { phase: 0 }, WHY);
        assert_eq!(f.state.phase, Some(0), "{way}");
    }
    // Who says that it does not apply here says that there is nothing to go back to: a first deployment.
    let mut f = flight(PINS);
    f.begin().wants(Want::NotApplicable { item: "pin".into(), reason: "nothing runs there yet".into() });
    f.tick("look").close();
    assert_eq!(f.state.phase, Some(1));
}

#[test]
fn closing_names_what_is_left_and_how_the_rest_left() {
    let text = "
parameters: { platform: { one_of: [compose, kubernetes], default: compose } }
phases:
  - title: First
    steps:
      - { id: a, title: A, run: echo a }
      - { id: b, title: B }
      - { id: c, title: C, when: platform == 'kubernetes', run: echo c }
      - { id: d, title: D, record: { x: { type: text } }, due: second }
  - title: Second
    steps: [ Last ]
";
    let mut f = flight(text);
    f.begin();
    f.refuses(Want::ClosePhase { phase: 0 }, "3 items left, the first is \"A\"");
    f.start("a").exits(1).skip("a").skip("b").defer("d", Return::Phase(1)).close();
    let closed = f.last.iter().find_map(|e| match e {
        Event::PhaseClosed { settlements, .. } => Some(settlements.clone()),
        _ => None,
    });
    let how: Vec<(String, String)> = closed.unwrap().into_iter().map(|s| (s.item.0, s.how)).collect();
    let how: Vec<(&str, &str)> = how.iter().map(|(i, h)| (i.as_str(), h.as_str())).collect();
    assert_eq!(how, [("a", "skipped"), ("b", "skipped"), ("c", "does not apply"), ("d", "deferred")]);
    assert_eq!(why_off(&f.state, 2).as_deref(), Some("platform 'compose', wanted 'kubernetes'"));
    let counts = f.state.counts(0);
    assert_eq!((counts.all, counts.settled, counts.skipped, counts.deferred, counts.off), (3, 3, 2, 1, 1));
    f.refuses(Want::Skip { item: "a".into(), reason: "r".into() }, "its phase was closed");
}

#[test]
fn what_was_deferred_to_a_later_phase_is_owed_there() {
    let text = "
phases:
  - title: First
    steps:
      - { id: form, title: Form, record: { x: { type: text } }, due: third }
      - { id: cmd, title: Cmd, run: echo x, due: second }
      - { id: tick, title: Tick }
  - { title: Second, steps: [ Two ] }
  - { title: Third, steps: [ Three ] }
";
    let mut f = flight(text);
    f.begin().defer("form", Return::Phase(2)).defer("cmd", Return::Phase(1)).tick("tick").close();
    assert_eq!(f.state.phase, Some(1));
    // It may be done before it comes back.
    f.tick("two").at("cmd").is("cmd", Status::Open);
    f.refuses(Want::ClosePhase { phase: 1 }, "1 item left, the first is \"Cmd\"");
    f.refuses(
        Want::Defer { item: "cmd".into(), to: Return::PhaseClose, reason: "r".into() },
        "its own phase was closed",
    );
    f.start("cmd").exits(1).failed("cmd", "exit").at("cmd").runs("cmd").passed("cmd").close();
    assert_eq!(f.state.phase, Some(2));
    f.refuses(f.starting("cmd"), "its phase was closed");
    let form = f.answering("form", &[("x", "y")]);
    f.wants(form).passed("form").tick("three").close();
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.how, ended.deferred, ended.failed), (RunEnd::Completed, 0, 0));
}

#[test]
fn what_was_deferred_to_its_own_phase_comes_back_last() {
    let mut f = flight("steps:\n  - { id: a, title: A }\n  - { id: b, title: B }\n  - { id: c, title: C }");
    f.begin().defer("a", Return::PhaseClose).at("b").is("a", Status::Deferred);
    f.tick("b").tick("c");
    f.at("a").is("a", Status::Open);
    assert!(
        f.last
            .iter()
            .any(|e| matches!(e, Event::ItemReopened { reason, .. } if reason == "it was deferred to here: later"))
    );
    f.refuses(
        Want::Defer { item: "a".into(), to: Return::PhaseClose, reason: "r".into() },
        "it would come back at once",
    );
    f.tick("a");
    assert!(f.state.ended.is_some());
}

#[test]
fn a_due_time_brings_an_item_back_even_from_a_closed_phase() {
    let text = "
phases:
  - title: First
    steps:
      - { id: form, title: Form, record: { x: { type: text } }, due: 1h }
      - { id: tick, title: Tick }
  - { title: Second, steps: [ Two ] }
";
    let mut f = flight(text);
    f.begin().defer("form", Return::At(0)).tick("tick").close().at("two");
    assert_eq!(f.due_in(&Timer::Deferred("form".into())), Some(3600.0));
    f.due(Timer::Deferred("form".into())).is("form", Status::Open);
    f.tick("two").at("form");
    f.refuses(Want::ClosePhase { phase: 1 }, "\"Form\"");
    let form = f.answering("form", &[("x", "y")]);
    f.wants(form).close();
    assert!(f.state.ended.is_some());
    // Not due before the end: complete except for what is deferred.
    let mut f = flight(text);
    f.begin().defer("form", Return::At(0)).tick("tick").close().tick("two").close();
    assert_eq!(f.state.ended.as_ref().map(|e| (e.how, e.deferred)), Some((RunEnd::Completed, 1)));
}

#[test]
fn conditions_on_the_run_are_decided_when_the_item_is_reached() {
    let text = "
steps:
  - { id: count, title: Count, run: count, reads_only: true, capture: { n: { as: number } } }
  - { id: big, title: Big, when: n > 5 }
  - { id: bad, title: After, when: steps.count.outcome == 'passed' and n <= 5, run: echo small }
  - { id: rest, title: Rest }
";
    let mut f = flight(text);
    f.begin().is("big", Status::Open).start("count").says(0, "3").is("big", Status::Off).at("bad");
    assert_eq!(why_off(&f.state, 1).as_deref(), Some("n 3, wanted > 5"));
    assert_eq!(f.state.items[2].switched, Some((true, String::new())));
    f.refuses(f.starting("big"), "does not apply");
    // What is not known yet is decided neither by going there nor by the box, as long as something above may tell.
    let mut f = flight(text);
    f.begin();
    f.refuses(f.starting("big"), "whether it applies is not known yet: n has no data, wanted > 5");
    f.refuses(Want::OpenItem { item: "big".into() }, "not known yet");
    f.wants(Want::OpenItem { item: "rest".into() }).tick("rest").at("count").is("big", Status::Open);
    f.start("count").says(0, "9").at("big").tick("big");
    assert!(f.state.ended.is_some(), "n was 9");
    // Nothing above is left that could tell: it does not hold.
    let mut f = flight(text);
    f.begin().skip("count").is("big", Status::Off).is("bad", Status::Off).at("rest");
    assert_eq!(why_off(&f.state, 1).as_deref(), Some("n has no data, wanted > 5"));
}

#[test]
fn outcomes_of_steps_groups_and_blocks_can_be_asked_for() {
    let text = "
targets: { services: { kms: {}, authz: {} } }
blocks:
  smoke:
    - { id: ping, title: Ping, run: ping, reads_only: true }
    - { id: pong, title: Pong, run: pong, reads_only: true }
steps:
  - { id: one, title: One, run: echo, timeout: 5s }
  - { id: each, title: 'Each ${{ item }}', for_each: services, run: echo }
  - { id: tests, title: Tests, use: smoke }
  - { id: a, title: A, when: steps.one.outcome == 'timed_out' }
  - { id: b, title: B, when: steps.each.kms.outcome == 'skipped' and steps.each.authz.outcome == 'passed' }
  - { id: c, title: C, when: steps.tests.ping.outcome == 'passed' }
  - { id: d, title: D, when: steps.tests.outcome == 'failed' }
  - { id: e, title: E, when: steps.tests.outcome == 'passed' }
  - { id: f, title: F, when: steps.one.ended >= steps.one.started }
";
    let mut f = flight(text);
    f.begin().start("one").due(Timer::Timeout("one".into(), 1)).exits(1);
    f.wants(Want::Override { item: "one".into(), reason: "r".into(), second: None });
    f.skip("each[kms]").runs("each[authz]").runs("tests.ping").start("tests.pong").exits(1);
    // Overridden is not passed.
    f.wants(Want::Override { item: "tests.pong".into(), reason: "r".into(), second: None });
    f.is("a", Status::Off).at("b").tick("b").at("c").tick("c");
    f.is("d", Status::Off).is("e", Status::Off).at("f");
}

#[test]
fn a_phase_that_does_not_apply_closes_itself() {
    let text = "
parameters: { platform: { one_of: [compose, kubernetes], default: compose } }
phases:
  - { title: One, steps: [ A ] }
  - { title: Two, when: platform == 'kubernetes', steps: [ B ] }
  - { title: Three, steps: [ C ] }
";
    let mut f = flight(text);
    f.begin().tick("a").close().at("c");
    assert!(f.state.is_closed(1));
    let mut f = flight_with(text, &[("platform", "kubernetes")]);
    f.begin().tick("a").close().at("b");
}

#[test]
fn a_group_pauses_once_as_the_runbook_wants() {
    let text = "
targets: { services: { kms: {}, authz: {}, idp: {} } }
steps:
  - title: 'Service ${{ item }}'
    id: service
    for_each: services
    pause_after: 1
    steps:
      - { id: roll, title: 'Roll ${{ item }}', run: echo }
      - { id: ok, title: 'Ok ${{ item }}' }
";
    let mut f = flight(text);
    f.begin().runs("roll[kms]").tick("ok[kms]");
    let paused = f.state.paused.clone().unwrap();
    assert!(paused.planned);
    assert_eq!(paused.at.as_ref().map(|i| i.as_str()), Some("ok[kms]"));
    f.at("ok[kms]");
    f.refuses(f.starting("roll[authz]"), "paused");
    f.after(60.0).wants(Want::Continue).at("roll[authz]").runs("roll[authz]").tick("ok[authz]").runs("roll[idp]");
    assert!(f.state.paused.is_none(), "once");
    f.tick("ok[idp]");
    assert!(f.state.ended.is_some());
}

#[test]
fn an_early_end_has_a_reason_and_counts_what_failed() {
    let text = "
phases:
  - { title: One, steps: [ { id: a, title: A, run: x }, { id: b, title: B, run: y } ] }
  - { title: Two, steps: [ { id: c, title: C, run: z } ] }
";
    let mut f = flight(text);
    f.begin().start("a");
    f.refuses(Want::End { reason: "r".into() }, "still running");
    f.exits(1).refuses(Want::End { reason: " ".into() }, "a reason is needed");
    f.wants(Want::End { reason: "broken".into() });
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.how, ended.failed, ended.reason.as_deref()), (RunEnd::Early, 1, Some("broken")));
    f.refuses(Want::Continue, "the run ended at");
    f.host(Want::HostLeave { why: "done".into() });
}

#[test]
fn a_rollbacks_items_are_no_part_of_the_flight() {
    let text = "
phases:
  - title: Go
    steps:
      - { id: apply, title: Apply, run: apply, timeout: 5s, undo: { title: Back, run: undo, timeout: 1m } }
rollback:
  steps:
    - { id: back_all, title: Undo all, undo_steps: all }
    - { id: healthy, title: Healthy again }
";
    let mut f = flight(text);
    f.begin();
    f.refuses(f.starting("back"), "not open yet");
    assert_eq!(f.state.counts(1).all, 1, "what was not begun is not undone");
    f.runs("apply").close();
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.how, ended.failed), (RunEnd::Completed, 0));
    assert_eq!(f.state.counts(1).all, 2);
}

#[test]
fn limitations_block_until_they_are_accepted() {
    let text = "
limitations:
  hard: { effect: blocks, text: Not integrated. }
  soft: { effect: warns, text: Slow. }
steps: [ One ]
";
    let mut f = flight(text);
    f.refuses(Want::Begin { target: None }, "Not integrated.");
    f.refuses(Want::AcceptLimitation { name: "other".into(), reason: "r".into() }, "no limitation");
    f.refuses(Want::AcceptLimitation { name: "hard".into(), reason: "".into() }, "a reason is needed");
    f.wants(Want::AcceptLimitation { name: "hard".into(), reason: "known".into() }).begin();
    f.refuses(Want::Begin { target: None }, "has begun already");
}

#[test]
fn a_runbook_where_nothing_applies_ends_at_once() {
    let text = "parameters: { p: { one_of: [a, b], default: a } }\nsteps:\n  - { id: x, title: X, when: p == 'b' }";
    let mut f: Flight = flight(text);
    f.begin();
    assert!(f.state.ended.is_some());
    assert!(!matches!(f.status("x"), Status::Failed(Outcome::Failed)));
}
