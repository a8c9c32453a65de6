//! What is known when a plan is compiled: parameters, targets, the item at hand, the runbook's own words.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::Target;
use crate::expr::{Expr, Scope, Template, Truth, chosen, walk};
use crate::words::{Name, Value};

/// The values that a run starts with.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Parameters by name; one that is off is not there.
    pub values: BTreeMap<Name, Value>,
    /// Secret parameters: where each comes from, in words.
    pub secrets: BTreeMap<Name, String>,
    /// The time that `now` stands for, and that a review is compared with.
    pub now: Option<DateTime<Utc>>,
}

/// The compiler's scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub values: BTreeMap<String, Value>,
    pub targets: BTreeMap<String, Vec<Target>>,
    pub runbook: BTreeMap<String, Value>,
    pub objectives: BTreeMap<String, Value>,
    pub names: Vec<String>,
}

/// The scope at one place: the known values, the item of the nearest `for_each`, a block's parameters.
pub(super) struct Here<'a> {
    pub known: &'a Known,
    pub each: Option<&'a (String, String)>,
    pub locals: &'a BTreeMap<String, Value>,
}

impl Here<'_> {
    /// Whether every name of an expression is settled now.
    pub fn settles(&self, expr: &Expr) -> bool {
        expr.used().iter().all(|used| {
            used.path.first().is_some_and(|name| match name.as_str() {
                "item" | "runbook" | "objectives" => true,
                name => self.locals.contains_key(name) || self.known.names.iter().any(|n| n == name),
            })
        })
    }

    /// Whether a condition that is settled now holds.
    pub fn holds(&self, expr: &Expr) -> bool {
        expr.truth(self) == Truth::True
    }

    /// A text with what is known filled in; as it was written where something is not known yet.
    pub fn text(&self, template: &Template) -> String {
        template.fill(self).unwrap_or_else(|_| template.source().to_owned())
    }

    /// The texts of a list of sources.
    pub fn sources(&self, sources: &[Template]) -> Vec<String> {
        sources.iter().map(|s| self.text(s)).collect()
    }

    fn fields(&self) -> Option<&BTreeMap<String, Value>> {
        let (group, key) = self.each?;
        self.known.targets.get(group)?.iter().find(|t| t.key == *key).map(|t| &t.fields)
    }
}

impl Scope for Here<'_> {
    fn value(&self, name: &str) -> Value {
        if let Some(value) = self.locals.get(name) {
            return value.clone();
        }
        match name {
            "item" => return self.each.map_or(Value::NoData, |(_, key)| Value::Text(key.clone())),
            "runbook" => return Value::Map(self.known.runbook.clone()),
            "objectives" => return Value::Map(self.known.objectives.clone()),
            _ => {}
        }
        if let Some(value) = self.known.values.get(name) {
            return value.clone();
        }
        match self.known.targets.get(name) {
            Some(group) => Value::Map(group.iter().map(|t| (t.key.clone(), Value::Map(t.fields.clone()))).collect()),
            None => Value::NoData,
        }
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            ["item", field] => self.fields().and_then(|f| f.get(*field)).cloned().unwrap_or_default(),
            [name, choice] => match self.value(name) {
                list @ Value::List(_) => chosen(&list, choice),
                value => walk(value, &[choice]),
            },
            [name, keys @ ..] => walk(self.value(name), keys),
            [] => Value::NoData,
        }
    }
}
