//! What happened. Past tense, externally tagged, snake_case; a kind or field that is not known is a newer run's.
//!
//! Everything that was evaluated is in here: `apply` never parses, fills in, compares text or reads a runbook.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lease::LeaseHolder;
use crate::words::{Actor, Epoch, ItemId, Name, Outcome, ProbeId, Proof, Sample, Stamp, Value, Verdict};

/// What the sandbox gives a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// The scenario's name.
    pub scenario: String,
    /// The world's folder: the run's root.
    pub root: String,
    /// Environment beside the starter's, for commands and probes.
    pub env: BTreeMap<String, String>,
    /// Parameters that the world decides (addresses, certificates).
    pub parameters: BTreeMap<String, String>,
}

/// Settings of the autopilot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Autopilot {
    /// `--yes`: starts commands, ticks boxes, answers what asks for no evidence.
    pub yes: bool,
    /// sha256 of the answers file.
    pub answers: Option<String>,
}

/// How a run was opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOpened {
    /// The run's id.
    pub run: String,
    /// Program and version.
    pub program: String,
    /// The operator.
    pub operator: String,
    /// sha256 of every runbook file, by path as given.
    pub manifest: BTreeMap<String, String>,
    /// The runbook's path as given; the first of the manifest.
    pub runbook: String,
    /// Folder that commands start in.
    pub workdir: String,
    /// Folder for files that steps and pins save: `run.dir`, `$run_dir`.
    #[serde(default)]
    pub dir: String,
    /// Names of the environment that commands inherit.
    pub environment: Vec<String>,
    /// Values of those of them that say where and as whom commands act.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// How much faster than real time the run's clock goes; 1 without an overlay.
    pub speed: f64,
    /// The sandbox's overlay.
    pub overlay: Option<Overlay>,
    /// The autopilot.
    pub autopilot: Autopilot,
    /// Usual durations of items from earlier runs, in seconds: median and how many.
    pub usual: BTreeMap<String, (f64, u32)>,
}

/// What an attempt runs, resolved: its hash is the chain's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Resolved {
    /// A command's arguments.
    Argv(Vec<String>),
    /// A script.
    Script {
        /// `bash` or `sh`.
        shell: String,
        /// Its text.
        text: String,
    },
    /// A notice.
    Notice {
        /// Channels.
        to: Vec<Name>,
        /// Its title.
        title: String,
        /// Its text.
        text: String,
    },
    /// The program waits or measures; nothing is started.
    Watching,
}

/// A resolved attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// The item.
    pub item: ItemId,
    /// The attempt's number in the run.
    pub attempt: u32,
    /// What is run.
    pub what: Resolved,
    /// Folder.
    pub cwd: String,
    /// Environment beside the run's; a secret's value is `Env::Secret`.
    pub env: BTreeMap<String, Env>,
    /// stdout is on a pipe.
    pub capture_stdout: bool,
    /// Seconds it may take.
    pub timeout: Option<f64>,
    /// It changes the world.
    pub changes: bool,
    /// sha256 of `what`, `cwd` and `env`, in hex: what the client showed.
    pub digest: String,
    /// It differs from the runbook.
    pub edited: bool,
    /// The answers file said that it starts, or gave the words of its danger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_file: bool,
}

/// A value of an attempt's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Env {
    /// A value that may be seen.
    Value(String),
    /// A template that names secrets: filled in by the host, never written.
    Secret(String),
}

/// How an attempt ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ended {
    /// The item.
    pub item: ItemId,
    /// The attempt's number.
    pub attempt: u32,
    /// How.
    pub outcome: Option<Outcome>,
    /// Exit code, of a command.
    pub exit: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Length of `N.out`.
    pub output_bytes: u64,
    /// sha256 of `N.out`, hex; empty without output.
    pub output_sha256: String,
    /// Last lines of output, clean text.
    pub last_lines: Vec<String>,
    /// Why it is not passed, in words: which expectation failed, which limit ran out.
    pub why: Option<String>,
    /// Evidence: a receiver's answer, a backup's path.
    pub evidence: Option<String>,
    /// Run time it took, in microseconds.
    pub took: u64,
}

/// A person's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answered {
    /// The item.
    pub item: ItemId,
    /// Who.
    pub by: Option<Actor>,
    /// Values by field; `answer` for a confirm.
    pub fields: BTreeMap<String, Value>,
    /// Yes, or of an approval no.
    pub yes: bool,
    /// How the approver was known.
    pub proof: Option<Proof>,
    /// It came from the answers file.
    pub from_file: bool,
    /// Answered faster than it can be read.
    pub fast: bool,
    /// Enough approvals are there.
    pub settled: bool,
    /// What they said.
    pub says: Option<String>,
}

/// Where a deferred item comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Return {
    /// At this phase's close.
    PhaseClose,
    /// At a later phase's close.
    Phase(usize),
    /// At the end of the watch.
    WatchEnd,
    /// At this run time, in microseconds.
    At(u64),
}

/// How an unsettled item left its phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// The item.
    pub item: ItemId,
    /// In words: `passed`, `skipped`, `deferred`, `overridden`, `does not apply`.
    pub how: String,
}

/// The decision to go back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decided {
    /// Why; it may follow.
    pub reason: Option<String>,
    /// The trigger that fired.
    pub trigger: Option<Name>,
    /// Run time from which the recovery time counts, µs: of the trigger's firing, else of the decision.
    pub since: u64,
    /// The phase that was left.
    pub phase: Option<usize>,
    /// The rollback's items, in the order in which they are flown: undos only of what was begun.
    pub items: Vec<ItemId>,
    /// What it goes back to.
    pub pins: BTreeMap<Name, Value>,
    /// The answers file decided it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub from_file: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// All phases closed.
    Completed,
    /// A person ended it early.
    Early,
    /// The rollback reached verified healthy.
    RolledBack,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "fields of one-line events say what they are")]
pub enum Event {
    // run
    /// The run was opened.
    RunOpened(Box<RunOpened>),
    /// A parameter got its value (or the source of a secret).
    ParameterSet { name: Name, value: Value, secret: Option<String>, from: String },
    /// The plan was written.
    PlanFixed { sha256: String, items: usize },
    /// A place was looked at and pinned.
    TargetPinned { kind: String, is: String },
    /// A limitation was accepted.
    LimitationAccepted { name: Name, reason: String, from_file: bool },
    /// A host took the run.
    HostStarted { epoch: Epoch, pid: u32, boot: String, program: String },
    /// Somebody has control.
    ControlTaken { epoch: Epoch, by: Actor, from: Option<Actor>, answered: bool },
    /// Control was given.
    ControlHandedOver { epoch: Epoch, to: Actor },
    /// Somebody asks for control.
    ControlRequested { by: Actor, until: u64 },
    /// The holder keeps control.
    ControlDeclined { to: Actor },
    /// The flight began.
    RunBegun { operator: String },
    /// Nothing new starts.
    RunPaused { reason: Option<String>, at: Option<ItemId> },
    /// It goes on.
    RunContinued,
    /// A person is needed and no client can answer: the run is parked.
    PersonNeeded { item: Option<ItemId>, why: String },
    /// The host left in order.
    HostLeft { why: String },
    /// The operator must see this.
    CautionRaised { text: String, item: Option<ItemId> },
    /// A pinned place is another now: nothing starts.
    TargetChanged { kind: String, pinned: String, found: String },
    /// It is as pinned again.
    TargetRestored { kind: String },
    // the lock at the target
    /// It is asked for: nothing that changes the world starts before the answer.
    LeaseAsked { place: String },
    /// It is this run's.
    LeaseTaken { place: String },
    /// Another run has it: nothing starts.
    LeaseRefused { place: String, by: LeaseHolder },
    /// Another run took it over: nothing new starts.
    LeaseLost { place: String, by: LeaseHolder },
    /// It cannot be taken here: the run goes on without.
    LeaseMissing { place: String, why: String },
    /// A person takes over the lock of a run whose host is dead.
    LeaseTakeOver { from: LeaseHolder, reason: String },
    /// It was given back.
    LeaseReleased { place: String },
    /// A notice was answered by its receiver (of a trigger, of a request).
    NoticeSent { to: Name, ok: bool, answer: String },
    /// Wall time and run time went apart, in microseconds.
    ClockStepped { by: i64 },
    /// A torn last line was set aside.
    TailRepaired { bytes: u64 },
    /// The journal could not be written.
    StorageFailed { why: String },
    /// It can be written again.
    StorageRecovered { file: String },
    /// The run ended.
    RunEnded { how: RunEnd, failed: u32, deferred: u32, reason: Option<String> },
    // place
    /// A phase was opened.
    PhaseOpened { phase: usize },
    /// The operator came to an item: its clock of "how long open" starts.
    ItemOpened { item: ItemId },
    /// A run-time condition was decided, with the values it saw.
    ItemSwitched { item: ItemId, on: bool, why: String },
    /// A phase was closed.
    PhaseClosed { phase: usize, settlements: Vec<Settlement> },
    // going back
    /// Somebody decided to go back: the rollback's items fly from here on.
    RollbackDecided(Box<Decided>),
    /// Why they went back, said after the decision.
    ReasonGiven { reason: String },
    /// The system is verified healthy again: the RTO clock stops.
    RollbackVerified { item: Option<ItemId>, took: u64 },
    // hands
    /// The command that the next attempt runs was edited: a deviation.
    CommandEdited { item: ItemId, what: Resolved },
    /// An attempt was started.
    AttemptStarted(Box<Started>),
    /// Stopping was asked for: `interrupt`, `terminate`, `kill`.
    StopRequested { item: ItemId, attempt: u32, stage: StopStage, why: StopWhy },
    /// The operator let an attempt go on though its output cannot be kept.
    WentUnrecorded { item: ItemId, attempt: u32 },
    /// An attempt ended.
    AttemptEnded(Box<Ended>),
    /// A new host adopted a running attempt.
    AttemptAdopted { item: ItemId, attempt: u32, pid: Option<u32> },
    /// An answer came for an attempt that is settled.
    LateResultIgnored { item: ItemId, attempt: u32, what: String },
    /// A value was captured or pinned.
    ValueCaptured { item: ItemId, name: Name, key: Option<String>, pin: bool, value: Value },
    /// Somebody typed into a command; how many bytes.
    TypedInto { item: ItemId, attempt: u32, bytes: u64 },
    // people
    /// A person answered.
    ItemAnswered(Box<Answered>),
    /// A person skipped it.
    ItemSkipped { item: ItemId, reason: String, from_file: bool },
    /// A person said that it does not apply.
    ItemNotApplicable { item: ItemId, reason: String },
    /// A person deferred it.
    ItemDeferred { item: ItemId, to: Return, reason: String, from_file: bool },
    /// A person went past a red or unknown item.
    ItemOverridden { item: ItemId, reason: String, from_file: bool, second: Option<Actor> },
    /// An unknown attempt was settled.
    UnknownSettled { item: ItemId, attempt: u32, happened: bool, by_probe: Option<String> },
    /// A settled item was opened again.
    ItemReopened { item: ItemId, reason: String },
    /// An approval was asked for.
    ApprovalRequested { item: ItemId, of: Vec<String>, until: u64, text: String, hash: String },
    /// Nobody answered an approval's request in time.
    ApprovalExpired { item: ItemId },
    /// A note; with the time it speaks of, if given.
    NoteAdded {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemId>,
    },
    // eyes
    /// A probe's verdict turned.
    VerdictChanged { probe: ProbeId, verdict: Verdict, sample: Box<Sample> },
    /// A fresh look was asked for by an item that looks only when asked, or by a close; what it saw.
    Looked { probe: ProbeId, verdict: Verdict, sample: Box<Sample> },
    /// Fresh looks were asked for; with a phase: to close it.
    LookAsked {
        probes: Vec<ProbeId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closing: Option<usize>,
    },
    /// Figures before the change.
    BaselineTaken { item: ItemId, figures: BTreeMap<ProbeId, f64>, samples: BTreeMap<ProbeId, u32> },
    /// A segment of the spool was sealed.
    SamplesSealed { file: String, sha256: String, counts: BTreeMap<String, u64> },
}

/// How hard an attempt is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopStage {
    /// As Ctrl-C does.
    Interrupt,
    /// SIGTERM to the group.
    Terminate,
    /// SIGKILL to the group.
    Kill,
}

/// Why an attempt is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopWhy {
    /// A person stopped it.
    Person,
    /// Its limit ran out.
    Timeout,
    /// A stream's `until` holds.
    Until,
}

/// An event with the stamp and actor of its journal line.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The line's number.
    pub seq: u64,
    /// When.
    pub stamp: Stamp,
    /// Who.
    pub by: Actor,
    /// What.
    pub event: Event,
}
