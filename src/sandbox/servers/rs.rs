//! The resource server (target-system 3.3): what a token may do depends on its scopes.

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{any, delete, get};
use serde_json::json;

use super::http;
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;

/// The resource server.
pub fn router(core: Core, port: Port) -> Router {
    let health = move |world: Shared<Core>| health(world, port);
    Router::new()
        .route("/health", get(health))
        .route("/api/v1/public/health", get(health))
        .route("/api/v1/protected/resource", any(resource))
        .route("/api/v1/protected/resource/{id}", delete(resource))
        .route("/api/v1/admin/users", get(admin))
        .route("/api/v1/admin/metrics", get(admin))
        .with_state(core)
}

async fn health(Shared(core): Shared<Core>, port: Port) -> Response {
    let serving = core.look(|s, now| s.serving(port, now));
    if !serving.up() {
        return http::json(503, &json!({ "status": "unhealthy", "service": "resource-server" }));
    }
    http::json(200, &json!({ "status": "healthy", "service": "resource-server", "version": serving.version() }))
}

async fn resource(Shared(core): Shared<Core>, method: Method, headers: HeaderMap) -> Response {
    let scope = match method {
        Method::GET => "read:resource",
        Method::POST => "write:resource",
        Method::DELETE => "delete:resource",
        _ => return http::json(405, &json!({ "error": "method_not_allowed" })),
    };
    guarded(&core, &headers, scope)
}

async fn admin(Shared(core): Shared<Core>, headers: HeaderMap) -> Response {
    guarded(&core, &headers, "admin")
}

fn guarded(core: &Core, headers: &HeaderMap, scope: &str) -> Response {
    let Some(token) = http::bearer(headers) else {
        let body = json!({ "error": "unauthorized", "error_description": "missing or invalid authorization header" });
        return http::unauthorized("Bearer", &body);
    };
    match core.look(|s, now| s.oauth.valid(&token, now).cloned()) {
        None => {
            let body = json!({ "error": "invalid_token", "error_description": "token is invalid or has expired" });
            http::unauthorized("Bearer error=\"invalid_token\"", &body)
        }
        Some(token) if !token.has(scope) => http::json(
            403,
            &json!({ "error": "insufficient_scope", "error_description": format!("required scope: {scope}") }),
        ),
        Some(token) => http::json(
            200,
            &json!({ "message": "access granted", "client_id": token.client, "scope": token.scope, "data": { "id": "1", "value": "protected" } }),
        ),
    }
}
