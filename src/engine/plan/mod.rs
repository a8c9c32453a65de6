//! The plan: a runbook's pinned, compiled form.
//!
//! Everything a run depends on stands in it: items in order with id, kind, policy and templates, probes, triggers,
//! targets, the values that were known at the start. It is written to `plan.json`; its sha256 goes into the journal;
//! the fold reads only that file and the journal, so a newer program's loader or default never changes an old run.

mod action;
mod compile;
mod item;
mod parts;
mod places;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use action::{
    Acting, Action, AnswerKind, Approve, Baseline, Check, Confirm, Danger, Field, Notify, Program, Record, Retry, Run,
    Wait, WaitFor,
};
pub use compile::{CompileError, Given, compile};
pub use item::{Capture, Due, Group, Item, Phase, Section, When};
pub use parts::{
    Carrier, Channel, ChannelKind, Contact, Effect, Limitation, Link, Objectives, Pane, Parameter, Probe, Target,
    Trigger, TriggerMode, TriggerWhen, Watch, Where, WhereKind,
};

use self::places::Places;
use crate::runbook::kinds::Telemetry;
use crate::words::{ItemId, ProbeId, Value};

/// A compiled runbook. Lists are in the runbook's order; references are indexes or ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The runbook's title.
    pub title: String,
    /// What it is for.
    pub about: Option<String>,
    /// The system that is deployed.
    pub system: Option<String>,
    /// The runbook's own version.
    pub version: Option<String>,
    /// Versions before and after, for the header: filled in.
    pub change: Option<(String, String)>,
    /// Date of the last review, `YYYY-MM-DD`.
    pub reviewed: Option<String>,
    /// Seconds until the next review is due.
    pub review_every: Option<f64>,
    /// Recovery objectives.
    pub objectives: Objectives,
    /// What is pinned, shown and guarded.
    pub places: Vec<Where>,
    /// Parameters with their values (secrets by source only), in the runbook's order.
    pub parameters: Vec<Parameter>,
    /// Target groups: only the members that are on, fields filled in.
    pub targets: BTreeMap<String, Vec<Target>>,
    /// Contacts by name.
    pub contacts: Vec<Contact>,
    /// Channels by name.
    pub channels: Vec<Channel>,
    /// Who else is told how a run goes. Texts are not filled in: they may hold secrets.
    #[serde(default, skip_serializing_if = "Telemetry::is_empty")]
    pub telemetry: Telemetry,
    /// Links.
    pub links: Vec<Link>,
    /// Limitations that are on.
    pub limitations: Vec<Limitation>,
    /// Probes that are on: named ones, members of `for_each`, groups, and the checks' own.
    pub probes: Vec<Probe>,
    /// Panes of the live column.
    pub panes: Vec<Pane>,
    /// Triggers.
    pub triggers: Vec<Trigger>,
    /// Phases in order; the rollback is not among them.
    pub phases: Vec<Phase>,
    /// Groups of items: `steps:`, `use:`, one of a `for_each` group.
    pub groups: Vec<Group>,
    /// All items, in the order in which they are flown; those of the rollback stand last.
    pub items: Vec<Item>,
    /// The rollback's headings, when the runbook has one. Its items have [`Item::phase`] = [`Plan::rollback_phase`].
    pub rollback: Option<Phase>,
    /// The watch after the last box.
    pub watch: Option<Watch>,
    /// Everything that carries a `source`, whether on or off: one list.
    pub sources: Vec<Carrier>,
    /// Things the operator should know at the start: review overdue, no rollback.
    pub cautions: Vec<String>,
    /// Places by id, made at the first use.
    #[serde(skip)]
    places_of: Places,
}

impl Plan {
    /// The phase number that stands for the rollback.
    pub fn rollback_phase(&self) -> usize {
        self.phases.len()
    }

    /// The phase's headings, the rollback's for [`Plan::rollback_phase`].
    pub fn phase(&self, phase: usize) -> Option<&Phase> {
        if phase == self.phases.len() { self.rollback.as_ref() } else { self.phases.get(phase) }
    }

    /// The place of an item in [`Plan::items`].
    pub fn index(&self, id: &ItemId) -> Option<usize> {
        self.places_of.of(self).items.get(id).copied()
    }

    /// A probe by id.
    pub fn probe(&self, id: &ProbeId) -> Option<&Probe> {
        self.probes.get(*self.places_of.of(self).probes.get(id)?)
    }

    /// A parameter's value; no data for a secret or one that is off.
    pub fn parameter(&self, name: &str) -> Value {
        self.parameters.iter().find(|p| p.name.as_str() == name).map_or(Value::NoData, |p| p.value.clone())
    }

    /// The items of a phase, with their places, in order. Undo items, which stand in the rollback only when their
    /// step was begun, are among the rollback's.
    pub fn items_of(&self, phase: usize) -> impl DoubleEndedIterator<Item = (usize, &Item)> {
        let range = self.places_of.of(self).phases.get(phase).cloned().unwrap_or(0..0);
        let first = range.start;
        let items = self.items.get(range).unwrap_or_default();
        items.iter().enumerate().map(move |(i, item)| (first + i, item)).filter(move |(_, item)| item.phase == phase)
    }

    /// Where the items of a phase stand in [`Plan::items`].
    pub(super) fn range_of(&self, phase: usize) -> Range<usize> {
        self.places_of.of(self).phases.get(phase).cloned().unwrap_or(0..0)
    }

    /// The places of the sensed items, in order.
    pub fn sensed(&self) -> &[usize] {
        &self.places_of.of(self).sensed
    }

    /// The places of the items after which the run pauses once, in order.
    pub fn pauses(&self) -> &[usize] {
        &self.places_of.of(self).pauses
    }

    /// The items that stand under a group, at any depth, with their places.
    pub fn items_under(&self, group: usize) -> impl Iterator<Item = (usize, &Item)> {
        self.items.iter().enumerate().filter(move |(_, item)| {
            let mut here = item.group;
            while let Some(at) = here {
                if at == group {
                    return true;
                }
                here = self.groups.get(at).and_then(|g| g.parent).filter(|parent| *parent < at);
            }
            false
        })
    }

    /// The pinned text for a kind of place, such as the namespace.
    pub fn place(&self, kind: WhereKind) -> Option<&str> {
        self.places.iter().find(|place| place.kind == kind).map(|place| place.is.as_str())
    }

    /// What has to be typed for a `danger` without own words: the namespace, else the context, else the environment.
    pub fn target_name(&self) -> Option<&str> {
        [WhereKind::Namespace, WhereKind::KubeContext, WhereKind::Environment]
            .into_iter()
            .find_map(|kind| self.place(kind))
    }
}
