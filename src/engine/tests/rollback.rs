//! Going back: what is undone, in which order, what goes on by itself, when it counts as healthy.

use super::{Flight, flight};
use crate::engine::event::{Event, Resolved, RunEnd};
use crate::engine::{Effect, Status, Timer, Want, by_hand, effects, wanted, way_back};
use crate::words::{Actor, Outcome, Verdict};

const BOOK: &str = "
objectives: { rto: 5m, rpo: 0s }
defaults: { timeout: 1m }
probes: { up: { http: 'http://127.0.0.1:1/' } }
targets: { services: { kms: {}, idp: {} } }
phases:
  - title: Before
    steps:
      - { id: image, title: Image, run: echo v1, reads_only: true, pin: { image: stdout } }
  - title: Deploy
    needs_pins: true
    steps:
      - id: config
        title: Config
        run: apply config
        undo: { id: config_back, title: Config back, run: apply old, usually: 5s }
      - { id: flag, title: Flag, run: set flag }
      - id: apply
        title: Apply
        run: apply v2
        undo:
          id: back
          title: Back ${{ item }}
          for_each: services
          run: 'undo ${{ item }} --to ${{ pins.image }}'
          usually: 20s
      - id: never
        title: Never
        run: touch it
        undo: { id: never_back, title: Never back, run: rm it }
rollback:
  steps:
    - { id: all, title: All, undo_steps: all }
    - { id: healthy, title: Healthy, wait: up, in_a_row: 1, timeout: 2m, usually: 30s, stops_clock: true }
    - { id: smoke, title: Smoke, run: smoke }
    - { id: why, title: Why, due: 48h, confirm: { ask: Root cause, answer: text } }
";

/// Up to the apply, which fails.
fn failed() -> Flight {
    let mut f = flight(BOOK);
    f.begin().start("image").says(0, "v1\n").close().runs("config").runs("flag");
    f.start("apply").exits(1).failed("apply", "exit_code 1");
    f
}

/// What the program starts by itself is started.
fn goes_on(f: &mut Flight) -> Option<String> {
    let wish = crate::engine::autopilot(&f.state, &f.answers)?;
    let intent = wish.at(f.now());
    f.decide(&intent).unwrap();
    f.state.running.first().map(|(index, _)| f.state.plan.items[*index].id.0.clone())
}

fn back() -> Want {
    Want::RollBack { reason: None }
}

#[test]
fn everything_begun_is_undone_newest_first_and_runs_by_itself_until_it_is_healthy() {
    let mut f = failed();
    f.after(10.0).wants(back());
    assert_eq!(f.state.rollback.as_ref().map(|r| r.decided.since), Some(10_000_000));
    // Whatever its outcome: the failed one too. What never began is not.
    let mut undone = vec![];
    while let Some(id) = goes_on(&mut f) {
        undone.push(id);
        f.after(5.0).exits(0);
    }
    assert_eq!(undone, ["back[kms]", "back[idp]", "config_back"]);
    let argv = |id: &str| f.attempt(id).what.what.clone();
    let words: Vec<String> = ["undo", "kms", "--to", "v1"].map(str::to_owned).to_vec();
    assert_eq!(argv("back[kms]"), Resolved::Argv(words), "with the pinned value");
    // The wait started by itself, and its pass stops the clock.
    let (item, attempt) = f.running();
    assert_eq!(item.as_str(), "healthy");
    assert!(wanted(&f.state).conditions.iter().any(|c| c.item == item));
    f.after(7.0).host(Want::Met { item, attempt, why: String::new() });
    let verified = f.state.rollback.as_ref().and_then(|r| r.verified).map(|(_, took)| took);
    assert_eq!(verified, Some(22_000_000), "not with the last command");
    assert!(effects(&f.state, &f.last).contains(&Effect::WriteRecord));
    // From here on it is the operator's again.
    assert_eq!(goes_on(&mut f), None);
    f.at("smoke").is("smoke", Status::Open).runs("smoke").at("why");
    f.defer("why", crate::engine::event::Return::At(0)).close();
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.how, ended.failed, ended.deferred), (RunEnd::RolledBack, 0, 1));
}

#[test]
fn a_step_that_certainly_never_started_is_not_undone() {
    let mut f = flight(BOOK);
    f.begin().start("image").says(0, "v1\n").close().runs("config").runs("flag").start("apply");
    let (item, attempt) = f.running();
    f.host(Want::NotStarted { item, attempt, why: "no such program".into() });
    f.wants(back());
    assert_eq!(goes_on(&mut f).as_deref(), Some("config_back"));
    // Of one that nobody knows the end of it is: begun counts as done, whatever somebody says of it.
    let mut f = flight(BOOK);
    f.begin().start("image").says(0, "v1\n").close().runs("config").runs("flag").start("apply");
    let (item, attempt) = f.running();
    f.host(Want::Lost { item: item.clone(), attempt, last_lines: vec![] });
    f.wants(Want::Settle { item, attempt, happened: false }).wants(back());
    assert_eq!(goes_on(&mut f).as_deref(), Some("back[kms]"));
}

#[test]
fn what_runs_is_stopped_before_the_first_undo() {
    let mut f = flight(BOOK);
    f.begin().start("image").says(0, "v1\n").close().runs("config").runs("flag").start("apply").wants(back());
    assert!(matches!(effects(&f.state, &f.last).as_slice(), [Effect::Signal { .. }, ..]), "{:?}", f.last);
    assert_eq!(goes_on(&mut f), None, "nothing starts beside it");
    f.exits(130).is("apply", Status::Failed(Outcome::Cancelled));
    assert_eq!(goes_on(&mut f).as_deref(), Some("back[kms]"));
}

#[test]
fn a_pause_does_not_outlive_begin() {
    let mut f = failed();
    f.wants(Want::Pause { reason: None }).wants(back());
    assert!(f.state.paused.is_none());
    assert_eq!(goes_on(&mut f).as_deref(), Some("back[kms]"));
}

#[test]
fn it_stops_at_a_failure_and_goes_on_when_that_is_settled() {
    let mut f = failed();
    f.wants(back());
    goes_on(&mut f);
    f.exits(1).at("back[kms]").failed("back[kms]", "exit_code 1");
    assert_eq!(goes_on(&mut f), None, "a failed step is a person's");
    f.runs("back[kms]").passed("back[kms]");
    assert_eq!(goes_on(&mut f).as_deref(), Some("back[idp]"));
    f.exits(1).skip("back[idp]");
    assert_eq!(goes_on(&mut f).as_deref(), Some("config_back"));
}

#[test]
fn it_is_not_verified_over_a_failed_or_skipped_look() {
    let mut f = failed();
    f.wants(back());
    while goes_on(&mut f).is_some() {
        f.exits(0);
    }
    let (item, attempt) = f.running();
    f.due(Timer::Timeout(item, attempt)).skip("healthy").runs("smoke");
    f.answer("why", "the network").close();
    let ended = f.state.ended.clone().unwrap();
    assert_eq!(ended.how, RunEnd::RolledBack);
    assert_eq!(f.state.rollback.as_ref().and_then(|r| r.verified), None, "skipped is not healthy");
}

#[test]
fn a_danger_waits_for_its_words() {
    let text = BOOK.replace("title: Config back, run: apply old", "title: Config back, run: apply old, danger: Old");
    let mut f = flight(&text);
    f.begin().start("image").says(0, "v1\n").close().runs("config").wants(back());
    assert_eq!(goes_on(&mut f), None);
    let words = f.starting_with("config_back", "yes");
    f.at("config_back").wants(words).exits(0).passed("config_back");
}

#[test]
fn refused_with_the_reason() {
    let mut f = flight(BOOK);
    f.refuses(back(), "nothing was changed yet");
    f.begin().runs("image");
    f.refuses(back(), "nothing was changed yet");
    let mut f = failed();
    f.refuses(Want::GiveReason { reason: "x".into() }, "nobody decided");
    f.wants(back()).refuses(back(), "it goes back already");
    f.refuses(f.starting("never"), "only the rollback's items");
    f.refuses(Want::OpenItem { item: "flag".into() }, "only the rollback's items");
    let mut f = flight("steps: [ { id: one, title: One, run: echo } ]");
    f.begin().start("one").refuses(back(), "has no rollback");
    // Nothing starts at another place than the pinned one, the way back neither.
    let mut f = Flight::of(
        super::plan_of(&format!("where: {{ environment: prod, namespace: ns }}\n{BOOK}"), &[]),
        Default::default(),
    );
    f.host(Want::Pinned { kind: "namespace".into(), is: "ns".into() }).begin();
    f.start("image").says(0, "v1\n").close().runs("config");
    f.host(Want::TargetFound { kind: "namespace".into(), found: "other".into() }).refuses(back(), "namespace is other");
}

#[test]
fn an_edited_step_of_the_way_back_may_not_delete_data() {
    let mut f = failed();
    f.wants(back());
    goes_on(&mut f);
    f.exits(1);
    let edit = |words: &[&str], f: &Flight| Want::Edit {
        item: "back[kms]".into(),
        seen: f.seen("back[kms]"),
        what: Resolved::Argv(words.iter().map(|w| (*w).to_owned()).collect()),
    };
    f.refuses(edit(&["docker", "compose", "down", "-v"], &f), "the rollback may not lose data");
    let fine = edit(&["docker", "compose", "down"], &f);
    f.wants(fine);
}

#[test]
fn the_reason_may_follow_and_stands_in_texts() {
    let text = BOOK
        .replace("    - { id: smoke,", "    - { id: told, title: 'Back: ${{ rollback.reason }}' }\n    - { id: smoke,");
    let mut f = flight(&text);
    f.begin().start("image").says(0, "v1\n").close().runs("config").wants(back());
    let title = |f: &Flight| crate::engine::PlanScope::new(&f.state, f.index("told")).title();
    assert_eq!(title(&f), "Back: <rollback.reason>");
    f.wants(Want::GiveReason { reason: "idp never ready".into() });
    assert_eq!(title(&f), "Back: idp never ready");
    f.wants(Want::GiveReason { reason: "idp never ready".into() });
    assert!(f.last.is_empty(), "said once");
}

#[test]
fn the_cockpit_knows_what_it_costs_and_what_stays() {
    let f = failed();
    let way = way_back(&f.state).unwrap();
    let ids = |of: &[usize]| of.iter().map(|i| f.state.plan.items[*i].id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids(&way.steps), ["back[kms]", "back[idp]", "config_back", "healthy", "smoke", "why"]);
    assert_eq!(ids(&way.untouched), ["never"]);
    assert_eq!(ids(&way.stays), ["flag"]);
    assert_eq!((way.needs, way.untimed), (75.0, 0), "up to verified healthy");
    let text = by_hand(&f.state);
    assert!(text.contains("undo kms --to v1") && !text.contains("rm it"), "{text}");
}

#[test]
fn by_hand_shows_what_is_done_of_the_way_back() {
    let mut f = failed();
    f.wants(back());
    goes_on(&mut f);
    f.exits(0);
    let text = by_hand(&f.state);
    assert!(text.contains("- [x] Back kms") && text.contains("- [ ] Back idp"), "{text}");
    assert!(!text.contains("undo kms"), "what is done is not typed again: {text}");
}

#[test]
fn a_point_of_no_return_is_told() {
    let text = BOOK.replace(
        "id: flag, title: Flag, run: set flag",
        "id: flag, title: Flag, run: set flag, point_of_no_return: New rows are lost",
    );
    let mut f = flight(&text);
    f.begin().start("image").says(0, "v1\n").close().runs("config");
    assert!(way_back(&f.state).unwrap().no_return.is_empty(), "not before it was begun");
    f.runs("flag");
    assert_eq!(way_back(&f.state).unwrap().no_return[0].1, "New rows are lost");
}

#[test]
fn what_was_deferred_on_the_way_there_is_not_asked_for_on_the_way_back() {
    let text = BOOK.replace(
        "      - { id: image,",
        "      - { id: later, title: Later, due: 1h, confirm: { ask: Which, answer: text } }\n      - { id: image,",
    );
    let mut f = flight(&text);
    f.begin().defer("later", crate::engine::event::Return::At(0)).start("image").says(0, "v1\n").close();
    f.runs("config").wants(back());
    assert!(f.timers().is_empty(), "{:?}", f.timers());
    goes_on(&mut f);
    f.exits(0);
    let (item, attempt) = f.running();
    f.host(Want::Met { item, attempt, why: String::new() }).runs("smoke").answer("why", "x").close();
    let ended = f.state.ended.clone().unwrap();
    assert_eq!((ended.how, ended.failed), (RunEnd::RolledBack, 0));
}

#[test]
fn the_answers_file_may_decide_it_but_never_over_the_unknown() {
    let file = r#"{"rollback": "it failed unattended", "why": "x"}"#;
    let mut f = Flight::auto(BOOK, true, file);
    let step = |f: &mut Flight| {
        let wish = crate::engine::autopilot(&f.state, &f.answers)?;
        let intent = wish.at(f.now());
        f.decide(&intent).unwrap();
        Some(())
    };
    for _ in 0..40 {
        match f.state.running.first().map(|(i, _)| f.state.plan.items[*i].id.0.clone()).as_deref() {
            Some("image") => drop(f.says(0, "v1\n")),
            Some("apply") => drop(f.exits(1)),
            Some("healthy") => {
                let (item, attempt) = f.running();
                f.host(Want::Met { item, attempt, why: String::new() });
            }
            Some(_) => drop(f.exits(0)),
            None => drop(step(&mut f)),
        }
    }
    assert_eq!(f.state.ended.as_ref().map(|e| e.how), Some(RunEnd::RolledBack));
    let decided = f.state.rollback.clone().unwrap();
    assert!(decided.decided.from_file && decided.by == Actor::autopilot());
    assert_eq!(decided.reason.as_deref(), Some("it failed unattended"));
    // Nobody knows how the apply ended: a person is needed.
    let mut f = Flight::auto(BOOK, true, file);
    while f.state.running.first().is_none_or(|(i, _)| f.state.plan.items[*i].id.as_str() != "apply") {
        match f.state.running.first().map(|(i, _)| f.state.plan.items[*i].id.0.clone()).as_deref() {
            Some("image") => drop(f.says(0, "v1\n")),
            Some(_) => drop(f.exits(0)),
            None => drop(step(&mut f)),
        }
    }
    let (item, attempt) = f.running();
    f.host(Want::Lost { item, attempt, last_lines: vec![] });
    while step(&mut f).is_some() {}
    assert!(f.state.rollback.is_none() && f.state.person_needed.is_some());
}

#[test]
fn a_probe_that_turns_red_in_the_left_phase_stops_nothing() {
    let text = BOOK.replace("      - { id: flag,", "      - { id: seen, title: Seen, check: up }\n      - { id: flag,");
    let mut f = flight(&text);
    f.begin().start("image").says(0, "v1\n").close().runs("config").looks("up", true, &[]).wants(back());
    f.turns("up", Verdict::Bad);
    assert_eq!(goes_on(&mut f).as_deref(), Some("config_back"));
    assert!(!f.last.iter().any(|e| matches!(e, Event::ItemReopened { .. })));
}
