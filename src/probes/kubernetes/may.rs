//! What this login may do: `patch deployments`, `create jobs.batch`, `get pods/log`.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::core::params::PostParams;

use super::cluster::Cluster;
use crate::probes::seen::Problem;

/// Resources that belong to a group and are named without it, as kubectl finds them at the API server itself
/// (Kubernetes API reference, groups).
const GROUPS: [(&str, &[&str]); 9] = [
    ("apps", &["deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"]),
    ("batch", &["jobs", "cronjobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("policy", &["poddisruptionbudgets"]),
    ("coordination.k8s.io", &["leases"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies", "ingressclasses"]),
    ("rbac.authorization.k8s.io", &["roles", "rolebindings", "clusterroles", "clusterrolebindings"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("storage.k8s.io", &["storageclasses"]),
];

/// A right as a runbook writes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Right {
    verb: String,
    group: String,
    resource: String,
    sub: Option<String>,
}

/// Reads `VERB RESOURCE[.GROUP][/SUBRESOURCE]`.
pub(super) fn read(text: &str) -> Result<Right, Problem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [verb, of] = words.as_slice() else {
        return Err(Problem::nothing(format!(
            "`{text}` is no right: a verb and a resource, as in `patch deployments`"
        )));
    };
    let (of, sub) = of.split_once('/').map_or((*of, None), |(of, sub)| (of, Some(sub.to_owned())));
    let (resource, group) = match of.split_once('.') {
        Some((resource, group)) => (resource, group),
        None => (of, GROUPS.iter().find(|(_, kinds)| kinds.contains(&of)).map_or("", |(group, _)| group)),
    };
    Ok(Right { verb: (*verb).to_owned(), group: group.to_owned(), resource: resource.to_owned(), sub })
}

/// Whether the login has a right in the namespace.
pub(super) async fn allowed(cluster: &Cluster<'_>, right: Right) -> Result<bool, Problem> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(right.verb),
                group: Some(right.group),
                resource: Some(right.resource),
                subresource: right.sub,
                namespace: Some(cluster.namespace.clone()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let answer = cluster.told(reviews.create(&PostParams::default(), &review).await)?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_read_as_it_is_said() {
        let of = |text| read(text).map(|r| (r.verb, r.group, r.resource, r.sub));
        let is = |verb: &str, group: &str, resource: &str, sub: Option<&str>| {
            Ok((verb.to_owned(), group.to_owned(), resource.to_owned(), sub.map(str::to_owned)))
        };
        assert_eq!(of("patch deployments"), is("patch", "apps", "deployments", None));
        assert_eq!(of("create jobs.batch"), is("create", "batch", "jobs", None));
        assert_eq!(of("get secrets"), is("get", "", "secrets", None));
        assert_eq!(of("get pods/log"), is("get", "", "pods", Some("log")));
        assert_eq!(of("list pods.metrics.k8s.io"), is("list", "metrics.k8s.io", "pods", None));
        assert!(of("deployments").unwrap_err().why.contains("`deployments`"));
    }
}
