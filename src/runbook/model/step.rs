//! A step and its action.

use indexmap::IndexMap;

use super::super::At;
use super::super::kinds::{Approve, Baseline, Capture, Check, Confirm, Defaults, Notify, Record, Run, Script, Wait};
use super::Use;
use crate::expr::{Expr, Template};
use crate::words::Name;

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it stands.
    pub at: At,
    /// Its id: as written, else from its title.
    pub id: String,
    /// Its id is written, so a new title does not move its history.
    pub id_written: bool,
    /// What it is.
    pub title: Template,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Off: it does not apply.
    pub when: Option<Expr>,
    /// One item for each of these.
    pub for_each: Option<Expr>,
    /// Why it exists.
    pub why: Option<Template>,
    /// What to do when it fails.
    pub help: Option<Template>,
    /// Seconds that it usually takes.
    pub usually: Option<f64>,
    /// `timeout`, `cwd`, `env`, `shell`, `owner`, as written here; of a group: its steps' defaults.
    pub defaults: Defaults,
    /// Where it may be deferred to beyond its phase.
    pub due: Option<Due>,
    /// Never skipped, only overridden by two people.
    pub required: bool,
    /// Its pass ends the RTO clock.
    pub stops_clock: bool,
    /// What it takes out of what it saw; pins are among them.
    pub captures: Vec<Capture>,
    /// Where the captures' names stand, in the same order.
    pub captures_at: Vec<At>,
    /// What must hold when it is done.
    pub expect: Vec<Expr>,
    /// What it does.
    pub action: Action,
    /// The steps that undo it.
    pub undo: Vec<Step>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// Where a step may be deferred to.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// The end of a phase, by its id.
    Phase(String),
    /// The end of the watch.
    WatchEnd,
    /// So many seconds after it was deferred.
    Within(f64),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A box to tick.
    Tick,
    /// One command.
    Run(Run),
    /// A script.
    Script(Script),
    /// A look that must be green.
    Check(Check),
    /// Waiting.
    Wait(Wait),
    /// A question.
    Confirm(Confirm),
    /// A form.
    Record(Record),
    /// A message.
    Notify(Notify),
    /// A second person's consent.
    Approve(Approve),
    /// Figures to compare with later.
    Baseline(Baseline),
    /// A block's steps.
    Use(UseBlock),
    /// The undos of what was started; only in the rollback.
    UndoSteps(UndoSteps),
    /// A group of steps.
    Group {
        /// Its steps.
        steps: Vec<Step>,
        /// Pauses once after so many items.
        pause_after: Option<u32>,
    },
}

impl Action {
    /// The action's key in a runbook; `tick` for a plain box.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Run(_) => "run",
            Self::Script(_) => "script",
            Self::Check(_) => "check",
            Self::Wait(_) => "wait",
            Self::Confirm(_) => "confirm",
            Self::Record(_) => "record",
            Self::Notify(_) => "notify",
            Self::Approve(_) => "approve",
            Self::Baseline(_) => "baseline",
            Self::Use(_) => "use",
            Self::UndoSteps(_) => "undo_steps",
            Self::Group { .. } => "steps",
        }
    }

    /// How it acts, of a command or a script.
    pub fn acting(&self) -> Option<&super::super::kinds::Acting> {
        match self {
            Self::Run(run) => Some(&run.acting),
            Self::Script(script) => Some(&script.acting),
            _ => None,
        }
    }
}

/// A block's steps as a group.
#[derive(Clone, Debug, PartialEq)]
pub struct UseBlock {
    /// The block.
    pub block: Name,
    /// Values for its parameters.
    pub with: IndexMap<Name, Template>,
}

/// Whose undos are placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoSteps {
    /// All of them.
    All,
    /// Those of the steps with these ids.
    Ids(Vec<String>),
}
