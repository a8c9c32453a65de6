//! Proving a journal without knowing its events: hashes, chain, numbers, shape, and the head beside it.

use std::io;
use std::path::Path;

use super::digest::Digest;
use super::disk::RealDisk;
use super::error::{Flaw, Place, ReadError};
use super::head::{Head, HeadCheck};
use super::walk::{Bad, Step, Walk};

/// What a journal proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Proven events.
    pub events: u64,
    /// The hash of the last proven event; zeros when there is none.
    pub hash: Digest,
    /// The first bad line and what is wrong with it.
    pub first_bad: Option<(Place, Flaw)>,
    /// Whether `first_bad` is the last line and looks like a write that was cut off.
    pub torn: bool,
    /// Bytes in the first file that a failed sync left behind and the second file does not count.
    pub superseded: u64,
    /// Whether the file `head` agrees.
    pub head: HeadCheck,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.first_bad.is_none() && matches!(self.head, HeadCheck::None | HeadCheck::Agrees { .. })
    }
}

/// Proves the journal in `dir` line by line, up to the first bad one.
///
/// # Errors
///
/// There is no journal, or the disk refuses.
pub fn verify(dir: &Path) -> Result<Report, ReadError> {
    let io = |source: io::Error| ReadError::Io { dir: dir.to_owned(), source };
    let mut walk = Walk::new(&RealDisk, dir).map_err(io)?.ok_or_else(|| ReadError::Missing(dir.to_owned()))?;
    let head = Head::read(dir).map_err(io)?;
    let wanted = head.as_ref().and_then(Option::as_ref).map_or(0, |h| h.seq);
    let mut at_head = (wanted == 0).then_some(Digest::ZERO);
    let mut events = 0;
    let mut hash = Digest::ZERO;
    let mut found: Option<Bad> = None;
    while let Some(step) = walk.next().map_err(io)? {
        let json = match step {
            Step::Bad(bad) => {
                found = Some(bad);
                break;
            }
            Step::Good(raw) => raw.stamp().and(raw.actor()).and(raw.check_json()),
        };
        if let Err(flaw) = json {
            let place = Place { file: walk.segment.name(), line: walk.line };
            found = Some(Bad { place, flaw, torn: false, offset: 0, bytes: 0 });
            break;
        }
        events += 1;
        hash = walk.hash;
        if walk.seq == wanted {
            at_head = Some(hash);
        }
    }
    let torn = found.as_ref().is_some_and(|b| b.torn);
    Ok(Report {
        events,
        hash,
        first_bad: found.map(|b| (b.place, b.flaw)),
        torn,
        superseded: walk.superseded,
        head: compare(dir, head, at_head),
    })
}

fn compare(dir: &Path, head: Option<Option<Head>>, at_head: Option<Digest>) -> HeadCheck {
    let Some(head) = head else { return HeadCheck::None };
    let Some(head) = head else { return HeadCheck::Foreign };
    let seq = head.seq;
    // The folder's name is the run's name; an exported copy may lie elsewhere, so only a real name can disagree.
    let name = dir.canonicalize().ok().and_then(|d| Some(d.file_name()?.to_str()?.to_owned()));
    if name.is_some_and(|n| super::store::is_run_name(&n) && n != head.run.0) {
        return HeadCheck::Foreign;
    }
    match at_head {
        None => HeadCheck::TailMissing { seq },
        Some(hash) if hash == head.hash => HeadCheck::Agrees { seq },
        Some(_) => HeadCheck::Differs { seq },
    }
}
