//! The whole record of a hand-written run.

use super::fixture::{at, events, plan, run};
use crate::engine::event::Event;
use crate::journal::Digest;
use crate::record::{FindingKind, Run, document, json, markdown};

#[test]
fn the_record_as_markdown() {
    insta::assert_snapshot!("record_md", markdown(&run()));
}

#[test]
fn the_record_as_json() {
    insta::assert_snapshot!("record_json", json(&run()));
}

#[test]
fn the_same_journal_gives_the_same_bytes() {
    assert_eq!(markdown(&run()), markdown(&run()));
    assert_eq!(json(&run()), json(&run()));
}

#[test]
fn a_sensed_item_of_a_closed_phase_stays_as_it_was_closed() {
    let document = document(&run());
    let check = &document.phases[0].sections[0].items[2];
    // It went red in the next phase: a caution, and not another outcome.
    assert_eq!((check.outcome, check.checks[0].verdict, check.checks[0].seen.as_str()), ("passed", "ok", "14 ms"));
    assert_eq!(document.cautions.len(), 1);
}

#[test]
fn time_open_is_without_pauses() {
    let document = document(&run());
    let approved = &document.phases[0].sections[0].items[3];
    // Opened at 14 s, settled at 85 s, paused from 20 s to 80 s.
    assert_eq!(approved.open_seconds, Some(11.0));
}

#[test]
fn the_worst_leads() {
    let kinds: Vec<FindingKind> = document(&run()).findings.iter().map(|finding| finding.kind).collect();
    use FindingKind as K;
    assert_eq!(
        kinds,
        [
            K::Overridden,
            K::Deviation,
            K::Skipped,
            K::Deferred,
            K::FailedAttempt,
            K::FailedAttempt,
            K::SettledUnknown,
            K::Fast,
            K::Trouble
        ]
    );
}

#[test]
fn a_run_that_goes_on_says_so() {
    let plan = std::sync::Arc::new(plan());
    let mut events = events();
    events.truncate(16);
    events.push(at(17, 20.0, "host", Event::PersonNeeded { item: None, why: "\"Release approved\": who".into() }));
    let run = Run::fold(plan.clone(), events, (17, Digest::ZERO), vec![]);
    let text = markdown(&run);
    assert!(text.contains("**Not ended: a person is needed**: \"Release approved\": who."), "{text}");
    assert!(text.contains("The run had not ended when this was written"), "{text}");
    let nothing = Run::fold(plan, vec![], (0, Digest::ZERO), vec!["journal.jsonl line 1: torn".into()]);
    assert!(markdown(&nothing).contains("**The journal is damaged:** journal.jsonl line 1: torn"));
}
