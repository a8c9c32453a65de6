//! Conditions over samples: triggers, waits, `for:` of a check, the watch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::clock::{Clock, Need, Turn};
use super::monitor::Monitor;
use super::scope::Eyes;
use crate::expr::{Expr, Scope, Truth};
use crate::words::ProbeId;

/// A scope that conditions keep: parameters, targets, steps as they are now.
pub type Rest = Arc<dyn Scope + Send + Sync>;

/// A condition to be kept an eye on.
#[derive(Clone)]
pub struct ConditionRule {
    /// What must be true.
    pub expr: Expr,
    /// For how long, or how often.
    pub need: Need,
    /// Whether `is failing` asks the newest look alone (triggers), not the verdict.
    pub raw: bool,
    /// The names that are no probes.
    pub rest: Rest,
}

impl fmt::Debug for ConditionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionRule")
            .field("expr", &self.expr)
            .field("need", &self.need)
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

/// A condition that turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned {
    /// Its id in the plan.
    pub id: String,
    /// What it did.
    pub turn: Turn,
    /// Run time at which it did, µs.
    pub up: u64,
}

/// A condition as the monitor keeps it.
#[derive(Debug)]
pub(super) struct Condition {
    rule: ConditionRule,
    clock: Clock,
    /// The probes that it reads, groups resolved to their members.
    reads: BTreeSet<ProbeId>,
    /// The newest look of each probe at the last round that counted, for `in_a_row`.
    counted: BTreeMap<ProbeId, u64>,
}

impl Monitor {
    /// Keeps an eye on a condition from now on. One of the same id, expression and need goes on counting, with the new
    /// names; another takes its place and begins anew.
    pub fn condition(&mut self, id: impl Into<String>, rule: ConditionRule, up: u64) -> Option<Turned> {
        let id = id.into();
        let reads = self.reads(&rule, up);
        let same =
            |old: &&mut Condition| old.rule.expr == rule.expr && old.rule.need == rule.need && old.rule.raw == rule.raw;
        if let Some(old) = self.conditions.get_mut(&id).filter(same) {
            old.rule.rest = rule.rest;
            old.reads = reads;
            return None;
        }
        // A round counts with looks that are newer than this moment.
        let counted = reads.iter().filter_map(|p| Some((p.clone(), self.last(p)?.up))).collect();
        let clock = Clock::new(rule.need);
        self.conditions.insert(id.clone(), Condition { rule, clock, reads, counted });
        self.evaluate(&id, up)
    }

    /// Keeps no eye on it any more.
    pub fn forget(&mut self, id: &str) {
        self.conditions.remove(id);
    }

    /// Forgets every condition whose id this does not keep.
    pub fn keep_conditions(&mut self, keep: impl Fn(&str) -> bool) {
        self.conditions.retain(|id, _| keep(id));
    }

    /// Evaluates the conditions that read a probe: after each of its samples was pushed.
    pub fn judge(&mut self, probe: &ProbeId, up: u64) -> Vec<Turned> {
        let ids: Vec<String> =
            self.conditions.iter().filter(|(_, c)| c.reads.contains(probe)).map(|(id, _)| id.clone()).collect();
        ids.into_iter().filter_map(|id| self.evaluate(&id, up)).collect()
    }

    /// Lets time pass for all conditions, about once a second and when [`Monitor::due`] says so: what must be true for
    /// some time fires between two looks too, and looks that grew old are no data.
    pub fn judge_all(&mut self, up: u64) -> Vec<Turned> {
        let ids: Vec<String> = self.conditions.keys().cloned().collect();
        ids.into_iter().filter_map(|id| self.tick_condition(&id, up)).collect()
    }

    /// Run time at which the next clock of a condition fires if nothing changes, µs.
    pub fn due(&self) -> Option<u64> {
        self.conditions.values().filter_map(|c| c.clock.due()).min()
    }

    /// The clock of a condition.
    pub fn clock(&self, id: &str) -> Option<&Clock> {
        self.conditions.get(id).map(|c| &c.clock)
    }

    /// Why a condition is not true now, with the values seen; empty when it is.
    pub fn explain(&self, id: &str, up: u64) -> String {
        self.conditions.get(id).map_or_else(String::new, |c| {
            let rest = c.rule.rest.clone();
            c.rule.expr.explain(&Eyes { monitor: self, up, raw: c.rule.raw, rest: &*rest })
        })
    }

    /// Evaluates any expression over the samples as they are.
    pub fn truth(&self, expr: &Expr, up: u64, raw: bool, rest: &dyn Scope) -> Truth {
        expr.truth(&Eyes { monitor: self, up, raw, rest })
    }

    /// Which probes conditions read, after probes came or went.
    pub(super) fn conditions_know_probes(&mut self, up: u64) {
        let reads: Vec<(String, BTreeSet<ProbeId>)> =
            self.conditions.iter().map(|(id, c)| (id.clone(), self.reads(&c.rule, up))).collect();
        for (id, reads) in reads {
            if let Some(condition) = self.conditions.get_mut(&id) {
                condition.reads = reads;
            }
        }
    }

    fn reads(&self, rule: &ConditionRule, up: u64) -> BTreeSet<ProbeId> {
        let scope = Eyes { monitor: self, up, raw: rule.raw, rest: &*rule.rest };
        rule.expr.probes(&scope).iter().flat_map(|p| self.leaves(p)).collect()
    }

    fn truth_of(&self, condition: &Condition, up: u64) -> Option<bool> {
        match self.truth(&condition.rule.expr, up, condition.rule.raw, &*condition.rule.rest) {
            Truth::True => Some(true),
            Truth::False => Some(false),
            Truth::Unknown => None,
        }
    }

    fn evaluate(&mut self, id: &str, up: u64) -> Option<Turned> {
        let condition = self.conditions.get(id)?;
        let truth = self.truth_of(condition, up);
        let mut counted = None;
        if matches!(condition.rule.need, Need::InARow(_)) && truth == Some(true) {
            // True once more counts when every probe was looked at once more: not once a member of a group.
            let newest: BTreeMap<ProbeId, u64> =
                condition.reads.iter().filter_map(|p| Some((p.clone(), self.last(p)?.up))).collect();
            let fresh = |p: &ProbeId| newest.get(p) > condition.counted.get(p);
            let asked: Vec<&ProbeId> = condition.reads.iter().filter(|p| self.is_periodic(p)).collect();
            let round = if asked.is_empty() && !condition.reads.is_empty() {
                condition.reads.iter().any(fresh)
            } else {
                asked.into_iter().all(fresh)
            };
            if !round {
                return None;
            }
            counted = Some(newest);
        }
        let condition = self.conditions.get_mut(id)?;
        if let Some(newest) = counted {
            condition.counted = newest;
        }
        let turn = condition.clock.push(truth, up)?;
        Some(Turned { id: id.to_owned(), turn, up })
    }

    /// Between looks: a row is not lengthened by time, only broken; a stretch of time goes on.
    fn tick_condition(&mut self, id: &str, up: u64) -> Option<Turned> {
        let condition = self.conditions.get(id)?;
        if matches!(condition.rule.need, Need::InARow(_)) && !condition.reads.is_empty() {
            let truth = self.truth_of(condition, up);
            if truth == Some(true) {
                return None;
            }
        }
        self.evaluate(id, up)
    }
}
