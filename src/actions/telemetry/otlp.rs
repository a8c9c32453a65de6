//! Spans as OTLP's JSON: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use chrono::{DateTime, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::actions::call::{Request, Tried, call};

/// How what a span stands for ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nothing is said.
    #[default]
    Unset,
    /// As wanted.
    Ok,
    /// Not as wanted, and why.
    Error(String),
}

/// A piece of a run with a beginning and an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace, from [`super::trace_id`].
    pub trace: String,
    /// Its id, from [`super::span_id`].
    pub id: String,
    /// The span that it is part of.
    pub parent: Option<String>,
    /// What it is called.
    pub name: String,
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended; the beginning when that is later, as after a clock was set.
    pub end: DateTime<Utc>,
    /// What is known of it, by name.
    pub attributes: Vec<(&'static str, Value)>,
    /// How it ended.
    pub status: SpanStatus,
}

/// A receiver of spans.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// Where they are posted.
    pub url: String,
    /// Headers, name and value.
    pub headers: Vec<(String, String)>,
    /// What is known of who sends, by name.
    pub resource: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Collector {
    /// Without the headers, which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Collector {
    /// The address for an endpoint: `/v1/traces` is added unless it stands there.
    pub fn traces_of(endpoint: &str) -> String {
        let endpoint = endpoint.trim_end_matches('/');
        if endpoint.ends_with("/v1/traces") { endpoint.to_owned() } else { format!("{endpoint}/v1/traces") }
    }

    /// Posts spans. A receiver that has them already finds the same ids.
    pub(super) async fn post(&self, spans: &[Span]) -> Tried {
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: Some(self.body(spans)),
            ..Request::default()
        };
        let answer = match call(request).await {
            Ok(answer) => answer,
            Err(tried) => return tried,
        };
        let partial = &answer.json["partialSuccess"];
        // 64-bit numbers are texts in this format; some receivers write numbers.
        let rejected = match &partial["rejectedSpans"] {
            Value::String(text) => text.parse().unwrap_or(0),
            number => number.as_u64().unwrap_or(0),
        };
        match answer.status {
            status if status.is_success() && rejected > 0 => {
                let why = partial["errorMessage"].as_str().unwrap_or_default();
                Tried::Refused(answer.line_with(&format!("{rejected} spans were not taken: {why}")))
            }
            // The others of the 5xx are not to be tried again, says the format.
            StatusCode::INTERNAL_SERVER_ERROR => Tried::Refused(answer.line()),
            _ => answer.tried(answer.line()),
        }
    }

    fn body(&self, spans: &[Span]) -> Value {
        let scope = json!({ "name": "flightdeck", "version": env!("CARGO_PKG_VERSION") });
        let resource: Vec<Value> = self.resource.iter().map(|(n, v)| attribute(n, &Value::from(v.as_str()))).collect();
        let spans: Vec<Value> = spans.iter().map(Span::json).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": scope, "spans": spans }],
        }] })
    }
}

impl Span {
    fn json(&self) -> Value {
        let nanos = |at: DateTime<Utc>| (i128::from(at.timestamp_micros()) * 1000).to_string();
        let attributes: Vec<Value> = self.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
        let status = match &self.status {
            SpanStatus::Unset => json!({}),
            SpanStatus::Ok => json!({ "code": 1 }),
            SpanStatus::Error(why) => json!({ "code": 2, "message": why }),
        };
        let mut span = json!({
            "traceId": self.trace, "spanId": self.id, "name": self.name, "kind": 1,
            "startTimeUnixNano": nanos(self.start), "endTimeUnixNano": nanos(self.end.max(self.start)),
            "attributes": attributes, "status": status,
        });
        if let Some(parent) = &self.parent {
            span["parentSpanId"] = parent.as_str().into();
        }
        span
    }
}

fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::Bool(truth) => json!({ "boolValue": truth }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        other => json!({ "stringValue": other.to_string() }),
    };
    json!({ "key": name, "value": value })
}
