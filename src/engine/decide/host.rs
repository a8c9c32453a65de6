//! What the host says of itself and of the places it looks at.

use super::Decision;
use crate::engine::event::Event;
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::state::State;

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    Ok(match &intent.want {
        Want::HostStart { epoch, pid, boot, program } => {
            vec![Event::HostStarted { epoch: *epoch, pid: *pid, boot: boot.clone(), program: program.clone() }]
        }
        Want::HostLeave { why } => vec![Event::HostLeft { why: why.clone() }],
        Want::Pinned { kind, is } => vec![Event::TargetPinned { kind: kind.clone(), is: is.clone() }],
        Want::TargetFound { kind, found } => target_found(state, kind, found),
        Want::NeedPerson { item, why } => {
            if state.person_needed.as_ref().is_some_and(|(i, w)| i == item && w == why) {
                return Err(Refusal::new("already parked"));
            }
            vec![Event::PersonNeeded { item: item.clone(), why: why.clone() }]
        }
        Want::ClockStep { by } => vec![Event::ClockStepped { by: *by }],
        Want::Tail { bytes } => vec![Event::TailRepaired { bytes: *bytes }],
        Want::Storage { failed: true, why } => vec![Event::StorageFailed { why: why.clone() }],
        Want::Storage { failed: false, why } => vec![Event::StorageRecovered { file: why.clone() }],
        Want::Caution { text, item } => vec![Event::CautionRaised { text: text.clone(), item: item.clone() }],
        _ => vec![],
    })
}

/// Refuses as long as a place is not as pinned.
pub(super) fn as_pinned(state: &State) -> Result<(), Refusal> {
    match state.moved.iter().next() {
        Some((kind, (pinned, found))) => {
            Err(Refusal::new(state.in_the_way(kind, pinned, found, "take it over, with a reason")))
        }
        None => Ok(()),
    }
}

fn target_found(state: &State, kind: &str, found: &str) -> Vec<Event> {
    let Some(pinned) = state.pinned.get(kind) else { return vec![] };
    match (pinned == found, state.moved.get(kind)) {
        (true, None) => vec![],
        (true, Some(_)) => vec![Event::TargetRestored { kind: kind.to_owned() }],
        (false, Some((_, before))) if before == found => vec![],
        (false, _) => {
            vec![Event::TargetChanged { kind: kind.to_owned(), pinned: pinned.clone(), found: found.to_owned() }]
        }
    }
}
