//! An event of PagerDuty's events API v2: <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use std::future::Future;
use std::pin::Pin;

use chrono::{SecondsFormat, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Request, call};
use super::{Message, Notice, Pager, Tried, token};

/// The longest summary that PagerDuty takes, in characters.
const SUMMARY: usize = 1024;
/// The longest deduplication key that it takes.
const DEDUP_KEY: usize = 255;

impl Pager {
    fn body(&self, message: &Message) -> Value {
        let key = if message.key.len() > DEDUP_KEY { token(&message.key) } else { message.key.clone() };
        let summary: String = message.first_line().chars().take(SUMMARY).collect();
        json!({
            "routing_key": self.key,
            "event_action": "trigger",
            "dedup_key": key,
            "client": "flightdeck",
            "payload": {
                "summary": summary,
                "source": message.source,
                "severity": self.severity,
                "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
                "custom_details": { "text": message.text, "key": message.key },
            },
        })
    }
}

impl Notice for Pager {
    /// A second event with the same deduplication key joins the first one's alert.
    fn send<'a>(&'a self, message: &'a Message, _again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            let request = Request {
                method: Method::POST,
                url: format!("{}/v2/enqueue", self.url.trim_end_matches('/')),
                body: Some(self.body(message)),
                ..Request::default()
            };
            let answer = match call(request).await {
                Ok(answer) => answer,
                Err(tried) => return tried,
            };
            let text = |at: &str| answer.json[at].as_str().unwrap_or_default();
            match answer.status {
                StatusCode::ACCEPTED => {
                    let key = text("dedup_key");
                    Tried::Taken(answer.line_with(&format!("{}, dedup_key {key}", text("message"))))
                }
                // Another success is a proxy's page, not PagerDuty.
                status if status.is_success() => Tried::Refused(format!("{}; PagerDuty answers 202", answer.line())),
                _ => {
                    let errors: Vec<&str> =
                        answer.json["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    let said = match (text("message"), errors.join(", ")) {
                        ("", _) => answer.line(),
                        (message, errors) if errors.is_empty() => answer.line_with(message),
                        (message, errors) => answer.line_with(&format!("{message}: {errors}")),
                    };
                    answer.tried(said)
                }
            }
        })
    }
}
