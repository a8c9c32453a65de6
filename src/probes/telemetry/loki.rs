//! Whether streams have lines.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::super::ctx::{Ctx, plain};
use super::super::logs::tidy;
use super::super::seen::{Problem, Seen};
use super::super::since::{Since, age};
use super::Api;
use crate::runbook::kinds::Loki;
use crate::words::{Value, short_duration};

/// A line of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::probes) struct Line {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Its text.
    pub text: String,
}

/// How many lines, and how old the newest one is.
pub(super) async fn look(spec: &Loki, ctx: &Ctx) -> Result<Seen, Problem> {
    let api = Api::new("Loki", Some(&spec.url), &spec.auth, ctx)?;
    let (query, since) = (plain(&spec.query)?, Since::of(spec.since.as_ref(), ctx)?);
    let newest = newest(&api, query, since, 1).await?;
    let Some(line) = newest.first() else {
        let text = format!("no line since {}", since.clock());
        return Ok(none(Seen::text(text.clone()), &text));
    };
    let seconds = (Utc::now() - since.at).num_seconds().max(1);
    // A line may have come between the two questions; that there is one is known.
    let count = count(&api, query, seconds).await?.max(1) as f64;
    let old = age(line.at);
    Ok(Seen::text(format!("{count} lines, the newest {} old", short_duration(old)))
        .field("lines", Value::Number(count))
        .field("age", Value::Duration(old))
        .field("newest", Value::Text(tidy(&line.text)))
        .value(count))
}

fn none(seen: Seen, why: &str) -> Seen {
    seen.field("lines", Value::Number(0.0)).value(0.0).missing("age", why).missing("newest", why)
}

/// How many lines a query gives in the last seconds.
pub(in crate::probes) async fn count(api: &Api<'_>, query: &str, seconds: i64) -> Result<u64, Problem> {
    let query = format!("sum(count_over_time({query} [{seconds}s]))");
    let json = api.json("/loki/api/v1/query", &[("query", &query)]).await?;
    match json["data"]["result"].as_array() {
        // No line, no series.
        Some(series) if series.is_empty() => Ok(0),
        Some(series) => {
            let raw = series[0]["value"][1].as_str().and_then(|n| n.parse::<f64>().ok());
            raw.map(|n| n.max(0.0) as u64).ok_or_else(|| Problem::nothing("Loki's count is no number"))
        }
        None => Err(other(&json)),
    }
}

/// The newest lines of a query, the newest first.
pub(in crate::probes) async fn newest(
    api: &Api<'_>,
    query: &str,
    since: Since,
    most: usize,
) -> Result<Vec<Line>, Problem> {
    let (start, limit) = (since.rfc3339(), most.to_string());
    let parameters = [("query", query), ("start", &start), ("limit", &limit), ("direction", "backward")];
    let json = api.json("/loki/api/v1/query_range", &parameters).await?;
    let data = &json["data"];
    if data["resultType"] == "matrix" {
        return Err(Problem::nothing("the query gives figures, wanted lines")
            .hint("for a figure of Loki write `prometheus:` with `url: …/loki`"));
    }
    let streams = data["result"].as_array().ok_or_else(|| other(&json))?;
    let values = streams.iter().filter_map(|stream| stream["values"].as_array()).flatten();
    let mut lines: Vec<Line> = values.filter_map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines.truncate(most);
    Ok(lines)
}

fn line(pair: &Json) -> Option<Line> {
    let nanos: i64 = pair[0].as_str()?.parse().ok()?;
    Some(Line { at: DateTime::from_timestamp_nanos(nanos), text: pair[1].as_str()?.to_owned() })
}

fn other(json: &Json) -> Problem {
    match json["error"].as_str() {
        Some(error) => Problem::nothing(format!("Loki refuses the query: {}", super::super::ctx::short(error, 120))),
        None => Problem::nothing("this is no answer of Loki").hint("is `url:` the base address, before `/loki/api`?"),
    }
}
