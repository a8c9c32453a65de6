//! The volumes of a project: what a `down -v` would destroy.

use bollard::query_parameters::ListVolumesOptionsBuilder;

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::containers::by_label;
use super::engine::Engine;
use super::{list, project};
use crate::runbook::kinds::Docker;
use crate::words::Value;

/// Looks once.
pub(super) async fn look(spec: &Docker, ctx: &Ctx) -> Result<Seen, Problem> {
    let project = project(spec)?;
    let engine = Engine::of(ctx).await?;
    let options = ListVolumesOptionsBuilder::new().filters(&by_label(project)).build();
    let found = engine.told(engine.client.list_volumes(Some(options)).await)?;
    let mut names: Vec<String> = found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect();
    names.sort();
    let text = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Ok(Seen::text(text)
        .field("volumes", list(&names))
        .field("count", Value::Number(names.len() as f64))
        .value(names.len() as f64))
}
