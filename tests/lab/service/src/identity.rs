//! The Identity servers, as far as a deployment looks at them without logging in: health, and what refuses.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{Router, middleware};
use serde_json::json;

use crate::kms::answer;
use crate::{Service, admin, metrics};

pub fn router(service: Arc<Service>) -> Router {
    let refused = || async { answer(401, &json!({ "error": "invalid_token", "error_description": "no token" })) };
    let client = || async { answer(401, &json!({ "error": "invalid_client", "error_description": "unknown client" })) };
    let router = Router::new().route("/health", get(health));
    let router = match service.role {
        "authz" => router.route("/oauth2/v1/token", post(client)),
        "idp" => router.route("/oidc/v1/userinfo", any(refused)),
        _ => router.route("/api/v1/public/health", get(health)).route("/api/v1/protected/resource", any(refused)),
    };
    router.layer(middleware::from_fn_with_state(service.clone(), metrics::measured)).with_state(service)
}

async fn health(State(service): State<Arc<Service>>) -> Response {
    let fine = admin::unready(&service).await.is_none();
    let (status, word) = if fine { (200, "healthy") } else { (503, "unhealthy") };
    if service.role == "rs" {
        return answer(status, &json!({ "status": word, "service": "resource-server", "version": service.version }));
    }
    let database = if fine { "ok" } else { "error" };
    answer(status, &json!({ "status": word, "database": database, "service": service.role }))
}
