//! `plan`: what a runbook would do with these parameters. Nothing is executed, no secret or `from` is read.

mod gather;
mod text;

use std::sync::Arc;

use super::args::PlanArgs;
use super::book::Book;
use super::run::values::{Planned, Texts};
use super::runs::find_run;
use super::{Exit, Stop, print};
use crate::engine::plan::Plan;
use crate::engine::rollback_commands;
use crate::record;
use gather::outline;

/// `flightdeck plan`.
pub fn main(args: &PlanArgs) -> Result<Exit, Stop> {
    if let Some(run) = &args.rollback {
        let entry = find_run(args.runs.as_deref(), Some(run))?;
        let run = record::load(&entry.path).map_err(|e| Stop::disk(format!("{}: {e}", entry.id)))?;
        print(&rollback_commands(&run.state))?;
        return Ok(Exit::Completed);
    }
    let Some(path) = &args.runbook else {
        return Err(Stop::usage("name a runbook, or a run with --rollback RUN"));
    };
    let book = Book::open(path)?;
    let texts = Texts::of_files(&args.params, &args.param_files)?;
    let planned = texts.plan(&book)?;
    let plan = Arc::new(super::run::compiled(&book, &planned.given)?);
    let out = if args.json {
        let mut out = serde_json::to_string_pretty(&outline(&book, &planned, &plan))
            .map_err(|e| Stop::disk(format!("the plan cannot be written as JSON: {e}")))?;
        out.push('\n');
        out
    } else {
        written(&book, &planned, &plan)
    };
    print(&out)?;
    Ok(Exit::Completed)
}

/// The plan as a tree that is read in a terminal.
pub(super) fn written(book: &Book, planned: &Planned, plan: &Arc<Plan>) -> String {
    text::write(&outline(book, planned, plan))
}
