//! `resume`: go on with a run whose host has died or left.

use std::path::Path;

use super::args::ResumeArgs;
use super::client::Mode;
use super::run::{open, secrets, target};
use super::runs::{Seen, Standing, find_run};
use super::{Exit, Stop, attach, note, person};
use crate::engine::State;
use crate::engine::event::RunOpened;
use crate::host::{self, Settings};
use crate::journal::{RunEntry, list, runs_dir};
use crate::link::Role;
use crate::record;

/// `flightdeck resume`.
pub fn main(args: &ResumeArgs) -> Result<Exit, Stop> {
    let which = &args.which;
    let entry = match &which.run {
        Some(part) => find_run(which.runs.as_deref(), Some(part))?,
        None => newest(which.runs.as_deref())?,
    };
    attach::to_living(entry, Mode::of(which.plain, which.json), Role::Operator, relaunch)
}

/// The newest run that is alive; else the newest that has not ended.
fn newest(runs: Option<&Path>) -> Result<RunEntry, Stop> {
    let dir = runs_dir(runs).map_err(|e| Stop::disk(e.to_string()))?;
    let entries = list(&dir).map_err(|e| Stop::disk(format!("{}: {e}", dir.display())))?;
    let alive = entries.iter().find(|entry| entry.alive);
    let found = alive.or_else(|| entries.iter().find(|entry| !Seen::look(entry).standing.is_over()));
    found
        .cloned()
        .ok_or_else(|| Stop::usage(format!("no run in {} goes on; `flightdeck runs` lists them", dir.display())))
}

/// Starts a host for a run that has none.
pub fn relaunch(entry: &RunEntry) -> Result<(), Stop> {
    let run = record::load(&entry.path).map_err(|e| Stop::disk(format!("{}: {e}", entry.id)))?;
    let opened = refuse_over(entry, &run.state)?;
    let announce = opened.overlay.is_none().then(|| target::announce(&run.state.plan));
    if let Some(announce) = &announce {
        target::refuse_held(announce, Some(&entry.id))?;
    }
    let (sources, values) = secrets::read_again(&entry.path)?;
    let missing: Vec<&str> = sources.keys().filter(|name| !values.contains_key(*name)).map(|n| n.as_str()).collect();
    if !missing.is_empty() {
        note(&format!("note: cannot be read again and will be asked for: {}", missing.join(", ")));
    }
    let (cols, rows) = open::terminal_size();
    let settings = Settings {
        resume: true,
        operator: person::operator().0,
        runbook: opened.runbook.clone(),
        origin: opened.workdir.clone(),
        secrets: values,
        environment: open::environment(),
        autopilot: opened.autopilot.clone(),
        overlay: opened.overlay.clone(),
        speed: opened.speed,
        announce,
        cols,
        rows,
        ..Settings::default()
    };
    host::launch(&entry.path, &settings).map_err(|e| open::refused(&e))
}

/// How the run was opened, unless it is over.
fn refuse_over(entry: &RunEntry, state: &State) -> Result<RunOpened, Stop> {
    let seen = Seen::look(entry);
    if seen.standing == Standing::Damaged {
        let why = seen.why.unwrap_or_else(|| "its journal cannot be read".into());
        return Err(Stop::disk(format!("{} can only be read: {why}", entry.id)));
    }
    match (&state.ended, &state.opened) {
        (Some(_), _) => Err(Stop::usage(format!(
            "the run {} has ended ({}): `flightdeck record show {}` tells what happened",
            entry.id,
            seen.standing.words(),
            entry.id
        ))),
        (None, Some(opened)) => Ok(RunOpened::clone(opened)),
        (None, None) => Err(Stop::disk(format!("the journal of {} does not say how it was opened", entry.id))),
    }
}
