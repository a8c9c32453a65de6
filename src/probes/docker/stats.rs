//! What a project's containers use: processor time, memory, restarts.

use bollard::models::{
    ContainerCpuStats, ContainerInspectResponse, ContainerMemoryStats, ContainerStateStatusEnum, ContainerStatsResponse,
};
use bollard::query_parameters::{InspectContainerOptions, StatsOptionsBuilder};
use futures_util::StreamExt;
use tokio::task::JoinSet;

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::containers::{self, is_gone};
use super::engine::Engine;
use super::project;
use crate::runbook::kinds::{Docker, DockerFigure};
use crate::words::{Unit, Value};

/// What one container uses.
#[derive(Clone, Debug, PartialEq)]
struct Use {
    name: String,
    /// Processors in use: 1 is one of them.
    cpu: Option<f64>,
    /// Bytes, without what the system may drop at once.
    memory: Option<f64>,
    /// Bytes that it may have.
    limit: Option<f64>,
    restarts: f64,
}

/// Looks once. The engine measures processor time over one to two seconds.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Result<Seen, Problem> {
    let project = project(spec)?;
    let engine = Engine::of(ctx).await?;
    let listed = containers::listed(&engine, project).await?;
    let mut looks = JoinSet::new();
    for one in listed {
        let client = engine.client.clone();
        looks.spawn(async move {
            let options = StatsOptionsBuilder::new().stream(false).build();
            let stats = Box::pin(client.stats(&one.id, Some(options))).next().await;
            (one.service, stats, client.inspect_container(&one.id, None::<InspectContainerOptions>).await)
        });
    }
    let mut uses = vec![];
    while let Some(look) = looks.join_next().await {
        let (service, stats, inspected) = look.map_err(|e| Problem::nothing(format!("the look broke off: {e}")))?;
        let (Some(stats), false) = (stats, is_gone(&inspected)) else { continue };
        if !is_gone(&stats) {
            uses.extend(of(service, engine.told(stats)?, engine.told(inspected)?));
        }
    }
    if uses.is_empty() {
        return Err(Problem::nothing(format!("no container of the project {project} runs")));
    }
    Ok(used(&uses, spec.figure))
}

/// What a container uses that runs.
fn of(service: String, stats: ContainerStatsResponse, inspected: ContainerInspectResponse) -> Option<Use> {
    // One that waits to be started again counts as running for the engine, and uses nothing.
    inspected.state.and_then(|state| state.status).filter(|status| *status == ContainerStateStatusEnum::RUNNING)?;
    let memory = stats.memory_stats.as_ref();
    Some(Use {
        name: service,
        cpu: cpu(stats.precpu_stats.as_ref(), stats.cpu_stats.as_ref()),
        memory: memory.and_then(held),
        limit: memory.and_then(|memory| memory.limit).filter(|limit| *limit > 0).map(|limit| limit as f64),
        restarts: inspected.restart_count.unwrap_or_default() as f64,
    })
}

/// Processors in use between two readings, as `docker stats` has it (CPUPerc / 100).
fn cpu(before: Option<&ContainerCpuStats>, now: Option<&ContainerCpuStats>) -> Option<f64> {
    let (before, now) = (before?, now?);
    let total = |stats: &ContainerCpuStats| stats.cpu_usage.as_ref()?.total_usage;
    let used = total(now)?.checked_sub(total(before)?)?;
    let passed = now.system_cpu_usage?.checked_sub(before.system_cpu_usage?)?;
    let processors = now.online_cpus.filter(|n| *n > 0)?;
    (passed > 0).then(|| used as f64 / passed as f64 * f64::from(processors))
}

/// Memory without the file cache that the system may drop, as `docker stats` has it.
fn held(memory: &ContainerMemoryStats) -> Option<f64> {
    let stats = memory.stats.as_ref();
    let cache = stats.and_then(|s| s.get("inactive_file").or_else(|| s.get("total_inactive_file")));
    Some(memory.usage?.saturating_sub(cache.copied().unwrap_or_default()) as f64)
}

fn used(uses: &[Use], figure: DockerFigure) -> Seen {
    let most = |of: fn(&Use) -> Option<f64>| {
        let known = uses.iter().filter_map(|one| Some((of(one)?, one.name.as_str())));
        known.reduce(|a, b| if b.0 > a.0 { b } else { a })
    };
    let cpu = most(|one| one.cpu);
    let share = most(|one| Some(one.memory? / one.limit?));
    let memory = uses.iter().filter_map(|one| one.memory).reduce(|a, b| a + b);
    let restarts: f64 = uses.iter().map(|one| one.restarts).sum();
    let parts = [
        cpu.map(|(cpu, name)| format!("cpu {} ({name})", Unit::Ratio.show(cpu))),
        memory.map(|memory| format!("memory {}", Unit::Bytes.show(memory))),
        share.map(|(share, name)| format!("{} of its limit ({name})", Unit::Ratio.show(share))),
        (restarts > 0.0).then(|| format!("{restarts} restarts")),
    ];
    let value = match figure {
        DockerFigure::Cpu => cpu.map(|(cpu, _)| cpu),
        DockerFigure::Memory => memory,
        DockerFigure::MemoryShare => share.map(|(share, _)| share),
        DockerFigure::Restarts => Some(restarts),
    };
    let known = |value: Option<f64>, kind: fn(f64) -> Value| value.map_or(Value::NoData, kind);
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        .field("cpu", known(cpu.map(|(cpu, _)| cpu), Value::Ratio))
        .field("memory", known(memory, Value::Size))
        .field("memory_share", known(share.map(|(share, _)| share), Value::Ratio))
        .field("restarts", Value::Number(restarts))
        .value(value.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::ContainerCpuUsage;

    fn reading(used: u64, system: u64) -> ContainerCpuStats {
        ContainerCpuStats {
            cpu_usage: Some(ContainerCpuUsage { total_usage: Some(used), ..Default::default() }),
            system_cpu_usage: Some(system),
            online_cpus: Some(2),
            ..Default::default()
        }
    }

    #[test]
    fn processor_time_is_what_docker_stats_says() {
        assert_eq!(cpu(Some(&reading(100, 1000)), Some(&reading(300, 2000))), Some(0.4));
        // The first reading of a container has nothing before it; a counter that went back is no figure.
        assert_eq!(cpu(None, Some(&reading(300, 2000))), None);
        assert_eq!(cpu(Some(&reading(300, 1000)), Some(&reading(100, 2000))), None);
    }

    #[test]
    fn memory_is_without_the_cache_that_can_be_dropped() {
        let stats = [("inactive_file".to_owned(), 40)].into();
        let memory = ContainerMemoryStats { usage: Some(100), stats: Some(stats), ..Default::default() };
        assert_eq!(held(&memory), Some(60.0));
        assert_eq!(held(&ContainerMemoryStats::default()), None);
    }

    #[test]
    fn the_figure_is_of_the_one_that_uses_most() {
        let one = |name: &str, cpu, memory| Use {
            name: name.into(),
            cpu,
            memory: Some(memory),
            limit: Some(100.0),
            restarts: 1.0,
        };
        let seen = used(&[one("a", Some(0.1), 20.0), one("b", None, 70.0)], DockerFigure::MemoryShare);
        assert_eq!(seen.value, Some(0.7));
        assert_eq!(seen.fields["cpu"], Value::Ratio(0.1));
        assert_eq!(seen.fields["memory"], Value::Size(90.0));
        assert_eq!(seen.fields["restarts"], Value::Number(2.0));
        assert!(seen.text.contains("70") && seen.text.contains("(b)"), "{}", seen.text);
    }
}
