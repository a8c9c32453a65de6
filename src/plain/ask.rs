//! From verbs to intents, and the questions that some of them bring.

use std::collections::BTreeMap;

use super::prompt::{field_default, field_question, question};
use super::verbs::{Verb, returns, who};
use crate::engine::event::Resolved;
use crate::engine::plan::Action;
use crate::engine::{State, Status, Want, resolve};
use crate::terminal::sanitize_line;
use crate::words::{ItemId, Name, Proof};

/// A question that waits for a typed line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    /// The name of a real target.
    Target,
    /// The words of a danger: what the intent was.
    Danger { item: ItemId, seen: u32, shown: String, out_of_order: bool },
    /// The second person of an override.
    Second { item: ItemId, reason: String },
    /// The answer of a confirm.
    Answer { index: usize, seen: u32 },
    /// The fields of a form, one by one.
    Fields { index: usize, seen: u32, done: BTreeMap<String, String>, at: usize },
    /// A secret.
    Secret(String),
}

/// What a typed line leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// An intent.
    Want(Box<Want>),
    /// A question.
    Ask(Ask),
    /// A secret for the host.
    Secret { name: String, value: String },
    /// The question is dropped.
    Nothing,
}

impl From<Want> for Next {
    fn from(want: Want) -> Self {
        Self::Want(Box::new(want))
    }
}

impl Ask {
    /// The question, cleaned.
    pub fn text(&self, state: &State) -> String {
        let text = match self {
            Self::Target => "the target's name".to_owned(),
            Self::Danger { .. } => "the words, exactly".to_owned(),
            Self::Second { .. } => "the second person's name".to_owned(),
            Self::Answer { index, .. } => match &state.plan.items[*index].action {
                Action::Confirm(confirm) => question(state, *index, confirm),
                _ => "answer".to_owned(),
            },
            Self::Fields { index, at, .. } => match &state.plan.items[*index].action {
                Action::Record(record) => {
                    record.fields.get(*at).map(|field| field_question(state, *index, field)).unwrap_or_default()
                }
                _ => "answer".to_owned(),
            },
            Self::Secret(name) => format!("secret {name} (stored nowhere)"),
        };
        sanitize_line(&text)
    }

    /// Takes a typed line; a single `.` gives up.
    pub fn take(self, state: &State, line: &str) -> Next {
        let text = line.trim();
        if text == "." {
            return Next::Nothing;
        }
        match self {
            Self::Target => Want::Begin { target: Some(text.to_owned()) }.into(),
            Self::Danger { .. } if text.is_empty() => Next::Nothing,
            Self::Danger { item, seen, shown, out_of_order } => {
                Want::Start { item, seen, shown, typed: Some(text.to_owned()), out_of_order }.into()
            }
            Self::Second { .. } if text.is_empty() => Next::Nothing,
            Self::Second { item, reason } => Want::Override { item, reason, second: Some(who(text).0) }.into(),
            Self::Answer { index, seen } => answer(state, index, seen, text),
            Self::Fields { index, seen, mut done, at } => {
                let Action::Record(record) = &state.plan.items[index].action else { return Next::Nothing };
                if let Some(field) = record.fields.get(at) {
                    let value =
                        if text.is_empty() { field_default(state, index, field) } else { Some(text.to_owned()) };
                    done.extend(value.map(|value| (field.name.0.clone(), value)));
                }
                if at + 1 < record.fields.len() {
                    return Next::Ask(Self::Fields { index, seen, done, at: at + 1 });
                }
                Want::Answer { item: state.plan.items[index].id.clone(), seen, fields: done }.into()
            }
            Self::Secret(_) if text.is_empty() => Next::Nothing,
            // As it was typed: blanks may be part of it.
            Self::Secret(name) => Next::Secret { name, value: line.trim_end_matches(['\n', '\r']).to_owned() },
        }
    }
}

fn answer(state: &State, index: usize, seen: u32, text: &str) -> Next {
    let item = &state.plan.items[index];
    let default = match &item.action {
        Action::Confirm(confirm) => {
            confirm.default.as_ref().and_then(|d| d.fill(&crate::engine::PlanScope::new(state, index)).ok())
        }
        _ => None,
    };
    let text = if text.is_empty() { default.unwrap_or_default() } else { text.to_owned() };
    Want::Answer { item: item.id.clone(), seen, fields: BTreeMap::from([("answer".to_owned(), text)]) }.into()
}

/// What a verb that acts wants.
///
/// # Errors
///
/// It cannot be said here; why.
pub(super) fn act(state: &State, verb: Verb) -> Result<Next, String> {
    let none = || if state.begun.is_none() { "the flight has not begun: `go` begins it" } else { "no item is open" };
    let here = || state.current.ok_or_else(|| none().to_owned());
    let item = || here().map(|index| state.plan.items[index].id.clone());
    Ok(match verb {
        Verb::Go => return go(state),
        Verb::Run { anyway } => return start(state, here()?, anyway),
        Verb::Done => answered(state, here()?, BTreeMap::new()),
        Verb::Answer(text) => return ask(state, here()?, &text),
        Verb::Skip(reason) => Want::Skip { item: item()?, reason }.into(),
        Verb::NotApplicable(reason) => Want::NotApplicable { item: item()?, reason }.into(),
        Verb::Defer(reason) => {
            let to = returns(&state.plan.items[here()?], state.now.map_or(0, |now| now.up));
            Want::Defer { item: item()?, to, reason }.into()
        }
        Verb::Override(reason) => Want::Override { item: item()?, reason, second: None }.into(),
        Verb::Again(reason) => {
            let index = here()?;
            match state.status(index) {
                Status::Failed(_) | Status::Open => return start(state, index, true),
                _ if reason.is_empty() => return Err("say why: again REASON".to_owned()),
                _ => Want::Reopen { item: item()?, reason }.into(),
            }
        }
        Verb::Edit(text) => {
            let index = here()?;
            let words = shlex::split(&text).ok_or("a quote is open: nothing was edited")?;
            Want::Edit { item: item()?, seen: state.items[index].seen(), what: Resolved::Argv(words) }.into()
        }
        Verb::Stop => {
            let (index, attempt) = state.running.first().ok_or("nothing runs")?;
            Want::Stop { item: state.plan.items[*index].id.clone(), attempt: *attempt }.into()
        }
        Verb::Unrecorded => {
            let (index, attempt) = state.running.first().ok_or("nothing runs")?;
            Want::GoOnUnrecorded { item: state.plan.items[*index].id.clone(), attempt: *attempt }.into()
        }
        Verb::Pause(reason) => Want::Pause { reason: (!reason.is_empty()).then_some(reason) }.into(),
        Verb::Continue => Want::Continue.into(),
        Verb::Close => Want::ClosePhase { phase: state.phase.ok_or("no phase is open")? }.into(),
        Verb::Note(text) => Want::Note { text, about: None, item: item().ok() }.into(),
        Verb::Look => Want::Look { item: item()? }.into(),
        Verb::Settle(happened) => {
            let attempt = state.items[here()?].attempt().ok_or("there is no attempt to settle")?.number;
            Want::Settle { item: item()?, attempt, happened }.into()
        }
        Verb::Ask => Want::RequestApproval { item: item()? }.into(),
        Verb::Approve(text) => return decide(state, here()?, &text, true),
        Verb::Refuse(text) => return decide(state, here()?, &text, false),
        Verb::Accept(text) => {
            let (name, reason) = text.split_once(char::is_whitespace).ok_or("say why: accept LIMITATION REASON")?;
            Want::AcceptLimitation { name: Name(name.to_owned()), reason: reason.trim().to_owned() }.into()
        }
        Verb::Open(id) => Want::OpenItem { item: ItemId(id) }.into(),
        Verb::Take => Want::TakeControl { epoch: state.control.epoch }.into(),
        Verb::TakeOver(reason) => Want::TakeOver { reason }.into(),
        Verb::Keep => Want::DeclineControl.into(),
        Verb::Give(name) => Want::HandOver { to: who(&name).0 }.into(),
        Verb::End(reason) => Want::End { reason }.into(),
        Verb::RollBack(reason) => Want::RollBack { reason: (!reason.is_empty()).then_some(reason) }.into(),
        Verb::Reason(reason) => Want::GiveReason { reason }.into(),
        // These are answered by the client itself.
        Verb::Type(_) | Verb::List | Verb::Show | Verb::Rollback | Verb::Contacts | Verb::Leave | Verb::Help => {
            Next::Nothing
        }
    })
}

/// What Enter does on the screens.
fn go(state: &State) -> Result<Next, String> {
    if state.begun.is_none() {
        return Ok(Want::Begin { target: None }.into());
    }
    if state.paused.is_some() {
        return Ok(Want::Continue.into());
    }
    if !state.moved.is_empty() {
        return Ok(Want::CheckPlaces.into());
    }
    let Some(index) = state.current.filter(|index| !state.status(*index).is_settled()) else {
        return Ok(Want::ClosePhase { phase: state.phase.ok_or("no phase is open")? }.into());
    };
    match &state.plan.items[index].action {
        Action::Tick => Ok(answered(state, index, BTreeMap::new())),
        Action::Confirm(_) | Action::Record(_) => ask(state, index, ""),
        Action::Run(_) | Action::Notify(_) => start(state, index, false),
        Action::Check(_) => Ok(Want::Look { item: state.plan.items[index].id.clone() }.into()),
        Action::Approve(_) => Ok(Want::RequestApproval { item: state.plan.items[index].id.clone() }.into()),
        Action::Wait(_) | Action::Baseline(_) => Err("it goes on by itself".to_owned()),
    }
}

fn answered(state: &State, index: usize, fields: BTreeMap<String, String>) -> Next {
    Want::Answer { item: state.plan.items[index].id.clone(), seen: state.items[index].seen(), fields }.into()
}

fn ask(state: &State, index: usize, text: &str) -> Result<Next, String> {
    let seen = state.items[index].seen();
    match &state.plan.items[index].action {
        Action::Tick => Ok(answered(state, index, BTreeMap::new())),
        Action::Confirm(confirm) if confirm.answer == crate::engine::plan::AnswerKind::None => {
            Ok(answered(state, index, BTreeMap::new()))
        }
        Action::Confirm(_) if text.is_empty() => Ok(Next::Ask(Ask::Answer { index, seen })),
        Action::Confirm(_) => Ok(answer(state, index, seen, text)),
        Action::Record(record) if record.fields.is_empty() => Ok(answered(state, index, BTreeMap::new())),
        Action::Record(record) => {
            let first = Ask::Fields { index, seen, done: BTreeMap::new(), at: 0 };
            // The words behind the verb are the first field's.
            Ok(if text.is_empty() || record.fields.is_empty() { Next::Ask(first) } else { first.take(state, text) })
        }
        _ => Err("this is not answered by hand".to_owned()),
    }
}

fn start(state: &State, index: usize, out_of_order: bool) -> Result<Next, String> {
    let shown = resolve(state, index)?;
    let seen = state.items[index].seen();
    Ok(Want::Start { item: shown.item, seen, shown: shown.digest, typed: None, out_of_order }.into())
}

fn decide(state: &State, index: usize, text: &str, yes: bool) -> Result<Next, String> {
    let request = state.items[index].request.as_ref().ok_or("no approval was asked for: `ask` does")?;
    let (by, says) = who(text);
    let item = state.plan.items[index].id.clone();
    Ok(Want::Decide { item, hash: request.hash.clone(), yes, by, proof: Proof::Stated, says }.into())
}

/// The question that a refused intent leads to: the words of a danger, a real target's name, a second person.
pub(super) fn after_refusal(state: &State, want: &Want) -> Option<Ask> {
    match want {
        Want::Begin { target } => {
            let name = state.plan.target_name()?;
            let blocked = state.plan.limitations.iter().any(|limitation| {
                limitation.effect == crate::engine::plan::Effect::Blocks
                    && !state.accepted.contains_key(&limitation.name)
            });
            (!blocked && !state.is_training() && target.as_deref() != Some(name)).then_some(Ask::Target)
        }
        Want::Start { item, seen, shown, typed: None, out_of_order } => {
            let index = state.index(item)?;
            let Action::Run(run) = &state.plan.items[index].action else { return None };
            run.acting.danger.as_ref()?;
            // Another refusal (order, a pause) comes first: then the words are not asked yet.
            let fresh = state.items[index].seen() == *seen && state.paused.is_none() && state.running.is_empty();
            let ordered = *out_of_order || state.current == Some(index);
            (fresh && ordered && state.moved.is_empty()).then(|| Ask::Danger {
                item: item.clone(),
                seen: *seen,
                shown: shown.clone(),
                out_of_order: *out_of_order,
            })
        }
        Want::Override { item, reason, second: None } => {
            let index = state.index(item)?;
            state.plan.items[index].required.then(|| Ask::Second { item: item.clone(), reason: reason.clone() })
        }
        _ => None,
    }
}
