//! An item that is not answered: where the box is, looks, edits, stops, re-opening.

use super::{Decision, find, find_open, fresh, not_settled, reason};
use crate::engine::event::{Event, Resolved, StopStage, StopWhy};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::Action;
use crate::engine::state::{Attempt, State, Status};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    match &intent.want {
        Want::OpenItem { item } => {
            let index = find_open(state, item)?;
            if state.status(index) == Status::Off {
                let why = crate::engine::why_off(state, index).map_or_else(String::new, |why| format!(": {why}"));
                return Err(Refusal::new(format!("it does not apply here{why}")));
            }
            Ok(if state.current == Some(index) { vec![] } else { vec![Event::ItemOpened { item: item.clone() }] })
        }
        Want::Look { item } => {
            let index = find(state, item)?;
            if !matches!(state.plan.items[index].action, Action::Check(_)) {
                return Err(Refusal::new("there is nothing to look at here"));
            }
            Ok(vec![])
        }
        Want::Edit { item, seen, what } => edit(state, item, *seen, what),
        Want::Stop { item, attempt } => stop(state, item, *attempt, intent.stamp.up),
        Want::GoOnUnrecorded { item, attempt } => {
            let running = running(state, item, *attempt)?;
            if running.unrecorded {
                return Err(Refusal::new("it goes on unrecorded already"));
            }
            if !matches!(running.what.what, Resolved::Argv(_) | Resolved::Script { .. }) {
                return Err(Refusal::new("it has no output"));
            }
            Ok(vec![Event::WentUnrecorded { item: item.clone(), attempt: *attempt }])
        }
        Want::Reopen { item, reason: text } => {
            let index = find_open(state, item)?;
            match state.status(index) {
                Status::Open | Status::Busy | Status::NoData => Err(Refusal::new("it is open")),
                Status::Unknown => Err(Refusal {
                    why: "nobody knows how its last attempt ended: settle that first (Enter)".into(),
                    person: true,
                }),
                Status::Off if state.items[index].settled.is_none() => Err(Refusal::new("it does not apply here")),
                _ if matches!(state.plan.items[index].action, Action::Check(_))
                    && state.items[index].settled.is_none() =>
                {
                    Err(Refusal::new("a sensed item opens by itself when it goes red"))
                }
                _ => Ok(vec![
                    Event::ItemReopened { item: item.clone(), reason: reason(text)? },
                    Event::ItemOpened { item: item.clone() },
                ]),
            }
        }
        _ => Ok(vec![]),
    }
}

fn edit(state: &State, item: &crate::words::ItemId, seen: u32, what: &Resolved) -> Decision {
    let index = find_open(state, item)?;
    fresh(state, index, seen)?;
    if !matches!(state.status(index), Status::Failed(_) | Status::Open) {
        not_settled(state, index)?;
    }
    if !matches!(state.plan.items[index].action, Action::Run(_)) {
        return Err(Refusal::new("only a command can be edited"));
    }
    saves_data(state, index, what)?;
    match what {
        Resolved::Argv(words) if words.first().is_none_or(|w| w.is_empty()) => {
            Err(Refusal::new("an empty command is none"))
        }
        Resolved::Script { text, .. } if text.trim().is_empty() => Err(Refusal::new("an empty script is none")),
        Resolved::Argv(_) | Resolved::Script { .. } => Ok(if state.items[index].edited.as_ref() == Some(what) {
            vec![]
        } else {
            let edited = Event::CommandEdited { item: item.clone(), what: what.clone() };
            std::iter::once(edited).chain(super::approve::voided_by_edit(state, index)).collect()
        }),
        _ => Err(Refusal::new("only a command can be edited")),
    }
}

/// Going back never deletes what the recovery point protects, edited or not.
fn saves_data(state: &State, index: usize, what: &Resolved) -> Result<(), Refusal> {
    let text = match what {
        Resolved::Argv(words) => words.join(" "),
        Resolved::Script { text, .. } => text.clone(),
        _ => return Ok(()),
    };
    let back = state.plan.items[index].phase == state.plan.rollback_phase();
    match (state.plan.objectives.rpo, crate::runbook::check::destroys(&text)) {
        (Some(_), Some(why)) if back => {
            Err(Refusal::new(format!("{why}: the rollback may not lose data (the runbook's rpo)")))
        }
        _ => Ok(()),
    }
}

fn running<'a>(state: &'a State, item: &crate::words::ItemId, attempt: u32) -> Result<&'a Attempt, Refusal> {
    let index = find(state, item)?;
    let running = state.items[index].attempts.iter().find(|a| a.number == attempt && a.ended.is_none());
    running.ok_or_else(|| Refusal::new("it has ended already"))
}

pub(super) fn stop(state: &State, item: &crate::words::ItemId, attempt: u32, up: u64) -> Decision {
    let running = running(state, item, attempt)?;
    let stage = match running.stopping {
        None => StopStage::Interrupt,
        Some((StopStage::Interrupt, _)) => StopStage::Terminate,
        Some((StopStage::Terminate, _)) => StopStage::Kill,
        Some((StopStage::Kill, _)) => return Err(Refusal::new("it was killed: its end is on its way")),
    };
    let mut events = vec![Event::StopRequested { item: item.clone(), attempt, stage, why: StopWhy::Person }];
    if matches!(running.what.what, Resolved::Watching | Resolved::Notice { .. }) {
        events.push(super::hands::ended(running, item, crate::words::Outcome::Cancelled, "stopped by a person", up));
    }
    Ok(events)
}
