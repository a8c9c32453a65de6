//! Kubernetes, through its API: the API server and what this login may do there, and the deployments, pods, secrets,
//! figures and warnings of a namespace.

mod api;
mod cluster;
mod environment;
mod events;
mod failure;
mod logs;
mod manifests;
mod may;
mod place;
mod pod;
mod pods;
mod quantity;
mod rollout;
mod secrets;
mod service;
mod stats;
mod way;
mod workload;

pub(super) use cluster::{Cluster, ClusterCache};
pub(super) use logs::PodLog;
pub(super) use way::{Way, way};

use super::ctx::{Ctx, texts};
use super::seen::{Means, Problem, Seen};
use crate::expr::Template;
use crate::runbook::kinds::{Kubernetes, KubernetesOf};

/// An error of the API in words.
pub(super) fn cluster_trouble(error: &kube::Error) -> Problem {
    failure::failure(error, "the API server")
}

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Seen {
    let seen = match spec.of {
        KubernetesOf::Api => return api::look(spec, ctx).await,
        KubernetesOf::Pods => pods::look(spec, ctx).await,
        KubernetesOf::Rollout => rollout::look(spec, ctx).await,
        KubernetesOf::Secrets => secrets::look(spec, ctx).await,
        KubernetesOf::Environment => environment::look(spec, ctx).await,
        KubernetesOf::Stats => stats::look(spec, ctx).await,
        KubernetesOf::Events => events::look(spec, ctx).await,
        KubernetesOf::Service => service::look(spec, ctx).await,
    };
    // A cluster that is not reached says nothing about what runs on it.
    seen.unwrap_or_else(|problem| Problem { means: Means::Nothing, ..problem }.into())
}

/// Names of objects, as they may stand in a path of the API; `None` where the runbook names none at all.
fn names(templates: &[Template]) -> Result<Option<Vec<String>>, Problem> {
    if templates.is_empty() {
        return Ok(None);
    }
    let names = texts(templates)?;
    if names.is_empty() {
        return Err(Problem::nothing("none of the deployments that it looks at is on"));
    }
    match names.iter().find(|name| !is_name(name)) {
        Some(wrong) => Err(Problem::nothing(format!("`{wrong}` is no name of a Kubernetes object"))),
        None => Ok(Some(names)),
    }
}

/// Whether a text may be an object's name (a DNS subdomain, RFC 1123).
fn is_name(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    !text.is_empty() && text.len() <= 253 && text.bytes().all(fine) && !text.starts_with('.')
}
