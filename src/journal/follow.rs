//! Following a journal that another process writes: the lines verbatim, each proven, from a number on.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::digest::Digest;
use super::envelope::{Line, Raw};
use super::error::{Flaw, Place};
use super::walk::{Segment, check};

/// A proven line as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// The event's number.
    pub seq: u64,
    /// The line without its newline.
    pub text: String,
}

/// Why a journal cannot be followed further.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The disk refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is bad.
    #[error("{place}: {flaw}")]
    Bad {
        /// The line.
        place: Place,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A sync failed at the writer's, and lines that were handed out do not count: read again from that number on.
    #[error("events from number {from} on do not count after a failed sync; read the run again")]
    Superseded {
        /// The first number that is another event now.
        from: u64,
    },
    /// An event is not known here.
    #[error("event {seq} was written by a newer flightdeck: {why}")]
    Newer {
        /// The event's number.
        seq: u64,
        /// What is not known about it.
        why: String,
    },
}

/// A reader at the growing end of a journal.
#[derive(Debug)]
pub struct Follow {
    dir: PathBuf,
    segment: Segment,
    reader: BufReader<File>,
    /// A line that is not complete yet.
    partial: Vec<u8>,
    line: u64,
    seq: u64,
    hash: Digest,
    from: u64,
}

impl Follow {
    /// Starts at the journal's first line; [`Follow::poll`] hands out events from number `from` on (all are proven).
    ///
    /// # Errors
    ///
    /// The journal cannot be opened.
    pub fn from(dir: &Path, from: u64) -> Result<Self, FollowError> {
        Ok(Self {
            dir: dir.to_owned(),
            segment: Segment::First,
            reader: open(&Segment::First.path(dir))?,
            partial: Vec::new(),
            line: 0,
            seq: 0,
            hash: Digest::ZERO,
            from,
        })
    }

    /// All lines that are complete by now, in order; empty when nothing is new. A line that is being written is waited for.
    ///
    /// # Errors
    ///
    /// See [`FollowError`]; after an error start again.
    pub fn poll(&mut self) -> Result<Vec<RawLine>, FollowError> {
        self.poll_some(usize::MAX)
    }

    /// Like [`Follow::poll`], but reads no more than about this many bytes of the journal in one go; those of lines that
    /// are not handed out count too. Empty does not mean that there is nothing more.
    ///
    /// # Errors
    ///
    /// See [`FollowError`]; after an error start again.
    pub fn poll_some(&mut self, bytes: usize) -> Result<Vec<RawLine>, FollowError> {
        let mut lines = Vec::new();
        self.each(bytes, |raw| {
            lines.push(RawLine { seq: raw.seq, text: String::from_utf8_lossy(raw.text).into_owned() });
            Ok(())
        })?;
        Ok(lines)
    }

    /// Like [`Follow::poll`], with the events read.
    ///
    /// # Errors
    ///
    /// See [`FollowError`].
    pub fn poll_lines<E: DeserializeOwned>(&mut self) -> Result<Vec<Line<E>>, FollowError> {
        let mut lines = Vec::new();
        self.each(usize::MAX, |raw| match raw.decode() {
            Ok(Ok(line)) => {
                lines.push(line);
                Ok(())
            }
            Ok(Err(why)) => Err(FollowError::Newer { seq: raw.seq, why }),
            Err(flaw) => Err(FollowError::Bad { place: Place { file: "the journal, event", line: raw.seq }, flaw }),
        })?;
        Ok(lines)
    }

    fn each(
        &mut self,
        most: usize,
        mut take: impl FnMut(Raw<'_>) -> Result<(), FollowError>,
    ) -> Result<(), FollowError> {
        let mut walked = 0_usize;
        let limit = if self.segment == Segment::First { self.limit()? } else { None };
        loop {
            if self.segment == Segment::First && limit == Some(self.seq) {
                self.reader = open(&Segment::Second.path(&self.dir))?;
                self.segment = Segment::Second;
                self.partial.clear();
                self.line = 0;
            }
            if !self.fill()? {
                return Ok(());
            }
            self.line += 1;
            let place = Place { file: self.segment.name(), line: self.line };
            let raw = check(&self.partial, self.seq, &self.hash).map_err(|flaw| FollowError::Bad { place, flaw })?;
            (self.seq, self.hash) = (raw.seq, raw.hash);
            if raw.seq >= self.from {
                take(raw)?;
            }
            walked = walked.saturating_add(self.partial.len());
            self.partial.clear();
            if walked >= most {
                return Ok(());
            }
        }
    }

    /// The last number of the first file that counts, once there is a second file with a line.
    fn limit(&self) -> Result<Option<u64>, FollowError> {
        let path = Segment::Second.path(&self.dir);
        if !path.exists() {
            return Ok(None);
        }
        let mut line = Vec::new();
        open(&path)?.read_until(b'\n', &mut line).map_err(|source| FollowError::Io { path, source })?;
        match line.strip_suffix(b"\n").map(Raw::split) {
            Some(Ok(first)) if first.seq <= self.seq => Err(FollowError::Superseded { from: first.seq }),
            Some(Ok(first)) => Ok(Some(first.seq - 1)),
            _ => Ok(None),
        }
    }

    /// Whether a whole line is in the buffer.
    fn fill(&mut self) -> Result<bool, FollowError> {
        let path = self.segment.path(&self.dir);
        self.reader.read_until(b'\n', &mut self.partial).map_err(|source| FollowError::Io { path, source })?;
        Ok(self.partial.last() == Some(&b'\n'))
    }
}

fn open(path: &Path) -> Result<BufReader<File>, FollowError> {
    let file = File::open(path).map_err(|source| FollowError::Io { path: path.to_owned(), source })?;
    Ok(BufReader::with_capacity(64 * 1024, file))
}
