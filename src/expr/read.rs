//! Values from texts that people, commands and files give: parameters, answers, captures.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::quantity::{duration, habit, is_decimal, percent, size};
use super::version::Version;
use crate::words::Value;

/// As what a text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// As it stands, without line ends at its end.
    #[default]
    Text,
    /// A decimal number, `95.2`, `-3`, `1.2e-05`; nothing else may stand beside it.
    Number,
    /// `95.2%`, `95.2 %` or `95.2`: a ratio of 0.952.
    Percent,
    /// `90s`, `1h30m`, `100ms`; never without a unit, except `0`.
    Duration,
    /// `512MiB`, `512Mi`, `1.5 GB`; a bare number is bytes.
    Size,
    /// RFC 3339, `2026-11-24T09:02:11Z`; or a date, which is its first moment in UTC.
    Time,
    /// `2026-11-24`: its first moment in UTC.
    Date,
    /// `true` or `false`.
    Bool,
    /// A JSON list, or texts with commas or line ends between them; empty ones are left out.
    List,
    /// A JSON document.
    Json,
    /// A version, `1.2.3`, `v1.2.3-rc.1`.
    Version,
}

/// Reads a text as a value. The error says what was wanted and what to write, without a full stop: `` `1,5` is not a number: write `1.5` ``.
pub fn parse_value(text: &str, kind: As) -> Result<Value, String> {
    let trimmed = text.trim();
    let shown: String = trimmed.chars().take(60).collect();
    if trimmed.is_empty() && !matches!(kind, As::Text | As::List) {
        return Err(format!("nothing stands here, wanted is {}", kind.words()));
    }
    let wrong = |hint: &str| Err(format!("`{shown}` is not {}: {hint}", kind.words()));
    match kind {
        As::Text => Ok(Value::Text(text.trim_end_matches(['\n', '\r']).to_owned())),
        As::Number => match number(trimmed) {
            Some(number) => Ok(Value::Number(number)),
            None if trimmed.contains(',') => wrong("write the point as `.` and no commas"),
            None => wrong("write digits alone, as in `95.2`"),
        },
        As::Percent => {
            let digits = trimmed.strip_suffix('%').unwrap_or(trimmed).trim_end();
            match signed(digits, |digits| is_decimal(digits).then(|| percent(digits)).flatten()) {
                Some(ratio) => Ok(Value::Ratio(ratio)),
                None => wrong("write it as in `95.2%`"),
            }
        }
        As::Duration => match signed(trimmed, |text| if text == "0" { Some(0.0) } else { duration(text) }) {
            Some(seconds) => Ok(Value::Duration(seconds)),
            None => {
                let unit = trimmed.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | '-'));
                let digits = trimmed[..trimmed.len() - unit.len()].trim_end();
                match habit(unit) {
                    _ if unit.is_empty() => wrong(&format!("write its unit, as in `{digits}s`, `{digits}m`")),
                    Some(ours) => wrong(&format!("write `{digits}{ours}`")),
                    None => wrong("write it as in `90s`, `1h30m`, `30d`"),
                }
            }
        },
        As::Size => {
            let (digits, unit) =
                trimmed.split_at(trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len()));
            let unit = if unit.trim().is_empty() { "B" } else { unit.trim() };
            match is_decimal(digits).then(|| size(digits, unit)).flatten() {
                Some(bytes) => Ok(Value::Size(bytes)),
                None => wrong("write it as in `512MiB`, `1.5GB`"),
            }
        }
        As::Time => match DateTime::parse_from_rfc3339(trimmed) {
            Ok(time) => Ok(Value::Time(time.with_timezone(&Utc))),
            Err(_) => date(trimmed).map_or_else(|| wrong("write it as in `2026-11-24T09:02:11Z` or `2026-11-24`"), Ok),
        },
        As::Date => date(trimmed).map_or_else(|| wrong("write it as in `2026-11-24`"), Ok),
        As::Bool => match trimmed {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => wrong("write `true` or `false`"),
        },
        As::List if trimmed.starts_with('[') => match serde_json::from_str(trimmed) {
            Ok(json) => Ok(Value::from_json(&json)),
            Err(error) => wrong(&error.to_string()),
        },
        As::List => {
            let parts = trimmed.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
            Ok(Value::List(parts.map(|part| Value::Text(part.to_owned())).collect()))
        }
        As::Json => match serde_json::from_str(trimmed) {
            Ok(json) => Ok(Value::from_json(&json)),
            Err(error) => wrong(&error.to_string()),
        },
        As::Version => match Version::parse(trimmed) {
            Some(_) => Ok(Value::Version(trimmed.to_owned())),
            None => wrong("write it as in `1.2.3`"),
        },
    }
}

impl As {
    /// What is wanted, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Percent => "a percentage",
            Self::Duration => "a duration",
            Self::Size => "a size",
            Self::Time => "a time",
            Self::Date => "a date",
            Self::Bool => "true or false",
            Self::List => "a list",
            Self::Json => "JSON",
            Self::Version => "a version",
        }
    }

    /// The type of what it gives.
    pub fn of(self) -> super::Type {
        use super::Type;
        match self {
            Self::Text => Type::Text,
            Self::Number => Type::Number,
            Self::Percent => Type::Ratio,
            Self::Duration => Type::Duration,
            Self::Size => Type::Size,
            Self::Time | Self::Date => Type::Time,
            Self::Bool => Type::Bool,
            Self::List => Type::list(Type::Any),
            Self::Json => Type::Any,
            Self::Version => Type::Version,
        }
    }
}

fn signed(text: &str, read: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    match text.strip_prefix('-') {
        Some(positive) => read(positive).map(|figure| -figure),
        None => read(text),
    }
}

/// A decimal with an optional sign and exponent; never `inf`, `nan`, hexadecimal or empty.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let whole = !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit());
    (is_decimal(digits) && whole).then(|| text.parse().ok()).flatten().filter(|n: &f64| n.is_finite())
}

/// Year, month and day, all digits written; chrono alone would read `2026-1-2` and `+2026-01-02` as well.
fn date(text: &str) -> Option<Value> {
    let exact = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = exact.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    Some(Value::Time(date.and_time(NaiveTime::MIN).and_utc()))
}
