//! The one table of keys. The reader checks shapes by it; schema, help and the documentation page come from it.

use crate::expr::{As, parse_value};
use crate::words::Value;

mod header;
mod key;
mod phases;
mod probes;
mod say;
mod scalar;
mod services;
mod shape;
mod step;
mod telemetry;
mod words;

pub use header::{FIELD, INCLUDED, PARAMETER, RUNBOOK, TARGET};
pub use key::{Key, Kind, Part, Rest, Space};
pub use phases::{BLOCK, PANE, PARTS, PHASE, ROLLBACK, SECTION, TRIGGER, WATCH};
pub use probes::{KINDS as PROBE_KINDS, OWN_PROBE, PROBE};
pub use shape::check;
pub use step::{ACTIONS, STEP};
pub use words::nearest;

/// Seconds of a duration such as `100ms`, `90s`, `1h30m`, `30d`; none when it is none.
pub fn duration(text: &str) -> Option<f64> {
    let formed = text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(['s', 'm', 'h', 'd']);
    match formed.then(|| parse_value(text, As::Duration)) {
        Some(Ok(Value::Duration(seconds))) => Some(seconds),
        _ => None,
    }
}

/// The pattern of [`duration`], for the schema.
pub const DURATION: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$";
