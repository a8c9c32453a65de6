//! What items do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Template};
use crate::words::{Name, ProbeId, Proof};

/// What an item does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A box to tick.
    Tick,
    /// A command or script in a terminal, started by the operator.
    Run(Run),
    /// A sensed item: the program looks.
    Check(Check),
    /// Waits by itself until a condition holds.
    Wait(Wait),
    /// A question.
    Confirm(Confirm),
    /// A form.
    Record(Record),
    /// A notice, sent after a preview.
    Notify(Notify),
    /// A second person.
    Approve(Approve),
    /// Figures before the change.
    Baseline(Baseline),
}

impl Action {
    /// All its probes are switched off: there is nothing to look at, or to wait for.
    pub fn looks_at_nothing(&self) -> bool {
        match self {
            Self::Check(check) => check.probes.is_empty(),
            Self::Wait(Wait { until: WaitFor::Probes(probes), .. }) => probes.is_empty(),
            _ => false,
        }
    }

    /// The action's key in a runbook, `tick` for none.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Run(run) => match run.program {
                Program::Argv(_) => "run",
                Program::Script { .. } => "script",
            },
            Self::Check(_) => "check",
            Self::Wait(_) => "wait",
            Self::Confirm(_) => "confirm",
            Self::Record(_) => "record",
            Self::Notify(_) => "notify",
            Self::Approve(_) => "approve",
            Self::Baseline(_) => "baseline",
        }
    }
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// One command without a shell; each word becomes exactly one argument.
    Argv(Vec<Template>),
    /// A script; nothing is filled in, values come from the environment.
    Script {
        /// `bash` or `sh`.
        shell: String,
        /// Its text.
        text: String,
    },
}

/// Typed confirmation of a dangerous step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Danger {
    /// What is dangerous.
    pub text: Template,
    /// What must be typed; none: the plan's target name.
    pub words: Option<Template>,
}

/// Attempts that follow a failure by themselves (idempotent steps only).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How many further attempts.
    pub times: u32,
    /// Seconds between them.
    pub every: f64,
}

/// What all steps that act have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Acting {
    /// Folder; the root by default.
    pub cwd: Option<Template>,
    /// Environment beside the run's; may name secrets.
    pub env: BTreeMap<String, Template>,
    /// It changes nothing in the world.
    pub reads_only: bool,
    /// It may be repeated.
    pub idempotent: bool,
    /// Attempts after a failure.
    pub retry: Option<Retry>,
    /// Typed confirmation.
    pub danger: Option<Danger>,
    /// After it, rollback loses data: why.
    pub point_of_no_return: Option<String>,
    /// Passes only if the step took effect.
    pub settle: Vec<ProbeId>,
    /// Output is recorded but not shown.
    pub hide_output: bool,
    /// A stream ends well when this holds.
    pub until: Option<Expr>,
    /// stdout is on a pipe, since something captures it.
    pub capture_stdout: bool,
}

/// A command or script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What is started.
    pub program: Program,
    /// How.
    #[serde(flatten)]
    pub acting: Acting,
}

/// A sensed item. Its probes carry its expectations, `for` and `in_a_row`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// All must be ok; the worst is shown.
    pub probes: Vec<ProbeId>,
}

/// What a wait waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// A condition over samples.
    Condition(Expr),
    /// All of these probes to be ok.
    Probes(Vec<ProbeId>),
    /// Seconds.
    Time(f64),
}

/// Waits by itself; its limit is the item's `timeout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// What for.
    pub until: WaitFor,
    /// So many samples in a row.
    pub in_a_row: u32,
}

/// Type of an answer or field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Nothing to type: yes is the answer.
    None,
    /// Text.
    #[default]
    Text,
    /// A number.
    Number,
    /// A percentage.
    Percent,
    /// A date.
    Date,
    /// A date and time.
    Time,
    /// A duration.
    Duration,
    /// An address.
    Link,
    /// A path of a file that exists.
    File,
    /// True or false.
    Bool,
    /// One of these.
    OneOf(Vec<String>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    /// The question.
    pub ask: Template,
    /// What is answered.
    pub answer: AnswerKind,
    /// A regular expression the answer must match.
    pub pattern: Option<String>,
    /// Prefilled answer.
    pub default: Option<Template>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its question.
    pub ask: Option<String>,
    /// What is answered.
    pub answer: AnswerKind,
    /// Prefilled answer.
    pub default: Option<Template>,
    /// A regular expression the answer must match.
    pub pattern: Option<String>,
    /// It may be left empty.
    pub optional: bool,
    /// The field as it was written: its exact type and limits.
    #[serde(default)]
    pub rule: crate::runbook::kinds::Field,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its fields, in order.
    pub fields: Vec<Field>,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notify {
    /// Channels.
    pub to: Vec<Name>,
    /// Its title.
    pub title: Option<Template>,
    /// Its text.
    pub text: Template,
}

/// A second person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approve {
    /// Contacts who may; none: anybody but the operator.
    pub by: Vec<Name>,
    /// How many.
    pub count: u32,
    /// Which proof is enough.
    pub proof: Proof,
    /// Seconds until the request expires.
    pub within: f64,
}

/// Figures before the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Their probes.
    pub probes: Vec<ProbeId>,
    /// Seconds of the window.
    pub over: f64,
}
