//! PagerDuty's events API v2, as strict as the real one.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::{http, notices};
use crate::sandbox::world::Core;

const PATH: &str = "/v2/enqueue";

/// Takes events.
pub fn router(core: Core) -> Router {
    Router::new().route(PATH, post(enqueue)).with_state(core)
}

async fn enqueue(Shared(core): Shared<Core>, body: Bytes) -> Response {
    let invalid = |errors: Vec<String>| {
        let message = "Event object is invalid";
        http::json(400, &json!({ "status": "invalid event", "message": message, "errors": errors }))
    };
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return invalid(vec!["JSON is invalid".into()]) };
    let errors = errors(&event);
    if !errors.is_empty() {
        return invalid(errors);
    }
    // A key is made for an event that has none.
    let given = event["dedup_key"].as_str().map(str::to_owned);
    match notices::keep(&core, PATH, &event) {
        Ok(number) => {
            let key = given.unwrap_or_else(|| notices::id(number));
            http::json(202, &json!({ "status": "success", "message": "Event processed", "dedup_key": key }))
        }
        Err(error) => http::json(500, &json!({ "status": "error", "message": error.to_string() })),
    }
}

/// What the events API refuses.
fn errors(event: &Value) -> Vec<String> {
    let mut errors = vec![];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if text(&event["routing_key"]).len() != 32 {
        errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    let action = text(&event["event_action"]);
    if !["trigger", "acknowledge", "resolve"].contains(&action.as_str()) {
        errors.push("'event_action' is missing or invalid (should be trigger, acknowledge or resolve)".into());
    }
    if text(&event["dedup_key"]).len() > 255 {
        errors.push("Length of 'dedup_key' is incorrect (should be at most 255 characters)".into());
    }
    if action == "trigger" {
        let payload = &event["payload"];
        for key in ["summary", "source", "severity"] {
            if text(&payload[key]).trim().is_empty() {
                errors.push(format!("'payload.{key}' is missing or blank"));
            }
        }
        if text(&payload["summary"]).chars().count() > 1024 {
            errors.push("Length of 'payload.summary' is incorrect (should be at most 1024 characters)".into());
        }
        if !["critical", "error", "warning", "info", ""].contains(&text(&payload["severity"]).as_str()) {
            errors.push("'payload.severity' is invalid (should be critical, error, warning or info)".into());
        }
        if let Some(at) = payload["timestamp"].as_str()
            && chrono::DateTime::parse_from_rfc3339(at).is_err()
        {
            errors.push("'payload.timestamp' is not a valid timestamp".into());
        }
    } else if text(&event["dedup_key"]).is_empty() {
        errors.push("'dedup_key' is missing or blank".into());
    }
    errors
}
