//! The ways to a cluster and to an engine that looks take, for what the host has to do there itself (the lock at the
//! target): the same kubeconfig, login, certificates and words for what goes wrong.

use kube::Client;

use super::ctx::Ctx;
use super::docker::{Engine, engine_trouble};
use super::kubernetes::{Cluster, cluster_trouble};
use super::seen::Problem;
use crate::expr::Template;
use crate::runbook::kinds::Kubernetes;

/// A cluster, and the namespace that is meant.
pub struct ReachedCluster {
    /// What it is asked through.
    pub client: Client,
    /// The namespace.
    pub namespace: String,
}

impl std::fmt::Debug for ReachedCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReachedCluster").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// The cluster of a kubeconfig's context, as a probe with this context would reach it.
///
/// # Errors
/// In words, with what to do.
pub async fn reach_cluster(
    ctx: &Ctx,
    context: Option<&str>,
    namespace: Option<&str>,
) -> Result<ReachedCluster, String> {
    let spec = Kubernetes {
        context: context.map(Template::plain),
        namespace: namespace.map(Template::plain),
        ..Kubernetes::default()
    };
    let cluster = Cluster::of(&spec, ctx).await.map_err(words)?;
    cluster.keep();
    Ok(ReachedCluster { client: cluster.client.clone(), namespace: cluster.namespace.clone() })
}

/// The engine that commands with this context's environment would talk to.
///
/// # Errors
/// In words, with what to do.
pub async fn reach_engine(ctx: &Ctx) -> Result<bollard::Docker, String> {
    Engine::of(ctx).await.map(|engine| engine.client).map_err(words)
}

/// What a cluster's error means.
pub fn words_of_cluster(error: &kube::Error) -> String {
    words(cluster_trouble(error))
}

/// What an engine's error means.
pub fn words_of_engine(error: &bollard::errors::Error) -> String {
    words(engine_trouble(error))
}

fn words(problem: Problem) -> String {
    match problem.hint {
        Some(hint) => format!("{} ({hint})", problem.why),
        None => problem.why,
    }
}
