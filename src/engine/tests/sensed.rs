//! Sensed items, waits and baselines.

use super::flight;
use crate::engine::event::Event;
use crate::engine::plan::Action;
use crate::engine::{ConditionKind, Effect, Status, Timer, Want, effects, wanted};
use crate::words::{Outcome, ProbeId, Value, Verdict};

const CHECKS: &str = "
probes:
  ready: { http: https://x/ready }
  applied: { every: on_demand, run: kubectl diff }
  figure: { prometheus: { url: http://p, query: q } }
phases:
  - title: First
    steps:
      - { id: ok, title: Ready, check: ready }
      - { id: own, title: Own, check: { tcp: 'x:22' } }
      - { id: diff, title: Applied, check: applied }
      - { id: tick, title: Tick }
  - title: Second
    steps:
      - { id: last, title: Last }
";

fn ids(probes: &[ProbeId]) -> Vec<&str> {
    probes.iter().map(ProbeId::as_str).collect()
}

#[test]
fn an_opening_phase_looks_at_once_and_green_goes_on() {
    let mut f = flight(CHECKS);
    f.begin();
    let looks = effects(&f.state, &f.last);
    let [Effect::CheckPlaces, Effect::Look(first)] = looks.as_slice() else { panic!("{looks:?}") };
    assert_eq!(ids(first), ["ready", "own"], "what looks only when asked is not asked yet");
    assert_eq!(ids(&wanted(&f.state).probes), ["ready", "figure", "own"]);
    f.is("ok", Status::Busy).at("ok");
    f.refuses(f.answering("ok", &[]), "it is busy");
    f.turns("own", Verdict::Bad).is("own", Status::Failed(Outcome::Failed)).at("ok");
    f.turns("ready", Verdict::Ok).passed("ok").at("own");
    f.turns("own", Verdict::Ok).at("diff");
    assert_eq!(effects(&f.state, &f.last), [Effect::Look(vec!["applied".into()])]);
    f.looks("applied", false, &[]).is("diff", Status::Failed(Outcome::Failed)).at("diff");
    f.looks("applied", true, &[]).passed("diff").at("tick");
}

#[test]
fn green_items_are_open_again_when_they_turn_red_until_their_phase_is_closed() {
    let mut f = flight(CHECKS);
    f.begin().turns("ready", Verdict::Ok).turns("own", Verdict::Ok).looks("applied", true, &[]).tick("tick");
    f.turns("ready", Verdict::NoData).is("ok", Status::NoData).at("ok");
    f.refuses(Want::ClosePhase { phase: 0 }, "1 item left, the first is \"Ready\"");
    f.turns("ready", Verdict::Flapping).is("ok", Status::Failed(Outcome::Failed));
    f.turns("ready", Verdict::Ok).close();
    assert!(f.state.is_closed(0) && f.state.cautions.is_empty());
    f.turns("ready", Verdict::Bad).passed("ok");
    assert_eq!(f.state.cautions[0].text, "\"Ready\" is bad now: status 503, wanted 200");
    assert_eq!(f.state.counts(0).failed, 0);
    f.refuses(Want::Reopen { item: "ok".into(), reason: "r".into() }, "its phase was closed");
    // What nobody's item looks at is no caution.
    f.turns("figure", Verdict::Ok).turns("figure", Verdict::Bad);
    assert_eq!(f.state.cautions.len(), 1);
}

#[test]
fn the_same_verdict_again_is_no_event() {
    let mut f = flight(CHECKS);
    f.begin().turns("ready", Verdict::Ok);
    let before = f.events.len();
    f.turns("ready", Verdict::Ok);
    assert_eq!(f.events.len(), before);
}

#[test]
fn a_sensed_item_is_looked_at_and_overridden_but_not_reopened() {
    let mut f = flight(CHECKS);
    f.begin().turns("ready", Verdict::Ok);
    f.refuses(Want::Reopen { item: "ok".into(), reason: "r".into() }, "opens by itself");
    f.wants(Want::Look { item: "ok".into() });
    f.refuses(Want::Look { item: "tick".into() }, "nothing to look at");
    f.refuses(f.starting("ok"), "");
    f.turns("own", Verdict::Bad).wants(Want::Override { item: "own".into(), reason: "old".into(), second: None });
    f.is("own", Status::Overridden).at("diff");
}

#[test]
fn closing_takes_a_fresh_look_at_what_looks_only_when_asked() {
    let mut f = flight(CHECKS);
    f.begin().turns("ready", Verdict::Ok).turns("own", Verdict::Ok).looks("applied", true, &[]).tick("tick");
    f.after(601.0).close();
    assert!(!f.state.is_closed(0));
    assert_eq!(effects(&f.state, &f.last), [Effect::Look(vec!["applied".into()])]);
    f.after(2.0).looks("applied", true, &[]);
    assert!(f.state.is_closed(0), "the close that waited for it");
    let mut f = flight(CHECKS);
    f.begin().turns("ready", Verdict::Ok).turns("own", Verdict::Ok).looks("applied", true, &[]).tick("tick");
    f.after(601.0).close().looks("applied", false, &[]).is("diff", Status::Failed(Outcome::Failed)).at("diff");
    f.after(100.0).looks("applied", true, &[]);
    assert!(!f.state.is_closed(0), "that close is over");
    f.close();
    assert!(f.state.is_closed(0));
}

#[test]
fn checks_capture_from_what_they_saw() {
    let text = "
steps:
  - id: look
    title: Look
    check: { http: https://x/version }
    pin: { before: json.version }
  - { id: go, title: Go, run: 'echo ${{ pins.before }}' }
  - Rest
";
    let mut f = flight(text);
    f.begin();
    let json = |version: &str| {
        let map = [("version".to_owned(), Value::Text(version.into()))];
        ("json", Value::Map(map.into()))
    };
    f.looks("look", true, &[]).is("look", Status::NoData).at("look");
    assert!(f.state.cautions[0].text.contains("\"Look\" is ok, but `before`"), "{}", f.state.cautions[0].text);
    f.looks("look", true, &[json("1.4")]).passed("look").at("go");
    f.looks("look", true, &[json("1.5")]);
    assert_eq!(f.pin("before"), Some(&Value::Text("1.5".into())));
    f.start("go").looks("look", true, &[json("1.6")]);
    assert_eq!(f.pin("before"), Some(&Value::Text("1.5".into())), "the world was changed");
}

#[test]
fn for_and_in_a_row_are_rows_of_good_looks_of_an_own_probe() {
    let text = "
targets: { services: { kms: {}, authz: {} } }
probes:
  ready: { for_each: services, http: 'https://${{ item }}/ready', every: 5s }
steps:
  - { id: long, title: 'Long ${{ item }}', for_each: services, check: 'ready[item]', for: 30s }
  - { id: row, title: Row, check: ready, in_a_row: 4 }
  - { id: share, title: Share, check: ready }
  - { id: other, title: Other, check: ready.kms, expect: status == 204 }
";
    let f = flight(text);
    let probe = |id: &str| f.state.plan.probe(&id.into()).unwrap_or_else(|| panic!("{id}"));
    let looked = |id: &str| match &f.state.plan.items[f.index(id)].action {
        Action::Check(check) => check.probes.iter().map(|p| p.0.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(looked("long[kms]"), ["long[kms]"]);
    assert_eq!(probe("long[kms]").pass_after, 7, "30 s at one look in 5 s");
    assert_eq!(probe("long[kms]").each, Some(("services".into(), "kms".into())));
    assert_eq!(looked("row"), ["row/ready.kms", "row/ready.authz"]);
    assert_eq!(probe("row/ready.kms").pass_after, 4);
    assert_eq!(looked("share"), ["ready"]);
    let expect = |id: &str| probe(id).expect.iter().map(|e| e.source().to_owned()).collect::<Vec<_>>();
    assert_eq!(expect("other"), ["status == 204"]);
    assert_eq!(expect("ready.kms"), ["status == 200"]);
    assert_eq!(ids(&probe("ready").members), ["ready.kms", "ready.authz"]);
}

#[test]
fn a_step_and_a_probe_may_have_one_name() {
    let text = "
probes: { ready: { http: https://x/ready } }
phases:
  - { title: First, steps: [One] }
  - title: Second
    steps:
      - { title: Ready, check: { tcp: 'x:22' } }
      - { title: Same, check: ready }
";
    let mut f = flight(text);
    f.begin();
    assert_eq!(ids(&wanted(&f.state).probes), ["ready"], "a named one is sampled from the start");
    f.tick("one").close();
    assert_eq!(ids(&wanted(&f.state).probes), ["ready", "ready/own"]);
    f.turns("ready", Verdict::Ok).is("ready", Status::Busy).passed("same");
    f.turns("ready/own", Verdict::Ok).passed("ready");
}

#[test]
fn waits_start_and_end_by_themselves() {
    let text = "
probes: { ready: { http: https://x/ready }, load: { prometheus: { url: http://p, query: q } } }
steps:
  - { id: healthy, title: Healthy, wait: ready, in_a_row: 3, timeout: 2m }
  - { id: calm, title: Calm, wait: load < 5, timeout: 1m }
  - { id: sleep, title: Sleep, wait: 30s }
";
    let mut f = flight(text);
    f.begin().is("healthy", Status::Busy);
    let conditions = wanted(&f.state).conditions;
    assert!(matches!(&conditions[..], [c] if matches!(&c.kind, ConditionKind::Probes(p, 3) if ids(p) == ["ready"])));
    f.refuses(f.starting("healthy"), "is still running");
    let early = f.intent(Want::TooLate { item: "healthy".into(), attempt: 1, missed: "ready: 503".into() });
    f.refuses_intent(&early, "not due");
    f.after(120.0);
    f.host(Want::TooLate { item: "healthy".into(), attempt: 1, missed: "ready: 503".into() });
    f.is("healthy", Status::Failed(Outcome::TimedOut)).failed("healthy", "not so within 2 min: ready: 503");
    assert!(wanted(&f.state).conditions.is_empty(), "it does not start again by itself");
    f.reopen("healthy").is("healthy", Status::Busy);
    f.host(Want::Met { item: "healthy".into(), attempt: 2, why: "1 good 3 times".into() }).passed("healthy");
    assert_eq!(f.ended("healthy").evidence.as_deref(), Some("1 good 3 times"));
    assert!(matches!(&wanted(&f.state).conditions[0].kind, ConditionKind::Expr(e, 2) if e.source() == "load < 5"));
    f.wants(Want::Stop { item: "calm".into(), attempt: 3 }).is("calm", Status::Failed(Outcome::Cancelled));
    let late = f.intent(Want::Met { item: "calm".into(), attempt: 3, why: String::new() });
    f.refuses_intent(&late, "ended already");
    f.skip("calm").is("sleep", Status::Busy);
    assert_eq!(f.due_in(&Timer::WaitOver("sleep".into(), 4)), Some(30.0));
    assert_eq!(f.due_in(&Timer::Timeout("sleep".into(), 4)), None);
    f.due(Timer::WaitOver("sleep".into(), 4)).passed("sleep");
    assert_eq!(f.ended("sleep").took, 30_000_000);
}

#[test]
fn a_wait_that_was_paused_starts_when_it_goes_on() {
    let mut f = flight("steps:\n  - One\n  - { id: sleep, title: Sleep, wait: 30s }");
    f.begin().wants(Want::Pause { reason: None }).tick("one").at("sleep").is("sleep", Status::Open);
    f.wants(Want::Continue).is("sleep", Status::Busy);
}

#[test]
fn a_command_is_not_met() {
    let mut f = flight("steps:\n  - { id: one, title: One, run: echo one }");
    f.begin().start("one");
    let met = f.intent(Want::Met { item: "one".into(), attempt: 1, why: String::new() });
    f.refuses_intent(&met, "ends by its exit");
}

#[test]
fn baselines_are_figures_or_a_reason() {
    let text = "
probes: { p95: { prometheus: { url: http://p, query: q }, unit: ms } }
triggers: { slow: { severity: high, when: p95 > 1.5 * baseline(p95) } }
steps:
  - { id: base, title: Base, baseline: { probes: [p95], over: 5m } }
  - Rest
";
    let mut f = flight(text);
    f.begin().is("base", Status::Busy);
    assert_eq!(f.due_in(&Timer::BaselineOver("base".into(), 1)), Some(300.0));
    let figures = [(ProbeId::from("p95"), 0.142)];
    let taken = |attempt: u32, why: Option<&str>| Want::Baseline {
        item: "base".into(),
        attempt,
        figures: figures.clone().into(),
        samples: [(ProbeId::from("p95"), 30)].into(),
        why: why.map(str::to_owned),
    };
    f.host(taken(1, Some("p95: 12 of 30 samples"))).failed("base", "12 of 30");
    assert!(f.state.baselines.is_empty());
    f.reopen("base").host(taken(2, None)).passed("base");
    assert_eq!(f.state.baselines[&ProbeId::from("p95")], 0.142);
}

#[test]
fn groups_without_members_are_off_and_so_are_their_checks() {
    let text = "
parameters: { platform: { one_of: [compose, kubernetes], default: compose } }
probes:
  pods: { when: platform == 'kubernetes', http: https://x/ }
  inner: { all_of: [pods] }
  outer: { any_of: [inner] }
  db: { http: https://db/ }
  all: { all_of: [outer, db] }
steps:
  - { id: gone, title: Gone, check: outer }
  - { id: there, title: There, check: all }
  - { id: own, title: Own, check: { all_of: [pods] } }
  - Rest
";
    let mut f = flight(text);
    let named: Vec<&str> = f.state.plan.probes.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(named, ["db", "all"]);
    f.begin().is("gone", Status::Off).is("own", Status::Off).at("there");
    assert_eq!(crate::engine::why_off(&f.state, 0).as_deref(), Some("all its probes are switched off"));
    assert_eq!(effects(&f.state, &f.last), [Effect::CheckPlaces, Effect::Look(vec!["db".into()])]);
    f.turns("all", Verdict::Ok).passed("there");
    let events: Vec<&Event> = f.events.iter().map(|e| &e.event).collect();
    assert!(matches!(events.last(), Some(Event::ItemOpened { item }) if item.as_str() == "rest"));
}

#[test]
fn a_wait_whose_probes_are_all_off_does_not_apply() {
    let mut f = flight(
        "parameters: { here: { type: bool, default: false } }
probes: { up: { when: here, http: 'http://127.0.0.1:1/' } }
steps:
  - { id: ready, title: Ready, wait: up, timeout: 1m }
  - { id: last, title: Last }
",
    );
    f.begin().is("ready", Status::Off).at("last");
    let why = crate::engine::why_off(&f.state, f.index("ready")).unwrap_or_default();
    assert!(why.contains("switched off"), "{why}");
}
