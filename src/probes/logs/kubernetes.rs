//! Logs of a namespace's pods, from the API server.

use regex::Regex;

use super::super::ctx::Ctx;
use super::super::kubernetes::PodLog;
use super::super::seen::{Problem, Seen};
use super::super::since::Since;
use crate::runbook::kinds::{Kubernetes, Logs};

/// Reads what is new.
pub(super) async fn find(spec: &Logs, pattern: &Regex, since: Since, ctx: &Ctx) -> Result<Seen, Problem> {
    let place = Kubernetes {
        context: spec.context.clone(),
        namespace: spec.namespace.clone(),
        deployments: spec.deployments.clone(),
        ..Kubernetes::default()
    };
    let mut state = ctx.read.since(since).await;
    let log = PodLog::of(&place, ctx).await?;
    for one in &log.containers {
        let mut reading = state.reading(&one.key(), &one.pod, since, pattern);
        log.read(one, reading.from(), |at, text| reading.take(at, text)).await?;
    }
    log.keep();
    state.found.age();
    super::seen(&state.found, since, ctx)
}
