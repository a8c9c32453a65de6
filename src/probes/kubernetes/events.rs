//! Warnings that the cluster noted since a time.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::Event;
use kube::core::params::ListParams;

use super::super::ctx::{Ctx, list, maybe, short};
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use crate::expr::{As, parse_value};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// How far back is looked when nothing is said, in seconds: so long the API server keeps events.
const BACK: f64 = 3600.0;

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let since = since(maybe(spec.since.as_ref())?, Utc::now())?;
    let cluster = Cluster::of(spec, ctx).await?;
    let warnings = ListParams::default().fields("type=Warning");
    let found = cluster.told(cluster.objects::<Event>().list(&warnings).await)?;
    cluster.keep();
    let mut found: Vec<(i64, String)> =
        found.items.iter().map(|event| (last(event), said(event))).filter(|(at, _)| *at >= since.timestamp()).collect();
    found.sort_by(|a, b| b.cmp(a));
    let warnings: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
    let text = match warnings.first() {
        None => "none".to_owned(),
        Some(newest) => format!("{}; newest: {newest}", warnings.len()),
    };
    Ok(Seen::text(text)
        .field("warnings", list(&warnings))
        .field("count", Value::Number(warnings.len() as f64))
        .value(warnings.len() as f64))
}

/// The time that a duration back, or a time, means.
fn since(text: Option<&str>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let Some(text) = text else { return Ok(back(now, BACK)) };
    if let Ok(Value::Duration(seconds)) = parse_value(text, As::Duration) {
        return Ok(back(now, seconds));
    }
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    time.map_err(|_| Problem::nothing(format!("`since: {text}` is neither a duration nor a time")))
}

fn back(now: DateTime<Utc>, seconds: f64) -> DateTime<Utc> {
    now - TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

/// When it happened last, in seconds since 1970.
fn last(event: &Event) -> i64 {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|t| t.0.as_second());
    let time = event.last_timestamp.as_ref().or(event.first_timestamp.as_ref()).map(|t| t.0.as_second());
    let times = [series, time, event.event_time.as_ref().map(|t| t.0.as_second())];
    times.into_iter().flatten().max().unwrap_or_default()
}

fn said(event: &Event) -> String {
    let of = &event.involved_object;
    let name = format!("{}/{}", of.kind.as_deref().unwrap_or("?").to_lowercase(), of.name.as_deref().unwrap_or("?"));
    let message = short(event.message.as_deref().unwrap_or_default(), 100);
    let times = event.count.filter(|count| *count > 1).map(|count| format!(" ({count} times)")).unwrap_or_default();
    format!("{name}: {}{times}: {message}", event.reason.as_deref().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_told_with_its_object_and_counts_from_when_it_was_seen_last() {
        let event: Event = serde_json::from_value(json!({
            "metadata": { "name": "e" }, "involvedObject": { "kind": "Pod", "name": "kms-1" }, "reason": "BackOff",
            "message": "Back-off restarting", "count": 4,
            "firstTimestamp": "1970-01-01T00:01:00Z", "lastTimestamp": "1970-01-01T00:02:00Z",
        }))
        .unwrap();
        assert_eq!(said(&event), "pod/kms-1: BackOff (4 times): Back-off restarting");
        assert_eq!(last(&event), 120);
    }

    #[test]
    fn since_is_a_duration_back_or_a_time() {
        let now = DateTime::from_timestamp(10_000, 0).unwrap();
        assert_eq!(since(None, now).unwrap().timestamp(), 6_400);
        assert_eq!(since(Some("10m"), now).unwrap().timestamp(), 9_400);
        assert_eq!(since(Some("1970-01-01T00:10:00Z"), now).unwrap().timestamp(), 600);
        assert!(since(Some("soon"), now).unwrap_err().why.contains("soon"));
    }
}
