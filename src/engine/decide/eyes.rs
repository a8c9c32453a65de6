//! What was seen.

use std::collections::BTreeMap;

use super::{Decision, title};
use crate::engine::capture::{capture_events, take_all};
use crate::engine::effect::leaves;
use crate::engine::event::{Ended, Event, Resolved, StopStage, StopWhy};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::{Action, Check, Item};
use crate::engine::scope::PlanScope;
use crate::engine::state::{Attempt, State, Status};
use crate::words::{ItemId, Outcome, ProbeId, Sample, Verdict};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    match &intent.want {
        Want::Verdict { probe, verdict, sample } => {
            // A new host learns anew what the journal has.
            if state.probes.get(probe).is_some_and(|p| p.verdict == *verdict && p.sample.is_some()) {
                return Ok(vec![]);
            }
            let turned = Event::VerdictChanged { probe: probe.clone(), verdict: *verdict, sample: sample.clone() };
            Ok(seen(state, turned, probe, *verdict, sample))
        }
        Want::Looked { probe, verdict, sample } => {
            let looked = Event::Looked { probe: probe.clone(), verdict: *verdict, sample: sample.clone() };
            Ok(seen(state, looked, probe, *verdict, sample))
        }
        Want::Met { item, attempt, why } => {
            let running = running(state, item, *attempt)?;
            if !matches!(running.what.what, Resolved::Watching) {
                return Err(Refusal::new("a command ends by its exit"));
            }
            Ok(vec![Event::AttemptEnded(Box::new(Ended {
                item: item.clone(),
                attempt: *attempt,
                outcome: Some(Outcome::Passed),
                evidence: (!why.is_empty()).then(|| why.clone()),
                took: intent.stamp.up.saturating_sub(running.started.up),
                ..Ended::default()
            }))])
        }
        Want::UntilMet { item, attempt } => {
            let running = running(state, item, *attempt)?;
            if running.stopping.is_some() {
                return Err(Refusal::new("it is being stopped already"));
            }
            Ok(vec![Event::StopRequested {
                item: item.clone(),
                attempt: *attempt,
                stage: StopStage::Interrupt,
                why: StopWhy::Until,
            }])
        }
        Want::SettleLooked { item, attempt, good, text } => {
            let index = super::find(state, item)?;
            let unknown = state.items[index]
                .attempts
                .iter()
                .any(|a| a.number == *attempt && a.outcome() == Some(Outcome::Unknown));
            if !unknown {
                return Err(Refusal::new("its end is known"));
            }
            // One look of several says nothing of the rest: that is a person's to settle.
            let alone = match &state.plan.items[index].action {
                Action::Run(run) => leaves(&state.plan, &run.acting.settle).len() == 1,
                _ => false,
            };
            Ok(if *good && alone {
                vec![Event::UnknownSettled {
                    item: item.clone(),
                    attempt: *attempt,
                    happened: true,
                    by_probe: Some(text.clone()),
                }]
            } else {
                vec![Event::CautionRaised {
                    text: format!("whether \"{}\" took effect is not known; a look says: {text}", title(state, index)),
                    item: Some(item.clone()),
                }]
            })
        }
        Want::Baseline { item, attempt, figures, samples, why } => {
            let running = running(state, item, *attempt)?;
            let mut events = vec![];
            if why.is_none() {
                events.push(Event::BaselineTaken {
                    item: item.clone(),
                    figures: figures.clone(),
                    samples: samples.clone(),
                });
            }
            events.push(Event::AttemptEnded(Box::new(Ended {
                item: item.clone(),
                attempt: *attempt,
                outcome: Some(if why.is_none() { Outcome::Passed } else { Outcome::Failed }),
                why: why.clone(),
                took: intent.stamp.up.saturating_sub(running.started.up),
                ..Ended::default()
            })));
            Ok(events)
        }
        Want::Sealed { file, sha256, counts } => {
            Ok(vec![Event::SamplesSealed { file: file.clone(), sha256: sha256.clone(), counts: counts.clone() }])
        }
        _ => Ok(vec![]),
    }
}

fn running<'a>(state: &'a State, item: &ItemId, attempt: u32) -> Result<&'a Attempt, Refusal> {
    let index = super::find(state, item)?;
    state.items[index]
        .attempts
        .iter()
        .find(|a| a.number == attempt && a.ended.is_none())
        .ok_or_else(|| Refusal::new("it has ended already"))
}

fn seen(state: &State, event: Event, probe: &ProbeId, verdict: Verdict, sample: &Sample) -> Vec<Event> {
    let mut events = vec![event];
    events.extend(captured(state, probe, verdict, sample));
    events.extend(cautions(state, probe, verdict, sample));
    events
}

/// Sensed items that look through a probe, or through a group that it is a member of.
fn concerned<'a>(state: &'a State, probe: &'a ProbeId) -> impl Iterator<Item = (usize, &'a Item, &'a Check)> {
    state.plan.sensed().iter().copied().filter_map(move |index| {
        let item = &state.plan.items[index];
        let Action::Check(check) = &item.action else { return None };
        let plan = &state.plan;
        let is = |id: &ProbeId| id == probe || plan.probe(id).is_some_and(|p| p.members.contains(probe));
        check.probes.iter().any(is).then_some((index, item, check))
    })
}

/// A check that passes takes its captures from the look; one that can't be taken is missing, and says why.
fn captured(state: &State, probe: &ProbeId, verdict: Verdict, sample: &Sample) -> Vec<Event> {
    if verdict != Verdict::Ok {
        return vec![];
    }
    let mut events = vec![];
    for (index, item, _) in concerned(state, probe) {
        if item.captures.is_empty() || !state.is_workable(index) || state.status(index) == Status::Off {
            continue;
        }
        let scope = PlanScope::new(state, index).with_fields(&sample.fields);
        match take_all(item, &scope, &BTreeMap::new()) {
            Ok(taken) => {
                let known = &state.items[index].captured;
                let new = taken.into_iter().filter(|(name, value)| known.get(name) != Some(value)).collect();
                events.extend(capture_events(state, item, new));
            }
            Err(why) if state.items[index].captured.is_empty() => events.push(Event::CautionRaised {
                text: format!("\"{}\" is {}, but {why}", title(state, index), verdict.words()),
                item: Some(item.id.clone()),
            }),
            // What it captured before still stands.
            Err(_) => {}
        }
    }
    events
}

/// A sensed item of a closed phase that goes red later is a caution with its title.
fn cautions(state: &State, probe: &ProbeId, verdict: Verdict, sample: &Sample) -> Vec<Event> {
    if verdict == Verdict::Ok || state.probes.get(probe).is_none_or(|p| p.verdict != Verdict::Ok) {
        return vec![];
    }
    let closed = |index: usize, item: &Item| state.is_closed(item.phase) && state.status(index) == Status::Passed;
    concerned(state, probe)
        .filter(|(index, item, check)| check.probes.contains(probe) && closed(*index, item))
        .map(|(index, item, _)| {
            let seen = sample.why.clone().unwrap_or_else(|| sample.text.clone());
            Event::CautionRaised {
                text: format!("\"{}\" is {} now: {seen}", title(state, index), verdict.words()),
                item: Some(item.id.clone()),
            }
        })
        .collect()
}
