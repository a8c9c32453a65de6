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
    /// A version as it was written; compared part by part.
    Version(String),
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
        self.of_base(if self == Self::Ms { raw / 1000.0 } else { raw })
    }

    /// A figure in the unit's base (seconds, ratio, bytes, number) as a value; no data when it is not finite.
    pub fn of_base(self, base: f64) -> Value {
        match self {
            _ if !base.is_finite() => Value::NoData,
            Self::Ms | Self::S => Value::Duration(base),
            Self::Ratio => Value::Ratio(base),
            Self::Bytes => Value::Size(base),
            Self::Count | Self::PerSecond | Self::PerMinute => Value::Number(base),
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
            Self::Version(_) => "a version",
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

    /// The value exactly, as the expression language writes it and a command wants it: `5m`, `512MiB`, `95.2%`,
    /// a list joined by commas, a map as JSON; no data is empty. Reading it again gives the same value.
    pub fn written(&self) -> String {
        match self {
            Self::NoData => String::new(),
            Self::Text(text) | Self::Version(text) => text.clone(),
            Self::Number(n) => decimal(*n),
            Self::Bool(b) => b.to_string(),
            Self::Duration(s) => written_duration(*s),
            Self::Size(b) => written_size(*b),
            Self::Ratio(r) => format!("{}%", times_hundred(&decimal(*r))),
            Self::Time(t) => t.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            Self::List(items) => items.iter().map(Self::written).collect::<Vec<_>>().join(","),
            Self::Map(_) => self.to_json().to_string(),
        }
    }

    /// The value as JSON: quantities, times and versions as [`Value::written`], no data as null.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::NoData => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => (*n as i64).into(),
            Self::Number(n) => (*n).into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(map) => map.iter().map(|(key, value)| (key.clone(), value.to_json())).collect(),
            other => other.written().into(),
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

/// The shortest digits that read back as the same number, without an exponent.
fn decimal(n: f64) -> String {
    if n == 0.0 { "0".to_owned() } else { n.to_string() }
}

/// Moves the point of a decimal two places to the right, exactly: `0.952` is `95.2`.
fn times_hundred(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let moved: String = fraction.chars().chain(['0', '0']).take(2).collect();
    let whole = format!("{whole}{moved}");
    let whole = whole.trim_start_matches('0');
    let rest = fraction.get(2..).unwrap_or("");
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{rest}", if whole.is_empty() { "0" } else { whole })
}

fn written_duration(seconds: f64) -> String {
    let whole = |n: f64| n.fract() == 0.0 && n.abs() < 9e15;
    let (ms, us) = ((seconds * 1e3).round(), (seconds * 1e6).round());
    match seconds {
        0.0 => "0s".to_owned(),
        s if whole(s) && s % 3600.0 == 0.0 => format!("{}h", s / 3600.0),
        s if whole(s) && s % 60.0 == 0.0 => format!("{}m", s / 60.0),
        s if whole(s) => format!("{s}s"),
        s if whole(ms) && ms / 1e3 == s => format!("{ms}ms"),
        s if whole(us) && us / 1e6 == s => format!("{us}us"),
        s => format!("{}s", decimal(s)),
    }
}

fn written_size(bytes: f64) -> String {
    let units = [("TiB", 1_099_511_627_776.0), ("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1024.0)];
    match units.iter().find(|(_, size)| bytes != 0.0 && bytes.abs() < 9e15 && bytes % size == 0.0) {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => format!("{}B", decimal(bytes)),
    }
}

/// A number as people read it: whole, or about three digits behind what matters.
fn number(n: f64) -> String {
    let size = n.abs();
    if n == n.trunc() && size < 1e15 {
        return decimal(n);
    }
    let decimals = match size {
        s if !(1e-9..1e15).contains(&s) => return format!("{n:.3e}"),
        s if s >= 100.0 => 1,
        s if s >= 1.0 => 3,
        // Three digits from the first that is not zero: 0.000412.
        s => (2 - s.log10().floor() as i32).clamp(3, 12) as usize,
    };
    let text = format!("{n:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A duration in words that fit a table: `12 ms`, `1.3 s`, `41 s`, `5 min`, `2.5 h`, `30 d`.
pub fn short_duration(seconds: f64) -> String {
    let s = seconds.abs();
    let sign = if seconds < 0.0 { "-" } else { "" };
    // Two digits are enough up to ten of a unit; then whole ones.
    let few = |n: f64| if n < 9.95 { number((n * 10.0).round() / 10.0) } else { format!("{n:.0}") };
    match s {
        s if s < 0.000_000_5 => "0 s".into(),
        s if s < 0.000_95 => format!("{sign}{:.0} µs", s * 1e6),
        s if s < 0.999_5 => format!("{sign}{} ms", few(s * 1e3)),
        s if s < 119.5 => format!("{sign}{} s", few(s)),
        s if s < 7170.0 => format!("{sign}{} min", few(s / 60.0)),
        s if s < 171_000.0 => format!("{sign}{} h", few(s / 3600.0)),
        s => format!("{sign}{} d", few(s / 86400.0)),
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
            Self::Text(t) | Self::Version(t) => f.write_str(t),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_for_people() {
        let cases = [
            (0.0, "0 s"),
            (0.000_012, "12 µs"),
            (0.001, "1 ms"),
            (0.001_4, "1.4 ms"),
            (0.012, "12 ms"),
            (0.142_5, "142 ms"),
            (0.142_6, "143 ms"),
            (0.999, "999 ms"),
            (0.999_9, "1 s"),
            (1.34, "1.3 s"),
            (9.96, "10 s"),
            (41.2, "41 s"),
            (119.0, "119 s"),
            (119.6, "2 min"),
            (300.0, "5 min"),
            (5400.0, "90 min"),
            (7200.0, "2 h"),
            (12_600.0, "3.5 h"),
            (86_400.0, "24 h"),
            (172_800.0, "2 d"),
            (2_592_000.0, "30 d"),
            (-5.0, "-5 s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(short_duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn values_for_people_and_exactly() {
        let cases = [
            (Value::Number(200.0), "200", "200"),
            (Value::Number(-0.0), "0", "0"),
            (Value::Number(2.34567), "2.346", "2.34567"),
            (Value::Number(1234.56), "1234.6", "1234.56"),
            (Value::Number(0.000_412_3), "0.000412", "0.0004123"),
            (Value::Number(0.1), "0.1", "0.1"),
            (Value::Number(1e20), "1.000e20", "100000000000000000000"),
            (Value::Bool(true), "true", "true"),
            (Value::Duration(0.1), "100 ms", "100ms"),
            (Value::Duration(90.0), "90 s", "90s"),
            (Value::Duration(300.0), "5 min", "5m"),
            (Value::Duration(5400.0), "90 min", "90m"),
            (Value::Duration(172_800.0), "2 d", "48h"),
            (Value::Duration(0.000_25), "250 µs", "250us"),
            (Value::Duration(1.25), "1.3 s", "1250ms"),
            (Value::Duration(0.0), "0 s", "0s"),
            (Value::Size(512.0), "512 B", "512B"),
            (Value::Size(536_870_912.0), "512 MiB", "512MiB"),
            (Value::Size(1_500.0), "1.5 KiB", "1500B"),
            (Value::Ratio(0.05), "5 %", "5%"),
            (Value::Ratio(0.000_2), "0.02 %", "0.02%"),
            (Value::Ratio(0.952_345_67), "95.235 %", "95.234567%"),
            (Value::Ratio(-0.5), "-50 %", "-50%"),
            (Value::Ratio(12.0), "1200 %", "1200%"),
            (Value::Text("a b".into()), "a b", "a b"),
            (Value::Version("v1.2".into()), "v1.2", "v1.2"),
            (Value::List(vec![Value::Number(1.5), Value::Text("b".into())]), "1.5,b", "1.5,b"),
            (Value::NoData, "no data", ""),
            (
                Value::Map([("a".to_owned(), Value::Number(1.0)), ("b".to_owned(), Value::Ratio(0.5))].into()),
                "{a: 1, b: 50 %}",
                r#"{"a":1,"b":"50%"}"#,
            ),
        ];
        for (value, people, exact) in cases {
            assert_eq!(value.to_string(), people);
            assert_eq!(value.written(), exact);
        }
    }

    #[test]
    fn figures_of_units() {
        assert_eq!(Unit::Ms.value(142.0), Value::Duration(0.142));
        assert_eq!(Unit::Ms.of_base(0.142), Value::Duration(0.142));
        assert_eq!(Unit::Ratio.value(f64::NAN), Value::NoData);
        let shown = [
            (Unit::Ms, 0.142, "142 ms"),
            (Unit::S, 90.0, "90 s"),
            (Unit::Ratio, 0.000_2, "0.02 %"),
            (Unit::Bytes, 2048.0, "2 KiB"),
            (Unit::Count, 7.0, "7"),
            (Unit::PerSecond, 12.5, "12.5/s"),
            (Unit::PerMinute, 3.0, "3/min"),
        ];
        for (unit, base, text) in shown {
            assert_eq!(unit.show(base), text);
        }
    }

    #[test]
    fn json_there_and_back() {
        let json = serde_json::json!({ "a": [1, 2.5, "x", true, null], "b": {} });
        assert_eq!(Value::from_json(&json).to_json(), json);
    }

    #[test]
    fn running_clocks() {
        assert_eq!([clock(21), clock(872), clock(3731)], ["0:21", "14:32", "1:02:11"]);
    }
}
