//! Whether deployments are rolled out, decided as `kubectl rollout status` does (its deployment status viewer).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;

use super::super::ctx::{Ctx, list, said};
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::{names, workload};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// The annotation that numbers a deployment's revisions.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let names = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let (found, missing) = workload::deployments(&cluster, names.as_deref()).await?;
    cluster.keep();
    Ok(rolled_out(&found, &missing))
}

/// How far one rollout is.
#[derive(Debug, PartialEq, Eq)]
enum Stand {
    Complete,
    Waiting(String),
    Stuck(String),
}

fn of(deployment: &Deployment) -> Stand {
    let status = deployment.status.clone().unwrap_or_default();
    if deployment.metadata.generation.unwrap_or_default() > status.observed_generation.unwrap_or_default() {
        return Stand::Waiting("the change is not observed yet".into());
    }
    let progress = status.conditions.iter().flatten().find(|condition| condition.type_ == "Progressing");
    if progress.is_some_and(|condition| condition.reason.as_deref() == Some("ProgressDeadlineExceeded")) {
        return Stand::Stuck("exceeded its progress deadline".into());
    }
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let count = |replicas: Option<i32>| replicas.unwrap_or_default();
    let (updated, all) = (count(status.updated_replicas), count(status.replicas));
    let available = count(status.available_replicas);
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused).unwrap_or_default();
    if updated < wanted {
        let paused = if paused { "; it is paused" } else { "" };
        Stand::Waiting(format!("{updated} of {wanted} new pods are made{paused}"))
    } else if all > updated {
        Stand::Waiting(format!("{} old pods are still there", all - updated))
    } else if available < updated {
        Stand::Waiting(format!("{available} of {updated} new pods are available"))
    } else {
        Stand::Complete
    }
}

fn images(deployment: &Deployment) -> String {
    let pods = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let images = pods.into_iter().flat_map(|spec| &spec.containers).filter_map(|container| container.image.clone());
    images.collect::<Vec<_>>().join(", ")
}

fn rolled_out(found: &[(String, Deployment)], missing: &[String]) -> Seen {
    let (mut waiting, mut stuck, mut done) = (vec![], vec![], 0);
    let (mut revision, mut image) = (BTreeMap::new(), BTreeMap::new());
    for (name, deployment) in found {
        match of(deployment) {
            Stand::Complete => done += 1,
            Stand::Waiting(why) => waiting.push(format!("{name} ({why})")),
            Stand::Stuck(why) => stuck.push(format!("{name} ({why})")),
        }
        let number = deployment.metadata.annotations.as_ref().and_then(|all| all.get(REVISION));
        let number = number.and_then(|text| text.parse().ok()).map_or(Value::NoData, Value::Number);
        revision.insert(name.clone(), number);
        image.insert(name.clone(), Value::Text(images(deployment)));
    }
    let complete = waiting.is_empty() && stuck.is_empty() && missing.is_empty() && done > 0;
    let parts = [
        Some(format!("{done} rolled out")),
        said("stuck", &stuck),
        said("missing", missing),
        said("waiting", &waiting),
    ];
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("complete", Value::Bool(complete))
        .field("missing", list(missing))
        .field("waiting", list(&waiting))
        .field("stuck", list(&stuck))
        .field("revision", Value::Map(revision))
        .field("images", Value::Map(image))
        .value(f64::from(done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(generation: i64, status: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "kms", "generation": generation, "annotations": { REVISION: "7" } },
            "spec": {
                "replicas": 2, "selector": {},
                "template": { "spec": { "containers": [{ "name": "kms", "image": "kms:2" }] } },
            },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn a_rollout_is_complete_as_kubectl_has_it() {
        let status = |updated: i32, all: i32, available: i32| json!({ "observedGeneration": 3, "updatedReplicas": updated, "replicas": all, "availableReplicas": available });
        let said = |generation, status| match of(&deployment(generation, status)) {
            Stand::Complete => "complete".to_owned(),
            Stand::Waiting(why) | Stand::Stuck(why) => why,
        };
        assert_eq!(said(3, status(2, 2, 2)), "complete");
        assert_eq!(said(4, status(2, 2, 2)), "the change is not observed yet");
        assert_eq!(said(3, status(1, 3, 2)), "1 of 2 new pods are made");
        assert_eq!(said(3, status(2, 3, 3)), "1 old pods are still there");
        assert_eq!(said(3, status(2, 2, 1)), "1 of 2 new pods are available");
        let mut late = status(1, 3, 2);
        late["conditions"] =
            json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" }]);
        assert_eq!(said(3, late.clone()), "exceeded its progress deadline");
        // A deadline of an older change says nothing about one that is not observed yet.
        assert_eq!(said(4, late), "the change is not observed yet");
    }

    #[test]
    fn nothing_or_something_missing_is_not_complete() {
        let whole = deployment(
            1,
            json!({ "observedGeneration": 1, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2 }),
        );
        let found = [("kms".to_owned(), whole)];
        let seen = rolled_out(&found, &[]);
        assert_eq!(seen.fields["complete"], Value::Bool(true));
        assert_eq!(seen.fields["revision"], Value::Map([("kms".to_owned(), Value::Number(7.0))].into()));
        assert_eq!(seen.fields["images"], Value::Map([("kms".to_owned(), Value::Text("kms:2".into()))].into()));
        assert_eq!(rolled_out(&found, &["idp".into()]).fields["complete"], Value::Bool(false));
        assert_eq!(rolled_out(&[], &[]).fields["complete"], Value::Bool(false));
    }
}
