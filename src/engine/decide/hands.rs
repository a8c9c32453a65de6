//! What comes back from commands and notices.

use std::collections::BTreeMap;

use super::Decision;
use crate::engine::capture::{capture_events, take_all};
use crate::engine::event::{Ended, Event};
use crate::engine::intent::{Intent, Want};
use crate::engine::plan::{Action, Item};
use crate::engine::scope::PlanScope;
use crate::engine::state::{Attempt, State};
use crate::expr::Truth;
use crate::words::{ItemId, Name, Outcome, Value};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    Ok(match &intent.want {
        Want::Exited { ended, fields, outputs } => match open_attempt(state, &ended.item, ended.attempt) {
            Some((index, attempt)) => exited(state, intent, (index, attempt), ended, fields, outputs),
            None => late(&ended.item, ended.attempt, &format!("exit {}", exit_words(ended))),
        },
        Want::NotStarted { item, attempt, why } => match open_attempt(state, item, *attempt) {
            Some((_, running)) => vec![with_outcome(running, item, Outcome::NotStarted, why, intent.stamp.up)],
            None => late(item, *attempt, "not started"),
        },
        Want::NeverStarted { item, attempt, why } => match open_attempt(state, item, *attempt) {
            Some((_, running)) => vec![
                with_outcome(running, item, Outcome::NotStarted, why, intent.stamp.up),
                Event::UnknownSettled {
                    item: item.clone(),
                    attempt: *attempt,
                    happened: false,
                    by_probe: Some("there is no file of its start".into()),
                },
            ],
            None => vec![],
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
            Some((index, running)) => {
                let outcome = if *ok { Outcome::Passed } else { Outcome::Failed };
                let mut event = with_outcome(running, item, outcome, answer, intent.stamp.up);
                if let Event::AttemptEnded(ended) = &mut event {
                    ended.evidence = Some(answer.clone());
                    if *ok {
                        ended.why = None;
                    }
                }
                never_blocks(state, index, vec![event])
            }
            None => late(item, *attempt, answer),
        },
        Want::Told { item, to, ok, answer } => {
            let answer = match item {
                Some(item) => format!("\"{}\": {answer}", super::title(state, super::find(state, item)?)),
                None => answer.clone(),
            };
            vec![Event::NoticeSent { to: to.clone(), ok: *ok, answer }]
        }
        Want::Typed { item, attempt, bytes } => {
            super::find(state, item)?;
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
    (index, attempt): (usize, &Attempt),
    ended: &Ended,
    fields: &BTreeMap<String, Value>,
    outputs: &BTreeMap<String, String>,
) -> Vec<Event> {
    let item = &state.plan.items[index];
    let mut ended = ended.clone();
    ended.took = intent.stamp.up.saturating_sub(attempt.started.up);
    let mut fields = fields.clone();
    fields.insert("exit_code".into(), ended.exit.map_or(Value::NoData, |code| Value::Number(f64::from(code))));
    fields.insert("duration".into(), Value::Duration(ended.took as f64 / 1e6));
    if let Some(Value::Text(stdout)) = fields.get("stdout") {
        let json = serde_json::from_str(stdout).map_or(Value::NoData, |json| Value::from_json(&json));
        fields.insert("json".into(), json);
    }
    let judged = match stopped(state, item, attempt) {
        Some((outcome, why)) => Err((outcome, why)),
        None => judge(&Outcomes { state, index, attempt, ended: &ended, outputs, fields: &fields, intent })
            .map_err(|why| (Outcome::Failed, why)),
    };
    let (outcome, why, captured) = match judged {
        Ok(captured) => (Outcome::Passed, None, captured),
        Err((outcome, why)) => (outcome, Some(why), vec![]),
    };
    ended.outcome = Some(outcome);
    ended.why = why;
    let mut events = capture_events(state, item, captured);
    events.push(Event::AttemptEnded(Box::new(ended)));
    events
}

/// The outcome of an attempt that was stopped, unless it is a stream that ended well.
fn stopped(state: &State, item: &Item, attempt: &Attempt) -> Option<(Outcome, String)> {
    if attempt.timed_out {
        let limit = attempt.what.timeout.or(item.timeout).map(crate::words::short_duration).unwrap_or_default();
        return Some((Outcome::TimedOut, format!("it took longer than its limit of {limit}")));
    }
    let left = state.rollback.is_some() && item.phase < state.plan.rollback_phase();
    let why = if left { "stopped for the rollback" } else { "stopped by a person" };
    (attempt.stopping.is_some() && !attempt.until_met).then(|| (Outcome::Cancelled, why.into()))
}

/// A command's whole result.
struct Outcomes<'a> {
    state: &'a State,
    index: usize,
    attempt: &'a Attempt,
    ended: &'a Ended,
    outputs: &'a BTreeMap<String, String>,
    fields: &'a BTreeMap<String, Value>,
    intent: &'a Intent,
}

/// Captures first, since expectations may name them; then every expectation must hold. What it captured, or why it
/// did not pass.
fn judge(result: &Outcomes<'_>) -> Result<Vec<(Name, Value)>, String> {
    let item = &result.state.plan.items[result.index];
    let over = |fields: &BTreeMap<String, Value>| {
        PlanScope::new(result.state, result.index).with_fields(fields).at(result.intent.stamp.at)
    };
    let captured = take_all(item, &over(result.fields), result.outputs);
    if result.attempt.until_met {
        return captured;
    }
    let mut known = result.fields.clone();
    for (name, value) in captured.iter().flatten() {
        known.insert(name.0.clone(), value.clone());
    }
    let scope = over(&known);
    let exit = item.expect.iter().filter(|e| mentions_exit(e));
    for expect in exit.chain(item.expect.iter().filter(|e| !mentions_exit(e))) {
        // What a capture could not find says more than the expectation that misses it.
        if let (Err(why), false) = (&captured, mentions_exit(expect)) {
            return Err(why.clone());
        }
        if expect.truth(&scope) != Truth::True {
            return Err(match result.ended.signal {
                Some(signal) => format!("it was ended by signal {signal}"),
                None => expect.explain(&scope),
            });
        }
    }
    if let Action::Run(run) = &item.action
        && let Some(until) = &run.acting.until
        && until.truth(&scope) != Truth::True
    {
        return Err(format!("it ended before what it waits for: {}", until.explain(&scope)));
    }
    captured
}

fn mentions_exit(expect: &crate::expr::Expr) -> bool {
    expect.used().iter().any(|used| used.path.first().is_some_and(|name| name == "exit_code"))
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
pub(super) fn ended(attempt: &Attempt, item: &ItemId, outcome: Outcome, why: &str, up: u64) -> Event {
    with_outcome(attempt, item, outcome, why, up)
}

/// A notice never blocks the run: one that did not arrive is a caution, and the flight goes on past it.
pub(super) fn never_blocks(state: &State, index: usize, mut events: Vec<Event>) -> Vec<Event> {
    let item = &state.plan.items[index];
    let failed = events.iter().find_map(|event| match event {
        Event::AttemptEnded(ended) if ended.outcome != Some(Outcome::Passed) => {
            Some(ended.why.clone().unwrap_or_default())
        }
        _ => None,
    });
    if let (Action::Notify(_), Some(why), false) = (&item.action, failed, item.required) {
        let text = format!("\"{}\" was not delivered: {why}", super::title(state, index));
        events.push(Event::CautionRaised { text, item: Some(item.id.clone()) });
        events.push(Event::ItemOverridden {
            item: item.id.clone(),
            reason: format!("a notice never blocks the run: {why}"),
            from_file: false,
            second: None,
        });
    }
    events
}
