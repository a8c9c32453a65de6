//! The run as a whole: begin, pause, notes, control, end.

use super::{Decision, find, reason};
use crate::engine::event::{Event, RunEnd};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::Effect;
use crate::engine::state::State;
use crate::engine::wanted::scaled;
use crate::words::Actor;

/// Real microseconds that a request for control waits for an answer.
const CONTROL_WAIT: u64 = 20_000_000;

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    match &intent.want {
        Want::Begin { target } => begin(state, intent, target.as_deref()),
        Want::AcceptLimitation { name, reason: text } => {
            if !state.plan.limitations.iter().any(|l| l.name == *name) {
                return Err(Refusal::new(format!("no limitation `{name}` applies here")));
            }
            Ok(vec![Event::LimitationAccepted {
                name: name.clone(),
                reason: reason(text)?,
                from_file: intent.from_file,
            }])
        }
        Want::Pause { reason } => {
            if state.begun.is_none() {
                return Err(Refusal::new("the flight has not begun"));
            }
            if state.paused.is_some() {
                return Err(Refusal::new("the run is paused already"));
            }
            let at = state.current.map(|index| state.plan.items[index].id.clone());
            Ok(vec![Event::RunPaused { reason: reason.clone(), at }])
        }
        Want::Continue => {
            if state.paused.is_none() {
                return Err(Refusal::new("the run is not paused"));
            }
            Ok(vec![Event::RunContinued])
        }
        Want::Note { text, about, item } => {
            if let Some(item) = item {
                find(state, item)?;
            }
            if text.trim().is_empty() {
                return Err(Refusal::new("an empty note is no note"));
            }
            Ok(vec![Event::NoteAdded { text: text.trim().to_owned(), about: about.clone(), item: item.clone() }])
        }
        Want::TakeControl { epoch } => {
            if *epoch != state.control.epoch {
                return Err(Refusal::new("control has passed on meanwhile: ask again"));
            }
            if let (Some((by, until)), Some(holder)) = (&state.control.asked, &state.control.holder)
                && intent.control.is_some()
                && *by == intent.actor
                && *until > intent.stamp.up
            {
                return Err(Refusal::new(format!("{} was asked and may still answer", holder.name())));
            }
            Ok(vec![Event::ControlTaken {
                epoch: epoch + 1,
                by: intent.actor.clone(),
                from: state.control.holder.clone(),
                answered: false,
            }])
        }
        Want::AskControl => {
            if state.control.holder.as_ref() == Some(&intent.actor) {
                return Err(Refusal::new("you have control"));
            }
            let until = intent.stamp.up.saturating_add(scaled(state, CONTROL_WAIT));
            Ok(vec![Event::ControlRequested { by: intent.actor.clone(), until }])
        }
        Want::DeclineControl => match &state.control.asked {
            Some((by, _)) => Ok(vec![Event::ControlDeclined { to: by.clone() }]),
            None => Err(Refusal::new("nobody asks for control")),
        },
        Want::HandOver { to } => {
            if to.name().trim().is_empty() {
                return Err(Refusal::new("to whom? a name is needed"));
            }
            Ok(vec![Event::ControlHandedOver { epoch: state.control.epoch + 1, to: to.clone() }])
        }
        Want::End { reason: text } => end(state, reason(text)?),
        _ => Ok(vec![]),
    }
}

fn begin(state: &State, intent: &Intent, target: Option<&str>) -> Decision {
    if state.begun.is_some() {
        return Err(Refusal::new("the flight has begun already"));
    }
    if state.plan_sha256.is_none() {
        return Err(Refusal::new("the plan is not fixed yet"));
    }
    if let Some(open) =
        state.plan.limitations.iter().find(|l| l.effect == Effect::Blocks && !state.accepted.contains_key(&l.name))
    {
        return Err(Refusal {
            why: format!(
                "{} This blocks the run until it is overridden with a reason (limitations.{})",
                open.text, open.name
            ),
            person: true,
        });
    }
    super::host::as_pinned(state)?;
    if !state.is_training()
        && let Some(name) = state.plan.target_name()
        && target.map(str::trim) != Some(name)
    {
        return Err(Refusal { why: format!("this is a real target: type its name, {name}, to start"), person: true });
    }
    // The autopilot flies for the operator who set it.
    let by = match &state.opened {
        Some(opened) if intent.actor == Actor::autopilot() => Actor(opened.operator.clone()),
        _ => intent.actor.clone(),
    };
    let mut events = vec![Event::RunBegun { operator: by.0.clone() }];
    if state.control.holder.is_none() {
        events.push(Event::ControlTaken { epoch: state.control.epoch + 1, by, from: None, answered: true });
    }
    Ok(events)
}

fn end(state: &State, reason: String) -> Decision {
    if !state.running.is_empty() {
        return Err(Refusal::new("a command is still running: stop it first (x x)"));
    }
    Ok(vec![ended(state, RunEnd::Early, Some(reason))])
}

/// The event that ends a run, with its counts.
pub(super) fn ended(state: &State, how: RunEnd, reason: Option<String>) -> Event {
    let (mut failed, mut deferred) = (0, 0);
    // What stayed open on the way there is no failure of the way back.
    let first = if how == RunEnd::RolledBack { state.plan.rollback_phase() } else { 0 };
    for phase in first..state.phases.len() {
        if state.phases.get(phase).is_none_or(|p| p.opened.is_none()) {
            continue;
        }
        let progress = state.counts(phase);
        failed += progress.failed + progress.unknown;
        deferred += progress.deferred;
    }
    Event::RunEnded { how, failed: failed as u32, deferred: deferred as u32, reason }
}
