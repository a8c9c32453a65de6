//! The KMS's admin listener: `/admin/v1/livez` and `/readyz` with the bodies of the real one (target-system 3.1).

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::http;
use crate::sandbox::state::{Serving, State};
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::ports::Port;

/// The admin listener of the instance on `port`.
pub fn router(core: Core, port: Port) -> Router {
    Router::new().route("/admin/v1/livez", get(livez)).route("/admin/v1/readyz", get(readyz)).with_state((core, port))
}

async fn livez(Shared((core, port)): Shared<(Core, Port)>) -> Response {
    let serving = core.look(|state, now| state.serving(port, now));
    http::json(200, &head(&serving, "liveness", "ok"))
}

async fn readyz(Shared((core, port)): Shared<(Core, Port)>) -> Response {
    let (serving, mut rest, fine) = core.look(|state, now| {
        let serving = state.serving(port, now);
        let (rest, fine) = checks(state, now);
        (serving, rest, fine)
    });
    let fine = fine && serving.up();
    let mut body = head(&serving, "readiness", if fine { "ok" } else { "degraded" });
    if let (Value::Object(body), Value::Object(rest)) = (&mut body, &mut rest) {
        body.append(rest);
    }
    http::json(if fine { 200 } else { 503 }, &body)
}

fn head(serving: &Serving, probe: &str, status: &str) -> Value {
    json!({
        "status": status,
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        "service": "cryptoutil",
        "version": serving.version(),
        "probe": probe,
    })
}

fn checks(state: &State, now: Millis) -> (Value, bool) {
    let database = state.serving(Port::Postgres, now).up();
    let sidecar = state.serving(Port::Collector, now).up();
    let in_use = 1 + (now / 4_000).rem_euclid(3);
    let database_part = if database {
        json!({
            "status": "ok", "db_type": "postgres", "max_open_connections": 25, "open_connections": 8,
            "in_use_connections": in_use, "idle_connections": 8 - in_use, "wait_count": 0, "wait_duration": "0s",
        })
    } else {
        json!({ "status": "error", "db_type": "postgres", "error": "failed to ping database: connection refused" })
    };
    let sidecar_part = if sidecar {
        json!({ "status": "ok", "endpoint": "http://opentelemetry-collector-contrib:4318" })
    } else {
        json!({ "status": "error", "error": "connection refused" })
    };
    let heap = 38 * 1024 * 1024 + (now / 250).rem_euclid(4_000_000);
    let body = json!({
        "database": database_part,
        "memory": { "status": "ok", "heap_alloc": heap, "num_goroutines": 61 },
        "sidecar": sidecar_part,
        "dependencies": { "status": "ok", "services": [], "note": "no external dependencies configured" },
    });
    (body, database && sidecar)
}
