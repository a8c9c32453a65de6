//! What follows of itself: phases open, the box goes on, waits start, the run ends.

use super::{run, settlements, start_at};
use crate::engine::event::{Event, RunEnd};
use crate::engine::intent::Intent;
use crate::engine::scope::PlanScope;
use crate::engine::state::{State, Status};
use crate::expr::Truth;

/// The next events that follow of themselves; none when the run rests.
pub(super) fn next(state: &State, intent: &Intent) -> Vec<Event> {
    if state.begun.is_none() || state.ended.is_some() || state.storage_failed.is_some() {
        return vec![];
    }
    let Some(phase) = state.phase else { return open_phase(state) };
    if state.plan.phases.get(phase).is_some_and(|p| p.closes_itself)
        && state.running.is_empty()
        && state.unsettled(phase).is_empty()
        && decided(state, phase)
    {
        return vec![Event::PhaseClosed { phase, settlements: settlements(state, phase) }];
    }
    match state.current {
        Some(index) if !state.status(index).is_settled() => start_current(state, index),
        current => go_on(state, intent, phase, current),
    }
}

fn open_phase(state: &State) -> Vec<Event> {
    match (0..state.plan.phases.len()).find(|p| state.phases.get(*p).is_some_and(|p| p.closed.is_none())) {
        Some(phase) => vec![Event::PhaseOpened { phase }],
        None => vec![run::ended(state, RunEnd::Completed, None)],
    }
}

/// Every run-time condition of the phase was decided.
fn decided(state: &State, phase: usize) -> bool {
    state.plan.items_of(phase).all(|(index, item)| {
        item.when.iter().all(|w| w.settled.is_some()) || state.items[index].switched.is_some()
    })
}

/// The item under the box starts by itself, when it is one that does and was not tried yet.
fn start_current(state: &State, index: usize) -> Vec<Event> {
    if state.status(index) != Status::Open {
        return vec![];
    }
    start_at(state, index).into_iter().collect()
}

/// The next item that is not settled: below the box, else from the top of the phase. Its run-time conditions are
/// decided when the box reaches it.
fn go_on(state: &State, intent: &Intent, phase: usize, current: Option<usize>) -> Vec<Event> {
    let after = current.map_or(0, |c| c + 1);
    let open = |index: &usize| !state.status(*index).is_settled();
    let below = state.plan.items_of(phase).filter(|(_, item)| item.undoes.is_none()).map(|(i, _)| i);
    let (mut later, mut earlier) = (None, None);
    for index in below {
        if !open(&index) {
            continue;
        }
        if index >= after {
            later = Some(index);
            break;
        }
        earlier = earlier.or(Some(index));
    }
    let Some(index) = later.or(earlier) else { return vec![] };
    let item = &state.plan.items[index];
    if state.items[index].switched.is_none() && item.when.iter().any(|w| w.settled.is_none()) {
        let scope = PlanScope::new(state, index).at(intent.stamp.at);
        let failing = item.when.iter().filter(|w| w.settled.is_none()).find(|w| w.expr.truth(&scope) != Truth::True);
        let (on, why) = match failing {
            Some(when) => (false, when.expr.explain(&scope)),
            None => (true, String::new()),
        };
        return vec![Event::ItemSwitched { item: item.id.clone(), on, why }];
    }
    if state.current == Some(index) {
        return vec![];
    }
    vec![Event::ItemOpened { item: item.id.clone() }]
}
