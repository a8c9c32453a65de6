//! Stores of telemetry that have data, that have none, that refuse, and that are something else.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value as Json, json};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::runbook::kinds::{Auth, Grafana, Logs, LogsFrom, Loki, Tempo};

/// Answers to paths; the first whose path and a part of the query or body fit.
type Answers = &'static [(&'static str, &'static str, u16, fn() -> Json)];

struct Store {
    at: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Store {
    fn url(&self) -> Template {
        text(format!("http://{}", self.at))
    }
}

async fn store(answers: Answers) -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(move |request: Request| answer(answers, request));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Store { at, _task: AbortOnDropHandle::new(task) }
}

async fn answer(answers: Answers, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut asked = request.uri().query().unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    asked.push_str(std::str::from_utf8(&body).unwrap());
    match answers.iter().find(|(p, part, ..)| *p == path && asked.contains(part)) {
        Some((_, _, status, body)) => (StatusCode::from_u16(*status).unwrap(), body().to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn seen(kind: ProbeKind) -> Sample {
    let expect = kind.fields(None).defaults;
    look(spec(kind, expect)).await
}

async fn loki(store: &Store, since: &str) -> Sample {
    let (query, since) = (text("{app=\"x\"}"), some(since));
    seen(ProbeKind::Loki(Loki { url: store.url(), query, since, auth: Auth::default() })).await
}

fn streams(result: Json) -> Json {
    json!({ "status": "success", "data": { "resultType": "streams", "result": result } })
}

fn vector(result: Json) -> Json {
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
}

fn one_line() -> Json {
    let at = (Utc::now() - TimeDelta::seconds(20)).timestamp_nanos_opt().unwrap().to_string();
    let old = (Utc::now() - TimeDelta::seconds(50)).timestamp_nanos_opt().unwrap().to_string();
    streams(json!([
        { "stream": { "pod": "a" }, "values": [[old, "older"]] },
        { "stream": { "pod": "b" }, "values": [[at, "login password=hunter2"]] },
    ]))
}

const LINES: Answers = &[
    ("/loki/api/v1/query_range", "limit=1", 200, one_line),
    ("/loki/api/v1/query", "count_over_time", 200, || vector(json!([{ "metric": {}, "value": [1, "42"] }]))),
];

#[tokio::test]
async fn lines_are_counted_and_the_newest_is_shown_without_secrets() {
    let sample = loki(&store(LINES).await, "15m").await;
    assert_good(&sample);
    assert_eq!((sample.value, &sample.fields["lines"]), (Some(42.0), &Value::Number(42.0)));
    assert_eq!(sample.fields["newest"], Value::Text("login password=***".into()));
    assert!(matches!(sample.fields["age"], Value::Duration(age) if (19.0..40.0).contains(&age)), "{sample:?}");
}

#[tokio::test]
async fn no_line_is_bad_and_no_loki_is_no_data() {
    let empty = store(&[("/loki/api/v1/query_range", "", 200, || streams(json!([])))]).await;
    assert_bad(&loki(&empty, "2026-01-01T12:00:00Z").await, "lines 0, wanted > 0", "");
    let refuses =
        store(&[("/loki/api/v1/query_range", "", 400, || json!({ "message": "parse error : syntax" }))]).await;
    assert_nothing(&loki(&refuses, "15m").await, "Loki answers 400: parse error : syntax");
    let locked = store(&[("/loki/api/v1/query_range", "", 401, || json!({}))]).await;
    assert_nothing(&loki(&locked, "15m").await, "Loki answers 401");
    let matrix =
        store(&[("/loki/api/v1/query_range", "", 200, || json!({ "data": { "resultType": "matrix", "result": [] } }))])
            .await;
    assert_nothing(&loki(&matrix, "15m").await, "the query gives figures, wanted lines");
    assert_nothing(&loki(&store(&[]).await, "15m").await, "Loki answers 404");
    assert_nothing(
        &loki(&store(LINES).await, "yesterday").await,
        "`since` is neither a time nor a duration: yesterday",
    );
    let away = Store {
        at: SocketAddr::from(([127, 0, 0, 1], super::servers::closed_port())),
        _task: AbortOnDropHandle::new(tokio::spawn(async {})),
    };
    assert_nothing(&loki(&away, "15m").await, "connection refused");
}

#[tokio::test]
async fn lines_of_loki_that_match_are_counted_by_loki() {
    const MATCHING: Answers = &[
        ("/loki/api/v1/query_range", "panic", 200, one_line),
        ("/loki/api/v1/query", "60s", 200, || vector(json!([{ "metric": {}, "value": [1, "2"] }]))),
        ("/loki/api/v1/query", "panic", 200, || vector(json!([{ "metric": {}, "value": [1, "7"] }]))),
        ("/loki/api/v1/query", "", 200, || vector(json!([{ "metric": {}, "value": [1, "100"] }]))),
    ];
    let logs = |store: &Store| {
        ProbeKind::Logs(Box::new(Logs {
            pattern: "panic".into(),
            from: LogsFrom::Loki,
            url: Some(store.url()),
            query: some("{app=\"x\"}"),
            since: some("15m"),
            ..Logs::default()
        }))
    };
    let sample = seen(logs(&store(MATCHING).await)).await;
    assert_bad(&sample, "matches 7, wanted 0", "");
    assert_eq!((sample.value, &sample.fields["read"]), (Some(2.0), &Value::Number(100.0)), "two in the last minute");
    let newest = ["login password=***", "older"].map(|line| Value::Text(line.into()));
    assert_eq!(sample.fields["lines"], Value::List(newest.to_vec()), "the newest first");
    // A log without a line is no clean log.
    let silent = store(&[("/loki/api/v1/query", "", 200, || vector(json!([])))]).await;
    assert_nothing(&seen(logs(&silent)).await, "no line at all since");
}

#[tokio::test]
async fn traces_arrive_or_do_not() {
    async fn tempo(answers: Answers) -> Sample {
        let store = store(answers).await;
        let (query, since) = (text("{}"), some("15m"));
        seen(ProbeKind::Tempo(Tempo { url: store.url(), query, since, auth: Auth::default() })).await
    }
    let some: Answers = &[("/api/search", "q=%7B%7D", 200, || {
        let at = (Utc::now() - TimeDelta::seconds(5)).timestamp_nanos_opt().unwrap().to_string();
        json!({ "traces": [{ "traceID": "a", "startTimeUnixNano": at }, { "traceID": "b" }], "metrics": {} })
    })];
    let sample = tempo(some).await;
    assert_good(&sample);
    assert_eq!(sample.fields["traces"], Value::Number(2.0));
    let none: Answers = &[("/api/search", "", 200, || json!({ "metrics": { "totalBlocks": 3 } }))];
    assert_bad(&tempo(none).await, "traces 0, wanted > 0", "");
    assert_nothing(&tempo(&[("/api/search", "", 200, || json!([]))]).await, "no answer of Tempo");
    assert_nothing(&tempo(&[("/api/search", "", 500, || json!({}))]).await, "Tempo answers 500");
}

async fn grafana(answers: Answers, dashboard: Option<&str>) -> Sample {
    let store = store(answers).await;
    let dashboard = dashboard.and_then(some);
    seen(ProbeKind::Grafana(Grafana { url: store.url(), dashboard, auth: Auth::default() })).await
}

fn well() -> Json {
    json!({ "database": "ok", "version": "12.2.0" })
}

fn board() -> Json {
    json!({ "dashboard": {
        "title": "Board",
        "templating": { "list": [{ "name": "app", "current": { "value": ["$__all"] } }] },
        "panels": [
            { "title": "Text" },
            { "title": "Full", "targets": [{ "expr": "up{app=~\"$app\"}", "datasource": { "uid": "mine" } }] },
            { "title": "Row", "panels": [{ "title": "Empty", "targets": [{ "expr": "down" }] }] },
        ],
    } })
}

#[tokio::test]
async fn a_dashboard_has_data_when_its_panels_do() {
    const BOARD: Answers = &[
        ("/api/health", "", 200, well),
        ("/api/dashboards/uid/board", "", 200, board),
        ("/api/datasources", "", 200, || json!([{ "uid": "other" }, { "uid": "first", "isDefault": true }])),
        (
            "/api/ds/query",
            "up{app=~\\\".*\\\"}",
            200,
            || json!({ "results": { "q1": { "frames": [{ "data": { "values": [[1], [null]] } }] } } }),
        ),
        // The query that names no data source goes to the default one, which has nothing.
        (
            "/api/ds/query",
            "\"uid\":\"first\"",
            200,
            || json!({ "results": { "q1": { "frames": [{ "data": { "values": [[], []] } }] } } }),
        ),
    ];
    let sample = grafana(BOARD, Some("board")).await;
    assert_good(&sample);
    assert_eq!((&sample.fields["panels"], &sample.fields["with_data"]), (&Value::Number(2.0), &Value::Number(1.0)));
    assert_eq!(sample.fields["without_data"], Value::List(vec![Value::Text("Empty".into())]));
    let none = grafana(BOARD, Some("nobody")).await;
    assert_bad(&none, "no dashboard has the uid nobody", "import");
    assert_eq!(none.fields["found"], Value::Bool(false));
}

#[tokio::test]
async fn an_empty_dashboard_is_bad_and_one_that_cannot_be_asked_is_no_data() {
    let empty = grafana(
        &[
            ("/api/health", "", 200, well),
            ("/api/dashboards/uid/board", "", 200, board),
            ("/api/ds/query", "", 400, || json!({ "results": { "q1": { "error": "no such source" } } })),
        ],
        Some("board"),
    );
    assert_bad(&empty.await, "with_data 0, wanted > 0", "");
    let locked: Answers = &[("/api/health", "", 200, well), ("/api/dashboards/uid/board", "", 403, || json!({}))];
    assert_nothing(&grafana(locked, Some("board")).await, "Grafana answers 403");
}

#[tokio::test]
async fn grafanas_health_is_its_databases() {
    assert_good(&grafana(&[("/api/health", "", 200, well)], None).await);
    let sick = grafana(&[("/api/health", "", 200, || json!({ "database": "failing" }))], None).await;
    assert_bad(&sick, "Grafana's database: failing", "");
    let down =
        grafana(&[("/api/health", "", 503, || json!({ "database": "failing", "message": "locked" }))], None).await;
    assert_bad(&down, "Grafana answers 503: locked", "");
    assert_bad(&grafana(&[("/api/health", "", 200, || json!({}))], None).await, "this is no Grafana", "base address");
}

#[tokio::test]
async fn without_a_time_a_look_counts_from_its_own_beginning() {
    let ctx = Ctx::new("/".into(), BTreeMap::new(), None, Duration::from_secs(1));
    let since = super::super::since::Since::of(None, &ctx).unwrap();
    assert!(since.fixed && (Utc::now() - since.at).num_seconds() < 5);
    let fixed = super::super::since::Since::of(some("2026-11-24T09:00:00.5Z").as_ref(), &ctx).unwrap();
    assert_eq!(fixed.at.to_rfc3339_opts(SecondsFormat::Millis, true), "2026-11-24T09:00:00.500Z");
    assert!(fixed.fixed && !super::super::since::Since::of(some("90s").as_ref(), &ctx).unwrap().fixed);
}
