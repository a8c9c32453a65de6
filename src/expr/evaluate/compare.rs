//! Comparisons of values: only like with like, anything else is unknown.

use std::cmp::Ordering;

use super::super::tree::Compare;
use super::super::truth::Truth;
use super::super::version::Version;
use crate::words::Value;

/// Whether `left OP right` holds.
pub fn compare(op: Compare, left: &Value, right: &Value) -> Truth {
    match op {
        Compare::Equal => equal(left, right),
        Compare::Unequal => equal(left, right).negated(),
        _ => match order(left, right) {
            Some(order) => match op {
                Compare::Less => order.is_lt(),
                Compare::AtMost => order.is_le(),
                Compare::More => order.is_gt(),
                _ => order.is_ge(),
            }
            .into(),
            None => Truth::Unknown,
        },
    }
}

/// The order of two quantities of one kind, two times or two versions.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(l), Value::Number(r))
        | (Value::Duration(l), Value::Duration(r))
        | (Value::Size(l), Value::Size(r))
        | (Value::Ratio(l), Value::Ratio(r)) => figures(*l, *r),
        (Value::Time(l), Value::Time(r)) => Some(l.cmp(r)),
        (Value::Version(l), Value::Version(r) | Value::Text(r)) | (Value::Text(l), Value::Version(r)) => {
            Some(Version::parse(l)?.order(&Version::parse(r)?))
        }
        _ => None,
    }
}

/// The order of two figures. Fractions that differ only by how a computer calculates (less than a part in 10¹²) are
/// the same, so that `10% + 5% == 15%` holds; whole numbers are compared exactly.
fn figures(left: f64, right: f64) -> Option<Ordering> {
    let whole = left.fract() == 0.0 && right.fract() == 0.0;
    if !whole && (left - right).abs() <= 1e-12 * left.abs().max(right.abs()) {
        return Some(Ordering::Equal);
    }
    left.partial_cmp(&right)
}

/// Whether two values are the same. A number in a text is a text.
pub fn equal(left: &Value, right: &Value) -> Truth {
    match (left, right) {
        (Value::Text(l), Value::Text(r)) => (l == r).into(),
        (Value::Bool(l), Value::Bool(r)) => (l == r).into(),
        (Value::List(l), Value::List(r)) if l.len() != r.len() => Truth::False,
        (Value::List(l), Value::List(r)) => all(l.iter().zip(r)),
        (Value::Map(l), Value::Map(r)) if !l.keys().eq(r.keys()) => Truth::False,
        (Value::Map(l), Value::Map(r)) => all(l.values().zip(r.values())),
        _ => order(left, right).map_or(Truth::Unknown, |order| order.is_eq().into()),
    }
}

fn all<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Truth {
    pairs.fold(Truth::True, |truth, (l, r)| truth.and(equal(l, r)))
}

/// Whether a value is in a list, a key in a map, a part in a text.
pub fn contains(part: &Value, whole: &Value) -> Truth {
    match (part, whole) {
        (Value::NoData, _) => Truth::Unknown,
        (part, Value::List(items)) => items.iter().fold(Truth::False, |truth, item| truth.or(equal(part, item))),
        (Value::Text(key), Value::Map(map)) => map.contains_key(key).into(),
        (Value::Text(part), Value::Text(text)) => text.contains(part.as_str()).into(),
        _ => Truth::Unknown,
    }
}
