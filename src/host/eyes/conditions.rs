//! Conditions over samples: of waits, and of streams that end well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Eyes;
use crate::engine::plan::Plan;
use crate::engine::{Condition, ConditionKind, PlanScope, State, Want, Wanted};
use crate::expr::{Expr, Scope};
use crate::monitor::{ConditionRule, Need, Turn};
use crate::words::{ItemId, Look, ProbeId, Sample, Value};

/// A row of good looks that a wait needs.
#[derive(Debug)]
pub(super) struct Row {
    condition: Condition,
    good: BTreeMap<ProbeId, u32>,
}

impl Row {
    /// What it still misses, in words.
    pub fn missing(&self) -> String {
        let ConditionKind::Probes(probes, in_a_row) = &self.condition.kind else { return String::new() };
        let left: Vec<&str> =
            probes.iter().filter(|p| self.good.get(*p).is_none_or(|n| n < in_a_row)).map(|p| p.as_str()).collect();
        format!("{} missing: {}", left.len(), left.join(", "))
    }

    /// Which figures it misses as they were seen last: `idp: status 503, wanted 200`.
    fn missed(&self, last: impl Fn(&ProbeId) -> Option<String>) -> String {
        let ConditionKind::Probes(probes, in_a_row) = &self.condition.kind else { return String::new() };
        let each = probes.iter().filter_map(|probe| {
            let good = self.good.get(probe).copied().unwrap_or(0);
            let seen = || match good {
                0 => last(probe).unwrap_or_else(|| "not looked at".into()),
                _ => format!("good {good} of {in_a_row} times in a row"),
            };
            (good < *in_a_row).then(|| format!("{probe}: {}", seen()))
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// Counts a look; why the row is whole now, when it is.
    fn count(&mut self, sample: &Sample) -> Option<String> {
        let ConditionKind::Probes(probes, in_a_row) = &self.condition.kind else { return None };
        if !probes.contains(&sample.probe) || sample.up < self.condition.since {
            return None;
        }
        let good = self.good.entry(sample.probe.clone()).or_default();
        *good = if sample.look == Look::Good { *good + 1 } else { 0 };
        let whole = probes.iter().all(|p| self.good.get(p).is_some_and(|n| n >= in_a_row));
        whole.then(|| format!("{} good {} times in a row", probes.len(), in_a_row))
    }
}

impl Eyes {
    pub(super) fn reconcile_conditions(&mut self, state: &State, wanted: &Wanted, up: u64) {
        if wanted.conditions.is_empty() && self.conditions.is_empty() && self.rows.is_empty() {
            return;
        }
        let mut keep = BTreeSet::new();
        let mut rows = BTreeSet::new();
        for condition in &wanted.conditions {
            let key = format!("{}#{}", condition.item, condition.attempt);
            match &condition.kind {
                ConditionKind::Expr(expr, in_a_row) => {
                    self.keep_condition(state, condition, &key, expr, *in_a_row, up);
                    keep.insert(key);
                }
                ConditionKind::Until(expr) => {
                    self.keep_condition(state, condition, &key, expr, 1, up);
                    keep.insert(key);
                }
                ConditionKind::Probes(..) => {
                    rows.insert(condition.item.clone());
                    let new = self.rows.get(&condition.item).is_none_or(|r| r.condition.attempt != condition.attempt);
                    if new {
                        let row = Row { condition: condition.clone(), good: BTreeMap::new() };
                        self.rows.insert(condition.item.clone(), row);
                    }
                }
                ConditionKind::Baseline(..) => {}
            }
        }
        self.rows.retain(|item, _| rows.contains(item));
        self.conditions.retain(|key, _| keep.contains(key));
        self.monitor.keep_conditions(|id| keep.contains(id));
    }

    /// One that is kept already goes on counting, with names as they are now.
    fn keep_condition(&mut self, state: &State, condition: &Condition, key: &str, expr: &Expr, row: u32, up: u64) {
        let until = matches!(condition.kind, ConditionKind::Until(_));
        self.conditions.insert(key.to_owned(), (condition.item.clone(), condition.attempt, until));
        let index = state.index(&condition.item).unwrap_or_default();
        let rest = Arc::new(Names { state: state.clone(), index });
        let rule = ConditionRule { expr: expr.clone(), need: Need::InARow(row), raw: false, rest };
        if let Some(turned) = self.monitor.condition(key, rule, up)
            && let Some(want) = self.turned(&turned.id, turned.turn)
        {
            self.met_at_once.push(want);
        }
    }

    /// What a wait's condition misses now, in words; none: the attempt waits for no condition.
    pub fn missed(&self, plan: &Plan, item: &ItemId, attempt: u32, up: u64) -> Option<String> {
        let row = self.rows.get(item).filter(|row| row.condition.attempt == attempt);
        let row = row.map(|row| {
            row.missed(|probe| {
                let last = self.monitor.last(probe)?;
                let words = last.why.as_ref().unwrap_or(&last.text);
                let words = if words.is_empty() { "no data" } else { words };
                let wanted = plan.probe(probe).map(|p| p.expect.iter().map(Expr::source).collect::<Vec<_>>());
                // A failed expectation says what was wanted; no answer at all does not.
                Some(match wanted.filter(|wanted| !wanted.is_empty() && !words.contains("wanted")) {
                    Some(wanted) => format!("{words}, wanted {}", wanted.join(", ")),
                    None => words.to_owned(),
                })
            })
        });
        let key = format!("{item}#{attempt}");
        row.or_else(|| self.conditions.contains_key(&key).then(|| self.monitor.explain(&key, up)))
    }

    pub(super) fn turned(&self, key: &str, turn: Turn) -> Option<Want> {
        let Turn::Fired { .. } = turn else { return None };
        let (item, attempt, until) = self.conditions.get(key)?.clone();
        Some(if until { Want::UntilMet { item, attempt } } else { Want::Met { item, attempt, why: String::new() } })
    }

    /// Counts a look for the rows that wait for it.
    pub(super) fn count(&mut self, sample: &Sample) -> Vec<Want> {
        let whole = self.rows.iter_mut().filter_map(|(item, row)| {
            let why = row.count(sample)?;
            Some(Want::Met { item: item.clone(), attempt: row.condition.attempt, why })
        });
        whole.collect()
    }
}

/// The names of a condition that are no probes, as they are in a state: figures of probes come from the samples.
struct Names {
    state: State,
    index: usize,
}

impl Names {
    fn is_probe(&self, name: &str) -> bool {
        self.state.plan.probe(&ProbeId(name.to_owned())).is_some()
    }
}

impl Scope for Names {
    fn value(&self, name: &str) -> Value {
        if self.is_probe(name) { Value::NoData } else { PlanScope::new(&self.state, self.index).value(name) }
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            [name, ..] if self.is_probe(name) => Value::NoData,
            path => PlanScope::new(&self.state, self.index).member(path),
        }
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        PlanScope::new(&self.state, self.index).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(probe: &str, up: u64, look: Look) -> Sample {
        Sample { probe: probe.into(), up, look, ..Sample::default() }
    }

    #[test]
    fn a_row_of_good_looks_is_broken_by_a_bad_one_and_old_looks_do_not_count() {
        let kind = ConditionKind::Probes(vec!["a".into(), "b".into()], 2);
        let condition = Condition { item: "wait".into(), attempt: 1, since: 10, kind };
        let mut row = Row { condition, good: BTreeMap::new() };
        assert!(row.count(&sample("a", 9, Look::Good)).is_none());
        assert!(row.count(&sample("a", 11, Look::Good)).is_none());
        assert!(row.count(&sample("a", 12, Look::Good)).is_none());
        assert_eq!(row.missing(), "1 missing: b");
        assert_eq!(row.missed(|_| Some("503, wanted 200".into())), "b: 503, wanted 200");
        assert!(row.count(&sample("b", 13, Look::Good)).is_none());
        assert!(row.count(&sample("b", 14, Look::Bad)).is_none());
        assert!(row.count(&sample("b", 15, Look::Good)).is_none());
        assert!(row.count(&sample("c", 16, Look::Good)).is_none(), "of another probe");
        assert!(row.count(&sample("b", 17, Look::Good)).is_some());
    }
}
