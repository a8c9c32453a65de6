//! `run`: fly a runbook. What it shares with `train` is [`fly`].

mod answers;
mod draft;
pub(super) mod open;
pub(super) mod secrets;
pub(super) mod target;
mod usual;
pub(super) mod values;

use std::path::Path;

use super::args::{FlyArgs, RunArgs};
use super::book::Book;
use super::client::{Client, Mode};
use super::{Exit, Stop, person, prompt};
use crate::engine::plan::{Given, Plan, compile};
use crate::journal::runs_dir;
use crate::link::Role;
use crate::runbook::parameters::Resolved;
use crate::sandbox::{Scenario, scenario, scenarios};
use draft::Draft;
use open::Opening;
use values::Texts;

/// The scenario of a sandbox when neither the command line nor the runbook's name says one.
const SCENARIO: &str = "production";

/// `flightdeck run`.
pub fn main(args: &RunArgs) -> Result<Exit, Stop> {
    let book = Book::open(&args.runbook)?;
    let scenario = match &args.sandbox {
        None => None,
        Some(name) => Some(scenario_for(&book, name.as_deref())?),
    };
    fly(&book, &args.fly, scenario.as_ref())
}

/// The named scenario; else the one that is made for this runbook.
fn scenario_for(book: &Book, name: Option<&str>) -> Result<Scenario, Stop> {
    let broken = |e: std::io::Error| Stop::usage(e.to_string());
    let name = match name {
        Some(name) => name.to_owned(),
        None => {
            let all = scenarios().map_err(broken)?;
            all.into_iter().find(|s| s.runbook == book.file_name()).map_or_else(|| SCENARIO.to_owned(), |s| s.name)
        }
    };
    scenario(&name).map_err(broken)
}

/// Flies a runbook: values, plan, target; then its folder, its host, and a client that stays with it.
pub fn fly(book: &Book, args: &FlyArgs, scenario: Option<&Scenario>) -> Result<Exit, Stop> {
    if args.speed.is_some() && scenario.is_none() {
        return Err(Stop::usage("--speed is for simulated runs: real time cannot be hurried; add --sandbox"));
    }
    let mode = Mode::of(args.plain, args.json);
    let runbook = &book.loaded.runbook;
    let answers = args.answers.as_deref().map(|path| answers::read(path, runbook)).transpose()?;
    let mut texts = Texts::of(args)?;
    texts.scenario = scenario.iter().flat_map(|s| s.parameters.clone()).collect();
    let runs = runs_dir(args.runs.as_deref()).map_err(|e| Stop::disk(e.to_string()))?;
    let mut draft = scenario.map(|s| simulated(&runs, book, s, &texts, args)).transpose()?;
    let resolved = settle(book, &mut texts, draft.as_ref())?;
    if let (Some(outdated), Some(scenario)) = (&draft, scenario)
        && outdated.is_outdated(&resolved)
    {
        draft = Some(simulated(&runs, book, scenario, &texts, args)?);
    }
    let resolved = match &draft {
        Some(draft) => texts.resolve(book, draft.overlay.as_ref()),
        None => resolved,
    };
    values::refuse_problems(&resolved)?;
    let plan = preview(book, &resolved)?;
    if draft.is_none() {
        target::refuse_held(&target::announce(&plan), None)?;
    }
    let draft = match draft {
        Some(draft) => draft,
        None => Draft::real(&runs, book)?,
    };
    let who = person::operator();
    let opening = Opening { book, args, texts: &texts, resolved, plan: &plan, answers, operator: who.clone() };
    let folder = opening.launch(draft)?;
    Client { mode, who, role: Role::Operator, begin: None, history: true }.attach(&folder)
}

fn simulated(runs: &Path, book: &Book, scenario: &Scenario, texts: &Texts, args: &FlyArgs) -> Result<Draft, Stop> {
    // Sources that the world will give cannot be read yet: what they say is not looked at here.
    let resolved = texts.resolve(book, None);
    Draft::simulated(runs, book, scenario, &resolved, args.speed.unwrap_or(1.0))
}

/// Values that are complete: what is missing is asked for at the terminal, else it is an error that names it.
fn settle(book: &Book, texts: &mut Texts, draft: Option<&Draft>) -> Result<Resolved, Stop> {
    let runbook = &book.loaded.runbook;
    let overlay = draft.and_then(|d| d.overlay.as_ref());
    loop {
        let resolved = texts.resolve(book, overlay);
        values::refuse_problems(&resolved)?;
        let Some(name) = values::unanswered(&resolved).first().map(|n| (*n).clone()) else { return Ok(resolved) };
        if !prompt::can_ask() {
            values::refuse_missing(runbook, &resolved)?;
        }
        let Some(parameter) = runbook.parameters.get(&name) else { return Ok(resolved) };
        let ask = parameter.field.ask.as_ref().map_or_else(|| name.0.clone(), |ask| format!("{} [{name}]", ask.source()));
        let text = if parameter.is_secret() { prompt::secret(&ask) } else { prompt::line(&ask) };
        match text {
            Ok(Some(text)) => match crate::runbook::parameters::read(&parameter.field, &text) {
                Ok(_) => {
                    texts.typed.insert(name, text);
                }
                Err(why) => super::note(&format!("  {why}")),
            },
            _ => values::refuse_missing(runbook, &resolved)?,
        }
    }
}

/// The plan as far as it is known before the start.
fn preview(book: &Book, resolved: &Resolved) -> Result<Plan, Stop> {
    compiled(book, &values::preview(&book.loaded.runbook, resolved))
}

/// The plan of these values.
pub(super) fn compiled(book: &Book, given: &Given) -> Result<Plan, Stop> {
    compile(&book.loaded.runbook, given).map_err(|e| Stop::usage(format!("{}: {e}", book.given)))
}
