//! Going back, on the screens: the cockpit, the clock, a failure, verified healthy.

use std::path::Path;

use flightdeck::engine::event::RunEnd;
use flightdeck::engine::{Status, Want, autopilot, resolve};
use flightdeck::words::Verdict;
use insta::assert_snapshot;

use super::bench::{Bench, options};
use super::double::{Double, plan_of};

/// Up to `roll_out[idp]`, which runs.
fn rolling_out() -> Bench {
    let plan = plan_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tui/rollback.yaml"));
    let mut bench = Bench::with(Double::new(plan), options(), 120, 36);
    let target = Some("cryptoutil-prod".into());
    bench.host.want("anna@ops1", None, Want::Begin { target }).unwrap();
    bench.host.look("idp", Verdict::Ok, 0.014, "14 ms");
    for (id, said) in [("revision[kms]", "41"), ("revision[authz]", "17"), ("revision[idp]", "23"), ("backup", "8812")]
    {
        start(&mut bench, id);
        bench.host.exit_saying(0, said);
    }
    bench.host.want("anna@ops1", None, Want::ClosePhase { phase: 0 }).unwrap();
    for id in ["configmaps", "secrets", "roll_out[kms]", "roll_out[authz]"] {
        bench.wait(5);
        start(&mut bench, id);
        bench.host.exit(0, &["done"]);
    }
    start(&mut bench, "roll_out[idp]");
    bench.settle();
    bench.wait(20);
    bench.host.look("idp", Verdict::Bad, 0.0, "503");
    bench.wait(28);
    bench.outs.clear();
    bench
}

fn start(bench: &mut Bench, id: &str) {
    let state = &bench.host.state;
    let index = state.index(&id.into()).unwrap();
    let shown = resolve(state, index).unwrap().digest;
    let seen = state.items[index].seen();
    let want = Want::Start { item: id.into(), seen, shown, typed: None, out_of_order: true };
    bench.host.want("anna@ops1", None, want).unwrap();
}

/// What the host does by itself: the rollback's steps follow one another.
fn go_on(bench: &mut Bench) -> bool {
    let Some(wish) = autopilot(&bench.host.state, &Default::default()) else { return false };
    bench.host.own(wish.want);
    bench.settle();
    true
}

fn both(name: &str, bench: &mut Bench) {
    bench.resize(120, 36);
    assert_snapshot!(format!("{name}-120x36"), bench.text());
    bench.resize(80, 24);
    assert_snapshot!(format!("{name}-80x24"), bench.text());
    bench.resize(120, 36);
}

#[test]
fn from_the_cockpit_to_verified_healthy() {
    let mut bench = rolling_out();
    bench.press("r");
    both("rollback-cockpit", &mut bench);
    // A reason is typed in Text: Enter ends the typing, it never begins.
    bench.presses(&["n", "idp never ready", "\r"]);
    assert!(bench.wants().is_empty() && bench.text().contains("idp never ready"), "{}", bench.text());
    bench.press("\r");
    let wants = bench.wants();
    let [Want::RollBack { reason: Some(reason) }] = wants.as_slice() else { panic!("{wants:?}") };
    assert_eq!(reason, "idp never ready");
    assert!(!go_on(&mut bench), "what runs is stopped first");
    bench.wait(2);
    both("rollback-stopping", &mut bench);
    bench.host.exit(130, &["^C"]);
    assert!(go_on(&mut bench));
    bench.wait(3);
    both("rollback-flying", &mut bench);
    bench.host.exit(1, &["error: unable to find specified revision 23 in history"]);
    bench.settle();
    assert!(!go_on(&mut bench), "a failed step is the operator's");
    bench.wait(2);
    both("rollback-failed", &mut bench);
    bench.press("a");
    bench.host.exit(0, &["rolled back"]);
    while go_on(&mut bench) {
        bench.wait(2);
        bench.host.exit(0, &["rolled back"]);
        bench.settle();
    }
    bench.wait(300);
    bench.host.look("idp", Verdict::Ok, 0.014, "14 ms");
    bench.settle();
    both("rollback-late", &mut bench);
    let (index, attempt) = bench.host.running();
    let item = bench.host.state.plan.items[index].id.clone();
    bench.host.own(Want::Met { item, attempt, why: "idp good 2 times in a row".into() });
    bench.settle();
    both("rollback-verified", &mut bench);
    let item = "debrief".into();
    bench.host.want("anna@ops1", None, Want::Skip { item, reason: "a drill".into() }).unwrap();
    bench.settle();
    bench.press("\r");
    both("rollback-close", &mut bench);
    bench.press("\r");
    assert_eq!(bench.host.state.ended.as_ref().map(|e| e.how), Some(RunEnd::RolledBack));
    both("rollback-ended", &mut bench);
}

#[test]
fn a_point_of_no_return_and_an_unknown_end_are_told() {
    let mut bench = rolling_out();
    bench.host.exit(0, &["done"]);
    start(&mut bench, "migrate");
    let (index, attempt) = bench.host.running();
    let item = bench.host.state.plan.items[index].id.clone();
    bench.host.own(Want::Lost { item, attempt, last_lines: vec![] });
    bench.settle();
    assert_eq!(bench.host.state.status(index), Status::Unknown);
    bench.press("r");
    both("rollback-no-return", &mut bench);
}

#[test]
fn begin_is_no_key_that_was_meant_for_another_screen() {
    let mut bench = rolling_out();
    bench.wait(1);
    // Typed ahead of the cockpit: the Enter was read before it was there to be read.
    bench.at_once("r\r");
    assert!(bench.wants().is_empty(), "it has to be drawn first");
    bench.press("\r");
    assert!(matches!(bench.wants().as_slice(), [Want::RollBack { reason: None }]));
    // Once it goes back there is nothing to begin.
    bench.press("r");
    assert!(bench.wants().is_empty() && bench.bottom().contains("it goes back already"), "{}", bench.bottom());
}

#[test]
fn leaving_offers_the_way_back_first() {
    let mut bench = rolling_out();
    bench.host.exit(0, &["done"]);
    bench.settle();
    bench.press("q");
    let text = bench.text();
    assert!(text.contains("roll back") && text.find("roll back") < text.find("end the run"), "{text}");
}

#[test]
fn the_reason_may_follow_after_begin() {
    let mut bench = rolling_out();
    bench.presses(&["r", "\r"]);
    bench.host.exit(130, &["^C"]);
    go_on(&mut bench);
    bench.wants();
    bench.presses(&["n", "idp never ready", "\r"]);
    let wants = bench.wants();
    assert!(matches!(wants.as_slice(), [Want::GiveReason { reason }] if reason == "idp never ready"), "{wants:?}");
    assert!(bench.text().contains("idp never ready") && !bench.text().contains("n says why"), "{}", bench.text());
}
