//! What stands in for Grafana and what is reached through it, since no package holds them. Behind it: metrics and
//! dashboards are asked of a real Prometheus, lines of Loki are the containers' real ones; Tempo's trace and the
//! collector's counter are made up. It also takes the notices.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Where things are, and what came.
struct Behind {
    prometheus: String,
    engine: String,
    notices: Mutex<Vec<(String, Value)>>,
}

/// Serves until it is dropped.
pub struct Double {
    behind: Arc<Behind>,
    port: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Double {
    /// Listens where Grafana and where the notices' receiver should be.
    pub fn start(grafana: &str, notices: &str, prometheus: &str, engine: &str) -> Self {
        let behind = Arc::new(Behind {
            prometheus: format!("http://127.0.0.1:{prometheus}"),
            engine: engine.to_owned(),
            notices: Mutex::default(),
        });
        let proxy = "/api/datasources/proxy/uid";
        let router = Router::new()
            .route("/api/health", get(|| async { answer(&json!({ "database": "ok", "version": "12.2.0" })) }))
            .route("/api/dashboards/uid/{uid}", get(dashboard))
            .route("/api/ds/query", post(panels))
            .route(&format!("{proxy}/prometheus/api/v1/query"), get(metrics))
            .route(&format!("{proxy}/loki/loki/api/v1/query_range"), get(lines))
            .route(&format!("{proxy}/loki/loki/api/v1/query"), get(count))
            .route(&format!("{proxy}/tempo/api/search"), get(traces))
            .route("/metrics", get(counter))
            .route("/{channel}/{secret}", post(notice))
            .with_state(behind.clone());
        let listeners = [grafana, notices].map(|port| {
            let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                for listener in listeners {
                    let (listener, router) = (tokio::net::TcpListener::from_std(listener).unwrap(), router.clone());
                    tokio::spawn(async move { axum::serve(listener, router).await });
                }
                let _ = stopped.await;
            });
        });
        Self { behind, port: grafana.to_owned(), stop: Some(stop), thread: Some(thread) }
    }

    pub fn port(&self) -> &str {
        &self.port
    }

    /// Notices that came: to which channel, and what.
    pub fn notices(&self) -> Vec<(String, Value)> {
        self.behind.notices.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Asks Prometheus.
async fn ask(behind: &Behind, query: &str) -> Value {
    let url = format!("{}/api/v1/query?{query}", behind.prometheus);
    let mut command = tokio::process::Command::new("curl");
    command.args(["--silent", "--max-time", "5", "--noproxy", "*", &url]).stdin(Stdio::null());
    let output = command.output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

async fn metrics(State(behind): State<Arc<Behind>>, RawQuery(query): RawQuery) -> Response {
    answer(&ask(&behind, &query.unwrap_or_default()).await)
}

/// The three dashboards, with one panel each.
async fn dashboard(Path(uid): Path<String>) -> Response {
    let panel = json!({
        "id": 1, "title": "Requests", "type": "timeseries",
        "targets": [{ "refId": "A", "expr": "sum(rate(http_server_duration_milliseconds_count[1m]))",
                      "datasource": { "type": "prometheus", "uid": "prometheus" } }],
    });
    answer(
        &json!({ "meta": { "type": "db", "slug": uid }, "dashboard": { "uid": uid, "title": uid, "panels": [panel] } }),
    )
}

async fn panels(State(behind): State<Arc<Behind>>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut results = json!({});
    for query in asked["queries"].as_array().into_iter().flatten() {
        let form: String =
            reqwest::Url::parse_with_params("http://x/", [("query", query["expr"].as_str().unwrap_or_default())])
                .unwrap()
                .query()
                .unwrap()
                .to_owned();
        let found = ask(&behind, &form).await;
        let value = found["data"]["result"][0]["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
        let values = value.map_or(json!([]), |value| json!([[Utc::now().timestamp_millis()], [value]]));
        let id = query["refId"].as_str().unwrap_or("A");
        results[id] = json!({ "status": 200, "frames": [{ "schema": {}, "data": { "values": values } }] });
    }
    answer(&json!({ "results": results }))
}

/// What the first instance wrote in the last minute.
async fn written(behind: &Behind) -> Vec<Value> {
    let words = ["logs", "--timestamps", "--since", "1m", "--tail", "20", "compose-cryptoutil-postgres-1-1"];
    let mut command = Command::new("docker");
    command.args(["-H", &behind.engine]).args(words).stdin(Stdio::null());
    let output = tokio::process::Command::from(command).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        let (at, line) = line.split_once(' ')?;
        let at = chrono::DateTime::parse_from_rfc3339(at).ok()?.timestamp_nanos_opt()?;
        Some(json!([at.to_string(), line]))
    };
    text.lines().filter_map(line).collect()
}

async fn lines(State(behind): State<Arc<Behind>>) -> Response {
    let values = written(&behind).await;
    let stream = json!({ "stream": { "service_name": "kms-postgresql-1" }, "values": values });
    let result = if values.is_empty() { json!([]) } else { json!([stream]) };
    answer(&json!({ "status": "success", "data": { "resultType": "streams", "result": result } }))
}

async fn count(State(behind): State<Arc<Behind>>) -> Response {
    let count = written(&behind).await.len();
    let series = json!({ "metric": {}, "value": [Utc::now().timestamp(), count.to_string()] });
    let result = if count == 0 { json!([]) } else { json!([series]) };
    answer(&json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}

async fn traces() -> Response {
    let nanos = Utc::now().timestamp_micros() * 1000;
    let trace = json!({
        "traceID": "4bf92f3577b34da6a3ce929d0e0e4736", "rootServiceName": "kms-postgresql-1",
        "rootTraceName": "POST", "startTimeUnixNano": nanos.to_string(), "durationMs": 9,
    });
    answer(&json!({ "traces": [trace], "metrics": {} }))
}

/// What a collector says of itself.
async fn counter() -> String {
    let name = "otelcol_receiver_accepted_metric_points_total";
    format!("# TYPE {name} counter\n{name} {}\n", Utc::now().timestamp_millis() / 10)
}

async fn notice(
    State(behind): State<Arc<Behind>>,
    Path((channel, _)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    behind.notices.lock().unwrap().push((channel, serde_json::from_slice(&body).unwrap_or_default()));
    answer(&json!({ "ok": true }))
}
