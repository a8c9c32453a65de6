//! `attach`: return to a run that goes on, or look on.

use std::path::Path;

use super::args::AttachArgs;
use super::client::{Client, Mode};
use super::runs::{Seen, find_run};
use super::{Exit, Stop, other_version, person};
use crate::journal::RunEntry;
use crate::link::Role;

/// `flightdeck attach`.
pub fn main(args: &AttachArgs) -> Result<Exit, Stop> {
    let which = &args.which;
    let entry = find_run(which.runs.as_deref(), which.run.as_deref())?;
    if !entry.alive {
        return Err(not_alive(&entry));
    }
    let role = if args.observe { Role::Observer } else { Role::Operator };
    to(&entry.path, Mode::of(which.plain, which.json), role)
}

/// Attaches to a run whose host lives.
pub fn to(folder: &Path, mode: Mode, role: Role) -> Result<Exit, Stop> {
    other_version::hand_over(folder)?;
    Client { mode, who: person::operator(), role, begin: None, history: mode == Mode::Json }.attach(folder, None)
}

fn not_alive(entry: &RunEntry) -> Stop {
    let seen = Seen::look(entry);
    let next = if seen.standing.is_over() {
        format!("`flightdeck record show {}` tells what happened", entry.id)
    } else {
        format!("`flightdeck resume {}` goes on", entry.id)
    };
    Stop::usage(format!("the run {} is not alive ({}): {next}", entry.id, seen.standing.words()))
}
