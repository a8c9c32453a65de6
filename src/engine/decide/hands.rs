//! What comes back from commands and notices.

use std::collections::BTreeMap;

use super::Decision;
use crate::engine::event::{Ended, Event};
use crate::engine::intent::{Intent, Want};
use crate::engine::plan::Item;
use crate::engine::scope::PlanScope;
use crate::engine::state::{Attempt, State};
use crate::expr::Truth;
use crate::words::{ItemId, Name, Outcome, Value};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    Ok(match &intent.want {
        Want::Exited { ended, captured, fields } => match open_attempt(state, &ended.item, ended.attempt) {
            Some((index, attempt)) => exited(state, intent, index, attempt, ended, captured, fields),
            None => late(&ended.item, ended.attempt, &format!("exit {}", exit_words(ended))),
        },
        Want::NotStarted { item, attempt, why } => match open_attempt(state, item, *attempt) {
            Some((_, running)) => vec![with_outcome(running, item, Outcome::NotStarted, why, intent.stamp.up)],
            None => late(item, *attempt, "not started"),
        },
        Want::Lost { item, attempt, last_lines } => match open_attempt(state, item, *attempt) {
            Some((_, running)) => {
                let why = "it was running when the host and its keeper died: nobody knows how it ended";
                let mut event = with_outcome(running, item, Outcome::Unknown, why, intent.stamp.up);
                if let Event::AttemptEnded(ended) = &mut event {
                    ended.last_lines.clone_from(last_lines);
                }
                vec![event]
            }
            None => vec![],
        },
        Want::Adopted { item, attempt, pid } => match open_attempt(state, item, *attempt) {
            Some(_) => vec![Event::AttemptAdopted { item: item.clone(), attempt: *attempt, pid: *pid }],
            None => vec![],
        },
        Want::Called { item, attempt, ok, answer } => match open_attempt(state, item, *attempt) {
            Some((_, running)) => {
                let outcome = if *ok { Outcome::Passed } else { Outcome::Failed };
                let mut event = with_outcome(running, item, outcome, answer, intent.stamp.up);
                if let Event::AttemptEnded(ended) = &mut event {
                    ended.evidence = Some(answer.clone());
                    if *ok {
                        ended.why = None;
                    }
                }
                vec![event]
            }
            None => late(item, *attempt, answer),
        },
        Want::Typed { item, attempt, bytes } => {
            vec![Event::TypedInto { item: item.clone(), attempt: *attempt, bytes: *bytes }]
        }
        _ => vec![],
    })
}

fn open_attempt<'a>(state: &'a State, item: &ItemId, number: u32) -> Option<(usize, &'a Attempt)> {
    let index = state.index(item)?;
    let attempt = state.items[index].attempts.iter().find(|a| a.number == number && a.ended.is_none())?;
    Some((index, attempt))
}

fn late(item: &ItemId, attempt: u32, what: &str) -> Vec<Event> {
    vec![Event::LateResultIgnored { item: item.clone(), attempt, what: what.to_owned() }]
}

fn exit_words(ended: &Ended) -> String {
    match (ended.exit, ended.signal) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "unknown".into(),
    }
}

fn exited(
    state: &State,
    intent: &Intent,
    index: usize,
    attempt: &Attempt,
    ended: &Ended,
    captured: &BTreeMap<Name, Value>,
    fields: &BTreeMap<String, Value>,
) -> Vec<Event> {
    let item = &state.plan.items[index];
    let mut ended = ended.clone();
    ended.took = intent.stamp.up.saturating_sub(attempt.started.up);
    let (outcome, why) = judge(state, intent, index, attempt, &ended, captured, fields);
    ended.outcome = Some(outcome);
    ended.why = why;
    let mut events = vec![];
    if outcome == Outcome::Passed {
        events.extend(captures(item, captured));
    }
    events.push(Event::AttemptEnded(Box::new(ended)));
    events
}

fn judge(
    state: &State,
    intent: &Intent,
    index: usize,
    attempt: &Attempt,
    ended: &Ended,
    captured: &BTreeMap<Name, Value>,
    fields: &BTreeMap<String, Value>,
) -> (Outcome, Option<String>) {
    let item = &state.plan.items[index];
    if attempt.timed_out {
        let limit = item.timeout.map(crate::words::short_duration).unwrap_or_default();
        return (Outcome::TimedOut, Some(format!("it took longer than its limit of {limit}")));
    }
    if attempt.stopping.is_some() && !attempt.until_met {
        return (Outcome::Cancelled, Some("stopped by a person".into()));
    }
    if !attempt.until_met {
        if let Some(why) = &ended.why {
            return (Outcome::Failed, Some(why.clone()));
        }
        let mut known = fields.clone();
        known.insert("exit_code".into(), ended.exit.map_or(Value::NoData, |code| Value::Number(f64::from(code))));
        known.insert("duration".into(), Value::Duration(ended.took as f64 / 1e6));
        for (name, value) in captured {
            known.insert(name.0.clone(), value.clone());
        }
        let scope = PlanScope::new(state, index).with_fields(&known).at(intent.stamp.at);
        for expect in &item.expect {
            if expect.truth(&scope) != Truth::True {
                let why = match (ended.signal, ended.exit) {
                    (Some(signal), _) => format!("it was ended by signal {signal}"),
                    _ => expect.explain(&scope),
                };
                return (Outcome::Failed, Some(why));
            }
        }
    }
    if let Some(missing) = item.captures.iter().find(|c| !captured.contains_key(&c.name)) {
        return (Outcome::Failed, Some(format!("`{}` was not found in its output", missing.name)));
    }
    (Outcome::Passed, None)
}

fn captures(item: &Item, captured: &BTreeMap<Name, Value>) -> Vec<Event> {
    item.captures
        .iter()
        .filter_map(|capture| {
            let value = captured.get(&capture.name)?.clone();
            Some(Event::ValueCaptured {
                item: item.id.clone(),
                name: capture.name.clone(),
                key: capture.key.clone(),
                pin: capture.pin,
                value,
            })
        })
        .collect()
}

fn with_outcome(attempt: &Attempt, item: &ItemId, outcome: Outcome, why: &str, up: u64) -> Event {
    Event::AttemptEnded(Box::new(Ended {
        item: item.clone(),
        attempt: attempt.number,
        outcome: Some(outcome),
        why: Some(why.to_owned()),
        took: up.saturating_sub(attempt.started.up),
        ..Ended::default()
    }))
}

/// The end of an attempt that has no process.
pub(super) fn ended(attempt: &Attempt, item: &ItemId, outcome: Outcome, why: &str, state: &State) -> Event {
    with_outcome(attempt, item, outcome, why, state.now.map_or(attempt.started.up, |now| now.up))
}
