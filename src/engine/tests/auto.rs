//! The autopilot: what `--yes` and an answers file do, and where a person is needed.

use super::{Flight, plan_of};
use crate::engine::event::{Autopilot, Overlay, RunOpened};
use crate::engine::{Answers, Event, Status, Timer, Want, autopilot};
use crate::words::Verdict;

const MIXED: &str = "
where: { environment: prod }
limitations: { hard: { effect: blocks, text: Not integrated. } }
contacts: { boss: { role: Boss, people: [ann, bob] } }
phases:
  - title: First
    steps:
      - { id: tick, title: Tick }
      - { id: cmd, title: Cmd, run: echo x }
      - { id: sure, title: Sure, confirm: Is it so }
      - { id: link, title: Link, confirm: { ask: Which change, answer: link } }
      - { id: form, title: Form, record: { a: { type: text }, b: { default: bee } } }
      - { id: ok, title: Ok, approve: { by: boss, count: 2 } }
      - { id: wipe, title: Wipe, run: rm x, danger: Deletes }
  - title: Second
    steps: [ { id: last, title: Last } ]
";

#[test]
fn each_thing_that_needs_a_person_stops_it_until_the_file_answers() {
    let answers = [
        (r#""limitations.hard": {"override": "known"}"#, "Not integrated."),
        (r#""start": "prod""#, "prod is a real target"),
        (r#""link": "https://x/1""#, "it asks for an answer with evidence"),
        (r#""form": {"fields": {"a": "1"}}"#, "it is a form to fill in"),
        (r#""ok": {"by": "ann, bob"}"#, "a second person has to approve"),
        (r#""wipe": "prod""#, "it is dangerous: prod has to be typed"),
    ];
    for given in 0..answers.len() {
        let file: Vec<&str> = answers[..given].iter().map(|(a, _)| *a).collect();
        let mut f = Flight::auto(MIXED, true, &format!("{{{}}}", file.join(",")));
        let why = f.flies().unwrap();
        assert!(why.contains(answers[given].1), "with {given} answers: {why}");
    }
    let file: Vec<&str> = answers.iter().map(|(a, _)| *a).collect();
    let mut f = Flight::auto(MIXED, true, &format!("{{{}}}", file.join(",")));
    assert_eq!(f.flies(), None);
    assert_eq!(f.state.control.holder.as_ref().map(|h| h.name()), Some("anna"), "in the operator's name");
    assert_eq!(f.state.ended.as_ref().map(|e| e.failed), Some(0));
    assert!(f.state.is_closed(1), "it closes what nothing is left of");
}

#[test]
fn only_what_the_answers_file_gave_is_from_it() {
    let file = r#"{"limitations.hard": {"override": "known"}, "start": "prod", "link": "https://x/1",
        "form": {"fields": {"a": "1"}}, "ok": {"by": "ann, bob"}, "wipe": "prod", "last": true}"#;
    let mut f = Flight::auto(MIXED, true, file);
    assert_eq!(f.flies(), None);
    let said: Vec<(String, bool)> = f
        .events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::LimitationAccepted { name, from_file, .. } => Some((name.0.clone(), *from_file)),
            Event::ItemAnswered(answered) => Some((answered.item.0.clone(), answered.from_file)),
            Event::AttemptStarted(started) => Some((started.item.0.clone(), started.from_file)),
            _ => None,
        })
        .collect();
    let said: Vec<(&str, bool)> = said.iter().map(|(name, from)| (name.as_str(), *from)).collect();
    assert_eq!(
        said,
        [
            ("hard", true),
            ("tick", false),
            ("cmd", false),
            ("sure", false),
            ("link", true),
            ("form", true),
            ("ok", true),
            ("ok", true),
            ("wipe", true),
            ("last", true)
        ]
    );
}

#[test]
fn without_a_setting_it_does_nothing() {
    let mut f = super::flight("steps: [ One ]");
    assert_eq!(autopilot(&f.state, &Answers::default()), None);
    f.begin();
    assert_eq!(autopilot(&f.state, &Answers::default()), None);
}

#[test]
fn answers_alone_start_only_what_they_name() {
    let text =
        "steps:\n  - { id: a, title: A, run: echo }\n  - { id: b, title: B }\n  - { id: c, title: C, run: echo }";
    let mut f = Flight::auto(text, false, r#"{"a": true, "b": true}"#);
    assert_eq!(f.flies().as_deref(), Some("\"C\": a command to start"));
    f.passed("a").passed("b");
}

#[test]
fn a_failed_step_needs_a_person_or_an_override() {
    let text = "steps:\n  - { id: a, title: A, run: echo }\n  - { id: b, title: B }";
    let mut f = Flight::auto(text, true, "");
    f.decide_auto();
    f.decide_auto();
    f.exits(3);
    assert_eq!(f.flies().as_deref(), Some("\"A\": exit_code 3, wanted 0"));
    assert_eq!(autopilot(&f.state, &f.answers), None, "parked");
    f.skip("a");
    assert_eq!(f.flies(), None);
    let mut f = Flight::auto(text, true, r#"{"a": {"override": "flaky"}}"#);
    f.decide_auto();
    f.decide_auto();
    f.exits(3);
    assert_eq!(f.flies(), None);
    f.is("a", Status::Overridden);
}

#[test]
fn a_step_that_retries_is_left_to_its_timer() {
    let text = "steps:\n  - { id: a, title: A, run: echo, idempotent: true, retry: { times: 1, every: 5s } }";
    let mut f = Flight::auto(text, true, "");
    f.decide_auto();
    f.decide_auto();
    f.exits(1);
    assert_eq!(f.flies().as_deref(), Some("it waits"));
    f.due(Timer::Retry("a".into(), 1)).exits(0);
    assert_eq!(f.flies(), None);
}

#[test]
fn skip_and_defer_come_from_the_file_and_what_was_deferred_is_answered_when_it_comes_back() {
    let text = "
phases:
  - title: First
    steps:
      - { id: a, title: A, run: echo }
      - { id: b, title: B, record: { x: { type: text } }, due: second }
      - { id: c, title: C, confirm: { ask: Q, answer: text } }
      - { id: d, title: D }
  - { title: Second, steps: [ Last ] }
";
    let file = r#"{"a": {"skip": "no"}, "b": {"defer": "later", "fields": {"x": "1"}}, "c": {"defer": "soon", "answer": "yes"}}"#;
    let mut f = Flight::auto(text, true, file);
    assert_eq!(f.flies(), None);
    f.is("a", Status::Skipped).passed("b").passed("c");
}

#[test]
fn what_a_person_opened_again_stays_theirs() {
    let mut f = Flight::auto(
        "steps:\n  - { id: a, title: A }\n  - { id: b, title: B, confirm: { ask: Q, answer: text } }",
        true,
        "",
    );
    assert!(f.flies().unwrap().contains("evidence"));
    f.reopen("a");
    f.answer("b", "x");
    assert_eq!(f.flies().as_deref(), Some("\"A\": it was opened again"));
}

#[test]
fn a_sensed_item_has_patience_from_when_the_box_came() {
    let text = "steps:\n  - { id: a, title: A, run: echo }\n  - { id: up, title: Up, check: { http: https://x/ }, timeout: 60s }\n  - { id: z, title: Z }";
    let mut f = Flight::auto(text, true, "");
    f.decide_auto();
    f.decide_auto();
    f.after(100.0).exits(0);
    assert_eq!(f.flies().as_deref(), Some("it waits"));
    assert_eq!(f.due_in(&Timer::Patience("up".into())), Some(60.0));
    // It goes red under the box: patience begins anew.
    f.after(20.0).turns("up", Verdict::Bad);
    assert_eq!(f.due_in(&Timer::Patience("up".into())), Some(60.0));
    f.due(Timer::Patience("up".into()));
    assert_eq!(f.state.person_needed.as_ref().map(|(_, w)| w.as_str()), Some("\"Up\": status 503, wanted 200"));
    assert_eq!(f.due_in(&Timer::Patience("up".into())), None);
    // Green after all: nobody is needed any more.
    f.turns("up", Verdict::Ok);
    assert_eq!(f.flies(), None);
}

#[test]
fn a_look_on_demand_that_is_red_needs_a_person_soon() {
    let text = "probes: { diff: { every: on_demand, run: x } }\nsteps:\n  - { id: d, title: D, check: diff, timeout: 10m }\n  - { id: z, title: Z }";
    let mut f = Flight::auto(text, true, "");
    f.decide_auto();
    f.looks("diff", false, &[]);
    assert_eq!(f.due_in(&Timer::Patience("d".into())), Some(30.0));
}

#[test]
fn a_look_on_demand_has_its_own_time_in_full_however_fast_the_clock_goes() {
    let text = "probes: { walk: { every: on_demand, timeout: 20s, run: x } }\nsteps:\n  - { id: d, title: D, check: walk }\n  - { id: z, title: Z }";
    for (speed, patience) in [(1.0, 30.0), (10.0, 210.0)] {
        let autopilot = Autopilot { yes: true, answers: None };
        let opened = RunOpened { autopilot, overlay: Some(Overlay::default()), speed, ..RunOpened::default() };
        let mut f = Flight::of(plan_of(text, &[]), opened);
        f.decide_auto();
        assert_eq!(f.due_in(&Timer::Patience("d".into())), Some(patience), "at speed {speed}");
    }
}

#[test]
fn an_unknown_step_waits_for_its_settling_probe_and_then_for_a_person() {
    let text = "probes: { done: { every: on_demand, run: x } }\nsteps:\n  - { id: a, title: A, run: echo, settle: done }\n  - { id: b, title: B, run: echo }";
    let lost = || {
        let mut f = Flight::auto(text, true, "");
        f.decide_auto();
        f.decide_auto();
        f.host(Want::Lost { item: "a".into(), attempt: 1, last_lines: vec![] });
        assert_eq!(f.flies().as_deref(), Some("it waits"));
        f
    };
    let mut f = lost();
    f.host(Want::SettleLooked { item: "a".into(), attempt: 1, good: true, text: "ok".into() });
    assert_eq!(f.flies(), None);
    let mut f = lost();
    f.due(Timer::Patience("a".into()));
    assert_eq!(f.flies().as_deref(), Some("\"A\": nobody knows how it ended: settle it"));
}

#[test]
fn a_planned_pause_asks_for_no_evidence() {
    let text = "
targets: { services: { kms: {}, authz: {} } }
steps:
  - { title: 'S ${{ item }}', id: s, for_each: services, pause_after: 1, steps: [ { id: r, title: 'R ${{ item }}', run: echo } ] }
";
    assert_eq!(Flight::auto(text, true, "").flies(), None);
    let mut f = Flight::auto(text, false, r#"{"r[kms]": true, "r[authz]": true}"#);
    assert_eq!(f.flies().as_deref(), Some("the run pauses here"));
    f.wants(Want::Continue);
    assert_eq!(f.flies(), None);
}

#[test]
fn a_persons_pause_is_theirs_to_end() {
    let mut f = Flight::auto("steps:\n  - { id: a, title: A, run: echo }", true, "");
    f.decide_auto();
    f.wants(Want::Pause { reason: None });
    assert_eq!(autopilot(&f.state, &f.answers), None);
}

#[test]
fn a_close_waits_for_the_looks_that_it_asked_for() {
    let text = "
probes: { diff: { every: on_demand, run: x } }
phases:
  - { title: One, steps: [ { id: d, title: D, check: diff }, { id: w, title: W, wait: 20m } ] }
  - { title: Two, steps: [ { id: z, title: Z } ] }
";
    let mut f = Flight::auto(text, true, "");
    f.decide_auto();
    f.looks("diff", true, &[]).due(Timer::WaitOver("w".into(), 1));
    assert_eq!(f.flies().as_deref(), Some("it waits"));
    assert!(!f.state.is_closed(0));
    f.after(3.0).looks("diff", true, &[]);
    assert_eq!(f.flies(), None);
}

#[test]
fn answers_files_are_read_as_their_authors_write_them() {
    let file = r#"{"a": true, "b": 12, "c": "text", "d": {"answer": "x", "by": "ann"}, "e": {"fields": {"n": 3, "t": "u"}}, "f": {"override": "r"}}"#;
    let answers: Answers = serde_json::from_str(file).unwrap();
    let typed = |id: &str| answers.0[id].answer.clone();
    assert_eq!([typed("a"), typed("b"), typed("c"), typed("d")].map(Option::unwrap), ["true", "12", "text", "x"]);
    assert_eq!(answers.0["e"].fields["n"], "3");
    assert_eq!(answers.0["f"].overrides.as_deref(), Some("r"));
    let again: Answers = serde_json::from_str(&serde_json::to_string(&answers).unwrap()).unwrap();
    assert_eq!(again, answers);
    assert!(serde_json::from_str::<Answers>(r#"{"a": {"wrong": 1}}"#).is_err());
}
