//! What the record holds, in the order in which a reader meets it; `record.json` is this, serialised.
//!
//! Times are [`Stamp`]s (`at` in UTC, `up` in µs of run time), durations are seconds of run time, lists are in the
//! order of the journal or of the plan.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::words::{Proof, Stamp, Value};

/// The whole record.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Document {
    /// The format of this document: `flightdeck-record 1`.
    pub format: &'static str,
    /// How it went.
    pub outcome: OutcomeRecord,
    /// The run's id.
    pub run: String,
    /// The runbook's title.
    pub title: String,
    /// What it is for.
    pub about: Option<String>,
    /// The system that was deployed.
    pub system: Option<String>,
    /// Versions before and after.
    pub change: Option<(String, String)>,
    /// The operator at the start.
    pub operator: String,
    /// Everybody who acted, in order of appearance.
    pub people: Vec<String>,
    /// Where: what was pinned.
    pub places: Vec<PlaceRecord>,
    /// The runbook.
    pub runbook: RunbookRecord,
    /// Program and version that opened the run.
    pub program: String,
    /// The scenario of a training run; nothing real was touched then.
    pub training: Option<String>,
    /// How much faster than real time the run's clock went.
    pub speed: f64,
    /// Settings of the autopilot, in words.
    pub autopilot: Option<String>,
    /// When the run was opened.
    pub opened: Option<Stamp>,
    /// When the flight began.
    pub begun: Option<Stamp>,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// The newest event's time.
    pub last: Option<Stamp>,
    /// Seconds from begin to end (to the newest event while it goes on).
    pub seconds: Option<f64>,
    /// How items stand, counted.
    pub counts: Counts,
    /// What is wrong with the journal that this was made from.
    pub damage: Vec<String>,
    /// What a reader should know first, the worst first.
    pub findings: Vec<Finding>,
    /// Known limitations that applied.
    pub limitations: Vec<LimitationRecord>,
    /// Cautions.
    pub cautions: Vec<NoteRecord>,
    /// Notes.
    pub notes: Vec<NoteRecord>,
    /// Every phase with every item.
    pub phases: Vec<PhaseRecord>,
    /// The rollback of the runbook.
    pub rollback: Option<PhaseRecord>,
    /// They went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_back: Option<WentBack>,
    /// Notices that were not a step's, with their receivers' answers.
    pub notices: Vec<NoticeRecord>,
    /// Triggers of the runbook: shown; this version does not arm them.
    pub triggers: Vec<TriggerRecord>,
    /// The watch of the runbook: shown; this version does not keep it.
    pub watch: Option<WatchRecord>,
    /// Pins: what the rollback goes back to.
    pub pins: BTreeMap<String, Shown>,
    /// Figures before the change.
    pub baselines: BTreeMap<String, Shown>,
    /// Parameters.
    pub parameters: Vec<ParameterRecord>,
    /// Contacts.
    pub contacts: Vec<ContactRecord>,
    /// Links.
    pub links: Vec<LinkRecord>,
    /// Processes that ran it, and changes of control.
    pub hosts: Vec<HostRecord>,
    /// The journal's end when this was written.
    pub chain: Chain,
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OutcomeRecord {
    /// `completed`, `ended_early`, `rolled_back`, `open`.
    pub how: &'static str,
    /// In words.
    pub words: String,
    /// Why it was ended early, or why it rests.
    pub reason: Option<String>,
    /// Who ended it.
    pub by: Option<String>,
}

/// A rollback that was decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WentBack {
    /// When it was decided.
    pub decided: Option<Stamp>,
    /// Who decided it.
    pub by: String,
    /// The answers file decided it.
    pub from_file: bool,
    /// Why, as far as it was said.
    pub reason: Option<String>,
    /// The trigger that brought it.
    pub trigger: Option<String>,
    /// The phase that was left.
    pub left: Option<String>,
    /// When the system was verified healthy.
    pub verified: Option<Stamp>,
    /// Seconds to that.
    pub seconds: Option<f64>,
    /// The recovery time objective, seconds.
    pub rto: Option<f64>,
    /// Begun, changing, without an undo: what they did stays.
    pub stays: Vec<String>,
    /// Points of no return that were begun: title and what is lost.
    pub no_return: Vec<(String, String)>,
}

/// A value for programs and for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shown {
    /// The value; quantities as the expression language writes them.
    pub value: serde_json::Value,
    /// As people read it.
    pub text: String,
}

impl From<&Value> for Shown {
    fn from(value: &Value) -> Self {
        Self { value: value.to_json(), text: value.to_string() }
    }
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlaceRecord {
    /// `environment`, `git`, …
    pub kind: String,
    /// What the runbook says it is.
    pub is: Option<String>,
    /// What was found and pinned.
    pub pinned: Option<String>,
}

/// The runbook.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunbookRecord {
    /// Its path as given.
    pub path: String,
    /// Its own version.
    pub version: Option<String>,
    /// When it was reviewed.
    pub reviewed: Option<String>,
    /// sha256 of its own file; empty when the manifest does not name it.
    pub sha256: String,
    /// sha256 of every file of it, by name.
    pub files: BTreeMap<String, String>,
    /// sha256 of the compiled plan.
    pub plan_sha256: Option<String>,
}

/// How items stand, of all phases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Items that apply.
    pub all: usize,
    /// Passed.
    pub passed: usize,
    /// Failed, timed out, cancelled or red.
    pub failed: usize,
    /// Nobody knows how they ended.
    pub unknown: usize,
    /// Overridden.
    pub overridden: usize,
    /// Skipped.
    pub skipped: usize,
    /// Deferred.
    pub deferred: usize,
    /// Not settled.
    pub open: usize,
    /// Do not apply.
    pub does_not_apply: usize,
}

/// What kind of finding it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// It ended failed and nobody went past it.
    Failed,
    /// Nobody knows how it ended.
    Unknown,
    /// A person went past it.
    Overridden,
    /// What ran is not what the runbook says.
    Deviation,
    /// Skipped.
    Skipped,
    /// A person said that it does not apply.
    NotApplicable,
    /// It comes back later.
    Deferred,
    /// A pinned place changed.
    PlaceChanged,
    /// The lock at the target: refused, lost, taken over from a dead run, missing.
    Lock,
    /// An attempt that did not pass, of an item that passed later.
    FailedAttempt,
    /// An attempt whose end was not known, and how that was settled.
    SettledUnknown,
    /// A settled item was opened again.
    Reopened,
    /// Answered faster than it can be read.
    Fast,
    /// The disk, the clock, a host that died, a late result.
    Trouble,
}

/// What a reader should know first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The item's id.
    pub item: Option<String>,
    /// The item's title.
    pub title: Option<String>,
    /// In words: the reason.
    pub text: String,
    /// When.
    pub when: Option<Stamp>,
    /// Who.
    pub by: Option<String>,
}

/// A known limitation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LimitationRecord {
    /// Its name.
    pub name: String,
    /// It blocks the run unless it is accepted.
    pub blocks: bool,
    /// What is limited.
    pub text: String,
    /// What to do instead.
    pub workaround: Option<String>,
    /// Why it was accepted.
    pub accepted: Option<Entry>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A note or caution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoteRecord {
    /// When it was written.
    pub when: Stamp,
    /// The time it speaks of, as it was given.
    pub about: Option<String>,
    /// Who; none for the program's own.
    pub by: Option<String>,
    /// Its text.
    pub text: String,
    /// The item's id.
    pub item: Option<String>,
    /// The item's title.
    pub title: Option<String>,
}

/// A phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PhaseRecord {
    /// Its title.
    pub title: String,
    /// When it was opened.
    pub opened: Option<Stamp>,
    /// When it was closed.
    pub closed: Option<Stamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Its sections; items that stand in none come first under an empty title.
    pub sections: Vec<SectionRecord>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A section of a phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SectionRecord {
    /// Its title.
    pub title: String,
    /// Its items.
    pub items: Vec<ItemRecord>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// An item.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ItemRecord {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `run`, `check`, `confirm`, …
    pub kind: &'static str,
    /// Titles of the groups that it stands in, the outermost first.
    pub groups: Vec<String>,
    /// Row ids of the original.
    pub source: Vec<String>,
    /// How it stands, in words: `passed`, `timed out`, `does not apply`, …
    pub outcome: &'static str,
    /// Why it stands so.
    pub reason: Option<String>,
    /// When the operator came to it.
    pub opened: Option<Stamp>,
    /// When it was settled last; of a sensed item: when it turned green.
    pub ended: Option<Stamp>,
    /// Seconds from the one to the other, without pauses.
    pub open_seconds: Option<f64>,
    /// Who settled it.
    pub by: Option<String>,
    /// It can't be skipped.
    pub required: bool,
    /// The contact that owns it.
    pub owner: Option<String>,
    /// Why it exists.
    pub why: Option<String>,
    /// What people decided and what the program noted, in order.
    pub history: Vec<Entry>,
    /// Looks of a sensed item.
    pub checks: Vec<CheckRecord>,
    /// How often its verdicts turned or it was looked at anew.
    pub looks: usize,
    /// Attempts.
    pub attempts: Vec<AttemptRecord>,
    /// Values that it captured.
    pub captured: BTreeMap<String, Shown>,
    /// Bytes that were typed into its commands.
    pub typed_bytes: u64,
}

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The event's number.
    pub seq: u64,
    /// When.
    pub when: Stamp,
    /// Who.
    pub by: String,
    /// What, in words: `answered`, `approved`, `skipped`, …
    pub what: &'static str,
    /// The reason, or more words.
    pub text: Option<String>,
    /// What was answered, by field.
    pub fields: BTreeMap<String, Shown>,
    /// How an approver was known.
    pub proof: Option<Proof>,
    /// It came from the answers file.
    pub from_file: bool,
    /// Answered faster than it can be read.
    pub fast: bool,
}

/// A look of a sensed item.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckRecord {
    /// The probe's id.
    pub probe: String,
    /// Its title.
    pub title: String,
    /// What was expected, as the author wrote it.
    pub expect: Vec<String>,
    /// The verdict, in words.
    pub verdict: &'static str,
    /// What was seen.
    pub seen: String,
    /// Why it is not as expected.
    pub why: Option<String>,
    /// When that was seen, seconds of run time.
    pub seen_at_seconds: Option<f64>,
    /// The figure, in base units.
    pub value: Option<f64>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRecord {
    /// Its number in the run: `terminals/N.out`.
    pub number: u32,
    /// Who started it.
    pub by: String,
    /// When.
    pub started: Stamp,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// The command as a person types it.
    pub command: Option<String>,
    /// The command's words, exactly.
    pub argv: Option<Vec<String>>,
    /// The script, exactly, and its shell.
    pub script: Option<(String, String)>,
    /// A notice: to whom, title, text.
    pub notice: Option<(Vec<String>, String, String)>,
    /// Folder, when it is not the run's.
    pub cwd: Option<String>,
    /// Environment beside the run's; a secret stands as the words that name it.
    pub env: BTreeMap<String, String>,
    /// sha256 of command, folder and environment.
    pub digest: String,
    /// It differs from the runbook.
    pub edited: bool,
    /// The answers file said that it starts, or gave the words of its danger.
    pub from_file: bool,
    /// It may have changed the world.
    pub changes: bool,
    /// A new host adopted it.
    pub adopted: bool,
    /// How it ended, in words; `running` while it runs.
    pub outcome: &'static str,
    /// Of an unknown one: it happened, it did not.
    pub settled: Option<bool>,
    /// Exit code.
    pub exit: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Seconds that it took.
    pub seconds: Option<f64>,
    /// Why it did not pass.
    pub why: Option<String>,
    /// Evidence: a receiver's answer, the figures that a wait saw.
    pub evidence: Option<String>,
    /// Bytes of `terminals/N.out`.
    pub output_bytes: u64,
    /// sha256 of `terminals/N.out`; empty without output.
    pub output_sha256: String,
    /// The output's last lines.
    pub last_lines: Vec<String>,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoticeRecord {
    /// When.
    pub when: Stamp,
    /// To whom.
    pub to: String,
    /// It was taken.
    pub ok: bool,
    /// The receiver's answer.
    pub answer: String,
}

/// A trigger.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TriggerRecord {
    /// Its title.
    pub title: String,
    /// How urgent it is.
    pub severity: &'static str,
    /// What fires it.
    pub when: String,
    /// Seconds that it must hold.
    pub for_seconds: f64,
    /// `off`: triggers act in a later version.
    pub state: &'static str,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// The watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WatchRecord {
    /// Its length in seconds.
    pub for_seconds: f64,
    /// Its targets.
    pub expect: Vec<String>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ParameterRecord {
    /// Its name.
    pub name: String,
    /// Its value; none for a secret.
    pub value: Option<Shown>,
    /// Of a secret: where it comes from.
    pub secret: Option<String>,
    /// Where the value came from.
    pub from: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ContactRecord {
    /// Its name in the runbook.
    pub name: String,
    /// What they are.
    pub role: Option<String>,
    /// How they are reached.
    pub via: Option<String>,
    /// Where they are reached.
    pub url: Option<String>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LinkRecord {
    /// Its title.
    pub title: String,
    /// Where to.
    pub to: String,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A host that took the run, a change of control, a pause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostRecord {
    /// When.
    pub when: Stamp,
    /// In words.
    pub text: String,
}

/// The journal's end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chain {
    /// The last event's number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// Sealed files of samples with their sha256.
    pub samples: BTreeMap<String, String>,
    /// sha256 of the answers file.
    pub answers_sha256: Option<String>,
}
