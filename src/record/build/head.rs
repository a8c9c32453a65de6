//! The first lines: how it went, who, what, where, when.

use super::super::document::{OutcomeRecord, PlaceRecord, RunbookRecord};
use super::super::load::Run;
use crate::engine::event::{Event, RunEnd, RunOpened};
use crate::words::Actor;

pub(super) fn outcome(run: &Run) -> OutcomeRecord {
    let state = &run.state;
    let Some(ended) = &state.ended else { return open(run) };
    let (how, words) = match ended.how {
        RunEnd::Completed => ("completed", "Completed"),
        RunEnd::Early => ("ended_early", "Ended early"),
        RunEnd::RolledBack => ("rolled_back", "Rolled back"),
    };
    let mut words = words.to_owned();
    let but: Vec<String> = [(ended.failed, "failed or unknown"), (ended.deferred, "deferred")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !but.is_empty() {
        words.push_str(", with ");
        words.push_str(&but.join(" and "));
    }
    let by = (ended.how == RunEnd::Early).then(|| ended.by.to_string());
    OutcomeRecord { how, words, reason: ended.reason.clone(), by }
}

fn open(run: &Run) -> OutcomeRecord {
    let state = &run.state;
    let (words, reason) = if state.begun.is_none() {
        ("Not begun", state.person_needed.as_ref().map(|(_, why)| why.clone()))
    } else if let Some((_, why)) = &state.person_needed {
        ("Not ended: a person is needed", Some(why.clone()))
    } else if let Some(paused) = &state.paused {
        ("Not ended: paused", paused.reason.clone())
    } else {
        ("Not ended", None)
    };
    OutcomeRecord { how: "open", words: words.to_owned(), reason, by: None }
}

pub(super) fn operator(run: &Run) -> String {
    let begun = run.events.iter().find_map(|recorded| match &recorded.event {
        Event::RunBegun { operator } if *operator != Actor::autopilot().0 => Some(operator.clone()),
        _ => None,
    });
    begun.or_else(|| run.state.opened.as_ref().map(|opened| opened.operator.clone())).unwrap_or_default()
}

/// Everybody but the program's own parts.
pub(super) fn people(run: &Run) -> Vec<String> {
    let mut people: Vec<String> = vec![];
    let program = [Actor::host(), Actor::autopilot()];
    let mut add = |who: &Actor| {
        if !program.contains(who) && !people.contains(&who.0) {
            people.push(who.0.clone());
        }
    };
    for recorded in &run.events {
        add(&recorded.by);
        match &recorded.event {
            Event::ItemAnswered(answered) => answered.by.iter().for_each(&mut add),
            Event::ItemOverridden { second: Some(who), .. } => add(who),
            _ => {}
        }
    }
    people
}

pub(super) fn places(run: &Run) -> Vec<PlaceRecord> {
    let state = &run.state;
    let mut places: Vec<PlaceRecord> = state
        .plan
        .places
        .iter()
        .map(|place| PlaceRecord {
            kind: place.kind.key().to_owned(),
            is: Some(place.is.clone()),
            pinned: state.pinned.get(place.kind.key()).cloned(),
        })
        .collect();
    for (kind, pinned) in &state.pinned {
        if !places.iter().any(|place| place.kind == *kind) {
            places.push(PlaceRecord { kind: kind.clone(), is: None, pinned: Some(pinned.clone()) });
        }
    }
    // Of several takings the last: it is the same lock.
    let taken = |event: &Event| match event {
        Event::LeaseTaken { place } => Some(place.clone()),
        _ => None,
    };
    if let Some(lock) = run.events.iter().rev().find_map(|recorded| taken(&recorded.event)) {
        places.push(PlaceRecord { kind: "lock".into(), is: Some(lock), pinned: None });
    }
    places
}

pub(super) fn runbook(run: &Run) -> RunbookRecord {
    let plan = &run.state.plan;
    let opened = run.state.opened.clone().unwrap_or_default();
    RunbookRecord {
        path: opened.runbook.clone(),
        version: plan.version.clone(),
        reviewed: plan.reviewed.clone(),
        sha256: main_file(&opened).unwrap_or_default(),
        files: opened.manifest.clone(),
        plan_sha256: run.state.plan_sha256.clone(),
    }
}

/// The sha256 of the runbook itself: the manifest may name it without the folders that the operator gave.
fn main_file(opened: &RunOpened) -> Option<String> {
    let files = &opened.manifest;
    let by_name = || {
        let name = std::path::Path::new(&opened.runbook).file_name()?;
        files.iter().find(|(path, _)| std::path::Path::new(path).file_name() == Some(name)).map(|(_, sha)| sha)
    };
    files.get(&opened.runbook).or_else(by_name).cloned()
}

pub(super) fn autopilot(run: &Run) -> Option<String> {
    let autopilot = &run.state.opened.as_ref()?.autopilot;
    match (autopilot.yes, &autopilot.answers) {
        (false, None) => None,
        (true, None) => Some("--yes: it started commands and ticked boxes by itself".to_owned()),
        (false, Some(_)) => Some("--answers: it answered from the answers file".to_owned()),
        (true, Some(_)) => {
            Some("--yes and --answers: it started commands and answered from the answers file".to_owned())
        }
    }
}

pub(super) fn seconds(run: &Run) -> Option<f64> {
    let state = &run.state;
    let until = state.ended.as_ref().map(|ended| ended.stamp).or(state.now)?;
    Some(until.up.saturating_sub(state.begun?.up) as f64 / 1e6)
}
