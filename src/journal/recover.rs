//! Going on after the disk refused.
//!
//! A failed fdatasync is never retried on the journal's file: the system marks the pages clean, so a second sync that
//! "succeeds" proves nothing (Rebello, ATC 2020). What was synced before is read again and proven; then the journal
//! goes on in `journal.2.jsonl`, whose first line's `prev` is the last proven line. Where only a *write* failed (a full
//! disk, mostly), or in the second file, the file is cut back to what is proven, its end is written anew and synced.

use std::path::Path;

use super::append::{Journal, Trouble, failed, rewrite_tail};
use super::digest::Digest;
use super::disk::Disk;
use super::error::{ReadError, StorageError};
use super::walk::{Segment, Step, Walk};
use crate::words::files;

/// Where a journal goes on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reopened {
    /// The file's name.
    pub file: &'static str,
    /// The number of the last event that is proven on disk.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

impl<D: Disk> Journal<D> {
    /// After a failed append: frees the reserve, proves what is on disk, and goes on behind the last acknowledged event.
    /// The failed batch does not count; the caller decides anew. May be called again when it fails.
    ///
    /// # Errors
    ///
    /// The disk still refuses ([`StorageError::Io`]), or it lost what it had acknowledged ([`StorageError::Lost`]).
    pub fn reopen_after_failure(&mut self) -> Result<Reopened, StorageError> {
        if let Some(trouble) = self.trouble {
            // Where the reserve cannot be freed there may still be room, or there will be an error that says more.
            let _ = self.disk.remove(&self.dir.join(files::RESERVE));
            self.has_reserve = false;
            self.prove_acknowledged()?;
            let healed = match (self.segment, trouble) {
                (Segment::First, Trouble::Sync) => self.start_second(),
                (Segment::First, Trouble::Write) => self.heal().or_else(|_| {
                    self.trouble = Some(Trouble::Sync);
                    self.start_second()
                }),
                (Segment::Second, _) => self.heal(),
            };
            healed?;
            self.trouble = None;
        }
        Ok(Reopened { file: self.segment.name(), seq: self.seq, hash: self.hash })
    }

    /// Reads again, from the start, whether all that was acknowledged is there.
    fn prove_acknowledged(&self) -> Result<(), StorageError> {
        let io = |source| ReadError::Io { dir: self.dir.clone(), source };
        let mut walk = Walk::new(&self.disk, &self.dir).map_err(io)?;
        let (mut found, mut hash) = (0, Digest::ZERO);
        while found < self.seq {
            let Some(walk) = walk.as_mut() else { break };
            let Some(Step::Good(raw)) = walk.next().map_err(io)? else { break };
            (found, hash) = (raw.seq, raw.hash);
        }
        if (found, hash) == (self.seq, self.hash) {
            Ok(())
        } else {
            Err(StorageError::Lost { dir: self.dir.clone(), acknowledged: self.seq, found })
        }
    }

    /// Cuts the present file back to what is proven and makes a sync of it mean something again.
    fn heal(&mut self) -> Result<(), StorageError> {
        let path = self.segment.path(&self.dir);
        let file = reopen(&self.disk, &path)?;
        self.disk.set_len(&file, self.len).map_err(failed("cut", &path))?;
        rewrite_tail(&self.disk, &path, &file, self.len)?;
        self.prove_acknowledged()?;
        self.file = file;
        Ok(())
    }

    /// Leaves the first file as it is and goes on in the second.
    fn start_second(&mut self) -> Result<(), StorageError> {
        let path = Segment::Second.path(&self.dir);
        // An earlier try may have made it; it has no acknowledged line.
        let file = match self.disk.open(&path).map_err(failed("open", &path))? {
            Some(file) => file,
            None => self.disk.create(&path).map_err(failed("create", &path))?,
        };
        self.disk.set_len(&file, 0).map_err(failed("cut", &path))?;
        self.disk.sync(&file).map_err(failed("sync", &path))?;
        self.disk.sync_dir(&self.dir).map_err(failed("sync", &self.dir))?;
        self.file = file;
        self.segment = Segment::Second;
        self.len = 0;
        Ok(())
    }
}

fn reopen<D: Disk>(disk: &D, path: &Path) -> Result<D::File, StorageError> {
    let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
    disk.open(path).and_then(|file| file.ok_or_else(gone)).map_err(failed("open", path))
}
