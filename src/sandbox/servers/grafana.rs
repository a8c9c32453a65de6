//! Grafana LGTM: its own API, and Prometheus, Loki and Tempo through its data source proxy (target-system 4).

use axum::Router;
use axum::extract::{Json, Path, Query, Request, State as Shared};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{http, notices, queries};
use crate::sandbox::state::Platform;
use crate::sandbox::state::load::Figure;
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;

const ANNOTATIONS: &str = "/api/annotations";

/// Dashboards: uid, title, and what their one panel asks Prometheus.
const DASHBOARDS: [(&str, &str, &str); 3] = [
    ("cryptoutil-overview", "Service Overview", "sum(rate(http_server_duration_milliseconds_count[1m]))"),
    (
        "cryptoutil-performance",
        "Performance Metrics",
        "histogram_quantile(0.95, sum by (le) (rate(http_server_duration_milliseconds_bucket[5m])))",
    ),
    (
        "cryptoutil-errors",
        "Error Tracking",
        "sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"5..\"}[1m])) or vector(0)",
    ),
];

/// Grafana.
pub fn router(core: Core) -> Router {
    Router::new()
        .route("/api/health", get(health))
        .route("/api/search", get(search))
        .route("/api/dashboards/uid/{uid}", get(dashboard))
        .route("/api/ds/query", post(ds_query))
        .route("/d/{uid}", get(|| async { Html("<!doctype html><title>Grafana</title>") }))
        .route("/api/datasources/proxy/uid/prometheus/api/v1/query", get(prometheus))
        .route("/api/datasources/proxy/uid/prometheus/api/v1/query_range", get(prometheus_range))
        .route("/api/datasources/proxy/uid/loki/loki/api/v1/query", get(loki_number))
        .route("/api/datasources/proxy/uid/loki/loki/api/v1/query_range", get(loki_lines))
        .route("/api/datasources/proxy/uid/tempo/api/search", get(tempo))
        .route("/api/annotations", get(annotations).post(annotate))
        .layer(middleware::from_fn_with_state(core.clone(), login))
        .with_state(core)
}

/// Health is for everybody; the rest wants the user, as wrong passwords are refused and so is nobody.
async fn login(Shared(core): Shared<Core>, request: Request, next: Next) -> Response {
    if !core.look(|s, now| s.serving(Port::Grafana, now).up()) {
        return http::text(503, "Grafana is starting");
    }
    let known = http::is_user(request.headers(), core.settings().secret("grafana_auth"));
    let open = request.uri().path() == "/api/health" || request.uri().path().starts_with("/d/");
    if known || (open && !request.headers().contains_key(header::AUTHORIZATION)) {
        next.run(request).await
    } else {
        http::json(401, &json!({ "message": "Unauthorized", "messageId": "auth.unauthorized", "statusCode": 401 }))
    }
}

/// Annotations that were written, newest first; those with all of the asked tags.
async fn annotations(Shared(core): Shared<Core>, Query(asked): Query<Vec<(String, String)>>) -> Response {
    let wanted: Vec<&str> = asked.iter().filter(|(name, _)| name == "tags").map(|(_, tag)| tag.as_str()).collect();
    let all = notices::all(&core).into_iter().enumerate().rev().filter(|(_, n)| n["path"] == ANNOTATIONS);
    let all = all.map(|(n, notice)| {
        let mut body = notice["body"].clone();
        body["id"] = (n + 1).into();
        body
    });
    let has = |body: &Value, tag: &str| body["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| *t == tag));
    let found: Vec<Value> = all.filter(|body| wanted.iter().all(|tag| has(body, tag))).collect();
    http::json(200, &Value::Array(found))
}

async fn annotate(Shared(core): Shared<Core>, Json(body): Json<Value>) -> Response {
    let refused = |why: &str| http::json(400, &json!({ "message": why }));
    if body["text"].as_str().unwrap_or_default().trim().is_empty() {
        return refused("Failed to save annotation: text field should not be empty");
    }
    let tags = body["tags"].as_array();
    if tags.is_some_and(|tags| !tags.iter().all(Value::is_string)) || !(body["time"].is_null() || body["time"].is_u64())
    {
        return refused("bad request data");
    }
    if let Some(uid) = body["dashboardUID"].as_str()
        && !DASHBOARDS.iter().any(|(known, ..)| *known == uid)
    {
        return http::json(404, &json!({ "message": "Dashboard not found" }));
    }
    match notices::keep(&core, ANNOTATIONS, &body) {
        Ok(number) => http::json(200, &json!({ "message": "Annotation added", "id": number })),
        Err(error) => http::json(500, &json!({ "message": error.to_string() })),
    }
}

async fn health() -> Response {
    http::json(
        200,
        &json!({ "database": "ok", "version": "12.2.0", "commit": "92f1fba9b4b6700328e99e97328d6639df8ddc3d" }),
    )
}

async fn search() -> Response {
    let found: Vec<Value> = DASHBOARDS
        .iter()
        .zip(1..)
        .map(|((uid, title, _), id)| json!({ "id": id, "uid": uid, "title": title, "type": "dash-db", "url": format!("/d/{uid}/{uid}") }))
        .collect();
    http::json(200, &Value::Array(found))
}

async fn dashboard(Path(uid): Path<String>) -> Response {
    match DASHBOARDS.iter().find(|(known, ..)| *known == uid) {
        Some((uid, title, expr)) => http::json(
            200,
            &json!({
                "meta": { "type": "db", "slug": uid, "version": 1 },
                "dashboard": { "uid": uid, "title": title, "panels": [{
                        "id": 1, "title": "Requests", "type": "timeseries",
                        "targets": [{ "refId": "A", "expr": expr, "datasource": { "type": "prometheus", "uid": "prometheus" } }],
                    }],
                },
            }),
        ),
        None => http::json(404, &json!({ "message": "Dashboard not found", "status": "not-found" })),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Queries {
    queries: Vec<DsQuery>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DsQuery {
    #[serde(rename = "refId")]
    id: String,
    expr: String,
}

/// Queries as a dashboard makes them: a frame of times and values, without a column where nothing was measured.
async fn ds_query(Shared(core): Shared<Core>, body: axum::body::Bytes) -> Response {
    let asked: Queries = serde_json::from_slice(&body).unwrap_or_default();
    let answer = |query: &DsQuery| {
        let figure = queries::figure(&queries::PROMETHEUS, &query.expr);
        let value = figure.and_then(|figure| core.look(|s, now| s.figure(figure, now)));
        let values = value.map_or(json!([]), |v| json!([[Utc::now().timestamp_millis()], [v]]));
        (query.id.clone(), json!({ "status": 200, "frames": [{ "schema": {}, "data": { "values": values } }] }))
    };
    let results: serde_json::Map<String, Value> = asked.queries.iter().map(answer).collect();
    http::json(200, &json!({ "results": results }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    query: String,
    q: String,
}

async fn prometheus(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    number(&core, queries::figure(&queries::PROMETHEUS, &asked.query), &asked.query)
}

/// The world keeps no history: a range is the figure of now at each of its points.
async fn prometheus_range(Shared(core): Shared<Core>, Query(asked): Query<Range>) -> Response {
    let figure = queries::figure(&queries::PROMETHEUS, &asked.query);
    let value = figure.and_then(|figure| core.look(|s, now| s.figure(figure, now)));
    let (Some(step), true) = (Some(asked.step).filter(|step| *step > 0.0), asked.end >= asked.start) else {
        let text = "invalid parameter \"step\": zero or negative query resolution step widths are not accepted";
        return http::json(400, &json!({ "status": "error", "errorType": "bad_data", "error": text }));
    };
    let points = (((asked.end - asked.start) / step) as usize).min(11_000);
    let at = |point: usize| asked.start + step * point as f64;
    let series = |v: f64| (0..=points).map(|point| json!([at(point), format!("{v}")])).collect::<Vec<_>>();
    let result: Vec<Value> = value.into_iter().map(|v| json!({ "metric": {}, "values": series(v) })).collect();
    http::json(200, &json!({ "status": "success", "data": { "resultType": "matrix", "result": result } }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Range {
    query: String,
    start: f64,
    end: f64,
    step: f64,
}

async fn loki_number(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    if let Some((selector, seconds)) = count_of(&asked.query) {
        let written = services(&core).into_iter().filter(|name| takes(selector, name)).count() as f64;
        let count = (written * (seconds / EACH).ceil()) as u64;
        let at = Utc::now().timestamp();
        // As the real one: no line, no series.
        let result = if count == 0 { json!([]) } else { json!([{ "metric": {}, "value": [at, count.to_string()] }]) };
        return http::json(200, &json!({ "status": "success", "data": { "resultType": "vector", "result": result } }));
    }
    number(&core, queries::figure(&queries::LOKI, &asked.query), &asked.query)
}

/// One number as an instant vector; nothing measured, or a query that is not known: an empty vector.
fn number(core: &Core, figure: Option<Figure>, query: &str) -> Response {
    if query.is_empty() {
        let text = "invalid parameter \"query\": unknown position: parse error: no expression found in input";
        return http::json(400, &json!({ "status": "error", "errorType": "bad_data", "error": text }));
    }
    let value = figure.and_then(|figure| core.look(|s, now| s.figure(figure, now)));
    let at = Utc::now().timestamp_millis() as f64 / 1000.0;
    let result: Vec<Value> =
        value.into_iter().map(|v| json!({ "metric": {}, "value": [at, format!("{v}")] })).collect();
    http::json(200, &json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}

async fn loki_lines(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    let names = services(&core);
    let nanos = Utc::now().timestamp_micros() * 1000;
    let result: Vec<Value> = names
        .iter()
        .filter(|name| takes(&asked.query, name))
        .map(|name| {
            let line = line_of(name);
            json!({ "stream": { "service_name": name, "level": "info" }, "values": [[nanos.to_string(), line]] })
        })
        .collect();
    http::json(200, &json!({ "status": "success", "data": { "resultType": "streams", "result": result } }))
}

async fn tempo(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    let names = services(&core);
    let nanos = Utc::now().timestamp_micros() * 1000;
    let mut random = core.random("trace");
    let traces: Vec<Value> = names
        .iter()
        .filter(|name| matches(&asked.q, name))
        .map(|name| {
            let id = crate::sandbox::state::names::hex(&mut random, 32);
            json!({
                "traceID": id, "rootServiceName": name, "rootTraceName": "POST /service/api/v1/elastickey/:id/encrypt",
                "startTimeUnixNano": nanos.to_string(), "durationMs": 9,
            })
        })
        .collect();
    http::json(200, &json!({ "traces": traces, "metrics": {} }))
}

/// Services that send telemetry now: those that run, while the collector does.
fn services(core: &Core) -> Vec<&'static str> {
    core.look(|state, now| {
        if !state.serving(Port::Collector, now).up() {
            return vec![];
        }
        let kms2 = if state.active == Platform::Compose { Some(("kms-postgresql-2", Port::Kms2Api)) } else { None };
        [
            ("kms-postgresql-1", Port::KmsApi),
            ("identity-authz", Port::Authz),
            ("identity-idp", Port::Idp),
            ("identity-rs", Port::Rs),
        ]
        .into_iter()
        .chain(kms2)
        .filter(|(_, port)| state.serving(*port, now).up())
        .map(|(name, _)| name)
        .collect()
    })
}

/// Seconds between the lines of a service in Loki.
const EACH: f64 = 10.0;

/// What a service writes, again and again.
fn line_of(service: &str) -> String {
    format!("200 GET /health {service}")
}

/// The lines and seconds of `sum(count_over_time(LINES [SECONDSs]))`.
fn count_of(query: &str) -> Option<(&str, f64)> {
    let inner = query.trim().strip_prefix("sum(count_over_time(")?.strip_suffix("))")?;
    let (lines, range) = inner.rsplit_once('[')?;
    Some((lines.trim(), range.strip_suffix("s]")?.parse().ok()?))
}

/// Whether a service's line is taken by a selector with or without a filter behind it: `{…} |~ `error``.
pub fn takes(query: &str, service: &str) -> bool {
    let (selector, filter) = query.split_once(" |~ ").unwrap_or((query, ""));
    let filter = filter.trim().trim_matches(['`', '"']);
    matches(selector, service) && regex::Regex::new(filter).is_ok_and(|regex| regex.is_match(&line_of(service)))
}

/// Whether a selector such as `{service_name=~"kms.*|identity.*"}` takes a service.
fn matches(selector: &str, service: &str) -> bool {
    let Some((_, rest)) = selector.split_once("service") else { return false };
    let (exact, pattern) = match (rest.split_once("=~\""), rest.split_once("=\"")) {
        (Some((_, rest)), _) => (false, rest),
        (None, Some((_, rest))) => (true, rest),
        (None, None) => return false,
    };
    let pattern = pattern.split('"').next().unwrap_or_default();
    if exact {
        return pattern == service;
    }
    regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(service))
}

#[cfg(test)]
mod tests {
    use super::{count_of, matches, takes};

    #[test]
    fn lines_are_counted_and_filtered() {
        let counted = count_of("sum(count_over_time({service_name=~\"kms.*\"} |~ `[Ee]rror` [90s]))");
        assert_eq!(counted, Some(("{service_name=~\"kms.*\"} |~ `[Ee]rror`", 90.0)));
        assert_eq!(count_of("sum(count_over_time({service_name=\"identity-authz\"} |= \"x\" [1m]))"), None);
        assert!(takes("{service_name=~\"kms.*\"} |~ `GET`", "kms-1") && takes("{service_name=~\"kms.*\"}", "kms-1"));
        assert!(!takes("{service_name=~\"kms.*\"} |~ `error`", "kms-1"));
    }

    #[test]
    fn selectors_take_the_services_that_they_name() {
        assert!(matches("{service_name=~\"kms.*|identity.*\"}", "kms-postgresql-1"));
        assert!(matches("{resource.service.name=~\"kms.*\"}", "kms-postgresql-1"));
        assert!(!matches("{resource.service.name=~\"kms.*\"}", "identity-rs"));
        assert!(matches("{service_name=\"identity-rs\"}", "identity-rs"));
        assert!(!matches("{service_name=~\"cryptoutil.*\"}", "kms-postgresql-1"), "the seed's name matches nothing");
        assert!(!matches("{service_name=~\"[\"}", "kms"));
    }
}
