//! What looks like a secret in the environment of the deployments' templates: names only, a value leaves this file never.

use super::super::ctx::{Ctx, list, said};
use super::super::secret_like::is_secret_like;
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::{names, workload};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let names = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let (found, missing) = workload::deployments(&cluster, names.as_deref()).await?;
    cluster.keep();
    if found.is_empty() && missing.is_empty() {
        return Err(Problem::nothing(format!("the namespace {} has no deployments", cluster.namespace))
            .hint("is it the right namespace? `kubectl get deployments --all-namespaces`"));
    }
    let (mut secret_like, mut from_secrets) = (vec![], vec![]);
    for (name, deployment) in &found {
        let pods = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        let Some(pods) = pods else { continue };
        let containers = pods.containers.iter().chain(pods.init_containers.iter().flatten());
        for variable in containers.flat_map(|container| container.env.iter().flatten()) {
            let said = format!("{name}: {}", variable.name);
            let literal = variable.value.as_deref().unwrap_or_default();
            if is_secret_like(&format!("{}={literal}", variable.name)) {
                secret_like.push(said);
            } else if variable.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some()) {
                from_secrets.push(said);
            }
        }
    }
    let parts = [
        Some(if secret_like.is_empty() {
            format!("none in {} deployments", found.len())
        } else {
            secret_like.join(", ")
        }),
        said("missing", &missing),
        (!from_secrets.is_empty()).then(|| format!("{} from secrets", from_secrets.len())),
    ];
    Ok(Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("secret_like", list(&secret_like))
        .field("from_secrets", list(&from_secrets))
        .field("missing", list(&missing))
        .field("count", Value::Number(found.len() as f64))
        .value(secret_like.len() as f64))
}
