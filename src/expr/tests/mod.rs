//! Tables of what the language accepts, refuses, says and gives.

mod checking;
mod evaluating;
mod explaining;
mod laws;
mod parsing;
mod reading;
mod templates;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::*;
use crate::words::{Look, ProbeId, Unit, Value, Verdict};

/// The names of RUNBOOK.md's example.
fn names() -> BTreeMap<String, Type> {
    let service = Type::item([("deployment", Type::Text), ("health", Type::Text), ("says", Type::Text)]);
    let step =
        Type::record([("outcome", Type::choice(["passed", "failed"])), ("started", Type::Time), ("ended", Type::Time)]);
    let of = [
        ("environment", Type::choice(["staging", "prod"])),
        ("platform", Type::choice(["compose", "kubernetes"])),
        ("components", Type::Flags(vec!["kms".into(), "identity".into()])),
        ("release", Type::Text),
        ("namespace", Type::Text),
        ("hosts", Type::list(Type::Text)),
        ("replicas", Type::Number),
        ("quiet", Type::Bool),
        ("db_url", Type::Secret),
        ("services", Type::record([("kms", service.clone()), ("authz", service.clone())])),
        ("item", service),
        ("ready", Type::ProbeGroup { unit: Unit::Ms, keys: vec!["kms".into(), "authz".into()] }),
        ("database", Type::Probe(Unit::Count)),
        ("p95", Type::Probe(Unit::Ms)),
        ("error_rate", Type::Probe(Unit::Ratio)),
        ("restarts", Type::Probe(Unit::Count)),
        ("memory", Type::Probe(Unit::Bytes)),
        ("coverage", Type::Ratio),
        ("tested", Type::Version),
        ("pins", Type::record([("revision", Type::map(Type::Number))])),
        ("steps", Type::record([("apply", step)])),
        ("objectives", Type::record([("rto", Type::Duration)])),
        ("answer", Type::Time),
        ("status", Type::Number),
        ("latency", Type::Duration),
        ("days_left", Type::Number),
        ("largest", Type::Size),
        ("body", Type::Text),
        ("json", Type::Any),
        ("headers", Type::map(Type::Text)),
        ("foreign", Type::list(Type::Text)),
    ];
    of.into_iter().map(|(name, of)| (name.to_owned(), of)).collect()
}

/// A world in which some things are known and some are not.
#[derive(Default)]
struct World {
    values: BTreeMap<String, Value>,
    probes: BTreeMap<String, ProbeNow>,
    raw: bool,
}

impl Scope for World {
    fn value(&self, name: &str) -> Value {
        self.values.value(name)
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            ["components", choice] => chosen(&self.value("components"), choice),
            ["item", field] => self.member(&["services", "kms", field]),
            path => self.values.member(path),
        }
    }

    fn probe(&self, probe: &ProbeId) -> Option<ProbeNow> {
        self.probes.get(probe.as_str()).cloned()
    }

    fn raw_looks(&self) -> bool {
        self.raw
    }

    fn window(&self, probe: &ProbeId, window: Window) -> Vec<f64> {
        let all = match probe.as_str() {
            "p95" => vec![0.1, 0.2, 0.3, 0.4],
            "restarts" => vec![7.0, 9.0, 1.0],
            _ => vec![],
        };
        match window {
            Window::Samples(samples) => all[all.len().saturating_sub(samples)..].to_vec(),
            Window::Seconds(_) => all,
        }
    }

    fn baseline(&self, probe: &ProbeId) -> Option<f64> {
        (probe.as_str() == "p95").then_some(0.1)
    }

    fn success_rate(&self, probe: &ProbeId) -> Option<f64> {
        (probe.as_str() == "ready").then_some(1.0)
    }

    fn uptime(&self, probe: &ProbeId) -> Option<f64> {
        (probe.as_str() == "ready").then_some(0.9995)
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        Some(time("2026-11-24T09:00:00Z"))
    }

    fn file_of_secret(&self, name: &str) -> Option<String> {
        (name == "db_url").then(|| "/run/secret/db_url".to_owned())
    }
}

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn world() -> World {
    let service = |says: &str| map([("deployment", text("kms-deployment")), ("says", text(says))]);
    let json = serde_json::json!({
        "status": "degraded", "n": 142, "word": "9", "nothing": null, "list": [{"a": 1}, {"a": 2}],
        "log-level": "info", "flags": ["up"], "deep": {"ok": true},
    });
    let values = [
        ("environment", text("prod")),
        ("platform", text("kubernetes")),
        ("components", texts(&["kms"])),
        ("release", text("1.2.10")),
        ("namespace", text("")),
        ("hosts", texts(&["a", "b"])),
        ("quiet", Value::Bool(false)),
        ("replicas", Value::Number(3.0)),
        ("db_url", text("postgres://u:s3cret@h/db")),
        ("services", map([("kms", service("ok")), ("authz", service("healthy"))])),
        ("item", text("kms")),
        ("coverage", Value::Ratio(0.952)),
        ("tested", Value::Version("1.2.9".into())),
        ("pins", map([("revision", map([("kms", Value::Number(12.0))]))])),
        ("objectives", map([("rto", Value::Duration(300.0))])),
        ("answer", Value::Time(time("2026-11-12T00:00:00Z"))),
        ("status", Value::Number(503.0)),
        ("latency", Value::Duration(0.142)),
        ("days_left", Value::Number(12.0)),
        ("largest", Value::Size(3.0 * 1024.0 * 1024.0)),
        ("body", text("ERROR: no\nconnection")),
        ("json", Value::from_json(&json)),
        ("foreign", Value::List(vec![])),
    ];
    let now = |verdict, look, value, unit| ProbeNow { verdict, look, value, unit };
    let probes = [
        ("ready", now(Verdict::Ok, Look::Bad, None, Unit::Count)),
        ("ready.kms", now(Verdict::Ok, Look::Bad, Some(0.012), Unit::Ms)),
        ("ready.authz", now(Verdict::Bad, Look::Good, Some(0.02), Unit::Ms)),
        ("database", now(Verdict::NoData, Look::NoData, None, Unit::Count)),
        ("flap", now(Verdict::Flapping, Look::Good, None, Unit::Count)),
        ("p95", now(Verdict::Ok, Look::Good, Some(0.16), Unit::Ms)),
        ("error_rate", now(Verdict::Ok, Look::Good, Some(0.06), Unit::Ratio)),
        ("restarts", now(Verdict::Ok, Look::Good, Some(1.0), Unit::Count)),
    ];
    World {
        values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        probes: probes.into_iter().map(|(name, now)| (name.to_owned(), now)).collect(),
        raw: false,
    }
}
