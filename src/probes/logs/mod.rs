//! Lines of logs that match a pattern, since a time.

mod docker;
mod found;
mod line;
mod loki;

use regex::Regex;

use super::ctx::Ctx;
use super::seen::{Problem, Seen};
use super::since::Since;
use crate::runbook::kinds::{Logs, LogsFrom};
use crate::words::{Unit, Value};

pub(super) use docker::Read;
pub(super) use line::tidy;

use found::Found;

/// Looks once. A log that cannot be read, or holds no line at all, says nothing about what is not in it.
pub(super) async fn look(spec: &Logs, ctx: &Ctx) -> Seen {
    match find(spec, ctx).await {
        Ok(seen) => seen,
        Err(problem) => problem.as_nothing().into(),
    }
}

async fn find(spec: &Logs, ctx: &Ctx) -> Result<Seen, Problem> {
    let pattern = Regex::new(&spec.pattern).map_err(|_| Problem::nothing("`match` is no regular expression"))?;
    let since = Since::of(spec.since.as_ref(), ctx)?;
    match spec.from {
        LogsFrom::Docker => docker::find(spec, &pattern, since, ctx).await,
        LogsFrom::Loki => loki::find(spec, since, ctx).await,
    }
}

/// The fields of what was found.
fn seen(found: &Found, since: Since, ctx: &Ctx) -> Result<Seen, Problem> {
    if found.read == 0 {
        return Err(Problem::nothing(format!("no line at all since {}", since.clock()))
            .hint("does it log to its standard output? is `since` before it was started?"));
    }
    let lines = |n: u64| if n == 1 { "1 line".to_owned() } else { format!("{n} lines") };
    let newest = found.newest.iter().rev().map(|line| Value::Text(line.clone())).collect();
    let text = match found.newest.back() {
        Some(line) if found.matches > 0 => {
            format!("{} of {}: {}", found.matches, lines(found.read), super::ctx::short(line, 120))
        }
        _ => format!("{} of {}", found.matches, lines(found.read)),
    };
    let unit = ctx.unit.unwrap_or(Unit::PerMinute);
    let value = unit.value(found.lately());
    let base = value.figure().unwrap_or_default();
    Ok(Seen::text(text)
        .field("matches", Value::Number(found.matches as f64))
        .field("read", Value::Number(found.read as f64))
        .field("lines", Value::List(newest))
        .field("value", value)
        .value(base))
}
