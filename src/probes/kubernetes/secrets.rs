//! Whether secrets are there with their keys. A value is dropped while the answer is read: only names get further.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodSpec;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::ctx::{Ctx, list, maybe, said, texts};
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::failure::is_absent;
use super::{is_name, manifests, names, workload};
use crate::runbook::kinds::Kubernetes;
use crate::words::Value;

/// Secrets with the keys that each must have.
pub(super) type Wanted = BTreeMap<String, BTreeSet<String>>;

/// A secret as it is read: its keys.
#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    data: Option<BTreeMap<String, IgnoredAny>>,
}

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let mut wanted = named(&texts(&spec.secrets)?)?;
    if let Some(glob) = maybe(spec.manifests.as_ref())? {
        let glob = ctx.path(glob);
        let found = ctx.blocked(move || manifests::wanted(&glob)).await??;
        for (secret, keys) in found {
            wanted.entry(secret).or_default().extend(keys);
        }
    }
    let deployments = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let mut without = vec![];
    if deployments.is_some() {
        let (found, missing) = workload::deployments(&cluster, deployments.as_deref()).await?;
        for pods in found.iter().filter_map(|(_, one)| one.spec.as_ref()?.template.spec.as_ref()) {
            of_pods(pods, &mut wanted);
        }
        without = missing;
    }
    if let Some(name) = without.first() {
        return Err(Problem::nothing(format!("the deployment {name} is not there, so nobody can say what it wants")));
    }
    if wanted.is_empty() {
        return Err(Problem::nothing("no secret is named or wanted"));
    }
    let (mut missing, mut missing_keys) = (vec![], vec![]);
    let path = format!("/api/v1/namespaces/{}/secrets", cluster.namespace);
    for (secret, keys) in &wanted {
        match cluster.get::<Keys>(&path, secret).await {
            Ok(found) => {
                let found = found.data.unwrap_or_default();
                missing_keys
                    .extend(keys.iter().filter(|key| !found.contains_key(*key)).map(|k| format!("{secret}/{k}")));
            }
            Err(error) if is_absent(&error) => missing.push(secret.clone()),
            Err(error) => return cluster.told(Err(error)),
        }
    }
    cluster.keep();
    let there = wanted.len() - missing.len();
    let parts = [Some(format!("{there} there")), said("missing", &missing), said("keys missing", &missing_keys)];
    Ok(Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("missing", list(&missing))
        .field("missing_keys", list(&missing_keys))
        .field("count", Value::Number(there as f64))
        .value(there as f64))
}

/// `db` and `db/password`.
fn named(texts: &[String]) -> Result<Wanted, Problem> {
    let mut wanted = Wanted::new();
    for text in texts {
        let (secret, key) = text.split_once('/').map_or((text.as_str(), None), |(secret, key)| (secret, Some(key)));
        if !is_name(secret) {
            return Err(Problem::nothing(format!("`{secret}` is no name of a secret")));
        }
        wanted.entry(secret.to_owned()).or_default().extend(key.map(str::to_owned));
    }
    Ok(wanted)
}

/// What pods of a template want before they start.
pub(super) fn of_pods(pods: &PodSpec, wanted: &mut Wanted) {
    let mut want = |secret: &str, optional: Option<bool>, keys: &mut dyn Iterator<Item = String>| {
        if !optional.unwrap_or_default() && is_name(secret) {
            wanted.entry(secret.to_owned()).or_default().extend(keys);
        }
    };
    let none = || std::iter::empty::<String>();
    for container in pods.containers.iter().chain(pods.init_containers.iter().flatten()) {
        let keys = container.env.iter().flatten().filter_map(|one| one.value_from.as_ref()?.secret_key_ref.as_ref());
        for key in keys {
            want(&key.name, key.optional, &mut std::iter::once(key.key.clone()));
        }
        for whole in container.env_from.iter().flatten().filter_map(|one| one.secret_ref.as_ref()) {
            want(&whole.name, whole.optional, &mut none());
        }
    }
    for volume in pods.volumes.iter().flatten() {
        if let Some(secret) = &volume.secret {
            let keys = secret.items.iter().flatten().map(|item| item.key.clone());
            want(secret.secret_name.as_deref().unwrap_or_default(), secret.optional, &mut { keys });
        }
        let projected = volume.projected.iter().flat_map(|all| all.sources.iter().flatten());
        for secret in projected.filter_map(|source| source.secret.as_ref()) {
            let keys = secret.items.iter().flatten().map(|item| item.key.clone());
            want(&secret.name, secret.optional, &mut { keys });
        }
    }
    for pull in pods.image_pull_secrets.iter().flatten() {
        want(&pull.name, None, &mut none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_pods_want_is_found_wherever_it_stands() {
        let pods: PodSpec = serde_json::from_value(json!({
            "containers": [{
                "name": "kms",
                "env": [
                    { "name": "A", "value": "plain" },
                    { "name": "B", "valueFrom": { "secretKeyRef": { "name": "db", "key": "url" } } },
                    { "name": "C", "valueFrom": { "secretKeyRef": { "name": "maybe", "key": "x", "optional": true } } },
                ],
                "envFrom": [{ "secretRef": { "name": "all" } }],
            }],
            "initContainers": [{ "name": "i", "env": [
                { "name": "D", "valueFrom": { "secretKeyRef": { "name": "db", "key": "user" } } }] }],
            "volumes": [
                { "name": "v", "secret": { "secretName": "unseal", "items": [{ "key": "one", "path": "1" }] } },
                { "name": "w", "projected": { "sources": [{ "secret": { "name": "tls" } }] } },
            ],
            "imagePullSecrets": [{ "name": "registry" }],
        }))
        .unwrap();
        let mut wanted = Wanted::new();
        of_pods(&pods, &mut wanted);
        let said: Vec<String> =
            wanted.iter().map(|(s, k)| format!("{s}: {}", k.iter().cloned().collect::<Vec<_>>().join(","))).collect();
        assert_eq!(said, ["all: ", "db: url,user", "registry: ", "tls: ", "unseal: one"]);
    }

    #[test]
    fn secrets_are_named_alone_or_with_a_key() {
        let wanted = named(&["db".into(), "db/url".into(), "tls".into()]).unwrap();
        assert_eq!(wanted["db"], BTreeSet::from(["url".to_owned()]));
        assert!(wanted["tls"].is_empty());
        assert!(named(&["../x".into()]).unwrap_err().why.contains("`..`"));
    }
}
