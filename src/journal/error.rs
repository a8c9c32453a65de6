//! What can go wrong with a journal, in words.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A line of a journal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name in the run's folder.
    pub file: &'static str,
    /// The line in that file, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.file, self.line)
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The file ends in the middle of the line.
    #[error("the line is not complete")]
    Incomplete,
    /// There is no hash at its end.
    #[error("the line does not end in a hash")]
    NoHash,
    /// The line's bytes are not those that were written.
    #[error("the line's bytes do not match its hash")]
    Hash,
    /// The hash fits, but it is not the journal's shape of a line.
    #[error("the line is not an event line: {0}")]
    Shape(&'static str),
    /// The event is not JSON.
    #[error("the event is not JSON: {0}")]
    Json(String),
    /// A line is missing before this one, or it is here twice.
    #[error("the line has number {found}, but number {wanted} is due")]
    Seq {
        /// The number that must come here.
        wanted: u64,
        /// The number that is here.
        found: u64,
    },
    /// The line was written after another line than the one before it.
    #[error("the line does not follow from the line before it (`prev` is another line's hash)")]
    Prev,
    /// A newer program wrote the line in a form that this one does not know.
    #[error("the line has format {0}, written by a newer flightdeck; this one knows format 1")]
    Version(u64),
}

impl Flaw {
    /// Whether a write that was cut off can leave such a line behind.
    pub(super) fn may_be_torn(&self) -> bool {
        matches!(self, Self::Incomplete | Self::NoHash | Self::Hash)
    }
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The folder holds no journal.
    #[error("no journal in {}: is this a run's folder?", .0.display())]
    Missing(PathBuf),
    /// The disk refused.
    #[error("cannot read the journal in {}: {source}", dir.display())]
    Io {
        /// The run's folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an event could not be made durable. Nothing of the batch counts as written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried: `write`, `sync`, `open`, …
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier write or sync failed; the journal takes nothing until it is reopened.
    #[error("the journal takes nothing more since an earlier write or sync failed; reopen it first")]
    Failed,
    /// An event cannot be written as a line; the journal itself is well.
    #[error("the event cannot be written as a journal line: {0}")]
    Unwritable(String),
    /// The journal ends in a torn line.
    #[error("the journal ends in a torn line ({place}); repair it first")]
    Torn {
        /// The torn line.
        place: Place,
    },
    /// A line in the middle is bad, or a newer program wrote it.
    #[error("the journal cannot be continued: {place}: {flaw}")]
    Broken {
        /// The first bad line.
        place: Place,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// What was proven on disk is not there any more.
    #[error(
        "the disk lost what it had acknowledged: {acknowledged} events were synced, {found} are readable in {}; \
         copy the folder to another disk and resume there",
        dir.display()
    )]
    Lost {
        /// The run's folder.
        dir: PathBuf,
        /// The number of the last synced event.
        acknowledged: u64,
        /// The number of the last event that can be read and proven.
        found: u64,
    },
    /// The journal is not what the caller read.
    #[error("{} has {found} bytes, {wanted} were read: another program writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Bytes that were read.
        wanted: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// There is no journal, or it cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl StorageError {
    /// Whether freeing space helps.
    pub fn is_full(&self) -> bool {
        let source = match self {
            Self::Io { source, .. } | Self::Read(ReadError::Io { source, .. }) => source,
            _ => return false,
        };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
