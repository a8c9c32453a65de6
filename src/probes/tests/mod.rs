//! Looks at real servers on loopback: those that work, and those that refuse, hang, drip, flood and lie.

mod certificates;
mod commands;
mod databases;
mod files;
mod identity;
mod identity_server;
mod keys;
mod sampling;
mod servers;
mod telemetry;
mod web;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::expr::{Expr, Template, Type};
use crate::runbook::kinds::ProbeKind;
use crate::words::{Look, Sample, Unit, Value};

fn text(text: impl Into<String>) -> Template {
    Template::plain(text)
}

fn some(plain: impl Into<String>) -> Option<Template> {
    Some(text(plain))
}

fn spec(kind: ProbeKind, expect: &[&str]) -> LookSpec {
    LookSpec {
        kind,
        expect: expect.iter().map(|e| Expr::parse(e).unwrap()).collect(),
        given: Given::new(),
        unit: None,
        timeout: Duration::from_secs(5),
        root: "/".into(),
        env: BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())]),
    }
}

async fn look(spec: LookSpec) -> Sample {
    let declared = spec.kind.fields(spec.unit).types;
    let sample = Looker::new("p".into(), Arc::new(spec)).look(true).await;
    for (name, value) in &sample.fields {
        let Some((_, of)) = declared.iter().find(|(n, _)| n == name) else {
            panic!("`{name}` is no field of the kind")
        };
        assert!(is_of(value, of), "`{name}` is {value:?}, declared as {of:?}");
    }
    sample
}

/// Whether a value has the type that the loader checks expectations against.
fn is_of(value: &Value, of: &Type) -> bool {
    match (value, of) {
        (_, Type::Any) | (Value::NoData, _) => true,
        (Value::List(items), Type::List(inner)) => items.iter().all(|i| is_of(i, inner)),
        (Value::Map(map), Type::Map(inner)) => map.values().all(|v| is_of(v, inner)),
        (Value::Text(_), Type::Text)
        | (Value::Number(_), Type::Number)
        | (Value::Bool(_), Type::Bool)
        | (Value::Duration(_), Type::Duration)
        | (Value::Size(_), Type::Size)
        | (Value::Ratio(_), Type::Ratio)
        | (Value::Time(_), Type::Time) => true,
        _ => false,
    }
}

/// What a look says in one line, for the tests' messages: look, text, why.
fn said(sample: &Sample) -> String {
    format!("{:?} | {} | {}", sample.look, sample.text, sample.why.as_deref().unwrap_or("-"))
}

/// Bad, for this reason (a part of it), with a hint or without.
#[track_caller]
fn assert_bad(sample: &Sample, why: &str, hint: &str) {
    assert_eq!(sample.look, Look::Bad, "{}", said(sample));
    assert!(sample.why.as_deref().unwrap_or_default().contains(why), "{} lacks `{why}`", said(sample));
    assert!(sample.hint.as_deref().unwrap_or_default().contains(hint), "{:?} lacks `{hint}`", sample.hint);
}

#[track_caller]
fn assert_nothing(sample: &Sample, why: &str) {
    assert_eq!(sample.look, Look::NoData, "{}", said(sample));
    assert!(sample.why.as_deref().unwrap_or_default().contains(why), "{} lacks `{why}`", said(sample));
}

#[track_caller]
fn assert_good(sample: &Sample) {
    assert_eq!(sample.look, Look::Good, "{}", said(sample));
}

fn in_folder(folder: &Path, mut spec: LookSpec) -> LookSpec {
    spec.root = folder.to_owned();
    spec
}

fn unit(unit: Unit, mut spec: LookSpec) -> LookSpec {
    spec.unit = Some(unit);
    spec
}
