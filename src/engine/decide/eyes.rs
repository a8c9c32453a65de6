//! What was seen.

use std::collections::BTreeMap;

use super::{Decision, title};
use crate::engine::capture::{capture_events, take_all};
use crate::engine::event::{Ended, Event, StopStage, StopWhy};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::{Action, Plan};
use crate::engine::scope::PlanScope;
use crate::engine::state::{Attempt, State, Status};
use crate::words::{ItemId, Outcome, ProbeId, Sample, Value, Verdict};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    match &intent.want {
        Want::Verdict { probe, verdict, sample } => {
            let mut events = vec![Event::VerdictChanged { probe: probe.clone(), verdict: *verdict, sample: sample.clone() }];
            events.extend(captured(state, probe, *verdict, sample));
            events.extend(cautions(state, probe, *verdict, sample));
            Ok(events)
        }
        Want::Looked { probe, verdict, sample } => {
            let mut events = vec![Event::Looked { probe: probe.clone(), verdict: *verdict, sample: sample.clone() }];
            events.extend(captured(state, probe, *verdict, sample));
            events.extend(cautions(state, probe, *verdict, sample));
            Ok(events)
        }
        Want::Met { item, attempt, why } => {
            let running = running(state, item, *attempt)?;
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
            let unknown =
                state.items[index].attempts.iter().any(|a| a.number == *attempt && a.outcome() == Some(Outcome::Unknown));
            if !unknown {
                return Err(Refusal::new("its end is known"));
            }
            Ok(if *good {
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

/// Whether a probe is among those, or a member of one of those.
fn concerns(plan: &Plan, probes: &[ProbeId], probe: &ProbeId) -> bool {
    probes.iter().any(|id| id == probe || plan.probe(id).is_some_and(|p| p.members.contains(probe)))
}

/// A check that passes takes its captures from the look.
fn captured(state: &State, probe: &ProbeId, verdict: Verdict, sample: &Sample) -> Vec<Event> {
    if verdict != Verdict::Ok {
        return vec![];
    }
    let mut events = vec![];
    for (index, item) in state.plan.items.iter().enumerate() {
        let Action::Check(check) = &item.action else { continue };
        if item.captures.is_empty() || state.is_closed(item.phase) || !concerns(&state.plan, &check.probes, probe) {
            continue;
        }
        let scope = PlanScope::new(state, index).with_fields(&sample.fields);
        let Ok(taken) = take_all(item, &scope, &BTreeMap::new()) else { continue };
        let new: Vec<_> = taken
            .into_iter()
            .filter(|(name, value)| *value != Value::NoData && state.items[index].captured.get(name) != Some(value))
            .collect();
        // A pin may be taken anew until the world was changed, then never.
        events.extend(capture_events(item, new).into_iter().filter(|event| {
            !matches!(event, Event::ValueCaptured { pin: true, .. }) || state.world_changed.is_none()
        }));
    }
    events
}

/// A sensed item of a closed phase that goes red later is a caution with its title.
fn cautions(state: &State, probe: &ProbeId, verdict: Verdict, sample: &Sample) -> Vec<Event> {
    if verdict == Verdict::Ok || state.probes.get(probe).is_none_or(|p| p.verdict != Verdict::Ok) {
        return vec![];
    }
    let mut events = vec![];
    for (index, item) in state.plan.items.iter().enumerate() {
        let Action::Check(check) = &item.action else { continue };
        if state.is_closed(item.phase)
            && state.status(index) == Status::Passed
            && check.probes.contains(probe)
        {
            let seen = sample.why.clone().unwrap_or_else(|| sample.text.clone());
            events.push(Event::CautionRaised {
                text: format!("\"{}\" is {} now: {seen}", title(state, index), verdict.words()),
                item: Some(item.id.clone()),
            });
        }
    }
    events
}
