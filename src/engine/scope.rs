//! What names stand for in a plan's texts and conditions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::plan::{Item, Plan};
use super::state::{Settled, State, Status};
use crate::expr::{Over, ProbeNow, Scope, chosen, walk};
use crate::words::{ItemId, Name, Outcome, ProbeId, Value};

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

    /// The item's title as people read it: what has no value yet, or is off, stands as `<name>`.
    pub fn title(&self) -> String {
        self.item.map(|item| item.title.shown(self)).unwrap_or_default()
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

    fn rollback(&self, field: &str) -> Value {
        let Some(rollback) = &self.state.rollback else { return Value::NoData };
        match field {
            "reason" => rollback.reason.clone().map_or(Value::NoData, Value::Text),
            "started" => Value::Time(rollback.stamp.at),
            "ended" => rollback.verified.map_or(Value::NoData, |(stamp, _)| Value::Time(stamp.at)),
            _ => Value::NoData,
        }
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

    /// `steps.ID`, `steps.USER.ID`, `steps.ID[key]`, and of a group all that stands under it.
    fn step(&self, path: &[&str], field: &str) -> Value {
        let plain = path.join(".");
        let keyed = (1..path.len()).map(|at| {
            let ids: Vec<&str> = path.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| *p).collect();
            format!("{}[{}]", ids.join("."), path[at])
        });
        for id in std::iter::once(plain).chain(keyed) {
            let id = ItemId(id);
            if let Some(index) = self.state.index(&id) {
                return self.item(index, field);
            }
            if let Some(group) = self.state.plan.groups.iter().position(|g| g.id == id) {
                return self.group(group, field);
            }
        }
        Value::NoData
    }

    fn item(&self, index: usize, field: &str) -> Value {
        let item = &self.state.items[index];
        let time = |stamp: Option<crate::words::Stamp>| stamp.map_or(Value::NoData, |s| Value::Time(s.at));
        match field {
            "outcome" => outcome(&self.state.status(index)).map_or(Value::NoData, |word| Value::Text(word.into())),
            "started" => time(item.attempts.last().map(|a| a.started).or(item.opened)),
            "ended" => time(item.attempts.last().and_then(|a| a.ended.as_ref()).map(|(at, _)| *at).or(item.settled_at)),
            _ => Value::NoData,
        }
    }

    /// Of a group: the worst outcome, the first start, the last end; nothing while one is open.
    fn group(&self, group: usize, field: &str) -> Value {
        let items: Vec<usize> = self.state.plan.items_under(group).map(|(i, _)| i).collect();
        let values: Vec<Value> = items.iter().map(|i| self.item(*i, field)).collect();
        let times = || values.iter().filter_map(|v| if let Value::Time(at) = v { Some(*at) } else { None });
        match field {
            "started" => times().min().map_or(Value::NoData, Value::Time),
            "ended" if times().count() == values.len() => times().max().map_or(Value::NoData, Value::Time),
            "outcome" => {
                let rank = |word: &str| {
                    let worst_last = ["off", "skipped", "passed", "deferred", "overridden", "not_started", "cancelled"];
                    worst_last.iter().position(|w| *w == word).unwrap_or(worst_last.len())
                };
                let words: Option<Vec<&str>> = items.iter().map(|i| outcome(&self.state.status(*i))).collect();
                let worst = words.and_then(|words| words.into_iter().max_by_key(|word| rank(word)));
                worst.map_or(Value::NoData, |word| Value::Text(word.into()))
            }
            _ => Value::NoData,
        }
    }
}

/// An outcome as expressions compare it; none while the item is open.
fn outcome(status: &Status) -> Option<&'static str> {
    Some(match status {
        Status::Open | Status::Busy | Status::NoData => return None,
        Status::Passed => "passed",
        Status::Failed(Outcome::TimedOut) => "timed_out",
        Status::Failed(Outcome::Cancelled) => "cancelled",
        Status::Failed(Outcome::NotStarted) => "not_started",
        Status::Failed(_) => "failed",
        Status::Skipped => "skipped",
        Status::Deferred => "deferred",
        Status::Overridden => "overridden",
        Status::Unknown => "unknown",
        Status::Off => "off",
    })
}

/// Why an item does not apply, with the values that were seen; none when it applies.
pub fn why_off(state: &State, index: usize) -> Option<String> {
    let (plan, item) = (state.plan.items.get(index)?, state.items.get(index)?);
    if let Some(when) = plan.off() {
        return Some(when.expr.explain(&PlanScope::new(state, index)));
    }
    match (&item.switched, &item.settled) {
        (Some((false, why)), _) => Some(why.clone()),
        (_, Some(Settled::NotApplicable(reason))) => Some(reason.clone()),
        _ if plan.action.looks_at_nothing() => Some("all its probes are switched off".into()),
        _ => None,
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
            Some(probe) => probe.value.map_or(Value::NoData, |figure| probe.unit.of_base(figure)),
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
            ["rollback", field] => self.rollback(field),
            ["steps", steps @ .., field] if !steps.is_empty() => self.step(steps, field),
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

/// The names of secret parameters.
pub(super) fn secrets(plan: &Plan) -> Vec<&str> {
    plan.parameters.iter().filter(|p| p.secret.is_some()).map(|p| p.name.as_str()).collect()
}
