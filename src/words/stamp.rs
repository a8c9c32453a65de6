//! When something happened: wall time, which may jump, and run time, which may not.

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The two clocks of every line in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Wall time, UTC, to the microsecond; may jump.
    pub at: DateTime<Utc>,
    /// Run time in microseconds since the run was opened; never falls.
    pub up: u64,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    at: String,
    up: u64,
}

impl Stamp {
    /// Wall time as the journal writes it: `2026-11-24T09:02:11.000421Z`.
    pub fn at_text(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Seconds of run time.
    pub fn seconds(&self) -> f64 {
        self.up as f64 / 1e6
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { at: self.at_text(), up: self.up }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&wire.at).map_err(serde::de::Error::custom)?;
        Ok(Self { at: at.with_timezone(&Utc), up: wire.up })
    }
}

/// `09:02:11Z`.
pub fn utc_second(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%SZ").to_string()
}

/// `09:02Z`.
pub fn utc_minute(at: DateTime<Utc>) -> String {
    at.format("%H:%MZ").to_string()
}

/// A time that a person is promised: UTC, and local beside it (`09:40Z, 02:40 here`); the local part is left out where it is the same.
pub fn local_and_utc(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&Local);
    if local.naive_local() == at.naive_utc() {
        utc_minute(at)
    } else {
        format!("{}, {} here", utc_minute(at), local.format("%H:%M"))
    }
}
