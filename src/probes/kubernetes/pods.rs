//! Whether pods run and are ready: those of deployments, or all of the namespace.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::core::Selector;
use kube::core::params::ListParams;

use super::super::ctx::{Ctx, list, said};
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::pod::{self, Stand};
use super::{names, workload};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let names = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let (found, missing) = of(&cluster, names.as_deref()).await?;
    cluster.keep();
    Ok(standing(&found, &missing, chrono::Utc::now().timestamp()))
}

/// The pods of deployments, and the deployments that have none; or all pods of the namespace.
pub(super) async fn of(cluster: &Cluster<'_>, names: Option<&[String]>) -> Result<(Vec<Pod>, Vec<String>), Problem> {
    let api = cluster.objects::<Pod>();
    if names.is_none() {
        return Ok((cluster.told(api.list(&ListParams::default()).await)?.items, vec![]));
    }
    let (deployments, mut missing) = workload::deployments(cluster, names).await?;
    let mut found: Vec<Pod> = vec![];
    for (name, deployment) in deployments {
        let pods = cluster.told(api.list(&selecting(&deployment)?).await)?.items;
        let pods: Vec<Pod> = pods.into_iter().filter(|pod| of_a_set(pod, &name)).collect();
        let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        if pods.is_empty() && wanted > 0 {
            missing.push(name);
        }
        found.extend(pods);
    }
    Ok((found, missing))
}

/// The pods that a deployment's selector means.
fn selecting(deployment: &Deployment) -> Result<ListParams, Problem> {
    let selector = deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    let selector = Selector::try_from(selector)
        .map_err(|e| Problem::nothing(format!("a deployment's selector is not understood: {e}")))?;
    Ok(ListParams::default().labels_from(&selector))
}

/// Whether a pod belongs to a replica set of that deployment: a selector may mean another's pods too.
fn of_a_set(pod: &Pod, deployment: &str) -> bool {
    let owners = pod.metadata.owner_references.iter().flatten();
    let of = |name: &str| name.rsplit_once('-').is_some_and(|(set_of, _)| set_of == deployment);
    owners.filter(|owner| owner.kind == "ReplicaSet").any(|owner| of(&owner.name))
}

fn standing(found: &[Pod], missing: &[String], now: i64) -> Seen {
    let (mut ready, mut not_ready, mut over, mut restarts, mut killed) = (0, vec![], 0, 0, vec![]);
    for one in found {
        let name = one.metadata.name.clone().unwrap_or_default();
        match pod::stand(one, now) {
            Stand::Ready => ready += 1,
            Stand::NotReady(why) => not_ready.push(format!("{name} ({why})")),
            Stand::Over => {
                over += 1;
                continue;
            }
        }
        restarts += pod::restarts(one);
        if pod::out_of_memory(one) {
            killed.push(name);
        }
    }
    not_ready.sort();
    let parts = [
        Some(format!("{ready} of {} ready", found.len() - over)),
        said("not ready", &not_ready),
        said("missing", missing),
        (restarts > 0).then(|| format!("{restarts} restarts")),
    ];
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("ready", Value::Number(f64::from(ready)))
        .field("not_ready", list(&not_ready))
        .field("missing", list(missing))
        .field("restarts", Value::Number(f64::from(restarts)))
        .field("out_of_memory", list(&killed))
        .value(f64::from(ready))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, status: serde_json::Value) -> Pod {
        serde_json::from_value(json!({ "metadata": { "name": name, "ownerReferences": [
            { "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "kms-5d4f", "uid": "u" }] }, "status": status }))
        .unwrap()
    }

    #[test]
    fn each_pod_counts_once_and_the_missing_are_named() {
        let good = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
        let found = [
            pod("kms-5d4f-a", good),
            pod("kms-5d4f-b", json!({ "phase": "Failed", "reason": "Evicted" })),
            pod("job-1", json!({ "phase": "Succeeded" })),
        ];
        let seen = standing(&found, &["idp".into()], 0);
        assert_eq!(seen.text, "1 of 2 ready; not ready: kms-5d4f-b (Evicted); missing: idp");
        assert_eq!(seen.fields["ready"], Value::Number(1.0));
        assert_eq!(standing(&[], &[], 0).fields["ready"], Value::Number(0.0));
    }

    #[test]
    fn a_pod_belongs_to_the_deployment_of_its_replica_set() {
        let one = pod("kms-5d4f-a", json!({}));
        assert!(of_a_set(&one, "kms"));
        assert!(!of_a_set(&one, "kms-5d4f") && !of_a_set(&one, "km"));
    }
}
