//! An OpenAPI document, from an address or a file.

use std::path::Path;

use super::config::{read_text, yaml};
use super::ctx::{Ctx, maybe, short};
use super::http;
use super::seen::{Problem, Seen};
use super::trust::io_words;
use crate::runbook::kinds::Openapi;
use crate::words::{Value, short_duration};

/// Looks once.
pub(super) async fn look(spec: &Openapi, ctx: &Ctx) -> Seen {
    match maybe(spec.file.as_ref()) {
        Ok(Some(file)) => {
            let (path, shown) = (ctx.path(file), file.to_owned());
            ctx.blocking(move || from_file(&path, &shown)).await
        }
        Ok(None) => match http::fetch(&spec.http, ctx).await {
            Ok(answer) => from_answer(&answer),
            Err(problem) => invalid(problem),
        },
        Err(problem) => problem.into(),
    }
}

fn from_file(path: &Path, shown: &str) -> Seen {
    match read_text(path, 16 << 20) {
        Ok(text) => document(&text),
        Err(e) => invalid(Problem::failing(format!("{shown}: {}", io_words(&e)))),
    }
}

fn from_answer(answer: &http::Answer) -> Seen {
    let latency = answer.latency.as_secs_f64();
    let mut seen = match answer.status.as_u16() {
        200 if answer.cut => invalid(Problem::nothing("the document is longer than 1 MiB")),
        200 => document(&String::from_utf8_lossy(&answer.body)),
        401 | 403 => invalid(Problem::failing(answer.status.to_string()).hint("set `basic_auth:` or `bearer:`")),
        _ => invalid(Problem::failing(answer.status.to_string())),
    };
    seen.fields.insert("latency".into(), Value::Duration(latency));
    seen.value = Some(latency);
    seen.fields.insert("status".into(), Value::Number(f64::from(answer.status.as_u16())));
    if seen.problem.is_none() {
        seen.text = format!("{}, {}", seen.text, short_duration(latency));
    }
    seen
}

fn invalid(problem: Problem) -> Seen {
    Seen::text(problem.why.clone()).field("valid", Value::Bool(false)).problem(problem)
}

/// The document's own words; JSON or YAML.
fn document(text: &str) -> Seen {
    let document = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => Value::from_json(&json),
        Err(_) if text.trim_start().starts_with('<') => {
            return invalid(
                Problem::failing(format!("a web page, no document: {}", short(text, 40)))
                    .hint("the page's address is not the document's: look for doc.json or openapi.yaml"),
            );
        }
        Err(_) => match yaml(text) {
            Ok(value) => value,
            Err(_) => return invalid(Problem::failing(format!("neither JSON nor YAML: {}", short(text, 60)))),
        },
    };
    let text_at = |path: &[&str]| match crate::expr::walk(document.clone(), path) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let paths: Vec<Value> = match crate::expr::walk(document.clone(), &["paths"]) {
        Value::Map(map) => map.into_keys().map(Value::Text).collect(),
        _ => vec![],
    };
    let title = text_at(&["info", "title"]);
    let version = text_at(&["info", "version"]);
    let speaks = text_at(&["openapi"]);
    let problem = match &speaks {
        None if text_at(&["swagger"]).is_some() => Some("Swagger 2, wanted OpenAPI 3".to_owned()),
        None => Some("no OpenAPI document: it has no `openapi`".to_owned()),
        Some(version) if !version.starts_with("3.") => Some(format!("OpenAPI {version}, wanted 3")),
        Some(_) if paths.is_empty() => Some("the document has no paths".to_owned()),
        Some(_) => None,
    };
    let count = paths.len();
    let mut seen = Seen::text(format!("{count} paths, version {}", version.as_deref().unwrap_or("unknown")))
        .field("valid", Value::Bool(problem.is_none()))
        .field("paths", Value::List(paths));
    for (field, text) in [("version", version), ("title", title)] {
        seen = match text {
            Some(text) => seen.field(field, Value::Text(text)),
            None => seen.missing(field, "the document does not say it"),
        };
    }
    match problem {
        Some(why) => {
            seen.text = why.clone();
            seen.problem(Problem::failing(why))
        }
        None => seen,
    }
}
