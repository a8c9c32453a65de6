//! People's decisions: skip, does not apply, defer, override, settling the unknown.

use super::{Decision, answers, approve, find_open, is_own, not_settled, reason};
use crate::engine::event::{Event, Return};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::{Action, Due};
use crate::engine::state::{State, Status};
use crate::words::{Actor, ItemId, Outcome};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    let from_file = intent.from_file;
    match &intent.want {
        Want::Answer { item, seen, fields } => answers::answer(state, intent, item, *seen, fields),
        Want::Decide { item, hash, yes, by, proof, says } => {
            approve::decide(state, intent, (item, hash), *yes, by, *proof, says)
        }
        Want::RequestApproval { item } => approve::request(state, intent, item),
        Want::Skip { item, reason: text } => {
            let index = leavable(state, item)?;
            known(state, index)?;
            if state.plan.items[index].required {
                return Err(Refusal::new("it is required: it is never skipped, only overridden by two people"));
            }
            Ok(vec![Event::ItemSkipped { item: item.clone(), reason: reason(text)?, from_file }])
        }
        Want::NotApplicable { item, reason: text } => {
            let index = leavable(state, item)?;
            if state.plan.items[index].required {
                return Err(Refusal::new("it is required: it applies always"));
            }
            if !state.items[index].attempts.is_empty() {
                return Err(Refusal::new("it was begun, so it applies: skip it instead (s)"));
            }
            Ok(vec![Event::ItemNotApplicable { item: item.clone(), reason: reason(text)? }])
        }
        Want::Defer { item, to, reason: text } => defer(state, intent, item, to, text, from_file),
        Want::Override { item, reason: text, second } => override_red(state, intent, item, text, second, from_file),
        Want::Settle { item, attempt, happened } => {
            let index = find_open(state, item)?;
            let known = state.items[index]
                .attempts
                .iter()
                .any(|a| a.number == *attempt && a.outcome() == Some(Outcome::Unknown));
            if !known {
                return Err(Refusal::new("its end is known: there is nothing to settle"));
            }
            Ok(vec![Event::UnknownSettled {
                item: item.clone(),
                attempt: *attempt,
                happened: *happened,
                by_probe: None,
            }])
        }
        _ => Ok(vec![]),
    }
}

/// An item that a person may leave: not settled, nothing runs in it.
fn leavable(state: &State, item: &ItemId) -> Result<usize, Refusal> {
    let index = find_open(state, item)?;
    let busy = state.running.iter().any(|(i, _)| *i == index);
    match state.status(index) {
        Status::Busy if !busy => Ok(index),
        Status::Busy => Err(Refusal::new("it is running: stop it first (x x)")),
        Status::Deferred => Ok(index),
        _ => not_settled(state, index).map(|()| index),
    }
}

/// Refuses to leave what may have happened or not.
fn known(state: &State, index: usize) -> Result<(), Refusal> {
    match state.status(index) {
        Status::Unknown => Err(Refusal {
            why: "nobody knows how its last attempt ended: settle that first (Enter)".into(),
            person: true,
        }),
        _ => Ok(()),
    }
}

fn defer(state: &State, intent: &Intent, item: &ItemId, to: &Return, text: &str, from_file: bool) -> Decision {
    let index = leavable(state, item)?;
    known(state, index)?;
    let plan = &state.plan.items[index];
    let to = match (&plan.due, to) {
        // A later phase that is this one is this phase's close.
        (Some(Due::Phase(due)), Return::Phase(phase)) if phase == due => match state.phase {
            Some(open) if *due == open => Return::PhaseClose,
            Some(open) if *due < open => return Err(Refusal::new("the phase that it was due in was closed already")),
            _ => Return::Phase(*due),
        },
        (Some(Due::WatchEnd), Return::WatchEnd) => Return::WatchEnd,
        (Some(Due::After(seconds)), Return::At(_)) => {
            Return::At(intent.stamp.up.saturating_add((seconds.max(0.0) * 1e6) as u64))
        }
        (due, Return::PhaseClose) if due.is_some() || !matches!(plan.action, Action::Run(_)) => Return::PhaseClose,
        _ => {
            return Err(Refusal::new(match plan.action {
                Action::Run(_) => "the runbook does not let this command be deferred (no `due`)",
                _ => "the runbook does not let it be deferred there: its `due` says where",
            }));
        }
    };
    let here = state.plan.items[index].phase;
    if to == Return::PhaseClose && state.phase != Some(here) {
        return Err(Refusal::new("its own phase was closed: it can only be deferred to where its `due` says"));
    }
    let rest = state.phase.is_some_and(|phase| state.unsettled(phase).iter().any(|other| *other != index));
    if to == Return::PhaseClose && !rest {
        return Err(Refusal::new("nothing else is left in this phase: it would come back at once"));
    }
    Ok(vec![Event::ItemDeferred { item: item.clone(), to, reason: reason(text)?, from_file }])
}

fn override_red(
    state: &State,
    intent: &Intent,
    item: &ItemId,
    text: &str,
    second: &Option<Actor>,
    from_file: bool,
) -> Decision {
    let index = leavable(state, item)?;
    let plan = &state.plan.items[index];
    let red = match state.status(index) {
        Status::Failed(_) | Status::NoData | Status::Unknown => true,
        // Not looked at yet: nothing says that it is green.
        Status::Busy => matches!(plan.action, Action::Check(_)),
        _ => false,
    };
    if !red {
        return Err(Refusal::new("only what is red, unknown or without data is overridden: skip it instead (s)"));
    }
    let second = second.clone().filter(|who| !who.name().trim().is_empty());
    if plan.required {
        let Some(who) = &second else {
            let why = "it is required: a second person's name is needed to override it".into();
            return Err(Refusal { why, person: true });
        };
        if who.name() == intent.actor.name() || is_own(state, who) {
            return Err(Refusal::new("the second person can't be the operator"));
        }
    }
    Ok(vec![Event::ItemOverridden { item: item.clone(), reason: reason(text)?, from_file, second }])
}
