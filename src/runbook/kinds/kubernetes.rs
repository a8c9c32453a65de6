//! What a look at a Kubernetes cluster may be told, and what it gives.

use serde::{Deserialize, Serialize};

use crate::expr::{Template, Type};
use crate::words::Unit;

/// What of a cluster is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KubernetesOf {
    /// The API server itself, and what this login may do.
    #[default]
    Api,
    /// Pods: of deployments, or all of the namespace.
    Pods,
    /// Whether deployments are rolled out.
    Rollout,
    /// Secrets that must be there.
    Secrets,
    /// The environment in the deployments' templates.
    Environment,
    /// What pods use.
    Stats,
    /// Warnings that the cluster noted.
    Events,
    /// Who stands behind Services.
    Service,
}

/// Which figure of [`KubernetesOf::Stats`] is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KubernetesFigure {
    /// Processor time, of the pod that uses most; 1 is one processor.
    #[default]
    Cpu,
    /// Processor time against its limit, of the pod that is nearest to it.
    CpuShare,
    /// Memory of all pods.
    Memory,
    /// Memory against its limit, of the pod that is nearest to it.
    MemoryShare,
    /// Restarts of all pods.
    Restarts,
}

/// A Kubernetes cluster and what runs on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kubernetes {
    /// What is looked at.
    pub of: KubernetesOf,
    /// Context of the kubeconfig.
    pub context: Option<Template>,
    /// Namespace.
    pub namespace: Option<Template>,
    /// Deployments by name; the name of a target group stands for those of its targets.
    pub deployments: Vec<Template>,
    /// Services by name. With `deployments`, only their pods may stand behind them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Template>,
    /// What this login must be allowed to do: `patch deployments`, `create jobs.batch`.
    pub may: Vec<Template>,
    /// Secrets by name, each alone or with one of its keys: `db`, `db/password`.
    pub secrets: Vec<Template>,
    /// Glob of manifests: what their Secrets hold, and what their workloads want, must be there.
    pub manifests: Option<Template>,
    /// From when on warnings count: a duration back, or an RFC 3339 time.
    pub since: Option<Template>,
    /// Which figure is drawn.
    pub figure: KubernetesFigure,
}

impl Kubernetes {
    /// Every text of the settings.
    pub fn texts(&mut self) -> Vec<&mut Template> {
        let lone = [&mut self.context, &mut self.namespace, &mut self.manifests, &mut self.since];
        let lists = self.deployments.iter_mut().chain(&mut self.services).chain(&mut self.may).chain(&mut self.secrets);
        lone.into_iter().flatten().chain(lists).collect()
    }

    /// The unit of its figure when the probe names none.
    pub fn unit(&self) -> Unit {
        match (self.of, self.figure) {
            (KubernetesOf::Api, _) => Unit::Ms,
            (
                KubernetesOf::Stats,
                KubernetesFigure::Cpu | KubernetesFigure::CpuShare | KubernetesFigure::MemoryShare,
            ) => Unit::Ratio,
            (KubernetesOf::Stats, KubernetesFigure::Memory) => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// What its look gives, and what it expects by itself; `figure` is the type of its figure.
    pub fn fields(&self, figure: Type) -> (Vec<(&'static str, Type)>, &'static [&'static str]) {
        use Type::{Bool, Duration, Number, Ratio, Size, Text};
        let texts = || Type::list(Text);
        match self.of {
            KubernetesOf::Api => (
                vec![
                    ("reachable", Bool),
                    ("denied", texts()),
                    ("version", Text),
                    ("namespace_found", Bool),
                    ("latency", Duration),
                ],
                &["reachable", "denied is empty"],
            ),
            KubernetesOf::Pods => (
                vec![
                    ("ready", Number),
                    ("not_ready", texts()),
                    ("missing", texts()),
                    ("restarts", Number),
                    ("out_of_memory", texts()),
                ],
                &["ready > 0", "not_ready is empty", "missing is empty"],
            ),
            KubernetesOf::Rollout => (
                vec![
                    ("complete", Bool),
                    ("missing", texts()),
                    ("waiting", texts()),
                    ("stuck", texts()),
                    ("revision", Type::map(Number)),
                    ("images", Type::map(Text)),
                ],
                // Together they are `complete`, each with its own words when it fails.
                &["missing is empty", "stuck is empty", "waiting is empty"],
            ),
            KubernetesOf::Secrets => (
                vec![("missing", texts()), ("missing_keys", texts()), ("count", Number)],
                &["missing is empty", "missing_keys is empty"],
            ),
            KubernetesOf::Environment => (
                vec![("secret_like", texts()), ("from_secrets", texts()), ("missing", texts()), ("count", Number)],
                &["secret_like is empty", "missing is empty"],
            ),
            KubernetesOf::Stats => (
                vec![
                    ("cpu", Ratio),
                    ("cpu_share", Ratio),
                    ("memory", Size),
                    ("memory_share", Ratio),
                    ("restarts", Number),
                    ("value", figure),
                ],
                &[],
            ),
            KubernetesOf::Service => (
                vec![
                    ("ready", Number),
                    ("unserved", texts()),
                    ("others", texts()),
                    ("not_ready", texts()),
                    ("missing", texts()),
                    ("selector", Type::map(Type::map(Text))),
                ],
                &["missing is empty", "unserved is empty", "others is empty"],
            ),
            KubernetesOf::Events => (vec![("warnings", texts()), ("count", Number)], &[]),
        }
    }
}
