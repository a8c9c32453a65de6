//! What pods use, as the metrics server has it: processor time, memory, and restarts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::cluster::Cluster;
use super::failure::failure;
use super::{names, pod, pods, quantity};
use crate::runbook::kinds::{Kubernetes, KubernetesFigure};
use crate::words::{Unit, Value};

#[derive(Deserialize)]
struct Metrics {
    items: Vec<PodMetrics>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Named,
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    usage: BTreeMap<String, String>,
}

/// What one pod uses.
#[derive(Clone, Debug, PartialEq)]
struct Use {
    name: String,
    /// Processors in use.
    cpu: f64,
    /// Processors that it may have; none where a container has no limit.
    cpu_limit: Option<f64>,
    /// Bytes.
    memory: f64,
    /// Bytes that it may have.
    memory_limit: Option<f64>,
}

/// Looks once.
pub(super) async fn look(spec: &Kubernetes, ctx: &Ctx) -> Result<Seen, Problem> {
    let names = names(&spec.deployments)?;
    let cluster = Cluster::of(spec, ctx).await?;
    let (found, _) = pods::of(&cluster, names.as_deref()).await?;
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}", cluster.namespace);
    let metrics = match cluster.get::<Metrics>(&path, "pods").await {
        Ok(metrics) => metrics,
        // Not registered, or registered and not there.
        Err(kube::Error::Api(status)) if [404, 503].contains(&status.code) => {
            return Err(Problem::nothing("no figures: this cluster has no metrics server, or it is not ready")
                .hint("`kubectl top pods` needs it too; Prometheus may have the figures"));
        }
        Err(error) => return Err(failure(&error, "the API server")),
    };
    cluster.keep();
    let restarts: i32 = found.iter().map(pod::restarts).sum();
    let uses: Vec<Use> = metrics
        .items
        .into_iter()
        .filter_map(|one| {
            Some(of(&one, found.iter().find(|p| p.metadata.name.as_deref() == Some(&one.metadata.name))?))
        })
        .collect();
    if uses.is_empty() {
        return Err(
            Problem::nothing("no figures of these pods yet").hint("the metrics server knows a pod after a minute")
        );
    }
    Ok(used(&uses, f64::from(restarts), spec.figure))
}

fn of(metrics: &PodMetrics, pod: &Pod) -> Use {
    let sum = |name: &str| {
        metrics.containers.iter().filter_map(|c| c.usage.get(name)).filter_map(|text| quantity::read(text)).sum()
    };
    let limit = |name: &str| -> Option<f64> {
        let containers = &pod.spec.as_ref()?.containers;
        let each = containers.iter().map(|c| quantity::read(&c.resources.as_ref()?.limits.as_ref()?.get(name)?.0));
        // Without a limit in one of them the pod has none.
        each.sum::<Option<f64>>().filter(|limit| *limit > 0.0)
    };
    Use {
        name: metrics.metadata.name.clone(),
        cpu: sum("cpu"),
        cpu_limit: limit("cpu"),
        memory: sum("memory"),
        memory_limit: limit("memory"),
    }
}

fn used(uses: &[Use], restarts: f64, figure: KubernetesFigure) -> Seen {
    let most = |of: fn(&Use) -> Option<f64>| {
        let known = uses.iter().filter_map(|one| Some((of(one)?, one.name.as_str())));
        known.reduce(|a, b| if b.0 > a.0 { b } else { a })
    };
    let cpu = most(|one| Some(one.cpu));
    let cpu_share = most(|one| Some(one.cpu / one.cpu_limit?));
    let share = most(|one| Some(one.memory / one.memory_limit?));
    let memory: f64 = uses.iter().map(|one| one.memory).sum();
    let parts = [
        cpu.map(|(cpu, name)| format!("cpu {} ({name})", Unit::Ratio.show(cpu))),
        Some(format!("memory {}", Unit::Bytes.show(memory))),
        share.map(|(share, name)| format!("{} of its limit ({name})", Unit::Ratio.show(share))),
        (restarts > 0.0).then(|| format!("{restarts} restarts")),
    ];
    let figure = match figure {
        KubernetesFigure::Cpu => cpu.map(|(cpu, _)| cpu),
        KubernetesFigure::CpuShare => cpu_share.map(|(share, _)| share),
        KubernetesFigure::Memory => Some(memory),
        KubernetesFigure::MemoryShare => share.map(|(share, _)| share),
        KubernetesFigure::Restarts => Some(restarts),
    };
    let ratio = |of: Option<(f64, &str)>| of.map_or(Value::NoData, |(value, _)| Value::Ratio(value));
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        .field("cpu", ratio(cpu))
        .field("cpu_share", ratio(cpu_share))
        .field("memory", Value::Size(memory))
        .field("memory_share", ratio(share))
        .field("restarts", Value::Number(restarts))
        .value(figure.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_uses_the_sum_of_its_containers_against_the_sum_of_their_limits() {
        let metrics: PodMetrics = serde_json::from_value(json!({
            "metadata": { "name": "kms-1" },
            "containers": [{ "usage": { "cpu": "250m", "memory": "32Mi" } }, { "usage": { "cpu": "50000000n", "memory": "32Mi" } }],
        }))
        .unwrap();
        let pod = |limits: serde_json::Value| -> Pod {
            let container = |limits: &serde_json::Value| json!({ "name": "c", "resources": { "limits": limits } });
            serde_json::from_value(
                json!({ "metadata": {}, "spec": { "containers": [container(&limits), container(&limits)] } }),
            )
            .unwrap()
        };
        let seen = of(&metrics, &pod(json!({ "cpu": "500m", "memory": "64Mi" })));
        assert!((seen.cpu - 0.3).abs() < 1e-9, "{seen:?}");
        assert_eq!((seen.cpu_limit, seen.memory, seen.memory_limit), (Some(1.0), 67_108_864.0, Some(134_217_728.0)));
        assert_eq!(of(&metrics, &pod(json!({ "cpu": "1" }))).memory_limit, None);
        let said = used(&[seen], 2.0, KubernetesFigure::MemoryShare);
        assert_eq!(said.value, Some(0.5));
        assert_eq!(said.fields["memory_share"], Value::Ratio(0.5));
    }

    #[test]
    fn without_limits_there_is_no_share() {
        let one = Use { name: "a".into(), cpu: 0.2, cpu_limit: None, memory: 10.0, memory_limit: None };
        let seen = used(&[one], 0.0, KubernetesFigure::CpuShare);
        assert_eq!((seen.value, &seen.fields["cpu_share"]), (None, &Value::NoData));
    }
}
