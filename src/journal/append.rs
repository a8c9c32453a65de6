//! Writing the journal: one write and one fdatasync a batch; nothing counts before the sync came back.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::digest::Digest;
use super::disk::{Disk, RESERVE_BYTES, RealDisk};
use super::envelope::encode;
use super::error::{ReadError, StorageError};
use super::read::End;
use super::walk::{Segment, Step, Walk};
use crate::words::{Actor, Stamp, files};

/// At least this much must be free before the reserve is taken again, so that it does not fill the disk itself.
const ROOM_FOR_RESERVE: u64 = 8 * RESERVE_BYTES;
/// How much of a file's end is written anew when it is taken over. A sync that failed leaves pages that the system
/// believes are clean though the disk never got them; writing them again makes the next sync mean something.
const REWRITTEN_TAIL: u64 = 4 * 1024 * 1024;

/// The numbers of the events of one batch; all are durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The first event's number.
    pub first_seq: u64,
    /// The last event's number (`first_seq - 1` for an empty batch).
    pub last_seq: u64,
}

/// Where a journal failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// In the write: what was synced before is well.
    Write,
    /// In the sync: this file's syncs prove nothing any more.
    Sync,
}

/// A journal that is being written. The caller holds the run's lock.
pub struct Journal<D: Disk = RealDisk> {
    pub(super) disk: D,
    pub(super) dir: PathBuf,
    pub(super) file: D::File,
    pub(super) segment: Segment,
    /// Bytes of the file that are proven durable.
    pub(super) len: u64,
    pub(super) seq: u64,
    pub(super) hash: Digest,
    pub(super) trouble: Option<Trouble>,
    pub(super) has_reserve: bool,
    buf: Vec<u8>,
}

impl Journal<RealDisk> {
    /// Makes a journal in a run's folder that has none.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`], also when there is one already.
    pub fn create(dir: &Path) -> Result<Self, StorageError> {
        Self::create_on(RealDisk, dir)
    }

    /// Reads and proves the journal in `dir` and goes on behind its last line.
    ///
    /// # Errors
    ///
    /// [`StorageError::Torn`] before [`super::repair`], [`StorageError::Broken`], or the disk's refusal.
    pub fn open_for_append(dir: &Path) -> Result<Self, StorageError> {
        Self::open_on(RealDisk, dir)
    }

    /// Goes on behind `end`, which the caller has just read and proven (see [`super::Read::end`]).
    ///
    /// # Errors
    ///
    /// [`StorageError::Changed`] when the file is not as long as it was read, or the disk's refusal.
    pub fn open_at(dir: &Path, end: &End) -> Result<Self, StorageError> {
        Self::open_at_on(RealDisk, dir, end)
    }
}

impl<D: Disk> Journal<D> {
    /// [`Journal::create`] on another disk.
    ///
    /// # Errors
    ///
    /// See there.
    pub fn create_on(disk: D, dir: &Path) -> Result<Self, StorageError> {
        let path = Segment::First.path(dir);
        let file = disk.create(&path).map_err(failed("create", &path))?;
        disk.sync(&file).map_err(failed("sync", &path))?;
        disk.sync_dir(dir).map_err(failed("sync", dir))?;
        let mut journal = Self::at(disk, dir, file, &End::default());
        journal.ensure_reserve();
        Ok(journal)
    }

    /// [`Journal::open_for_append`] on another disk.
    ///
    /// # Errors
    ///
    /// See there.
    pub fn open_on(disk: D, dir: &Path) -> Result<Self, StorageError> {
        let end = prove(&disk, dir)?;
        Self::open_at_on(disk, dir, &end)
    }

    /// [`Journal::open_at`] on another disk.
    ///
    /// # Errors
    ///
    /// See there.
    pub fn open_at_on(disk: D, dir: &Path, end: &End) -> Result<Self, StorageError> {
        if end.segment == Segment::Second && end.len == 0 {
            // A sync of the first file failed, and the host was killed before the second had a line. What can be read
            // of the first may never have reached the disk, and the second will stand on it.
            let path = Segment::First.path(dir);
            let first = open(&disk, dir, &path)?;
            rewrite_tail(&disk, &path, &first, end.first_len)?;
        }
        let path = end.segment.path(dir);
        let file = open(&disk, dir, &path)?;
        rewrite_tail(&disk, &path, &file, end.len)?;
        disk.sync_dir(dir).map_err(failed("sync", dir))?;
        let mut journal = Self::at(disk, dir, file, end);
        journal.ensure_reserve();
        Ok(journal)
    }

    fn at(disk: D, dir: &Path, file: D::File, end: &End) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            file,
            segment: end.segment,
            len: end.len,
            seq: end.seq,
            hash: end.hash,
            trouble: None,
            has_reserve: false,
            buf: Vec::new(),
        }
    }

    /// The last durable event's number (0 when there is none) and hash.
    pub fn head(&self) -> (u64, Digest) {
        (self.seq, self.hash)
    }

    /// Whether a write or sync failed and nothing is taken until [`Journal::reopen_after_failure`].
    pub fn has_failed(&self) -> bool {
        self.trouble.is_some()
    }

    /// Whether 1 MiB is kept back for the last words on a full disk.
    pub fn has_reserve(&self) -> bool {
        self.has_reserve
    }

    /// The name of the file that is being written.
    pub fn file_name(&self) -> &'static str {
        self.segment.name()
    }

    /// The lines of the last batch as they stand on disk, each with its newline.
    pub fn last_written(&self) -> &[u8] {
        &self.buf
    }

    /// Writes all events in one write and one fdatasync. They are durable when this returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unwritable`]: an event is no line; nothing was written and the journal is well.
    /// [`StorageError::Io`]: the disk refused; none of the batch counts, and the journal takes nothing more
    /// ([`StorageError::Failed`]) until it is reopened.
    pub fn append_all<E: Serialize>(&mut self, events: &[(Stamp, Actor, &E)]) -> Result<Appended, StorageError> {
        if self.trouble.is_some() {
            return Err(StorageError::Failed);
        }
        self.buf.clear();
        let (mut seq, mut hash) = (self.seq, self.hash);
        for (stamp, by, ev) in events {
            match encode(&mut self.buf, seq + 1, stamp, by, *ev, &hash) {
                Ok(next) => hash = next,
                Err(why) => {
                    self.buf.clear();
                    return Err(why);
                }
            }
            seq += 1;
        }
        let appended = Appended { first_seq: self.seq + 1, last_seq: seq };
        if events.is_empty() {
            return Ok(appended);
        }
        if let Err(source) = self.disk.write_at(&self.file, self.len, &self.buf) {
            return Err(self.fail(Trouble::Write, "write", source));
        }
        if let Err(source) = self.disk.sync(&self.file) {
            return Err(self.fail(Trouble::Sync, "sync", source));
        }
        self.len += self.buf.len() as u64;
        (self.seq, self.hash) = (seq, hash);
        if !self.has_reserve {
            self.ensure_reserve();
        }
        Ok(appended)
    }

    fn fail(&mut self, trouble: Trouble, doing: &'static str, source: io::Error) -> StorageError {
        self.trouble = Some(trouble);
        self.buf.clear();
        StorageError::Io { doing, path: self.segment.path(&self.dir), source }
    }

    /// Takes the reserve when it is not there and there is room. Never an error: events come first.
    pub(super) fn ensure_reserve(&mut self) {
        let path = self.dir.join(files::RESERVE);
        if let Ok(Some(file)) = self.disk.open(&path)
            && self.disk.len(&file).is_ok_and(|len| len >= RESERVE_BYTES)
        {
            self.has_reserve = true;
            return;
        }
        let room = self.disk.free(&self.dir).unwrap_or(0);
        self.has_reserve = room >= ROOM_FOR_RESERVE
            && self.disk.remove(&path).is_ok()
            && self.disk.reserve(&path, RESERVE_BYTES).is_ok();
    }
}

/// Walks the whole journal and says where it ends.
pub(super) fn prove<D: Disk>(disk: &D, dir: &Path) -> Result<End, StorageError> {
    let io = |source| ReadError::Io { dir: dir.to_owned(), source };
    let mut walk = Walk::new(disk, dir).map_err(io)?.ok_or_else(|| ReadError::Missing(dir.to_owned()))?;
    while let Some(step) = walk.next().map_err(io)? {
        if let Step::Bad(bad) = step {
            return Err(if bad.torn {
                StorageError::Torn { place: bad.place }
            } else {
                StorageError::Broken { place: bad.place, flaw: bad.flaw }
            });
        }
    }
    Ok(End::of(&walk))
}

fn open<D: Disk>(disk: &D, dir: &Path, path: &Path) -> Result<D::File, StorageError> {
    let file = disk.open(path).map_err(failed("open", path))?;
    Ok(file.ok_or_else(|| ReadError::Missing(dir.to_owned()))?)
}

/// Writes the file's end anew, as it is, and syncs it; the file must have exactly `len` bytes.
pub(super) fn rewrite_tail<D: Disk>(disk: &D, path: &Path, file: &D::File, len: u64) -> Result<(), StorageError> {
    let found = disk.len(file).map_err(failed("measure", path))?;
    if found != len {
        return Err(StorageError::Changed { path: path.to_owned(), wanted: len, found });
    }
    let bytes = len.min(REWRITTEN_TAIL);
    let mut tail = vec![0; usize::try_from(bytes).unwrap_or_default()];
    disk.read_at(file, len - bytes, &mut tail).map_err(failed("read", path))?;
    if !tail.is_empty() {
        disk.write_at(file, len - bytes, &tail).map_err(failed("write", path))?;
    }
    disk.sync(file).map_err(failed("sync", path))
}

/// Names what was tried.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.to_owned();
    move |source| StorageError::Io { doing, path, source }
}
