//! The receiver of notices: what a flight sends to a chat, a pager or a ticket system ends here.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::any;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{http, jira, pagerduty};
use crate::sandbox::world::{Core, notices_path, open_private};

/// Lines are numbered: who writes one holds this.
static WRITING: Mutex<()> = Mutex::new(());

/// All notices that came, oldest first.
pub fn all(core: &Core) -> Vec<Value> {
    let text = std::fs::read_to_string(notices_path(core.dir())).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Writes a notice down; its number, from 1.
///
/// # Errors
/// The file cannot be written.
pub fn keep(core: &Core, path: &str, body: &Value) -> io::Result<usize> {
    let _held = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::fs::read_to_string(notices_path(core.dir())).map_or(0, |text| text.lines().count());
    let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let line = json!({ "id": id(before + 1), "at": at, "path": path, "body": body });
    let mut file = open_private(&notices_path(core.dir()))?;
    writeln!(file, "{line}")?;
    Ok(before + 1)
}

/// A notice's name.
pub fn id(number: usize) -> String {
    format!("N-{number:06}")
}

/// Takes a POST on any path; PagerDuty's and Jira's as those do.
pub fn router(core: Core) -> Router {
    let plain = Router::new().fallback(any(receive)).with_state(core.clone());
    plain.merge(pagerduty::router(core.clone())).merge(jira::router(core))
}

async fn receive(Shared(core): Shared<Core>, method: Method, uri: Uri, body: Bytes) -> Response {
    if method != Method::POST {
        return http::json(405, &json!({ "ok": false, "error": "send a POST" }));
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    match keep(&core, uri.path(), &body) {
        Ok(number) => http::json(200, &json!({ "ok": true, "id": id(number) })),
        Err(error) => http::json(500, &json!({ "ok": false, "error": error.to_string() })),
    }
}
