//! Captures: values taken from what a step saw. Pure and bounded; a value that is not there fails the step.

use std::collections::BTreeMap;

use super::event::Event;
use super::plan::Item;
use super::state::State;
use crate::expr::{As, Scope, parse_value};
use crate::runbook::kinds::{Capture, CaptureOf, CaptureType};
use crate::words::{Name, Value};

/// Bytes of a captured value at most: it stands in the journal, and every client and later command may get it.
const MOST: usize = 1 << 20;

/// All of an item's captures. The error names the first that was not found.
pub(super) fn take_all(
    item: &Item,
    scope: &dyn Scope,
    outputs: &BTreeMap<String, String>,
) -> Result<Vec<(Name, Value)>, String> {
    item.captures.iter().map(|c| Ok((c.spec.name.clone(), take(&c.spec, scope, outputs)?))).collect()
}

/// The events that keep captured values. A pin may be taken anew until the first step that changes the world was
/// begun, then never: the rollback goes back to what stood there before.
pub(super) fn capture_events(state: &State, item: &Item, values: Vec<(Name, Value)>) -> Vec<Event> {
    values
        .into_iter()
        .filter_map(|(name, value)| {
            let capture = item.captures.iter().find(|c| c.spec.name == name)?;
            let frozen =
                capture.spec.pin && state.world_changed.is_some() && state.has_pin(&name, capture.key.as_deref());
            (!frozen).then(|| Event::ValueCaptured {
                item: item.id.clone(),
                name,
                key: capture.key.clone(),
                pin: capture.spec.pin,
                value,
            })
        })
        .collect()
}

fn take(capture: &Capture, scope: &dyn Scope, outputs: &BTreeMap<String, String>) -> Result<Value, String> {
    let name = &capture.name;
    let mut value = match &capture.of {
        // What the command handed over by name is what it means.
        CaptureOf::Field(_) | CaptureOf::Output if outputs.contains_key(name.as_str()) => {
            Value::Text(outputs.get(name.as_str()).cloned().unwrap_or_default())
        }
        CaptureOf::Field(expr) => expr.evaluate(scope),
        CaptureOf::Text(template) => {
            Value::Text(template.fill(scope).map_err(|missing| format!("`{name}`: {missing}"))?)
        }
        CaptureOf::Output => match scope.value("output") {
            // A pattern looks through everything that the command wrote to its terminal.
            text @ Value::Text(_) if capture.pattern.is_some() => text,
            _ => return Err(format!("no line `{name}=…` in $FLIGHTDECK_OUTPUT")),
        },
    };
    if let Some(pointer) = &capture.at {
        value = at(&value, pointer).ok_or(format!("`{name}`: nothing stands at {pointer} in what was captured"))?;
    }
    if let Some(pattern) = &capture.pattern {
        let text = value.written();
        let regex = regex::Regex::new(pattern).map_err(|e| format!("`{name}`: {e}"))?;
        let found = regex.captures(&text).and_then(|c| c.get(1).or_else(|| c.get(0)));
        value = Value::Text(found.ok_or(format!("`{name}`: {pattern} matches nothing in it"))?.as_str().to_owned());
    }
    let value = read(value, capture.kind).map_err(|why| format!("`{name}`: {why}"))?;
    if value == Value::NoData {
        return Err(format!("`{name}` is not there"));
    }
    let bytes = value.written().len();
    if bytes > MOST {
        return Err(format!(
            "`{name}`: {bytes} bytes are too many for a value (at most {MOST}): take a part of it with `match` or `at`, or \
             save it as a file in $run_dir"
        ));
    }
    Ok(value)
}

/// A JSON pointer into a value, or into the JSON document that a text is.
fn at(value: &Value, pointer: &str) -> Option<Value> {
    let parsed;
    let value = match value {
        Value::Text(text) => {
            parsed = Value::from_json(&serde_json::from_str(text).ok()?);
            &parsed
        }
        other => other,
    };
    let mut here = value;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        here = match here {
            Value::Map(map) => map.get(&key)?,
            Value::List(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here.clone())
}

fn read(value: Value, kind: CaptureType) -> Result<Value, String> {
    let text = match (&value, kind) {
        (Value::Text(text), _) => text.trim_end_matches(['\n', '\r']).to_owned(),
        (_, CaptureType::Plain)
        | (Value::Number(_), CaptureType::Number)
        | (Value::Ratio(_), CaptureType::Percent)
        | (Value::Duration(_), CaptureType::Duration)
        | (Value::Size(_), CaptureType::Size)
        | (Value::Time(_), CaptureType::Time)
        | (Value::Bool(_), CaptureType::Bool)
        | (Value::Version(_), CaptureType::Version)
        | (Value::List(_), CaptureType::List | CaptureType::Json)
        | (Value::Map(_), CaptureType::Json) => return Ok(value),
        (Value::NoData, _) => return Ok(Value::NoData),
        (other, _) => other.written(),
    };
    let parsed = |kind| parse_value(text.trim(), kind);
    match kind {
        CaptureType::Plain | CaptureType::Text => Ok(Value::Text(text)),
        CaptureType::Number => parsed(As::Number),
        CaptureType::Percent => parsed(As::Percent),
        CaptureType::Duration => parsed(As::Duration),
        CaptureType::Size => parsed(As::Size),
        CaptureType::Time => parsed(As::Time),
        CaptureType::Bool => parsed(As::Bool),
        CaptureType::Version => parsed(As::Version),
        CaptureType::List => {
            Ok(Value::List(text.lines().filter(|l| !l.trim().is_empty()).map(|l| Value::Text(l.to_owned())).collect()))
        }
        CaptureType::Json => parsed(As::Json),
        CaptureType::GoTest => Ok(go_test(&text)),
    }
}

/// Counts of a `go test -json` stream: an event a line, `Action` run/pass/fail/skip/output, `Package`, `Test`.
fn go_test(text: &str) -> Value {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(rename = "Action", borrow)]
        action: std::borrow::Cow<'a, str>,
        #[serde(rename = "Test")]
        test: Option<serde::de::IgnoredAny>,
    }
    let (mut passed, mut failed, mut skipped, mut packages, mut packages_failed) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for line in text.lines() {
        let Ok(line) = serde_json::from_str::<Line<'_>>(line) else { continue };
        let counter = match (line.action.as_ref(), line.test.is_some()) {
            ("pass", true) => &mut passed,
            ("fail", true) => &mut failed,
            ("skip", true) => &mut skipped,
            ("pass", false) => &mut packages,
            ("fail", false) => &mut packages_failed,
            _ => continue,
        };
        *counter += 1.0;
    }
    let number = |name: &str, n: f64| (name.to_owned(), Value::Number(n));
    Value::Map(BTreeMap::from([
        number("tests", passed + failed + skipped),
        number("passed", passed),
        number("failed", failed + packages_failed),
        number("skipped", skipped),
        number("packages", packages + packages_failed),
    ]))
}
