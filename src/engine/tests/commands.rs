//! Commands: starting exactly what was shown, how they end, what they capture.

use std::collections::BTreeMap;

use super::flight;
use crate::engine::event::{Ended, Event, Resolved, StopStage, StopWhy};
use crate::engine::{Effect, Status, Timer, Want, effects, resolve, wanted};
use crate::words::{Outcome, Value, Verdict};

const TWO: &str = "
steps:
  - { id: one, title: One, run: echo one }
  - { id: two, title: Two, run: echo two }
";

fn argv(words: &[&str]) -> Resolved {
    Resolved::Argv(words.iter().map(|w| (*w).to_owned()).collect())
}

#[test]
fn a_flight_of_two_commands_ends_by_itself() {
    let mut f = flight(TWO);
    f.refuses(f.starting("one"), "has not begun");
    f.begin().at("one").is("one", Status::Open);
    f.start("one").is("one", Status::Busy);
    let started = effects(&f.state, &f.last);
    assert!(matches!(started.as_slice(), [Effect::Spawn(s)] if s.what == argv(&["echo", "one"]) && s.attempt == 1));
    f.exits(0).passed("one").at("two").runs("two").passed("two");
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.failed, ended.deferred), (0, 0));
    assert_eq!(effects(&f.state, &f.last).last(), Some(&Effect::Leave));
    f.refuses(f.starting("one"), "the run ended at 12:00:00Z");
    f.wants(Want::Note { text: "late".into(), about: None, item: None });
}

#[test]
fn a_failed_command_stays_until_it_is_run_again() {
    let mut f = flight(TWO);
    f.begin().start("one").exits(3).failed("one", "exit_code 3, wanted 0").at("one");
    f.runs("one").passed("one").at("two");
    assert_eq!(f.attempt("one").number, 2);
    assert_eq!(f.state.items[0].attempts.len(), 2);
}

#[test]
fn what_was_drawn_for_an_earlier_state_is_refused() {
    let mut f = flight(TWO);
    f.begin();
    let old = f.starting("one");
    f.start("one").exits(1);
    f.refuses(old, "changed since it was drawn");
    // Opening a settled item again does not make an old intent good.
    f.runs("one");
    let settled = f.starting("one");
    f.reopen("one").refuses(settled, "changed since it was drawn");
    f.is("one", Status::Open).start("one").exits(2);
    // The attempts of before are not how it stands: this one failed.
    f.failed("one", "exit_code 2");
    let other = match f.starting("one") {
        Want::Start { item, seen, typed, out_of_order, .. } => {
            Want::Start { item, seen, typed, out_of_order, shown: "other".into() }
        }
        other => other,
    };
    f.refuses(other, "what would run has changed");
}

#[test]
fn one_thing_runs_at_a_time_and_in_order() {
    let mut f = flight(TWO);
    f.begin();
    f.refuses(f.starting("two"), "not settled above it: \"One\"");
    f.start("one");
    f.refuses(f.starting("two"), "\"One\" is still running");
    f.refuses(f.starting("one"), "\"One\" is still running");
    f.exits(1);
    let Want::Start { item, seen, shown, typed, .. } = f.starting("two") else { panic!() };
    f.wants(Want::Start { item, seen, shown, typed, out_of_order: true }).exits(0).passed("two");
    f.refuses(f.starting("two"), "it is settled");
    // It ends when what was left behind is settled too.
    f.skip("one");
    assert!(f.state.ended.is_some());
}

#[test]
fn paused_moved_and_unwritten_runs_start_nothing() {
    let mut f = flight("where: { environment: prod }\nsteps:\n  - { id: one, title: One, run: echo one }");
    f.refuses(Want::Begin { target: None }, "type its name, prod");
    f.refuses(Want::Begin { target: Some("staging".into()) }, "type its name, prod");
    f.host(Want::Pinned { kind: "environment".into(), is: "prod".into() });
    f.begin();
    f.wants(Want::Pause { reason: Some("lunch".into()) });
    f.refuses(f.starting("one"), "paused since 12:00:00Z");
    f.refuses(Want::Pause { reason: None }, "paused already");
    f.wants(Want::Continue);
    assert!(effects(&f.state, &f.last).contains(&Effect::CheckPlaces));
    f.host(Want::TargetFound { kind: "environment".into(), found: "staging".into() });
    f.refuses(f.starting("one"), "environment is staging, not prod");
    f.host(Want::TargetFound { kind: "environment".into(), found: "prod".into() });
    f.host(Want::Storage { failed: true, why: "no room".into() });
    f.refuses(f.starting("one"), "journal cannot be written");
    f.refuses(Want::Skip { item: "one".into(), reason: "x".into() }, "journal cannot be written");
    f.host(Want::Storage { failed: false, why: "journal.2.jsonl".into() });
    f.runs("one").passed("one");
}

#[test]
fn dangerous_steps_want_their_words() {
    let text = "
where: { environment: prod, namespace: shop }
steps:
  - { id: wipe, title: Wipe, run: rm -r x, danger: Deletes x }
  - { id: drop, title: Drop, run: rm y, danger: { text: Deletes y, type: \"drop ${{ runbook.title }}\" } }
";
    let mut f = flight(text);
    f.begin();
    f.refuses(f.starting("wipe"), "type shop to go on");
    f.refuses(f.starting_with("wipe", "prod"), "that is not it: type shop");
    f.wants(f.starting_with("wipe", " shop ")).exits(0);
    f.refuses(f.starting("drop"), "type drop Test to go on");
    f.wants(f.starting_with("drop", "drop Test")).exits(0);
    assert!(f.state.ended.is_some());
}

#[test]
fn an_edited_command_is_a_deviation_and_a_new_digest() {
    let mut f = flight(TWO);
    f.begin();
    let before = f.starting("one");
    f.refuses(Want::Edit { item: "one".into(), seen: 9, what: argv(&["x"]) }, "changed since it was drawn");
    f.refuses(Want::Edit { item: "one".into(), seen: f.seen("one"), what: argv(&[""]) }, "empty command");
    f.wants(Want::Edit { item: "one".into(), seen: f.seen("one"), what: argv(&["echo", "other"]) });
    assert!(matches!(f.last.as_slice(), [Event::CommandEdited { .. }]));
    f.refuses(before, "changed since it was drawn");
    f.start("one");
    let what = f.attempt("one").what.clone();
    assert!(what.edited && what.what == argv(&["echo", "other"]));
    f.exits(0).passed("one");
    f.refuses(Want::Edit { item: "one".into(), seen: f.seen("one"), what: argv(&["x"]) }, "it is settled");
}

#[test]
fn retries_come_by_a_timer_as_often_as_said() {
    let text = "
steps:
  - { id: one, title: One, run: echo one, idempotent: true, retry: { times: 2, every: 5s } }
  - { id: two, title: Two, run: echo two }
";
    let mut f = flight(text);
    f.begin().start("one").exits(1);
    assert_eq!(f.due_in(&Timer::Retry("one".into(), 1)), Some(5.0));
    let early = f.intent(Want::Due { timer: Timer::Retry("one".into(), 1) });
    f.refuses_intent(&early, "not due");
    f.due(Timer::Retry("one".into(), 1)).exits(1);
    f.wants(Want::Pause { reason: None });
    assert_eq!(f.due_in(&Timer::Retry("one".into(), 2)), None, "nothing starts in a pause");
    f.wants(Want::Continue).due(Timer::Retry("one".into(), 2)).exits(1);
    assert_eq!(f.due_in(&Timer::Retry("one".into(), 3)), None);
    f.failed("one", "exit_code 1").at("one");
    // Opened again it may be retried again.
    f.reopen("one").start("one").exits(1);
    assert!(f.due_in(&Timer::Retry("one".into(), 4)).is_some());
    // Not while a pinned place is another.
    f.host(Want::Pinned { kind: "git".into(), is: "a".into() });
    f.host(Want::TargetFound { kind: "git".into(), found: "b".into() });
    assert_eq!(f.due_in(&Timer::Retry("one".into(), 4)), None);
}

#[test]
fn a_limit_stops_by_stages_and_is_no_failure_of_a_person() {
    let mut f = flight("steps:\n  - { id: one, title: One, run: sleep 100, timeout: 20s }");
    f.begin().start("one");
    assert_eq!(f.due_in(&Timer::Timeout("one".into(), 1)), Some(20.0));
    let stage = |f: &super::Flight| match f.last.as_slice() {
        [Event::StopRequested { stage, why, .. }] => (*stage, *why),
        other => panic!("{other:?}"),
    };
    f.due(Timer::Timeout("one".into(), 1));
    assert_eq!(stage(&f), (StopStage::Interrupt, StopWhy::Timeout));
    assert_eq!(effects(&f.state, &f.last), [Effect::Signal { attempt: 1, stage: StopStage::Interrupt }]);
    assert_eq!(f.due_in(&Timer::Timeout("one".into(), 1)), None);
    f.due(Timer::Escalate("one".into(), 1));
    assert_eq!(stage(&f), (StopStage::Terminate, StopWhy::Timeout));
    f.due(Timer::Escalate("one".into(), 1));
    assert_eq!(stage(&f), (StopStage::Kill, StopWhy::Timeout));
    assert!(f.timers().is_empty(), "{:?}", f.timers());
    f.exits(137).failed("one", "longer than its limit of 20 s");
    assert_eq!(f.outcome("one"), Some(Outcome::TimedOut));
}

#[test]
fn a_stopped_command_is_cancelled_whatever_it_exits_with() {
    let mut f = flight(TWO);
    f.begin().start("one");
    f.wants(Want::Stop { item: "one".into(), attempt: 1 });
    f.after(3.0).wants(Want::Stop { item: "one".into(), attempt: 1 });
    assert!(matches!(f.last.as_slice(), [Event::StopRequested { stage: StopStage::Terminate, .. }]));
    assert_eq!(f.due_in(&Timer::Escalate("one".into(), 1)), Some(10.0));
    f.wants(Want::Stop { item: "one".into(), attempt: 1 });
    f.refuses(Want::Stop { item: "one".into(), attempt: 1 }, "it was killed");
    f.exits(0).failed("one", "stopped by a person");
    assert_eq!(f.outcome("one"), Some(Outcome::Cancelled));
    f.refuses(Want::Stop { item: "one".into(), attempt: 1 }, "ended already");
    f.is("one", Status::Failed(Outcome::Cancelled));
}

#[test]
fn the_speed_of_the_run_does_not_hurry_a_stop() {
    let mut f = super::Flight::training(TWO, 10.0);
    f.begin().start("one").wants(Want::Stop { item: "one".into(), attempt: 1 });
    // Ten seconds of the world's clock are a hundred of the run's.
    assert_eq!(f.due_in(&Timer::Escalate("one".into(), 1)), Some(100.0));
}

#[test]
fn a_stream_ends_well_when_its_until_holds() {
    let text = "
probes: { up: { http: https://x/health } }
steps:
  - { id: log, title: Log, run: logs -f, reads_only: true, timeout: 1m, until: up is passing }
";
    let mut f = flight(text);
    f.begin().start("log");
    assert_eq!(wanted(&f.state).conditions.len(), 1);
    f.host(Want::UntilMet { item: "log".into(), attempt: 1 });
    assert!(matches!(f.last.as_slice(), [Event::StopRequested { why: StopWhy::Until, .. }]));
    let again = f.intent(Want::UntilMet { item: "log".into(), attempt: 1 });
    f.refuses_intent(&again, "being stopped already");
    f.exits(130).passed("log");
    let mut f = flight(text);
    f.begin().start("log").exits(0).failed("log", "it ended before what it waits for: up has no data");
    // It held already when the stream ended by itself.
    f.turns("up", Verdict::Ok).start("log").exits(0).passed("log");
}

#[test]
fn late_and_strange_results_are_ignored_and_journaled() {
    let mut f = flight(TWO);
    f.begin().start("one");
    let late = f.exiting(0, "");
    f.exits(1).host(late);
    assert!(matches!(f.last.as_slice(), [Event::LateResultIgnored { what, .. }] if what == "exit 0"));
    f.failed("one", "exit_code 1");
    f.host(Want::NotStarted { item: "one".into(), attempt: 7, why: "x".into() });
    assert!(matches!(f.last.as_slice(), [Event::LateResultIgnored { attempt: 7, .. }]));
    f.start("one").host(Want::NotStarted { item: "one".into(), attempt: 2, why: "no such file".into() });
    f.is("one", Status::Failed(Outcome::NotStarted)).failed("one", "no such file");
    f.start("one").says(0, "");
    f.passed("one").host(Want::Typed { item: "one".into(), attempt: 3, bytes: 4 });
    assert_eq!(f.state.items[0].typed, 4);
}

#[test]
fn captures_feed_expectations_and_later_steps() {
    let text = r"
steps:
  - id: cover
    title: Coverage
    run: go tool cover
    capture: { coverage: { match: 'total:.*?([\d.]+)%', as: percent } }
    expect: coverage >= 95%
  - { id: say, title: Say, run: 'echo ${{ coverage }}' }
";
    let mut f = flight(text);
    f.begin();
    assert!(resolve(&f.state, 1).unwrap_err().contains("coverage"));
    assert!(resolve(&f.state, 0).unwrap().capture_stdout);
    f.start("cover").says(0, "total: 91.5%\n").failed("cover", "coverage 91.5 %, wanted >= 95 %");
    assert_eq!(f.capture("coverage"), None);
    f.start("cover").says(0, "nothing").failed("cover", "matches nothing in it");
    f.start("cover").says(2, "total: 99%").failed("cover", "exit_code 2");
    f.start("cover").says(0, "total: 97.25%").passed("cover");
    assert_eq!(f.capture("coverage"), Some(&Value::Ratio(0.9725)));
    assert_eq!(resolve(&f.state, 1).unwrap().what, argv(&["echo", "97.25%"]));
}

#[test]
fn captures_are_read_as_said() {
    let text = r"
steps:
  - id: look
    title: Look
    script: |
      kubectl get x
    reads_only: true
    capture:
      revision: { at: /meta/a~1b/0, as: number }
      exact: { at: /meta/figure, as: text }
      whole: { as: json }
      lines: { as: list }
      named: output
      release: { value: 'v-${{ runbook.title }}' }
";
    let mut f = flight(text);
    f.begin().start("look");
    let stdout = "{\"meta\": {\"a/b\": [41], \"figure\": 12345.678}}\n";
    let Want::Exited { ended, fields, .. } = f.exiting(0, stdout) else { panic!() };
    f.host(Want::Exited { ended: ended.clone(), fields: fields.clone(), outputs: BTreeMap::new() });
    f.failed("look", "no line `named=…` in $FLIGHTDECK_OUTPUT").start("look");
    let ended = Box::new(Ended { attempt: 2, ..*ended });
    f.host(Want::Exited { ended, fields, outputs: BTreeMap::from([("named".into(), "abc".into())]) });
    assert_eq!(f.ended("look").why, None);
    assert_eq!(f.capture("revision"), Some(&Value::Number(41.0)));
    assert_eq!(f.capture("exact"), Some(&Value::Text("12345.678".into())), "no digit is lost");
    assert_eq!(f.capture("lines"), Some(&Value::List(vec![Value::Text(stdout.trim_end().into())])));
    assert!(matches!(f.capture("whole"), Some(Value::Map(_))));
    assert_eq!(f.capture("release"), Some(&Value::Text("v-Test".into())));
    assert_eq!(f.capture("named"), Some(&Value::Text("abc".into())));
}

#[test]
fn a_value_that_is_too_long_fails_the_step_with_words() {
    let mut f = flight("steps:\n  - { id: dump, title: Dump, run: dump, capture: { all: stdout } }");
    f.begin().start("dump").says(0, &"x".repeat(1 << 20)).passed("dump");
    let mut f = flight("steps:\n  - { id: dump, title: Dump, run: dump, capture: { all: stdout } }");
    f.begin().start("dump").says(0, &"x".repeat((1 << 20) + 1)).failed("dump", "too many for a value");
}

#[test]
fn pins_are_taken_anew_until_the_world_was_changed() {
    let text = "
targets: { services: { kms: { deployment: kms }, authz: { deployment: authz } } }
steps:
  - title: Revision of ${{ item }}
    id: revision_of
    for_each: services
    run: get ${{ item.deployment }}
    reads_only: true
    pin: { revision: { as: number } }
  - { id: apply, title: Apply, run: 'apply ${{ pins.revision.kms }}' }
";
    let mut f = flight(text);
    f.begin();
    f.start("revision_of[kms]").says(0, "41").start("revision_of[authz]").says(0, "17");
    let map = |kms: f64| Value::Map([("kms".into(), Value::Number(kms)), ("authz".into(), Value::Number(17.0))].into());
    assert_eq!(f.pin("revision"), Some(&map(41.0)));
    f.reopen("revision_of[kms]").start("revision_of[kms]").says(0, "42");
    assert_eq!(f.pin("revision"), Some(&map(42.0)));
    assert_eq!(resolve(&f.state, f.index("apply")).unwrap().what, argv(&["apply", "42"]));
    f.start("apply").exits(1);
    assert!(f.state.world_changed.is_some());
    f.reopen("revision_of[kms]").start("revision_of[kms]").says(0, "43").passed("revision_of[kms]");
    assert_eq!(f.pin("revision"), Some(&map(42.0)), "frozen");
}

#[test]
fn a_script_gets_the_values_that_it_names() {
    let text = r#"
parameters: { replicas: { type: number, default: "3" }, wait: { type: duration, default: 5m }, unused_one: { default: x } }
targets: { services: { kms: { deployment: d-kms, port: "9090" } } }
steps:
  - title: Scale ${{ item }}
    id: scale
    for_each: services
    env: { EXTRA: "${{ item.port }}" }
    script: |
      scale "$item_deployment" $((replicas + 1)) --wait ${wait} "$run_id"
"#;
    let f = flight(text);
    let started = resolve(&f.state, 0).unwrap();
    let env: Vec<String> = started
        .env
        .iter()
        .map(|(name, value)| match value {
            crate::engine::event::Env::Value(value) => format!("{name}={value}"),
            crate::engine::event::Env::Secret(source) => format!("{name}=<{source}>"),
        })
        .collect();
    assert_eq!(env, ["EXTRA=9090", "item_deployment=d-kms", "replicas=3", "run_id=run-1", "wait=5m"]);
}

#[test]
fn a_secret_stays_a_template_in_the_environment() {
    let text = r#"
parameters: { token: { type: secret, ask: Token } }
steps:
  - { id: call, title: Call, script: 'curl -H "$TOKEN" x', env: { TOKEN: "Bearer ${{ token }}" } }
"#;
    let plan = super::plan_of(text, &[("token", "hunter22")]);
    let f = super::Flight::of(plan, Default::default());
    let started = resolve(&f.state, 0).unwrap();
    let line = serde_json::to_string(&started).unwrap();
    assert!(line.contains("Bearer ${{ token }}") && !line.contains("hunter22"), "{line}");
}

#[test]
fn results_without_a_known_exit_fail() {
    let mut f = flight(TWO);
    f.begin().start("one");
    let (item, attempt) = f.running();
    let ended = Box::new(Ended { item, attempt, signal: Some(9), ..Ended::default() });
    f.host(Want::Exited { ended, fields: BTreeMap::new(), outputs: BTreeMap::new() });
    f.failed("one", "ended by signal 9");
}
