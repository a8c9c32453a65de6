//! Sums of quantities. What overflows, is divided by zero or does not fit together is no data.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::tree::Arithmetic;
use crate::words::Value;

/// `-x`.
pub fn negative(value: Value) -> Value {
    match value {
        Value::Number(n) => Value::Number(-n),
        Value::Duration(n) => Value::Duration(-n),
        Value::Size(n) => Value::Size(-n),
        Value::Ratio(n) => Value::Ratio(-n),
        _ => Value::NoData,
    }
}

/// `left OP right`.
pub fn calculate(op: Arithmetic, left: &Value, right: &Value) -> Value {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    use Value::{Duration, Number, Ratio, Size, Time};
    let value = match (op, left, right) {
        (Add, Number(l), Number(r)) => Number(l + r),
        (Add, Duration(l), Duration(r)) => Duration(l + r),
        (Add, Size(l), Size(r)) => Size(l + r),
        (Add, Ratio(l), Ratio(r)) => Ratio(l + r),
        (Add, Time(t), Duration(d)) | (Add, Duration(d), Time(t)) => later(*t, *d),
        (Subtract, Number(l), Number(r)) => Number(l - r),
        (Subtract, Duration(l), Duration(r)) => Duration(l - r),
        (Subtract, Size(l), Size(r)) => Size(l - r),
        (Subtract, Ratio(l), Ratio(r)) => Ratio(l - r),
        (Subtract, Time(t), Duration(d)) => later(*t, -d),
        (Subtract, Time(l), Time(r)) => Duration((*l - *r).as_seconds_f64()),
        (Multiply, Number(n), other) | (Multiply, other, Number(n)) => scaled(other, *n),
        (Multiply, Ratio(n), other) | (Multiply, other, Ratio(n)) => scaled(other, *n),
        (Divide, Number(l), Number(r))
        | (Divide, Duration(l), Duration(r))
        | (Divide, Size(l), Size(r))
        | (Divide, Ratio(l), Ratio(r)) => Number(l / r),
        (Divide, other, Number(n) | Ratio(n)) => divided(other, *n),
        _ => Value::NoData,
    };
    match value.figure() {
        Some(figure) if !figure.is_finite() => Value::NoData,
        _ => value,
    }
}

fn scaled(value: &Value, by: f64) -> Value {
    mapped(value, |n| n * by)
}

/// Its own operation: `x * (1 / 3)` is not quite `x / 3`.
fn divided(value: &Value, by: f64) -> Value {
    mapped(value, |n| n / by)
}

fn mapped(value: &Value, with: impl Fn(f64) -> f64) -> Value {
    match value {
        Value::Number(n) => Value::Number(with(*n)),
        Value::Duration(n) => Value::Duration(with(*n)),
        Value::Size(n) => Value::Size(with(*n)),
        Value::Ratio(n) => Value::Ratio(with(*n)),
        _ => Value::NoData,
    }
}

fn later(time: DateTime<Utc>, seconds: f64) -> Value {
    // Beyond about 290 years there is no time to speak of; the cast saturates and the sum is refused.
    let delta = TimeDelta::microseconds((seconds * 1e6) as i64);
    time.checked_add_signed(delta).map_or(Value::NoData, Value::Time)
}
