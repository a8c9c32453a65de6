//! What follows of itself: phases open and close, the box goes on, waits start, the run ends.

use super::{rollback, run, settlements, start_at};
use crate::engine::event::{Event, RunEnd};
use crate::engine::intent::Intent;
use crate::engine::scope::PlanScope;
use crate::engine::state::{Settled, State, Status};
use crate::engine::wanted::scaled;
use crate::expr::Truth;

/// Real time that a close waits for the fresh looks it asked for, µs.
const CLOSING: u64 = 60_000_000;

/// The next events that follow of themselves; none when the run rests.
pub(super) fn next(state: &State, intent: &Intent) -> Vec<Event> {
    if state.begun.is_none() || state.ended.is_some() || state.storage_failed.is_some() {
        return vec![];
    }
    let Some(phase) = state.phase else { return open_phase(state) };
    if let Some(verified) = rollback::verified(state, intent) {
        return vec![verified];
    }
    if let Some(index) = state.current
        && !state.status(index).is_settled()
    {
        return match condition(state, intent, index) {
            Some(switched) => vec![switched],
            None => start_current(state, index),
        };
    }
    match next_open(state, intent, phase) {
        Some(index) => go_on(state, intent, index),
        None => match state.deferred_to(phase).next() {
            Some(index) => come_back(state, index),
            None => close(state, intent, phase),
        },
    }
}

fn open_phase(state: &State) -> Vec<Event> {
    if let Some(rollback) = &state.rollback {
        let reason = rollback.reason.clone();
        return vec![run::ended(state, RunEnd::RolledBack, reason)];
    }
    match (0..state.plan.phases.len()).find(|p| state.phases.get(*p).is_some_and(|p| p.closed.is_none())) {
        Some(phase) => vec![Event::PhaseOpened { phase }],
        None => vec![run::ended(state, RunEnd::Completed, None)],
    }
}

/// The item under the box starts by itself, when it is one that does and was not tried yet.
fn start_current(state: &State, index: usize) -> Vec<Event> {
    if state.status(index) != Status::Open {
        return vec![];
    }
    start_at(state, index).into_iter().collect()
}

/// The next item that is not settled: below the box, else from the top of the phase, else what came back from
/// earlier phases. What has to wait for something above it is passed over.
fn next_open(state: &State, intent: &Intent, phase: usize) -> Option<usize> {
    let range = state.plan.range_of(phase);
    let after = state.current.map_or(range.start, |c| c + 1).clamp(range.start, range.end);
    let is_open = |index: &usize| {
        let item = &state.plan.items[*index];
        item.phase == phase
            && state.is_flown(item)
            && !state.status(*index).is_settled()
            && not_known_yet(state, intent, *index).is_none()
    };
    (after..range.end)
        .find(is_open)
        .or_else(|| (range.start..after).find(is_open))
        .or_else(|| state.came_back(phase).next())
}

/// The box goes on to an item: a planned pause before it, its condition, itself.
fn go_on(state: &State, intent: &Intent, index: usize) -> Vec<Event> {
    if let Some(after) = pause_before(state, index) {
        let item = &state.plan.items[after];
        // Nothing comes after the pause before it is over.
        return match &state.paused {
            Some(_) => vec![],
            None => vec![Event::RunPaused {
                reason: Some("as the runbook wants, before it goes on to the rest".into()),
                at: Some(item.id.clone()),
            }],
        };
    }
    if state.paused.as_ref().is_some_and(|p| p.planned) {
        return vec![];
    }
    match condition(state, intent, index) {
        Some(switched) => vec![switched],
        None => vec![Event::ItemOpened { item: state.plan.items[index].id.clone() }],
    }
}

/// The item above this one after which the run has to pause and did not yet.
fn pause_before(state: &State, index: usize) -> Option<usize> {
    let phase = state.plan.items[index].phase;
    state.plan.pauses().iter().copied().take_while(|after| *after < index).find(|after| {
        state.plan.items[*after].phase == phase && state.phase == Some(phase) && !state.items[*after].paused_after
    })
}

/// Decides an item's run-time condition, when it has one that was not decided. What is not known now does not hold.
pub(super) fn condition(state: &State, intent: &Intent, index: usize) -> Option<Event> {
    let failing = failing(state, intent, index)?;
    let (on, why) = match failing {
        Some((_, why)) => (false, why),
        None => (true, String::new()),
    };
    Some(Event::ItemSwitched { item: state.plan.items[index].id.clone(), on, why })
}

/// Why an item's condition cannot be decided yet: it asks for what is not known, and something above is still open
/// that may tell.
pub(super) fn not_known_yet(state: &State, intent: &Intent, index: usize) -> Option<String> {
    let Some(Some((Truth::Unknown, why))) = failing(state, intent, index) else { return None };
    let range = state.plan.range_of(state.plan.items[index].phase);
    let open = |i: usize| state.is_flown(&state.plan.items[i]) && !state.status(i).is_settled();
    (range.start..index).any(open).then_some(why)
}

/// The part of an undecided condition that does not hold, and why; none when there is nothing to decide.
fn failing(state: &State, intent: &Intent, index: usize) -> Option<Option<(Truth, String)>> {
    let item = &state.plan.items[index];
    if state.items[index].switched.is_some() || item.when.iter().all(|w| w.settled.is_some()) {
        return None;
    }
    let scope = PlanScope::new(state, index).at(intent.stamp.at);
    let parts = item.when.iter().filter(|w| w.settled.is_none()).map(|w| (w, w.expr.truth(&scope)));
    // What is false is off whatever else is not known.
    let worst = parts.filter(|(_, truth)| *truth != Truth::True).min_by_key(|(_, truth)| *truth != Truth::False);
    Some(worst.map(|(when, truth)| (truth, when.expr.explain(&scope))))
}

/// Nothing else is left: what was deferred to here comes back.
fn come_back(state: &State, index: usize) -> Vec<Event> {
    let item = state.plan.items[index].id.clone();
    let why = match &state.items[index].settled {
        Some(Settled::Deferred(_, why)) => why.as_str(),
        _ => "",
    };
    let reason = format!("it was deferred to here: {why}");
    vec![Event::ItemReopened { item: item.clone(), reason }, Event::ItemOpened { item }]
}

/// A phase that nothing is left of closes when it closes by itself, when nothing of it applies, or when somebody
/// wanted it and the looks that it waited for are there.
fn close(state: &State, intent: &Intent, phase: usize) -> Vec<Event> {
    if !state.running.is_empty() {
        return vec![];
    }
    let is_off = |index: usize| {
        state.plan.items[index].off().is_some() || matches!(state.items[index].switched, Some((false, _)))
    };
    let by_itself = state.plan.phases.get(phase).is_some_and(|p| p.closes_itself)
        || state.plan.items_of(phase).all(|(index, _)| is_off(index));
    let wanted = state.closing.is_some_and(|(closing, since)| {
        closing == phase
            && intent.stamp.up.saturating_sub(since) <= scaled(state, CLOSING)
            && state.stale(phase, intent.stamp.up).is_empty()
    });
    if !by_itself && !wanted || super::phase::needs(state, phase).is_err() {
        return vec![];
    }
    vec![Event::PhaseClosed { phase, settlements: settlements(state, phase) }]
}
