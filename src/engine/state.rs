//! The fold of a run's events: what everybody sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::{Ended, Resolved, Return, RunEnd, RunOpened, Started, StopStage};
use super::plan::{Action, Plan};
use crate::words::{Actor, Epoch, ItemId, Name, Outcome, ProbeId, Sample, Stamp, Value, Verdict};

/// The state of a run after some number of events.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Number of the last event.
    pub seq: u64,
    /// Stamp of the last event.
    pub now: Option<Stamp>,
    /// How the run was opened.
    pub opened: Option<Arc<RunOpened>>,
    /// Stamp of the first event.
    pub opened_at: Option<Stamp>,
    /// sha256 of the plan.
    pub plan_sha256: Option<String>,
    /// The flight began.
    pub begun: Option<Stamp>,
    /// How it ended.
    pub ended: Option<RunEnded>,
    /// The host.
    pub host: HostState,
    /// Who has control.
    pub control: Control,
    /// Paused since, at, why.
    pub paused: Option<Paused>,
    /// Parked: a person is needed, why.
    pub person_needed: Option<(Option<ItemId>, String)>,
    /// Phases, the rollback's last.
    pub phases: Vec<PhaseState>,
    /// The open phase.
    pub phase: Option<usize>,
    /// The item the box is on.
    pub current: Option<usize>,
    /// Items, as in the plan.
    pub items: Vec<Arc<ItemState>>,
    /// Number of the last attempt.
    pub attempts: u32,
    /// The attempt with hands on something: item and attempt.
    pub running: Vec<(usize, u32)>,
    /// Latest verdict and the sample that turned it.
    pub probes: BTreeMap<ProbeId, ProbeState>,
    /// Captured values by name; a map by key under `for_each`.
    pub captures: BTreeMap<Name, Value>,
    /// Pins by name.
    pub pins: BTreeMap<Name, Value>,
    /// Baseline figures, base units.
    pub baselines: BTreeMap<ProbeId, f64>,
    /// Accepted limitations with their reasons.
    pub accepted: BTreeMap<Name, String>,
    /// Notes, in order.
    pub notes: Vec<Note>,
    /// Cautions, in order.
    pub cautions: Vec<Caution>,
    /// Places that are not as pinned: kind, pinned, found.
    pub moved: BTreeMap<String, (String, String)>,
    /// Places as pinned.
    pub pinned: BTreeMap<String, String>,
    /// The journal cannot be written: since, why.
    pub storage_failed: Option<(Stamp, String)>,
    /// The first step that changed the world.
    pub world_changed: Option<Stamp>,
    /// Sealed segments of the spool.
    pub sealed: BTreeSet<String>,
    /// Notices with their answers.
    pub notices: Vec<(Stamp, Name, bool, String)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnded {
    /// When.
    pub stamp: Stamp,
    /// How.
    pub how: RunEnd,
    /// Items that ended failed.
    pub failed: u32,
    /// Items that return later.
    pub deferred: u32,
    /// Why, when it was ended early.
    pub reason: Option<String>,
    /// Who ended it.
    pub by: Actor,
}

/// The host, as the journal knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostState {
    /// How often a host was started.
    pub epoch: Epoch,
    /// Its pid.
    pub pid: u32,
    /// The machine's boot id.
    pub boot: String,
    /// It left in order.
    pub left: Option<String>,
}

/// Who has control.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    /// Counts changes of control.
    pub epoch: Epoch,
    /// The holder.
    pub holder: Option<Actor>,
    /// Somebody who asks, until when (run time, µs).
    pub asked: Option<(Actor, u64)>,
}

/// A pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Paused {
    /// Since.
    pub since: Stamp,
    /// At.
    pub at: Option<ItemId>,
    /// Why.
    pub reason: Option<String>,
}

/// A phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseState {
    /// When it was opened.
    pub opened: Option<Stamp>,
    /// When it was closed.
    pub closed: Option<Stamp>,
}

/// A note.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// When it was written.
    pub stamp: Stamp,
    /// Who.
    pub by: Actor,
    /// Its text.
    pub text: String,
    /// The time it speaks of.
    pub about: Option<String>,
    /// The item it stands at.
    pub item: Option<ItemId>,
}

/// Something the operator must see.
#[derive(Clone, Debug, PartialEq)]
pub struct Caution {
    /// When.
    pub stamp: Stamp,
    /// What.
    pub text: String,
    /// Where.
    pub item: Option<ItemId>,
}

/// A probe as the journal knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeState {
    /// Its verdict.
    pub verdict: Verdict,
    /// The sample that turned it, or of a look that was asked for.
    pub sample: Option<Arc<Sample>>,
    /// Run time of the last change, µs.
    pub since: u64,
    /// Run time of the last look that was asked for, µs.
    pub looked: Option<u64>,
}

/// What an attempt was and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Its number in the run.
    pub number: u32,
    /// Who started it.
    pub by: Actor,
    /// When.
    pub started: Stamp,
    /// What was started.
    pub what: Arc<Started>,
    /// The stage of a stop that was asked for.
    pub stopping: Option<(StopStage, u64)>,
    /// It is stopped because its limit ran out.
    pub timed_out: bool,
    /// A stream's `until` holds.
    pub until_met: bool,
    /// A new host adopted it.
    pub adopted: bool,
    /// When and how it ended.
    pub ended: Option<(Stamp, Arc<Ended>)>,
    /// Of an unknown one: it happened, it did not.
    pub settled: Option<bool>,
}

impl Attempt {
    /// How it ended; none while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        match (self.ended.as_ref(), self.settled) {
            (_, Some(true)) => Some(Outcome::Passed),
            (_, Some(false)) => Some(Outcome::NotStarted),
            (Some((_, ended)), None) => ended.outcome,
            (None, None) => None,
        }
    }
}

/// A decision of a person about an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// Answered: values, who, proof.
    Answered(super::event::Answered),
    /// Skipped, why.
    Skipped(String),
    /// Does not apply, why.
    NotApplicable(String),
    /// Deferred: to where, why.
    Deferred(Return, String),
    /// Overridden, why, by which second person.
    Overridden(String, Option<Actor>),
}

/// An approval that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// When.
    pub stamp: Stamp,
    /// Of whom.
    pub of: Vec<String>,
    /// Until when (run time, µs).
    pub until: u64,
    /// The text they approve.
    pub text: String,
    /// Its hash.
    pub hash: String,
    /// Who said yes so far.
    pub yes: Vec<Actor>,
    /// Who said no.
    pub no: Option<(Actor, Option<String>)>,
    /// It expired.
    pub expired: bool,
}

/// An item.
#[derive(Clone, Debug, Default)]
pub struct ItemState {
    /// When the operator came to it first.
    pub opened: Option<Stamp>,
    /// When it was settled last.
    pub settled_at: Option<Stamp>,
    /// Who settled it last.
    pub settled_by: Option<Actor>,
    /// A run-time condition: decided on or off, with the values it saw.
    pub switched: Option<(bool, String)>,
    /// A person's decision.
    pub settled: Option<Settled>,
    /// Attempts, the last one last.
    pub attempts: Vec<Attempt>,
    /// The command of the next attempt was edited.
    pub edited: Option<Resolved>,
    /// An approval request.
    pub request: Option<Request>,
    /// How often it was opened again.
    pub reopened: u32,
    /// Values it captured.
    pub captured: BTreeMap<Name, Value>,
    /// Bytes typed into it.
    pub typed: u64,
    /// Answered faster than it can be read.
    pub fast: bool,
    /// Earlier answers that were opened again.
    pub earlier: Vec<Settled>,
}

impl ItemState {
    /// Counts what an intent was drawn for: attempts, answers, re-openings and edits.
    pub fn seen(&self) -> u32 {
        self.attempts.len() as u32
            + self.reopened
            + u32::from(self.settled.is_some())
            + u32::from(self.edited.is_some())
            + self.attempts.iter().filter(|a| a.ended.is_some()).count() as u32
    }

    /// The present attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}

/// What an item looks like; each has a glyph of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// `○` not settled.
    Open,
    /// `◐` something runs, waits or was asked for.
    Busy,
    /// `✓`.
    Passed,
    /// `✕` failed, timed out, cancelled, not started; a red sensed item is `Failed(Outcome::Failed)`.
    Failed(Outcome),
    /// `⊘`.
    Skipped,
    /// `↷`.
    Deferred,
    /// `≈`.
    Overridden,
    /// `?`.
    Unknown,
    /// `∅` a sensed item without data.
    NoData,
    /// `·` does not apply.
    Off,
}

impl Status {
    /// Nothing is left to do here (for now).
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Passed | Self::Skipped | Self::Deferred | Self::Overridden | Self::Off)
    }
}

impl State {
    /// The state before the first event.
    pub fn new(plan: Arc<Plan>) -> Self {
        let phases = plan.phases.len() + usize::from(plan.rollback.is_some());
        Self {
            items: vec![Arc::default(); plan.items.len()],
            phases: vec![PhaseState::default(); phases],
            plan,
            ..Self::default()
        }
    }

    /// The speed of the run's clock.
    pub fn speed(&self) -> f64 {
        self.opened.as_ref().map_or(1.0, |o| o.speed)
    }

    /// The run is a training run.
    pub fn is_training(&self) -> bool {
        self.opened.as_ref().is_some_and(|o| o.overlay.is_some())
    }

    /// An item's place by id.
    pub fn index(&self, id: &ItemId) -> Option<usize> {
        self.plan.index(id)
    }

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
        if let Action::Check(check) = &plan.action {
            return self.sensed(plan.phase, &check.probes);
        }
        if let Some(request) = &item.request {
            return match (&request.no, request.expired) {
                (Some(_), _) => Status::Failed(Outcome::Failed),
                (None, true) => Status::Failed(Outcome::TimedOut),
                (None, false) => Status::Busy,
            };
        }
        match item.attempt() {
            None => Status::Open,
            Some(attempt) if item.reopened > 0 && attempt.ended.is_some() && item.settled_at.is_none() => Status::Open,
            Some(attempt) => match attempt.outcome() {
                None => Status::Busy,
                Some(Outcome::Passed) => Status::Passed,
                Some(Outcome::Unknown) => Status::Unknown,
                Some(Outcome::NotStarted) if attempt.settled == Some(false) => Status::Open,
                Some(outcome) => Status::Failed(outcome),
            },
        }
    }

    /// What a sensed item looks like: the worst of its probes; before its phase was opened nothing was looked at.
    fn sensed(&self, phase: usize, probes: &[ProbeId]) -> Status {
        if probes.is_empty() {
            return Status::Off;
        }
        if self.phases.get(phase).is_none_or(|p| p.opened.is_none()) {
            return Status::Open;
        }
        let mut worst = Status::Passed;
        for id in probes {
            match self.probes.get(id).filter(|p| p.sample.is_some()).map(|p| p.verdict) {
                None => return Status::Busy,
                Some(Verdict::Bad | Verdict::Flapping) => worst = Status::Failed(Outcome::Failed),
                Some(Verdict::NoData) if worst == Status::Passed => worst = Status::NoData,
                Some(_) => {}
            }
        }
        worst
    }

    /// The phase was closed: its items move no more.
    pub fn is_closed(&self, phase: usize) -> bool {
        self.phases.get(phase).is_some_and(|p| p.closed.is_some())
    }

    /// What was settled when a phase was closed stays settled: the status that counts for progress.
    pub fn counts(&self, phase: usize) -> Progress {
        let mut progress = Progress::default();
        for (index, item) in self.plan.items_of(phase) {
            if item.undoes.is_some() && !self.was_begun(item.undoes) {
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

    fn was_begun(&self, item: Option<usize>) -> bool {
        item.and_then(|i| self.items.get(i)).is_some_and(|i| !i.attempts.is_empty())
    }

    /// Items of the open phase that are not settled, in order.
    pub fn unsettled(&self, phase: usize) -> Vec<usize> {
        self.plan
            .items_of(phase)
            .filter(|(index, item)| item.undoes.is_none() && !self.status(*index).is_settled())
            .map(|(index, _)| index)
            .collect()
    }

    /// Pins that steps which apply have to take and that are missing.
    pub fn missing_pins(&self) -> Vec<(usize, Name)> {
        let mut missing = vec![];
        for (index, item) in self.plan.items.iter().enumerate() {
            if item.phase == self.plan.rollback_phase() || self.status(index) == Status::Off {
                continue;
            }
            for capture in item.captures.iter().filter(|c| c.spec.pin) {
                let there = match (self.pins.get(&capture.spec.name), &capture.key) {
                    (Some(Value::Map(map)), Some(key)) => map.contains_key(key),
                    (Some(_), None) => true,
                    _ => false,
                };
                if !there {
                    missing.push((index, capture.spec.name.clone()));
                }
            }
        }
        missing
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
