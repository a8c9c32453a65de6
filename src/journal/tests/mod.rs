//! What a journal must survive.

mod disk;
mod envelope;
mod failing;
mod folder;
mod follow;
mod presence;
mod store;
mod tampering;

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Appended, Disk, Journal, StorageError};
use crate::words::{Actor, Stamp};

/// Events as the engine's are: externally tagged, strict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Ev {
    NoteAdded { text: String },
    Figure { value: f64, count: u64 },
    RunEnded,
}

pub(super) fn note(text: &str) -> Ev {
    Ev::NoteAdded { text: text.into() }
}

pub(super) fn stamp(n: u64) -> Stamp {
    let start: DateTime<Utc> = "2026-11-24T09:02:11.000421Z".parse().unwrap();
    Stamp { at: start + TimeDelta::microseconds(i64::try_from(n).unwrap() * 1_000_003), up: n * 1_000_003 }
}

pub(super) fn append<D: Disk>(journal: &mut Journal<D>, events: &[Ev]) -> Result<Appended, StorageError> {
    let (seq, _) = journal.head();
    let batch: Vec<_> = events.iter().zip(seq..).map(|(ev, n)| (stamp(n), Actor("anna@ops1".into()), ev)).collect();
    journal.append_all(&batch)
}

/// Makes a journal of notes, each batch in one write.
pub(super) fn journal_of(dir: &Path, batches: &[&[&str]]) -> Journal {
    let mut journal = Journal::create(dir).unwrap();
    for batch in batches {
        let events: Vec<Ev> = batch.iter().map(|t| note(t)).collect();
        append(&mut journal, &events).unwrap();
    }
    journal
}
