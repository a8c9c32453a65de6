//! Images that are there, with what they are made of.

use std::collections::{BTreeMap, HashMap};

use bollard::models::ImageInspect;
use chrono::{DateTime, Utc};

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::containers::is_gone;
use super::engine::Engine;
use super::{list, said, texts};
use crate::runbook::kinds::Docker;
use crate::words::{Value, short_duration};

/// Looks once.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Result<Seen, Problem> {
    let names = texts(&spec.images)?;
    let engine = Engine::of(ctx).await?;
    let mut found = vec![];
    let mut missing = vec![];
    for name in &names {
        let answer = engine.client.inspect_image(name).await;
        if is_gone(&answer) {
            missing.push(name.clone());
        } else {
            found.push((name.clone(), engine.told(answer)?));
        }
    }
    Ok(there(found, &missing, Utc::now()))
}

fn there(found: Vec<(String, ImageInspect)>, missing: &[String], now: DateTime<Utc>) -> Seen {
    let mut maps = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    let mut oldest: Option<f64> = None;
    let count = found.len();
    for (name, image) in found {
        let [ids, digests, labels] = &mut maps;
        ids.insert(name.clone(), Value::Text(image.id.unwrap_or_default()));
        // One that was built here and never pushed has none.
        let digest = image.repo_digests.unwrap_or_default().into_iter().next();
        digests.insert(name.clone(), digest.map_or(Value::NoData, Value::Text));
        labels.insert(name, of_labels(image.config.and_then(|c| c.labels).unwrap_or_default()));
        let created = image.created.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        let age = created.map(|t| (now - t.to_utc()).as_seconds_f64().max(0.0));
        oldest = [oldest, age].into_iter().flatten().reduce(f64::max);
    }
    let [ids, digests, labels] = maps;
    let age = oldest.map(|age| format!("oldest {} old", short_duration(age)));
    let parts = [Some(format!("{count} there")), age, said("missing", missing)];
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("missing", list(missing))
        .field("id", Value::Map(ids))
        .field("digest", Value::Map(digests))
        .field("labels", Value::Map(labels))
        .field("age", oldest.map_or(Value::NoData, Value::Duration))
        .value(count as f64)
}

fn of_labels(labels: HashMap<String, String>) -> Value {
    Value::Map(labels.into_iter().map(|(name, value)| (name, Value::Text(value))).collect())
}
