//! One-shots that the host carries out after events are on disk.

use super::event::{Event, Resolved, Started, StopStage};
use super::plan::{Action, Plan};
use super::state::State;
use crate::words::{ItemId, Name, ProbeId, Verdict};

/// Something the host does once.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a command.
    Spawn(Box<Started>),
    /// Send a notice.
    Notify {
        /// The item.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// Channels.
        to: Vec<Name>,
        /// Its title.
        title: String,
        /// Its text.
        text: String,
    },
    /// Signal a command.
    Signal {
        /// The attempt.
        attempt: u32,
        /// How hard.
        stage: StopStage,
    },
    /// Look at these now.
    Look(Vec<ProbeId>),
    /// Look whether an unknown attempt took effect.
    Settle {
        /// The item.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// Probes that pass only if it did.
        probes: Vec<ProbeId>,
    },
    /// Look at the pinned places again.
    CheckPlaces,
    /// Ask the second person that the sandbox plays.
    AskSecondPerson {
        /// The item.
        item: ItemId,
        /// The request's text.
        text: String,
        /// Its hash.
        hash: String,
    },
    /// Write the record's files.
    WriteRecord,
    /// The run is over: the host leaves when all is written.
    Leave,
}

/// The one-shots that events bring, in order.
pub fn effects(state: &State, events: &[Event]) -> Vec<Effect> {
    let mut effects = vec![];
    for event in events {
        match event {
            Event::AttemptStarted(started) => match &started.what {
                Resolved::Argv(_) | Resolved::Script { .. } => effects.push(Effect::Spawn(started.clone())),
                Resolved::Notice { to, title, text } => effects.push(Effect::Notify {
                    item: started.item.clone(),
                    attempt: started.attempt,
                    to: to.clone(),
                    title: title.clone(),
                    text: text.clone(),
                }),
                Resolved::Watching => {}
            },
            Event::StopRequested { attempt, stage, .. } => {
                effects.push(Effect::Signal { attempt: *attempt, stage: *stage });
            }
            Event::PhaseOpened { phase } => effects.push(Effect::Look(probes_of_phase(&state.plan, *phase))),
            Event::ItemOpened { item } => {
                let probes = not_green(state, item);
                if !probes.is_empty() {
                    effects.push(Effect::Look(probes));
                }
            }
            Event::RunContinued | Event::ControlTaken { .. } => {
                effects.push(Effect::CheckPlaces);
                if let Some(phase) = state.phase {
                    effects.push(Effect::Look(probes_of_phase(&state.plan, phase)));
                }
            }
            Event::AttemptEnded(ended) if ended.outcome == Some(crate::words::Outcome::Unknown) => {
                if let Some(Action::Run(run)) = state.index(&ended.item).map(|i| &state.plan.items[i].action)
                    && !run.acting.settle.is_empty()
                {
                    effects.push(Effect::Settle {
                        item: ended.item.clone(),
                        attempt: ended.attempt,
                        probes: run.acting.settle.clone(),
                    });
                }
            }
            Event::ApprovalRequested { item, text, hash, .. } if state.is_training() => {
                effects.push(Effect::AskSecondPerson { item: item.clone(), text: text.clone(), hash: hash.clone() });
            }
            Event::PhaseClosed { .. } => effects.push(Effect::WriteRecord),
            Event::RunEnded { .. } => effects.extend([Effect::WriteRecord, Effect::Leave]),
            _ => {}
        }
    }
    effects
}

/// The probes of a phase's sensed items, members of groups instead of the groups.
pub(super) fn probes_of_phase(plan: &Plan, phase: usize) -> Vec<ProbeId> {
    let mut probes = vec![];
    for (_, item) in plan.items_of(phase) {
        if item.off().is_some() {
            continue;
        }
        if let Action::Check(check) = &item.action {
            leaves(plan, &check.probes, &mut probes, 0);
        }
    }
    probes
}

/// Adds the probes that are sampled themselves.
pub(super) fn leaves(plan: &Plan, probes: &[ProbeId], into: &mut Vec<ProbeId>, depth: usize) {
    for id in probes {
        match plan.probe(id) {
            Some(probe) if !probe.members.is_empty() && depth < 8 => leaves(plan, &probe.members, into, depth + 1),
            Some(_) if !into.contains(id) => into.push(id.clone()),
            _ => {}
        }
    }
}

/// Probes of a sensed item that the box has reached and that are not green: a fresh look now, not at the next interval.
fn not_green(state: &State, item: &ItemId) -> Vec<ProbeId> {
    let Some(Action::Check(check)) = state.index(item).map(|i| &state.plan.items[i].action) else { return vec![] };
    let mut all = vec![];
    leaves(&state.plan, &check.probes, &mut all, 0);
    all.retain(|id| state.probes.get(id).is_none_or(|p| p.sample.is_none() || p.verdict != Verdict::Ok));
    all
}
