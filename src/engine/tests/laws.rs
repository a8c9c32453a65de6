//! Laws that hold whatever is wanted in whatever order.

#![expect(clippy::manual_is_multiple_of, reason = "remainders pick among cases here")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Flight, plan_of};
use crate::engine::event::{Autopilot, Ended, Event, Resolved, Return, RunOpened};
use crate::engine::plan::{Action, Plan};
use crate::engine::{Intent, State, Timer, Want, autopilot, by_hand, decide, effects, resolve, wanted, why_off};
use crate::words::{Actor, Proof, Value, Verdict};

const PLANS: &[&str] = &[
    "
contacts: { boss: { role: Boss, people: [ann, bob] } }
channels: { team: { file: n.txt } }
probes: { up: { http: https://x/ }, diff: { every: on_demand, run: kubectl diff } }
phases:
  - title: First
    steps:
      - { id: tick, title: Tick }
      - { id: pin, title: Pin, run: get, reads_only: true, pin: { rev: { as: number } }, idempotent: true, retry: { times: 1, every: 2s } }
      - { id: up, title: Up, check: up }
      - { id: diff, title: Diff, check: diff }
      - { id: form, title: Form, record: { a: { type: text } }, due: second }
      - { id: tell, title: Tell, notify: { to: team, text: go } }
      - { id: ok, title: Ok, approve: { by: boss, count: 2, within: 1m } }
  - title: Second
    needs_pins: true
    steps:
      - { id: apply, title: Apply, run: 'apply ${{ pins.rev }}', settle: diff, danger: { text: D, type: yes! }, timeout: 5s }
      - { id: wait, title: Wait, wait: up, timeout: 10s }
      - { id: when, title: When, when: steps.apply.outcome == 'passed', run: echo }
      - { id: must, title: Must, required: true, run: echo, due: 48h }
rollback: { steps: [ { id: r, title: R } ] }
",
    "
targets: { services: { kms: {}, authz: {}, idp: {} } }
steps:
  - title: 'S ${{ item }}'
    id: s
    for_each: services
    pause_after: 1
    steps:
      - { id: roll, title: 'Roll ${{ item }}', run: 'roll ${{ item }}', capture: { n: { as: number } } }
      - { id: say, title: 'Say ${{ item }}', when: 'n[item] > 3', confirm: { ask: Q, answer: number, expect: answer > 2 } }
  - { id: sleep, title: Sleep, wait: 3s }
",
];

fn plans() -> &'static [Plan] {
    static PLANS_MADE: std::sync::OnceLock<Vec<Plan>> = std::sync::OnceLock::new();
    PLANS_MADE.get_or_init(|| PLANS.iter().map(|text| plan_of(text, &[])).collect())
}

/// An intent that brings the flight on.
fn helpful(f: &Flight, b: u8) -> Intent {
    let host = |want| Intent::new(Actor::host(), None, f.now(), want);
    let client = |want| f.intent(want);
    if f.state.storage_failed.is_some() {
        return host(Want::Storage { failed: false, why: "w".into() });
    }
    if let Some((kind, (pinned, _))) = f.state.moved.iter().next() {
        return host(Want::TargetFound { kind: kind.clone(), found: pinned.clone() });
    }
    if let Some((index, attempt)) = f.state.running.first() {
        let plan = &f.state.plan.items[*index];
        let (item, attempt) = (plan.id.clone(), *attempt);
        return host(match plan.action {
            Action::Run(_) => Want::Exited {
                ended: Box::new(Ended { item, attempt, exit: Some(0), ..Ended::default() }),
                fields: BTreeMap::from([("stdout".into(), Value::Text(b.to_string()))]),
                outputs: BTreeMap::new(),
            },
            Action::Notify(_) => Want::Called { item, attempt, ok: b % 3 > 0, answer: "a".into() },
            _ => Want::Met { item, attempt, why: String::new() },
        });
    }
    if f.state.paused.is_some() {
        return client(Want::Continue);
    }
    let Some(index) = f.state.current.filter(|i| !f.state.status(*i).is_settled()) else {
        return client(Want::ClosePhase { phase: f.state.phase.unwrap_or_default() });
    };
    let (plan, item) = (&f.state.plan.items[index], &f.state.items[index]);
    let (id, seen) = (plan.id.clone(), item.seen());
    if f.state.status(index) == crate::engine::Status::Unknown {
        let attempt = item.attempt().map_or(0, |a| a.number);
        return client(Want::Settle { item: id, attempt, happened: b % 2 == 0 });
    }
    match &plan.action {
        Action::Check(check) => {
            let probe = check.probes[0].clone();
            let sample = f.sample(probe.as_str(), true, &[]);
            host(Want::Looked { probe, verdict: Verdict::Ok, sample })
        }
        Action::Approve(_) => match &item.request {
            Some(request) if request.no.is_none() && !request.expired => {
                let by = Actor(["ann", "bob"][usize::from(b % 2)].into());
                let hash = request.hash.clone();
                client(Want::Decide { item: id, hash, yes: true, by, proof: Proof::Stated, says: None })
            }
            _ => client(Want::RequestApproval { item: id }),
        },
        Action::Run(_) | Action::Notify(_) => {
            let shown = resolve(&f.state, index).map(|s| s.digest).unwrap_or_default();
            client(Want::Start { item: id, seen, shown, typed: Some("yes!".into()), out_of_order: true })
        }
        Action::Wait(_) | Action::Baseline(_) => client(Want::Reopen { item: id, reason: "r".into() }),
        _ => {
            let fields = BTreeMap::from([("answer".into(), "5".into()), ("a".into(), "x".into())]);
            client(Want::Answer { item: id, seen, fields })
        }
    }
}

/// An intent that may make sense here, by three numbers.
fn wish(f: &Flight, kind: u8, a: u8, b: u8) -> Intent {
    let plan = &f.state.plan;
    let index = match (a % 3, f.state.current) {
        (0, Some(current)) => current,
        _ => usize::from(a) % plan.items.len(),
    };
    let item = plan.items[index].id.clone();
    let seen = f.state.items[index].seen().saturating_sub(u32::from(b % 16 == 0));
    let reason = if b % 16 == 1 { String::new() } else { "r".to_owned() };
    let running = f.state.running.first().map(|(i, n)| (plan.items[*i].id.clone(), *n));
    let (run_item, attempt) = running.unwrap_or((item.clone(), u32::from(b % 4)));
    let verdict = [Verdict::Ok, Verdict::Ok, Verdict::Bad, Verdict::NoData, Verdict::Flapping][usize::from(b % 5)];
    let probe = if a % 2 == 0 { "up" } else { "diff" };
    let client = |want| f.intent(want);
    let host = |want| Intent::new(Actor::host(), None, f.now(), want);
    if kind >= 128 {
        return helpful(f, b);
    }
    match kind % 34 {
        0 => client(Want::Begin { target: None }),
        1 => client(Want::OpenItem { item }),
        2..=5 => {
            let shown = resolve(&f.state, index).map(|s| s.digest).unwrap_or_default();
            let typed = (b % 3 > 0).then(|| "yes!".to_owned());
            client(Want::Start { item, seen, shown, typed, out_of_order: b % 2 == 0 })
        }
        6 => client(Want::Edit { item, seen, what: Resolved::Argv(vec!["other".into(); usize::from(b % 3)]) }),
        7 => client(Want::Stop { item: run_item, attempt }),
        8 | 9 => {
            let fields = BTreeMap::from([("answer".into(), (b % 5).to_string()), ("a".into(), "x".into())]);
            client(Want::Answer { item, seen, fields })
        }
        10 => client(Want::Skip { item, reason }),
        11 => client(Want::NotApplicable { item, reason }),
        12 => {
            let to =
                [Return::PhaseClose, Return::Phase(1), Return::WatchEnd, Return::At(5)][usize::from(b % 4)].clone();
            client(Want::Defer { item, to, reason })
        }
        13 => client(Want::Override { item, reason, second: (b % 2 == 0).then(|| Actor("bob".into())) }),
        14 => client(Want::Settle { item, attempt: u32::from(b % 6), happened: b % 2 == 0 }),
        15 | 16 => client(Want::ClosePhase { phase: usize::from(b % 3) }),
        17 => client(Want::Pause { reason: None }),
        18 => client(Want::Continue),
        19 => client(Want::Reopen { item, reason }),
        20 => client(Want::RequestApproval { item: "ok".into() }),
        21 => {
            let by = Actor(["ann", "bob", "anna", "carl"][usize::from(b % 4)].into());
            let request = f.state.index(&"ok".into()).and_then(|i| f.state.items[i].request.as_ref());
            let hash = request.map(|r| r.hash.clone()).unwrap_or_default();
            client(Want::Decide { item: "ok".into(), hash, yes: b % 5 > 0, by, proof: Proof::Stated, says: None })
        }
        22..=25 => host(Want::Exited {
            ended: Box::new(Ended { item: run_item, attempt, exit: Some(i32::from(b % 3 == 0)), ..Ended::default() }),
            fields: BTreeMap::from([("stdout".into(), Value::Text(b.to_string()))]),
            outputs: BTreeMap::new(),
        }),
        26 => host(Want::Lost { item: run_item, attempt, last_lines: vec![] }),
        27 => host(Want::Called { item: run_item, attempt, ok: b % 2 == 0, answer: "a".into() }),
        28 => host(Want::Met { item: run_item, attempt, why: String::new() }),
        29 => {
            host(Want::Verdict { probe: probe.into(), verdict, sample: f.sample(probe, verdict == Verdict::Ok, &[]) })
        }
        30 => host(Want::Looked { probe: probe.into(), verdict, sample: f.sample(probe, verdict == Verdict::Ok, &[]) }),
        31 => {
            let timers = f.timers();
            let timer = timers.get(usize::from(b) % timers.len().max(1)).map(|(t, _)| t.clone());
            host(Want::Due { timer: timer.unwrap_or(Timer::Deferred(item)) })
        }
        32 => match b % 4 {
            0 => host(Want::TargetFound { kind: "git".into(), found: (a % 2).to_string() }),
            1 => host(Want::Pinned { kind: "git".into(), is: "1".into() }),
            2 => host(Want::Storage { failed: a % 2 == 0, why: "w".into() }),
            _ => host(Want::SettleLooked { item, attempt: u32::from(a % 6), good: a % 2 == 0, text: "t".into() }),
        },
        _ => match b % 8 {
            0 => client(Want::End { reason }),
            1 => client(Want::AskControl),
            2 => client(Want::HandOver { to: Actor(super::flight::ANNA.into()) }),
            3 => client(Want::Look { item }),
            4 => client(Want::GoOnUnrecorded { item: run_item, attempt }),
            5 => client(Want::CheckPlaces),
            _ => client(Want::Note { text: reason, about: None, item: None }),
        },
    }
}

/// What holds before each event.
fn lawful(state: &State, event: &Event, started: &mut BTreeSet<u32>, ended: &mut BTreeSet<u32>) {
    if state.ended.is_some() {
        assert!(
            matches!(
                event,
                Event::NoteAdded { .. }
                    | Event::LateResultIgnored { .. }
                    | Event::StorageFailed { .. }
                    | Event::StorageRecovered { .. }
            ),
            "after the end: {event:?}"
        );
    }
    match event {
        Event::AttemptStarted(start) => {
            assert!(started.insert(start.attempt), "attempt {} was started twice", start.attempt);
            assert!(state.running.is_empty(), "two at a time");
            assert!(state.paused.is_none() && state.storage_failed.is_none() && state.begun.is_some());
            let index = state.index(&start.item).unwrap();
            assert!(state.is_workable(index), "{} is not to be worked on", start.item);
            let status = state.status(index);
            assert!(!matches!(status, crate::engine::Status::Unknown), "started again though nobody knows");
            if start.what != Resolved::Watching {
                assert!(state.moved.is_empty(), "started on a moved target");
            }
        }
        Event::AttemptEnded(end) => {
            assert!(started.contains(&end.attempt), "ended without a start");
            assert!(ended.insert(end.attempt), "ended twice");
        }
        Event::PhaseClosed { phase, .. } => {
            assert_eq!(state.unsettled(*phase), Vec::<usize>::new(), "closed over open items");
            assert!(state.running.is_empty());
        }
        Event::ItemOpened { item } => {
            let status = state.status(state.index(item).unwrap());
            assert!(status != crate::engine::Status::Off, "{item} does not apply");
        }
        Event::ValueCaptured { name, key, pin: true, .. } if state.world_changed.is_some() => {
            assert!(!state.has_pin(name, key.as_deref()), "a pin was moved after the world was changed");
        }
        Event::ItemSkipped { item, .. } => {
            assert!(!state.plan.items[state.index(item).unwrap()].required);
        }
        _ => {}
    }
}

fn fly(plan: &Plan, wishes: &[(u8, u8, u8)], autopilot_too: bool) {
    let autopilot_set = Autopilot { yes: true, answers: None };
    let opened = RunOpened {
        autopilot: if autopilot_too { autopilot_set } else { Autopilot::default() },
        ..RunOpened::default()
    };
    let mut f = Flight::of(plan.clone(), opened);
    for (kind, a, b) in wishes {
        f.after(f64::from(*b) / 10.0);
        let intent = wish(&f, *kind, *a, *b);
        let _ = f.decide(&intent);
        if let Some(wish) = autopilot(&f.state, &f.answers) {
            let _ = f.decide(&wish.at(f.now()));
        }
        let note = Want::Note { text: "n".into(), about: None, item: None };
        let again = Intent::new(Actor::host(), None, f.now(), note);
        if f.state.ended.is_none() && f.state.storage_failed.is_none() {
            assert_eq!(decide(&f.state, &again).map(|e| e.len()), Ok(1), "the run does not rest");
        }
        for index in 0..f.state.items.len() {
            let off = f.state.status(index) == crate::engine::Status::Off;
            assert_eq!(off, why_off(&f.state, index).is_some(), "{}", f.state.plan.items[index].id);
        }
        let _ = (wanted(&f.state), effects(&f.state, &f.last), f.state.counts(0), by_hand(&f.state));
    }
    let mut state = State::new(f.state.plan.clone());
    let (mut started, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for event in &f.events {
        lawful(&state, &event.event, &mut started, &mut ended);
        state.apply(event);
    }
}

/// Few, unless more are asked for (`PROPTEST_CASES`).
fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_intents_keeps_the_laws(
        which in 0..PLANS.len(),
        auto in any::<bool>(),
        wishes in prop::collection::vec(any::<(u8, u8, u8)>(), 0..160),
    ) {
        let mut all = vec![(0, 0, 2)];
        all.extend(wishes);
        fly(&plans()[which], &all, auto);
    }
}

/// A book of commands that all pass.
fn book(steps: usize) -> Plan {
    let mut text = String::from("steps:\n");
    for i in 0..steps {
        text.push_str(&format!("  - {{ id: s{i}, title: Step {i}, run: echo {i} }}\n"));
    }
    plan_of(&text, &[])
}

#[test]
fn two_thousand_steps_are_flown_unattended() {
    let opened = RunOpened { autopilot: Autopilot { yes: true, answers: None }, ..RunOpened::default() };
    let plan = book(2_000);
    let mut state = State::new(std::sync::Arc::new(plan));
    let events = unattended(&mut state, opened);
    assert!(state.ended.is_some());
    assert_eq!(events, 2 + 2 + 1 + 3 * 2_000 + 2, "opened, begun and taken, a phase, three a step, closed and ended");
}

/// The host's loop with commands that pass at once: how many events it took.
fn unattended(state: &mut State, opened: RunOpened) -> usize {
    let stamp = |up: u64| crate::words::Stamp { at: super::flight::noon(), up };
    let mut count = 0;
    let mut apply = |state: &mut State, event: Event, by: Actor| {
        count += 1;
        let recorded = crate::engine::Recorded { seq: state.seq + 1, stamp: stamp(count as u64), by, event };
        state.apply(&recorded);
    };
    apply(state, Event::RunOpened(Box::new(RunOpened { speed: 1.0, ..opened })), Actor::host());
    let items = state.plan.items.len();
    apply(state, Event::PlanFixed { sha256: "f".into(), items }, Actor::host());
    let answers = crate::engine::Answers::default();
    loop {
        let want = match autopilot(state, &answers) {
            Some(wish) => wish.want,
            None => match state.running.first() {
                Some((index, attempt)) => Want::Exited {
                    ended: Box::new(Ended {
                        item: state.plan.items[*index].id.clone(),
                        attempt: *attempt,
                        exit: Some(0),
                        ..Ended::default()
                    }),
                    fields: BTreeMap::new(),
                    outputs: BTreeMap::new(),
                },
                None => break,
            },
        };
        let intent = Intent::new(Actor::autopilot(), None, stamp(state.seq), want);
        for event in decide(state, &intent).unwrap() {
            apply(state, event, Actor::autopilot());
        }
        let _ = wanted(state);
    }
    count
}
