//! What a client gives a host over its stdin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::event::{Autopilot, Overlay};
use crate::words::{Name, Value};

/// Settings of a host: one line of JSON on its stdin. They hold secrets and are written nowhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Go on with a run that is there, instead of opening a new one.
    pub resume: bool,
    /// The operator, `anna@ops1`.
    pub operator: String,
    /// The runbook's files by name, the runbook itself first.
    pub files: Vec<(String, String)>,
    /// The runbook's path as the operator gave it.
    pub runbook: String,
    /// The runbook's root folder: commands and relative paths start there.
    pub origin: String,
    /// Values of parameters that are known; secrets are not among them.
    pub values: BTreeMap<Name, Value>,
    /// Where each value came from: `-p`, `default`, `form`, `file prod.yaml`, `env X`.
    pub from: BTreeMap<Name, String>,
    /// Secrets with their values.
    pub secrets: BTreeMap<Name, String>,
    /// Secrets: where each comes from, in words.
    pub secret_sources: BTreeMap<Name, String>,
    /// Parameters that a command gives, as its words: run by the host first thing.
    pub commands: BTreeMap<Name, Vec<String>>,
    /// Environment that commands inherit.
    pub environment: Vec<(String, String)>,
    /// Autopilot.
    pub autopilot: Autopilot,
    /// The sandbox's overlay.
    pub overlay: Option<Overlay>,
    /// How much faster than real time the run's clock goes.
    pub speed: f64,
    /// Usual durations by item: median seconds, how many.
    pub usual: BTreeMap<String, (f64, u32)>,
    /// What every account of this machine is told of the run; none for a simulated one.
    pub announce: Option<Announce>,
    /// Columns of terminals.
    pub cols: u16,
    /// Rows of terminals.
    pub rows: u16,
}

/// What every account of this machine is told of a run, as long as its host lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Announce {
    /// What is deployed to, as runs are compared; empty: nothing that a second run could hold.
    pub target: String,
    /// The place, as people call it.
    pub place: String,
    /// The runbook's title.
    pub runbook: String,
}
