//! `docker compose up -d`: creates what is new or changed, then starts each service when what it waits for is there.

use std::collections::BTreeSet;

use super::super::command::{Command, Ended};
use super::super::progress::Progress;
use super::{project, refuse, upstreams};
use crate::sandbox::read::compose::{Condition, Project, Service};
use crate::sandbox::state::Change;
use crate::sandbox::state::compose::{Container, Phase, timing};
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::socket::Gone;

/// How long a container takes to be created, and to be stopped first.
const CREATE: Millis = 250;
const STOP: Millis = 700;
const START: Millis = 350;
/// How often it is looked at whether a dependency is there.
const LOOK: Millis = 250;

/// `up -d [--no-build]`.
pub async fn up(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    let services: Vec<Service> = project.active(&profiles).into_iter().cloned().collect();
    let missing =
        command.look(|s, _| services.iter().find(|x| s.engine.image(&x.image).is_none()).map(|x| x.image.clone()));
    if let Some(image) = missing {
        return command.fail(1, format!("Error response from daemon: No such image: {image}")).await;
    }
    let mut progress = Progress::new("Running");
    match bring_up(command, &project, &services, &mut progress).await? {
        Ok(()) => Ok(0),
        Err(message) => command.fail(1, message).await,
    }
}

type Step = Result<Result<(), String>, Gone>;

async fn bring_up(command: &mut Command<'_>, project: &Project, services: &[Service], progress: &mut Progress) -> Step {
    if let Err(message) = create_shared(command, project, progress).await? {
        return Ok(Err(message));
    }
    let mut left_alone = BTreeSet::new();
    for service in services {
        match create(command, project, service, progress).await? {
            Ok(true) => {}
            Ok(false) => {
                left_alone.insert(service.name.clone());
            }
            Err(message) => return Ok(Err(message)),
        }
    }
    let mut waited = BTreeSet::new();
    for service in services {
        for (dependency, condition) in &service.depends_on {
            if !waited.insert((dependency.clone(), *condition as u8)) {
                continue;
            }
            if let Err(message) = wait(command, project, dependency, *condition, progress).await? {
                return Ok(Err(message));
            }
        }
        if left_alone.contains(&service.name) {
            continue;
        }
        let name = container(project, service);
        let what = format!("Container {name}");
        progress.begin(command, &what, "Starting").await?;
        command.pause(START).await;
        if let Err(message) = command.change(Change::ContainerStarted(name)) {
            return Ok(Err(message));
        }
        let file = command.call.cwd.join(command.given.get("file"));
        if service.name == "proxy"
            && let Ok(upstreams) = upstreams(file.parent().unwrap_or(&command.call.cwd))
            && let Err(message) = command.change(Change::ProxyLoaded(upstreams))
        {
            return Ok(Err(message));
        }
        progress.end(command, &what, "Started").await?;
    }
    Ok(Ok(()))
}

fn container(project: &Project, service: &Service) -> String {
    format!("{}-{}-1", project.name, service.name)
}

async fn create_shared(command: &mut Command<'_>, project: &Project, progress: &mut Progress) -> Step {
    let networks = project.networks.iter().map(|n| ("Network", format!("{}_{n}", project.name)));
    let volumes = project.volumes.iter().map(|v| ("Volume", format!("{}_{v}", project.name)));
    for (kind, name) in networks.chain(volumes) {
        let there = command.look(|s, _| s.engine.networks.contains(&name) || s.engine.volumes.contains(&name));
        if there {
            continue;
        }
        let what = if kind == "Volume" { format!("Volume \"{name}\"") } else { format!("Network {name}") };
        progress.begin(command, &what, "Creating").await?;
        command.pause(80).await;
        let change = if kind == "Volume" { Change::VolumeCreated(name) } else { Change::NetworkCreated(name) };
        if let Err(message) = command.change(change) {
            return Ok(Err(message));
        }
        progress.end(command, &what, "Created").await?;
    }
    Ok(Ok(()))
}

/// Whether the service is to be started: not when it runs already as it should.
async fn create(
    command: &mut Command<'_>,
    project: &Project,
    service: &Service,
    progress: &mut Progress,
) -> Result<Result<bool, String>, Gone> {
    let definition = project.definition(service);
    let name = container(project, service);
    let what = format!("Container {name}");
    let (old, current) = command.look(|s, now| {
        let old = s.engine.containers.get(&name).map(|c| c.phase(now));
        (old, s.engine.is_current(&definition))
    });
    let runs = matches!(old, Some(Phase::Booting | Phase::Starting | Phase::Up));
    if current {
        if runs {
            progress.end(command, &what, "Running").await?;
        }
        return Ok(Ok(!runs));
    }
    let (begun, done) = if old.is_some() { ("Recreate", "Recreated") } else { ("Creating", "Created") };
    progress.begin(command, &what, begun).await?;
    if runs {
        if let Err(message) = command.change(Change::ContainerStopped(name.clone())) {
            return Ok(Err(message));
        }
        command.pause(STOP).await;
    }
    command.pause(CREATE).await;
    if let Err(message) = command.change(Change::ContainerCreated(definition)) {
        return Ok(Err(message));
    }
    progress.end(command, &what, done).await?;
    Ok(Ok(true))
}

async fn wait(
    command: &mut Command<'_>,
    project: &Project,
    dependency: &str,
    condition: Condition,
    progress: &mut Progress,
) -> Step {
    if condition == Condition::Started {
        return Ok(Ok(()));
    }
    let name = format!("{}-{dependency}-1", project.name);
    let what = format!("Container {name}");
    progress.begin(command, &what, "Waiting").await?;
    loop {
        let container: Option<(Container, Millis)> =
            command.look(|s, now| s.engine.containers.get(&name).cloned().map(|c| (c, now)));
        let Some((container, now)) = container else {
            return Ok(Err(format!("dependency failed to start: container {name} is missing")));
        };
        match (container.phase(now), condition) {
            (Phase::Exited(0, _), Condition::Completed) => {
                progress.end(command, &what, "Exited").await?;
                return Ok(Ok(()));
            }
            (Phase::Exited(code, _), Condition::Completed) => {
                return Ok(Err(format!("service {dependency:?} didn't complete successfully: exit {code}")));
            }
            (Phase::Exited(code, _), _) => {
                return Ok(Err(format!("dependency failed to start: container {name} exited ({code})")));
            }
            (Phase::Up, Condition::Healthy) if timing(dependency).healthy.is_some() => {
                progress.end(command, &what, "Healthy").await?;
                return Ok(Ok(()));
            }
            (Phase::Up, Condition::Healthy) => {
                return Ok(Err(format!("dependency failed to start: container {name} has no healthcheck configured")));
            }
            _ => command.pause(LOOK).await,
        }
    }
}
