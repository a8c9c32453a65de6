//! Going on with a run: its plan and its journal, nothing else.

use std::sync::Arc;

use super::clock::RunClock;
use super::fresh::sha256;
use super::open::Start;
use super::refused::Refused;
use crate::engine::plan::Plan;
use crate::engine::{Event, Recorded, State};
use crate::journal::{Journal, RunFolder, read, repair};
use crate::words::files;

/// Reads a run again, with a torn last line set aside. The caller holds the run's lock.
///
/// # Errors
/// In words: the journal is broken or a newer program's, the plan is not the one that was fixed, the run has ended.
pub(super) fn resume(folder: &RunFolder) -> Result<Start, Refused> {
    let torn = repair(folder.path())?.map(|t| t.bytes);
    let of_plan = |error: &dyn std::fmt::Display| Refused::disk(format!("{}: {error}", files::PLAN));
    let plan_json = std::fs::read_to_string(folder.join(files::PLAN)).map_err(|e| of_plan(&e))?;
    let plan: Plan = serde_json::from_str(&plan_json).map_err(|e| of_plan(&e))?;
    let journal_read = read::<Event>(folder.path())?;
    if let Some(why) = journal_read.why_read_only() {
        return Err(Refused::disk(format!("this run can only be read: {why}")));
    }
    let mut state = State::new(Arc::new(plan));
    for line in journal_read.lines {
        state.apply(&Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev });
    }
    if let Some(sha) = &state.plan_sha256
        && *sha != sha256(plan_json.as_bytes())
    {
        let why = format!("{} is not the plan that the journal fixed: the run can only be read", files::PLAN);
        return Err(Refused::disk(why));
    }
    if let Some(ended) = &state.ended {
        return Err(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at)).into());
    }
    let last = state.now.ok_or("the journal is empty")?;
    let clock = RunClock::after(last, state.speed());
    let journal = Journal::open_at(folder.path(), &journal_read.end)?;
    Ok(Start { journal, state, plan_json, clock, torn })
}
