//! Reports that tools wrote: findings, tests, coverage. An empty report is never a pass.

mod coverage;
mod findings;
mod go_test;
mod govulncheck;
mod sarif;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::config::read_text;
use super::ctx::{Ctx, maybe, plain};
use super::file::matches;
use super::seen::{Problem, Seen};
use super::trust::io_words;
use crate::runbook::kinds::{Report, ReportFormat};
use crate::words::{Value, short_duration};

/// A report is no longer than this: 64 MiB.
const CAP: u64 = 64 << 20;

/// What one report says; several are added.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    /// Findings by severity.
    Findings(Findings),
    /// Tests.
    Tests(Tests),
    /// Statements: covered, all.
    Covered(f64, f64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Findings {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tests {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// 0..1, when the report says it for exactly one package.
    coverage: Option<f64>,
}

/// Looks once, on a thread for files. A report that is missing, old or unreadable is no data.
pub(super) async fn look(spec: &Report, ctx: &Ctx) -> Seen {
    let asked =
        plain(&spec.path).and_then(|path| Ok((path.to_owned(), maybe(spec.newer_than.as_ref())?.map(str::to_owned))));
    let (shown, newer_than) = match asked {
        Ok(asked) => asked,
        Err(problem) => return problem.into(),
    };
    let (pattern, format, root) = (ctx.path(&shown), spec.format, ctx.root.clone());
    ctx.blocking(move || read(&pattern, &shown, format, newer_than.as_deref(), &root).unwrap_or_else(Seen::from)).await
}

fn read(
    pattern: &Path,
    shown: &str,
    format: ReportFormat,
    newer_than: Option<&str>,
    root: &Path,
) -> Result<Seen, Problem> {
    let files = matches(pattern)?;
    if files.is_empty() {
        return Err(Problem::nothing(format!("no report at {shown}")).hint("did the tool run? where does it write?"));
    }
    let reference = newer_than.map(|text| reference(text, root)).transpose()?;
    let (mut sum, mut oldest): (Option<Says>, Option<SystemTime>) = (None, None);
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let bad = |why: String| Problem::nothing(format!("{name}: {why}"));
        let meta = std::fs::metadata(file).map_err(|e| bad(io_words(&e)))?;
        let written = meta.modified().map_err(|e| bad(io_words(&e)))?;
        if let Some((then, than)) = reference.as_ref().filter(|(then, _)| written <= *then) {
            let by = short_duration(then.duration_since(written).unwrap_or_default().as_secs_f64());
            return Err(bad(format!("{by} older than {than}")).hint("run the tool again"));
        }
        oldest = Some(oldest.map_or(written, |o| o.min(written)));
        let text = read_text(file, CAP).map_err(|e| bad(io_words(&e)))?;
        let says = match format {
            ReportFormat::Sarif => sarif::read(&text),
            ReportFormat::Gosec => findings::gosec(&text),
            ReportFormat::Zap => findings::zap(&text),
            ReportFormat::Govulncheck => govulncheck::read(&text),
            ReportFormat::GoTest => go_test::read(&text),
            ReportFormat::Coverage => coverage::read(&text),
        };
        sum = Some(add(sum, says.map_err(bad)?));
    }
    let age = oldest.and_then(|t| SystemTime::now().duration_since(t).ok()).unwrap_or_default().as_secs_f64();
    let seen = sum.map_or_else(Seen::default, seen).field("age", Value::Duration(age));
    Ok(Seen { text: format!("{}, {} old", seen.text, short_duration(age)), ..seen })
}

/// When a report must be newer than: an RFC 3339 time, or a file's last change; with its words.
fn reference(text: &str, root: &Path) -> Result<(SystemTime, String), Problem> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok((time.with_timezone(&Utc).into(), text.to_owned()));
    }
    let meta = std::fs::metadata(root.join(text)).and_then(|m| m.modified());
    match meta {
        Ok(time) => Ok((time, text.to_owned())),
        Err(e) => Err(Problem::nothing(format!("newer_than: {text}: {}", io_words(&e)))
            .hint("a file, or a time as 2026-11-24T09:02:11Z")),
    }
}

fn add(sum: Option<Says>, more: Says) -> Says {
    match (sum, more) {
        (Some(Says::Findings(a)), Says::Findings(b)) => Says::Findings(Findings {
            critical: a.critical + b.critical,
            high: a.high + b.high,
            medium: a.medium + b.medium,
            low: a.low + b.low,
        }),
        (Some(Says::Tests(a)), Says::Tests(b)) => Says::Tests(Tests {
            passed: a.passed + b.passed,
            failed: a.failed + b.failed,
            skipped: a.skipped + b.skipped,
            coverage: None,
        }),
        (Some(Says::Covered(covered, all)), Says::Covered(c, a)) => Says::Covered(covered + c, all + a),
        (_, more) => more,
    }
}

fn seen(says: Says) -> Seen {
    let number = |n: u64| Value::Number(n as f64);
    match says {
        Says::Findings(Findings { critical, high, medium, low }) => {
            let parts = [(critical, "critical"), (high, "high"), (medium, "medium"), (low, "low")];
            let found: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect();
            let text = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
            let seen = parts.iter().fold(Seen::text(text), |seen, (n, word)| seen.field(word, number(*n)));
            seen.value((critical + high) as f64)
        }
        Says::Tests(Tests { passed, failed, skipped, coverage }) => {
            let mut text = format!("{passed} passed");
            for (n, word) in [(failed, "failed"), (skipped, "skipped")].into_iter().filter(|(n, _)| *n > 0) {
                text.push_str(&format!(", {n} {word}"));
            }
            if passed + failed == 0 {
                text = "no test ran".into();
            }
            let seen = Seen::text(text)
                .field("tests", number(passed + failed))
                .field("passed", number(passed))
                .field("failed", number(failed))
                .field("skipped", number(skipped))
                .value(failed as f64);
            match coverage {
                Some(share) => seen.field("coverage", Value::Ratio(share)),
                None => seen.missing("coverage", "the report does not say it for the whole: read the coverage profile"),
            }
        }
        Says::Covered(covered, all) => {
            let share = if all > 0.0 { covered / all } else { 0.0 };
            Seen::text(format!("{} covered", Value::Ratio((share * 1000.0).round() / 1000.0)))
                .field("coverage", Value::Ratio(share))
                .value(share)
        }
    }
}

/// A JSON document of a report.
fn json(text: &str) -> Result<serde_json::Value, String> {
    match text.trim() {
        "" => Err("the report is empty: the tool broke off".into()),
        text => serde_json::from_str(text)
            .map_err(|e| format!("no JSON ({e}): the tool broke off, or writes another format")),
    }
}
