//! After a crash: adopted, lost, unknown, settled; never started again by itself.

use super::{Flight, flight};
use crate::engine::event::Event;
use crate::engine::{Effect, Status, Timer, Want, effects};
use crate::words::Outcome;

const TEXT: &str = "
probes: { applied: { every: on_demand, run: kubectl diff } }
steps:
  - { id: apply, title: Apply, run: apply, settle: applied }
  - { id: rest, title: Rest }
";

fn lost() -> Flight {
    let mut f = flight(TEXT);
    f.begin().start("apply").host(Want::Lost { item: "apply".into(), attempt: 1, last_lines: vec!["last".into()] });
    f
}

#[test]
fn an_adopted_command_goes_on() {
    let mut f = flight(TEXT);
    f.begin().start("apply").host(Want::Adopted { item: "apply".into(), attempt: 1, pid: Some(9) });
    assert!(f.attempt("apply").adopted);
    f.exits(0).passed("apply");
    f.host(Want::Adopted { item: "apply".into(), attempt: 1, pid: None });
    assert!(f.last.is_empty());
}

#[test]
fn a_lost_one_is_unknown_and_nothing_goes_past_it() {
    let mut f = lost();
    f.is("apply", Status::Unknown).at("apply");
    assert_eq!(f.ended("apply").last_lines, ["last"]);
    let settle = effects(&f.state, &f.last);
    assert_eq!(settle, [Effect::Settle { item: "apply".into(), attempt: 1, probes: vec!["applied".into()] }]);
    f.refuses(f.starting("apply"), "settle that first");
    f.refuses(Want::Skip { item: "apply".into(), reason: "r".into() }, "settle that first");
    f.refuses(Want::Reopen { item: "apply".into(), reason: "r".into() }, "settle that first");
    f.refuses(Want::Settle { item: "apply".into(), attempt: 2, happened: true }, "its end is known");
    // Its exit comes late.
    let late = Want::NotStarted { item: "apply".into(), attempt: 1, why: "x".into() };
    f.host(late).is("apply", Status::Unknown);
    assert!(matches!(f.last[..], [Event::LateResultIgnored { .. }]));
}

#[test]
fn what_certainly_never_started_is_free_to_start() {
    let mut f = flight(TEXT);
    f.begin().start("apply").host(Want::NeverStarted { item: "apply".into(), attempt: 1, why: "no file".into() });
    f.is("apply", Status::Open).at("apply").start("apply").exits(0).passed("apply");
    f.host(Want::NeverStarted { item: "apply".into(), attempt: 1, why: "no file".into() });
    assert!(f.last.is_empty());
}

#[test]
fn a_person_settles_it_either_way() {
    let mut f = lost();
    f.wants(Want::Settle { item: "apply".into(), attempt: 1, happened: true }).passed("apply").at("rest");
    let mut f = lost();
    f.wants(Want::Settle { item: "apply".into(), attempt: 1, happened: false }).is("apply", Status::Open).at("apply");
    f.start("apply").exits(0).passed("apply");
    let mut f = lost();
    f.wants(Want::Override { item: "apply".into(), reason: "r".into(), second: None }).is("apply", Status::Overridden);
}

#[test]
fn a_settling_probe_may_say_yes_and_never_no() {
    let look = |good: bool| Want::SettleLooked { item: "apply".into(), attempt: 1, good, text: "exit 1".into() };
    let mut f = lost();
    f.host(look(false)).is("apply", Status::Unknown);
    assert!(f.state.cautions[0].text.contains("whether \"Apply\" took effect is not known; a look says: exit 1"));
    f.host(look(true)).passed("apply");
    assert!(matches!(&f.last[0], Event::UnknownSettled { happened: true, by_probe: Some(_), .. }));
    let again = f.intent(look(true));
    f.refuses_intent(&again, "its end is known");
}

#[test]
fn one_of_several_settling_looks_settles_nothing() {
    let text = "
targets: { services: { a: {}, b: {} } }
probes: { up: { for_each: services, http: 'https://${{ item }}/' } }
steps: [ { id: apply, title: Apply, run: apply, settle: up }, Rest ]
";
    let mut f = flight(text);
    f.begin().start("apply").host(Want::Lost { item: "apply".into(), attempt: 1, last_lines: vec![] });
    f.host(Want::SettleLooked { item: "apply".into(), attempt: 1, good: true, text: "200".into() });
    f.is("apply", Status::Unknown);
}

#[test]
fn an_unknown_step_is_never_retried() {
    let text =
        "steps:\n  - { id: one, title: One, run: x, idempotent: true, retry: { times: 3, every: 1s } }\n  - Rest";
    let mut f = flight(text);
    f.begin().start("one").host(Want::Lost { item: "one".into(), attempt: 1, last_lines: vec![] });
    assert_eq!(f.outcome("one"), Some(Outcome::Unknown));
    assert_eq!(f.due_in(&Timer::Retry("one".into(), 1)), None);
}
