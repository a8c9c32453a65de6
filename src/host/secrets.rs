//! Secrets: in this process's memory, in the environment of commands that name them, in the redactor; nowhere else.

use std::collections::BTreeMap;

use crate::engine::event::Env;
use crate::engine::plan::Plan;
use crate::expr::{Scope, Template};
use crate::secrets::Needles;
use crate::words::{Name, Sample, Value};

/// The secrets of a run.
pub struct Secrets {
    values: BTreeMap<Name, String>,
    needles: Needles,
    changes: u64,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Secrets {
    /// These secrets.
    ///
    /// # Errors
    /// A value that cannot be masked: too short, too long.
    pub fn new(values: BTreeMap<Name, String>) -> Result<Self, String> {
        for (name, value) in values.iter().filter(|(_, v)| !v.is_empty()) {
            Needles::new([value.clone()]).map_err(|refused| format!("secret `{name}`: {}", refused.why))?;
        }
        let needles = needles(&values)?;
        Ok(Self { values, needles, changes: 0 })
    }

    /// All values, for the keeper's redactor.
    pub fn values(&self) -> Vec<String> {
        self.values.values().filter(|v| !v.is_empty()).cloned().collect()
    }

    /// Counts what was put, so that others know when to fill in again.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// A text of the outside without secrets.
    pub fn mask(&self, text: &str) -> String {
        self.needles.redact(text)
    }

    /// A look without secrets: a service may answer with what it was asked with.
    pub fn mask_sample(&self, mut sample: Sample) -> Sample {
        if self.needles.is_empty() {
            return sample;
        }
        sample.text = self.mask(&sample.text);
        sample.why = sample.why.map(|text| self.mask(&text));
        sample.hint = sample.hint.map(|text| self.mask(&text));
        sample.fields.values_mut().for_each(|value| self.mask_value(value));
        sample
    }

    /// A value of the outside without secrets.
    pub fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Text(text) => *text = self.mask(text),
            Value::List(list) => list.iter_mut().for_each(|value| self.mask_value(value)),
            Value::Map(map) => map.values_mut().for_each(|value| self.mask_value(value)),
            _ => {}
        }
    }

    /// A value of an attempt's environment, filled in.
    pub fn env(&self, value: &Env, scope: &dyn Scope) -> Result<String, String> {
        match value {
            Env::Value(value) => Ok(value.clone()),
            Env::Secret(source) => {
                let template = Template::parse(source).map_err(|fault| fault.to_string())?;
                self.fill(&template, scope)
            }
        }
    }

    /// Fills a template that may name secrets.
    pub fn fill(&self, template: &Template, scope: &dyn Scope) -> Result<String, String> {
        template.fill(&WithSecrets { secrets: self, far: scope }).map_err(|missing| missing.to_string())
    }

    /// Secrets of a plan that have no value here.
    pub fn missing(&self, plan: &Plan) -> Vec<Name> {
        let secrets = plan.parameters.iter().filter(|p| p.secret.is_some());
        secrets.filter(|p| !self.values.contains_key(&p.name)).map(|p| p.name.clone()).collect()
    }

    /// Takes a secret that was typed.
    ///
    /// # Errors
    /// It cannot be masked; the old ones stay.
    pub fn put(&mut self, name: Name, value: String) -> Result<(), String> {
        let mut values = self.values.clone();
        values.insert(name, value);
        self.needles = needles(&values)?;
        self.values = values;
        self.changes += 1;
        Ok(())
    }
}

fn needles(values: &BTreeMap<Name, String>) -> Result<Needles, String> {
    let values = values.values().filter(|v| !v.is_empty()).cloned();
    Needles::new(values).map_err(|refused| refused.why.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_comes_back() {
        let mut secrets = Secrets::new(BTreeMap::from([("password".into(), "correct-horse".to_owned())])).unwrap();
        assert_eq!(secrets.mask("it was correct-horse"), "it was *************");
        assert!(secrets.put("pin".into(), "1234".into()).unwrap_err().contains("fewer than 6"));
        secrets.put("token".into(), "battery-staple".into()).unwrap();
        assert_eq!(secrets.mask("correct-horse battery-staple"), "************* **************");
        assert_eq!((secrets.changes(), secrets.values().len()), (1, 2));
    }

    #[test]
    fn a_secret_that_cannot_be_masked_is_named() {
        let why = Secrets::new(BTreeMap::from([("pin".into(), "12".to_owned())])).unwrap_err();
        assert!(why.contains("`pin`"), "{why}");
    }
}
