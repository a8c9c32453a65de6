//! The receiver of notices: what a flight sends to a chat, a pager or a ticket system ends here.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::any;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::http;
use crate::sandbox::world::{Core, notices_path, open_private};

/// Takes a POST on any path.
pub fn router(core: Core) -> Router {
    let lines = std::fs::read_to_string(notices_path(core.dir())).map_or(0, |text| text.lines().count());
    Router::new().fallback(any(receive)).with_state((core, Arc::new(Mutex::new(lines))))
}

async fn receive(
    Shared((core, count)): Shared<(Core, Arc<Mutex<usize>>)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return http::json(405, &json!({ "ok": false, "error": "send a POST" }));
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
    let id = format!("N-{:06}", *count + 1);
    let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let line = json!({ "id": id, "at": at, "path": uri.path(), "body": body });
    match open_private(&notices_path(core.dir())).and_then(|mut file| writeln!(file, "{line}")) {
        Ok(()) => {
            *count += 1;
            http::json(200, &json!({ "ok": true, "id": id }))
        }
        Err(error) => http::json(500, &json!({ "ok": false, "error": error.to_string() })),
    }
}
