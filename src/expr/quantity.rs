//! A number with its unit: `100ms`, `1h30m`, `0.1%`, `512MiB`.

use crate::words::Value;

/// Why a text is no quantity, and what it may have meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoQuantity {
    pub message: String,
    pub hint: Option<String>,
}

/// Names of time units, their power of ten below a second or their length in seconds.
const TIME: [(&str, Scale); 7] = [
    ("us", Scale::Ten(-6)),
    ("ms", Scale::Ten(-3)),
    ("s", Scale::Times(1.0)),
    ("m", Scale::Times(60.0)),
    ("h", Scale::Times(3600.0)),
    ("d", Scale::Times(86_400.0)),
    ("w", Scale::Times(604_800.0)),
];

/// Names of size units and their bytes.
const SIZE: [(&str, f64); 10] = [
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
];

/// What people write elsewhere, and how it is written here.
const HABITS: [(&str, &str); 34] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("S", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("H", "h"),
    ("day", "d"),
    ("days", "d"),
    ("D", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("µs", "us"),
    ("μs", "us"),
    ("b", "B"),
    ("k", "kB"),
    ("kb", "kB"),
    ("Ki", "KiB"),
    ("mb", "MB"),
    ("M", "MB"),
    ("Mi", "MiB"),
    ("G", "GB"),
    ("Gi", "GiB"),
    ("Ti", "TiB"),
    ("percent", "%"),
];

#[derive(Clone, Copy)]
enum Scale {
    /// A power of ten, applied to the decimal text so that `0.1` of it is exact.
    Ten(i32),
    Times(f64),
}

impl Scale {
    fn of(self, digits: &str) -> Option<f64> {
        let figure = match self {
            Self::Ten(power) => format!("{digits}e{power}").parse::<f64>().ok()?,
            Self::Times(times) => digits.parse::<f64>().ok()? * times,
        };
        figure.is_finite().then_some(figure)
    }
}

/// How a unit of another tool is written here (`min` is `m`).
pub(super) fn habit(unit: &str) -> Option<&'static str> {
    HABITS.iter().find(|(theirs, _)| *theirs == unit).map(|(_, ours)| *ours)
}

/// Whether a word is a unit, ours or another tool's.
pub(super) fn is_unit(word: &str) -> bool {
    word == "%"
        || TIME.iter().any(|(name, _)| *name == word)
        || SIZE.iter().any(|(name, _)| *name == word)
        || habit(word).is_some()
}

/// A non-negative decimal: digits, at most one point, a digit on both sides of it. No exponent, no sign.
pub(super) fn is_decimal(text: &str) -> bool {
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => all_digits(text),
    }
}

/// Percent as a ratio: `5` is 0.05, exactly what `0.05` is.
pub(super) fn percent(digits: &str) -> Option<f64> {
    Scale::Ten(-2).of(digits)
}

/// Bytes of so many `unit`, also in Kubernetes' short form (`512Mi`).
pub(super) fn size(digits: &str, unit: &str) -> Option<f64> {
    let unit = match unit {
        "Ki" | "Mi" | "Gi" | "Ti" => &format!("{unit}B"),
        other => other,
    };
    let bytes = SIZE.iter().find(|(name, _)| *name == unit)?.1;
    Scale::Times(bytes).of(digits)
}

/// Seconds of a duration such as `90s`, `1h30m`, `2m0s`: units fall from left to right. No sign, no space.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (mut rest, mut total, mut last) = (text, 0.0, TIME.len());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = split_digits(rest);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let at = TIME.iter().position(|(name, _)| *name == unit)?;
        if at >= last || !is_decimal(digits) {
            return None;
        }
        (last, rest) = (at, after);
        total += TIME[at].1.of(digits)?;
    }
    f64::is_finite(total).then_some(total)
}

/// A literal of the language: a number with at most a unit, without sign and space.
pub(super) fn quantity(text: &str) -> Result<Value, NoQuantity> {
    let (digits, unit) = split_digits(text);
    let wrong = |message: String, hint: Option<String>| Err(NoQuantity { message, hint });
    if !is_decimal(digits) {
        let hint = if digits.matches('.').count() > 1 {
            format!("quote it, or compare versions: `version('{digits}')`")
        } else {
            "a digit stands on both sides of the point".to_owned()
        };
        return wrong(format!("`{text}` is not a number"), Some(hint));
    }
    let value = match unit {
        "" => digits.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Number),
        "%" => percent(digits).map(Value::Ratio),
        _ => size(digits, unit)
            .filter(|_| !unit.ends_with('i'))
            .map(Value::Size)
            .or_else(|| duration(text).map(Value::Duration)),
    };
    match value {
        Some(value) => Ok(value),
        None if unit.is_empty() || unit == "%" => wrong(format!("`{text}` is too large"), None),
        None if unit.starts_with('_') => {
            wrong(format!("`{text}` is not a number"), Some(format!("write `{}`", text.replace('_', ""))))
        }
        None => match habit(unit) {
            Some(ours) => wrong(format!("there is no unit `{unit}`"), Some(format!("write `{digits}{ours}`"))),
            None => wrong(
                format!("there is no unit `{unit}`"),
                Some("units are us ms s m h d w, %, B KiB MiB GiB TiB kB MB GB TB, as in `90s`".to_owned()),
            ),
        },
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_every_unit() {
        let cases = [
            ("0", Value::Number(0.0)),
            ("95.2", Value::Number(95.2)),
            ("100us", Value::Duration(0.000_1)),
            ("100ms", Value::Duration(0.1)),
            ("90s", Value::Duration(90.0)),
            ("1.5s", Value::Duration(1.5)),
            ("5m", Value::Duration(300.0)),
            ("24h", Value::Duration(86_400.0)),
            ("30d", Value::Duration(2_592_000.0)),
            ("2w", Value::Duration(1_209_600.0)),
            ("1h30m", Value::Duration(5_400.0)),
            ("2m0s", Value::Duration(120.0)),
            ("1s500ms", Value::Duration(1.5)),
            ("0.1%", Value::Ratio(0.001)),
            ("95.2%", Value::Ratio(0.952)),
            ("70%", Value::Ratio(0.7)),
            ("512MiB", Value::Size(536_870_912.0)),
            ("1KiB", Value::Size(1024.0)),
            ("1.5GB", Value::Size(1.5e9)),
            ("10kB", Value::Size(10_000.0)),
            ("7B", Value::Size(7.0)),
        ];
        for (text, value) in cases {
            assert_eq!(quantity(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_says_what_to_write() {
        let cases = [
            ("5min", "there is no unit `min`", "write `5m`"),
            ("512Mi", "there is no unit `Mi`", "write `512MiB`"),
            ("1_000", "`1_000` is not a number", "write `1000`"),
            ("5parsec", "there is no unit `parsec`", "units are us ms s"),
            ("5.", "`5.` is not a number", "a digit stands on both sides"),
            ("30m1h", "there is no unit `m1h`", "units are"),
        ];
        for (text, message, hint) in cases {
            let fault = quantity(text).unwrap_err();
            assert_eq!(fault.message, message);
            assert!(fault.hint.as_deref().unwrap_or_default().starts_with(hint), "{text}: {:?}", fault.hint);
        }
    }

    #[test]
    fn a_figure_past_all_bounds_is_refused() {
        let huge = "9".repeat(400);
        assert!(quantity(&huge).unwrap_err().message.ends_with("is too large"));
        assert_eq!(quantity(&format!("{huge}%")).ok(), None);
        assert_eq!(quantity(&format!("{huge}d")).ok(), None);
    }
}
