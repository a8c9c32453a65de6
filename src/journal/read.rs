//! Reading a journal, and setting a torn last line aside.

use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::append::failed;
use super::digest::Digest;
use super::disk::{Disk, RealDisk};
use super::envelope::Line;
use super::error::{Flaw, Place, ReadError, StorageError};
use super::walk::{Bad, Segment, Step, Walk};
use crate::words::files;

/// Where a journal's proven lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The last event's number; 0 when there is none.
    pub seq: u64,
    /// The last event's hash; zeros when there is none.
    pub hash: Digest,
    /// Proven bytes of the file that is being written.
    pub len: u64,
    pub(super) segment: Segment,
    pub(super) first_len: u64,
}

impl End {
    pub(super) fn of<D: Disk>(walk: &Walk<'_, D>) -> Self {
        Self { seq: walk.seq, hash: walk.hash, len: walk.offset, segment: walk.segment, first_len: walk.first_len }
    }
}

/// A last line that a cut-off write left behind; it was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub why: Flaw,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A bad line that no cut-off write explains: the run opens read-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub why: Flaw,
}

/// The first event that this program does not know: a newer one wrote it, and the run opens read-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// The line.
    pub place: Place,
    /// What this program does not know about it.
    pub why: String,
    /// How many such events there are.
    pub count: u64,
}

/// A journal as read.
#[derive(Clone, Debug)]
pub struct Read<E> {
    /// The events in order. All of them, but for those that `newer` counts and what lies behind `torn` or `broken`.
    pub lines: Vec<Line<E>>,
    /// Where the proven lines end.
    pub end: End,
    /// A last line that is not whole.
    pub torn: Option<Torn>,
    /// The first bad line, when it is not a torn last line.
    pub broken: Option<Broken>,
    /// The first event that this program does not know.
    pub newer: Option<Newer>,
    /// Bytes in the first file that a failed sync left behind and the second file does not count.
    pub superseded: u64,
}

impl<E> Read<E> {
    /// Whether this program must not write to the run.
    pub fn read_only(&self) -> bool {
        self.broken.is_some() || self.newer.is_some()
    }

    /// Why the run is read-only, for people.
    pub fn why_read_only(&self) -> Option<String> {
        let broken = self.broken.as_ref().map(|b| format!("{}: {}", b.place, b.why));
        broken.or_else(|| self.newer.as_ref().map(|n| format!("{}: written by a newer flightdeck: {}", n.place, n.why)))
    }
}

/// Reads all events of the run in `dir`.
///
/// # Errors
///
/// There is no journal, or the disk refuses. Bad lines are no error: they are in the answer, behind the good ones.
pub fn read<E: DeserializeOwned>(dir: &Path) -> Result<Read<E>, ReadError> {
    read_on(&RealDisk, dir)
}

pub(super) fn read_on<E: DeserializeOwned, D: Disk>(disk: &D, dir: &Path) -> Result<Read<E>, ReadError> {
    let mut lines = Vec::new();
    let mut read = each(disk, dir, |line| lines.push(line))?;
    read.lines = lines;
    Ok(read)
}

/// Like [`read`], but hands each event over as it comes, so that a fold keeps none; `lines` of the answer stays empty.
///
/// # Errors
///
/// As [`read`].
pub fn read_each<E: DeserializeOwned>(dir: &Path, each_line: impl FnMut(Line<E>)) -> Result<Read<E>, ReadError> {
    each(&RealDisk, dir, each_line)
}

fn each<E: DeserializeOwned, D: Disk>(
    disk: &D,
    dir: &Path,
    mut each_line: impl FnMut(Line<E>),
) -> Result<Read<E>, ReadError> {
    let io = |source| ReadError::Io { dir: dir.to_owned(), source };
    let mut walk = Walk::new(disk, dir).map_err(io)?.ok_or_else(|| ReadError::Missing(dir.to_owned()))?;
    let mut read =
        Read { lines: Vec::new(), end: End::default(), torn: None, broken: None, newer: None, superseded: 0 };
    loop {
        // The end before this line: a line whose event is no JSON must not count.
        let before = End::of(&walk);
        match walk.next().map_err(io)? {
            None => break,
            Some(Step::Bad(bad)) => {
                judge(&mut read, bad);
                break;
            }
            Some(Step::Good(raw)) => {
                let decoded = raw.decode();
                let place = Place { file: walk.segment.name(), line: walk.line };
                match decoded {
                    Ok(Ok(line)) => each_line(line),
                    Ok(Err(why)) => read.newer.get_or_insert(Newer { place, why, count: 0 }).count += 1,
                    Err(why) => {
                        read.broken = Some(Broken { place, why });
                        read.end = before;
                        return Ok(read);
                    }
                }
            }
        }
    }
    read.end = End::of(&walk);
    read.superseded = walk.superseded;
    Ok(read)
}

fn judge<E>(read: &mut Read<E>, bad: Bad) {
    match bad.flaw {
        Flaw::Version(_) => {
            read.newer = Some(Newer { place: bad.place, why: bad.flaw.to_string(), count: 1 });
        }
        why if bad.torn => read.torn = Some(Torn { place: bad.place, why, bytes: bad.bytes }),
        why => read.broken = Some(Broken { place: bad.place, why }),
    }
}

/// Sets a torn last line aside in `journal.torn` and cuts it off; nothing is done when there is none. The caller
/// holds the run's lock, and journals `tail_repaired` with the answer.
///
/// # Errors
///
/// The disk refuses. What is already done stays; calling again is safe (the bytes may stand in `journal.torn` twice).
pub fn repair(dir: &Path) -> Result<Option<Torn>, StorageError> {
    repair_on(&RealDisk, dir)
}

/// [`repair`] on another disk.
///
/// # Errors
///
/// See there.
pub fn repair_on<D: Disk>(disk: &D, dir: &Path) -> Result<Option<Torn>, StorageError> {
    let mut first = None;
    // Twice at most: each of the two files may end in a torn line.
    for _ in 0..2 {
        let Some((bad, segment)) = torn_line(disk, dir)? else { break };
        let path = segment.path(dir);
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let file = disk.open(&path).and_then(|f| f.ok_or_else(gone)).map_err(failed("open", &path))?;
        let mut bytes = vec![0; usize::try_from(bad.bytes).unwrap_or_default()];
        disk.read_at(&file, bad.offset, &mut bytes).map_err(failed("read", &path))?;
        set_aside(disk, dir, &bytes)?;
        disk.set_len(&file, bad.offset).map_err(failed("cut", &path))?;
        disk.sync(&file).map_err(failed("sync", &path))?;
        first.get_or_insert(Torn { place: bad.place, why: bad.flaw, bytes: bad.bytes });
    }
    Ok(first)
}

fn torn_line<D: Disk>(disk: &D, dir: &Path) -> Result<Option<(Bad, Segment)>, ReadError> {
    let io = |source| ReadError::Io { dir: dir.to_owned(), source };
    let mut walk = Walk::new(disk, dir).map_err(io)?.ok_or_else(|| ReadError::Missing(dir.to_owned()))?;
    while let Some(step) = walk.next().map_err(io)? {
        if let Step::Bad(bad) = step {
            return Ok(bad.torn.then_some((bad, walk.segment)));
        }
    }
    Ok(None)
}

fn set_aside<D: Disk>(disk: &D, dir: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let path = dir.join(files::JOURNAL_TORN);
    let file = match disk.open(&path).map_err(failed("open", &path))? {
        Some(file) => file,
        None => disk.create(&path).map_err(failed("create", &path))?,
    };
    let at = disk.len(&file).map_err(failed("measure", &path))?;
    disk.write_at(&file, at, bytes).map_err(failed("write", &path))?;
    disk.sync(&file).map_err(failed("sync", &path))?;
    disk.sync_dir(dir).map_err(failed("sync", dir))
}
