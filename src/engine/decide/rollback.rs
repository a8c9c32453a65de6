//! Going back: the decision, and when the system counts as healthy again.

use super::{Decision, items};
use crate::engine::event::{Decided, Event};
use crate::engine::intent::{Intent, Refusal};
use crate::engine::rollback::steps;
use crate::engine::state::{State, Status};

/// One key, no form, no typed name: whoever presses it has read the cockpit. What runs is stopped first.
pub(super) fn decide(state: &State, intent: &Intent, reason: Option<&str>) -> Decision {
    if state.plan.rollback.is_none() {
        return Err(Refusal::new("this runbook has no rollback"));
    }
    if state.begun.is_none() || state.world_changed.is_none() {
        return Err(Refusal::new("nothing was changed yet: there is nothing to undo (q ends the run)"));
    }
    if state.rollback.is_some() {
        return Err(Refusal::new("it goes back already: what failed is done again (a), edited (e) or skipped (s)"));
    }
    super::host::as_pinned(state)?;
    let mut events = vec![];
    if state.paused.is_some() {
        events.push(Event::RunContinued);
    }
    for (index, attempt) in &state.running {
        let item = &state.plan.items[*index].id;
        // One that is being stopped already goes on with its stages.
        let stopping = state.items[*index].attempts.iter().any(|a| a.number == *attempt && a.stopping.is_some());
        if !stopping {
            events.extend(items::stop(state, item, *attempt, intent.stamp.up)?);
        }
    }
    events.push(Event::RollbackDecided(Box::new(Decided {
        reason: reason.map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned),
        trigger: None,
        since: intent.stamp.up,
        phase: state.phase,
        items: steps(state).into_iter().map(|index| state.plan.items[index].id.clone()).collect(),
        pins: state.pins.clone(),
        from_file: intent.from_file,
    })));
    Ok(events)
}

pub(super) fn give_reason(state: &State, reason: String) -> Decision {
    match &state.rollback {
        Some(rollback) if rollback.reason.as_ref() == Some(&reason) => Ok(vec![]),
        Some(_) => Ok(vec![Event::ReasonGiven { reason }]),
        None => Err(Refusal::new("nobody decided to go back")),
    }
}

/// The system is verified healthy when everything up to the last step that stops the clock is settled and these steps
/// have passed; without such a step, when the whole rollback is settled and its last step has passed.
pub(super) fn verified(state: &State, intent: &Intent) -> Option<Event> {
    let rollback = state.rollback.as_ref().filter(|r| r.verified.is_none())?;
    if state.phase != Some(state.plan.rollback_phase()) || !state.running.is_empty() {
        return None;
    }
    let flown = steps(state);
    let on = |index: &&usize| state.status(**index) != Status::Off;
    let last = flown.iter().rposition(|i| state.plan.items[*i].stops_clock && state.status(*i) != Status::Off);
    let (until, says): (&[usize], Vec<usize>) = match last {
        Some(last) => {
            let until = &flown[..=last];
            (until, until.iter().filter(on).filter(|i| state.plan.items[**i].stops_clock).copied().collect())
        }
        None => (&flown, flown.iter().rev().find(on).into_iter().copied().collect()),
    };
    let settled = until.iter().all(|index| state.status(*index).is_settled());
    let passed = !says.is_empty() && says.iter().all(|index| state.status(*index) == Status::Passed);
    (settled && passed).then(|| Event::RollbackVerified {
        item: says.last().map(|index| state.plan.items[*index].id.clone()),
        took: intent.stamp.up.saturating_sub(rollback.decided.since),
    })
}
