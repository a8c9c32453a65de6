//! What looks like a secret in the environment of a project's containers: names only, a value leaves this file never.

use super::super::ctx::Ctx;
use super::super::secret_like::is_secret_like;
use super::super::seen::{Problem, Seen};
use super::containers;
use super::engine::Engine;
use super::{list, project};
use crate::runbook::kinds::Docker;
use crate::words::Value;

/// Looks once.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Result<Seen, Problem> {
    let project = project(spec)?;
    let engine = Engine::of(ctx).await?;
    let found = containers::all(&engine, project).await?;
    if found.is_empty() {
        return Err(Problem::nothing(format!("the project {project} has no containers"))
            .hint("`docker compose ls --all` lists the projects that are there"));
    }
    let names = |container: &containers::Container| {
        let env = container.env.iter().filter(|line| is_secret_like(line));
        env.map(|line| format!("{}: {}", container.name, name_of(line))).collect::<Vec<_>>()
    };
    let secret_like: Vec<String> = found.iter().flat_map(names).collect();
    let text = match secret_like.is_empty() {
        true => format!("none in {} containers", found.len()),
        false => secret_like.join(", "),
    };
    Ok(Seen::text(text)
        .field("secret_like", list(&secret_like))
        .field("count", Value::Number(found.len() as f64))
        .value(secret_like.len() as f64))
}

fn name_of(line: &str) -> &str {
    line.split('=').next().unwrap_or_default()
}
