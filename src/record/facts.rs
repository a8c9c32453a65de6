//! What the fold does not keep and a reader wants: which events concern an item, when a sensed item turned green, how
//! things stood when a phase was closed, when the run was paused.

use std::collections::BTreeMap;

use crate::engine::event::Event;
use crate::engine::plan::{Action, Plan};
use crate::engine::{ProbeState, Recorded, State, Status};
use crate::words::{ItemId, ProbeId, Stamp};

/// Facts of a run beside its [`State`].
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// By item: places of its events in the list of events.
    pub of_item: Vec<Vec<usize>>,
    /// By item, of sensed ones: when it turned green last.
    pub green: Vec<Option<Stamp>>,
    /// By item: how it stood when its phase was closed.
    pub at_close: Vec<Option<Status>>,
    /// Probes of sensed items as they stood when the phase was closed.
    pub looks_at_close: BTreeMap<(usize, ProbeId), ProbeState>,
    /// Pauses in run time, µs; the last may still last.
    pub pauses: Vec<(u64, Option<u64>)>,
    /// Who closed a phase, by phase.
    pub closed_by: BTreeMap<usize, String>,
    /// Sensed items by probe.
    sensed: BTreeMap<ProbeId, Vec<usize>>,
}

impl Facts {
    pub fn new(state: &State) -> Self {
        let items = state.plan.items.len();
        let mut sensed: BTreeMap<ProbeId, Vec<usize>> = BTreeMap::new();
        for (index, item) in state.plan.items.iter().enumerate() {
            if let Action::Check(check) = &item.action {
                for probe in with_members(&state.plan, &check.probes) {
                    sensed.entry(probe).or_default().push(index);
                }
            }
        }
        Self {
            of_item: vec![vec![]; items],
            green: vec![None; items],
            at_close: vec![None; items],
            sensed,
            ..Self::default()
        }
    }

    /// Called before an event is folded.
    pub fn before(&mut self, state: &State, recorded: &Recorded) {
        match &recorded.event {
            Event::PhaseClosed { phase, .. } => {
                self.closed_by.insert(*phase, recorded.by.to_string());
                for (index, item) in state.plan.items_of(*phase) {
                    if let Some(at_close) = self.at_close.get_mut(index) {
                        *at_close = Some(state.status(index));
                    }
                    if let Action::Check(check) = &item.action {
                        for probe in with_members(&state.plan, &check.probes) {
                            if let Some(seen) = state.probes.get(&probe) {
                                self.looks_at_close.insert((index, probe), seen.clone());
                            }
                        }
                    }
                }
            }
            Event::RunPaused { .. } => self.pauses.push((recorded.stamp.up, None)),
            Event::RunContinued => {
                if let Some((_, until @ None)) = self.pauses.last_mut() {
                    *until = Some(recorded.stamp.up);
                }
            }
            _ => {}
        }
    }

    /// Called after an event was folded; `place` is its place in the list of events.
    pub fn after(&mut self, state: &State, place: usize, recorded: &Recorded) {
        match &recorded.event {
            Event::VerdictChanged { probe, .. } | Event::Looked { probe, .. } => {
                let items = self.sensed.get(probe).cloned().unwrap_or_default();
                for index in items {
                    self.turned(state, index, recorded.stamp);
                    self.add(index, place);
                }
            }
            Event::PhaseOpened { phase } => {
                // What was looked at before by another item may be green at once.
                for (index, item) in state.plan.items_of(*phase) {
                    if matches!(item.action, Action::Check(_)) {
                        self.turned(state, index, recorded.stamp);
                    }
                }
            }
            event => {
                if let Some(index) = item_of(event).and_then(|id| state.index(id)) {
                    self.add(index, place);
                }
            }
        }
    }

    fn turned(&mut self, state: &State, index: usize, stamp: Stamp) {
        if state.plan.items.get(index).is_none_or(|item| state.is_closed(item.phase)) {
            return;
        }
        if let Some(green) = self.green.get_mut(index) {
            match state.status(index) {
                Status::Passed => {
                    green.get_or_insert(stamp);
                }
                _ => *green = None,
            }
        }
    }

    fn add(&mut self, index: usize, place: usize) {
        if let Some(list) = self.of_item.get_mut(index) {
            list.push(place);
        }
    }

    /// µs of run time between two points, without pauses.
    pub fn open_between(&self, from: u64, to: u64) -> u64 {
        let paused: u64 = self
            .pauses
            .iter()
            .map(|(since, until)| until.unwrap_or(to).min(to).saturating_sub((*since).max(from)))
            .sum();
        to.saturating_sub(from).saturating_sub(paused)
    }
}

/// Probes, and the members of those that are groups.
pub(super) fn with_members(plan: &Plan, probes: &[ProbeId]) -> Vec<ProbeId> {
    let mut all: Vec<ProbeId> = vec![];
    let mut next = probes.to_vec();
    // Each probe once, so a group that named itself would end too.
    while let Some(id) = next.pop() {
        if all.contains(&id) {
            continue;
        }
        if let Some(probe) = plan.probe(&id) {
            next.extend(probe.members.iter().cloned());
        }
        all.push(id);
    }
    all.sort();
    all
}

/// The item that an event names.
pub(super) fn item_of(event: &Event) -> Option<&ItemId> {
    match event {
        Event::ItemOpened { item }
        | Event::ItemSwitched { item, .. }
        | Event::CommandEdited { item, .. }
        | Event::StopRequested { item, .. }
        | Event::AttemptAdopted { item, .. }
        | Event::WentUnrecorded { item, .. }
        | Event::LateResultIgnored { item, .. }
        | Event::ValueCaptured { item, .. }
        | Event::TypedInto { item, .. }
        | Event::ItemSkipped { item, .. }
        | Event::ItemNotApplicable { item, .. }
        | Event::ItemDeferred { item, .. }
        | Event::ItemOverridden { item, .. }
        | Event::UnknownSettled { item, .. }
        | Event::ItemReopened { item, .. }
        | Event::ApprovalRequested { item, .. }
        | Event::ApprovalExpired { item }
        | Event::BaselineTaken { item, .. } => Some(item),
        Event::AttemptStarted(started) => Some(&started.item),
        Event::AttemptEnded(ended) => Some(&ended.item),
        Event::ItemAnswered(answered) => Some(&answered.item),
        Event::PersonNeeded { item, .. } | Event::CautionRaised { item, .. } | Event::NoteAdded { item, .. } => {
            item.as_ref()
        }
        _ => None,
    }
}
