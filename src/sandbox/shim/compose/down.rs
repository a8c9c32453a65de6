//! `docker compose down`: stops and removes what the project's services are; `-v` the volumes too, with all keys in them.

use super::super::command::{Command, Ended};
use super::super::progress::Progress;
use super::{project, refuse};
use crate::sandbox::state::Change;
use crate::sandbox::state::compose::Phase;

/// `down [-v]`.
pub async fn down(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    let mut progress = Progress::new("Running");
    let mut changes = vec![];
    for service in project.active(&profiles).into_iter().rev() {
        let name = format!("{}-{}-1", project.name, service.name);
        let Some(phase) = command.look(|s, now| s.engine.containers.get(&name).map(|c| c.phase(now))) else { continue };
        let what = format!("Container {name}");
        progress.begin(command, &what, "Stopping").await?;
        if matches!(phase, Phase::Booting | Phase::Starting | Phase::Up) {
            command.pause(600).await;
            changes.push(command.change(Change::ContainerStopped(name.clone())));
        }
        progress.end(command, &what, "Stopped").await?;
        progress.begin(command, &what, "Removing").await?;
        command.pause(60).await;
        changes.push(command.change(Change::ContainerRemoved(name)));
        progress.end(command, &what, "Removed").await?;
    }
    if command.given.has("volumes") {
        for volume in &project.volumes {
            let name = format!("{}_{volume}", project.name);
            let what = format!("Volume {name}");
            progress.begin(command, &what, "Removing").await?;
            changes.push(command.change(Change::VolumeRemoved(name)));
            progress.end(command, &what, "Removed").await?;
        }
    }
    for network in &project.networks {
        let name = format!("{}_{network}", project.name);
        let what = format!("Network {name}");
        progress.begin(command, &what, "Removing").await?;
        command.pause(120).await;
        changes.push(command.change(Change::NetworkRemoved(name)));
        progress.end(command, &what, "Removed").await?;
    }
    match changes.into_iter().find_map(Result::err) {
        Some(message) => command.fail(1, message).await,
        None => Ok(0),
    }
}
