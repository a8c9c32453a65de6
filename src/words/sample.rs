//! One look at the world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ProbeId, Value};

/// What one look alone says, before debouncing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// All expectations held (or the probe has none and gave a value).
    Good,
    /// An expectation did not hold.
    Bad,
    /// Nothing can be said: no answer where an answer is a measurement, no series, a field that is missing.
    #[default]
    NoData,
}

/// One look of one probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The probe.
    pub probe: ProbeId,
    /// Run time at the look's end, in microseconds.
    pub up: u64,
    /// What this look alone says.
    pub look: Look,
    /// The figure that is drawn and aggregated, in the base unit of the probe's `unit` (seconds, bytes, ratio 0..1, plain number).
    pub value: Option<f64>,
    /// How long the look took, in microseconds.
    pub took: u64,
    /// What was seen, in words, for people: `12 ms`, `503 Service Unavailable`, `12 d left, wanted 30 d`.
    pub text: String,
    /// The kind's fields, for `expect`, `capture` and the record. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
    /// Which expectation failed, as the author wrote it with the value seen; or why there is no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// A hint what to do next, for known causes (a CA certificate used as a server's own, a refused port).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
