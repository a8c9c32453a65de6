//! Issues of a Jira (REST API version 2, as Data Center's), as strict as the real one. The project `BARE` has no labels.

use axum::Router;
use axum::extract::{Json, Path, Query, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{http, notices};
use crate::sandbox::world::Core;

const ISSUES: &str = "/rest/api/2/issue";

/// Takes issues and comments.
pub fn router(core: Core) -> Router {
    Router::new()
        .route(ISSUES, post(create))
        .route("/rest/api/2/issue/{key}/comment", get(comments).post(comment))
        .route("/rest/api/2/search", get(search))
        .route("/rest/api/2/search/jql", get(async || missing("null for uri")))
        .with_state(core)
}

fn missing(why: &str) -> Response {
    refusal(404, &[why], Map::new())
}

fn refusal(status: u16, messages: &[&str], errors: Map<String, Value>) -> Response {
    http::json(status, &json!({ "errorMessages": messages, "errors": errors }))
}

/// Nobody writes or reads without saying who it is.
fn stranger(headers: &HeaderMap) -> Option<Response> {
    let said = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let known = ["Basic ", "Bearer "].iter().any(|way| said.strip_prefix(way).is_some_and(|rest| rest.len() > 3));
    (!known).then(|| refusal(401, &["You do not have the permission to see the specified issue."], Map::new()))
}

/// The issues that were created, key and fields.
fn issues(core: &Core) -> Vec<(String, Value)> {
    let all = notices::all(core).into_iter().enumerate();
    let ours = all.filter(|(_, notice)| notice["path"] == ISSUES);
    ours.map(|(n, notice)| {
        let fields = notice["body"]["fields"].clone();
        (key_of(&fields, n + 1), fields)
    })
    .collect()
}

fn key_of(fields: &Value, number: usize) -> String {
    format!("{}-{number}", fields["project"]["key"].as_str().unwrap_or_default())
}

async fn create(Shared(core): Shared<Core>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(refused) = stranger(&headers) {
        return refused;
    }
    let fields = &body["fields"];
    let mut errors = Map::new();
    let mut say = |name: &str, why: &str| drop(errors.insert(name.to_owned(), why.into()));
    let project = fields["project"]["key"].as_str().unwrap_or_default();
    if project.is_empty() || !project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        say("project", "Specify a valid project ID or key");
    }
    if fields["issuetype"]["name"].as_str().unwrap_or_default().is_empty() {
        say("issuetype", "Specify an issue type");
    }
    match fields["summary"].as_str().unwrap_or_default() {
        text if text.trim().is_empty() => say("summary", "You must specify a summary of the issue."),
        text if text.contains(['\n', '\r']) => {
            say("summary", "The summary is invalid because it contains newline characters.");
        }
        text if text.chars().count() > 255 => say("summary", "Summary must be less than 255 characters."),
        _ => {}
    }
    let labels = fields["labels"].as_array();
    if project == "BARE" && labels.is_some() {
        say("labels", "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.");
    } else if labels.into_iter().flatten().any(|l| l.as_str().is_none_or(|l| l.contains(' ') || l.len() > 255)) {
        say("labels", "The label contains spaces which is invalid.");
    }
    if !errors.is_empty() {
        return refusal(400, &[], errors);
    }
    match notices::keep(&core, ISSUES, &body) {
        Ok(number) => {
            let key = key_of(fields, number);
            http::json(201, &json!({ "id": number.to_string(), "key": key, "self": format!("{ISSUES}/{number}") }))
        }
        Err(error) => refusal(500, &[&error.to_string()], Map::new()),
    }
}

#[derive(Deserialize)]
struct Asked {
    jql: String,
}

/// Understands what is asked for a mark: the quoted words behind `labels =` and `description ~`.
async fn search(Shared(core): Shared<Core>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    if let Some(refused) = stranger(&headers) {
        return refused;
    }
    let quoted = |before: &str| asked.jql.split(before).nth(1)?.split('"').nth(1).map(str::to_owned);
    let (Some(project), Some(mark)) = (quoted("project ="), quoted("labels =").or(quoted("description ~"))) else {
        return refusal(400, &["Error in the JQL Query"], Map::new());
    };
    let found: Vec<Value> = issues(&core)
        .into_iter()
        .filter(|(_, fields)| fields["project"]["key"] == project.as_str())
        .filter(|(_, fields)| {
            let labelled = fields["labels"].as_array().is_some_and(|all| all.iter().any(|l| *l == mark.as_str()));
            labelled || fields["description"].as_str().is_some_and(|text| text.contains(&mark))
        })
        .map(|(key, _)| json!({ "key": key }))
        .collect();
    http::json(200, &json!({ "startAt": 0, "total": found.len(), "issues": found }))
}

fn path_of(key: &str) -> String {
    format!("{ISSUES}/{key}/comment")
}

async fn comments(Shared(core): Shared<Core>, headers: HeaderMap, Path(key): Path<String>) -> Response {
    if let Some(refused) = stranger(&headers) {
        return refused;
    }
    let (all, path) = (notices::all(&core), path_of(&key));
    let ours = all.iter().filter(|notice| notice["path"] == path.as_str());
    let ours: Vec<Value> = ours.map(|n| json!({ "id": n["id"], "body": n["body"]["body"] })).collect();
    http::json(200, &json!({ "total": ours.len(), "comments": ours }))
}

async fn comment(
    Shared(core): Shared<Core>,
    headers: HeaderMap,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(refused) = stranger(&headers) {
        return refused;
    }
    if !key.contains('-') {
        return missing("Issue Does Not Exist");
    }
    if body["body"].as_str().unwrap_or_default().trim().is_empty() {
        let errors = Map::from_iter([("comment".to_owned(), "Comment body can not be empty!".into())]);
        return refusal(400, &[], errors);
    }
    match notices::keep(&core, &path_of(&key), &body) {
        Ok(number) => http::json(201, &json!({ "id": number.to_string(), "body": body["body"] })),
        Err(error) => refusal(500, &[&error.to_string()], Map::new()),
    }
}
