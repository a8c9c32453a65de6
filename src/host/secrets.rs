//! Secrets: in this process's memory, in the environment of commands that name them, in the redactor; nowhere else.

use std::collections::BTreeMap;

use crate::engine::event::Env;
use crate::engine::plan::Plan;
use crate::expr::{Scope, Template};
use crate::words::{Name, Value};

/// The secrets of a run.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeMap<Name, String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Secrets {
    /// These secrets.
    pub fn new(values: BTreeMap<Name, String>) -> Self {
        Self { values }
    }

    /// All values, for the redactor.
    pub fn values(&self) -> Vec<String> {
        self.values.values().filter(|v| !v.is_empty()).cloned().collect()
    }

    /// A value of an attempt's environment, filled in.
    pub fn env(&self, value: &Env, scope: &dyn Scope) -> Result<String, String> {
        match value {
            Env::Value(value) => Ok(value.clone()),
            Env::Secret(source) => {
                let template = Template::parse(source).map_err(|fault| fault.to_string())?;
                template.fill(&WithSecrets { secrets: self, far: scope }).map_err(|missing| missing.to_string())
            }
        }
    }

    /// Fills a template that may name secrets.
    pub fn fill(&self, template: &Template, scope: &dyn Scope) -> Result<String, String> {
        template.fill(&WithSecrets { secrets: self, far: scope }).map_err(|missing| missing.to_string())
    }

    /// Secrets of a plan that have no value here.
    pub fn missing<'a>(&self, plan: &'a Plan) -> Vec<&'a Name> {
        plan.parameters.iter().filter(|p| p.secret.is_some() && !self.values.contains_key(&p.name)).map(|p| &p.name).collect()
    }

    /// Takes a secret that was typed.
    pub fn put(&mut self, name: Name, value: String) {
        self.values.insert(name, value);
    }
}

struct WithSecrets<'a> {
    secrets: &'a Secrets,
    far: &'a dyn Scope,
}

impl Scope for WithSecrets<'_> {
    fn value(&self, name: &str) -> Value {
        match self.secrets.values.get(&Name(name.to_owned())) {
            Some(value) => Value::Text(value.clone()),
            None => self.far.value(name),
        }
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            [name] => self.value(name),
            path => self.far.member(path),
        }
    }
}
