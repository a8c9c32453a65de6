//! Answers of people: what was typed becomes values, or is refused with the reason.

use std::collections::BTreeMap;

use super::{Decision, find_open, fresh, not_settled};
use crate::engine::capture::{capture_events, take_all};
use crate::engine::event::{Answered, Event};
use crate::engine::intent::{Intent, Refusal};
use crate::engine::plan::{Action, AnswerKind, Field};
use crate::engine::scope::PlanScope;
use crate::engine::state::{State, Status};
use crate::expr::{As, Truth, parse_value};
use crate::words::{Actor, ItemId, Value};

/// A tick, an answer, a form.
pub(super) fn answer(
    state: &State,
    intent: &Intent,
    item: &ItemId,
    seen: u32,
    typed: &BTreeMap<String, String>,
) -> Decision {
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
                let value = read_field(text, field).map_err(|why| {
                    Refusal::new(format!("{}: {why}", field.ask.as_deref().unwrap_or(field.name.as_str())))
                })?;
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
    let mut events = capture_events(state, plan, captured);
    events.push(Event::ItemAnswered(Box::new(Answered {
        item: item.clone(),
        by: Some(intent.actor.clone()),
        fields,
        yes: true,
        proof: None,
        from_file: intent.from_file,
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

/// Reads a form's field, within its type and limits; an empty one is none.
fn read_field(text: &str, field: &Field) -> Result<Value, String> {
    let value = read(text, &field.answer, field.pattern.as_deref())?;
    match field.answer {
        // What a person may write in more ways than a runbook.
        AnswerKind::Bool | AnswerKind::Link => Ok(value),
        _ => crate::runbook::parameters::read(&field.rule, text.trim()),
    }
}

/// Reads a typed answer; an empty one is none.
fn read(text: &str, kind: &AnswerKind, pattern: Option<&str>) -> Result<Value, String> {
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
