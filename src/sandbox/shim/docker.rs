//! `docker` without compose.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::command::{Command, Ended};
use super::{ages, table};
use crate::sandbox::state::Change;
use crate::sandbox::state::compose::{Image, Phase};

/// The `--format`s of the shipped runbooks.
const INSPECT: &str = "{{.Name}}|{{.RestartCount}}|{{.State.OOMKilled}}";
const STATS: &str = "{{.Name}}|{{.CPUPerc}}|{{.MemPerc}}";

const VERSION: &str = "Client: Docker Engine - Community
 Version:           28.5.1
 API version:       1.51
 Go version:        go1.24.8
 OS/Arch:           linux/amd64
 Context:           default

Server: Docker Engine - Community (simulated by flightdeck)
 Engine:
  Version:          28.5.1
  API version:      1.51 (minimum version 1.24)
  Go version:       go1.24.8
  OS/Arch:          linux/amd64
  Experimental:     false
 containerd:
  Version:          v1.7.28
 runc:
  Version:          1.3.0
";

/// `version`.
pub async fn version(command: &mut Command<'_>) -> Ended {
    command.pause(60).await;
    command.out(VERSION).await?;
    Ok(0)
}

/// `inspect --format … ID…`.
pub async fn inspect(command: &mut Command<'_>) -> Ended {
    let format = command.given.get("format").to_owned();
    if format != INSPECT {
        return command.not_simulated(&format!("--format {format}")).await;
    }
    let mut missing = vec![];
    for id in command.given.all("ids").to_vec() {
        let name = command.look(|s, _| {
            let is = |c: &&crate::sandbox::state::compose::Container| {
                c.name() == id || (id.len() >= 12 && c.id.starts_with(&id))
            };
            s.engine.containers.values().find(is).map(|c| c.name())
        });
        match name {
            Some(name) => command.out(format!("/{name}|0|false\n")).await?,
            None => missing.push(id),
        }
    }
    if missing.is_empty() {
        return Ok(0);
    }
    let lines: Vec<String> = missing.iter().map(|id| format!("error: no such object: {id}")).collect();
    command.fail(1, lines.join("\n")).await
}

/// `image inspect IMAGE`.
pub async fn image_inspect(command: &mut Command<'_>) -> Ended {
    let reference = command.given.get("image").to_owned();
    command.pause(40).await;
    let found = command.look(|s, _| {
        let image = s.engine.image(&reference)?;
        let tags: Vec<String> =
            s.engine.tags.iter().filter(|(_, id)| **id == image.id).map(|(t, _)| t.clone()).collect();
        Some((image.clone(), tags))
    });
    let Some((image, tags)) = found else {
        command.out("[]\n").await?;
        return command.fail(1, format!("Error response from daemon: No such image: {reference}")).await;
    };
    let built = command.core.wall(image.built).to_rfc3339_opts(SecondsFormat::Nanos, true);
    let mut text = serde_json::to_string_pretty(&json!([shown(&image, &tags, &built)])).unwrap_or_default();
    text.push('\n');
    command.out(text).await?;
    Ok(0)
}

/// An image as `docker image inspect` and the engine's API show it.
pub fn shown(image: &Image, tags: &[String], built: &str) -> Value {
    let mut labels = serde_json::Map::new();
    for (name, value) in [("version", &image.version), ("revision", &image.revision)] {
        if !value.is_empty() {
            labels.insert(format!("org.opencontainers.image.{name}"), Value::String(value.clone()));
        }
    }
    json!({
        "Id": image.id,
        "RepoTags": tags,
        "RepoDigests": [],
        "Created": built,
        "Config": { "Labels": labels, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"] },
        "Architecture": "amd64",
        "Os": "linux",
        "Size": 68_412_390,
    })
}

/// `images`.
pub async fn images(command: &mut Command<'_>) -> Ended {
    let rows = command.look(|s, now| {
        let row = |(tag, id): (&String, &String)| {
            let (repository, tag) = tag.rsplit_once(':').unwrap_or((tag, "latest"));
            let built = s.engine.images.get(id).map_or(now, |image| image.built);
            vec![
                repository.to_owned(),
                tag.to_owned(),
                id["sha256:".len()..][..12].to_owned(),
                format!("{} ago", ages::docker(now - built)),
                "68.4MB".to_owned(),
            ]
        };
        s.engine.tags.iter().map(row).collect()
    });
    command.out(table::table(&["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], rows)).await?;
    Ok(0)
}

/// `tag IMAGE TAG`.
pub async fn tag(command: &mut Command<'_>) -> Ended {
    let (reference, tag) = (command.given.get("image").to_owned(), command.given.get("tag").to_owned());
    let tag = if tag.contains(':') { tag } else { format!("{tag}:latest") };
    let Some(id) = command.look(|s, _| s.engine.image(&reference).map(|i| i.id.clone())) else {
        return command.fail(1, format!("Error response from daemon: No such image: {reference}")).await;
    };
    match command.change(Change::ImageTagged { id, tag }) {
        Ok(()) => Ok(0),
        Err(message) => command.fail(1, message).await,
    }
}

/// `stats --no-stream --format …`: it measures for about two seconds.
pub async fn stats(command: &mut Command<'_>) -> Ended {
    let format = command.given.get("format").to_owned();
    if format != STATS {
        return command.not_simulated(&format!("--format {format}")).await;
    }
    command.pause(2_000).await;
    let text: String = command.look(|s, now| {
        let up = |c: &&crate::sandbox::state::compose::Container| {
            matches!(c.phase(now), Phase::Booting | Phase::Starting | Phase::Up)
        };
        let line = |c: &crate::sandbox::state::compose::Container| {
            let (name, memory) = (c.name(), s.memory(&c.name(), now) / 256.0 * 100.0);
            format!("{name}|{:.2}%|{memory:.2}%\n", s.cpu(&name, now))
        };
        s.engine.containers.values().filter(up).map(line).collect()
    });
    command.out(text).await?;
    Ok(0)
}

/// `run --rm IMAGE identity SERVICE --help`: since this release the identity servers are in the binary.
pub async fn run(command: &mut Command<'_>) -> Ended {
    let (image, service) = (command.given.get("image").to_owned(), command.given.get("service").to_owned());
    command.pause(700).await;
    if command.look(|s, _| s.engine.image(&image).is_none()) {
        let text = format!(
            "Unable to find image '{image}' locally\ndocker: Error response from daemon: pull access denied for {image}"
        );
        return command.fail(125, text).await;
    }
    if !["authz", "idp", "rs"].contains(&service.as_str()) {
        return command.fail(1, format!("unknown identity service: {service}")).await;
    }
    let text = format!(
        "Usage: cryptoutil identity {service} <command> [flags]\n\nCommands:\n  start   Start the {service} server\n  \
         stop    Stop the {service} server\n  health  Ask the {service} server how it is\n\nFlags:\n  \
         -c, --config string        configuration file\n  -u, --database-url string  database URL\n"
    );
    command.out(text).await?;
    Ok(0)
}
