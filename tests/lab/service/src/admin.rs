//! The KMS's admin listener: `/admin/v1/livez` and `/readyz` with the bodies of the real one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::Service;
use crate::keys::{self, told};
use crate::kms::answer;
use crate::{metrics, say};

pub fn router(service: Arc<Service>) -> Router {
    Router::new().route("/admin/v1/livez", get(livez)).route("/admin/v1/readyz", get(readyz)).with_state(service)
}

fn head(service: &Service, probe: &str, fine: bool) -> Value {
    json!({
        "status": if fine { "ok" } else { "degraded" },
        "timestamp": say::now(),
        "service": "cryptoutil",
        "version": service.version,
        "probe": probe,
    })
}

async fn livez(State(service): State<Arc<Service>>) -> Response {
    answer(200, &head(&service, "liveness", true))
}

/// Why it is not ready.
pub async fn unready(service: &Service) -> Option<String> {
    if service.faults.get().unready {
        return Some("failed to unseal: fewer than 3 of 5 keys open the root key".into());
    }
    service.keys.ping().await.err().map(|error| format!("failed to ping database: {}", told(&*error)))
}

async fn readyz(State(service): State<Arc<Service>>) -> Response {
    let why = unready(&service).await;
    let (open, used) = service.keys.connections();
    let mut body = head(&service, "readiness", why.is_none());
    body["database"] = match &why {
        None => json!({
            "status": "ok", "db_type": service.keys.kind(), "max_open_connections": keys::MOST,
            "open_connections": open, "in_use_connections": used, "idle_connections": open - used.min(open),
        }),
        Some(why) => json!({ "status": "error", "db_type": service.keys.kind(), "error": why }),
    };
    body["memory"] = json!({ "status": "ok", "heap_alloc": metrics::resident() });
    body["sidecar"] = json!({ "status": "disabled" });
    answer(if why.is_none() { 200 } else { 503 }, &body)
}
