//! A command or a script that looks, for what has no API.

use std::collections::BTreeMap;

use super::ctx::{Ctx, maybe, plain, short};
use super::process::{self, Ended, Job};
use super::seen::{Problem, Seen};
use crate::expr::Template;
use crate::runbook::kinds::{RunProbe, ScriptProbe};
use crate::words::{Value, short_duration};

/// Looks once with a command.
pub(super) async fn command(spec: &RunProbe, ctx: &Ctx) -> Seen {
    let words: Result<Vec<_>, _> = spec.command.words.iter().map(|w| plain(w).map(str::to_owned)).collect();
    let job = words.and_then(|argv| job(argv, spec.cwd.as_ref(), &spec.env, ctx));
    look(job, ctx).await
}

/// Looks once with a script: `bash -euo pipefail -c`, or `sh -eu -c`.
pub(super) async fn script(spec: &ScriptProbe, ctx: &Ctx) -> Seen {
    let argv: &[&str] = match spec.shell.as_deref() {
        Some("sh") => &["sh", "-eu", "-c"],
        None | Some("bash") => &["bash", "-euo", "pipefail", "-c"],
        Some(other) => return Problem::nothing(format!("shell `{other}` is not known")).hint("bash or sh").into(),
    };
    let argv = argv.iter().copied().chain([spec.script.as_str(), "flightdeck"]).map(str::to_owned).collect();
    look(job(argv, spec.cwd.as_ref(), &spec.env, ctx), ctx).await
}

fn job(argv: Vec<String>, cwd: Option<&Template>, own: &BTreeMap<String, Template>, ctx: &Ctx) -> Result<Job, Problem> {
    let mut env = ctx.env.clone();
    for (name, value) in own {
        env.insert(name.clone(), plain(value)?.to_owned());
    }
    let cwd = maybe(cwd)?.map_or_else(|| ctx.root.clone(), |c| ctx.path(c));
    Ok(Job { argv, cwd, env })
}

async fn look(job: Result<Job, Problem>, ctx: &Ctx) -> Seen {
    match job {
        Ok(job) => match process::run(job).await {
            Ok(ended) => seen(&ended, ctx),
            Err(problem) => problem.into(),
        },
        Err(problem) => problem.into(),
    }
}

/// The fields of a command that ended.
fn seen(ended: &Ended, ctx: &Ctx) -> Seen {
    let duration = ended.took.as_secs_f64();
    let stdout = ended.stdout.trim_end();
    let text = match (ended.code, short(stdout, 60)) {
        (0, line) if line.is_empty() => format!("exit 0, {}", short_duration(duration)),
        (0, line) => line,
        (code, line) => match ended.stderr.trim_end().lines().last().map(|l| short(l, 80)).unwrap_or(line) {
            line if line.is_empty() => format!("exit {code}"),
            line => format!("exit {code}: {line}"),
        },
    };
    let mut seen = Seen::text(text)
        .field("exit_code", Value::Number(f64::from(ended.code)))
        .field("duration", Value::Duration(duration))
        .field("stdout", Value::Text(stdout.to_owned()));
    // A command that prints one number is a gauge; with a unit it is read as one.
    seen.value = stdout.parse::<f64>().ok().and_then(|raw| ctx.unit.unwrap_or_default().value(raw).figure());
    if let (0, Some(unit), Some(figure)) = (ended.code, ctx.unit, seen.value) {
        seen.text = unit.show(figure);
    }
    match serde_json::from_str::<serde_json::Value>(stdout) {
        Ok(json) => seen.field("json", Value::from_json(&json)),
        Err(_) if ended.cut => seen.missing("json", "stdout is longer than 1 MiB"),
        Err(_) if stdout.is_empty() => seen.missing("json", "stdout is empty"),
        Err(_) => seen.missing("json", format!("stdout is no JSON: {}", short(stdout, 60))),
    }
}
