use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::expr::{Expr, Nothing, Truth};
use crate::words::{Look, ProbeId, Sample, Unit, Value, Verdict};

const S: u64 = 1_000_000;

fn looked(probe: &str) -> ProbeRule {
    let how = How::Looked { rule: Rule::default(), unit: Unit::Ms, every: Some(10 * S), slack: 3 * S };
    ProbeRule { probe: probe.into(), how }
}

fn group(probe: &str, of: Combine, members: &[&str]) -> ProbeRule {
    let members = members.iter().map(|m| ProbeId::from(*m)).collect();
    ProbeRule { probe: probe.into(), how: How::Group { of, members } }
}

fn monitor(rules: Vec<ProbeRule>) -> Monitor {
    let mut monitor = Monitor::new();
    monitor.reconcile(rules, 0);
    monitor
}

fn sample(probe: &str, up: u64, look: Look) -> Sample {
    Sample { probe: probe.into(), up: up * S, look, value: Some(up as f64), text: "x".into(), ..Sample::default() }
}

fn turned(changes: &[Change]) -> Vec<(&str, Verdict)> {
    changes.iter().map(|c| (c.probe.as_str(), c.verdict)).collect()
}

fn rule(expr: &str, need: Need) -> ConditionRule {
    ConditionRule { expr: Expr::parse(expr).unwrap(), need, raw: false, rest: Arc::new(Nothing) }
}

#[test]
fn groups_turn_with_their_members_through_groups() {
    let mut m = monitor(vec![
        looked("ready.kms"),
        looked("ready.authz"),
        looked("database"),
        group("ready", Combine::Worst, &["ready.kms", "ready.authz", "ready.off"]),
        group("health", Combine::Worst, &["ready", "database"]),
    ]);
    for up in [1, 2] {
        assert!(m.push(&sample("ready.kms", up, Look::Good)).iter().all(|c| c.probe.as_str() == "ready.kms"));
        m.push(&sample("ready.authz", up, Look::Good));
    }
    assert_eq!((m.verdict(&"ready".into()), m.verdict(&"health".into())), (Verdict::Ok, Verdict::NoData));
    m.push(&sample("database", 3, Look::Good));
    assert_eq!(
        turned(&m.push(&sample("database", 4, Look::Good))),
        [("database", Verdict::Ok), ("health", Verdict::Ok)]
    );
    m.push(&sample("ready.authz", 5, Look::Bad));
    assert_eq!(m.look(&"health".into()), Look::Bad, "the raw look turns at once");
    assert_eq!(m.verdict(&"health".into()), Verdict::Ok);
    let changes = m.push(&sample("ready.authz", 6, Look::Bad));
    assert_eq!(turned(&changes), [("ready.authz", Verdict::Bad), ("ready", Verdict::Bad), ("health", Verdict::Bad)]);
    assert_eq!(changes[1].sample.text, "1 of 2 ok; ready.authz bad: x");
}

#[test]
fn groups_in_a_circle_stay_without_data_and_end() {
    let mut m = monitor(vec![
        looked("a"),
        group("x", Combine::Worst, &["a", "y"]),
        group("y", Combine::Worst, &["x"]),
        group("z", Combine::Best, &["a"]),
    ]);
    m.push(&sample("a", 1, Look::Good));
    m.push(&sample("a", 2, Look::Good));
    assert_eq!(m.verdict(&"x".into()), Verdict::NoData);
    assert_eq!(m.verdict(&"z".into()), Verdict::Ok);
}

#[test]
fn a_look_that_is_too_old_is_no_data() {
    let mut m = monitor(vec![looked("a"), group("g", Combine::Worst, &["a"])]);
    m.push(&sample("a", 1, Look::Good));
    m.push(&sample("a", 2, Look::Good));
    assert!(m.tick(35 * S).is_empty());
    let changes = m.tick(35 * S + 1);
    assert_eq!(turned(&changes), [("a", Verdict::NoData), ("g", Verdict::NoData)]);
    assert_eq!(changes[0].sample.text, "no look for 33 s");
    assert!(m.tick(100 * S).is_empty(), "said once");
    let expr = Expr::parse("a > 0ms").unwrap();
    assert_eq!(m.truth(&expr, 100 * S, false, &Nothing), Truth::Unknown);
    m.push(&sample("a", 101, Look::Good));
    assert_eq!(m.truth(&expr, 101 * S, false, &Nothing), Truth::True);
}

#[test]
fn the_look_that_could_turn_is_hurried() {
    let mut m = monitor(vec![looked("a")]);
    m.push(&sample("a", 1, Look::Good));
    assert!(m.could_turn(&"a".into()));
    m.push(&sample("a", 2, Look::Good));
    assert!(!m.could_turn(&"a".into()));
    m.push(&sample("a", 12, Look::Bad));
    assert!(m.could_turn(&"a".into()));
}

#[test]
fn a_trigger_reads_raw_looks_and_fires_on_time() {
    let mut m = monitor(vec![looked("a")]);
    let mut trigger = rule("a is failing", Need::Time { hold: 30 * S, clear: 0, no_data_counts: false });
    trigger.raw = true;
    m.condition("triggers.t", trigger, 0);
    for up in [10, 20, 30] {
        m.push(&sample("a", up, Look::Bad));
        assert!(m.judge(&"a".into(), up * S).is_empty());
    }
    assert_eq!(m.due(), Some(40 * S));
    assert!(m.judge_all(39 * S).is_empty());
    let turned = m.judge_all(40 * S);
    assert_eq!(turned, [Turned { id: "triggers.t".into(), turn: Turn::Fired { since: 10 * S }, up: 40 * S }]);
    m.push(&sample("a", 41, Look::Good));
    assert_eq!(m.judge(&"a".into(), 41 * S)[0].turn, Turn::Cleared);
    assert_eq!(m.explain("triggers.t", 41 * S), "a is passing, wanted failing");
}

#[test]
fn a_trigger_on_a_group_reads_its_members_raw_looks_and_no_data_does_not_fire() {
    let mut m = monitor(vec![looked("a"), looked("b"), group("health", Combine::Worst, &["a", "b"])]);
    let trigger = ConditionRule {
        raw: true,
        ..rule("health is failing", Need::Time { hold: 5 * S, clear: 0, no_data_counts: false })
    };
    m.condition("t", trigger, 0);
    m.push(&sample("a", 1, Look::Good));
    m.push(&sample("b", 1, Look::Bad));
    m.judge(&"b".into(), S);
    assert_eq!(m.verdict(&"health".into()), Verdict::NoData, "the verdict has not turned");
    assert_eq!(m.judge_all(6 * S)[0].turn, Turn::Fired { since: S });
    let mut m = monitor(vec![looked("a")]);
    let trigger = ConditionRule {
        raw: true,
        ..rule("a is failing", Need::Time { hold: 5 * S, clear: 0, no_data_counts: false })
    };
    m.condition("t", trigger, 0);
    for up in 1..60 {
        m.push(&sample("a", up, Look::NoData));
        assert!(m.judge(&"a".into(), up * S).is_empty() && m.judge_all(up * S).is_empty());
    }
}

#[test]
fn twice_in_a_row_is_two_rounds_of_all_members_after_the_wait_began() {
    let mut m = monitor(vec![looked("a"), looked("b"), group("g", Combine::Worst, &["a", "b"])]);
    for up in [1, 2] {
        m.push(&sample("a", up, Look::Good));
        m.push(&sample("b", up, Look::Good));
    }
    m.condition("w", rule("g is passing", Need::InARow(2)), 2 * S);
    let mut push = |probe: &str, up, look| {
        m.push(&sample(probe, up, look));
        m.judge(&probe.into(), up * S).len() + m.judge_all(up * S).len()
    };
    assert_eq!(push("a", 3, Look::Good), 0);
    assert_eq!(push("a", 4, Look::Good), 0);
    assert_eq!(push("b", 5, Look::Good), 0, "one round");
    assert_eq!(push("b", 6, Look::Good), 0);
    assert_eq!(push("a", 7, Look::Good), 1, "two rounds");
}

#[test]
fn conditions_over_windows_and_baselines() {
    let mut m = monitor(vec![looked("p95")]);
    let slower = Expr::parse("p95 > 1.5 * baseline(p95)").unwrap();
    for i in 0..30 {
        let mut s = sample("p95", 10 * (i + 1), Look::Good);
        s.value = Some(0.1 + f64::from(i as u32 % 3) * 0.01);
        m.push(&s);
    }
    assert_eq!(m.truth(&slower, 300 * S, true, &Nothing), Truth::Unknown, "no baseline yet");
    let baseline = m.baseline(&"p95".into(), 300 * S, 300 * S).unwrap();
    assert_eq!((baseline.value, baseline.samples), (0.11, 30));
    m.set_baseline("p95".into(), baseline.value);
    assert_eq!(m.truth(&slower, 300 * S, true, &Nothing), Truth::False);
    m.push(&Sample { value: Some(0.5), ..sample("p95", 310, Look::Good) });
    assert_eq!(m.truth(&slower, 310 * S, true, &Nothing), Truth::True);
    let max = Expr::parse("max(p95, 5m) == 500ms and avg(p95, 5m) < 200ms").unwrap();
    assert_eq!(m.truth(&max, 310 * S, true, &Nothing), Truth::True);
}

#[test]
fn a_baseline_needs_four_fifths_of_its_looks() {
    let mut m = monitor(vec![looked("a")]);
    for up in [10, 20, 30, 40, 50, 60, 70] {
        m.push(&sample("a", up, Look::Good));
    }
    for up in [80, 90, 100] {
        m.push(&sample("a", up, Look::Bad));
    }
    let why = m.baseline(&"a".into(), 100 * S, 100 * S).unwrap_err();
    assert_eq!(why, "a: only 7 of 10 good looks in 100 s, wanted 80 %");
    assert!(m.baseline(&"a".into(), 60 * S, 70 * S).is_ok());
    assert!(m.baseline(&"b".into(), 60 * S, 70 * S).is_err());
}

#[test]
fn success_and_uptime_count_from_the_mark_without_no_data() {
    let mut m = monitor(vec![looked("a"), group("g", Combine::Worst, &["a"])]);
    m.push(&sample("a", 1, Look::Bad));
    m.push(&sample("a", 2, Look::Bad));
    m.mark(2 * S);
    m.push(&sample("a", 3, Look::Good));
    m.push(&sample("a", 4, Look::Good));
    m.push(&sample("a", 8, Look::Bad));
    m.push(&sample("a", 10, Look::NoData));
    for probe in ["a", "g"] {
        let counts = m.counts(&probe.into()).unwrap();
        assert_eq!(counts.success_rate(), Some(2.0 / 3.0), "{probe}");
        // Bad until 4 s, ok until the second look that is not good at 10 s.
        assert_eq!((counts.bad_time, counts.ok_time), (2 * S, 6 * S), "{probe}");
    }
    let expr = Expr::parse("success_rate(g) < 70% and uptime(g) == 75%").unwrap();
    assert_eq!(m.truth(&expr, 10 * S, false, &Nothing), Truth::True);
}

#[test]
fn the_spool_builds_the_same_monitor_again() {
    let rules = || vec![looked("a"), looked("b"), group("g", Combine::Worst, &["a", "b"])];
    let samples: Vec<Sample> = (0..200)
        .map(|i| sample(if i % 3 == 0 { "a" } else { "b" }, i, if i % 17 < 3 { Look::Bad } else { Look::Good }))
        .collect();
    let mut first = monitor(rules());
    let live: Vec<Change> = samples.iter().flat_map(|s| first.push(s)).collect();
    let mut again = monitor(rules());
    let replayed: Vec<Change> = samples.iter().flat_map(|s| again.push(s)).collect();
    assert!(!live.is_empty());
    assert_eq!(live, replayed);
    assert_eq!(first.counts(&"g".into()), again.counts(&"g".into()));
}

#[test]
fn names_beside_probes_come_from_the_rest() {
    let mut m = monitor(vec![looked("a")]);
    let rest: BTreeMap<String, Value> = [("limit".to_owned(), Value::Duration(5.0))].into();
    let condition = ConditionRule { rest: Arc::new(rest), ..rule("a > limit", Need::InARow(1)) };
    m.condition("c", condition, 0);
    m.push(&sample("a", 3, Look::Good));
    assert!(m.judge(&"a".into(), 3 * S).is_empty());
    m.push(&sample("a", 6, Look::Good));
    assert_eq!(m.judge(&"a".into(), 6 * S).len(), 1);
    assert!(m.judge(&"b".into(), 6 * S).is_empty());
}
