//! Phases, sections, items.

use std::collections::BTreeMap;

use super::super::document::{CheckRecord, Counts, Entry, ItemRecord, PhaseRecord, SectionRecord, Shown};
use super::super::facts::with_members;
use super::super::load::Run;
use super::attempts::attempt;
use super::parts::entry;
use crate::engine::event::{Answered, Event, Resolved, Return, StopStage, StopWhy};
use crate::engine::plan::{Action, Item};
use crate::engine::{PlanScope, ProbeState, Recorded, Settled, Status};
use crate::words::{Stamp, Verdict};

pub(super) fn phase(run: &Run, phase: usize) -> Option<PhaseRecord> {
    let plan = &run.state.plan;
    let heading = plan.phase(phase)?;
    let times = run.state.phases.get(phase);
    let mut sections: Vec<SectionRecord> = vec![SectionRecord::default()];
    sections.extend(heading.sections.iter().map(|section| SectionRecord {
        title: section.title.clone(),
        items: vec![],
        source: section.source.clone(),
    }));
    // Of a rollback that was flown only what it flew.
    let flown = |item: &Item| run.state.rollback.is_none() || run.state.is_flown(item);
    for (index, item) in plan.items_of(phase).filter(|(_, item)| flown(item)) {
        let section = item.section.map_or(0, |section| section + 1);
        if let Some(section) = sections.get_mut(section) {
            section.items.push(record(run, index, item));
        }
    }
    sections.retain(|section| !section.items.is_empty() || !section.title.is_empty());
    Some(PhaseRecord {
        title: heading.title.clone(),
        opened: times.and_then(|times| times.opened),
        closed: times.and_then(|times| times.closed),
        closed_by: run.facts.closed_by.get(&phase).cloned(),
        sections,
        source: heading.source.clone(),
    })
}

pub(super) fn counts(phases: &[PhaseRecord]) -> Counts {
    let mut counts = Counts::default();
    for item in phases.iter().flat_map(|phase| &phase.sections).flat_map(|section| &section.items) {
        let counter = match item.outcome {
            "does not apply" => {
                counts.does_not_apply += 1;
                continue;
            }
            "passed" => &mut counts.passed,
            "skipped" => &mut counts.skipped,
            "deferred" => &mut counts.deferred,
            "overridden" => &mut counts.overridden,
            "unknown" => &mut counts.unknown,
            "open" | "busy" | "no data" => &mut counts.open,
            _ => &mut counts.failed,
        };
        *counter += 1;
        counts.all += 1;
    }
    counts
}

/// How an item stands: a sensed one of a closed phase as it stood when that was closed.
pub(super) fn status(run: &Run, index: usize, item: &Item) -> Status {
    match (&item.action, run.facts.at_close.get(index)) {
        (Action::Check(_), Some(Some(at_close))) => at_close.clone(),
        _ => run.state.status(index),
    }
}

pub(super) fn words(status: &Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Busy => "busy",
        Status::Passed => "passed",
        Status::Failed(outcome) => outcome.words(),
        Status::Skipped => "skipped",
        Status::Deferred => "deferred",
        Status::Overridden => "overridden",
        Status::Unknown => "unknown",
        Status::NoData => "no data",
        Status::Off => "does not apply",
    }
}

fn record(run: &Run, index: usize, item: &Item) -> ItemRecord {
    let state = &run.state.items[index];
    let status = status(run, index, item);
    let sensed = matches!(item.action, Action::Check(_)) && state.settled.is_none();
    let ended = match status {
        Status::Off => None,
        _ if sensed => run.facts.green.get(index).copied().flatten(),
        _ => state.settled_at,
    };
    let open = |from: Stamp, to: Stamp| run.facts.open_between(from.up, to.up) as f64 / 1e6;
    ItemRecord {
        id: item.id.0.clone(),
        title: PlanScope::new(&run.state, index).title(),
        kind: item.action.key(),
        groups: groups(run, item),
        source: item.source.clone(),
        outcome: words(&status),
        reason: reason(run, index, item, &status),
        opened: state.opened,
        ended,
        open_seconds: state.opened.zip(ended).map(|(from, to)| open(from, to)),
        by: match (ended, sensed) {
            (None, _) => None,
            (Some(_), true) => Some("the program, by looking".to_owned()),
            (Some(_), false) => match (&item.action, state.attempt()) {
                (Action::Wait(_) | Action::Baseline(_), Some(_)) if state.settled.is_none() => {
                    Some("the program".to_owned())
                }
                // Who started it: that it ended well, the host saw.
                (_, Some(attempt)) if state.settled.is_none() => Some(attempt.by.to_string()),
                _ => state.settled_by.as_ref().map(ToString::to_string),
            },
        },
        required: item.required,
        owner: item.owner.as_ref().map(|owner| owner.0.clone()),
        why: item.why.clone(),
        history: of_item(run, index).filter_map(|recorded| history(run, recorded)).collect(),
        checks: checks(run, index, item),
        looks: of_item(run, index).filter(|r| is_look(&r.event)).count(),
        attempts: state.attempts.iter().map(attempt).collect(),
        captured: state.captured.iter().map(|(name, value)| (name.0.clone(), Shown::from(value))).collect(),
        typed_bytes: state.typed,
    }
}

fn is_look(event: &Event) -> bool {
    matches!(event, Event::VerdictChanged { .. } | Event::Looked { .. })
}

fn of_item(run: &Run, index: usize) -> impl Iterator<Item = &Recorded> {
    run.facts.of_item.get(index).into_iter().flatten().filter_map(|place| run.events.get(*place))
}

fn groups(run: &Run, item: &Item) -> Vec<String> {
    let mut titles = vec![];
    let mut next = item.group;
    while let Some(group) = next.and_then(|index| run.state.plan.groups.get(index)) {
        titles.push(group.title.clone());
        // Parents stand before their children; a forged plan must not send us round in circles.
        next = group.parent.filter(|parent| next.is_some_and(|here| *parent < here));
    }
    titles.reverse();
    titles
}

fn reason(run: &Run, index: usize, item: &Item, status: &Status) -> Option<String> {
    let state = &run.state.items[index];
    match (&state.settled, status) {
        (Some(Settled::Skipped(why) | Settled::NotApplicable(why)), _) => return Some(why.clone()),
        (Some(Settled::Deferred(to, why)), _) => return Some(format!("{}: {why}", returns(run, to))),
        (Some(Settled::Overridden(why, second)), _) => {
            let second = second.as_ref().map(|who| format!(" (with {who})")).unwrap_or_default();
            return Some(format!("{why}{second}"));
        }
        _ => {}
    }
    match status {
        Status::Off => match (item.off(), &state.switched) {
            (Some(when), _) => Some(format!("only when {}", when.expr.source())),
            (None, Some((false, why))) => Some(why.clone()),
            _ => None,
        },
        Status::Failed(_) | Status::Unknown => match &state.request {
            Some(request) if request.no.is_some() || request.expired => match &request.no {
                Some((who, says)) => {
                    Some(format!("{who} said no{}", says.as_ref().map(|s| format!(": {s}")).unwrap_or_default()))
                }
                None => Some("nobody answered in time".to_owned()),
            },
            _ => state.attempt().and_then(|a| a.ended.as_ref()).and_then(|(_, ended)| ended.why.clone()),
        },
        _ => None,
    }
}

pub(super) fn returns(run: &Run, to: &Return) -> String {
    match to {
        Return::PhaseClose => "until this phase closes".to_owned(),
        Return::Phase(phase) => {
            let title = run.state.plan.phases.get(*phase).map(|phase| phase.title.clone()).unwrap_or_default();
            format!("until the close of \"{title}\"")
        }
        Return::WatchEnd => "until the end of the watch".to_owned(),
        Return::At(up) => match run.state.opened_at {
            Some(opened) => {
                let after = i64::try_from(up.saturating_sub(opened.up)).unwrap_or(i64::MAX);
                let at = opened.at.checked_add_signed(chrono::TimeDelta::microseconds(after)).unwrap_or(opened.at);
                format!("until {}", at.format("%Y-%m-%d %H:%MZ"))
            }
            None => "until its due time".to_owned(),
        },
    }
}

/// What people decided about an item and what the program noted; attempts and looks stand elsewhere.
fn history(run: &Run, recorded: &Recorded) -> Option<Entry> {
    let with = |what, text: Option<String>| Some(Entry { text, ..entry(recorded, what) });
    let filed = |what, text: String, from_file| Some(Entry { text: Some(text), from_file, ..entry(recorded, what) });
    match &recorded.event {
        Event::ItemAnswered(answered) => Some(answer(recorded, answered)),
        Event::ItemSkipped { reason, from_file, .. } => filed("skipped", reason.clone(), *from_file),
        Event::ItemNotApplicable { reason, .. } => with("said that it does not apply", Some(reason.clone())),
        Event::ItemDeferred { to, reason, from_file, .. } => {
            filed("deferred", format!("{}: {reason}", returns(run, to)), *from_file)
        }
        Event::ItemOverridden { reason, from_file, second, .. } => {
            let second = second.as_ref().map(|who| format!(" (with {who})")).unwrap_or_default();
            filed("overrode", format!("{reason}{second}"), *from_file)
        }
        Event::UnknownSettled { happened, by_probe, .. } => {
            let how = if *happened { "it happened" } else { "it did not happen" };
            let seen = by_probe.as_ref().map(|text| format!(", as a look says: {text}")).unwrap_or_default();
            with("settled the unknown attempt", Some(format!("{how}{seen}")))
        }
        Event::ItemReopened { reason, .. } => with("opened it again", Some(reason.clone())),
        Event::ItemSwitched { on: false, why, .. } => with("switched it off", Some(why.clone())),
        Event::CommandEdited { what, .. } => with("edited the command", Some(command(what))),
        Event::ApprovalRequested { of, text, hash, .. } => with(
            "asked for approval",
            Some(format!("{}; text {}, sha256 {hash}", of.join(", "), text.trim().replace('\n', "; "))),
        ),
        Event::ApprovalExpired { .. } => with("saw the request expire", None),
        Event::StopRequested { stage, why, .. } => {
            let how = match stage {
                StopStage::Interrupt => "interrupt",
                StopStage::Terminate => "terminate",
                StopStage::Kill => "kill",
            };
            let why = match why {
                StopWhy::Person => "asked for by a person",
                StopWhy::Timeout => "its limit ran out",
                StopWhy::Until => "its `until` holds",
            };
            with("stopped the command", Some(format!("{how}, {why}")))
        }
        Event::WentUnrecorded { attempt, .. } => {
            with("let it go on though its output could not be kept", Some(format!("attempt {attempt}")))
        }
        Event::AttemptAdopted { attempt, .. } => {
            with("adopted the running command", Some(format!("attempt {attempt}")))
        }
        Event::LateResultIgnored { attempt, what, .. } => {
            with("ignored a late result", Some(format!("attempt {attempt}: {what}")))
        }
        Event::PersonNeeded { why, .. } => with("asked for a person", Some(why.clone())),
        Event::BaselineTaken { samples, .. } => {
            let samples = samples.iter().map(|(probe, count)| format!("{probe} {count}")).collect::<Vec<_>>();
            with("took the baseline", Some(format!("samples: {}", samples.join(", "))))
        }
        _ => None,
    }
}

fn answer(recorded: &Recorded, answered: &Answered) -> Entry {
    let what = match (answered.proof, answered.yes) {
        (None, _) => "answered",
        (Some(_), true) => "approved",
        (Some(_), false) => "refused",
    };
    let who = answered.by.as_ref().unwrap_or(&recorded.by);
    Entry {
        by: who.to_string(),
        text: answered.says.clone(),
        fields: answered.fields.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
        proof: answered.proof,
        from_file: answered.from_file,
        fast: answered.fast,
        ..entry(recorded, what)
    }
}

pub(super) fn command(what: &Resolved) -> String {
    match what {
        Resolved::Argv(words) => crate::words::shell_words(words),
        Resolved::Script { shell, text } => format!("{shell}: {text}"),
        Resolved::Notice { text, .. } => text.clone(),
        Resolved::Watching => String::new(),
    }
}

/// Looks of a sensed item: as they stood when its phase was closed, else as they stand.
fn checks(run: &Run, index: usize, item: &Item) -> Vec<CheckRecord> {
    let Action::Check(check) = &item.action else { return vec![] };
    let none = ProbeState::default();
    with_members(&run.state.plan, &check.probes)
        .into_iter()
        .filter_map(|id| {
            let probe = run.state.plan.probe(&id)?;
            let now = run.state.probes.get(&id).filter(|_| !run.state.is_closed(item.phase));
            let seen = run.facts.looks_at_close.get(&(index, id.clone())).or(now).unwrap_or(&none);
            let sample = seen.sample.as_deref();
            // A group is not looked at itself: its members tell what was seen.
            if sample.is_none() && !probe.members.is_empty() {
                return None;
            }
            Some(CheckRecord {
                probe: id.0.clone(),
                title: probe.title.clone(),
                expect: probe.expect.iter().map(|expr| expr.source().to_owned()).collect(),
                verdict: if sample.is_some() { seen.verdict.words() } else { Verdict::NoData.words() },
                seen: sample.map_or_else(|| "never looked at".to_owned(), |sample| sample.text.clone()),
                why: sample.and_then(|sample| sample.why.clone()),
                seen_at_seconds: sample.map(|sample| sample.up as f64 / 1e6),
                value: sample.and_then(|sample| sample.value).filter(|value| value.is_finite()),
            })
        })
        .collect()
}

/// Titles of items by id, for findings.
pub(super) fn by_id<'a>(phases: impl Iterator<Item = &'a PhaseRecord>) -> BTreeMap<&'a str, &'a ItemRecord> {
    phases
        .flat_map(|phase| &phase.sections)
        .flat_map(|section| &section.items)
        .map(|item| (item.id.as_str(), item))
        .collect()
}
