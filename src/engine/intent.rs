//! What somebody wants. Imperative; the engine answers with events or a refusal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Ended, Resolved, Return};
use super::lease::LeaseNews;
use crate::words::{Actor, Epoch, ItemId, Name, ProbeId, Proof, Sample, Stamp, Value, Verdict};

/// An intent with who, when, and under which control it was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// Who wants it.
    pub actor: Actor,
    /// Epoch of control of a client's intent; none for the program's own.
    pub control: Option<Epoch>,
    /// When it came to the host.
    pub stamp: Stamp,
    /// What.
    pub want: Want,
    /// The answers file gave it.
    pub from_file: bool,
}

impl Intent {
    /// An intent that the answers file did not give.
    pub fn new(actor: Actor, control: Option<Epoch>, stamp: Stamp, want: Want) -> Self {
        Self { actor, control, stamp, want, from_file: false }
    }
}

/// What is wanted. An intent about an item carries the attempts it was drawn for (`seen`: how many attempts and
/// answers the item had); when that is no longer current it is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "fields of one-line intents say what they are")]
pub enum Want {
    // clients
    /// Start the flight; `target` is what was typed on a real target.
    Begin { target: Option<String> },
    /// Go on despite a limitation that blocks.
    AcceptLimitation { name: Name, reason: String },
    /// Move the box to an item.
    OpenItem { item: ItemId },
    /// Start exactly what was shown. `typed`: the words of a danger.
    Start { item: ItemId, seen: u32, shown: String, typed: Option<String>, out_of_order: bool },
    /// Change the command of the next attempt.
    Edit { item: ItemId, seen: u32, what: Resolved },
    /// Stop what runs: the next stage.
    Stop { item: ItemId, attempt: u32 },
    /// Let a command go on that is held because its output cannot be written: what does not fit is dropped and counted.
    GoOnUnrecorded { item: ItemId, attempt: u32 },
    /// Answer a tick, confirm or record.
    Answer { item: ItemId, seen: u32, fields: BTreeMap<String, String> },
    /// Approve or refuse.
    Decide { item: ItemId, hash: String, yes: bool, by: Actor, proof: Proof, says: Option<String> },
    /// Skip.
    Skip { item: ItemId, reason: String },
    /// It does not apply here.
    NotApplicable { item: ItemId, reason: String },
    /// Defer.
    Defer { item: ItemId, to: Return, reason: String },
    /// Go past a red, failed or unknown item.
    Override { item: ItemId, reason: String, second: Option<Actor> },
    /// Say how an unknown attempt ended.
    Settle { item: ItemId, attempt: u32, happened: bool },
    /// Close the open phase.
    ClosePhase { phase: usize },
    /// Nothing new starts.
    Pause { reason: Option<String> },
    /// Go on.
    Continue,
    /// One fresh look at an item's probes.
    Look { item: ItemId },
    /// Look at the pinned places again: refused as long as one is not as pinned.
    CheckPlaces,
    /// Take over the lock at the target from a run whose host is dead.
    TakeOver { reason: String },
    /// Open a settled item again.
    Reopen { item: ItemId, reason: String },
    /// Ask for an approval.
    RequestApproval { item: ItemId },
    /// A note.
    Note { text: String, about: Option<String>, item: Option<ItemId> },
    /// Take control.
    TakeControl { epoch: Epoch },
    /// Ask the holder for control.
    AskControl,
    /// Keep control: no to who asks.
    DeclineControl,
    /// Give control.
    HandOver { to: Actor },
    /// Go back: the rollback's items fly, from the first to verified healthy.
    RollBack { reason: Option<String> },
    /// Why they went back.
    GiveReason { reason: String },
    /// End the run early.
    End { reason: String },
    /// A person is needed, and no client can answer: said by the autopilot, or by a client that nobody sits at.
    NeedPerson { item: Option<ItemId>, why: String },
    // hands
    /// An attempt ended as the keeper says. `fields`: what its expectations and captures may name (`stdout`,
    /// `output`); `outputs`: the lines of `$FLIGHTDECK_OUTPUT`.
    Exited { ended: Box<Ended>, fields: BTreeMap<String, Value>, outputs: BTreeMap<String, String> },
    /// An attempt never started.
    NotStarted { item: ItemId, attempt: u32, why: String },
    /// After a crash it is certain that an attempt never started: it is free to start.
    NeverStarted { item: ItemId, attempt: u32, why: String },
    /// After a crash nobody knows how it ended.
    Lost { item: ItemId, attempt: u32, last_lines: Vec<String> },
    /// After a crash the keeper still has it.
    Adopted { item: ItemId, attempt: u32, pid: Option<u32> },
    /// A notice was answered.
    Called { item: ItemId, attempt: u32, ok: bool, answer: String },
    /// Somebody took what nobody waited for, or is given up: a late try of a step's notice, a trace, an annotation.
    Told { item: Option<ItemId>, to: Name, ok: bool, answer: String },
    /// Bytes were typed into a command (one a burst).
    Typed { item: ItemId, attempt: u32, bytes: u64 },
    // eyes
    /// A verdict turned.
    Verdict { probe: ProbeId, verdict: Verdict, sample: Box<Sample> },
    /// A look that was asked for.
    Looked { probe: ProbeId, verdict: Verdict, sample: Box<Sample> },
    /// A wait's condition holds.
    Met { item: ItemId, attempt: u32, why: String },
    /// A stream's `until` holds.
    UntilMet { item: ItemId, attempt: u32 },
    /// A settling probe looked.
    SettleLooked { item: ItemId, attempt: u32, good: bool, text: String },
    /// A baseline's window is over: figures, or why not.
    Baseline {
        item: ItemId,
        attempt: u32,
        figures: BTreeMap<ProbeId, f64>,
        samples: BTreeMap<ProbeId, u32>,
        why: Option<String>,
    },
    /// A segment of the spool was sealed.
    Sealed { file: String, sha256: String, counts: BTreeMap<String, u64> },
    // time
    /// A timer is due.
    Due { timer: Timer },
    /// The limit of a wait is over: which figure missed, as the eyes last saw it.
    TooLate { item: ItemId, attempt: u32, missed: String },
    // host
    /// A host took the run.
    HostStart { epoch: Epoch, pid: u32, boot: String, program: String },
    /// The host leaves in order.
    HostLeave { why: String },
    /// A place was looked at for the first time.
    Pinned { kind: String, is: String },
    /// A pinned place was looked at again.
    TargetFound { kind: String, found: String },
    /// The host learned whose the lock at the target is.
    Lease { place: String, news: LeaseNews },
    /// The clocks went apart.
    ClockStep { by: i64 },
    /// A torn tail was repaired.
    Tail { bytes: u64 },
    /// The journal failed or works again.
    Storage { failed: bool, why: String },
    /// The operator must see something.
    Caution { text: String, item: Option<ItemId> },
}

impl Want {
    /// What a client may want; the rest is the program's own to say.
    pub fn is_a_clients(&self) -> bool {
        match self {
            Self::Begin { .. }
            | Self::AcceptLimitation { .. }
            | Self::OpenItem { .. }
            | Self::Start { .. }
            | Self::Edit { .. }
            | Self::Stop { .. }
            | Self::GoOnUnrecorded { .. }
            | Self::Answer { .. }
            | Self::Decide { .. }
            | Self::Skip { .. }
            | Self::NotApplicable { .. }
            | Self::Defer { .. }
            | Self::Override { .. }
            | Self::Settle { .. }
            | Self::ClosePhase { .. }
            | Self::Pause { .. }
            | Self::Continue
            | Self::Look { .. }
            | Self::CheckPlaces
            | Self::TakeOver { .. }
            | Self::Reopen { .. }
            | Self::RequestApproval { .. }
            | Self::Note { .. }
            | Self::TakeControl { .. }
            | Self::AskControl
            | Self::DeclineControl
            | Self::HandOver { .. }
            | Self::NeedPerson { .. }
            | Self::RollBack { .. }
            | Self::GiveReason { .. }
            | Self::End { .. } => true,
            Self::Exited { .. }
            | Self::NotStarted { .. }
            | Self::NeverStarted { .. }
            | Self::Lost { .. }
            | Self::Adopted { .. }
            | Self::Called { .. }
            | Self::Told { .. }
            | Self::Typed { .. }
            | Self::Verdict { .. }
            | Self::Looked { .. }
            | Self::Met { .. }
            | Self::UntilMet { .. }
            | Self::SettleLooked { .. }
            | Self::Baseline { .. }
            | Self::Sealed { .. }
            | Self::Due { .. }
            | Self::TooLate { .. }
            | Self::HostStart { .. }
            | Self::HostLeave { .. }
            | Self::Pinned { .. }
            | Self::TargetFound { .. }
            | Self::Lease { .. }
            | Self::ClockStep { .. }
            | Self::Tail { .. }
            | Self::Storage { .. }
            | Self::Caution { .. } => false,
        }
    }

    /// What people may want also while the journal has no room to go on: it stops, looks or says something, and nothing
    /// comes of it that has to be followed up.
    pub fn needs_no_room(&self) -> bool {
        matches!(
            self,
            Self::Stop { .. }
                | Self::GoOnUnrecorded { .. }
                | Self::Pause { .. }
                | Self::Continue
                | Self::Look { .. }
                | Self::CheckPlaces
                | Self::Note { .. }
                | Self::NeedPerson { .. }
                | Self::TakeControl { .. }
                | Self::AskControl
                | Self::DeclineControl
        )
    }
}

/// A timer of the engine. Its due time is in [`super::Wanted`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// An attempt's limit.
    Timeout(ItemId, u32),
    /// The next stage of a stop.
    Escalate(ItemId, u32),
    /// The end of a wait for a time.
    WaitOver(ItemId, u32),
    /// A baseline's window.
    BaselineOver(ItemId, u32),
    /// An approval request's end.
    ApprovalOver(ItemId),
    /// A retry's pause.
    Retry(ItemId, u32),
    /// The autopilot's patience with a sensed item that is not green.
    Patience(ItemId),
    /// A deferred item's due time.
    Deferred(ItemId),
}

/// Why an intent was refused: what happened and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// In words, for the bottom row.
    pub why: String,
    /// A person is needed here (the autopilot stops).
    pub person: bool,
}

impl Refusal {
    /// A refusal in words.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), person: false }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}
