//! The containers of a Compose project.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, HealthStatusEnum};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::super::ctx::short;
use super::super::seen::Problem;
use super::engine::Engine;

/// The label that names a container's project.
pub(super) const PROJECT: &str = "com.docker.compose.project";
/// The label that names its service.
const SERVICE: &str = "com.docker.compose.service";
/// The label that numbers the containers of a service.
const NUMBER: &str = "com.docker.compose.container-number";
/// The label of what `docker compose run` started, which is no part of what was brought up.
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// What `label=…=…` selects.
pub(super) fn by_label(project: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{PROJECT}={project}")])])
}

/// A container of a project, as the list has it.
#[derive(Clone, Debug)]
pub(in crate::probes) struct Listed {
    /// Its id.
    pub id: String,
    /// Its service.
    pub service: String,
    /// Its number among those of its service.
    number: String,
}

/// All containers of a project, also ended ones, by service.
pub(super) async fn listed(engine: &Engine<'_>, project: &str) -> Result<Vec<Listed>, Problem> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&by_label(project)).build();
    let found = engine.told(engine.client.list_containers(Some(options)).await)?;
    let mut listed: Vec<Listed> = found.into_iter().filter_map(of_project).collect();
    listed.sort_by(|a, b| (&a.service, &a.number).cmp(&(&b.service, &b.number)));
    Ok(listed)
}

fn of_project(summary: ContainerSummary) -> Option<Listed> {
    let labels = summary.labels.unwrap_or_default();
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    let one_off = label(ONE_OFF).eq_ignore_ascii_case("true");
    (!one_off).then(|| Some(Listed { id: summary.id?, service: label(SERVICE), number: label(NUMBER) }))?
}

/// How a container stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Container {
    /// Its service.
    pub service: String,
    /// `kms`, or `kms 2` where a service has several.
    pub name: String,
    /// How it stands.
    pub state: ContainerStateStatusEnum,
    /// What its health check says; `None` when it has none.
    pub health: Option<HealthStatusEnum>,
    /// The last line of its health check, where that failed.
    pub says: Option<String>,
    /// With what it ended last.
    pub exit_code: Option<i64>,
    /// Whether the system ended it for its memory.
    pub out_of_memory: bool,
    /// How often it was started again.
    pub restarts: f64,
    /// Seconds since it was started last.
    pub up: Option<f64>,
    /// `NAME=value` of its environment.
    pub env: Vec<String>,
}

/// All containers of a project, looked at one by one. One that is gone meanwhile is left out.
pub(super) async fn all(engine: &Engine<'_>, project: &str) -> Result<Vec<Container>, Problem> {
    let listed = listed(engine, project).await?;
    let mut looks = JoinSet::new();
    for (place, one) in listed.iter().enumerate() {
        let (client, id) = (engine.client.clone(), one.id.clone());
        looks.spawn(async move { (place, client.inspect_container(&id, None::<InspectContainerOptions>).await) });
    }
    let mut found: Vec<(usize, ContainerInspectResponse)> = vec![];
    while let Some(look) = looks.join_next().await {
        let (place, answer) = look.map_err(|e| Problem::nothing(format!("the look broke off: {e}")))?;
        if !is_gone(&answer) {
            found.push((place, engine.told(answer)?));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    let several = |service: &str| listed.iter().filter(|one| one.service == service).count() > 1;
    let container = |(place, inspected)| {
        let one: &Listed = listed.get::<usize>(place)?;
        let name = match several(&one.service) {
            true => format!("{} {}", one.service, one.number),
            false => one.service.clone(),
        };
        Some(inspected_as(one.service.clone(), name, inspected))
    };
    Ok(found.into_iter().filter_map(container).collect())
}

/// Whether there is no such container any more.
pub(super) fn is_gone<T>(answer: &Result<T, bollard::errors::Error>) -> bool {
    matches!(answer, Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }))
}

fn inspected_as(service: String, name: String, inspected: ContainerInspectResponse) -> Container {
    let state = inspected.state.unwrap_or_default();
    let health = state.health.unwrap_or_default();
    let started = state.started_at.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    let failed = health.log.unwrap_or_default().into_iter().rev().find(|result| result.exit_code != Some(0));
    Container {
        service,
        name,
        state: state.status.unwrap_or(ContainerStateStatusEnum::EMPTY),
        health: health.status.filter(|s| !matches!(s, HealthStatusEnum::EMPTY | HealthStatusEnum::NONE)),
        says: failed.and_then(|result| result.output).map(|text| short(&text, 80)).filter(|text| !text.is_empty()),
        exit_code: state.exit_code,
        out_of_memory: state.oom_killed.unwrap_or_default(),
        restarts: inspected.restart_count.unwrap_or_default() as f64,
        up: started.map(|at| (Utc::now() - at.to_utc()).as_seconds_f64()),
        env: inspected.config.and_then(|config| config.env).unwrap_or_default(),
    }
}
