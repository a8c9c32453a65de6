//! The engine's rule for going on without a person: `--yes` and `--answers`.
//!
//! `--yes` starts commands, ticks boxes and answers what asks for no evidence; it never answers `danger`, `approve`,
//! an override or a limitation. An answers file may, item by item and by id.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::event::Return;
use super::intent::{Intent, Timer, Want};
use super::lease::{LOCK, LeaseState};
use super::plan::{Action, AnswerKind, Due, Effect};
use super::resolve::{danger_words, resolve};
use super::scope::PlanScope;
use super::state::{Settled, State, Status};
use super::wanted::due_of;
use crate::words::{Actor, Outcome, Proof, Stamp};

/// An answers file: by item id, `limitations.NAME`, or `start`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(pub BTreeMap<String, Answer>);

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The answer as it would be typed; `true` for a plain box; the words of a danger.
    pub answer: Option<String>,
    /// Who approves, or the second person of an override.
    pub by: Option<String>,
    /// Fields of a form.
    pub fields: BTreeMap<String, String>,
    /// Skip, with this reason.
    pub skip: Option<String>,
    /// Defer, with this reason.
    pub defer: Option<String>,
    /// Override, with this reason.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Details {
    answer: Option<serde_json::Value>,
    by: Option<String>,
    fields: BTreeMap<String, serde_json::Value>,
    skip: Option<String>,
    defer: Option<String>,
    #[serde(rename = "override")]
    overrides: Option<String>,
}

fn as_typed(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if !value.is_object() {
            return Ok(Self { answer: as_typed(value), ..Self::default() });
        }
        let details: Details = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(Self {
            answer: details.answer.and_then(as_typed),
            by: details.by,
            fields: details.fields.into_iter().filter_map(|(k, v)| Some((k, as_typed(v)?))).collect(),
            skip: details.skip,
            defer: details.defer,
            overrides: details.overrides,
        })
    }
}

/// What the autopilot wants, and by whose word: the answers file's, or its own rule's (`--yes`).
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// What.
    pub want: Want,
    /// The answers file gave it.
    pub from_file: bool,
}

impl Wish {
    fn filed(want: Want) -> Self {
        Self { want, from_file: true }
    }

    /// The intent.
    pub fn at(self, stamp: Stamp) -> Intent {
        Intent { from_file: self.from_file, ..Intent::new(Actor::autopilot(), None, stamp, self.want) }
    }
}

impl From<Want> for Wish {
    fn from(want: Want) -> Self {
        Self { want, from_file: false }
    }
}

/// What the autopilot wants next: an intent, or the word that a person is needed. None: it waits, or there is no autopilot.
pub fn autopilot(state: &State, answers: &Answers) -> Option<Wish> {
    let settings = &state.opened.as_ref()?.autopilot;
    if state.ended.is_some() || state.storage_failed.is_some() {
        return None;
    }
    if let Some(wish) = back_by_file(state, answers) {
        return Some(wish);
    }
    if state.person_needed.is_some() {
        return None;
    }
    if let Some(wish) = going_back(state) {
        return Some(wish);
    }
    if !settings.yes && settings.answers.is_none() {
        return None;
    }
    if let Some(paused) = &state.paused {
        // Going on after a planned pause asks for no evidence; one that a person asked for is theirs to end.
        let want = match settings.yes {
            true => Want::Continue,
            false => Want::NeedPerson { item: paused.at.clone(), why: "the run pauses here".into() },
        };
        return (paused.planned && state.running.is_empty()).then_some(want.into());
    }
    state.plan_sha256.as_ref()?;
    if state.begun.is_none() {
        return Some(begin(state, answers));
    }
    let pilot = Pilot { state, answers, yes: settings.yes };
    if !state.running.is_empty() {
        return None;
    }
    if let Some((kind, (pinned, found))) = state.moved.iter().next() {
        let why = match kind.as_str() {
            LOCK => state.in_the_way(kind, pinned, found, "somebody has to take it over, with a reason"),
            _ => "a pinned place has changed".to_owned(),
        };
        return Some(pilot.person(None, &why).into());
    }
    match (state.current, state.phase) {
        (Some(index), _) if !state.status(index).is_settled() => pilot.item(index),
        (_, Some(phase)) => pilot.close(phase).map(Wish::from),
        _ => None,
    }
}

/// The answers file says `rollback: REASON`: where a person would be needed since something failed after the first change,
/// it goes back instead. Never over what nobody knows the end of.
fn back_by_file(state: &State, answers: &Answers) -> Option<Wish> {
    let reason = answers.0.get("rollback")?.answer.clone()?;
    let (item, _) = state.person_needed.as_ref()?;
    let index = state.index(item.as_ref()?)?;
    let red = match state.status(index) {
        Status::Failed(_) | Status::NoData => true,
        Status::Busy => matches!(state.plan.items[index].action, Action::Check(_)),
        _ => false,
    };
    let unknown = (0..state.items.len()).any(|i| state.was_begun(i) && state.status(i) == Status::Unknown);
    let may = red && !unknown && state.rollback.is_none() && state.plan.rollback.is_some();
    (may && state.world_changed.is_some() && state.moved.is_empty())
        .then(|| Wish::filed(Want::RollBack { reason: Some(reason) }))
}

/// After BEGIN the rollback's steps follow one another, with or without an autopilot, until the system is verified
/// healthy, one fails, or one is dangerous.
fn going_back(state: &State) -> Option<Wish> {
    let rollback = state.rollback.as_ref()?;
    let index = state.current?;
    let plan = state.plan.items.get(index)?;
    let flies = rollback.verified.is_none() && state.phase == Some(plan.phase) && state.paused.is_none();
    let starts = matches!(plan.action, Action::Run(_) | Action::Notify(_)) && state.status(index) == Status::Open;
    if !flies || !starts || !state.running.is_empty() {
        return None;
    }
    let pilot = Pilot { state, answers: &Answers::default(), yes: true };
    if !state.moved.is_empty() {
        return Some(pilot.person(None, "a pinned place has changed").into());
    }
    match (danger_words(state, index), resolve(state, index)) {
        (Ok(None), Ok(started)) => Some(
            Want::Start {
                item: plan.id.clone(),
                seen: state.items[index].seen(),
                shown: started.digest,
                typed: None,
                out_of_order: true,
            }
            .into(),
        ),
        (Ok(Some(_)), Ok(_)) => None,
        (Err(why), _) | (_, Err(why)) => Some(pilot.person(Some(index), &why).into()),
    }
}

fn begin(state: &State, answers: &Answers) -> Wish {
    for limitation in &state.plan.limitations {
        if limitation.effect == Effect::Blocks && !state.accepted.contains_key(&limitation.name) {
            let key = format!("limitations.{}", limitation.name);
            return match answers.0.get(&key).and_then(|a| a.overrides.clone()) {
                Some(reason) => Wish::filed(Want::AcceptLimitation { name: limitation.name.clone(), reason }),
                None => Want::NeedPerson {
                    item: None,
                    why: format!("{} (answers: {key}: {{override: reason}})", limitation.text),
                }
                .into(),
            };
        }
    }
    let target = answers.0.get("start").and_then(|a| a.answer.clone());
    match state.plan.target_name() {
        Some(name) if !state.is_training() && target.as_deref() != Some(name) => Want::NeedPerson {
            item: None,
            why: format!("{name} is a real target: its name has to be typed to start (answers: start: {name})"),
        }
        .into(),
        _ => Wish { from_file: target.is_some(), want: Want::Begin { target } },
    }
}

fn is_asked(state: &State) -> bool {
    state.lease.as_ref().is_some_and(|lease| lease.how == LeaseState::Asked)
}

struct Pilot<'a> {
    state: &'a State,
    answers: &'a Answers,
    yes: bool,
}

impl Pilot<'_> {
    fn person(&self, index: Option<usize>, why: &str) -> Want {
        let item = index.map(|i| self.state.plan.items[i].id.clone());
        let why = match index {
            Some(i) => format!("\"{}\": {why}", PlanScope::new(self.state, i).title()),
            None => why.to_owned(),
        };
        Want::NeedPerson { item, why }
    }

    fn close(&self, phase: usize) -> Option<Want> {
        if let Some(index) = self.state.unsettled(phase).first() {
            return Some(Want::OpenItem { item: self.state.plan.items[*index].id.clone() });
        }
        // Fresh looks were asked for: they come.
        let up = self.state.now.map_or(0, |now| now.up);
        let waits =
            self.state.stale(phase, up).iter().any(|p| self.state.probes.get(p).is_some_and(|p| p.asked.is_some()));
        (!waits).then_some(Want::ClosePhase { phase })
    }

    fn item(&self, index: usize) -> Option<Wish> {
        let state = self.state;
        let plan = &state.plan.items[index];
        let item = &state.items[index];
        let id = plan.id.clone();
        let answer = self.answers.0.get(id.as_str());
        let deferred = |settled: &Settled| matches!(settled, Settled::Deferred(..));
        // What was settled and opened again is a person's to settle anew.
        if !item.earlier.iter().all(deferred) {
            return Some(self.person(Some(index), "it was opened again").into());
        }
        let tried = !item.earlier.is_empty();
        if let Some(answer) = answer
            && !tried
        {
            if let Some(reason) = &answer.skip {
                return Some(Wish::filed(Want::Skip { item: id, reason: reason.clone() }));
            }
            if let Some(reason) = &answer.defer {
                let to = match &plan.due {
                    None => Return::PhaseClose,
                    Some(Due::Phase(phase)) => Return::Phase(*phase),
                    Some(Due::WatchEnd) => Return::WatchEnd,
                    Some(Due::After(seconds)) => {
                        Return::At(state.now.map_or(0, |n| n.up) + (seconds.max(0.0) * 1e6) as u64)
                    }
                };
                return Some(Wish::filed(Want::Defer { item: id, to, reason: reason.clone() }));
            }
        }
        match state.status(index) {
            Status::Busy => return self.asked(index, answer),
            Status::Unknown if due_of(state, &Timer::Patience(id.clone())).is_some() => return None,
            Status::Unknown => return Some(self.person(Some(index), "nobody knows how it ended: settle it").into()),
            Status::Failed(_) | Status::NoData => return self.failed(index, answer),
            _ => {}
        }
        let settled_by_rule = || Want::Answer { item: id.clone(), seen: item.seen(), fields: BTreeMap::new() };
        Some(match &plan.action {
            Action::Tick if answer.is_some_and(|a| a.answer.as_deref() == Some("true")) => {
                Wish::filed(settled_by_rule())
            }
            Action::Tick if self.yes => settled_by_rule().into(),
            Action::Tick => self.person(Some(index), "a box to tick").into(),
            Action::Confirm(confirm) => match answer {
                Some(answer) if answer.answer.is_some() => Wish::filed(self.answer(index, answer)),
                _ if self.yes && confirm.answer == AnswerKind::None => settled_by_rule().into(),
                _ => self.person(Some(index), "it asks for an answer with evidence").into(),
            },
            Action::Record(_) => match answer {
                Some(answer) => Wish::filed(self.answer(index, answer)),
                None => self.person(Some(index), "it is a form to fill in").into(),
            },
            Action::Approve(_) if answer.is_some_and(|a| a.by.is_some()) => Want::RequestApproval { item: id }.into(),
            Action::Approve(_) => self.person(Some(index), "a second person has to approve").into(),
            // Whose the lock at the target is comes in a moment.
            Action::Run(run) if !run.acting.reads_only && is_asked(state) => return None,
            Action::Run(_) | Action::Notify(_) => self.start(index, answer),
            Action::Check(_) | Action::Wait(_) | Action::Baseline(_) => return None,
        })
    }

    /// An approval that was asked for is answered by those whom the file names, one after the other.
    fn asked(&self, index: usize, answer: Option<&Answer>) -> Option<Wish> {
        let request = self.state.items[index].request.as_ref()?;
        let names = answer?.by.as_ref()?;
        let next = names
            .split(',')
            .map(|name| Actor(name.trim().to_owned()))
            .find(|name| !name.0.is_empty() && !request.yes.iter().any(|who| who.name() == name.name()));
        Some(match next {
            Some(by) => Wish::filed(Want::Decide {
                item: self.state.plan.items[index].id.clone(),
                hash: request.hash.clone(),
                yes: true,
                by,
                proof: Proof::Stated,
                says: None,
            }),
            None => self.person(Some(index), "more people have to approve").into(),
        })
    }

    fn answer(&self, index: usize, answer: &Answer) -> Want {
        let mut fields = answer.fields.clone();
        if let Some(text) = &answer.answer {
            fields.insert("answer".into(), text.clone());
        }
        let state = &self.state.items[index];
        // A form's fields that the file leaves out keep what they are prefilled with.
        if let Action::Record(record) = &self.state.plan.items[index].action {
            let scope = PlanScope::new(self.state, index);
            for field in &record.fields {
                if let Some(Ok(text)) = field.default.as_ref().map(|d| d.fill(&scope)) {
                    fields.entry(field.name.0.clone()).or_insert(text);
                }
            }
        }
        Want::Answer { item: self.state.plan.items[index].id.clone(), seen: state.seen(), fields }
    }

    fn start(&self, index: usize, answer: Option<&Answer>) -> Wish {
        if !self.yes && answer.is_none() {
            return self.person(Some(index), "a command to start").into();
        }
        let typed = match danger_words(self.state, index) {
            Ok(None) => None,
            Ok(Some(words)) => match answer.and_then(|a| a.answer.clone()) {
                Some(text) => Some(text),
                None => return self.person(Some(index), &format!("it is dangerous: {words} has to be typed")).into(),
            },
            Err(why) => return self.person(Some(index), &why).into(),
        };
        match resolve(self.state, index) {
            Ok(started) => Wish {
                from_file: answer.is_some(),
                want: Want::Start {
                    item: started.item.clone(),
                    seen: self.state.items[index].seen(),
                    shown: started.digest,
                    typed,
                    out_of_order: true,
                },
            },
            Err(why) => self.person(Some(index), &why).into(),
        }
    }

    /// A sensed item that is red has patience (a timer); a failed attempt may be retried by its own timer.
    fn failed(&self, index: usize, answer: Option<&Answer>) -> Option<Wish> {
        let state = self.state;
        let plan = &state.plan.items[index];
        if let Some(reason) = answer.and_then(|a| a.overrides.clone()) {
            let second = answer.and_then(|a| a.by.clone()).map(Actor);
            return Some(Wish::filed(Want::Override { item: plan.id.clone(), reason, second }));
        }
        if matches!(plan.action, Action::Check(_)) {
            return None;
        }
        if let Some(attempt) = state.items[index].attempt() {
            let retry = Timer::Retry(plan.id.clone(), attempt.number);
            if due_of(state, &retry).is_some() {
                return None;
            }
        }
        let why = state.items[index]
            .attempt()
            .and_then(|a| a.ended.as_ref())
            .and_then(|(_, ended)| ended.why.clone())
            .unwrap_or_else(|| Outcome::Failed.words().to_owned());
        Some(self.person(Some(index), &why).into())
    }
}
