//! What an item would run, resolved: shown to the operator, hashed, and started only when it is the same.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::event::{Env, Resolved, Started};
use super::plan::{Acting, Action, Item, Program, Run};
use super::scope::{PlanScope, secrets};
use super::state::State;
use crate::expr::{Scope, Template};
use crate::words::Value;

/// What the next attempt of an item would be. The error says in words what is missing.
pub fn resolve(state: &State, index: usize) -> Result<Started, String> {
    let item = state.plan.items.get(index).ok_or("there is no such item")?;
    let scope = PlanScope::new(state, index);
    let edited = state.items.get(index).and_then(|i| i.edited.clone());
    let (what, acting) = match &item.action {
        Action::Run(run) => {
            let what = match &edited {
                Some(what) => what.clone(),
                None => program(run, &scope)?,
            };
            (what, Some(&run.acting))
        }
        Action::Notify(notify) => {
            let title = notify.title.as_ref().map(|t| fill(t, &scope)).transpose()?;
            let title = title.unwrap_or_else(|| state.plan.title.clone());
            (Resolved::Notice { to: notify.to.clone(), title, text: fill(&notify.text, &scope)? }, None)
        }
        _ => return Err("nothing is started here".into()),
    };
    let cwd = match acting.and_then(|a| a.cwd.as_ref()) {
        Some(cwd) => fill(cwd, &scope)?,
        None => String::new(),
    };
    let env = match acting {
        Some(acting) => environment(state, item, acting, &what, &scope)?,
        None => BTreeMap::new(),
    };
    Ok(Started {
        item: item.id.clone(),
        attempt: state.attempts + 1,
        digest: digest(&what, &cwd, &env),
        what,
        cwd,
        env,
        capture_stdout: acting.is_some_and(|a| a.capture_stdout),
        timeout: item.timeout,
        changes: acting.is_some_and(|a| !a.reads_only),
        edited: edited.is_some(),
        from_file: false,
    })
}

/// sha256, in hex, of what is run: the command, its folder, its environment.
pub fn digest(what: &Resolved, cwd: &str, env: &BTreeMap<String, Env>) -> String {
    let text = serde_json::to_vec(&(what, cwd, env)).unwrap_or_default();
    Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect()
}

/// What has to be typed before a dangerous item starts; none when it is not dangerous. The error says in words what is
/// missing.
pub fn danger_words(state: &State, index: usize) -> Result<Option<String>, String> {
    let Some(Action::Run(run)) = state.plan.items.get(index).map(|i| &i.action) else { return Ok(None) };
    let Some(danger) = &run.acting.danger else { return Ok(None) };
    match &danger.words {
        Some(words) => fill(words, &PlanScope::new(state, index)).map(Some),
        None => Ok(Some(state.plan.target_name().unwrap_or("yes").to_owned())),
    }
}

fn fill(template: &Template, scope: &dyn Scope) -> Result<String, String> {
    template.fill(scope).map_err(|missing| missing.to_string())
}

fn program(run: &Run, scope: &PlanScope<'_>) -> Result<Resolved, String> {
    Ok(match &run.program {
        Program::Argv(words) => {
            Resolved::Argv(words.iter().map(|word| fill(word, scope)).collect::<Result<Vec<_>, _>>()?)
        }
        Program::Script { shell, text } => Resolved::Script { shell: shell.clone(), text: text.clone() },
    })
}

/// The step's own environment, and for a script the values that its text names.
fn environment(
    state: &State,
    item: &Item,
    acting: &Acting,
    what: &Resolved,
    scope: &PlanScope<'_>,
) -> Result<BTreeMap<String, Env>, String> {
    let secret = secrets(&state.plan);
    let mut env = BTreeMap::new();
    if let Resolved::Script { text, .. } = what {
        let named = named_values(state, text, item.each.as_ref(), &item.locals, scope);
        env.extend(named.into_iter().map(|(name, value)| (name, Env::Value(value))));
    }
    for (name, template) in &acting.env {
        let hidden = template
            .expressions()
            .flat_map(|(_, expr)| expr.used())
            .any(|used| used.path.first().is_some_and(|first| secret.contains(&first.as_str())));
        let value = if hidden { Env::Secret(template.source().to_owned()) } else { Env::Value(fill(template, scope)?) };
        env.insert(name.clone(), value);
    }
    Ok(env)
}

/// The values that a script's text names, by their names in the environment: of a probe's script.
pub fn script_values(state: &State, text: &str, each: Option<&(String, String)>) -> BTreeMap<String, String> {
    named_values(state, text, each, &BTreeMap::new(), &PlanScope::of_run(state))
}

fn named_values(
    state: &State,
    text: &str,
    each: Option<&(String, String)>,
    locals: &BTreeMap<String, Value>,
    scope: &PlanScope<'_>,
) -> BTreeMap<String, String> {
    values(state, each, locals, scope).into_iter().filter(|(name, _)| names(text, name)).collect()
}

/// Every value that a script may read, by the name that it has in the environment.
fn values(
    state: &State,
    each: Option<&(String, String)>,
    locals: &BTreeMap<String, Value>,
    scope: &PlanScope<'_>,
) -> Vec<(String, String)> {
    let mut all = vec![];
    let mut put = |name: String, value: &Value| match value {
        Value::NoData => {}
        Value::Map(map) => {
            for (key, value) in map {
                if !matches!(value, Value::NoData) {
                    all.push((format!("{name}_{}", key.replace('-', "_")), value.written()));
                }
            }
        }
        value => all.push((name, value.written())),
    };
    for parameter in state.plan.parameters.iter().filter(|p| p.secret.is_none()) {
        put(parameter.name.0.clone(), &parameter.value);
    }
    for (name, value) in locals {
        put(name.clone(), value);
    }
    let here = |value: &Value| match (value, each) {
        (Value::Map(map), Some((_, key))) if map.contains_key(key) => map.get(key).cloned().unwrap_or_default(),
        _ => value.clone(),
    };
    for (name, value) in &state.captures {
        put(name.0.clone(), &here(value));
    }
    for (name, value) in &state.pins {
        put(format!("pins_{name}"), &here(value));
        put(format!("pins_{name}"), value);
    }
    if let Some((group, key)) = each {
        put("item".into(), &Value::Text(key.clone()));
        let fields = state.plan.targets.get(group).and_then(|g| g.iter().find(|t| t.key == *key)).map(|t| &t.fields);
        for (field, value) in fields.into_iter().flatten() {
            put(format!("item_{}", field.replace('-', "_")), value);
        }
    }
    put("run_id".into(), &scope.member(&["run", "id"]));
    put("run_dir".into(), &scope.member(&["run", "dir"]));
    all
}

/// Whether a script's text names a variable: as a whole word, since `$((replicas + 1))` and a program that reads its
/// environment name it without a `$`.
fn names(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
