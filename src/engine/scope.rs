//! What names stand for in a plan's texts and conditions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::plan::{Item, Plan};
use super::state::{State, Status};
use crate::expr::{Over, ProbeNow, Scope, chosen, walk};
use crate::words::{ItemId, Name, ProbeId, Value};

/// The scope of an item's texts: parameters, targets, captures, pins, `item`, `steps`, `run`, `runbook`,
/// `objectives`, probes by their last known verdict; the fields of a result over them.
pub struct PlanScope<'a> {
    state: &'a State,
    item: Option<&'a Item>,
    each: Option<&'a (String, String)>,
    fields: BTreeMap<String, Value>,
    now: Option<DateTime<Utc>>,
}

impl<'a> PlanScope<'a> {
    /// The scope of an item by its place.
    pub fn new(state: &'a State, index: usize) -> Self {
        Self {
            state,
            item: state.plan.items.get(index),
            each: state.plan.items.get(index).and_then(|i| i.each.as_ref()),
            fields: BTreeMap::new(),
            now: state.now.map(|n| n.at),
        }
    }

    /// The scope of a probe's texts: its target is `item`.
    pub fn of_probe(state: &'a State, probe: &'a super::plan::Probe) -> Self {
        Self { each: probe.each.as_ref(), ..Self::of_run(state) }
    }

    /// The scope outside of items.
    pub fn of_run(state: &'a State) -> Self {
        Self { state, item: None, each: None, fields: BTreeMap::new(), now: state.now.map(|n| n.at) }
    }

    /// With the fields of a result, an answer, a look: they hide farther names.
    #[must_use]
    pub fn with_fields(mut self, fields: &BTreeMap<String, Value>) -> Self {
        self.fields.clone_from(fields);
        self
    }

    /// With this time as `now`.
    #[must_use]
    pub fn at(mut self, now: DateTime<Utc>) -> Self {
        self.now = Some(now);
        self
    }

    /// The item's title as people read it: what is not known yet stands as it was written.
    pub fn title(&self) -> String {
        self.item.map(|item| item.title.fill(self).unwrap_or_else(|_| item.title.source().to_owned())).unwrap_or_default()
    }

    fn far(&self) -> Far<'_> {
        Far { state: self.state, each: self.each, locals: self.item.map(|i| &i.locals), now: self.now }
    }
}

impl Scope for PlanScope<'_> {
    fn value(&self, name: &str) -> Value {
        let far = self.far();
        Over { fields: &self.fields, declared: &[], far: &far }.value(name)
    }

    fn member(&self, path: &[&str]) -> Value {
        let far = self.far();
        Over { fields: &self.fields, declared: &[], far: &far }.member(path)
    }

    fn probe(&self, probe: &ProbeId) -> Option<ProbeNow> {
        let far = self.far();
        Over { fields: &self.fields, declared: &[], far: &far }.probe(probe)
    }

    fn baseline(&self, probe: &ProbeId) -> Option<f64> {
        self.state.baselines.get(probe).copied()
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        self.now
    }
}

/// The plan's names without a result's fields.
struct Far<'a> {
    state: &'a State,
    each: Option<&'a (String, String)>,
    locals: Option<&'a BTreeMap<String, Value>>,
    now: Option<DateTime<Utc>>,
}

impl Far<'_> {
    fn target(&self, group: &str, key: &str) -> Option<BTreeMap<String, Value>> {
        self.state.plan.targets.get(group)?.iter().find(|t| t.key == key).map(|t| t.fields.clone())
    }

    fn run(&self, field: &str) -> Value {
        let Some(opened) = &self.state.opened else { return Value::NoData };
        match field {
            "id" => Value::Text(opened.run.clone()),
            "dir" if !opened.dir.is_empty() => Value::Text(opened.dir.clone()),
            "operator" => Value::Text(opened.operator.split('@').next().unwrap_or_default().to_owned()),
            "started" => self.state.begun.map_or(Value::NoData, |s| Value::Time(s.at)),
            "elapsed" => match (self.state.begun, self.state.now) {
                (Some(begun), Some(now)) => Value::Duration(now.up.saturating_sub(begun.up) as f64 / 1e6),
                _ => Value::NoData,
            },
            _ => Value::NoData,
        }
    }

    fn step(&self, id: &str, field: &str) -> Value {
        let Some(index) = self.state.index(&ItemId(id.to_owned())) else { return Value::NoData };
        let item = &self.state.items[index];
        match field {
            "outcome" => Value::Text(
                match self.state.status(index) {
                    Status::Open | Status::Busy | Status::NoData => return Value::NoData,
                    Status::Passed => "passed",
                    Status::Failed(outcome) => outcome.words(),
                    Status::Skipped => "skipped",
                    Status::Deferred => "deferred",
                    Status::Overridden => "overridden",
                    Status::Unknown => "unknown",
                    Status::Off => "off",
                }
                .to_owned(),
            ),
            "started" => {
                let first = item.attempts.last().map(|a| a.started).or(item.opened);
                first.map_or(Value::NoData, |s| Value::Time(s.at))
            }
            "ended" => item.settled_at.map_or(Value::NoData, |s| Value::Time(s.at)),
            _ => Value::NoData,
        }
    }
}

impl Scope for Far<'_> {
    fn value(&self, name: &str) -> Value {
        let plan = &self.state.plan;
        if let Some(value) = self.locals.and_then(|l| l.get(name)) {
            return value.clone();
        }
        match name {
            "item" => return self.each.map_or(Value::NoData, |(_, key)| Value::Text(key.clone())),
            "pins" => return Value::Map(self.state.pins.iter().map(|(k, v)| (k.0.clone(), v.clone())).collect()),
            "runbook" => {
                let text = |t: &Option<String>| t.clone().map_or(Value::NoData, Value::Text);
                return Value::Map(BTreeMap::from([
                    ("title".to_owned(), Value::Text(plan.title.clone())),
                    ("system".to_owned(), text(&plan.system)),
                    ("version".to_owned(), text(&plan.version)),
                ]));
            }
            "objectives" => {
                let seconds = |s: Option<f64>| s.map_or(Value::NoData, Value::Duration);
                return Value::Map(BTreeMap::from([
                    ("rto".to_owned(), seconds(plan.objectives.rto)),
                    ("rpo".to_owned(), seconds(plan.objectives.rpo)),
                ]));
            }
            _ => {}
        }
        if let Some(parameter) = plan.parameters.iter().find(|p| p.name.as_str() == name) {
            return parameter.value.clone();
        }
        if let Some(value) = self.state.captures.get(&Name(name.to_owned())) {
            return value.clone();
        }
        if let Some(group) = plan.targets.get(name) {
            return Value::Map(group.iter().map(|t| (t.key.clone(), Value::Map(t.fields.clone()))).collect());
        }
        match self.probe(&ProbeId(name.to_owned())) {
            Some(probe) => probe.value.map_or(Value::NoData, |figure| as_value(&probe, figure)),
            None => Value::NoData,
        }
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            ["item", field] => {
                let fields = self.each.and_then(|(group, key)| self.target(group, key));
                fields.and_then(|mut f| f.remove(*field)).unwrap_or_default()
            }
            ["run", field] => self.run(field),
            ["steps", id, field] => self.step(id, field),
            [name, choice] => match self.value(name) {
                list @ Value::List(_) => chosen(&list, choice),
                value => walk(value, &[choice]),
            },
            [name, keys @ ..] => walk(self.value(name), keys),
            [] => Value::NoData,
        }
    }

    fn probe(&self, id: &ProbeId) -> Option<ProbeNow> {
        let plan = self.state.plan.probe(id)?;
        let known = self.state.probes.get(id);
        let sample = known.and_then(|p| p.sample.as_ref());
        Some(ProbeNow {
            verdict: known.map(|p| p.verdict).unwrap_or_default(),
            look: sample.map(|s| s.look).unwrap_or_default(),
            value: sample.and_then(|s| s.value),
            unit: plan.unit,
        })
    }

    fn baseline(&self, probe: &ProbeId) -> Option<f64> {
        self.state.baselines.get(probe).copied()
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        self.now
    }
}

fn as_value(probe: &ProbeNow, figure: f64) -> Value {
    use crate::words::Unit;
    match probe.unit {
        Unit::Ms | Unit::S => Value::Duration(figure),
        Unit::Ratio => Value::Ratio(figure),
        Unit::Bytes => Value::Size(figure),
        Unit::Count | Unit::PerSecond | Unit::PerMinute => Value::Number(figure),
    }
}

/// The names of secret parameters.
pub(super) fn secrets(plan: &Plan) -> Vec<&str> {
    plan.parameters.iter().filter(|p| p.secret.is_some()).map(|p| p.name.as_str()).collect()
}
