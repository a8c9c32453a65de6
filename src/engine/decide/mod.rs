//! Decisions: an intent becomes events or a refusal. A file a family.

mod answers;
mod approve;
mod eyes;
mod follow;
mod hands;
mod host;
mod items;
mod lease;
mod people;
mod phase;
mod rollback;
mod run;
mod start;
mod time;

use super::event::{Event, Recorded};
use super::intent::{Intent, Refusal, Timer, Want};
use super::state::{State, Status};
use crate::words::{Actor, ItemId};

use self::phase::settlements;
use self::start::start_at;

/// What a family of intents is answered with.
type Decision = Result<Vec<Event>, Refusal>;

/// Events that follow of themselves after one intent; beyond it something is wrong, and the rest waits.
const MOST_CONSEQUENCES: usize = 100_000;

/// Decides an intent: the events that it makes, with what follows of itself (the box goes on, a wait starts).
pub fn decide(state: &State, intent: &Intent) -> Decision {
    if let Some(ended) = &state.ended
        && !matches!(
            intent.want,
            Want::Note { .. }
                | Want::HostLeave { .. }
                | Want::Sealed { .. }
                | Want::Storage { .. }
                | Want::Lease { .. }
        )
        && !is_late_result(&intent.want)
    {
        return Err(Refusal::new(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at))));
    }
    controls(state, intent)?;
    if state.storage_failed.is_some() && intent.want.is_a_clients() && !intent.want.needs_no_room() {
        return Err(Refusal::new("the journal cannot be written: nothing starts until there is room on the disk"));
    }
    let before = reached(state, intent)?;
    let mut scratch = if before.is_empty() {
        let events = one(state, intent)?;
        if events.is_empty() {
            return Ok(events);
        }
        Scratch::new(state, intent, events)
    } else {
        let mut scratch = Scratch::new(state, intent, before);
        let events = one(&scratch.state, intent)?;
        scratch.add(events);
        scratch
    };
    scratch.follow();
    Ok(scratch.events)
}

/// Refuses what somebody wants who has not, or no longer, control.
fn controls(state: &State, intent: &Intent) -> Result<(), Refusal> {
    let Some(epoch) = intent.control else { return Ok(()) };
    if matches!(
        intent.want,
        Want::TakeControl { .. } | Want::AskControl | Want::Note { .. } | Want::Decide { .. } | Want::NeedPerson { .. }
    ) {
        return Ok(());
    }
    match &state.control.holder {
        Some(holder) if epoch != state.control.epoch || *holder != intent.actor => {
            Err(Refusal::new(format!("{} has control now: nothing was done", holder.name())))
        }
        None if epoch != state.control.epoch => Err(Refusal::new("control has passed on meanwhile: nothing was done")),
        _ => Ok(()),
    }
}

/// An item that somebody works on out of order is reached with that: its condition is decided first.
fn reached(state: &State, intent: &Intent) -> Decision {
    let item = match &intent.want {
        Want::OpenItem { item }
        | Want::Start { item, .. }
        | Want::Edit { item, .. }
        | Want::Answer { item, .. }
        | Want::Skip { item, .. }
        | Want::NotApplicable { item, .. }
        | Want::Defer { item, .. }
        | Want::Override { item, .. }
        | Want::RequestApproval { item } => item,
        _ => return Ok(vec![]),
    };
    let Some(index) = state.index(item).filter(|index| state.is_workable(*index)) else { return Ok(vec![]) };
    if let Some(why) = follow::not_known_yet(state, intent, index) {
        return Err(Refusal::new(format!("whether it applies is not known yet: {why}")));
    }
    if matches!(intent.want, Want::OpenItem { .. }) {
        // The box decides it when it is there.
        return Ok(vec![]);
    }
    Ok(follow::condition(state, intent, index).into_iter().collect())
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
        | Want::DeclineControl
        | Want::HandOver { .. }
        | Want::End { .. } => run::decide(state, intent),
        Want::OpenItem { .. }
        | Want::Look { .. }
        | Want::Reopen { .. }
        | Want::Edit { .. }
        | Want::Stop { .. }
        | Want::GoOnUnrecorded { .. } => items::decide(state, intent),
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
        Want::RollBack { reason } => rollback::decide(state, intent, reason.as_deref()),
        Want::GiveReason { reason: text } => rollback::give_reason(state, reason(text)?),
        Want::Exited { .. }
        | Want::NotStarted { .. }
        | Want::NeverStarted { .. }
        | Want::Lost { .. }
        | Want::Adopted { .. }
        | Want::Called { .. }
        | Want::Told { .. }
        | Want::Typed { .. } => hands::decide(state, intent),
        Want::Verdict { .. }
        | Want::Looked { .. }
        | Want::Met { .. }
        | Want::UntilMet { .. }
        | Want::SettleLooked { .. }
        | Want::Baseline { .. }
        | Want::Sealed { .. } => eyes::decide(state, intent),
        Want::Due { timer } => time::decide(state, intent, timer, ""),
        Want::TooLate { item, attempt, missed } => {
            time::decide(state, intent, &Timer::Timeout(item.clone(), *attempt), missed)
        }
        // The host has looked just before, and told what it found.
        Want::CheckPlaces => host::as_pinned(state).map(|()| vec![]),
        Want::Lease { place, news } => Ok(lease::learned(state, place, news)),
        Want::TakeOver { reason } => lease::take_over(state, reason),
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

/// A copy of the state that runs ahead with the events of one decision.
struct Scratch<'a> {
    state: State,
    intent: &'a Intent,
    events: Vec<Event>,
}

impl<'a> Scratch<'a> {
    fn new(state: &State, intent: &'a Intent, events: Vec<Event>) -> Self {
        let mut scratch = Self { state: state.clone(), intent, events: vec![] };
        scratch.add(events);
        scratch
    }

    /// Folds events and keeps them.
    fn add(&mut self, events: Vec<Event>) {
        for event in events {
            let (stamp, by) = (self.intent.stamp, self.intent.actor.clone());
            self.state.apply(&Recorded { seq: self.state.seq + 1, stamp, by, event: event.clone() });
            self.events.push(event);
        }
    }

    /// Adds what follows of itself.
    fn follow(&mut self) {
        while self.events.len() < MOST_CONSEQUENCES {
            let next = follow::next(&self.state, self.intent);
            if next.is_empty() {
                return;
            }
            self.add(next);
        }
    }
}

fn is_late_result(want: &Want) -> bool {
    matches!(want, Want::Exited { .. } | Want::Called { .. } | Want::NotStarted { .. })
}

/// The place of an item that an intent names.
fn find(state: &State, item: &ItemId) -> Result<usize, Refusal> {
    state.index(item).ok_or_else(|| Refusal::new(format!("there is no item `{item}` in this plan")))
}

/// The place of an item that may be worked on now: its phase is open, or it comes back from an earlier one.
fn find_open(state: &State, item: &ItemId) -> Result<usize, Refusal> {
    let index = find(state, item)?;
    if state.begun.is_none() {
        return Err(Refusal::new("the flight has not begun"));
    }
    if state.is_workable(index) {
        return Ok(index);
    }
    Err(Refusal::new(if state.is_closed(state.plan.items[index].phase) {
        "its phase was closed: add a note instead (n)"
    } else if state.rollback.is_some() {
        "it goes back: only the rollback's items are worked on"
    } else {
        "its phase is not open yet"
    }))
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

/// Whether somebody is the one who flies: no second person.
fn is_own(state: &State, who: &Actor) -> bool {
    let operator = state.opened.as_ref().map(|o| Actor(o.operator.clone()));
    [operator.as_ref(), state.control.holder.as_ref()].into_iter().flatten().any(|own| own.name() == who.name())
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
