//! A value with its unit, as it stands in events, captures and expressions.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A value. Quantities are kept in their base unit: seconds, bytes, ratio (5 % is 0.05).
///
/// A number in here is always finite; what is not (NaN, no sample, a missing field) is [`Value::NoData`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing is known: comparisons with it are unknown.
    #[default]
    NoData,
    /// Text.
    Text(String),
    /// A bare number.
    Number(f64),
    /// A truth.
    Bool(bool),
    /// Seconds.
    Duration(f64),
    /// Bytes.
    Size(f64),
    /// A ratio; `5%` is 0.05.
    Ratio(f64),
    /// A point in time.
    Time(DateTime<Utc>),
    /// A list.
    List(Vec<Value>),
    /// A map from name to value (json objects, target groups).
    Map(BTreeMap<String, Value>),
}

/// The unit of a probe's figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds: the figure is a duration.
    Ms,
    /// Seconds: the figure is a duration.
    S,
    /// 0..1, shown as percent.
    Ratio,
    /// Bytes.
    Bytes,
    /// A bare count.
    #[default]
    Count,
    /// A rate a second.
    PerSecond,
    /// A rate a minute.
    PerMinute,
}

impl Unit {
    /// A raw figure of this unit as a value (`142` ms is a duration of 0.142 s).
    pub fn value(self, raw: f64) -> Value {
        if !raw.is_finite() {
            return Value::NoData;
        }
        match self {
            Self::Ms => Value::Duration(raw / 1000.0),
            Self::S => Value::Duration(raw),
            Self::Ratio => Value::Ratio(raw),
            Self::Bytes => Value::Size(raw),
            Self::Count | Self::PerSecond | Self::PerMinute => Value::Number(raw),
        }
    }

    /// A figure in base units (seconds, ratio, bytes, number) as people read it, short: `142 ms`, `0.02 %`, `12.5/s`.
    pub fn show(self, base: f64) -> String {
        match self {
            Self::Ms | Self::S => short_duration(base),
            Self::Ratio => Value::Ratio(base).to_string(),
            Self::Bytes => Value::Size(base).to_string(),
            Self::Count => Value::Number(base).to_string(),
            Self::PerSecond => format!("{}/s", Value::Number(base)),
            Self::PerMinute => format!("{}/min", Value::Number(base)),
        }
    }
}

impl Value {
    /// The kind of value in words, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoData => "no data",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Duration(_) => "a duration",
            Self::Size(_) => "a size",
            Self::Ratio(_) => "a percentage",
            Self::Time(_) => "a time",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The bare figure of a quantity, in its base unit.
    pub fn figure(&self) -> Option<f64> {
        match self {
            Self::Number(n) | Self::Duration(n) | Self::Size(n) | Self::Ratio(n) => Some(*n),
            _ => None,
        }
    }

    /// A JSON document as a value. Null is no data.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::NoData,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => n.as_f64().filter(|f| f.is_finite()).map_or(Self::NoData, Self::Number),
            serde_json::Value::String(s) => Self::Text(s.clone()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(map) => {
                Self::Map(map.iter().map(|(k, v)| (k.clone(), Self::from_json(v))).collect())
            }
        }
    }
}

fn number(n: f64) -> String {
    if n == n.trunc() && n.abs() < 1e15 {
        return format!("{n:.0}");
    }
    let text = if n.abs() >= 100.0 { format!("{n:.1}") } else { format!("{n:.3}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A duration in words that fit a table: `12 ms`, `1.3 s`, `41 s`, `5 min`, `2 h`, `30 d`.
pub fn short_duration(seconds: f64) -> String {
    let s = seconds.abs();
    let sign = if seconds < 0.0 { "-" } else { "" };
    match s {
        s if s == 0.0 => "0 s".into(),
        s if s < 0.000_95 => format!("{sign}{:.0} µs", s * 1e6),
        s if s < 0.995 => {
            format!("{sign}{} ms", number((s * 1e3 * 10.0).round() / 10.0).split('.').next().unwrap_or("0"))
        }
        s if s < 10.0 => format!("{sign}{} s", number((s * 10.0).round() / 10.0)),
        s if s < 120.0 => format!("{sign}{s:.0} s"),
        s if s < 7200.0 => format!("{sign}{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{sign}{:.0} h", s / 3600.0),
        s => format!("{sign}{:.0} d", s / 86400.0),
    }
}

/// A running clock: `0:21`, `14:32`, `1:02:11`.
pub fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

impl fmt::Display for Value {
    /// As text stands in a command or on a screen. Lists are joined by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("no data"),
            Self::Text(t) => f.write_str(t),
            Self::Number(n) => f.write_str(&number(*n)),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Duration(s) => f.write_str(&short_duration(*s)),
            Self::Size(b) => {
                let units = ["B", "KiB", "MiB", "GiB", "TiB"];
                let (mut n, mut i) = (*b, 0);
                while n.abs() >= 1024.0 && i + 1 < units.len() {
                    n /= 1024.0;
                    i += 1;
                }
                write!(f, "{} {}", number((n * 10.0).round() / 10.0), units[i])
            }
            Self::Ratio(r) => write!(f, "{} %", number((r * 100.0 * 1000.0).round() / 1000.0)),
            Self::Time(t) => f.write_str(&t.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (i, (k, v)) in map.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{k}: {v}")?;
                }
                f.write_str("}")
            }
        }
    }
}
