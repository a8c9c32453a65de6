//! `docker compose build` and `pull`.

use super::super::command::{Command, Ended};
use super::super::progress::Progress;
use super::{project, refuse};
use crate::sandbox::state::Change;
use crate::sandbox::world::clock::Millis;

/// Steps of a build: what is printed and how long it takes.
const STEPS: [(&str, Millis); 8] = [
    ("[internal] load build definition from Dockerfile", 100),
    ("[internal] load metadata for docker.io/library/golang:1.25-alpine", 900),
    ("[internal] load .dockerignore", 50),
    ("[builder 1/5] FROM docker.io/library/golang:1.25-alpine", 100),
    ("[builder 2/5] COPY go.mod go.sum ./", 200),
    ("[builder 3/5] RUN go mod download", 2_100),
    ("[builder 4/5] COPY . .", 700),
    ("[builder 5/5] RUN CGO_ENABLED=0 go build -trimpath -o /app/cryptoutil ./cmd/cryptoutil", 7_500),
];

/// `build --build-arg …`.
pub async fn build(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    let services: Vec<(String, String)> =
        project.active(&profiles).into_iter().filter(|s| s.build).map(|s| (s.name.clone(), s.image.clone())).collect();
    if services.is_empty() {
        return command.fail(0, "No services to build").await;
    }
    let (version, revision) = (command.given.get("version").to_owned(), command.given.get("revision").to_owned());
    for (service, image) in services {
        command.err("#0 building with \"default\" instance using docker driver\n\n").await?;
        for (n, (step, takes)) in STEPS.iter().enumerate() {
            let n = n + 1;
            command.err(format!("#{n} [{service}] {step}\n")).await?;
            command.pause(*takes).await;
            command.err(format!("#{n} DONE {:.1}s\n\n", *takes as f64 / 1000.0)).await?;
        }
        let n = STEPS.len() + 1;
        command.err(format!("#{n} [{service}] exporting to image\n#{n} exporting layers\n")).await?;
        command.pause(600).await;
        let change = Change::ImageBuilt { tag: image.clone(), version: version.clone(), revision: revision.clone() };
        if let Err(message) = command.change(change) {
            return command.fail(1, message).await;
        }
        let id = command.look(|s, _| s.engine.image(&image).map(|i| i.id.clone())).unwrap_or_default();
        let text = format!(
            "#{n} writing image {id} done\n#{n} naming to docker.io/library/{image} done\n#{n} DONE 0.6s\n {service}  Built\n"
        );
        command.err(text).await?;
    }
    Ok(0)
}

/// `pull [SERVICE]`: third-party images are up to date; an image that is built here is in no registry.
pub async fn pull(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    let wanted = command.given.get("service").to_owned();
    let services: Vec<(String, String)> = project
        .active(&profiles)
        .into_iter()
        .filter(|s| wanted.is_empty() || s.name == wanted)
        .map(|s| (s.name.clone(), s.image.clone()))
        .collect();
    if services.is_empty() {
        return command.fail(1, format!("no such service: {wanted}")).await;
    }
    let mut progress = Progress::new("Pulling");
    for (service, image) in services {
        progress.begin(command, &service, "Pulling").await?;
        command.pause(1_400).await;
        let repository = image.split(':').next().unwrap_or_default().to_owned();
        if repository.starts_with("cryptoutil") {
            let reason = format!(
                "pull access denied for {repository}, repository does not exist or may require 'docker login': \
                 denied: requested access to the resource is denied"
            );
            progress.end(command, &service, "Error").await?;
            return command.fail(1, format!("Error response from daemon: {reason}")).await;
        }
        progress.end(command, &service, "Pulled").await?;
    }
    Ok(0)
}
