//! Closing a phase.

use super::{Decision, title};
use crate::engine::event::{Event, Settlement};
use crate::engine::intent::{Intent, Refusal};
use crate::engine::plan::Action;
use crate::engine::state::{State, Status};

/// An `on_demand` look counts as fresh for so long, µs (UX.md, closing).
const FRESH_ON_DEMAND: u64 = 600_000_000;

pub(super) fn close(state: &State, intent: &Intent, phase: usize) -> Decision {
    if state.phase != Some(phase) {
        return Err(Refusal::new("this phase is not open"));
    }
    if !state.running.is_empty() {
        return Err(Refusal::new("something still runs in this phase"));
    }
    let unsettled = state.unsettled(phase);
    if let Some(first) = unsettled.first() {
        return Err(Refusal {
            why: format!("{} items left, the first is \"{}\": can't be closed yet", unsettled.len(), title(state, *first)),
            person: true,
        });
    }
    if let Some(stale) = stale(state, phase, intent.stamp.up) {
        return Err(Refusal::new(format!("\"{}\" needs a fresh look first", title(state, stale))));
    }
    if state.plan.phases.get(phase + 1).is_some_and(|next| next.needs_pins)
        && let Some((index, name)) = state.missing_pins().first()
    {
        return Err(Refusal {
            why: format!(
                "the next phase needs pin `{name}`, which \"{}\" takes: do it first (a opens it again)",
                title(state, *index)
            ),
            person: true,
        });
    }
    Ok(vec![Event::PhaseClosed { phase, settlements: settlements(state, phase) }])
}

/// A sensed item whose probe looks only when asked and was not asked lately.
fn stale(state: &State, phase: usize, now: u64) -> Option<usize> {
    state.plan.items_of(phase).find_map(|(index, item)| {
        let Action::Check(check) = &item.action else { return None };
        if state.status(index) != Status::Passed {
            return None;
        }
        let old = check.probes.iter().any(|id| {
            state.plan.probe(id).is_some_and(|p| p.every.is_none() && p.members.is_empty())
                && state
                    .probes
                    .get(id)
                    .and_then(|p| p.sample.as_ref())
                    .is_none_or(|s| now.saturating_sub(s.up) > FRESH_ON_DEMAND)
        });
        old.then_some(index)
    })
}

/// How each item of a phase left it.
pub(in crate::engine) fn settlements(state: &State, phase: usize) -> Vec<Settlement> {
    state
        .plan
        .items_of(phase)
        .filter_map(|(index, item)| {
            let how = match state.status(index) {
                Status::Passed => return None,
                Status::Skipped => "skipped",
                Status::Deferred => "deferred",
                Status::Overridden => "overridden",
                Status::Off => "does not apply",
                _ => "unsettled",
            };
            Some(Settlement { item: item.id.clone(), how: how.into() })
        })
        .collect()
}
