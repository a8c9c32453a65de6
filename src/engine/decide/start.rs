//! Starting an attempt: exactly what was shown.

use super::{Decision, find_open, fresh, not_settled, title};
use crate::engine::event::{Event, Resolved, Started};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::Action;
use crate::engine::resolve::resolve;
use crate::engine::state::{State, Status};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    let Want::Start { item, seen, shown, typed, out_of_order } = &intent.want else { return Ok(vec![]) };
    let index = find_open(state, item)?;
    fresh(state, index, *seen)?;
    may_start(state, index)?;
    if !out_of_order {
        in_order(state, index)?;
    }
    let started = resolve(state, index).map_err(Refusal::new)?;
    if started.changes {
        super::lease::known(state)?;
    }
    if started.digest != *shown {
        return Err(Refusal::new("what would run has changed since it was drawn: read it again"));
    }
    danger(state, index, typed.as_deref())?;
    Ok(vec![Event::AttemptStarted(Box::new(Started { from_file: intent.from_file, ..started }))])
}

/// Whether anything may start at this item now.
pub(super) fn may_start(state: &State, index: usize) -> Result<(), Refusal> {
    if let Some(paused) = &state.paused {
        let since = crate::words::utc_second(paused.since.at);
        return Err(Refusal::new(format!("paused since {since}: p goes on")));
    }
    super::host::as_pinned(state)?;
    if state.storage_failed.is_some() {
        return Err(Refusal::new("the journal cannot be written: nothing starts until there is room on the disk"));
    }
    if let Some((running, _)) = state.running.first() {
        return Err(Refusal::new(format!("\"{}\" is still running", title(state, *running))));
    }
    super::approve::covers_edit(state, index)?;
    match state.status(index) {
        Status::Unknown => Err(Refusal {
            why: "nobody knows how its last attempt ended: settle that first (Enter)".into(),
            person: true,
        }),
        Status::Failed(_) => Ok(()),
        _ => not_settled(state, index),
    }
}

fn in_order(state: &State, index: usize) -> Result<(), Refusal> {
    let item = &state.plan.items[index];
    // From the item upwards to the section's head.
    let first = state.plan.range_of(item.phase).start;
    let above: Vec<usize> = (first..index)
        .rev()
        .take_while(|i| state.plan.items[*i].section == item.section)
        .filter(|i| state.is_flown(&state.plan.items[*i]))
        .filter(|i| !state.status(*i).is_settled())
        .collect();
    match above.as_slice() {
        [] => Ok(()),
        [one] => Err(Refusal::new(format!(
            "not settled above it: \"{}\"; Enter again goes out of order",
            title(state, *one)
        ))),
        [rest @ .., first] => Err(Refusal::new(format!(
            "not settled above it: \"{}\" and {} more; Enter again goes out of order",
            title(state, *first),
            rest.len()
        ))),
    }
}

fn danger(state: &State, index: usize, typed: Option<&str>) -> Result<(), Refusal> {
    let Some(words) = super::super::resolve::danger_words(state, index).map_err(Refusal::new)? else { return Ok(()) };
    match typed.map(str::trim) {
        Some(typed) if typed == words => Ok(()),
        Some(_) => Err(Refusal { why: format!("that is not it: type {words} to go on"), person: true }),
        None => Err(Refusal { why: format!("this is dangerous: type {words} to go on"), person: true }),
    }
}

/// The attempt that an item which starts by itself gets.
pub(super) fn start_at(state: &State, index: usize) -> Option<Event> {
    let item = state.plan.items.get(index)?;
    let watching = matches!(item.action, Action::Wait(_) | Action::Baseline(_));
    if !watching || !state.running.is_empty() || state.paused.is_some() || state.storage_failed.is_some() {
        return None;
    }
    Some(Event::AttemptStarted(Box::new(Started {
        item: item.id.clone(),
        attempt: state.attempts + 1,
        what: Resolved::Watching,
        cwd: String::new(),
        env: Default::default(),
        capture_stdout: false,
        timeout: item.timeout,
        changes: false,
        digest: String::new(),
        edited: false,
        from_file: false,
    })))
}
