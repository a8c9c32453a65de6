//! What holds for which choices of parameters.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::expr::{Expr, Scope, Truth, chosen, walk};
use crate::runbook::kinds::FieldType;
use crate::runbook::model::Runbook;
use crate::words::{Name, Value};

/// Combinations that are looked at; beyond that nothing is said.
pub const MOST: usize = 4096;

/// Whether a choice of parameters is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is one.
    Yes,
    /// There is none.
    No,
    /// There are too many to look at.
    TooMany,
}

/// Conditions that must not be false, and one that must not be true, as texts.
type Question = (Vec<String>, Option<String>);

/// The choices that a runbook's parameters offer.
pub struct Choices<'a> {
    runbook: &'a Runbook,
    seen: RefCell<HashMap<Question, Found>>,
}

impl<'a> Choices<'a> {
    /// The choices of a runbook.
    pub fn new(runbook: &'a Runbook) -> Self {
        Self { runbook, seen: RefCell::default() }
    }

    /// Whether a choice of parameters makes none of the conditions false.
    ///
    /// Conditions on anything but parameters may come true later, and so do those on free texts.
    pub fn reach(&self, conditions: &[&Expr]) -> Found {
        self.find(conditions, None)
    }

    /// Whether a choice of parameters makes none of the conditions false, and `off` not true.
    pub fn reach_without(&self, conditions: &[&Expr], off: &Expr) -> Found {
        if conditions.iter().any(|condition| condition.source() == off.source()) {
            return Found::No;
        }
        self.find(conditions, Some(off))
    }

    fn find(&self, conditions: &[&Expr], off: Option<&Expr>) -> Found {
        let settled: Vec<&Expr> = conditions.iter().copied().filter(|c| self.on_parameters(c)).collect();
        let key =
            (settled.iter().map(|c| c.source().to_owned()).collect::<Vec<_>>(), off.map(|off| off.source().to_owned()));
        if let Some(found) = self.seen.borrow().get(&key) {
            return *found;
        }
        let found = self.look(&settled, off);
        self.seen.borrow_mut().insert(key, found);
        found
    }

    fn on_parameters(&self, expr: &Expr) -> bool {
        expr.used().iter().all(|used| {
            used.path.first().is_some_and(|name| self.runbook.parameters.contains_key(&Name::from(name.as_str())))
        })
    }

    fn look(&self, conditions: &[&Expr], off: Option<&Expr>) -> Found {
        let used = conditions.iter().copied().chain(off).flat_map(Expr::used);
        let names: BTreeSet<Name> = used.filter_map(|used| used.path.into_iter().next()).map(Name).collect();
        let mut domains: Vec<(Name, Vec<Value>)> = vec![];
        let mut total = 1usize;
        for name in names {
            let Some(values) = self.runbook.parameters.get(&name).and_then(|p| domain(&p.field.kind)) else { continue };
            total = total.saturating_mul(values.len().max(1));
            if total > MOST {
                return Found::TooMany;
            }
            domains.push((name, values));
        }
        for mut index in 0..total {
            let mut choice = Choice::default();
            for (name, values) in &domains {
                let len = values.len().max(1);
                if let Some(value) = values.get(index % len) {
                    choice.values.insert(name.0.clone(), value.clone());
                }
                index /= len;
            }
            let holds = conditions.iter().all(|condition| condition.truth(&choice) != Truth::False);
            if holds && off.is_none_or(|off| off.truth(&choice) != Truth::True) {
                return Found::Yes;
            }
        }
        Found::No
    }
}

/// The values that a parameter can have; none when they cannot be counted.
fn domain(kind: &FieldType) -> Option<Vec<Value>> {
    let text = |t: &String| Value::Text(t.clone());
    match kind {
        FieldType::Bool => Some(vec![Value::Bool(true), Value::Bool(false)]),
        FieldType::OneOf(choices) => Some(choices.iter().map(text).collect()),
        FieldType::SomeOf(choices) if choices.len() <= 12 => {
            let sets = 0..(1usize << choices.len());
            let set = |bits: usize| {
                choices.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, c)| text(c)).collect()
            };
            Some(sets.map(|bits| Value::List(set(bits))).collect())
        }
        // More than can be looked at.
        FieldType::SomeOf(_) => Some(vec![Value::NoData; MOST + 1]),
        _ => None,
    }
}

#[derive(Default)]
struct Choice {
    values: BTreeMap<String, Value>,
}

impl Scope for Choice {
    fn value(&self, name: &str) -> Value {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn member(&self, path: &[&str]) -> Value {
        let Some((name, keys)) = path.split_first() else { return Value::NoData };
        match (self.value(name), keys) {
            (value @ Value::List(_), [choice]) => chosen(&value, choice),
            (value, keys) => walk(value, keys),
        }
    }
}
