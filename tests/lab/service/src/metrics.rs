//! Figures of the answers, as Prometheus reads them, under the names that the real system's are translated to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::kms::answer;
use crate::{Service, say};

/// Upper ends of the histogram, in milliseconds.
const ENDS: [f64; 14] =
    [5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0];

/// How many answers were within each end, all, and their time.
#[derive(Default)]
struct Histogram {
    within: [u64; ENDS.len()],
    count: u64,
    sum: f64,
}

/// By method, route and status.
#[derive(Default)]
pub struct Metrics {
    answers: Mutex<BTreeMap<(String, String, u16), Histogram>>,
    asked: AtomicU64,
}

/// Lets the faults of answers happen, and measures.
pub async fn measured(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let path = request.uri().path().to_owned();
    let faults = service.faults.get();
    let nth = service.metrics.asked.fetch_add(1, Ordering::Relaxed);
    if !faults.slow.is_zero() {
        tokio::time::sleep(faults.slow).await;
    }
    // Spread evenly: of a hundred in a row, as many as wanted fail.
    let response = if nth % 100 * 37 % 100 < faults.errors {
        answer(500, &json!({ "status": 500, "error": "Internal Server Error", "message": "fault" }))
    } else {
        next.run(request).await
    };
    let (status, took) = (response.status().as_u16(), begun.elapsed().as_secs_f64() * 1e3);
    say::line("INFO", &format!("{status} {method} {path} {took:.1}ms"));
    let mut answers = service.metrics.answers.lock().unwrap();
    let histogram = answers.entry((method, route, status)).or_default();
    histogram.count += 1;
    histogram.sum += took;
    for (end, within) in ENDS.iter().zip(&mut histogram.within) {
        *within += u64::from(took <= *end);
    }
    drop(answers);
    response
}

pub fn router(service: Arc<Service>) -> Router {
    Router::new().route("/metrics", get(text)).with_state(service)
}

async fn text(State(service): State<Arc<Service>>) -> String {
    let name = "http_server_duration_milliseconds";
    let mut text = format!("# HELP {name} Time of an answer.\n# TYPE {name} histogram\n");
    for ((method, route, status), histogram) in service.metrics.answers.lock().unwrap().iter() {
        let labels = format!("http_method=\"{method}\",http_route=\"{route}\",http_status_code=\"{status}\"");
        for (end, within) in ENDS.iter().zip(histogram.within) {
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{end}\"}} {within}");
        }
        let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", histogram.count);
        let _ = writeln!(text, "{name}_sum{{{labels}}} {}", histogram.sum);
        let _ = writeln!(text, "{name}_count{{{labels}}} {}", histogram.count);
    }
    let (open, used) = service.keys.connections();
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Memory in use.", resident()),
        ("db_connections_open", "Connections to the database.", open as u64),
        ("db_connections_in_use", "Those that are used.", used as u64),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    let version = &service.version;
    let _ = writeln!(
        text,
        "# HELP build_info The release.\n# TYPE build_info gauge\nbuild_info{{version=\"{version}\"}} 1"
    );
    text
}

/// Bytes of memory that the process holds.
pub fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
