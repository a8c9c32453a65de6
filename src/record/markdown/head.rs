//! The first minute: how it went, who, what, where, when; then what was not as planned.

use std::fmt::Write as _;

use super::super::document::{Document, Finding, FindingKind};
use super::text::{Clock, code, date_time, lasting, plain};

pub(super) fn head(out: &mut String, document: &Document) {
    let version = document.runbook.version.as_deref().map(|v| format!(" {}", plain(v))).unwrap_or_default();
    let title = if document.title.is_empty() { "(no plan was fixed)".to_owned() } else { plain(&document.title) };
    let _ = writeln!(out, "# Deployment record: {title}{version}\n");
    let _ = writeln!(out, "{}\n", sentence(document));
    if let Some(scenario) = &document.training {
        let _ = writeln!(
            out,
            "**Training** in the simulated system (scenario {}): nothing real was touched.\n",
            code(scenario)
        );
    }
    for damage in &document.damage {
        let _ = writeln!(out, "**The journal is damaged:** {}. What follows ends there.\n", plain(damage));
    }
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "- {name}: {text}");
    };
    line("Items", counts(document));
    if let Some(change) = &document.change {
        let system = document.system.as_deref().map(|s| format!("{} ", plain(s))).unwrap_or_default();
        line("Change", format!("{system}{} → {}", plain(&change.0), plain(&change.1)));
    } else if let Some(system) = &document.system {
        line("System", plain(system));
    }
    for place in &document.places {
        let text = match (&place.is, &place.pinned) {
            (Some(is), Some(pinned)) if is != pinned => format!("{} (found {})", code(is), code(pinned)),
            (Some(is), _) => code(is),
            (None, Some(pinned)) => code(pinned),
            (None, None) => continue,
        };
        line(&format!("Place, {}", plain(&place.kind.replace('_', " "))), text);
    }
    line("Operator", plain(&document.operator));
    let others: Vec<String> =
        document.people.iter().filter(|who| **who != document.operator).map(|who| plain(who)).collect();
    if !others.is_empty() {
        line("Others who acted", others.join(", "));
    }
    let times = [("Opened", document.opened), ("Begun", document.begun), ("Ended", document.ended)];
    for (name, stamp) in times {
        if let Some(stamp) = stamp {
            line(name, date_time(stamp));
        }
    }
    if document.ended.is_none()
        && let Some(last) = document.last
    {
        line("Newest event", date_time(last));
    }
    let own = &document.runbook.sha256;
    let sha = if own.is_empty() { String::new() } else { format!(", sha256 {}", code(own)) };
    line("Runbook", format!("{}{version}{sha}", code(&document.runbook.path)));
    for (path, sha) in document.runbook.files.iter().filter(|(_, sha)| *sha != own) {
        line("Included", format!("{}, sha256 {}", code(path), code(sha)));
    }
    if let Some(sha) = &document.runbook.plan_sha256 {
        line("Plan", format!("sha256 {}", code(sha)));
    }
    line("Program", plain(&document.program));
    if let Some(autopilot) = &document.autopilot {
        line("Autopilot", plain(autopilot));
    }
    if document.speed != 1.0 {
        line("Speed of the run's clock", format!("{} x; durations are in run time", document.speed));
    }
    line("Run", code(&document.run));
    out.push('\n');
}

fn sentence(document: &Document) -> String {
    let mut text = format!("**{}**", plain(&document.outcome.words));
    if let Some(reason) = &document.outcome.reason {
        let _ = write!(text, ": {}", plain(reason));
    }
    if let Some(by) = &document.outcome.by {
        let _ = write!(text, " ({})", plain(by));
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    if let (Some(begun), Some(seconds)) = (document.begun, document.seconds) {
        let _ = write!(text, " Flown by {} from {}", plain(&document.operator), date_time(begun));
        match document.ended {
            Some(ended) => {
                let _ = write!(text, " to {} ({}).", date_time(ended), lasting(seconds));
            }
            None => {
                let _ = write!(text, "; so far {}.", lasting(seconds));
            }
        }
    }
    text
}

fn counts(document: &Document) -> String {
    let counts = &document.counts;
    let all = [
        (counts.failed, "failed"),
        (counts.unknown, "unknown"),
        (counts.overridden, "overridden"),
        (counts.skipped, "skipped"),
        (counts.deferred, "deferred"),
        (counts.open, "not settled"),
        (counts.does_not_apply, "do not apply"),
    ];
    let mut text = format!("{} of {} passed", counts.passed, counts.all);
    for (count, what) in all.iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {count} {what}");
    }
    text
}

/// What was not as planned, the worst first.
pub(super) fn findings(out: &mut String, document: &Document) {
    out.push_str("## First\n\n");
    if document.findings.is_empty() {
        out.push_str("No deviation, override, skip, deferral, unknown or failed attempt.\n\n");
        return;
    }
    let clock = Clock::of(document.opened);
    let mut kind = None;
    for finding in &document.findings {
        if kind != Some(finding.kind) {
            if kind.is_some() {
                out.push('\n');
            }
            kind = Some(finding.kind);
            let count = document.findings.iter().filter(|other| other.kind == finding.kind).count();
            let _ = writeln!(out, "**{} ({count})**\n", heading(finding.kind));
        }
        let _ = writeln!(out, "- {}", one(finding, clock));
    }
    out.push('\n');
}

fn heading(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Failed => "Failed",
        FindingKind::Unknown => "Unknown: nobody knows how it ended",
        FindingKind::Overridden => "Overridden",
        FindingKind::Deviation => "Deviations from the runbook",
        FindingKind::Skipped => "Skipped",
        FindingKind::NotApplicable => "Said not to apply",
        FindingKind::Deferred => "Deferred",
        FindingKind::PlaceChanged => "Places that changed",
        FindingKind::Lock => "The lock at the target",
        FindingKind::FailedAttempt => "Attempts that did not pass",
        FindingKind::SettledUnknown => "Unknown attempts that were settled",
        FindingKind::Reopened => "Opened again",
        FindingKind::Fast => "Answered faster than it can be read",
        FindingKind::Trouble => "Trouble of program and machine",
    }
}

fn one(finding: &Finding, clock: Clock) -> String {
    let mut parts = vec![];
    if let Some(title) = &finding.title {
        parts.push(format!("**{}**", plain(title)));
    }
    if !finding.text.is_empty() {
        parts.push(plain(&finding.text));
    }
    let mut text = parts.join(": ");
    let who = finding.by.as_ref().map(|by| plain(by));
    let when = finding.when.map(|when| clock.time(when));
    let tail: Vec<String> = [who, when].into_iter().flatten().collect();
    if !tail.is_empty() {
        let _ = write!(text, " ({})", tail.join(", "));
    }
    text
}
