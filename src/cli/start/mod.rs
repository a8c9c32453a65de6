//! `flightdeck` alone: the start screen, and what is opened from it.

mod found;
mod tools;

use std::path::Path;

use chrono::Utc;

use super::args::FlyArgs;
use super::book::Book;
use super::client::Mode;
use super::run::screens::{self, Asked};
use super::run::{self, Flight};
use super::runs::{self, Seen};
use super::{Exit, Stop, attach, person, resume};
use crate::journal::{list, runs_dir};
use crate::link::Role;
use crate::record;
use crate::runbook::load;
use crate::sandbox::{Scenario, scenario, scenarios};
use crate::terminal::sanitize_line;
use crate::tui::start::{Back, Choice, Home, Learn, Left, Past, Session, StartData, Text};

/// How many runs that are over are shown.
const PAST: usize = 12;

const HELP: &str = "\
flightdeck flies you through a deployment the way an electronic checklist flies a crew through a departure.

A runbook is one YAML file: what is done, what is looked at, who has to agree, how to go back. flightdeck looks by \
itself where it can, runs the commands that you start, asks for what only a person knows, and keeps a record.

Begin with a training flight: it runs against a simulated system, touches nothing real and needs nothing installed.

  Learn       training flights
  Fly         runbooks found in this folder and in ./runbooks
  Return to   runs that go on, also those that other accounts fly on this machine
  Records     runs that are over

Opening one starts nothing: the values come first, then the plan, and only Enter on the plan starts the run. On a real \
target its name is typed there. `q` leaves a run going; `flightdeck attach` returns to it.

On the command line: `flightdeck --help`.
";

/// `flightdeck` without a subcommand.
pub fn main(runs: Option<&Path>) -> Result<Exit, Stop> {
    let mut session = run::session().map_err(|_| {
        Stop::usage("the start screen needs a terminal; `flightdeck --help` says what there is without one")
    })?;
    let args = FlyArgs { runs: runs.map(Path::to_owned), ..FlyArgs::default() };
    let mut chosen: Option<Choice> = None;
    loop {
        let mut home = Home::new(&gather(runs)?);
        if let Some(chosen) = &chosen {
            home.go_to(chosen);
        }
        let choice = match session.show(&mut home).map_err(|e| Stop::usage(e.to_string()))? {
            Left::Answered(choice) => choice,
            Left::Interrupted => return Ok(Exit::Interrupted),
        };
        chosen = Some(choice.clone());
        let flown = match &choice {
            Choice::Quit => return Ok(Exit::Completed),
            Choice::Return(id) => {
                drop(session);
                return return_to(runs, id);
            }
            Choice::Train(name) => shipped(name),
            Choice::Fly(path) => Book::open(Path::new(path)).map(|book| (book, None)),
            Choice::Help => Err(Stop::usage(HELP)),
            Choice::Errors(path) => Err(Stop::usage(errors(Path::new(path)))),
            Choice::Other(id) => Err(Stop::usage(other(id))),
            Choice::Record(id) => read_record(runs, id).and_then(|text| Err(Stop::usage(text))),
        };
        let asked = flown.as_ref().map_err(ToString::to_string).and_then(|(book, scenario)| {
            let mut flight = Flight::new(book, &args, scenario.as_ref()).map_err(|stop| stop.to_string())?;
            let asked = screens::ask(&mut session, &mut flight, scenario.is_none()).map_err(|stop| stop.to_string())?;
            Ok((flight, asked))
        });
        match asked {
            Ok((flight, Asked::Start(begin))) => {
                return flight.start(Mode::Screen, Some(begin), Some(session));
            }
            Ok((_, Asked::Back)) => {}
            Ok((_, Asked::Interrupted)) => return Ok(Exit::Interrupted),
            // What is to be read is shown here, where the terminal is ours.
            Err(text) => {
                if let Left::Interrupted = show(&mut session, &choice, &text)? {
                    return Ok(Exit::Interrupted);
                }
            }
        }
    }
}

fn show(session: &mut Session, choice: &Choice, body: &str) -> Result<Left<()>, Stop> {
    let title = match choice {
        Choice::Help => "what this is",
        Choice::Train(name) | Choice::Fly(name) | Choice::Errors(name) => name,
        Choice::Return(id) | Choice::Other(id) | Choice::Record(id) => id,
        Choice::Quit => "",
    };
    session.show(&mut Text::new(title, body)).map_err(|e| Stop::usage(e.to_string()))
}

fn shipped(name: &str) -> Result<(Book, Option<Scenario>), Stop> {
    let scenario = scenario(name).map_err(|e| Stop::usage(e.to_string()))?;
    Ok((Book::shipped(&scenario.runbook)?, Some(scenario)))
}

fn return_to(runs: Option<&Path>, id: &str) -> Result<Exit, Stop> {
    attach::to_living(runs::find_run(runs, Some(id))?, Mode::Screen, Role::Operator, resume::relaunch)
}

/// Everything that the start screen shows.
fn gather(runs: Option<&Path>) -> Result<StartData, Stop> {
    let learn = scenarios().map_err(|e| Stop::usage(e.to_string()))?;
    let learn = learn.into_iter().map(|s| Learn { name: s.name, title: s.title, minutes: s.minutes }).collect();
    let found = found::runbooks(Path::new("."));
    let dir = runs_dir(runs).map_err(|e| Stop::disk(e.to_string()))?;
    let now = Utc::now();
    let (mut back, mut past) = (vec![], vec![]);
    for entry in list(&dir).map_err(|e| Stop::disk(format!("{}: {e}", dir.display())))? {
        if !entry.alive && past.len() >= PAST {
            continue;
        }
        let seen = Seen::look(&entry);
        if seen.standing.is_over() && !seen.alive {
            let day = seen.opened.map(|at| at.format("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default();
            let words = format!("{day}  {:<11}  {} · {}", seen.standing.words(), seen.title, seen.operator);
            past.push(Past { id: seen.id, words });
        } else {
            let place = seen.place_words();
            let parts = [seen.title.as_str(), &seen.world, seen.standing.words(), &place, &seen.operator];
            let mut words: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).map(str::to_owned).collect();
            words.push(format!("{} ago", seen.age(now)));
            back.push(Back { id: seen.id, words: words.join(" · "), other: false });
        }
    }
    for seen in runs::others() {
        let run = &seen.presence;
        let standing = if seen.alive { run.doing.as_str() } else { "crashed" };
        let words = format!("{} · {} · other account: {} · {standing}", run.runbook, run.place, run.who);
        back.push(Back { id: run.run.0.clone(), words, other: true });
    }
    let tools = tools::words(&found.books);
    Ok(StartData { learn, fly: found.entries, back, past, tools })
}

/// The errors of a runbook, as `lint` tells them.
fn errors(path: &Path) -> String {
    match load(path) {
        Err(problems) => problems.iter().map(|p| format!("{p}\n\n")).collect(),
        Ok(_) => "It has no errors now.".into(),
    }
}

fn other(id: &str) -> String {
    let Some(seen) = runs::others().into_iter().find(|seen| seen.presence.run.0 == id) else {
        return "This run is gone.".into();
    };
    let run = &seen.presence;
    sanitize_line(&format!(
        "The run {} of \"{}\" on {} is flown by {} (account {}) since {}. It can be attached to from that account only; a \
         second run on that target is refused.",
        run.run,
        run.runbook,
        run.target,
        run.who,
        person::account(seen.uid),
        crate::words::local_and_utc(run.since)
    ))
}

fn read_record(runs: Option<&Path>, id: &str) -> Result<String, Stop> {
    let entry = runs::find_run(runs, Some(id))?;
    let run = record::load(&entry.path).map_err(|e| Stop::disk(e.to_string()))?;
    Ok(record::markdown(&run))
}
