//! From when on a look counts: a time, or so long ago.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::ctx::{Ctx, maybe};
use super::seen::Problem;
use crate::expr::{As, Template, parse_value};
use crate::words::Value;

/// From when on a look counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    /// The time.
    pub at: DateTime<Utc>,
    /// It is the same in every look; else it moves with the clock.
    pub fixed: bool,
}

impl Since {
    /// The setting: a time, or a duration up to now. Without one, since the probe began to look: the host fills in when
    /// the first change began, as soon as there is one.
    pub fn of(text: Option<&Template>, ctx: &Ctx) -> Result<Self, Problem> {
        let Some(text) = maybe(text)? else { return Ok(Self { at: ctx.born, fixed: true }) };
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self { at: at.to_utc(), fixed: true });
        }
        let wrong = || {
            Problem::nothing(format!("`since` is neither a time nor a duration: {text}"))
                .hint("write 2026-11-24T09:00:00Z, `${{ run.started }}` or 15m")
        };
        match parse_value(text, As::Duration) {
            Ok(Value::Duration(seconds)) => {
                let ago = TimeDelta::try_milliseconds((seconds * 1000.0) as i64).ok_or_else(wrong)?;
                Ok(Self { at: Utc::now() - ago, fixed: false })
            }
            _ => Err(wrong()),
        }
    }

    /// `09:02:11Z`, for words.
    pub fn clock(&self) -> String {
        self.at.format("%H:%M:%SZ").to_string()
    }

    /// The time as APIs take it.
    pub fn rfc3339(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// How old something is, never negative: the clocks of two machines differ a little.
pub(super) fn age(of: DateTime<Utc>) -> f64 {
    (Utc::now() - of).as_seconds_f64().max(0.0)
}
