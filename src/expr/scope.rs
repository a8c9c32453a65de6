//! What names stand for when an expression is evaluated.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::fold::Fold;
use crate::words::{Look, ProbeId, Unit, Value, Verdict};

/// The state of a probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeNow {
    /// What its samples say after debouncing.
    pub verdict: Verdict,
    /// What its newest look alone says.
    pub look: Look,
    /// The figure of its newest look, in the unit's base (seconds, bytes, ratio, number); none when it has none.
    pub value: Option<f64>,
    /// The figure's unit.
    pub unit: Unit,
}

/// How much of a series is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// The newest seconds.
    Seconds(f64),
    /// So many of the newest samples.
    Samples(usize),
}

/// What names stand for. Everything that is not answered is no data.
///
/// The engine answers for parameters, targets, captures, pins, `item`, `steps`, `run`, `runbook`, `objectives`,
/// `rollback`; the monitor for probes and series. Put one [`Over`] the other to have both.
pub trait Scope {
    /// The value of a name. `item` is its key as text, a target group a map of maps, a `some_of` a list of texts.
    fn value(&self, _name: &str) -> Value {
        Value::NoData
    }

    /// The value at a path of a name and keys: `pins.revision[item]` asks for `["pins", "revision", "kms"]`.
    ///
    /// The default walks through maps. A scope answers itself for what is no map: `item.FIELD`,
    /// `components.kms` (see [`chosen`]), or what is costly to build as a whole (`steps`).
    fn member(&self, path: &[&str]) -> Value {
        match path.split_first() {
            Some((name, keys)) => walk(self.value(name), keys),
            None => Value::NoData,
        }
    }

    /// The state of a probe; none when there is no such probe, or a field of this name hides it.
    fn probe(&self, _probe: &ProbeId) -> Option<ProbeNow> {
        None
    }

    /// Whether `is failing` asks the newest look alone (in a trigger), not the verdict.
    fn raw_looks(&self) -> bool {
        false
    }

    /// Figures of a probe's samples in the window, oldest first, in the unit's base; samples without one are left out.
    fn window(&self, _probe: &ProbeId, _window: Window) -> Vec<f64> {
        Vec::new()
    }

    /// A fold over a window. A series that keeps its own sums may answer it without the samples.
    fn fold(&self, probe: &ProbeId, fold: Fold, window: Window) -> Option<f64> {
        fold.of(&self.window(probe, window))
    }

    /// The figure that was taken before the change, in the unit's base.
    fn baseline(&self, _probe: &ProbeId) -> Option<f64> {
        None
    }

    /// The part of the looks that were good, 0..1.
    fn success_rate(&self, _probe: &ProbeId) -> Option<f64> {
        None
    }

    /// The part of the time in which the verdict was ok, 0..1.
    fn uptime(&self, _probe: &ProbeId) -> Option<f64> {
        None
    }

    /// The time that `now` stands for.
    fn now(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The path of a file of mode 0600 that holds the secret.
    fn file_of_secret(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Values in a plain map.
impl Scope for BTreeMap<String, Value> {
    fn value(&self, name: &str) -> Value {
        self.get(name).cloned().unwrap_or_default()
    }
}

/// Nothing is known.
pub struct Nothing;

impl Scope for Nothing {}

/// Nearer names over a farther scope: the fields of a look, in `expect`.
pub struct Over<'a> {
    /// The values of the nearer names.
    pub fields: &'a BTreeMap<String, Value>,
    /// Nearer names that may be without a value this time; they hide the farther ones all the same.
    pub declared: &'a [&'a str],
    /// Everything else.
    pub far: &'a dyn Scope,
}

impl Over<'_> {
    fn hides(&self, name: &str) -> bool {
        self.fields.contains_key(name) || self.declared.contains(&name)
    }
}

impl Scope for Over<'_> {
    fn value(&self, name: &str) -> Value {
        if self.hides(name) { self.fields.value(name) } else { self.far.value(name) }
    }

    fn member(&self, path: &[&str]) -> Value {
        match path.first() {
            Some(name) if self.hides(name) => self.fields.member(path),
            _ => self.far.member(path),
        }
    }

    fn probe(&self, probe: &ProbeId) -> Option<ProbeNow> {
        let name = probe.as_str().split('.').next().unwrap_or_default();
        if self.hides(name) { None } else { self.far.probe(probe) }
    }

    fn raw_looks(&self) -> bool {
        self.far.raw_looks()
    }

    fn window(&self, probe: &ProbeId, window: Window) -> Vec<f64> {
        self.far.window(probe, window)
    }

    fn fold(&self, probe: &ProbeId, fold: Fold, window: Window) -> Option<f64> {
        self.far.fold(probe, fold, window)
    }

    fn baseline(&self, probe: &ProbeId) -> Option<f64> {
        self.far.baseline(probe)
    }

    fn success_rate(&self, probe: &ProbeId) -> Option<f64> {
        self.far.success_rate(probe)
    }

    fn uptime(&self, probe: &ProbeId) -> Option<f64> {
        self.far.uptime(probe)
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        self.far.now()
    }

    fn file_of_secret(&self, name: &str) -> Option<String> {
        self.far.file_of_secret(name)
    }
}

/// The value at keys inside a value; no data where there is none.
pub fn walk(value: Value, keys: &[&str]) -> Value {
    keys.iter().fold(value, |value, key| match value {
        Value::Map(mut map) => map.remove(*key).unwrap_or_default(),
        _ => Value::NoData,
    })
}

/// Whether a `some_of` holds this choice: what `components.kms` is.
pub fn chosen(choices: &Value, choice: &str) -> Value {
    match choices {
        Value::List(items) => Value::Bool(items.iter().any(|item| matches!(item, Value::Text(text) if text == choice))),
        _ => Value::NoData,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Far;

    impl Scope for Far {
        fn value(&self, name: &str) -> Value {
            Value::Text(format!("far {name}"))
        }

        fn probe(&self, _: &ProbeId) -> Option<ProbeNow> {
            Some(ProbeNow::default())
        }
    }

    #[test]
    fn a_field_hides_what_is_farther_even_without_a_value() {
        let fields = BTreeMap::from([("status".to_owned(), Value::Number(200.0))]);
        let over = Over { fields: &fields, declared: &["latency"], far: &Far };
        assert_eq!(over.member(&["status"]), Value::Number(200.0));
        assert_eq!(over.member(&["latency"]), Value::NoData);
        assert_eq!(over.member(&["platform"]), Value::Text("far platform".into()));
        assert!(over.probe(&"latency".into()).is_none());
        assert!(over.probe(&"status.x".into()).is_none());
        assert!(over.probe(&"ready.kms".into()).is_some());
    }

    #[test]
    fn a_choice_is_in_the_list_or_not() {
        let choices = Value::List(vec![Value::Text("kms".into())]);
        assert_eq!(chosen(&choices, "kms"), Value::Bool(true));
        assert_eq!(chosen(&choices, "identity"), Value::Bool(false));
        assert_eq!(chosen(&Value::NoData, "kms"), Value::NoData);
    }
}
