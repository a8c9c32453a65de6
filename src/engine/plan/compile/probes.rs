//! Probes, panes, triggers.

use std::collections::{BTreeMap, HashSet};

use super::super::{Pane, Probe, Trigger, TriggerMode, TriggerWhen};
use super::{CompileError, Compiler};
use crate::expr::Expr;
use crate::runbook::kinds::{Every, ItemRef, ProbeKind, ProbeRef, ProbeSpec};
use crate::runbook::model;
use crate::words::{ProbeId, Value};

/// Seconds between looks, unless said otherwise (RUNBOOK.md, the keys).
const EVERY: f64 = 10.0;
/// Seconds that a look may take, unless said otherwise.
const TIMEOUT: f64 = 3.0;
/// Samples in a row that turn a verdict, unless said otherwise.
const IN_A_ROW: u32 = 2;

static NONE: BTreeMap<String, Value> = BTreeMap::new();

impl Compiler<'_> {
    pub(super) fn probes(&mut self) -> Result<(), CompileError> {
        for (name, probe) in &self.runbook.probes {
            let each: Vec<(String, String)> = probe.for_each.as_ref().map_or(Ok(vec![]), |over| self.members(over))?;
            // What its sources say of its item stands for each of its items.
            let mut sources: Vec<String> = match each.as_slice() {
                [] => self.here(None, &NONE).sources(&probe.source),
                each => each.iter().flat_map(|e| self.here(Some(e), &NONE).sources(&probe.source)).collect(),
            };
            let mut seen = HashSet::new();
            sources.retain(|source| seen.insert(source.clone()));
            self.carry(&sources, "probe", name.as_str());
            if probe.when.as_ref().is_some_and(|w| !self.here(None, &NONE).holds(w)) {
                continue;
            }
            match &probe.for_each {
                None => {
                    let made = self.probe(ProbeId(name.0.clone()), title(name.as_str()), None, &probe.spec);
                    self.add_probe(made);
                }
                Some(_) => {
                    let mut members = vec![];
                    for each in each {
                        let id = ProbeId(format!("{name}.{}", each.1));
                        let label = format!("{} {}", each.1, title(name.as_str()));
                        members.push(id.clone());
                        let made = self.probe(id, label, Some(each), &probe.spec);
                        self.add_probe(made);
                    }
                    let mut whole = self.probe(ProbeId(name.0.clone()), title(name.as_str()), None, &probe.spec);
                    whole.kind = ProbeKind::AllOf(vec![]);
                    whole.expect = vec![];
                    whole.members = members;
                    self.add_probe(whole);
                }
            }
        }
        self.groups();
        Ok(())
    }

    /// The members of a `for_each`: the group (empty for a list) and the key, in the runbook's order.
    pub(super) fn members(&self, over: &Expr) -> Result<Vec<(String, String)>, CompileError> {
        if let Some(path) = over.as_path()
            && let [name] = path.as_slice()
            && let Some(group) = self.known.targets.get(*name)
        {
            return Ok(group.iter().map(|t| ((*name).to_owned(), t.key.clone())).collect());
        }
        match over.evaluate(&self.here(None, &NONE)) {
            Value::List(items) => Ok(items.iter().map(|i| (String::new(), i.to_string())).collect()),
            Value::Map(map) => Ok(map.keys().map(|k| (String::new(), k.clone())).collect()),
            Value::NoData => Ok(vec![]),
            other => {
                Err(CompileError(format!("for_each over `{}`: it is {}, not a list", over.source(), other.kind())))
            }
        }
    }

    pub(super) fn probe(&self, id: ProbeId, title: String, each: Option<(String, String)>, spec: &ProbeSpec) -> Probe {
        let every = match spec.every.or(self.runbook.probe_defaults.every) {
            Some(Every::OnDemand) => None,
            Some(Every::Seconds(seconds)) => Some(seconds),
            None => Some(EVERY),
        };
        let row = if every.is_none() { 1 } else { IN_A_ROW };
        Probe {
            id,
            of: None,
            title,
            each,
            members: vec![],
            every,
            timeout: spec.timeout.or(self.runbook.probe_defaults.timeout).unwrap_or(TIMEOUT),
            expect: spec.kind.fields(None).expectations(&spec.expect),
            unit: spec.unit.unwrap_or_else(|| spec.kind.unit()),
            fail_after: spec.fail_after.unwrap_or(row),
            pass_after: spec.pass_after.unwrap_or(row),
            kind: self.placed(spec.kind.clone()),
        }
    }

    /// `all_of` and `any_of`: members that are on. A group without any is off itself.
    fn groups(&mut self) {
        let is_group = |probe: &Probe| matches!(probe.kind, ProbeKind::AllOf(_) | ProbeKind::AnyOf(_));
        for probe in &mut self.plan.probes {
            if let ProbeKind::AllOf(names) | ProbeKind::AnyOf(names) = &probe.kind
                && probe.members.is_empty()
            {
                probe.members = names.iter().map(|n| ProbeId(n.0.clone())).collect();
                probe.expect = vec![];
            }
        }
        loop {
            let on: HashSet<ProbeId> = self.plan.probes.iter().map(|p| p.id.clone()).collect();
            for probe in &mut self.plan.probes {
                probe.members.retain(|id| on.contains(id));
            }
            let before = self.plan.probes.len();
            self.plan.probes.retain(|probe| !is_group(probe) || !probe.members.is_empty());
            if self.plan.probes.len() == before {
                break;
            }
        }
        self.probe_places = self.plan.probes.iter().enumerate().map(|(i, p)| (p.id.clone(), i)).collect();
    }

    /// The probe that a name means here; none when it is off.
    pub(super) fn reference(&self, name: &ProbeRef, each: Option<&(String, String)>) -> Option<ProbeId> {
        let id = match &name.item {
            None => ProbeId(name.name.0.clone()),
            Some(ItemRef::Key(key)) => ProbeId(format!("{}.{key}", name.name)),
            Some(ItemRef::Item) => ProbeId(format!("{}.{}", name.name, each?.1)),
        };
        self.find_probe(&id).map(|p| p.id.clone())
    }

    pub(super) fn panes_and_triggers(&mut self) -> Result<(), CompileError> {
        let runbook = self.runbook;
        for pane in &runbook.panes {
            let here = self.here(None, &NONE);
            let (name, sources) = (here.text(&pane.title), here.sources(&pane.source));
            let on = pane.when.as_ref().is_none_or(|w| here.holds(w));
            let mut probes = vec![];
            for reference in &pane.probes {
                if let Some(id) = self.reference(reference, None) {
                    match self.find_probe(&id) {
                        Some(p) if !p.members.is_empty() && matches!(&p.kind, ProbeKind::AllOf(n) if n.is_empty()) => {
                            probes.extend(p.members.clone());
                        }
                        _ => probes.push(id),
                    }
                }
            }
            self.carry(&sources, "pane", &name);
            if on && !probes.is_empty() {
                self.plan.panes.push(Pane { title: name, probes });
            }
        }
        for (name, trigger) in &runbook.triggers {
            let made = self.trigger(name.as_str(), trigger);
            self.carry(&made.source.clone(), "trigger", name.as_str());
            self.plan.triggers.push(made);
        }
        Ok(())
    }

    fn trigger(&self, name: &str, trigger: &model::Trigger) -> Trigger {
        let here = self.here(None, &NONE);
        Trigger {
            name: name.into(),
            title: title(name),
            severity: trigger.severity,
            when: match &trigger.when {
                model::TriggerWhen::Condition(expr) => TriggerWhen::Samples(expr.clone()),
                model::TriggerWhen::Manual(text) => TriggerWhen::Manual(here.text(text)),
            },
            for_seconds: trigger.hold,
            clear_for: trigger.clear_for,
            armed: trigger.armed.clone(),
            unless: trigger.unless.clone(),
            no_data_counts: trigger.no_data == model::TriggerNoData::Counts,
            then: match &trigger.then {
                model::Then::Rollback => "rollback".into(),
                model::Then::Block(block) => block.0.clone(),
            },
            mode: match trigger.mode {
                model::TriggerMode::Arm => TriggerMode::Arm,
                model::TriggerMode::Notify => TriggerMode::Notify,
                model::TriggerMode::Auto => TriggerMode::Auto,
            },
            to: trigger.to.clone(),
            source: here.sources(&trigger.source),
        }
    }
}

/// A name in words.
pub(super) fn title(name: &str) -> String {
    name.replace('_', " ")
}
