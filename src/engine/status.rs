//! How items stand, and what a phase still needs: read from the state, never kept.

use super::event::Return;
use super::plan::{Action, Check, Item};
use super::state::{ItemState, Settled, State, Status};
use crate::words::{Name, Outcome, ProbeId, Value, Verdict};

/// An `on_demand` look counts as fresh for so long, µs of run time (UX.md, closing).
const FRESH_ON_DEMAND: u64 = 600_000_000;

impl State {
    /// What an item looks like.
    pub fn status(&self, index: usize) -> Status {
        let (Some(item), Some(plan)) = (self.items.get(index), self.plan.items.get(index)) else {
            return Status::Off;
        };
        if plan.off().is_some() || item.switched.as_ref().is_some_and(|(on, _)| !on) {
            return Status::Off;
        }
        match &item.settled {
            Some(Settled::Answered(answer)) if answer.settled && answer.yes => return Status::Passed,
            Some(Settled::Answered(answer)) if answer.settled => return Status::Failed(Outcome::Failed),
            Some(Settled::Answered(_)) | None => {}
            Some(Settled::Skipped(_)) => return Status::Skipped,
            Some(Settled::NotApplicable(_)) => return Status::Off,
            Some(Settled::Deferred(..)) => return Status::Deferred,
            Some(Settled::Overridden(..)) => return Status::Overridden,
        }
        if plan.action.looks_at_nothing() {
            return Status::Off;
        }
        if let Action::Check(check) = &plan.action {
            return self.sensed(plan, item, check);
        }
        if let Some(request) = &item.request {
            return match (&request.no, request.expired) {
                (Some(_), _) => Status::Failed(Outcome::Failed),
                (None, true) => Status::Failed(Outcome::TimedOut),
                (None, false) => Status::Busy,
            };
        }
        let Some(attempt) = item.present() else { return Status::Open };
        match attempt.outcome() {
            None => Status::Busy,
            Some(Outcome::Passed) => Status::Passed,
            Some(Outcome::Unknown) => Status::Unknown,
            Some(Outcome::NotStarted) if attempt.settled == Some(false) => Status::Open,
            Some(outcome) => Status::Failed(outcome),
        }
    }

    /// What a sensed item looks like: the worst of its probes. Before its phase was opened nothing was looked at; when
    /// it is closed, what was green then stays so, and red is a caution.
    fn sensed(&self, plan: &Item, item: &ItemState, check: &Check) -> Status {
        match self.phases.get(plan.phase) {
            Some(phase) if phase.closed.is_some() && item.owed.is_none() => return Status::Passed,
            Some(phase) if phase.opened.is_some() => {}
            _ => return Status::Open,
        }
        let mut worst = Status::Passed;
        for id in &check.probes {
            match self.probes.get(id).filter(|p| p.sample.is_some()).map(|p| p.verdict) {
                None => return Status::Busy,
                Some(Verdict::Bad | Verdict::Flapping) => worst = Status::Failed(Outcome::Failed),
                Some(Verdict::NoData) if worst == Status::Passed => worst = Status::NoData,
                Some(_) => {}
            }
        }
        // What it has to capture and could not is missing.
        let all_there = plan.captures.iter().all(|c| item.captured.contains_key(&c.spec.name));
        if worst == Status::Passed && !all_there { Status::NoData } else { worst }
    }

    /// The phase was closed: its items move no more.
    pub fn is_closed(&self, phase: usize) -> bool {
        self.phases.get(phase).is_some_and(|p| p.closed.is_some())
    }

    /// Whether an item may be worked on now: its phase is open, or it was deferred beyond it and comes back.
    pub fn is_workable(&self, index: usize) -> bool {
        let (Some(plan), Some(item), Some(phase)) = (self.plan.items.get(index), self.items.get(index), self.phase)
        else {
            return false;
        };
        plan.phase == phase || (item.owed.is_some() && self.is_closed(plan.phase))
    }

    /// Whether a probe looks only when asked, and was not asked lately.
    pub fn is_stale(&self, probe: &ProbeId, up: u64) -> bool {
        self.plan.probe(probe).is_some_and(|p| p.every.is_none() && p.members.is_empty())
            && self
                .probes
                .get(probe)
                .and_then(|p| p.sample.as_ref())
                .is_none_or(|s| up.saturating_sub(s.up) > FRESH_ON_DEMAND)
    }

    /// Probes of a phase's green items that look only when asked, and were not asked lately.
    pub(super) fn stale(&self, phase: usize, up: u64) -> Vec<ProbeId> {
        let range = self.plan.range_of(phase);
        let mut named = vec![];
        for index in self.plan.sensed().iter().copied().filter(|i| range.contains(i)) {
            if let Action::Check(check) = &self.plan.items[index].action
                && self.status(index) == Status::Passed
            {
                named.extend(check.probes.iter().cloned());
            }
        }
        super::effect::leaves(&self.plan, &named).into_iter().filter(|id| self.is_stale(id, up)).collect()
    }

    /// What is settled and what is not, for progress. An undo counts only when its step was begun.
    pub fn counts(&self, phase: usize) -> Progress {
        let mut progress = Progress::default();
        for (index, item) in self.plan.items_of(phase) {
            if !self.is_flown(item) {
                continue;
            }
            match self.status(index) {
                Status::Off => progress.off += 1,
                status => {
                    progress.all += 1;
                    progress.settled += usize::from(status.is_settled());
                    match status {
                        Status::Passed => progress.passed += 1,
                        Status::Skipped => progress.skipped += 1,
                        Status::Deferred => progress.deferred += 1,
                        Status::Overridden => progress.overridden += 1,
                        Status::Failed(_) => progress.failed += 1,
                        Status::Unknown => progress.unknown += 1,
                        _ => {}
                    }
                }
            }
        }
        progress
    }

    /// Whether an attempt of an item was begun, whatever came of it: only what certainly never started was not.
    pub fn was_begun(&self, index: usize) -> bool {
        self.items.get(index).is_some_and(|item| {
            item.attempts.iter().any(|a| a.ended.as_ref().is_none_or(|(_, e)| e.outcome != Some(Outcome::NotStarted)))
        })
    }

    /// An undo is flown only when its step was begun; everything else is.
    pub fn is_flown(&self, item: &Item) -> bool {
        item.undoes.is_none_or(|undone| self.was_begun(undone))
    }

    /// What has to be settled before a phase closes: its open items, those of earlier phases that came back, and then
    /// what was deferred to here.
    pub fn unsettled(&self, phase: usize) -> Vec<usize> {
        let mut all: Vec<usize> = self
            .plan
            .items_of(phase)
            .filter(|(index, item)| self.is_flown(item) && !self.status(*index).is_settled())
            .map(|(index, _)| index)
            .collect();
        all.extend(self.came_back(phase));
        all.extend(self.deferred_to(phase));
        all
    }

    /// Items of earlier phases that were deferred, are open again and not settled.
    pub(super) fn came_back(&self, phase: usize) -> impl Iterator<Item = usize> {
        self.waiting.iter().copied().filter(move |index| {
            // Going back asks for nothing of the way there.
            phase != self.plan.rollback_phase()
                && self.plan.items[*index].phase != phase
                && self.is_workable(*index)
                && !self.status(*index).is_settled()
        })
    }

    /// Items that were deferred to this phase's close and have not come back yet.
    pub(super) fn deferred_to(&self, phase: usize) -> impl Iterator<Item = usize> {
        self.waiting.iter().copied().filter(move |index| match &self.items[*index].settled {
            Some(Settled::Deferred(Return::PhaseClose, _)) => self.plan.items[*index].phase == phase,
            Some(Settled::Deferred(Return::Phase(to), _)) => *to <= phase && phase != self.plan.rollback_phase(),
            _ => false,
        })
    }

    /// Pins that steps which apply have to take and that are missing.
    pub fn missing_pins(&self) -> Vec<(usize, Name)> {
        self.missing_pins_before(self.plan.rollback_phase())
    }

    /// Pins that steps of earlier phases have to take, when they apply, and that are missing.
    pub fn missing_pins_before(&self, phase: usize) -> Vec<(usize, Name)> {
        let mut missing = vec![];
        for (index, item) in self.plan.items.iter().enumerate() {
            if item.captures.is_empty() || item.phase >= phase || self.status(index) == Status::Off {
                continue;
            }
            for capture in item.captures.iter().filter(|c| c.spec.pin) {
                if !self.has_pin(&capture.spec.name, capture.key.as_deref()) {
                    missing.push((index, capture.spec.name.clone()));
                }
            }
        }
        missing
    }

    /// Whether a pin was taken; under `for_each` of this key.
    pub fn has_pin(&self, name: &Name, key: Option<&str>) -> bool {
        match (self.pins.get(name), key) {
            (Some(Value::Map(map)), Some(key)) => map.contains_key(key),
            (Some(_), None) => true,
            _ => false,
        }
    }
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items that apply.
    pub all: usize,
    /// Of these, settled.
    pub settled: usize,
    /// Passed.
    pub passed: usize,
    /// Skipped.
    pub skipped: usize,
    /// Deferred.
    pub deferred: usize,
    /// Overridden.
    pub overridden: usize,
    /// Failed, red.
    pub failed: usize,
    /// Unknown.
    pub unknown: usize,
    /// Do not apply.
    pub off: usize,
}
