//! `docker compose config`, `ps`, `version`, and `exec postgres pg_isready`.

use serde_json::json;

use super::super::command::{Command, Ended};
use super::super::{ages, table};
use super::{project, refuse};
use crate::sandbox::state::Serving;
use crate::sandbox::state::compose::{Container, Phase, timing};
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::ports::Port;

/// The `--format` of the shipped runbooks.
const FORMAT: &str = "{{.Service}}|{{.State}}|{{.Health}}|{{.ExitCode}}";

/// `version --short`.
pub async fn version(command: &mut Command<'_>) -> Ended {
    command.out("2.39.1\n").await?;
    Ok(0)
}

/// `config`, `config --quiet`, `config --images`.
pub async fn config(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    command.pause(250).await;
    if command.given.has("images") {
        let mut images: Vec<String> = project.active(&profiles).into_iter().map(|s| s.image.clone()).collect();
        images.sort();
        images.dedup();
        command.out(images.iter().map(|i| format!("{i}\n")).collect::<String>()).await?;
    } else if !command.given.has("quiet") {
        match serde_yaml::to_string(&project.config(&profiles)) {
            Ok(text) => command.out(text).await?,
            Err(error) => return command.fail(15, error.to_string()).await,
        }
    }
    Ok(0)
}

/// `ps`, for people or by a format.
pub async fn ps(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    command.pause(180).await;
    let all = command.given.has("all");
    let (mut containers, now) = command.look(|s, now| {
        let found: Vec<Container> = project
            .active(&profiles)
            .into_iter()
            .filter_map(|service| s.engine.of(&project.name, &service.name).cloned())
            .filter(|c| all || matches!(c.phase(now), Phase::Booting | Phase::Starting | Phase::Up))
            .collect();
        (found, now)
    });
    containers.sort_by_key(Container::name);
    if command.given.has("quiet") {
        command.out(containers.iter().map(|c| format!("{}\n", c.id)).collect::<String>()).await?;
        return Ok(0);
    }
    let format = command.given.get("format").to_owned();
    match format.as_str() {
        "" => {
            let rows = containers.iter().map(|c| row(c, now)).collect();
            let heads = ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"];
            command.out(table::table(&heads, rows)).await?;
        }
        "json" => {
            command.out(containers.iter().map(|c| format!("{}\n", object(c, now))).collect::<String>()).await?;
        }
        FORMAT => {
            let line = |c: &Container| {
                let (state, health, code) = state(c, now);
                format!("{}|{state}|{health}|{code}\n", c.service)
            };
            command.out(containers.iter().map(line).collect::<String>()).await?;
        }
        _ => return command.not_simulated(&format!("--format {format}")).await,
    }
    Ok(0)
}

/// State, health and exit code in docker's words.
fn state(container: &Container, now: Millis) -> (&'static str, &'static str, i32) {
    let checked = timing(&container.service).healthy.is_some();
    match container.phase(now) {
        Phase::Created => ("created", "", 0),
        Phase::Exited(code, _) => ("exited", "", code),
        Phase::Up if checked => ("running", "healthy", 0),
        Phase::Booting | Phase::Starting if checked => ("running", "starting", 0),
        Phase::Booting | Phase::Starting | Phase::Up => ("running", "", 0),
    }
}

fn status(container: &Container, now: Millis) -> String {
    let up = ages::docker(now - container.started.unwrap_or(now));
    match (container.phase(now), state(container, now).1) {
        (Phase::Created, _) => "Created".to_owned(),
        (Phase::Exited(code, at), _) => format!("Exited ({code}) {} ago", ages::docker(now - at)),
        (_, "healthy") => format!("Up {up} (healthy)"),
        (_, "starting") => format!("Up {up} (health: starting)"),
        _ => format!("Up {up}"),
    }
}

fn started_by(container: &Container) -> &'static str {
    match container.service.as_str() {
        "postgres" | "identity-postgres" => "\"docker-entrypoint.s…\"",
        "grafana-otel-lgtm" => "\"/otel-lgtm/run-all.…\"",
        "opentelemetry-collector-contrib" => "\"/otelcol-contrib --c…\"",
        name if name.starts_with("healthcheck") || name.starts_with("builder") => "\"sh -c '…'\"",
        name if name.starts_with("identity") => "\"/app/cryptoutil iden…\"",
        _ => "\"/app/cryptoutil kms …\"",
    }
}

fn ports(container: &Container) -> String {
    let shown = |port: &String| port.rsplit_once(':').map(|(host, inner)| format!("{host}->{inner}/tcp"));
    container.ports.iter().filter_map(shown).collect::<Vec<_>>().join(", ")
}

fn row(container: &Container, now: Millis) -> Vec<String> {
    let runs = matches!(container.phase(now), Phase::Booting | Phase::Starting | Phase::Up);
    vec![
        container.name(),
        container.image.clone(),
        started_by(container).to_owned(),
        container.service.clone(),
        format!("{} ago", ages::docker(now - container.created)),
        status(container, now),
        if runs { ports(container) } else { String::new() },
    ]
}

fn object(container: &Container, now: Millis) -> serde_json::Value {
    let (state, health, code) = state(container, now);
    json!({
        "ID": &container.id[..12],
        "Name": container.name(),
        "Service": container.service,
        "Project": container.project,
        "Image": container.image,
        "Command": started_by(container),
        "State": state,
        "Status": status(container, now),
        "Health": health,
        "ExitCode": code,
        "Publishers": null,
    })
}

/// `exec -T postgres pg_isready …`: 0 accepts, 1 rejects (starts), 2 no answer.
pub async fn pg_is_ready(command: &mut Command<'_>) -> Ended {
    let (project, _) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    command.pause(150).await;
    let runs = command.look(|s, now| {
        let container = s.engine.of(&project.name, "postgres");
        container.is_some_and(|c| matches!(c.phase(now), Phase::Booting | Phase::Starting | Phase::Up))
    });
    if !runs {
        return command.fail(1, "service \"postgres\" is not running").await;
    }
    let (code, words) = match command.look(|s, now| s.serving(Port::Postgres, now)) {
        Serving::Up { .. } => (0, "accepting connections"),
        Serving::Starting { .. } => (1, "rejecting connections"),
        Serving::Down => (2, "no response"),
    };
    command.out(format!("/var/run/postgresql:5432 - {words}\n")).await?;
    Ok(code)
}
