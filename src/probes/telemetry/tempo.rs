//! Whether traces arrive.

use chrono::{DateTime, Utc};

use super::super::ctx::{Ctx, plain};
use super::super::seen::{Problem, Seen};
use super::super::since::{Since, age};
use super::Api;
use crate::runbook::kinds::Tempo;
use crate::words::{Value, short_duration};

/// The most traces that are asked for.
const MOST: &str = "100";

/// How many traces (at most a hundred), and how old the newest one is.
pub(super) async fn look(spec: &Tempo, ctx: &Ctx) -> Result<Seen, Problem> {
    let api = Api::new("Tempo", Some(&spec.url), &spec.auth, ctx)?;
    let (query, since) = (plain(&spec.query)?, Since::of(spec.since.as_ref(), ctx)?);
    // Whole seconds; the end lies a little ahead, for a store whose clock is.
    let (start, end) = (since.at.timestamp().to_string(), (Utc::now().timestamp() + 60).to_string());
    let parameters = [("q", query), ("start", &start), ("end", &end), ("limit", MOST)];
    let json = api.json("/api/search", &parameters).await?;
    let traces = match (&json["traces"], json.is_object()) {
        (serde_json::Value::Array(traces), _) => traces.clone(),
        // Tempo leaves the list out when it is empty.
        (serde_json::Value::Null, true) if json.get("metrics").is_some() => vec![],
        _ => {
            return Err(
                Problem::nothing("this is no answer of Tempo").hint("is `url:` the base address, before `/api`?")
            );
        }
    };
    let times = traces.iter().filter_map(|trace| {
        let nanos: i64 = trace["startTimeUnixNano"].as_str()?.parse().ok()?;
        Some(DateTime::from_timestamp_nanos(nanos))
    });
    let count = traces.len() as f64;
    let seen = |text: String| Seen::text(text).field("traces", Value::Number(count)).value(count);
    Ok(match times.max() {
        Some(newest) => {
            let old = age(newest);
            seen(format!("{count} traces, the newest {} old", short_duration(old))).field("age", Value::Duration(old))
        }
        None if count > 0.0 => seen(format!("{count} traces")).missing("age", "they have no time"),
        None => {
            let text = format!("no trace since {}", since.clock());
            seen(text.clone()).missing("age", text)
        }
    })
}
