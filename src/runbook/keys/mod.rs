//! The one table of keys. The reader checks shapes by it; schema, help and the documentation page come from it.

mod header;
mod key;
mod phases;
mod probes;
mod shape;
mod step;
mod words;

pub use header::{FIELD, INCLUDED, PARAMETER, RUNBOOK, TARGET};
pub use key::{Key, Kind, Part, Rest, Space};
pub use phases::{BLOCK, PANE, PARTS, PHASE, ROLLBACK, SECTION, TRIGGER, WATCH};
pub use probes::{KINDS as PROBE_KINDS, OWN_PROBE, PROBE};
pub use shape::check;
pub use step::{ACTIONS, STEP};
pub use words::nearest;

/// Seconds of a duration such as `100ms`, `90s`, `5m`, `24h`, `30d`; none when it is none.
pub fn duration(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    Some(number * factor).filter(|s| s.is_finite())
}

/// The pattern of [`duration`], for the schema.
pub const DURATION: &str = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$";
