//! Docker, through its API: the engine, and the containers, images, volumes and figures of a Compose project.

mod containers;
mod engine;
mod environment;
mod failure;
mod images;
mod logs;
mod place;
mod project;
mod stats;
mod volumes;

pub(super) use engine::{Engine, EngineCache};
pub(super) use logs::Log;

use super::ctx::{Ctx, list, maybe, said, texts};
use super::seen::{Means, Problem, Seen};
use crate::runbook::kinds::{Docker, DockerOf};

/// An error of the API in words.
pub(super) fn engine_trouble(error: &bollard::errors::Error) -> Problem {
    failure::failure(error, "the engine")
}

/// Looks once.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Seen {
    let seen = match spec.of {
        DockerOf::Engine => return engine::look(ctx).await,
        DockerOf::Project => project::look(spec, ctx).await,
        DockerOf::Images => images::look(spec, ctx).await,
        DockerOf::Environment => environment::look(spec, ctx).await,
        DockerOf::Stats => stats::look(spec, ctx).await,
        DockerOf::Volumes => volumes::look(spec, ctx).await,
    };
    // An engine that is not reached says nothing about what runs on it.
    seen.unwrap_or_else(|problem| Problem { means: Means::Nothing, ..problem }.into())
}

/// Where an engine is that a command with this environment would talk to, and whether it is asked by TLS; none when that
/// cannot be said, or only the docker command can go there.
pub fn docker_place(env: &std::collections::BTreeMap<String, String>) -> Option<(String, bool)> {
    place::of(env).ok().map(|place| (place.host, place.certificates.is_some()))
}

/// The project's name.
fn project(spec: &Docker) -> Result<&str, Problem> {
    maybe(spec.project.as_ref())?.ok_or_else(|| Problem::nothing("no Compose project is named"))
}
