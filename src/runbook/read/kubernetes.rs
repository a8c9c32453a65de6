//! Looks at a Kubernetes cluster.

use crate::runbook::Fault;
use crate::runbook::kinds::{Kubernetes, KubernetesFigure, KubernetesOf};
use crate::runbook::model::Want;

use super::reader::Cx;

impl Cx<'_, '_, '_> {
    /// The settings of a look at a cluster.
    pub(super) fn kubernetes(&mut self) -> Kubernetes {
        let of = self.word(
            "of",
            &[
                ("api", KubernetesOf::Api),
                ("pods", KubernetesOf::Pods),
                ("rollout", KubernetesOf::Rollout),
                ("secrets", KubernetesOf::Secrets),
                ("environment", KubernetesOf::Environment),
                ("stats", KubernetesOf::Stats),
                ("events", KubernetesOf::Events),
                ("service", KubernetesOf::Service),
            ],
        );
        let figure = self.word(
            "figure",
            &[
                ("cpu", KubernetesFigure::Cpu),
                ("cpu_share", KubernetesFigure::CpuShare),
                ("memory", KubernetesFigure::Memory),
                ("memory_share", KubernetesFigure::MemoryShare),
                ("restarts", KubernetesFigure::Restarts),
            ],
        );
        let look = Kubernetes {
            of: of.unwrap_or_default(),
            context: self.hidden("context"),
            namespace: self.hidden("namespace"),
            deployments: self.texts("deployments", Want::Hidden),
            services: self.texts("services", Want::Hidden),
            may: self.texts("may", Want::Hidden),
            secrets: self.texts("secrets", Want::Hidden),
            manifests: self.hidden("manifests"),
            since: self.hidden("since"),
            figure: figure.unwrap_or_default(),
        };
        let lacks = match look.of {
            _ if of.is_none() => None,
            KubernetesOf::Rollout if self.get("deployments").is_none() => Some("`deployments`"),
            KubernetesOf::Service if self.get("services").is_none() => Some("`services`"),
            KubernetesOf::Secrets
                if ["deployments", "secrets", "manifests"].iter().all(|key| self.get(key).is_none()) =>
            {
                Some("`secrets`, `manifests` or `deployments`")
            }
            _ => None,
        };
        if let Some(keys) = lacks {
            let fault = Fault::error(self.node.at, format!("this look at kubernetes needs {keys}"));
            self.reader
                .faults
                .push(fault.hint("a target group may stand for its deployments: `deployments: services`"));
        }
        look
    }
}
