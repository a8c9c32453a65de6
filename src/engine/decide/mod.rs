//! Decisions: an intent becomes events or a refusal. A file a family.

mod eyes;
mod follow;
mod hands;
mod host;
mod items;
mod people;
mod phase;
mod run;
mod start;
mod time;

#[cfg(test)]
mod tests;

use super::event::{Event, Recorded};
use super::intent::{Intent, Refusal, Want};
use super::state::{State, Status};
use crate::words::ItemId;

pub(super) use phase::settlements;
pub(super) use start::start_at;

/// What a family answers.
type Decision = Result<Vec<Event>, Refusal>;

/// Events that follow of themselves after one intent; beyond it something is wrong, and the rest waits.
const MOST_CONSEQUENCES: usize = 100_000;

/// Decides an intent: the events that it makes, with what follows of itself (the box goes on, a wait starts).
pub fn decide(state: &State, intent: &Intent) -> Decision {
    if let Some(epoch) = intent.control
        && epoch != state.control.epoch
        && !matches!(intent.want, Want::TakeControl { .. } | Want::AskControl | Want::Note { .. } | Want::Decide { .. })
    {
        let holder = state.control.holder.as_ref().map_or("somebody else", |h| h.name());
        return Err(Refusal::new(format!("{holder} has control now: nothing was done")));
    }
    if let Some(ended) = &state.ended
        && !matches!(intent.want, Want::Note { .. } | Want::HostLeave { .. } | Want::Sealed { .. } | Want::Storage { .. })
        && !is_late_result(&intent.want)
    {
        return Err(Refusal::new(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at))));
    }
    if state.storage_failed.is_some() && is_a_client(&intent.want) {
        return Err(Refusal::new("the journal cannot be written: nothing starts until there is room on the disk"));
    }
    let mut events = one(state, intent)?;
    if state.ended.is_none() {
        follow_up(state, intent, &mut events);
    }
    Ok(events)
}

fn one(state: &State, intent: &Intent) -> Decision {
    match &intent.want {
        Want::Begin { .. }
        | Want::AcceptLimitation { .. }
        | Want::Pause { .. }
        | Want::Continue
        | Want::Note { .. }
        | Want::TakeControl { .. }
        | Want::AskControl
        | Want::HandOver { .. }
        | Want::End { .. } => run::decide(state, intent),
        Want::OpenItem { .. } | Want::Look { .. } | Want::Reopen { .. } | Want::Edit { .. } | Want::Stop { .. } => {
            items::decide(state, intent)
        }
        Want::Start { .. } => start::decide(state, intent),
        Want::Answer { .. }
        | Want::Decide { .. }
        | Want::Skip { .. }
        | Want::NotApplicable { .. }
        | Want::Defer { .. }
        | Want::Override { .. }
        | Want::Settle { .. }
        | Want::RequestApproval { .. } => people::decide(state, intent),
        Want::ClosePhase { phase } => phase::close(state, intent, *phase),
        Want::Exited { .. }
        | Want::NotStarted { .. }
        | Want::NeverStarted { .. }
        | Want::Lost { .. }
        | Want::Adopted { .. }
        | Want::Called { .. }
        | Want::Typed { .. } => hands::decide(state, intent),
        Want::Verdict { .. }
        | Want::Looked { .. }
        | Want::Met { .. }
        | Want::UntilMet { .. }
        | Want::SettleLooked { .. }
        | Want::Baseline { .. }
        | Want::Sealed { .. } => eyes::decide(state, intent),
        Want::Due { timer } => time::decide(state, intent, timer),
        Want::HostStart { .. }
        | Want::HostLeave { .. }
        | Want::Pinned { .. }
        | Want::TargetFound { .. }
        | Want::NeedPerson { .. }
        | Want::ClockStep { .. }
        | Want::Tail { .. }
        | Want::Storage { .. }
        | Want::Caution { .. } => host::decide(state, intent),
    }
}

fn follow_up(state: &State, intent: &Intent, events: &mut Vec<Event>) {
    let mut scratch = state.clone();
    let mut applied = 0;
    let recorded = |event: &Event, seq: u64| Recorded {
        seq,
        stamp: intent.stamp,
        by: intent.actor.clone(),
        event: event.clone(),
    };
    loop {
        while applied < events.len() {
            scratch.apply(&recorded(&events[applied], state.seq + applied as u64 + 1));
            applied += 1;
        }
        if events.len() >= MOST_CONSEQUENCES {
            return;
        }
        let next = follow::next(&scratch, intent);
        if next.is_empty() {
            return;
        }
        events.extend(next);
    }
}

/// Intents of people: they are refused while the journal cannot be written.
fn is_a_client(want: &Want) -> bool {
    matches!(
        want,
        Want::Begin { .. }
            | Want::AcceptLimitation { .. }
            | Want::OpenItem { .. }
            | Want::Start { .. }
            | Want::Edit { .. }
            | Want::Answer { .. }
            | Want::Decide { .. }
            | Want::Skip { .. }
            | Want::NotApplicable { .. }
            | Want::Defer { .. }
            | Want::Override { .. }
            | Want::Settle { .. }
            | Want::ClosePhase { .. }
            | Want::Reopen { .. }
            | Want::RequestApproval { .. }
            | Want::HandOver { .. }
            | Want::End { .. }
    )
}

fn is_late_result(want: &Want) -> bool {
    matches!(want, Want::Exited { .. } | Want::Called { .. } | Want::NotStarted { .. })
}

/// The place of an item that an intent names.
fn find(state: &State, item: &ItemId) -> Result<usize, Refusal> {
    state.index(item).ok_or_else(|| Refusal::new(format!("there is no item `{item}` in this plan")))
}

/// The place of an item that may be worked on now: its phase is open.
fn find_open(state: &State, item: &ItemId) -> Result<usize, Refusal> {
    let index = find(state, item)?;
    if state.begun.is_none() {
        return Err(Refusal::new("the flight has not begun"));
    }
    let phase = state.plan.items[index].phase;
    if state.is_closed(phase) {
        return Err(Refusal::new("its phase was closed: add a note instead (n)"));
    }
    if state.phase != Some(phase) {
        return Err(Refusal::new("its phase is not open yet"));
    }
    Ok(index)
}

/// Refuses an intent that was drawn for an earlier look of the item.
fn fresh(state: &State, index: usize, seen: u32) -> Result<(), Refusal> {
    if state.items[index].seen() == seen {
        Ok(())
    } else {
        Err(Refusal::new("this item has changed since it was drawn: read it again"))
    }
}

/// The item's title as people read it.
fn title(state: &State, index: usize) -> String {
    super::scope::PlanScope::new(state, index).title()
}

/// Refuses what is settled already.
fn not_settled(state: &State, index: usize) -> Result<(), Refusal> {
    match state.status(index) {
        Status::Passed | Status::Skipped | Status::Overridden => {
            Err(Refusal::new("it is settled: press a to open it again, with a reason"))
        }
        Status::Off => Err(Refusal::new("it does not apply here")),
        Status::Busy => Err(Refusal::new("it is busy")),
        _ => Ok(()),
    }
}

fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() { Err(Refusal::new("a reason is needed")) } else { Ok(text.to_owned()) }
}
