//! Timers that are due. Their due times are in `wanted`; a stale one is refused.

use super::{Decision, hands};
use crate::engine::event::{Ended, Event, StopStage, StopWhy};
use crate::engine::intent::{Intent, Refusal, Timer};
use crate::engine::plan::Action;
use crate::engine::resolve::resolve;
use crate::engine::state::{Attempt, State, Status};
use crate::engine::wanted::due_of;
use crate::words::{ItemId, Outcome};

/// A timer is due. `missed`: of a wait's limit, which figure it still misses, in words.
pub(super) fn decide(state: &State, intent: &Intent, timer: &Timer, missed: &str) -> Decision {
    match due_of(state, timer) {
        Some(due) if due <= intent.stamp.up => {}
        _ => return Err(Refusal::new("this timer is not due")),
    }
    Ok(match timer {
        Timer::Timeout(item, number) => {
            let Some(attempt) = attempt(state, item, *number) else { return Ok(vec![]) };
            let index = super::find(state, item)?;
            if matches!(state.plan.items[index].action, Action::Run(_)) {
                vec![Event::StopRequested {
                    item: item.clone(),
                    attempt: *number,
                    stage: StopStage::Interrupt,
                    why: StopWhy::Timeout,
                }]
            } else {
                let limit = attempt.what.timeout.or(state.plan.items[index].timeout);
                let mut why = format!("not so within {}", limit.map(crate::words::short_duration).unwrap_or_default());
                if !missed.is_empty() {
                    why = format!("{why}: {missed}");
                }
                let ended = hands::ended(attempt, item, Outcome::TimedOut, &why, intent.stamp.up);
                hands::never_blocks(state, index, vec![ended])
            }
        }
        Timer::Escalate(item, number) => {
            let Some(attempt) = attempt(state, item, *number) else { return Ok(vec![]) };
            let stage = match attempt.stopping {
                Some((StopStage::Interrupt, _)) => StopStage::Terminate,
                _ => StopStage::Kill,
            };
            let why = match (attempt.timed_out, attempt.until_met) {
                (true, _) => StopWhy::Timeout,
                (_, true) => StopWhy::Until,
                _ => StopWhy::Person,
            };
            vec![Event::StopRequested { item: item.clone(), attempt: *number, stage, why }]
        }
        Timer::WaitOver(item, number) => {
            let Some(attempt) = attempt(state, item, *number) else { return Ok(vec![]) };
            vec![Event::AttemptEnded(Box::new(Ended {
                item: item.clone(),
                attempt: *number,
                outcome: Some(Outcome::Passed),
                took: intent.stamp.up.saturating_sub(attempt.started.up),
                ..Ended::default()
            }))]
        }
        // The host computes a baseline when its window is over; this timer is only its alarm.
        Timer::BaselineOver(..) => vec![],
        Timer::ApprovalOver(item) => vec![Event::ApprovalExpired { item: item.clone() }],
        Timer::Retry(item, _) => {
            let index = super::find(state, item)?;
            super::start::may_start(state, index)?;
            match resolve(state, index) {
                Ok(started) => vec![Event::AttemptStarted(Box::new(started))],
                Err(why) => return Err(Refusal::new(why)),
            }
        }
        Timer::Patience(item) => {
            let index = super::find(state, item)?;
            let why = match state.status(index) {
                Status::Busy => "it has not been looked at yet".to_owned(),
                Status::NoData => "no data".to_owned(),
                Status::Unknown => "nobody knows how it ended: settle it".to_owned(),
                _ => why_red(state, index),
            };
            vec![Event::PersonNeeded {
                item: Some(item.clone()),
                why: format!("\"{}\": {why}", super::title(state, index)),
            }]
        }
        Timer::Deferred(item) => {
            vec![Event::ItemReopened { item: item.clone(), reason: "its due time has come".into() }]
        }
    })
}

fn attempt<'a>(state: &'a State, item: &ItemId, number: u32) -> Option<&'a Attempt> {
    let index = state.index(item)?;
    state.items[index].attempts.iter().find(|a| a.number == number && a.ended.is_none())
}

fn why_red(state: &State, index: usize) -> String {
    let Action::Check(check) = &state.plan.items[index].action else { return "not as expected".into() };
    check
        .probes
        .iter()
        .filter_map(|id| state.probes.get(id)?.sample.as_ref()?.why.clone())
        .next()
        .unwrap_or_else(|| "not as expected".into())
}
