//! From a run's folder to its fold.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::facts::Facts;
use crate::engine::event::Event;
use crate::engine::plan::Plan;
use crate::engine::{Recorded, State};
use crate::journal::{Digest, ReadError};
use crate::words::files;

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The plan is not the one that the journal names.
    #[error("{} is not the plan that the journal fixed (sha256 {found}, the journal says {wanted})", path.display())]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// Its sha256.
        found: String,
        /// What `plan_fixed` says.
        wanted: String,
    },
    /// The plan cannot be read.
    #[error("{} cannot be read as a plan; a newer flightdeck may have written it: {why}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What was asked for is not there.
    #[error("{0}")]
    Missing(String),
}

impl RecordError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// A run as its folder tells it.
#[derive(Clone, Debug)]
pub struct Run {
    /// The fold of all events.
    pub state: State,
    /// All events, in order.
    pub events: Vec<Recorded>,
    /// Number and hash of the last event.
    pub head: (u64, Digest),
    /// What is wrong with the journal, in words: the events end there.
    pub trouble: Vec<String>,
    pub(super) facts: Facts,
}

/// Reads a run's folder: the plan that the journal fixed, and every event.
///
/// # Errors
///
/// See [`RecordError`]. A damaged journal is none: what is readable is there, and [`Run::trouble`] says the rest.
pub fn load(run_dir: &Path) -> Result<Run, RecordError> {
    let journal = crate::journal::read::<Event>(run_dir)?;
    let fixed = journal.lines.iter().rev().find_map(|line| match &line.ev {
        Event::PlanFixed { sha256, .. } => Some(sha256.clone()),
        _ => None,
    });
    let plan = match fixed {
        Some(sha256) => plan(run_dir, &sha256)?,
        None => Plan::default(),
    };
    Ok(fold(journal, Arc::new(plan)))
}

/// Like [`load`], with a plan that was read and checked already.
pub(super) fn load_with(run_dir: &Path, plan: Arc<Plan>) -> Result<Run, RecordError> {
    Ok(fold(crate::journal::read::<Event>(run_dir)?, plan))
}

fn fold(journal: crate::journal::Read<Event>, plan: Arc<Plan>) -> Run {
    let mut trouble = vec![];
    trouble.extend(journal.why_read_only());
    if let Some(torn) = &journal.torn {
        trouble.push(format!("{}: {}; its {} bytes do not count", torn.place, torn.why, torn.bytes));
    }
    let head = (journal.end.seq, journal.end.hash);
    let events: Vec<Recorded> = journal
        .lines
        .into_iter()
        .map(|line| Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev })
        .collect();
    Run::fold(plan, events, head, trouble)
}

impl Run {
    /// Folds events over a plan; `head` is the last one's number and hash.
    pub fn fold(plan: Arc<Plan>, events: Vec<Recorded>, head: (u64, Digest), trouble: Vec<String>) -> Self {
        let mut state = State::new(plan);
        let mut facts = Facts::new(&state);
        for (place, recorded) in events.iter().enumerate() {
            facts.before(&state, recorded);
            state.apply(recorded);
            facts.after(&state, place, recorded);
        }
        Self { state, events, head, trouble, facts }
    }
}

/// Reads the plan that has this sha256.
pub(super) fn plan(run_dir: &Path, wanted: &str) -> Result<Plan, RecordError> {
    let path = run_dir.join(files::PLAN);
    let bytes = std::fs::read(&path).map_err(RecordError::io("read", &path))?;
    let found = sha256(&bytes);
    if found != wanted {
        return Err(RecordError::OtherPlan { path, found, wanted: wanted.to_owned() });
    }
    serde_json::from_slice(&bytes).map_err(|error| RecordError::Plan { path, why: error.to_string() })
}

/// sha256 in small hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Digest::from(Sha256::new_with_prefix(bytes)).to_string()
}
