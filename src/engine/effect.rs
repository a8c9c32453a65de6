//! One-shots that the host carries out after events are on disk.

use std::collections::HashSet;

use super::event::{Event, Resolved, Started, StopStage};
use super::plan::{Action, Plan, Probe};
use super::state::{State, Status};
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
    /// Let a command go on whose output cannot be written.
    GoOnUnrecorded {
        /// The attempt.
        attempt: u32,
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
    /// Take over the lock at the target from this run, whose host is dead.
    TakeOver {
        /// The run.
        from: String,
        /// Why.
        reason: String,
    },
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
            Event::WentUnrecorded { attempt, .. } => effects.push(Effect::GoOnUnrecorded { attempt: *attempt }),
            Event::PhaseOpened { phase } => effects.push(Effect::Look(probes_of_phase(state, *phase))),
            Event::RollbackDecided(_) => {
                effects.push(Effect::Look(probes_of_phase(state, state.plan.rollback_phase())));
            }
            Event::LookAsked { probes, .. } => effects.push(Effect::Look(probes.clone())),
            Event::ItemOpened { item } => {
                let probes = not_green(state, item);
                if !probes.is_empty() {
                    effects.push(Effect::Look(probes));
                }
            }
            Event::RunContinued | Event::ControlTaken { .. } => {
                effects.push(Effect::CheckPlaces);
                if let Some(phase) = state.phase {
                    effects.push(Effect::Look(probes_of_phase(state, phase)));
                }
            }
            Event::AttemptEnded(ended) if ended.outcome == Some(crate::words::Outcome::Unknown) => {
                if let Some(Action::Run(run)) = state.index(&ended.item).map(|i| &state.plan.items[i].action)
                    && !run.acting.settle.is_empty()
                {
                    effects.push(Effect::Settle {
                        item: ended.item.clone(),
                        attempt: ended.attempt,
                        probes: leaves(&state.plan, &run.acting.settle),
                    });
                }
            }
            // Nobody is asked for what the answers file has answered in the same breath.
            Event::ApprovalRequested { item, text, hash, .. } if state.is_training() && waits(state, item) => {
                effects.push(Effect::AskSecondPerson { item: item.clone(), text: text.clone(), hash: hash.clone() });
            }
            Event::LeaseTakeOver { from, reason } => {
                effects.push(Effect::TakeOver { from: from.run.clone(), reason: reason.clone() });
            }
            Event::PhaseClosed { .. } | Event::RollbackVerified { .. } => effects.push(Effect::WriteRecord),
            Event::RunEnded { .. } => effects.extend([Effect::WriteRecord, Effect::Leave]),
            _ => {}
        }
    }
    // Each probe is looked at once, however many ask.
    let mut asked = HashSet::new();
    effects.retain_mut(|effect| match effect {
        Effect::Look(probes) => {
            probes.retain(|probe| asked.insert(probe.clone()));
            !probes.is_empty()
        }
        _ => true,
    });
    effects
}

/// An item that is not settled.
fn waits(state: &State, item: &ItemId) -> bool {
    state.index(item).is_some_and(|index| !state.status(index).is_settled())
}

/// The probes of a phase's sensed items that look by themselves, and those that were asked before; members of groups
/// instead of the groups.
fn probes_of_phase(state: &State, phase: usize) -> Vec<ProbeId> {
    let plan = &state.plan;
    let range = plan.range_of(phase);
    let mut named = vec![];
    for index in plan.sensed().iter().copied().filter(|i| range.contains(i)) {
        if let Some(Action::Check(check)) = plan.items.get(index).map(|i| &i.action)
            && state.status(index) != Status::Off
        {
            named.extend(check.probes.iter().cloned());
        }
    }
    let mut all = leaves(plan, &named);
    all.retain(|id| {
        let by_itself = plan.probe(id).is_some_and(|p| p.every.is_some());
        by_itself || state.probes.get(id).is_some_and(|p| p.sample.is_some())
    });
    all
}

/// The probes that are sampled themselves: members instead of groups, each once.
pub(super) fn leaves(plan: &Plan, probes: &[ProbeId]) -> Vec<ProbeId> {
    leaves_by(&|id: &ProbeId| plan.probe(id), probes)
}

/// As [`leaves`], with probes found by `find`.
pub(super) fn leaves_by<'p>(find: &impl Fn(&ProbeId) -> Option<&'p Probe>, probes: &[ProbeId]) -> Vec<ProbeId> {
    let (mut all, mut seen) = (vec![], HashSet::new());
    descend(find, probes, &mut all, &mut seen);
    all
}

fn descend<'p>(
    find: &impl Fn(&ProbeId) -> Option<&'p Probe>,
    probes: &[ProbeId],
    all: &mut Vec<ProbeId>,
    seen: &mut HashSet<ProbeId>,
) {
    for id in probes {
        // Each once: so a group that holds itself ends too.
        let Some(probe) = find(id).filter(|_| seen.insert(id.clone())) else { continue };
        if probe.members.is_empty() {
            all.push(id.clone());
        } else {
            descend(find, &probe.members, all, seen);
        }
    }
}

/// Probes of a sensed item that the box has reached and that are not green: a fresh look now, not at the next interval.
/// Those that look only when asked are asked again when their look is old.
fn not_green(state: &State, item: &ItemId) -> Vec<ProbeId> {
    let Some(Action::Check(check)) = state.index(item).map(|i| &state.plan.items[i].action) else { return vec![] };
    let up = state.now.map_or(0, |now| now.up);
    let red = |id: &ProbeId| state.probes.get(id).is_none_or(|p| p.sample.is_none() || p.verdict != Verdict::Ok);
    leaves(&state.plan, &check.probes).into_iter().filter(|id| state.is_stale(id, up) || red(id)).collect()
}
