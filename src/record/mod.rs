//! Projections of a run for people: the record as Markdown and JSON, its verification and exports.
//!
//! Everything is made from the fold of the journal alone, so the same journal gives the same bytes: [`load()`] reads and
//! folds it, [`Document`] is what a reader wants to know, [`markdown()`] and [`json`] write that down.

mod build;
mod document;
mod export;
mod facts;
mod files;
mod load;
mod markdown;
#[cfg(test)]
mod tests;
mod verify;

pub use build::document;
pub use document::{
    AttemptRecord, Chain, CheckRecord, ContactRecord, Counts, Document, Entry, Finding, FindingKind, HostRecord,
    ItemRecord, LimitationRecord, LinkRecord, NoteRecord, NoticeRecord, OutcomeRecord, ParameterRecord, PhaseRecord,
    PlaceRecord, RunbookRecord, SectionRecord, Shown, TriggerRecord, WatchRecord,
};
pub use export::{Format, export};
pub use files::write_files;
pub use load::{RecordError, Run, load};
pub use verify::{Fault, VerifyReport, verify};

/// The record as Markdown.
pub fn markdown(run: &Run) -> String {
    markdown::write(&document(run))
}

/// The record as JSON, indented, with a newline at its end.
pub fn json(run: &Run) -> String {
    // Maps have text keys and numbers are finite, so nothing in it can fail.
    let mut text = serde_json::to_string_pretty(&document(run)).unwrap_or_default();
    text.push('\n');
    text
}
