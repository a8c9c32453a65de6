//! Who stands behind Services: their selectors, the endpoints that the cluster found for them, and whose pods these are.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::core::params::ListParams;

use super::super::ctx::{Ctx, list, said};
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::failure::is_absent;
use super::{names, pods};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// The label by which slices name their Service.
const OF: &str = "kubernetes.io/service-name";

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let services = names(&spec.services)?.unwrap_or_default();
    let deployments = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let (mut found, mut missing) = (vec![], vec![]);
    for name in services {
        match cluster.objects::<Service>().get(&name).await {
            Ok(service) => {
                let of = ListParams::default().labels(&format!("{OF}={name}"));
                let slices = cluster.told(cluster.objects::<EndpointSlice>().list(&of).await)?.items;
                found.push((name, service, slices));
            }
            Err(error) if is_absent(&error) => missing.push(name),
            Err(error) => return cluster.told(Err(error)),
        }
    }
    let allowed: Option<BTreeSet<String>> = match &deployments {
        None => None,
        Some(names) => {
            let (pods, _) = pods::of(&cluster, Some(names)).await?;
            Some(pods.into_iter().filter_map(|pod| pod.metadata.name).collect())
        }
    };
    cluster.keep();
    Ok(standing(&found, &missing, allowed.as_ref()))
}

fn standing(
    found: &[(String, Service, Vec<EndpointSlice>)],
    missing: &[String],
    allowed: Option<&BTreeSet<String>>,
) -> Seen {
    let (mut ready, mut waiting, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut selectors, mut alone) = (BTreeMap::new(), vec![]);
    for (name, service, slices) in found {
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default();
        let selector = selector.into_iter().map(|(label, value)| (label, Value::Text(value)));
        selectors.insert(name.clone(), Value::Map(selector.collect()));
        let before = ready.len();
        for endpoint in slices.iter().flat_map(|slice| &slice.endpoints) {
            let pod = endpoint.target_ref.as_ref().filter(|of| of.kind.as_deref() == Some("Pod"));
            let who = pod.and_then(|of| of.name.clone()).or_else(|| endpoint.addresses.first().cloned());
            let who = who.unwrap_or_default();
            // Without a word about it an endpoint counts as ready, as the API says.
            if endpoint.conditions.as_ref().and_then(|c| c.ready) == Some(false) {
                waiting.insert(who);
                continue;
            }
            if allowed.is_some_and(|allowed| pod.is_none() || !allowed.contains(&who)) {
                others.insert(who.clone());
            }
            ready.insert(who);
        }
        if ready.len() == before {
            alone.push(name.clone());
        }
    }
    let texts = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    let (count, waiting, others) = (ready.len() as f64, texts(waiting), texts(others));
    let colours = selectors.values().filter_map(|s| match s {
        Value::Map(labels) => Some(labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")),
        _ => None,
    });
    let parts = [
        Some(format!("{count} ready behind {}", colours.collect::<Vec<_>>().join("; "))),
        said("nothing ready behind", &alone),
        said("others", &others),
        said("not ready", &waiting),
        said("missing", missing),
    ];
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("ready", Value::Number(count))
        .field("unserved", list(&alone))
        .field("not_ready", list(&waiting))
        .field("others", list(&others))
        .field("missing", list(missing))
        .field("selector", Value::Map(selectors))
        .value(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(name: &str, colour: &str, endpoints: serde_json::Value) -> (String, Service, Vec<EndpointSlice>) {
        let service =
            json!({ "metadata": { "name": name }, "spec": { "selector": { "app": name, "colour": colour } } });
        let slice = json!({ "metadata": {}, "addressType": "IPv4", "endpoints": endpoints, "ports": [] });
        (name.to_owned(), serde_json::from_value(service).unwrap(), vec![serde_json::from_value(slice).unwrap()])
    }

    fn endpoint(pod: &str, ready: Option<bool>) -> serde_json::Value {
        json!({ "addresses": ["10.0.0.1"], "conditions": { "ready": ready }, "targetRef": { "kind": "Pod", "name": pod } })
    }

    fn names(list: &[&str]) -> Value {
        Value::List(list.iter().map(|n| Value::Text((*n).to_owned())).collect())
    }

    #[test]
    fn only_what_is_ready_counts_and_strangers_are_named() {
        let kms = service(
            "kms",
            "green",
            json!([
                endpoint("kms-green-a", Some(true)),
                endpoint("kms-green-b", Some(false)),
                endpoint("kms-blue-a", None)
            ]),
        );
        let allowed = BTreeSet::from(["kms-green-a".to_owned(), "kms-green-b".to_owned()]);
        let seen = standing(&[kms], &[], Some(&allowed));
        assert_eq!(seen.text, "2 ready behind app=kms,colour=green; others: kms-blue-a; not ready: kms-green-b");
        assert_eq!(seen.fields["others"], names(&["kms-blue-a"]));
        let Value::Map(selectors) = &seen.fields["selector"] else { panic!("{:?}", seen.fields) };
        let Value::Map(labels) = &selectors["kms"] else { panic!("{selectors:?}") };
        assert_eq!(labels["colour"], Value::Text("green".into()));
    }

    #[test]
    fn a_service_that_leads_nowhere_is_named_beside_one_that_does() {
        let one = service("kms", "blue", json!([endpoint("kms-blue-a", Some(true))]));
        let two = service("idp", "blue", json!([]));
        let seen = standing(&[one, two], &["rs".into()], None);
        assert_eq!(seen.fields["unserved"], names(&["idp"]));
        assert_eq!(seen.fields["missing"], names(&["rs"]));
        assert_eq!(seen.fields["others"], names(&[]), "nobody said whose pods they must be");
    }
}
