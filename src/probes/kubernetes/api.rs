//! Whether the API server answers and is ready, and what this login may do there.

use std::time::Instant;

use k8s_openapi::apimachinery::pkg::version::Info;
use kube::Error;
use serde::de::IgnoredAny;

use super::super::ctx::{Ctx, list, said, short, texts};
use super::super::seen::{Means, Problem, Seen};
use super::cluster::Cluster;
use super::{failure, may};
use crate::runbook::kinds::Kubernetes;
use crate::words::{Value, short_duration};

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Seen {
    let seen = async {
        let cluster = Cluster::of(spec, ctx).await?;
        let seen = ask(spec, &cluster).await?;
        cluster.keep();
        Ok::<Seen, Problem>(seen)
    };
    seen.await.unwrap_or_else(|problem: Problem| {
        let seen = Seen::text(problem.why.clone());
        // A kubeconfig that cannot be used says nothing about the server.
        match problem.means {
            Means::Failing => seen.field("reachable", Value::Bool(false)).problem(problem),
            Means::Nothing => seen.problem(problem),
        }
    })
}

async fn ask(spec: &Kubernetes, cluster: &Cluster<'_>) -> Result<Seen, Problem> {
    let rights =
        texts(&spec.may)?.iter().map(|text| Ok((text.clone(), may::read(text)?))).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let ready = cluster.text("", "readyz").await;
    let latency = start.elapsed().as_secs_f64();
    let ready = match ready {
        // What is not ready says so with 500 and the names of the sick parts.
        Err(Error::Api(status)) if status.code >= 500 => {
            return Err(Problem::failing(format!("the API server is not ready: {}", sick(&status.message)))
                .hint("`kubectl get --raw '/readyz?verbose'` names the part that is sick"));
        }
        other => cluster.told(other)?,
    };
    if ready.trim() != "ok" {
        return Err(Problem::failing(format!("the API server is not ready: {}", sick(&ready))));
    }
    let Info { git_version, .. } = cluster.told(cluster.get("", "version").await)?;
    let mut denied = vec![];
    let mut unknown = None;
    for (text, right) in rights {
        match may::allowed(cluster, right).await {
            Ok(true) => {}
            Ok(false) => denied.push(text),
            Err(problem) => unknown = Some(problem.why),
        }
    }
    let parts = [
        Some(format!("Kubernetes {git_version}, {}", short_duration(latency))),
        said("denied", &denied),
        unknown.as_ref().map(|_| "rights unknown".to_owned()),
    ];
    let mut seen = Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("reachable", Value::Bool(true))
        .field("version", Value::Text(git_version))
        .field("latency", Value::Duration(latency))
        .value(latency);
    seen = match unknown {
        // What is known to be denied is, whatever else could not be asked.
        Some(why) if denied.is_empty() => seen.missing("denied", why),
        _ => seen.field("denied", list(&denied)),
    };
    Ok(match cluster.get::<IgnoredAny>("/api/v1/namespaces", &cluster.namespace).await {
        Ok(_) => seen.field("namespace_found", Value::Bool(true)),
        Err(error) if failure::is_absent(&error) => seen.field("namespace_found", Value::Bool(false)),
        Err(error) => seen.missing("namespace_found", failure::failure(&error, "the API server").why),
    })
}

/// The sick parts of `[-]etcd failed: reason withheld`, one a line; else the text's beginning.
fn sick(text: &str) -> String {
    let parts: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[-]"))
        .map(|line| line.split(" failed").next().unwrap_or(line))
        .collect();
    if parts.is_empty() { short(text, 80) } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sick_parts_are_named() {
        let text = "[+]ping ok\n[-]etcd failed: reason withheld\n[-]informer-sync failed: reason withheld\nreadyz check failed";
        assert_eq!(sick(text), "etcd, informer-sync");
        assert_eq!(sick("no"), "no");
    }
}
