//! What a person has to do now, if anything.

use crate::engine::plan::Action;
use crate::engine::{State, Status};

/// What a person has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Begin the flight.
    Begin,
    /// Continue after a pause.
    Continue,
    /// Switch a place back.
    Place,
    /// Settle an item.
    Item(usize),
    /// A sensed item is red or has no data: it may turn green by itself.
    Red(usize),
    /// Close the phase.
    Close(usize),
}

/// What a person has to do now; none while the program is busy, ended, or its autopilot flies.
pub(super) fn need(state: &State) -> Option<Need> {
    if state.ended.is_some() || state.plan_sha256.is_none() || state.storage_failed.is_some() {
        return None;
    }
    if state.paused.is_some() {
        return state.begun.map(|_| Need::Continue);
    }
    if has_autopilot(state) && state.person_needed.is_none() {
        return None;
    }
    if state.begun.is_none() {
        return Some(Need::Begin);
    }
    if !state.running.is_empty() {
        return None;
    }
    if !state.moved.is_empty() {
        return Some(Need::Place);
    }
    let phase = state.phase?;
    let index = match state.current.filter(|index| !state.status(*index).is_settled()) {
        Some(index) => index,
        None => match state.unsettled(phase).first() {
            Some(index) => *index,
            None => return Some(Need::Close(phase)),
        },
    };
    let sensed = matches!(state.plan.items[index].action, Action::Check(_)) && state.items[index].settled.is_none();
    // Whoever has to approve may sit here.
    let asked = matches!(state.plan.items[index].action, Action::Approve(_));
    match state.status(index) {
        Status::Busy if !asked => None,
        Status::Failed(_) | Status::NoData if sensed => Some(Need::Red(index)),
        _ => Some(Need::Item(index)),
    }
}

/// The run goes on by itself where it can.
pub(super) fn has_autopilot(state: &State) -> bool {
    state.opened.as_ref().is_some_and(|opened| opened.autopilot.yes || opened.autopilot.answers.is_some())
}
