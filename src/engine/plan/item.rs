//! Items and the headings they stand under.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::expr::{Expr, Template};
use crate::words::{ItemId, Name};

/// A phase: opened and closed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Its title; empty for the one phase of a runbook that has only `steps`.
    pub title: String,
    /// It does not open while a pin is missing.
    pub needs_pins: bool,
    /// It closes by itself when all is settled.
    pub closes_itself: bool,
    /// Its sections, in order.
    pub sections: Vec<Section>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A section of a phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A heading over some items of a section: a `steps:` group, a used block, one member of a `for_each` group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Id of the step that made it, with `[key]` under `for_each`.
    pub id: ItemId,
    /// Its title, filled in.
    pub title: String,
    /// The group it stands in, as an index of [`super::Plan::groups`].
    pub parent: Option<usize>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A condition of an item: its own, its group's, its section's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// The condition.
    pub expr: Expr,
    /// Settled at the start, when it looks at parameters alone.
    pub settled: Option<bool>,
}

/// Where a deferred item comes back beyond its phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At the close of this phase (an index of [`super::Plan::phases`]).
    Phase(usize),
    /// At the end of the watch.
    WatchEnd,
    /// So many seconds after it was deferred.
    After(f64),
}

/// A value that a step takes from what it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Its name, whether it is a pin, and what it takes.
    #[serde(flatten)]
    pub spec: crate::runbook::kinds::Capture,
    /// The key under `for_each`: the name is then a map.
    pub key: Option<String>,
}

/// A step as the operator meets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id, unique in the plan.
    pub id: ItemId,
    /// Its phase: an index of [`super::Plan::phases`], or [`super::Plan::rollback_phase`].
    pub phase: usize,
    /// Its section: an index of the phase's sections.
    pub section: Option<usize>,
    /// The innermost group it stands in: an index of [`super::Plan::groups`].
    pub group: Option<usize>,
    /// Its title; what is known at the start is filled in.
    pub title: Template,
    /// Row ids of the original, its own and its action's fields'.
    pub source: Vec<String>,
    /// Why it exists: shown and coached.
    pub why: Option<String>,
    /// What to do when it fails.
    pub help: Option<String>,
    /// The contact that owns it.
    pub owner: Option<Name>,
    /// All must hold, else it does not apply.
    pub when: Vec<When>,
    /// The target's group and key under `for_each`: `item` in its texts.
    pub each: Option<(String, String)>,
    /// Values of a used block's parameters.
    pub locals: std::collections::BTreeMap<String, crate::words::Value>,
    /// What it does.
    pub action: Action,
    /// Seconds an attempt may take.
    pub timeout: Option<f64>,
    /// Seconds it usually takes, by the author.
    pub usually: Option<f64>,
    /// Where it may be deferred to beyond its phase.
    pub due: Option<Due>,
    /// Never skipped; overridden only by two people.
    pub required: bool,
    /// Its pass ends the RTO clock.
    pub stops_clock: bool,
    /// Values that it takes.
    pub captures: Vec<Capture>,
    /// Expectations over the result of its action (of a check they are in the probe), the kind's default among them.
    pub expect: Vec<Expr>,
    /// Items that undo it, as indexes of [`super::Plan::items`], in the order in which they are flown.
    pub undo: Vec<usize>,
    /// Of an undo item: the item that it undoes.
    pub undoes: Option<usize>,
    /// Pause once after so many members of the `for_each` that this item ends.
    pub pause_after: bool,
}

impl Item {
    /// Whether a condition that was settled at the start switches it off; which one.
    pub fn off(&self) -> Option<&When> {
        self.when.iter().find(|when| when.settled == Some(false))
    }
}
