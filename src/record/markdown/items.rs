//! Every phase, section, group and item in order.

use std::fmt::Write as _;

use super::super::document::{AttemptRecord, Document, Entry, ItemRecord, PhaseRecord, WentBack};
use super::text::{Clock, block, code, lasting, plain};
use crate::words::Proof;

pub(super) fn phase(out: &mut String, document: &Document, number: usize, phase: &PhaseRecord) {
    let clock = Clock::of(document.opened);
    let title = if phase.title.is_empty() { "Steps".to_owned() } else { plain(&phase.title) };
    let _ = writeln!(out, "## {}. {title}{}\n", number + 1, rows(&phase.source));
    let text = match (phase.opened, phase.closed) {
        (Some(opened), Some(closed)) => {
            let by = phase.closed_by.as_ref().map(|by| format!(" by {}", plain(by))).unwrap_or_default();
            let took = closed.up.saturating_sub(opened.up) as f64 / 1e6;
            format!("Opened {}, closed {}{by}, after {}.", clock.time(opened), clock.time(closed), lasting(took))
        }
        (Some(opened), None) => format!("Opened {}, not closed.", clock.time(opened)),
        (None, _) => "Never opened.".to_owned(),
    };
    let _ = writeln!(out, "{text}\n");
    sections(out, phase, clock);
}

fn sections(out: &mut String, phase: &PhaseRecord, clock: Clock) {
    for section in &phase.sections {
        if !section.title.is_empty() {
            let _ = writeln!(out, "### {}{}\n", plain(&section.title), rows(&section.source));
        }
        let mut groups: &[String] = &[];
        for item in &section.items {
            if item.groups != groups {
                groups = &item.groups;
                if !groups.is_empty() {
                    let path: Vec<String> = groups.iter().map(|title| plain(title)).collect();
                    let _ = writeln!(out, "\n*{}*\n", path.join(" ▸ "));
                }
            }
            one(out, item, clock);
        }
        out.push('\n');
    }
}

/// The runbook's rollback: as it was flown, or what it holds.
pub(super) fn rollback(out: &mut String, document: &Document) {
    let Some(phase) = &document.rollback else { return };
    let _ = writeln!(out, "## Rollback{}\n", rows(&phase.source));
    let all: Vec<&ItemRecord> = phase.sections.iter().flat_map(|section| &section.items).collect();
    if let Some(back) = &document.went_back {
        went_back(out, back, Clock::of(document.opened));
        sections(out, phase, Clock::of(document.opened));
        return;
    }
    out.push_str("Not used. The runbook holds these items for it:\n\n");
    for item in all {
        let _ = writeln!(out, "- {} ({}{})", plain(&item.title), code(&item.id), rows(&item.source));
    }
    out.push('\n');
}

fn went_back(out: &mut String, back: &WentBack, clock: Clock) {
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "- {name}: {text}");
    };
    if let Some(stamp) = back.decided {
        let file = if back.from_file { ", by the answers file" } else { "" };
        line("Decided", format!("{} by {}{file}", clock.time(stamp), plain(&back.by)));
    }
    line("Reason", back.reason.as_deref().map_or_else(|| "not given".into(), plain));
    if let Some(trigger) = &back.trigger {
        line("Trigger", code(trigger));
    }
    if let Some(left) = &back.left {
        line("Left behind", plain(left));
    }
    let rto = back.rto.map(|rto| format!(" (objective {})", lasting(rto))).unwrap_or_default();
    line(
        "Verified healthy",
        match (back.verified, back.seconds) {
            (Some(stamp), Some(seconds)) => {
                let late = back.rto.is_some_and(|rto| seconds > rto);
                let late = if late { ", **later than the objective**" } else { "" };
                format!("{}, after {}{rto}{late}", clock.time(stamp), lasting(seconds))
            }
            _ => "**no**".into(),
        },
    );
    for title in &back.stays {
        line("Stays new, no undo in the runbook", plain(title));
    }
    for (title, lost) in &back.no_return {
        line("Point of no return", format!("{}: {}", plain(title), plain(lost)));
    }
    out.push('\n');
}

pub(super) fn rows(source: &[String]) -> String {
    if source.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = source.iter().map(|id| plain(id)).collect();
    format!(" · {}", ids.join(", "))
}

fn glyph(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "✓",
        "skipped" => "⊘",
        "deferred" => "↷",
        "overridden" => "≈",
        "unknown" => "?",
        "no data" => "∅",
        "does not apply" => "·",
        "open" => "○",
        "busy" => "◐",
        _ => "✕",
    }
}

fn one(out: &mut String, item: &ItemRecord, clock: Clock) {
    let _ = write!(out, "- {} **{}**: {}", glyph(item.outcome), plain(&item.title), item.outcome);
    if let Some(reason) = &item.reason {
        let _ = write!(out, " ({})", plain(reason));
    }
    if let (Some(opened), Some(ended)) = (item.opened, item.ended) {
        let _ = write!(out, ", {} to {}", clock.time(opened), clock.time(ended));
    } else if let Some(opened) = item.opened {
        let _ = write!(out, ", opened {}", clock.time(opened));
    } else if let Some(ended) = item.ended {
        let _ = write!(out, ", {}", clock.time(ended));
    }
    if let Some(open) = item.open_seconds {
        let _ = write!(out, ", open {}", lasting(open));
    }
    if let Some(by) = &item.by {
        let _ = write!(out, ", {}", plain(by));
    }
    let required = if item.required { ", required" } else { "" };
    let owner = item.owner.as_ref().map(|owner| format!(", owner {}", plain(owner))).unwrap_or_default();
    let _ = writeln!(out, " ({} {}{required}{owner}{})", item.kind, code(&item.id), rows(&item.source));
    for check in item.checks.iter().filter(|_| item.outcome != "does not apply") {
        let expect: Vec<String> = check.expect.iter().map(|expect| code(expect)).collect();
        let expect = if expect.is_empty() { String::new() } else { format!("; expected {}", expect.join(" and ")) };
        let why = check.why.as_ref().map(|why| format!("; {}", plain(why))).unwrap_or_default();
        let _ = writeln!(out, "  - {}: {}, {}{why}{expect}", plain(&check.title), check.verdict, plain(&check.seen));
    }
    // What people decided and what ran, as it came.
    let mut entries = item.history.iter().peekable();
    for attempt in &item.attempts {
        while let Some(entry) = entries.next_if(|entry| entry.when.up <= attempt.started.up) {
            history(out, entry, clock);
        }
        one_attempt(out, attempt, clock);
    }
    for entry in entries {
        history(out, entry, clock);
    }
    for (name, value) in &item.captured {
        let _ = writeln!(out, "  - took {} = {}", code(name), code(&value.text));
    }
    if item.typed_bytes > 0 {
        let _ = writeln!(out, "  - {} bytes were typed into it", item.typed_bytes);
    }
}

fn history(out: &mut String, entry: &Entry, clock: Clock) {
    let mut text = format!("{} {} {}", clock.time(entry.when), plain(&entry.by), entry.what);
    let fields: Vec<String> = entry
        .fields
        .iter()
        .map(
            |(name, value)| {
                if name == "answer" { code(&value.text) } else { format!("{}: {}", plain(name), code(&value.text)) }
            },
        )
        .collect();
    if !fields.is_empty() {
        let _ = write!(text, ": {}", fields.join(", "));
    }
    if let Some(said) = &entry.text {
        let _ = write!(text, ": {}", plain(said));
    }
    if let Some(proof) = entry.proof {
        let _ = write!(text, " ({})", proof_words(proof));
    }
    if entry.from_file {
        text.push_str(" (from the answers file)");
    }
    if entry.fast {
        text.push_str(" (faster than it can be read)");
    }
    let _ = writeln!(out, "  - {text}");
}

fn proof_words(proof: Proof) -> &'static str {
    match proof {
        Proof::Stated => "proof: stated, a typed name that nobody checked",
        Proof::Login => "proof: the approver's own login",
        Proof::Key => "proof: signed with the approver's key",
    }
}

fn one_attempt(out: &mut String, attempt: &AttemptRecord, clock: Clock) {
    let mut text = format!("attempt {}", attempt.number);
    if attempt.edited {
        text.push_str(", edited");
    }
    let _ = write!(text, ": {}", attempt.outcome);
    match (attempt.settled, attempt.exit, attempt.signal) {
        (Some(true), ..) => text.push_str(", settled: it happened"),
        (Some(false), ..) => text.push_str(", settled: it did not happen"),
        (None, Some(exit), _) => {
            let _ = write!(text, ", exit {exit}");
        }
        (None, None, Some(signal)) => {
            let _ = write!(text, ", signal {signal}");
        }
        _ => {}
    }
    let _ = write!(text, ", {}", clock.time(attempt.started));
    if let Some(ended) = attempt.ended {
        let _ = write!(text, " to {}", clock.time(ended));
    }
    if let Some(seconds) = attempt.seconds {
        let _ = write!(text, ", took {}", lasting(seconds));
    }
    let _ = write!(text, ", {}", plain(&attempt.by));
    if attempt.from_file {
        text.push_str(" (from the answers file)");
    }
    if attempt.adopted {
        text.push_str(", adopted by a later host");
    }
    if let Some(why) = &attempt.why {
        let _ = write!(text, "; {}", plain(why));
    }
    if let Some(evidence) = attempt.evidence.as_ref().filter(|evidence| attempt.why.as_ref() != Some(evidence)) {
        let _ = write!(text, "; evidence: {}", plain(evidence));
    }
    let _ = writeln!(out, "  - {text}");
    if let Some(cwd) = &attempt.cwd {
        let _ = writeln!(out, "    - in {}", code(cwd));
    }
    for (name, value) in &attempt.env {
        let _ = writeln!(out, "    - with {}", code(&format!("{name}={value}")));
    }
    if let Some((to, title, text)) = &attempt.notice {
        let to: Vec<String> = to.iter().map(|name| plain(name)).collect();
        let _ = writeln!(out, "    - told {}: {}", to.join(", "), plain(title));
        let _ = write!(out, "\n{}\n", block("text", text, "    "));
    }
    if let Some(command) = &attempt.command {
        let _ = write!(out, "\n{}\n", block("sh", command, "    "));
    }
    if let Some((shell, script)) = &attempt.script {
        let _ = write!(out, "\n{}\n", block(if shell == "bash" { "bash" } else { "sh" }, script, "    "));
    }
    if attempt.output_bytes > 0 {
        let _ = writeln!(
            out,
            "    - output: {} bytes, sha256 {}{}",
            attempt.output_bytes,
            code(&attempt.output_sha256),
            if attempt.last_lines.is_empty() { "" } else { "; it ends:" }
        );
    }
    if !attempt.last_lines.is_empty() {
        let _ = write!(out, "\n{}\n", block("text", &attempt.last_lines.join("\n"), "      "));
    }
}
