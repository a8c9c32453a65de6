//! Closing a phase.

use super::{Decision, title};
use crate::engine::event::{Event, Settlement};
use crate::engine::intent::{Intent, Refusal};
use crate::engine::state::{State, Status};

/// Closes a phase. Probes that look only when asked and were not asked lately are asked first: the phase closes when
/// they are green.
pub(super) fn close(state: &State, intent: &Intent, phase: usize) -> Decision {
    if state.phase != Some(phase) {
        return Err(Refusal::new("this phase is not open"));
    }
    if !state.running.is_empty() {
        return Err(Refusal::new("something still runs in this phase"));
    }
    let unsettled = state.unsettled(phase);
    if let Some(first) = unsettled.first() {
        let items = if unsettled.len() == 1 { "item" } else { "items" };
        return Err(Refusal {
            why: format!(
                "{} {items} left, the first is \"{}\": can't be closed yet",
                unsettled.len(),
                title(state, *first)
            ),
            person: true,
        });
    }
    needs(state, phase)?;
    let stale = state.stale(phase, intent.stamp.up);
    if !stale.is_empty() {
        return Ok(vec![Event::LookAsked { probes: stale, closing: Some(phase) }]);
    }
    Ok(vec![Event::PhaseClosed { phase, settlements: settlements(state, phase) }])
}

/// Refuses when the next phase needs a pin that is missing.
pub(super) fn needs(state: &State, phase: usize) -> Result<(), Refusal> {
    if state.plan.phases.get(phase + 1).is_some_and(|next| next.needs_pins)
        && let Some((index, name)) = state.missing_pins_before(phase + 1).first()
    {
        return Err(Refusal {
            why: format!(
                "the next phase needs pin `{name}`, which \"{}\" takes: do it first (a opens it again)",
                title(state, *index)
            ),
            person: true,
        });
    }
    Ok(())
}

/// How each item of a phase left it.
pub(super) fn settlements(state: &State, phase: usize) -> Vec<Settlement> {
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
