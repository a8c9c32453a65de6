//! The lock at the target: what the host learns of it, and who may take it over.

use super::{Decision, reason};
use crate::engine::event::Event;
use crate::engine::intent::Refusal;
use crate::engine::lease::{LeaseNews, LeaseState};
use crate::engine::state::State;

/// The host has learned something.
pub(super) fn learned(state: &State, place: &str, news: &LeaseNews) -> Vec<Event> {
    let place = place.to_owned();
    let now = state.lease.as_ref().map(|lease| &lease.how);
    match news {
        LeaseNews::Asked => match now {
            Some(LeaseState::Asked | LeaseState::Held) => vec![],
            _ => vec![Event::LeaseAsked { place }],
        },
        LeaseNews::Ours { fresh } => match now {
            Some(LeaseState::Held) if *fresh => vec![caution(
                "the lock at the target was gone and is taken again: somebody removed it, or another run was here \
                 meanwhile; is what was pinned still what runs?",
            )],
            Some(LeaseState::Held) => vec![],
            Some(LeaseState::Lost(by)) => back_from(state, place, &by.words()),
            _ => vec![Event::LeaseTaken { place }],
        },
        LeaseNews::Theirs(by) => match now {
            Some(LeaseState::Refused(before) | LeaseState::Lost(before)) if before == by => vec![],
            Some(LeaseState::Held | LeaseState::Lost(_)) => vec![Event::LeaseLost { place, by: by.clone() }],
            _ => vec![Event::LeaseRefused { place, by: by.clone() }],
        },
        LeaseNews::Without(why) => match now {
            // What cannot be asked for the moment is still this run's, or the other's.
            Some(LeaseState::Asked) | None => vec![
                Event::LeaseMissing { place, why: why.clone() },
                caution(&format!("no lock at the target, so a second deployment would not be refused: {why}")),
            ],
            _ => vec![],
        },
        LeaseNews::Released => match now {
            Some(LeaseState::Held | LeaseState::Asked) => vec![Event::LeaseReleased { place }],
            _ => vec![],
        },
    }
}

fn caution(text: &str) -> Event {
    Event::CautionRaised { text: text.to_owned(), item: None }
}

/// Another run had it for a while: a person has to look before this one goes on.
fn back_from(state: &State, place: String, other: &str) -> Vec<Event> {
    let why = format!("{other} held the lock meanwhile: is what was pinned still what runs?");
    let mut events = vec![Event::LeaseTaken { place }, caution(&why)];
    if state.paused.is_none() && state.ended.is_none() {
        let at = state.current.map(|index| state.plan.items[index].id.clone());
        events.push(Event::RunPaused { reason: Some(why), at });
    }
    events
}

/// Somebody wants to take over the lock of a run that is dead.
pub(super) fn take_over(state: &State, text: &str) -> Decision {
    let other = state.lease.as_ref().and_then(|lease| lease.other());
    let Some(other) = other else { return Err(Refusal::new("nobody else holds the lock at the target")) };
    if !other.dead {
        return Err(Refusal::new(format!(
            "{} holds the lock and its host lives: ask them to end the run {}",
            other.who, other.run
        )));
    }
    Ok(vec![Event::LeaseTakeOver { from: other.clone(), reason: reason(text)? }])
}

/// Nothing that changes the world starts before it is known whose the lock is.
pub(super) fn known(state: &State) -> Result<(), Refusal> {
    match state.lease.as_ref().map(|lease| &lease.how) {
        Some(LeaseState::Asked) => Err(Refusal::new("the lock at the target is being asked for: a moment")),
        _ => Ok(()),
    }
}
