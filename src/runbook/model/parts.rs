//! Probes, panes, triggers, blocks, phases, the watch.

use indexmap::IndexMap;

use super::super::At;
use super::super::kinds::{Defaults, ProbeRef, ProbeSpec};
use super::{Step, Use};
use crate::expr::{Expr, Template};
use crate::words::{Name, Severity};

/// A named way of looking.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Where its name stands.
    pub at: At,
    /// One probe for each of these.
    pub for_each: Option<Expr>,
    /// Off: it does not look.
    pub when: Option<Expr>,
    /// What it looks at.
    pub spec: ProbeSpec,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A pane of the live column.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// Where it stands.
    pub at: At,
    /// Its heading.
    pub title: Template,
    /// What it shows.
    pub probes: Vec<ProbeRef>,
    /// Off: it is not shown.
    pub when: Option<Expr>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A condition that says: go back.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Where its name stands.
    pub at: At,
    /// How urgent it is.
    pub severity: Severity,
    /// What fires it.
    pub when: TriggerWhen,
    /// Seconds that it must hold.
    pub hold: f64,
    /// Seconds that it must not hold to be cleared.
    pub clear_for: f64,
    /// From when on it counts; none: from the first step that changes something.
    pub armed: Option<Expr>,
    /// The trigger that inhibits it.
    pub unless: Option<Name>,
    /// What no data does to its clock.
    pub no_data: TriggerNoData,
    /// What it proposes.
    pub then: Then,
    /// What it does by itself.
    pub mode: TriggerMode,
    /// Channels told when it fires with nobody attached.
    pub to: Vec<Name>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// What fires a trigger.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerWhen {
    /// A condition over samples.
    Condition(Expr),
    /// A person who saw this.
    Manual(Template),
}

/// What no data does to a trigger's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TriggerNoData {
    /// The clock stands still.
    #[default]
    Waits,
    /// No data counts as the condition.
    Counts,
}

/// What a trigger proposes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// The rollback.
    #[default]
    Rollback,
    /// The steps of a block.
    Block(Name),
}

/// What a trigger does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TriggerMode {
    /// It opens the way back and asks.
    #[default]
    Arm,
    /// It tells.
    Notify,
    /// It goes back.
    Auto,
}

/// Steps used in more than one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Where its name stands.
    pub at: At,
    /// What its users hand it with `with`.
    pub parameters: IndexMap<Name, super::Parameter>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Row ids of the original.
    pub source: Vec<Template>,
}

/// A phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phase {
    /// Where it stands.
    pub at: At,
    /// Its name for `due`; from its title.
    pub id: String,
    /// Its heading; none for top-level `steps`.
    pub title: Option<Template>,
    /// Off: none of it applies.
    pub when: Option<Expr>,
    /// It does not open while a pin is missing.
    pub needs_pins: bool,
    /// What its steps have unless something nearer says otherwise.
    pub defaults: Defaults,
    /// Its sections; `steps` of a phase are one section without a title.
    pub sections: Vec<Section>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A section of a phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Where it stands.
    pub at: At,
    /// Its heading.
    pub title: Option<Template>,
    /// Off: none of it applies.
    pub when: Option<Expr>,
    /// What its steps have unless something nearer says otherwise.
    pub defaults: Defaults,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// What is watched after the last phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Where it stands.
    pub at: At,
    /// Seconds.
    pub hold: f64,
    /// What must hold at its end.
    pub expect: Vec<Expr>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}
