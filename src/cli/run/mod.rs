//! `run`: fly a runbook. What it shares with `train` is [`fly`].

mod answers;
mod draft;
mod flight;
pub(super) mod open;
pub(super) mod screens;
pub(super) mod secrets;
pub(super) mod target;
mod usual;
pub(super) mod values;

use super::args::{FlyArgs, RunArgs};
use super::book::Book;
use super::client::Mode;
use super::{Exit, Stop, terminal};
use crate::engine::plan::{Given, Plan, compile};
use crate::sandbox::{Scenario, scenario, scenarios};
use crate::tui::start::Session;
pub(super) use flight::Flight;
use screens::Asked;

/// The scenario of a sandbox when neither the command line nor the runbook's name says one.
const SCENARIO: &str = "production";

/// `flightdeck run`.
pub fn main(args: &RunArgs) -> Result<Exit, Stop> {
    let book = Book::open(&args.runbook)?;
    let scenario = match &args.sandbox {
        None => None,
        Some(name) => Some(scenario_for(&book, name.as_deref())?),
    };
    fly(&book, &args.fly, scenario.as_ref(), true)
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
pub fn fly(book: &Book, args: &FlyArgs, scenario: Option<&Scenario>, form: bool) -> Result<Exit, Stop> {
    let mode = Mode::of(args.plain, args.json);
    let mut flight = Flight::new(book, args, scenario)?;
    if mode != Mode::Screen || args.yes || args.answers.is_some() {
        flight.complete()?;
        return flight.start(mode, None, None);
    }
    let mut session = session()?;
    match screens::ask(&mut session, &mut flight, form)? {
        Asked::Start(begin) => flight.start(mode, Some(begin), Some(session)),
        Asked::Back => Ok(Exit::Completed),
        Asked::Interrupted => Ok(Exit::Interrupted),
    }
}

/// Takes the terminal for the screens before a run.
pub(super) fn session() -> Result<Session, Stop> {
    Session::open(terminal::is_colored(), terminal::is_ascii()).map_err(|e| Stop::usage(e.to_string()))
}

/// The plan of these values.
pub(super) fn compiled(book: &Book, given: &Given) -> Result<Plan, Stop> {
    compile(&book.loaded.runbook, given).map_err(|e| Stop::usage(format!("{}: {e}", book.given)))
}
