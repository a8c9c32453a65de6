//! Deployments, by name or all of the namespace.

use k8s_openapi::api::apps::v1::Deployment;
use kube::core::params::ListParams;

use super::cluster::Cluster;
use super::failure::is_absent;
use crate::probes::seen::Problem;

/// The deployments that were asked for, and the names of those that are not there.
pub(super) async fn deployments(
    cluster: &Cluster<'_>,
    names: Option<&[String]>,
) -> Result<(Vec<(String, Deployment)>, Vec<String>), Problem> {
    let api = cluster.objects::<Deployment>();
    let Some(names) = names else {
        let all = cluster.told(api.list(&ListParams::default()).await)?;
        let named = |one: Deployment| (one.metadata.name.clone().unwrap_or_default(), one);
        return Ok((all.items.into_iter().map(named).collect(), vec![]));
    };
    let (mut found, mut missing) = (vec![], vec![]);
    for name in names {
        match api.get(name).await {
            Ok(deployment) => found.push((name.clone(), deployment)),
            Err(error) if is_absent(&error) => missing.push(name.clone()),
            Err(error) => return cluster.told(Err(error)),
        }
    }
    Ok((found, missing))
}
