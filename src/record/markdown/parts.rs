//! The parts that are not items, and how to check the record by hand.

use std::fmt::Write as _;

use super::super::document::{Document, NoteRecord, ParameterRecord};
use super::items::rows;
use super::text::{Clock, code, lasting, plain};

pub(super) fn limitations(out: &mut String, document: &Document) {
    if document.limitations.is_empty() {
        return;
    }
    let clock = Clock::of(document.opened);
    out.push_str("## Known limitations\n\n");
    for limitation in &document.limitations {
        let effect = if limitation.blocks { "blocks" } else { "warns" };
        let _ = writeln!(
            out,
            "- **{}** ({effect}): {}{}",
            plain(&limitation.name),
            plain(&limitation.text),
            rows(&limitation.source)
        );
        if let Some(workaround) = &limitation.workaround {
            let _ = writeln!(out, "  - instead: {}", plain(workaround));
        }
        if let Some(entry) = &limitation.accepted {
            let reason = plain(entry.text.as_deref().unwrap_or_default());
            let file = if entry.from_file { ", from the answers file" } else { "" };
            let _ = writeln!(out, "  - accepted by {}, {}{file}: {reason}", plain(&entry.by), clock.time(entry.when));
        }
    }
    out.push('\n');
}

pub(super) fn cautions(out: &mut String, document: &Document) {
    notes_like(out, "Cautions", &document.cautions, Clock::of(document.opened));
}

pub(super) fn notes(out: &mut String, document: &Document) {
    notes_like(out, "Notes", &document.notes, Clock::of(document.opened));
}

fn notes_like(out: &mut String, heading: &str, notes: &[NoteRecord], clock: Clock) {
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {heading}\n");
    for note in notes {
        let about = note.about.as_ref().map(|about| format!(" (speaks of {})", plain(about))).unwrap_or_default();
        let by = note.by.as_ref().map(|by| format!(", {}", plain(by))).unwrap_or_default();
        let at = note.title.as_ref().map(|title| format!(" (at \"{}\")", plain(title))).unwrap_or_default();
        let _ = writeln!(out, "- {}{by}{about}: {}{at}", clock.time(note.when), plain(&note.text));
    }
    out.push('\n');
}

pub(super) fn triggers(out: &mut String, document: &Document) {
    if !document.triggers.is_empty() {
        out.push_str("## Triggers\n\nThis version shows them and does not arm them: all were off.\n\n");
        for trigger in &document.triggers {
            let held = if trigger.for_seconds > 0.0 {
                format!(" for {}", crate::words::short_duration(trigger.for_seconds))
            } else {
                String::new()
            };
            let _ = writeln!(
                out,
                "- {} **{}**: {}{held}, {}{}",
                trigger.severity,
                plain(&trigger.title),
                code(&trigger.when),
                trigger.state,
                rows(&trigger.source)
            );
        }
        out.push('\n');
    }
    if let Some(watch) = &document.watch {
        let _ = writeln!(out, "## Watch{}\n", rows(&watch.source));
        let _ = writeln!(
            out,
            "The runbook asks for {} after the last box; this version does not keep it.\n",
            crate::words::short_duration(watch.for_seconds)
        );
        for expect in &watch.expect {
            let _ = writeln!(out, "- {}", code(expect));
        }
        out.push('\n');
    }
    if !document.notices.is_empty() {
        let clock = Clock::of(document.opened);
        out.push_str("## Notices\n\n");
        for notice in &document.notices {
            let ok = if notice.ok { "taken" } else { "not taken" };
            let _ = writeln!(
                out,
                "- {} to {}: {ok}; {}",
                clock.time(notice.when),
                plain(&notice.to),
                plain(&notice.answer)
            );
        }
        out.push('\n');
    }
}

pub(super) fn values(out: &mut String, document: &Document) {
    for (heading, values) in
        [("Pins, which the rollback goes back to", &document.pins), ("Baseline", &document.baselines)]
    {
        if values.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {heading}\n");
        for (name, value) in values {
            let _ = writeln!(out, "- {} = {}", code(name), code(&value.text));
        }
        out.push('\n');
    }
    if document.parameters.is_empty() {
        return;
    }
    out.push_str("## Parameters\n\n");
    // What does not apply to these choices has no value and no origin.
    let given = |p: &&ParameterRecord| p.from.as_ref().is_none_or(|from| !from.is_empty());
    for parameter in document.parameters.iter().filter(given) {
        let value = match (&parameter.value, &parameter.secret) {
            (_, Some(source)) => format!("secret from {}", plain(source)),
            (Some(value), None) => code(&value.text),
            (None, None) => continue,
        };
        // A secret's source was said already.
        let from = parameter.from.as_ref().filter(|_| parameter.secret.is_none());
        let from = from.map(|from| format!(" ({})", plain(from))).unwrap_or_default();
        let _ = writeln!(out, "- {} = {value}{from}", code(&parameter.name));
    }
    let off: Vec<String> = document.parameters.iter().filter(|p| !given(p)).map(|p| code(&p.name)).collect();
    if !off.is_empty() {
        let _ = writeln!(out, "- do not apply: {}", off.join(", "));
    }
    out.push('\n');
}

pub(super) fn contacts(out: &mut String, document: &Document) {
    if !document.contacts.is_empty() {
        out.push_str("## Contacts\n\n");
        for contact in &document.contacts {
            let role = contact.role.as_deref().unwrap_or(&contact.name);
            let how: Vec<String> = [&contact.via, &contact.url].into_iter().flatten().map(|text| plain(text)).collect();
            let how = if how.is_empty() { String::new() } else { format!(": {}", how.join(", ")) };
            let _ = writeln!(out, "- {}{how}{}", plain(role), rows(&contact.source));
        }
        out.push('\n');
    }
    if !document.links.is_empty() {
        out.push_str("## Links\n\n");
        for link in &document.links {
            let _ = writeln!(out, "- {}: {}{}", plain(&link.title), code(&link.to), rows(&link.source));
        }
        out.push('\n');
    }
}

pub(super) fn hosts(out: &mut String, document: &Document) {
    if document.hosts.is_empty() {
        return;
    }
    let clock = Clock::of(document.opened);
    out.push_str("## Who ran it when\n\n");
    for host in &document.hosts {
        let _ = writeln!(out, "- {} {}", clock.time(host.when), plain(&host.text));
    }
    out.push('\n');
}

/// The shell lines are DESIGN.md's, "The journal line".
const BY_HAND: &str = r#"bare() { sed -E 's/,"hash":"[0-9a-f]{64}"\}$/}/'; }
bare <journal.jsonl | perl -MDigest::SHA=sha256_hex -lne 'print sha256_hex $_' | cmp - <(jq -r .hash journal.jsonl)
cmp <(jq -r .prev journal.jsonl | sed 1d) <(jq -r .hash journal.jsonl | sed '$d')
sha256sum plan.json runbook/* terminals/*.out
"#;

pub(super) fn chain(out: &mut String, document: &Document) {
    let chain = &document.chain;
    out.push_str("## How to check this record\n\n");
    let _ = writeln!(
        out,
        "It was made from the journal of run {}, up to event {} with hash {}. Each line of the journal holds the hash of \
         the line before it, and the events hold the hashes of plan, runbook, outputs and samples.\n",
        code(&document.run),
        chain.seq,
        code(&chain.hash)
    );
    if let Some(sha) = &chain.answers_sha256 {
        let _ = writeln!(out, "- answers file: sha256 {}", code(sha));
    }
    for (file, sha) in &chain.samples {
        let _ = writeln!(out, "- samples {}: sha256 {}", code(file), code(sha));
    }
    if chain.answers_sha256.is_some() || !chain.samples.is_empty() {
        out.push('\n');
    }
    out.push_str("`flightdeck record verify RUN` checks all of it. By hand, in the run's folder:\n\n");
    let _ = writeln!(out, "```sh\n{BY_HAND}```");
    if let Some(seconds) = document.seconds.filter(|_| document.ended.is_none()) {
        let _ = writeln!(out, "\nThe run had not ended when this was written; it had lasted {}.", lasting(seconds));
    }
}
