//! Whether what a Compose project brings up stands: running, healthy, and its jobs done.

use bollard::models::{ContainerStateStatusEnum as State, HealthStatusEnum as Health};

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::containers::{self, Container};
use super::engine::Engine;
use super::{list, project, said, texts};
use crate::runbook::kinds::Docker;
use crate::words::Value;

/// Looks once.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Result<Seen, Problem> {
    let (project, services, jobs) = (project(spec)?, texts(&spec.services)?, texts(&spec.jobs)?);
    let engine = Engine::of(ctx).await?;
    let found = containers::all(&engine, project).await?;
    Ok(stand(&found, &services, &jobs))
}

/// A container that runs for so long after a restart counts as running, in seconds; Docker itself begins its delays anew
/// then (docker run reference, restart policies).
const SETTLED: f64 = 10.0;

/// How one container stands.
#[derive(Debug, PartialEq)]
enum Stand {
    Running,
    /// It runs, and nobody can say whether it works: it has no health check.
    Unchecked,
    Starting(String),
    Unhealthy(String),
    JobDone,
    JobFailed(String),
}

fn of(container: &Container, is_job: bool) -> Stand {
    let name = &container.name;
    let code = container.exit_code.unwrap_or_default();
    let memory = if container.out_of_memory { ", out of memory" } else { "" };
    match (container.state, container.health) {
        (State::EXITED, _) if is_job && code == 0 => Stand::JobDone,
        (State::EXITED | State::DEAD, _) if is_job => Stand::JobFailed(format!("{name} (exit {code}{memory})")),
        (_, _) if is_job => Stand::Starting(name.clone()),
        (State::RUNNING, _) if container.restarts > 0.0 && container.up.is_some_and(|up| up < SETTLED) => {
            Stand::Unhealthy(format!("{name} (restarted {} times, just now again)", container.restarts))
        }
        (State::RUNNING, Some(Health::HEALTHY)) => Stand::Running,
        (State::RUNNING, Some(Health::STARTING)) | (State::CREATED, _) => Stand::Starting(name.clone()),
        (State::RUNNING, Some(_)) => {
            let says = container.says.as_ref().map(|says| format!(": {says}")).unwrap_or_default();
            Stand::Unhealthy(format!("{name} (unhealthy{says})"))
        }
        (State::RUNNING, None) => Stand::Unchecked,
        (State::RESTARTING, _) => {
            Stand::Unhealthy(format!("{name} (restarting, exit {code}{memory}, {} times)", container.restarts))
        }
        (State::EXITED, _) if code == 0 => Stand::Unhealthy(format!("{name} (ended with 0: a job? name it in `jobs`)")),
        (State::EXITED, _) => Stand::Unhealthy(format!("{name} (exit {code}{memory})")),
        (state, _) => Stand::Unhealthy(format!("{name} ({state})")),
    }
}

fn stand(found: &[Container], services: &[String], jobs: &[String]) -> Seen {
    let (mut running, mut starting, mut unhealthy, mut failed, mut unchecked) = (0, vec![], vec![], vec![], vec![]);
    for container in found {
        match of(container, jobs.contains(&container.service)) {
            Stand::Running => running += 1,
            Stand::Unchecked => {
                running += 1;
                unchecked.push(container.name.clone());
            }
            Stand::Starting(name) => starting.push(name),
            Stand::Unhealthy(name) => unhealthy.push(name),
            Stand::JobDone => {}
            Stand::JobFailed(name) => failed.push(name),
        }
    }
    let there = |service: &String| found.iter().any(|container| container.service == *service);
    let missing: Vec<String> = services.iter().filter(|service| !there(service)).cloned().collect();
    let parts = [
        Some(format!("{running} running")),
        said("unhealthy", &unhealthy),
        said("failed", &failed),
        said("missing", &missing),
        said("starting", &starting),
        (!unchecked.is_empty()).then(|| format!("{} without a health check", unchecked.len())),
    ];
    let killed = found.iter().filter(|container| container.out_of_memory);
    let out_of_memory: Vec<String> = killed.map(|container| container.name.clone()).collect();
    let restarts: f64 = found.iter().map(|container| container.restarts).sum();
    Seen::text(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        .field("running", Value::Number(f64::from(running)))
        .field("missing", list(&missing))
        .field("starting", list(&starting))
        .field("unhealthy", list(&unhealthy))
        .field("jobs_failed", list(&failed))
        .field("unchecked", list(&unchecked))
        .field("restarts", Value::Number(restarts))
        .field("out_of_memory", list(&out_of_memory))
        .value(f64::from(running))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, state: State, health: Option<Health>, exit_code: i64) -> Container {
        Container {
            service: name.into(),
            name: name.into(),
            state,
            health,
            says: None,
            exit_code: Some(exit_code),
            out_of_memory: false,
            restarts: 0.0,
            up: Some(1.0),
            env: vec![],
        }
    }

    #[test]
    fn a_container_stands_as_its_state_and_health_say() {
        let of = |state, health, code, job| of(&container("a", state, health, code), job);
        assert_eq!(of(State::RUNNING, Some(Health::HEALTHY), 0, false), Stand::Running);
        assert_eq!(of(State::RUNNING, None, 0, false), Stand::Unchecked);
        assert_eq!(of(State::RUNNING, Some(Health::STARTING), 0, false), Stand::Starting("a".into()));
        assert_eq!(of(State::CREATED, None, 0, false), Stand::Starting("a".into()));
        assert_eq!(of(State::EXITED, None, 0, true), Stand::JobDone);
        assert_eq!(of(State::EXITED, None, 3, true), Stand::JobFailed("a (exit 3)".into()));
        assert_eq!(of(State::RUNNING, None, 0, true), Stand::Starting("a".into()));
        for (state, health, code) in [
            (State::RUNNING, Some(Health::UNHEALTHY), 0),
            (State::RESTARTING, None, 1),
            (State::EXITED, None, 0),
            (State::EXITED, None, 137),
            (State::PAUSED, Some(Health::HEALTHY), 0),
            (State::DEAD, None, 0),
        ] {
            assert!(matches!(of(state, health, code, false), Stand::Unhealthy(_)), "{state} {health:?} {code}");
        }
    }

    #[test]
    fn a_container_between_two_crashes_does_not_count_as_running() {
        let looping = |up| Container { restarts: 4.0, up: Some(up), ..container("a", State::RUNNING, None, 0) };
        assert_eq!(of(&looping(2.0), false), Stand::Unhealthy("a (restarted 4 times, just now again)".into()));
        assert_eq!(of(&looping(11.0), false), Stand::Unchecked);
    }

    #[test]
    fn what_is_asked_for_and_not_there_is_missing() {
        let found = [container("kms", State::RUNNING, Some(Health::HEALTHY), 0)];
        let seen = stand(&found, &["kms".into(), "db".into()], &["init".into()]);
        assert_eq!(seen.fields["missing"], list(&["db".into()]));
        assert_eq!(seen.text, "1 running; missing: db");
        assert_eq!(stand(&[], &[], &[]).fields["running"], Value::Number(0.0));
    }
}
