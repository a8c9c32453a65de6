//! Opening a new run: its plan is compiled and written, its first events are on disk before anybody hears of it.

use std::sync::Arc;

use super::clock::RunClock;
use super::command::output_of;
use super::open::{Home, Start};
use super::refused::Refused;
use super::secrets::Secrets;
use super::{Settings, program};
use crate::engine::event::RunOpened;
use crate::engine::plan::{Given, compile};
use crate::engine::{Event, Recorded, State};
use crate::expr::{As, parse_value};
use crate::journal::{Journal, RunFolder};
use crate::runbook::kinds::FieldType;
use crate::runbook::{Memory, load_from};
use crate::words::{Actor, Stamp, Value, files};

/// Opens the run in a folder that has none yet. Parameters that a command gives are asked for first.
///
/// # Errors
/// In words: the runbook, a command, the disk.
pub(super) fn fresh(
    folder: &RunFolder,
    settings: &Settings,
    home: &Home,
    secrets: &Secrets,
) -> Result<Start, Refused> {
    let clock = RunClock::new(if home.overlay.is_some() { settings.speed } else { 1.0 });
    let name = settings.files.first().map(|(name, _)| name.clone()).ok_or("no runbook was given")?;
    let memory =
        Memory { files: settings.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect() };
    let loaded = load_from(&memory, &name).map_err(|problems| {
        problems.first().map_or_else(|| "the runbook does not load".to_owned(), ToString::to_string)
    })?;
    let mut values = settings.values.clone();
    let mut from = settings.from.clone();
    for (parameter, words) in &settings.commands {
        let text = output_of(words, &home.root, &home.env).map_err(|why| format!("parameter `{parameter}`: {why}"))?;
        let kind = loaded.runbook.parameters.get(parameter).map(|p| &p.field.kind);
        values.insert(parameter.clone(), typed(&text, kind)?);
        from.insert(parameter.clone(), format!("command {}", words.join(" ")));
    }
    let given = Given { values: values.clone(), secrets: settings.secret_sources.clone(), now: Some(clock.now().at) };
    let plan = compile(&loaded.runbook, &given).map_err(|e| e.to_string())?;
    let plan_json = serde_json::to_string(&plan).map_err(|e| e.to_string())?;
    folder
        .write_atomic(files::PLAN, plan_json.as_bytes())
        .map_err(|e| Refused::disk(format!("{}: {e}", files::PLAN)))?;
    let mut journal = Journal::create(folder.path())?;
    let manifest = loaded.sources.files.iter().map(|f| (f.name.clone(), f.sha256.clone())).collect();
    let opened = RunOpened {
        run: folder.id().0.clone(),
        program: program(),
        operator: settings.operator.clone(),
        manifest,
        runbook: settings.runbook.clone(),
        workdir: home.root.display().to_string(),
        dir: folder.join(files::FILES).display().to_string(),
        environment: home.env.keys().cloned().collect(),
        values: super::environment::told(&home.env, secrets),
        speed: clock.speed(),
        overlay: home.overlay.clone(),
        autopilot: settings.autopilot.clone(),
        usual: settings.usual.clone(),
    };
    let mut events = vec![Event::RunOpened(Box::new(opened))];
    for parameter in &plan.parameters {
        let source = from.get(&parameter.name).cloned().unwrap_or_default();
        events.push(Event::ParameterSet {
            name: parameter.name.clone(),
            value: parameter.value.clone(),
            secret: parameter.secret.clone(),
            from: source,
        });
    }
    events.push(Event::PlanFixed { sha256: sha256(plan_json.as_bytes()), items: plan.items.len() });
    let by = Actor(settings.operator.clone());
    let now = clock.now();
    let lines: Vec<(Stamp, Actor, &Event)> = events.iter().map(|e| (now, by.clone(), e)).collect();
    journal.append_all(&lines)?;
    let mut state = State::new(Arc::new(plan));
    for (offset, event) in events.into_iter().enumerate() {
        state.apply(&Recorded { seq: offset as u64 + 1, stamp: now, by: by.clone(), event });
    }
    Ok(Start { journal, state, plan_json, clock, torn: None })
}

fn typed(text: &str, kind: Option<&FieldType>) -> Result<Value, String> {
    let kind = match kind {
        Some(FieldType::Number) => As::Number,
        Some(FieldType::Bool) => As::Bool,
        Some(FieldType::Duration) => As::Duration,
        Some(FieldType::Size) => As::Size,
        Some(FieldType::Percent) => As::Percent,
        Some(FieldType::Time) => As::Time,
        Some(FieldType::List) => As::List,
        _ => return Ok(Value::Text(text.to_owned())),
    };
    parse_value(text, kind)
}

/// sha256 in lower-case hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
