//! The fold of a run's events: what everybody sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::{Ended, Resolved, Return, RunEnd, RunOpened, Started, StopStage};
use super::lease::Lease;
use super::plan::Plan;
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
    /// They go back.
    pub rollback: Option<GoingBack>,
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
    /// A close that waits for fresh looks: the phase, and since when (run time, µs).
    pub closing: Option<(usize, u64)>,
    /// The item the box is on.
    pub current: Option<usize>,
    /// Items, as in the plan.
    pub items: Vec<Arc<ItemState>>,
    /// Items that were deferred, or whose approval was asked for: few, while items are many.
    pub waiting: BTreeSet<usize>,
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
    /// The lock at the target.
    pub lease: Option<Lease>,
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
    /// Who asked last and was told no.
    pub declined: Option<Actor>,
}

/// A rollback that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct GoingBack {
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// What was decided.
    pub decided: Arc<super::event::Decided>,
    /// When the system was verified healthy, and the run time that it took, µs.
    pub verified: Option<(Stamp, u64)>,
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
    /// The runbook wants it (`pause_after`), nobody asked for it.
    pub planned: bool,
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
    /// Run time at which a close asked for a look, µs.
    pub asked: Option<u64>,
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
    /// The operator let it go on though its output could not be kept.
    pub unrecorded: bool,
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
    /// When the box came to it last.
    pub came: Option<Stamp>,
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
    /// Attempts of before it was opened again last: they say nothing of how it stands.
    pub before: usize,
    /// It was deferred beyond its phase, or opened again after that was closed, and is owed until it is settled.
    pub owed: Option<Return>,
    /// The run has paused after it, as the runbook wants.
    pub paused_after: bool,
    /// How often something about it was decided: what an intent was drawn for.
    pub changes: u32,
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
    /// Counts what an intent was drawn for: every decision about the item raises it.
    pub fn seen(&self) -> u32 {
        self.changes
    }

    /// The last attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The last attempt since it was opened again: the one that says how it stands.
    pub fn present(&self) -> Option<&Attempt> {
        self.attempts.get(self.before..)?.last()
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
}
