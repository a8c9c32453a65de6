//! What leads the record: deviations, overrides, skips, what is deferred or unknown, attempts that failed.

use std::collections::BTreeMap;

use super::super::document::{Finding, FindingKind, ItemRecord, PhaseRecord};
use super::super::load::Run;
use super::items::{by_id, command};
use super::title;
use crate::engine::Recorded;
use crate::engine::event::{Event, Resolved};
use crate::words::{Actor, ItemId, Outcome};

pub(super) fn findings(run: &Run, phases: &[PhaseRecord]) -> Vec<Finding> {
    let items = by_id(phases.iter());
    let mut found = standing(run, phases);
    let mut edits: BTreeMap<&ItemId, (&Recorded, &Resolved)> = BTreeMap::new();
    let mut epochs = 0;
    let mut left = true;
    for recorded in &run.events {
        match &recorded.event {
            Event::HostStarted { epoch, .. } => {
                if epochs > 0 && !left {
                    found.push(trouble(recorded, format!("host {epochs} died; host {epoch} went on")));
                }
                (epochs, left) = (*epoch, false);
            }
            Event::HostLeft { .. } => left = true,
            Event::CommandEdited { item, what } => {
                edits.insert(item, (recorded, what));
            }
            event => found.extend(one(run, recorded, event, &items, &edits)),
        }
    }
    // Stable: within a kind the journal's order stays.
    found.sort_by_key(|finding| finding.kind);
    found
}

/// How items stand in the end.
fn standing(run: &Run, phases: &[PhaseRecord]) -> Vec<Finding> {
    let mut found = vec![];
    for item in phases.iter().flat_map(|phase| &phase.sections).flat_map(|section| &section.items) {
        let (kind, text) = match item.outcome {
            "passed" | "open" | "busy" | "no data" => continue,
            "unknown" => (FindingKind::Unknown, item.reason.clone().unwrap_or_default()),
            "overridden" => (FindingKind::Overridden, item.reason.clone().unwrap_or_default()),
            "skipped" => (FindingKind::Skipped, item.reason.clone().unwrap_or_default()),
            "deferred" => (FindingKind::Deferred, item.reason.clone().unwrap_or_default()),
            "does not apply" => {
                // Only what a person said; what the runbook's own conditions switch off is as it should be.
                if !item.history.iter().any(|entry| entry.what == "said that it does not apply") {
                    continue;
                }
                (FindingKind::NotApplicable, item.reason.clone().unwrap_or_default())
            }
            outcome => (FindingKind::Failed, with_reason(outcome, item)),
        };
        let last =
            item.history.iter().rev().find(|entry| {
                matches!(entry.what, "skipped" | "deferred" | "overrode" | "said that it does not apply")
            });
        let from_file = last.is_some_and(|entry| entry.from_file);
        let text = if from_file { format!("{text} (from the answers file)") } else { text };
        found.push(Finding {
            kind,
            item: Some(item.id.clone()),
            title: Some(item.title.clone()),
            text,
            when: last.map(|entry| entry.when).or(item.ended),
            by: last.map(|entry| entry.by.clone()),
        });
    }
    if let Some((since, why)) = &run.state.storage_failed {
        found.push(Finding {
            kind: FindingKind::Trouble,
            item: None,
            title: None,
            text: format!("the journal cannot be written: {why}"),
            when: Some(*since),
            by: None,
        });
    }
    found
}

fn with_reason(outcome: &str, item: &ItemRecord) -> String {
    let seen = item.checks.iter().find_map(|check| check.why.clone().filter(|_| check.verdict != "ok"));
    match item.reason.clone().or(seen) {
        Some(why) => format!("{outcome}: {why}"),
        None => outcome.to_owned(),
    }
}

fn one(
    run: &Run,
    recorded: &Recorded,
    event: &Event,
    items: &BTreeMap<&str, &ItemRecord>,
    edits: &BTreeMap<&ItemId, (&Recorded, &Resolved)>,
) -> Option<Finding> {
    let of = |kind, item: &ItemId, text: String, by: &Actor| Finding {
        kind,
        item: Some(item.0.clone()),
        title: Some(title(run, item)),
        text,
        when: Some(recorded.stamp),
        by: Some(by.to_string()),
    };
    Some(match event {
        Event::AttemptStarted(started) if started.edited => {
            let by = edits.get(&started.item).map_or(&recorded.by, |(edit, _)| &edit.by);
            let text = format!("attempt {} ran an edited command: {}", started.attempt, command(&started.what));
            of(FindingKind::Deviation, &started.item, text, by)
        }
        Event::AttemptEnded(ended) => {
            let outcome = ended.outcome.filter(|o| !matches!(o, Outcome::Passed | Outcome::Unknown))?;
            // What failed in the end stands above already.
            let later = items.get(ended.item.as_str())?.attempts.iter().any(|a| a.number > ended.attempt);
            let passed = items.get(ended.item.as_str())?.outcome == "passed";
            if !later && !passed && outcome != Outcome::Cancelled {
                return None;
            }
            let why = ended.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let text = format!("attempt {} {}{why}", ended.attempt, outcome.words());
            of(FindingKind::FailedAttempt, &ended.item, text, &recorded.by)
        }
        Event::UnknownSettled { item, attempt, happened, by_probe } => {
            let how = if *happened { "it happened" } else { "it did not happen" };
            let seen = by_probe.as_ref().map(|text| format!(" (a look says: {text})")).unwrap_or_default();
            let text = format!("attempt {attempt} was unknown; settled: {how}{seen}");
            of(FindingKind::SettledUnknown, item, text, &recorded.by)
        }
        Event::ItemReopened { item, reason } => of(FindingKind::Reopened, item, reason.clone(), &recorded.by),
        Event::ItemAnswered(answered) if answered.fast => {
            let opened = run.state.index(&answered.item).and_then(|i| run.state.items[i].opened);
            let after =
                opened.map(|o| recorded.stamp.up.saturating_sub(o.up) as f64 / 1e6 / run.state.speed().max(0.001));
            let text = after.map(|s| format!("answered after {}", crate::words::short_duration(s))).unwrap_or_default();
            of(FindingKind::Fast, &answered.item, text, answered.by.as_ref().unwrap_or(&recorded.by))
        }
        Event::TargetChanged { kind, pinned, found } => Finding {
            kind: FindingKind::PlaceChanged,
            item: None,
            title: None,
            text: format!("{kind} became {found}, pinned was {pinned}: nothing started meanwhile"),
            when: Some(recorded.stamp),
            by: None,
        },
        Event::LeaseRefused { place, by } => {
            lock(recorded, format!("the {place} was held by {}: nothing started meanwhile", by.words()))
        }
        Event::LeaseLost { place, by } => {
            lock(recorded, format!("the {place} was taken over by {}: nothing started meanwhile", by.words()))
        }
        Event::LeaseMissing { place, why } => lock(recorded, format!("flown without the {place}: {why}")),
        Event::LeaseTakeOver { from, reason } => {
            lock(recorded, format!("taken over from {} (run {}): {reason}", from.words(), from.run))
        }
        Event::TargetRestored { kind } => Finding {
            kind: FindingKind::PlaceChanged,
            item: None,
            title: None,
            text: format!("{kind} was as pinned again"),
            when: Some(recorded.stamp),
            by: None,
        },
        Event::StorageFailed { why } => trouble(recorded, format!("the journal could not be written: {why}")),
        Event::StorageRecovered { file } => trouble(recorded, format!("the journal could be written again, in {file}")),
        Event::ClockStepped { by } => {
            let seconds = *by as f64 / 1e6;
            trouble(recorded, format!("the wall clock stepped by {seconds:+.3} s against run time"))
        }
        Event::TailRepaired { bytes } => {
            trouble(recorded, format!("a torn last line of {bytes} bytes was set aside in journal.torn"))
        }
        Event::LateResultIgnored { item, attempt, what } => {
            let mut finding = trouble(recorded, format!("a late result of attempt {attempt} was ignored: {what}"));
            (finding.item, finding.title) = (Some(item.0.clone()), Some(title(run, item)));
            finding
        }
        Event::WentUnrecorded { item, attempt } => {
            let mut finding =
                trouble(recorded, format!("attempt {attempt} went on though its output could not be kept"));
            (finding.item, finding.title) = (Some(item.0.clone()), Some(title(run, item)));
            finding.by = Some(recorded.by.to_string());
            finding
        }
        Event::AttemptAdopted { item, attempt, .. } => {
            let mut finding =
                trouble(recorded, format!("attempt {attempt} was running when a host died; the next adopted it"));
            (finding.item, finding.title) = (Some(item.0.clone()), Some(title(run, item)));
            finding
        }
        _ => return None,
    })
}

fn lock(recorded: &Recorded, text: String) -> Finding {
    Finding { kind: FindingKind::Lock, ..trouble(recorded, text) }
}

fn trouble(recorded: &Recorded, text: String) -> Finding {
    Finding { kind: FindingKind::Trouble, item: None, title: None, text, when: Some(recorded.stamp), by: None }
}
