//! Logs of a Compose project's containers, from the engine.

use regex::Regex;

use super::super::ctx::{Ctx, maybe, plain};
use super::super::docker::Log;
use super::super::seen::{Problem, Seen};
use super::super::since::Since;
use crate::runbook::kinds::Logs;

/// Reads what is new.
pub(super) async fn find(spec: &Logs, pattern: &Regex, since: Since, ctx: &Ctx) -> Result<Seen, Problem> {
    let project = maybe(spec.project.as_ref())?.ok_or_else(|| Problem::nothing("no Compose project is named"))?;
    let services: Vec<&str> = spec.services.iter().map(plain).collect::<Result<_, _>>()?;
    let mut state = ctx.read.since(since).await;
    let log = Log::of(ctx, project, &services).await?;
    for one in &log.containers {
        let mut reading = state.reading(&one.id, &one.service, since, pattern);
        log.read(&one.id, reading.from(), |at, text| reading.take(at, text)).await?;
    }
    state.found.age();
    super::seen(&state.found, since, ctx)
}
