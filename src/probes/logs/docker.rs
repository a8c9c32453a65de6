//! Logs of a Compose project's containers, from the engine. Each look reads only what is new.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use regex::Regex;
use tokio::sync::Mutex;

use super::super::ctx::{Ctx, maybe, plain};
use super::super::docker::Log;
use super::super::seen::{Problem, Seen};
use super::super::since::Since;
use super::found::Found;
use super::line;
use crate::runbook::kinds::Logs;

/// What was read so far, kept between the looks of a probe.
#[derive(Debug, Default)]
pub(in crate::probes) struct Read(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    since: Option<DateTime<Utc>>,
    /// The newest line of each container that was read.
    last: HashMap<String, DateTime<Utc>>,
    found: Found,
}

/// Reads what is new.
pub(super) async fn find(spec: &Logs, pattern: &Regex, since: Since, ctx: &Ctx) -> Result<Seen, Problem> {
    let project = maybe(spec.project.as_ref())?.ok_or_else(|| Problem::nothing("no Compose project is named"))?;
    let services: Vec<&str> = spec.services.iter().map(plain).collect::<Result<_, _>>()?;
    let mut state = ctx.read.0.lock().await;
    if !since.fixed || state.since != Some(since.at) {
        *state = State { since: Some(since.at), ..State::default() };
    }
    let log = Log::of(ctx, project, &services).await?;
    let state = &mut *state;
    for one in &log.containers {
        let last = state.last.get(&one.id).copied();
        let found = &mut state.found;
        let mut newest = last;
        let read = log.read(&one.id, last.unwrap_or(since.at), |at, text| {
            if at < since.at || last.is_some_and(|last| at <= last) {
                return;
            }
            newest = newest.max(Some(at));
            found.read += 1;
            let text = line::plain(text);
            if pattern.is_match(&text) {
                found.note(at, format!("{}: {}", one.service, line::tidy(&text)));
            }
        });
        let read = read.await;
        // Also of a look that breaks off, what was counted is not counted again.
        state.last.extend(newest.map(|at| (one.id.clone(), at)));
        read?;
    }
    state.found.age();
    super::seen(&state.found, since, ctx)
}
