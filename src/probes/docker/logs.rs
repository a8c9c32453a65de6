//! What a project's containers wrote.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;

use super::super::ctx::Ctx;
use super::super::seen::Problem;
use super::containers::{self, Listed, is_gone};
use super::engine::Engine;

/// The logs of a project.
pub(in crate::probes) struct Log<'a> {
    engine: Engine<'a>,
    /// Its containers, ended ones too, of the services that are asked for.
    pub containers: Vec<Listed>,
}

impl<'a> Log<'a> {
    /// The logs of a project's services; all of them when none is named.
    pub async fn of(ctx: &'a Ctx, project: &str, services: &[&str]) -> Result<Self, Problem> {
        let engine = Engine::of(ctx).await?;
        let mut containers = containers::listed(&engine, project).await?;
        if containers.is_empty() {
            return Err(Problem::nothing(format!("the project {project} has no containers"))
                .hint("`docker compose ls --all` lists the projects that are there"));
        }
        if let Some(lacks) = services.iter().find(|s| !containers.iter().any(|c| c.service == **s)) {
            return Err(Problem::nothing(format!("the service {lacks} has no container")));
        }
        containers.retain(|c| services.is_empty() || services.contains(&c.service.as_str()));
        Ok(Self { engine, containers })
    }

    /// Reads what a container wrote from a time on, to the second; each line with its time. A container that is gone
    /// meanwhile has no more lines.
    pub async fn read(
        &self,
        id: &str,
        from: DateTime<Utc>,
        mut take: impl FnMut(DateTime<Utc>, &str),
    ) -> Result<(), Problem> {
        let since = i32::try_from(from.timestamp()).unwrap_or_default();
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).timestamps(true).since(since).build();
        let mut stream = Box::pin(self.engine.client.logs(id, Some(options)));
        let mut at = from;
        while let Some(chunk) = stream.next().await {
            if is_gone(&chunk) {
                return Ok(());
            }
            let chunk = self.engine.told(chunk)?;
            let (LogOutput::StdErr { message }
            | LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message }) = chunk;
            for line in String::from_utf8_lossy(&message).lines() {
                // What goes on from a line that the engine cut has no time of its own.
                let (stamp, rest) = line.split_once(' ').unwrap_or((line, ""));
                match DateTime::parse_from_rfc3339(stamp) {
                    Ok(time) => {
                        at = time.to_utc();
                        take(at, rest);
                    }
                    Err(_) => take(at, line),
                }
            }
        }
        Ok(())
    }
}
