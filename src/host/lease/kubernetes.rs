//! The lock as a Lease of Kubernetes.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use kube::Error;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::params::GetParams;
use kube::core::request::Request;
use serde_json::{Value, json};

use super::{At, Found, LASTS, Own, Trouble};
use crate::engine::LeaseHolder;
use crate::probes::{Ctx, ReachedCluster, reach_cluster, words_of_cluster};

const RUN: &str = "flightdeck/run";
const PURPOSE: &str = "flightdeck/purpose";
const TAKEN_FROM: &str = "flightdeck/taken-over-from";
const REASON: &str = "flightdeck/taken-over-because";

/// Looks, takes what is free, renews what is ours; takes over what a person wants taken over, from this run.
pub(super) async fn turn(at: &At, ctx: &Ctx, own: &Own, over: Option<(&str, &str)>) -> Result<Found, Trouble> {
    let cluster = reached(at, ctx).await?;
    // Somebody may be quicker between a look and a write: then it is looked at again.
    for _ in 0..3 {
        let Some(found) = read(&cluster, at).await? else {
            let fresh = lease(at, own, &json!({}), &own.since, 0);
            match write(&cluster, at, None, &fresh).await {
                Err(Error::Api(status)) if status.code == 409 => continue,
                other => other.map_err(trouble)?,
            }
            return Ok(Found::Ours { fresh: true });
        };
        let held = holder(&found);
        let (run, text) = (|| Some((held.as_ref()?.run.as_str(), over?)))().unzip();
        let taken = text.filter(|(from, _)| run == Some(*from));
        let mut next = match &held {
            Some(held) if held.run == own.run => {
                let since = found.pointer("/spec/acquireTime").and_then(Value::as_str).unwrap_or(&own.since);
                lease(at, own, &found, since, 0)
            }
            Some(held) if taken.is_none() => {
                return Ok(Found::Theirs { holder: held.clone(), stamp: stamp(&found), lasts: lasts(&found) });
            }
            _ => lease(at, own, &found, &own.since, 1),
        };
        if let (Some(held), Some((_, reason))) = (&held, taken) {
            next["metadata"]["annotations"][TAKEN_FROM] = json!(format!("{} ({})", held.who, held.run));
            next["metadata"]["annotations"][REASON] = json!(reason);
        }
        match write(&cluster, at, Some(&found), &next).await {
            Err(Error::Api(status)) if status.code == 409 || status.code == 404 => {}
            other => return other.map(|()| Found::Ours { fresh: false }).map_err(trouble),
        }
    }
    Err(Trouble::Passing("others write the Lease at the same moment".into()))
}

/// Takes the Lease away, if it is still ours.
pub(super) async fn release(at: &At, ctx: &Ctx, own: &Own) -> Result<(), Trouble> {
    let cluster = reached(at, ctx).await?;
    let Some(found) = read(&cluster, at).await?.filter(|f| holder(f).is_some_and(|h| h.run == own.run)) else {
        return Ok(());
    };
    let text = |at: &str| found.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let only = Preconditions { resource_version: text("/metadata/resourceVersion"), uid: text("/metadata/uid") };
    let options = DeleteParams { preconditions: Some(only), ..DeleteParams::default() };
    let request = Request::new(path(&cluster)).delete(&at.name, &options).map_err(Error::BuildRequest);
    match async { cluster.client.request::<Value>(request?).await }.await {
        Ok(_) => Ok(()),
        Err(Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        // Who may write it but not delete it leaves it without a holder.
        Err(Error::Api(status)) if status.code == 403 => {
            let mut free = found.clone();
            free["spec"]["holderIdentity"] = json!("");
            write(&cluster, at, Some(&found), &free).await.map_err(trouble)
        }
        Err(error) => Err(trouble(error)),
    }
}

async fn reached(at: &At, ctx: &Ctx) -> Result<ReachedCluster, Trouble> {
    reach_cluster(ctx, at.context.as_deref(), at.namespace.as_deref()).await.map_err(Trouble::Passing)
}

fn path(cluster: &ReachedCluster) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", cluster.namespace)
}

async fn read(cluster: &ReachedCluster, at: &At) -> Result<Option<Value>, Trouble> {
    let request = Request::new(path(cluster)).get(&at.name, &GetParams::default()).map_err(Error::BuildRequest);
    match async { cluster.client.request::<Value>(request?).await }.await {
        Ok(found) => Ok(Some(found)),
        Err(Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(trouble(error)),
    }
}

async fn write(cluster: &ReachedCluster, at: &At, before: Option<&Value>, lease: &Value) -> Result<(), Error> {
    let data = serde_json::to_vec(lease).map_err(Error::SerdeError)?;
    let (request, options) = (Request::new(path(cluster)), PostParams::default());
    let request = match before {
        Some(_) => request.replace(&at.name, &options, data),
        None => request.create(&options, data),
    };
    cluster.client.request::<Value>(request.map_err(Error::BuildRequest)?).await.map(drop)
}

/// The Lease as this run writes it over what was there.
fn lease(at: &At, own: &Own, before: &Value, since: &str, passed: u64) -> Value {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    // MicroTime wants its six digits.
    let since = match since.strip_suffix('Z').filter(|rest| !rest.contains('.')) {
        Some(rest) => format!("{rest}.000000Z"),
        None => since.to_owned(),
    };
    let count = before.pointer("/spec/leaseTransitions").and_then(Value::as_u64).unwrap_or(0) + passed;
    let mut lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {
            "name": at.name,
            "labels": { "app.kubernetes.io/managed-by": "flightdeck" },
            "annotations": { RUN: own.run, PURPOSE: own.purpose },
        },
        "spec": {
            "holderIdentity": format!("{}/{}", own.who, own.run),
            "leaseDurationSeconds": LASTS.as_secs(),
            "acquireTime": since, "renewTime": now, "leaseTransitions": count,
        },
    });
    if let Some(version) = before.pointer("/metadata/resourceVersion") {
        lease["metadata"]["resourceVersion"] = version.clone();
    }
    // What a take-over left stays readable as long as its lock is held.
    for name in [TAKEN_FROM, REASON] {
        if let (0, Some(text)) = (passed, before["metadata"]["annotations"].get(name)) {
            lease["metadata"]["annotations"][name] = text.clone();
        }
    }
    lease
}

/// Who has it; none when nobody does.
fn holder(lease: &Value) -> Option<LeaseHolder> {
    let text = |at: &str| lease.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let identity = text("/spec/holderIdentity");
    if identity.is_empty() {
        return None;
    }
    let note = |name: &str| lease["metadata"]["annotations"][name].as_str().unwrap_or_default().to_owned();
    let (who, run) = identity.rsplit_once('/').unwrap_or((&identity, &identity));
    Some(LeaseHolder {
        who: who.to_owned(),
        run: run.to_owned(),
        purpose: note(PURPOSE),
        since: text("/spec/acquireTime"),
        dead: false,
    })
}

/// Changes with each sign of life.
fn stamp(lease: &Value) -> String {
    format!("{} {}", lease["metadata"]["resourceVersion"], lease["spec"]["renewTime"])
}

fn lasts(lease: &Value) -> Duration {
    Duration::from_secs(lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or(LASTS.as_secs()).clamp(1, 3600))
}

fn trouble(error: Error) -> Trouble {
    let words = words_of_cluster(&error);
    match error {
        Error::Api(status) if (400..500).contains(&status.code) && status.code != 429 => Trouble::Lasting(words),
        _ => Trouble::Passing(words),
    }
}
