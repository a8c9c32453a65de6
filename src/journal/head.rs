//! The journal's head as a small text file, for keeping elsewhere and for signing: a chain of hashes shows edits, but
//! not a tail that was cut off.

use std::io;
use std::path::Path;

use super::digest::Digest;
use super::folder::RunFolder;
use crate::words::{RunId, files};

const TITLE: &str = "flightdeck-head v1";

/// The head of a run's journal: `flightdeck-head v1`, the run, the number, the hash, one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The run.
    pub run: RunId,
    /// The number of an event.
    pub seq: u64,
    /// That event's hash.
    pub hash: Digest,
}

/// How a journal and a head agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadCheck {
    /// The folder has no head.
    None,
    /// The head names this event, and it is in the journal as it was.
    Agrees {
        /// The event's number.
        seq: u64,
    },
    /// The head names an event that the journal does not have: its tail was cut off.
    TailMissing {
        /// The event's number.
        seq: u64,
    },
    /// The event that the head names has another hash: the journal was written anew.
    Differs {
        /// The event's number.
        seq: u64,
    },
    /// The head is another run's, or not a head at all.
    Foreign,
}

impl Head {
    /// The file's text.
    pub fn to_text(&self) -> String {
        format!("{TITLE}\n{}\n{}\n{}\n", self.run, self.seq, self.hash)
    }

    /// Reads the file's text; `None` when it is not a head.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (title, run, seq, hash) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        if title != TITLE || lines.next().is_some() {
            return None;
        }
        Some(Self { run: RunId::from(run), seq: seq.parse().ok()?, hash: Digest::from_hex(hash.as_bytes())? })
    }

    /// Writes the file `head` of the run, atomically.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.write_atomic(files::HEAD, self.to_text().as_bytes())
    }

    /// Reads the file `head` of a run's folder: `None` when there is none, an inner `None` when it is not a head.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn read(dir: &Path) -> io::Result<Option<Option<Self>>> {
        match std::fs::read(dir.join(files::HEAD)) {
            Ok(bytes) => Ok(Some(std::str::from_utf8(&bytes).ok().and_then(Self::parse))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_four_lines_and_round_trips() {
        let head = Head { run: RunId::from("2026-11-24T090211Z-x-01JD"), seq: 17, hash: Digest::of(&[b"x"]) };
        let text = head.to_text();
        assert_eq!(text.lines().count(), 4);
        assert!(text.starts_with("flightdeck-head v1\n2026-11-24T090211Z-x-01JD\n17\n2d711642"));
        assert_eq!(Head::parse(&text), Some(head));
        assert_eq!(Head::parse(text.trim_end()), None);
        assert_eq!(Head::parse(&text.replace("v1", "v2")), None);
        assert_eq!(Head::parse(&format!("{text}more\n")), None);
    }
}
