//! One value: from text to its type, within its limits.

use regex::Regex;

use crate::expr::{As, parse_value};
use crate::runbook::kinds::{Field, FieldType};
use crate::words::Value;

/// How a field's text is read.
pub fn read_as(kind: &FieldType) -> As {
    match kind {
        FieldType::Number => As::Number,
        FieldType::Bool => As::Bool,
        FieldType::Duration => As::Duration,
        FieldType::Size => As::Size,
        FieldType::Percent => As::Percent,
        FieldType::Time => As::Time,
        FieldType::List | FieldType::SomeOf(_) => As::List,
        _ => As::Text,
    }
}

/// Reads a text as a field's value. The error says what is wrong and what to write; never the text of a secret.
pub fn read(field: &Field, text: &str) -> Result<Value, String> {
    let value = parse_value(text, read_as(&field.kind))?;
    if let Value::Text(text) = &value
        && text.is_empty()
        && !field.optional
    {
        return Err("it is empty".into());
    }
    choices(field, &value)?;
    limits(field, &value)?;
    pattern(field, &value)?;
    Ok(value)
}

fn choices(field: &Field, value: &Value) -> Result<(), String> {
    let wrong = |text: &str, all: &[String]| {
        let near = crate::expr::nearest(text, all.iter().map(String::as_str));
        let hint =
            near.map_or_else(|| format!("it is one of {}", all.join(", ")), |near| format!("did you mean `{near}`?"));
        Err(format!("it cannot be `{text}`: {hint}"))
    };
    match (&field.kind, value) {
        (FieldType::OneOf(all), Value::Text(text)) if !all.contains(text) => wrong(text, all),
        (FieldType::SomeOf(all), Value::List(items)) => {
            for item in items {
                match item {
                    Value::Text(text) if all.contains(text) => {}
                    item => return wrong(&item.to_string(), all),
                }
            }
            Ok(())
        }
        (FieldType::Url, Value::Text(text)) if !text.is_empty() && !text.contains("://") => {
            Err(format!("`{text}` is no address: it begins with `https://` or the like"))
        }
        _ => Ok(()),
    }
}

fn limits(field: &Field, value: &Value) -> Result<(), String> {
    let figure = |value: &Value| match value {
        Value::Time(time) => Some(time.timestamp_micros() as f64),
        Value::List(items) => Some(items.len() as f64),
        value => value.figure(),
    };
    let counted = matches!(value, Value::List(_));
    let read_limit = |text: &Option<String>| {
        let kind = if counted { As::Number } else { read_as(&field.kind) };
        text.as_deref().and_then(|text| parse_value(text, kind).ok()).as_ref().and_then(figure)
    };
    let Some(found) = figure(value) else { return Ok(()) };
    let word = if counted { "it needs" } else { "it is" };
    if let (Some(least), Some(text)) = (read_limit(&field.min), &field.min)
        && found < least
    {
        return Err(format!("{word} at least {text}"));
    }
    if let (Some(most), Some(text)) = (read_limit(&field.max), &field.max)
        && found > most
    {
        return Err(format!("{word} at most {text}"));
    }
    Ok(())
}

fn pattern(field: &Field, value: &Value) -> Result<(), String> {
    let Some(pattern) = &field.pattern else { return Ok(()) };
    // The whole value must match, not a part of it.
    let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) else { return Ok(()) };
    let fits = |value: &Value| match value {
        Value::Text(text) => text.is_empty() || regex.is_match(text),
        _ => true,
    };
    let all = match value {
        Value::List(items) => items.iter().all(fits),
        value => fits(value),
    };
    match all {
        true => Ok(()),
        false if field.kind == FieldType::Secret => Err(format!("it does not match `{pattern}`")),
        false => Err(format!("`{value}` does not match `{pattern}`")),
    }
}
