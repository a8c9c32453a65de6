//! `attach`: return to a run that goes on, or look on.

use std::path::Path;
use std::time::{Duration, Instant};

use super::args::AttachArgs;
use super::client::{Client, Mode};
use super::runs::{Seen, Standing, find_run};
use super::{Exit, Stop, note, other_version, person, resume};
use crate::journal::{RunEntry, list, runs_dir};
use crate::link::Role;
use crate::words::files;

/// How long a host that leaves may take until it is gone.
const LEAVES: Duration = Duration::from_secs(20);
/// How long a host that did not answer may take to be gone, when it was on its way out.
const GOES: Duration = Duration::from_secs(3);

/// `flightdeck attach`.
pub fn main(args: &AttachArgs) -> Result<Exit, Stop> {
    let which = &args.which;
    let entry = which_run(which.runs.as_deref(), which.run.as_deref())?;
    let role = if args.observe { Role::Observer } else { Role::Operator };
    to_living(entry, Mode::of(which.plain, which.json), role, |entry| go_on_with_parked(entry, role))
}

/// Attaches to a run; one whose host is gone is first brought back by `revive`. A host may be just about to go when it
/// is asked: then it is waited for and the run is looked at again, once.
pub fn to_living(
    entry: RunEntry,
    mode: Mode,
    role: Role,
    revive: impl Fn(&RunEntry) -> Result<(), Stop>,
) -> Result<Exit, Stop> {
    let entry = gone_or_here(entry)?;
    if entry.alive {
        match other_version::hand_over(&entry.path) {
            Ok(()) => return to(&entry.path, mode, role),
            Err(stop) if !is_gone_soon(&entry)? => return Err(stop),
            Err(_) => {}
        }
    }
    // The new host is this program: nothing is to be asked, and a short visit would let a run that ends at once go.
    revive(&entry)?;
    to(&entry.path, mode, role)
}

/// Whether the host of a run that did not answer ends within a moment.
fn is_gone_soon(entry: &RunEntry) -> Result<bool, Stop> {
    let until = Instant::now() + GOES;
    while Instant::now() < until {
        if !find_run(None, Some(&entry.path.display().to_string()))?.alive {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

/// The run that is named; without a name the newest that is alive, else the only one that is parked.
fn which_run(runs: Option<&Path>, part: Option<&str>) -> Result<RunEntry, Stop> {
    let found = find_run(runs, part);
    let Err(none) = found else { return found };
    if part.is_some() {
        return Err(none);
    }
    let dir = runs_dir(runs).map_err(|e| Stop::disk(e.to_string()))?;
    let entries = list(&dir).map_err(|e| Stop::disk(format!("{}: {e}", dir.display())))?;
    let mut parked = entries.into_iter().filter(|entry| Seen::look(entry).standing == Standing::Parked);
    match (parked.next(), parked.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Stop::usage("several runs are parked: name one; `flightdeck runs` lists them")),
        _ => Err(none),
    }
}

/// A host that is about to go takes nobody in any more: it is waited for, since then the run can be gone on with.
fn gone_or_here(mut entry: RunEntry) -> Result<RunEntry, Stop> {
    let until = Instant::now() + LEAVES;
    while entry.alive && !entry.path.join(files::SOCK).exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
        entry = find_run(None, Some(&entry.path.display().to_string()))?;
    }
    Ok(entry)
}

/// A parked run's host leaves when nobody is there: whoever returns to it needs no other command for that. One whose
/// host died is gone on with by `resume`, which is said.
fn go_on_with_parked(entry: &RunEntry, role: Role) -> Result<(), Stop> {
    if Seen::look(entry).standing != Standing::Parked || role == Role::Observer {
        return Err(not_alive(entry));
    }
    note("The run was parked, since nobody was there: it goes on.");
    resume::relaunch(entry)
}

/// Attaches to a run whose host answers.
fn to(folder: &Path, mode: Mode, role: Role) -> Result<Exit, Stop> {
    Client { mode, who: person::operator(), role, begin: None, history: mode == Mode::Json }.attach(folder, None)
}

fn not_alive(entry: &RunEntry) -> Stop {
    let seen = Seen::look(entry);
    let next = if seen.standing.is_over() {
        format!("`flightdeck record show {}` tells what happened", entry.id)
    } else if seen.standing == Standing::Parked {
        format!("`flightdeck attach {}` without --observe goes on", entry.id)
    } else {
        format!("`flightdeck resume {}` goes on", entry.id)
    };
    Stop::usage(format!("the run {} is not alive ({}): {next}", entry.id, seen.standing.words()))
}
