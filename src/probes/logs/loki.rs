//! Lines of Loki's streams, counted by Loki itself.

use chrono::Utc;

use super::super::ctx::{Ctx, maybe};
use super::super::seen::{Problem, Seen};
use super::super::since::Since;
use super::super::telemetry::{Api, loki};
use super::found::{Found, NEWEST};
use crate::runbook::kinds::Logs;

/// Asks how many lines there are, how many match, and for the newest of these.
pub(super) async fn find(spec: &Logs, since: Since, ctx: &Ctx) -> Result<Seen, Problem> {
    let query =
        maybe(spec.query.as_ref())?.ok_or_else(|| Problem::nothing("no streams are named: `query` is empty"))?;
    let api = Api::new("Loki", spec.url.as_ref(), &spec.auth(), ctx)?;
    let seconds = (Utc::now() - since.at).num_seconds().max(1);
    let matching = format!("{query} |~ {}", quoted(&spec.pattern));
    let mut found = Found::default();
    found.read = loki::count(&api, query, seconds).await?;
    if found.read > 0 {
        found.matches = loki::count(&api, &matching, seconds).await?;
    }
    if found.matches > 0 {
        found.set_lately(loki::count(&api, &matching, seconds.min(60)).await?);
        let lines = loki::newest(&api, &matching, since, NEWEST).await?;
        found.newest.extend(lines.iter().rev().map(|line| super::tidy(&line.text)));
    }
    super::seen(&found, since, ctx)
}

/// A text of LogQL.
fn quoted(text: &str) -> String {
    if text.contains('`') {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("`{text}`")
    }
}
