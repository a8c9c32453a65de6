//! The OpenTelemetry collector: its health extension and its OTLP receiver.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{SecondsFormat, Utc};
use serde_json::json;

use super::http;
use crate::sandbox::world::Core;

/// The health extension, `GET /`.
pub fn health(core: Core) -> Router {
    Router::new().route("/", get(status)).with_state(core)
}

async fn status(Shared(core): Shared<Core>) -> Response {
    let started = core.look(|s, _| {
        s.engine.of("compose", "opentelemetry-collector-contrib").and_then(|c| c.started).unwrap_or_default()
    });
    let since = core.wall(started);
    http::json(
        200,
        &json!({
            "status": "Server available",
            "upSince": since.to_rfc3339_opts(SecondsFormat::Nanos, true),
            "uptime": format!("{}s", (Utc::now() - since).num_seconds()),
        }),
    )
}

/// The OTLP receiver over HTTP: takes everything.
pub fn otlp() -> Router {
    let take = || async { http::json(200, &json!({ "partialSuccess": {} })) };
    Router::new().route("/v1/traces", post(take)).route("/v1/metrics", post(take)).route("/v1/logs", post(take))
}
