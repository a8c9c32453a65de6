//! Values from the command line, files, the environment and defaults, put together.

use std::collections::BTreeMap;

use super::value::read;
use crate::expr::{Scope, Template, Truth};
use crate::runbook::kinds::FieldType;
use crate::runbook::model::{Parameter, ParameterFrom, Runbook};
use crate::runbook::tree::{self, Node};
use crate::runbook::{Fault, Problem, SourceFile, Sources};
use crate::words::{Name, Value};

/// The values of a runbook's parameters, as far as they are known before somebody is asked.
#[derive(Default)]
pub struct Resolved {
    /// Values by name; secrets are not among them.
    pub values: BTreeMap<Name, Value>,
    /// Secrets by name, apart so that nothing serialises them.
    pub secrets: Secrets,
    /// Where each value is from, for people: `-p`, `prod.yaml`, `environment SLACK_WEBHOOK`, `default`.
    pub origins: BTreeMap<Name, String>,
    /// Parameters that apply and have no value: to be asked, or read from their command.
    pub missing: Vec<Name>,
    /// Those among the missing whose value a command gives; the host runs it.
    pub from_commands: Vec<Name>,
    /// Parameters that are off: they have no value.
    pub off: Vec<Name>,
    /// What is wrong with what was given.
    pub problems: Vec<Problem>,
}

/// Secrets by name. It has no `Debug` and no `Serialize` on purpose.
#[derive(Clone, Default)]
pub struct Secrets(pub BTreeMap<Name, String>);

/// Where parameter values may be read from.
pub struct Given<'a> {
    /// `-p NAME=VALUE`, in order; a later one wins.
    pub line: &'a [(String, String)],
    /// `--params` files: path and text; a later one wins.
    pub files: &'a [(String, String)],
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// A file below the runbook's root.
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Puts the values together: the command line wins, then files, `from`, `default`. Runs nothing.
pub fn resolve(runbook: &Runbook, given: &Given<'_>) -> Resolved {
    let mut resolved = Resolved::default();
    let texts = collect(runbook, given, &mut resolved.problems);
    for (name, parameter) in &runbook.parameters {
        if let Some(when) = &parameter.when {
            let truth = when.truth(&Sofar { runbook, resolved: &resolved });
            if truth == Truth::False {
                resolved.off.push(name.clone());
                continue;
            }
        }
        one(name, parameter, texts.get(name), runbook, given, &mut resolved);
    }
    resolved
}

fn one(
    name: &Name,
    parameter: &Parameter,
    text: Option<&(String, String)>,
    runbook: &Runbook,
    given: &Given<'_>,
    resolved: &mut Resolved,
) {
    let found = match text {
        Some((text, origin)) => Some((text.clone(), origin.clone())),
        None => match from(name, parameter, runbook, given, resolved) {
            From::Text(text, origin) => Some((text, origin)),
            From::Wrong => return,
            From::Command => {
                resolved.from_commands.push(name.clone());
                resolved.missing.push(name.clone());
                return;
            }
            From::Nothing => default(parameter, runbook, resolved).map(|text| (text, "default".to_owned())),
        },
    };
    let Some((text, origin)) = found else {
        if !parameter.field.optional {
            resolved.missing.push(name.clone());
        }
        return;
    };
    match read(&parameter.field, &text) {
        Ok(value) => {
            if parameter.field.kind == FieldType::Secret {
                resolved.secrets.0.insert(name.clone(), text.trim_end_matches(['\n', '\r']).to_owned());
            } else {
                resolved.values.insert(name.clone(), value);
            }
            resolved.origins.insert(name.clone(), origin);
        }
        Err(why) => resolved.problems.push(Problem::nowhere(origin, format!("the parameter `{name}`: {why}"))),
    }
}

enum From {
    Text(String, String),
    Command,
    Nothing,
    Wrong,
}

fn from(name: &Name, parameter: &Parameter, runbook: &Runbook, given: &Given<'_>, resolved: &mut Resolved) -> From {
    match &parameter.from {
        None => From::Nothing,
        Some(ParameterFrom::Run(_)) => From::Command,
        Some(ParameterFrom::Env(variable)) => match (given.env)(variable) {
            Some(text) => From::Text(text, format!("environment {variable}")),
            None => From::Nothing,
        },
        Some(ParameterFrom::File(path)) => {
            let Ok(path) = path.fill(&Sofar { runbook, resolved }) else { return From::Nothing };
            match (given.file)(&path) {
                Ok(text) => From::Text(text.trim_end_matches(['\n', '\r']).to_owned(), format!("file {path}")),
                // A default, or the form, may still give it.
                Err(_) if parameter.field.default.is_some() || parameter.field.optional => From::Nothing,
                Err(why) => {
                    resolved
                        .problems
                        .push(Problem::nowhere(path, format!("the parameter `{name}` is read from this file: {why}")));
                    From::Wrong
                }
            }
        }
    }
}

fn default(parameter: &Parameter, runbook: &Runbook, resolved: &Resolved) -> Option<String> {
    let default: &Template = parameter.field.default.as_ref()?;
    default.fill(&Sofar { runbook, resolved }).ok()
}

/// All given texts by name with where they are from; a later one wins.
fn collect(runbook: &Runbook, given: &Given<'_>, problems: &mut Vec<Problem>) -> BTreeMap<Name, (String, String)> {
    let mut texts = BTreeMap::new();
    let unknown = |name: &str| {
        let near = crate::expr::nearest(name, runbook.parameters.keys().map(Name::as_str));
        near.map_or_else(
            || "`flightdeck plan` lists the parameters".to_owned(),
            |near| format!("did you mean `{near}`?"),
        )
    };
    for (path, text) in given.files {
        let mut sources = Sources { files: vec![SourceFile::new(path, path, text.clone().into_bytes())] };
        let mut faults = vec![];
        let parsed = tree::parse(0, &sources.files[0], &mut faults);
        let entries = parsed.root.as_ref().and_then(Node::entries).unwrap_or_default();
        if parsed.root.as_ref().is_some_and(|root| root.entries().is_none() && !root.is_null()) {
            let at = parsed.root.as_ref().map(|r| r.at).unwrap_or_default();
            faults
                .push(Fault::error(at, "a file of parameters is a map from name to value").hint("write `name: value`"));
        }
        for entry in entries {
            let Some(name) = entry.key.text() else { continue };
            let known = Name::from(name);
            if !runbook.parameters.contains_key(&known) {
                let fault = Fault::error(entry.key.at, format!("there is no parameter `{name}`")).width(name.len());
                faults.push(fault.hint(unknown(name)));
                continue;
            }
            let text = match (entry.value.text(), entry.value.items()) {
                (Some(text), _) if !entry.value.is_null() => text.to_owned(),
                (_, Some(items)) => items.iter().filter_map(Node::text).collect::<Vec<_>>().join(","),
                _ => {
                    faults.push(
                        Fault::error(entry.key.at, format!("`{name}` has no value")).hint("write one, or leave it out"),
                    );
                    continue;
                }
            };
            if let Some(parameter) = runbook.parameters.get(&known)
                && let Err(why) = read(&parameter.field, &text)
            {
                faults.push(Fault::error(entry.value.at, format!("`{name}`: {why}")).width(entry.value.width()));
                continue;
            }
            texts.insert(known, (text, path.clone()));
        }
        problems.extend(Problem::all(faults, &sources));
        sources.files.clear();
    }
    for (name, text) in given.line {
        let known = Name::from(name.as_str());
        if runbook.parameters.contains_key(&known) {
            texts.insert(known, (text.clone(), "-p".to_owned()));
        } else {
            let mut problem = Problem::nowhere("-p", format!("there is no parameter `{name}`"));
            problem.hint = Some(unknown(name));
            problems.push(problem);
        }
    }
    texts
}

/// The values so far, for conditions and defaults of later parameters.
struct Sofar<'a> {
    runbook: &'a Runbook,
    resolved: &'a Resolved,
}

impl Scope for Sofar<'_> {
    fn value(&self, name: &str) -> Value {
        if name == "runbook" {
            let text = |t: &Option<String>| t.clone().map_or(Value::NoData, Value::Text);
            return Value::Map(BTreeMap::from([
                ("title".to_owned(), Value::Text(self.runbook.title.clone())),
                ("system".to_owned(), text(&self.runbook.system)),
                ("version".to_owned(), text(&self.runbook.version)),
            ]));
        }
        self.resolved.values.get(&Name::from(name)).cloned().unwrap_or_default()
    }

    fn member(&self, path: &[&str]) -> Value {
        let Some((name, keys)) = path.split_first() else { return Value::NoData };
        let value = self.value(name);
        match (self.runbook.parameters.get(&Name::from(*name)).map(|p| &p.field.kind), keys) {
            (Some(FieldType::SomeOf(_)), [choice]) => crate::expr::chosen(&value, choice),
            _ => crate::expr::walk(value, keys),
        }
    }
}
