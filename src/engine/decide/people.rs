//! People's decisions: answers, approvals, skip, defer, override, settling the unknown.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Decision, find_open, fresh, not_settled, reason};
use crate::engine::capture::{capture_events, take_all};
use crate::engine::event::{Answered, Event, Return};
use crate::engine::intent::{Intent, Refusal, Want};
use crate::engine::plan::{Action, AnswerKind, Due};
use crate::engine::scope::PlanScope;
use crate::engine::state::{State, Status};
use crate::expr::{As, Truth, parse_value};
use crate::words::{Actor, ItemId, Outcome, Proof, Value};

pub(super) fn decide(state: &State, intent: &Intent) -> Decision {
    let from_file = intent.actor == Actor::autopilot();
    match &intent.want {
        Want::Answer { item, seen, fields } => answer(state, intent, item, *seen, fields),
        Want::Decide { item, hash, yes, by, proof, says } => approve(state, intent, (item, hash), *yes, by, *proof, says),
        Want::RequestApproval { item } => request(state, intent, item),
        Want::Skip { item, reason: text } => {
            let index = leavable(state, item)?;
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
            Ok(vec![Event::ItemNotApplicable { item: item.clone(), reason: reason(text)? }])
        }
        Want::Defer { item, to, reason: text } => defer(state, item, to, text, from_file),
        Want::Override { item, reason: text, second } => override_red(state, intent, item, text, second, from_file),
        Want::Settle { item, attempt, happened } => {
            let index = find_open(state, item)?;
            let known = state.items[index].attempts.iter().any(|a| a.number == *attempt && a.outcome() == Some(Outcome::Unknown));
            if !known {
                return Err(Refusal::new("its end is known: there is nothing to settle"));
            }
            Ok(vec![Event::UnknownSettled { item: item.clone(), attempt: *attempt, happened: *happened, by_probe: None }])
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

fn answer(state: &State, intent: &Intent, item: &ItemId, seen: u32, typed: &BTreeMap<String, String>) -> Decision {
    let index = find_open(state, item)?;
    fresh(state, index, seen)?;
    if state.status(index) != Status::Deferred {
        not_settled(state, index)?;
    }
    let plan = &state.plan.items[index];
    let mut fields = BTreeMap::new();
    match &plan.action {
        Action::Tick => {}
        Action::Confirm(confirm) => {
            if confirm.answer != AnswerKind::None {
                let text = typed.get("answer").map(String::as_str).unwrap_or_default();
                let value = read(text, &confirm.answer, confirm.pattern.as_deref()).map_err(Refusal::new)?;
                fields.insert("answer".to_owned(), value);
            }
        }
        Action::Record(record) => {
            for field in &record.fields {
                let text = typed.get(field.name.as_str()).map(|t| t.trim()).unwrap_or_default();
                if text.is_empty() && field.optional {
                    continue;
                }
                let value = read(text, &field.answer, field.pattern.as_deref())
                    .map_err(|why| Refusal::new(format!("{}: {why}", field.ask.as_deref().unwrap_or(field.name.as_str()))))?;
                fields.insert(field.name.0.clone(), value);
            }
        }
        _ => return Err(Refusal::new("this is not answered by hand")),
    }
    let scope = PlanScope::new(state, index).with_fields(&fields).at(intent.stamp.at);
    for expect in &plan.expect {
        if expect.truth(&scope) != Truth::True {
            return Err(Refusal::new(format!("not as expected: {}", expect.explain(&scope))));
        }
    }
    let captured = take_all(plan, &scope, &BTreeMap::new()).map_err(Refusal::new)?;
    let mut events = capture_events(plan, captured);
    events.push(Event::ItemAnswered(Box::new(Answered {
        item: item.clone(),
        by: Some(intent.actor.clone()),
        fields,
        yes: true,
        proof: None,
        from_file: intent.actor == Actor::autopilot(),
        fast: intent.actor != Actor::autopilot() && is_fast(state, intent, index),
        settled: true,
        says: None,
    })));
    Ok(events)
}

/// Under 1 s + 0.15 s a word of title and question (issue "Fly the whole checklist", decided where the texts are silent).
fn is_fast(state: &State, intent: &Intent, index: usize) -> bool {
    let Some(opened) = state.items[index].opened else { return false };
    let scope = PlanScope::new(state, index);
    let question = match &state.plan.items[index].action {
        Action::Confirm(confirm) => confirm.ask.source().to_owned(),
        _ => String::new(),
    };
    let words = scope.title().split_whitespace().count() + question.split_whitespace().count();
    let real = intent.stamp.up.saturating_sub(opened.up) as f64 / state.speed().max(0.001) / 1e6;
    real < 1.0 + 0.15 * words as f64
}

/// Reads a typed answer; an empty one is none.
pub(in crate::engine) fn read(text: &str, kind: &AnswerKind, pattern: Option<&str>) -> Result<Value, String> {
    let text = text.trim();
    if *kind == AnswerKind::None {
        return Ok(Value::Bool(true));
    }
    if text.is_empty() {
        return Err("an empty answer is none".into());
    }
    if let Some(pattern) = pattern {
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|e| e.to_string())?;
        if !whole.is_match(text) {
            return Err(format!("`{text}` does not match {pattern}"));
        }
    }
    let parsed = |kind| parse_value(text, kind);
    match kind {
        AnswerKind::None | AnswerKind::Text | AnswerKind::File => Ok(Value::Text(text.into())),
        AnswerKind::Link => {
            if text.contains("://") && !text.contains(char::is_whitespace) {
                Ok(Value::Text(text.into()))
            } else {
                Err(format!("`{text}` is no link: https://…"))
            }
        }
        AnswerKind::Number => parsed(As::Number),
        AnswerKind::Percent => parsed(As::Percent),
        AnswerKind::Duration => parsed(As::Duration),
        AnswerKind::Date | AnswerKind::Time => parsed(As::Time),
        AnswerKind::Bool => match text {
            "yes" | "y" | "true" => Ok(Value::Bool(true)),
            "no" | "n" | "false" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is neither yes nor no")),
        },
        AnswerKind::OneOf(choices) => {
            if choices.iter().any(|c| c == text) {
                Ok(Value::Text(text.into()))
            } else {
                Err(format!("`{text}` is none of {}", choices.join(", ")))
            }
        }
    }
}

fn request(state: &State, intent: &Intent, item: &ItemId) -> Decision {
    let index = find_open(state, item)?;
    let plan = &state.plan.items[index];
    let Action::Approve(approve) = &plan.action else { return Err(Refusal::new("nothing is to be approved here")) };
    match state.status(index) {
        Status::Busy => return Err(Refusal::new("it was asked for already")),
        Status::Failed(_) | Status::Deferred => {}
        _ => not_settled(state, index)?,
    }
    let text = approval_text(state, index);
    let hash = format!("{:x}", Hex(Sha256::digest(text.as_bytes()).as_slice()));
    let of = if approve.by.is_empty() {
        vec!["anybody but the operator".to_owned()]
    } else {
        approve
            .by
            .iter()
            .map(|name| {
                let contact = state.plan.contacts.iter().find(|c| c.name == name.as_str());
                contact.and_then(|c| c.role.clone()).unwrap_or_else(|| name.0.clone())
            })
            .collect()
    };
    let until = intent.stamp.up.saturating_add((approve.within * 1e6) as u64);
    Ok(vec![Event::ApprovalRequested { item: item.clone(), of, until, text, hash }])
}

/// The text that is approved: bound to the item and to what is going to be done.
fn approval_text(state: &State, index: usize) -> String {
    let plan = &state.plan;
    let mut text = format!("{}\n{}\n", plan.title, PlanScope::new(state, index).title());
    if let Some((from, to)) = &plan.change {
        text.push_str(&format!("{from} -> {to}\n"));
    }
    for place in &plan.places {
        text.push_str(&format!("{}: {}\n", place.kind.key(), place.is));
    }
    if let Some(opened) = &state.opened {
        text.push_str(&format!("run: {}\noperator: {}\n", opened.run, opened.operator));
    }
    text
}

/// Lower-case hex of bytes.
struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

fn approve(
    state: &State,
    intent: &Intent,
    (item, hash): (&ItemId, &str),
    yes: bool,
    by: &Actor,
    proof: Proof,
    says: &Option<String>,
) -> Decision {
    let index = find_open(state, item)?;
    let Action::Approve(approve) = &state.plan.items[index].action else {
        return Err(Refusal::new("nothing is to be approved here"));
    };
    let Some(request) = &state.items[index].request else {
        return Err(Refusal::new("no approval was asked for"));
    };
    if request.expired || intent.stamp.up > request.until {
        return Err(Refusal::new("the request has expired: ask again"));
    }
    if request.no.is_some() || state.items[index].settled.is_some() {
        return Err(Refusal::new("it was answered already"));
    }
    if request.hash != hash {
        return Err(Refusal::new("this answer is for another text"));
    }
    let operator = state.opened.as_ref().map(|o| o.operator.as_str()).unwrap_or_default();
    let own = by.name() == Actor(operator.to_owned()).name()
        || state.control.holder.as_ref().is_some_and(|h| h.name() == by.name());
    if own {
        return Err(Refusal::new("an approval is never the operator's own"));
    }
    if by.name().trim().is_empty() {
        return Err(Refusal::new("who approves? a name is needed"));
    }
    if !may_approve(state, &approve.by, by) {
        return Err(Refusal::new(format!("{} is not among those who may approve: {}", by.name(), request.of.join(", "))));
    }
    if request.yes.contains(by) {
        return Err(Refusal::new(format!("{} has answered already", by.name())));
    }
    if proof < approve.proof {
        return Err(Refusal::new("this approval needs a stronger proof than a typed name"));
    }
    let enough = request.yes.len() as u32 + 1 >= approve.count;
    Ok(vec![Event::ItemAnswered(Box::new(Answered {
        item: item.clone(),
        by: Some(by.clone()),
        yes,
        proof: Some(proof),
        from_file: intent.actor == Actor::autopilot(),
        settled: yes && enough,
        says: says.clone(),
        ..Answered::default()
    }))])
}

/// A contact without people may be anybody; one with people is just these.
fn may_approve(state: &State, by: &[crate::words::Name], who: &Actor) -> bool {
    if by.is_empty() {
        return true;
    }
    by.iter().any(|name| {
        let people = state.plan.contacts.iter().find(|c| c.name == name.as_str()).map(|c| c.people.as_slice()).unwrap_or_default();
        people.is_empty() || people.iter().any(|p| p == who.name() || *p == who.0) || *who == Actor::sandbox()
    })
}

fn defer(state: &State, item: &ItemId, to: &Return, text: &str, from_file: bool) -> Decision {
    let index = leavable(state, item)?;
    let plan = &state.plan.items[index];
    let allowed = match (&plan.due, to) {
        (_, Return::PhaseClose) => !matches!(plan.action, Action::Run(_)),
        (Some(Due::Phase(due)), Return::Phase(phase)) => phase == due,
        (Some(Due::WatchEnd), Return::WatchEnd) => true,
        (Some(Due::After(_)), Return::At(_)) => true,
        _ => false,
    };
    if !allowed {
        return Err(Refusal::new(match plan.action {
            Action::Run(_) => "the runbook does not let this command be deferred (no `due`)",
            _ => "the runbook does not let it be deferred beyond this phase (no `due`)",
        }));
    }
    Ok(vec![Event::ItemDeferred { item: item.clone(), to: to.clone(), reason: reason(text)?, from_file }])
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
    if !matches!(state.status(index), Status::Failed(_) | Status::NoData | Status::Unknown | Status::Busy) {
        return Err(Refusal::new("only what is red, unknown or without data is overridden: skip it instead (s)"));
    }
    if state.plan.items[index].required {
        match second {
            None => return Err(Refusal { why: "it is required: a second person's name is needed to override it".into(), person: true }),
            Some(who) if who.name() == intent.actor.name() => {
                return Err(Refusal::new("the second person can't be the operator"));
            }
            Some(_) => {}
        }
    }
    Ok(vec![Event::ItemOverridden { item: item.clone(), reason: reason(text)?, from_file, second: second.clone() }])
}
