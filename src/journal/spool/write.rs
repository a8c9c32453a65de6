//! Writing the spool.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::files::{list, segment_name};
use super::roll::{Rolled, roll};
use super::row::Row;
use crate::journal::digest::Digest;
use crate::journal::folder::sync_dir;
use crate::words::{ProbeId, Sample};

/// Bytes of samples that are kept as they are.
const CAP: u64 = 256 * 1024 * 1024;

/// The spool could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} samples in {}: {source}", path.display())]
pub struct SpoolError {
    /// What was tried.
    pub doing: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A segment that is never written again, as `samples_sealed` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The file's name in `samples/`.
    pub file: String,
    /// The sha256 of its bytes.
    pub sha256: Digest,
    /// Samples of each probe in it.
    pub counts: BTreeMap<ProbeId, u64>,
}

/// The spool of a run, open for writing. The caller holds the run's lock.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    cap: u64,
    /// The next or present segment's number.
    number: u32,
    segment: Option<Segment>,
    buf: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    file: File,
    path: PathBuf,
    len: u64,
    hasher: Sha256,
    counts: BTreeMap<ProbeId, u64>,
}

impl Spool {
    /// Opens the spool in `samples` (a run's `samples/`, which exists), with the usual cap of 256 MiB. `sealed` says
    /// whether the journal calls a segment sealed. An unsealed last segment is gone on with, without its torn last
    /// line; earlier unsealed ones (a host was killed before it journaled them) are sealed now, for the caller to journal.
    ///
    /// # Errors
    ///
    /// The files cannot be read or cut.
    pub fn open(samples: &Path, sealed: impl Fn(&str) -> bool) -> Result<(Self, Vec<Sealed>), SpoolError> {
        Self::with_cap(samples, sealed, CAP)
    }

    pub(super) fn with_cap(
        samples: &Path,
        sealed: impl Fn(&str) -> bool,
        cap: u64,
    ) -> Result<(Self, Vec<Sealed>), SpoolError> {
        let (files, stale) = list(samples).map_err(failed("list", samples))?;
        for file in stale {
            std::fs::remove_file(&file.path).map_err(failed("remove", &file.path))?;
        }
        let mut spool = Self { dir: samples.to_owned(), cap, number: 1, segment: None, buf: Vec::new() };
        let mut late = Vec::new();
        for file in files {
            late.extend(spool.seal()?);
            spool.number = file.last + 1;
            if !file.rolled && !sealed(&segment_name(file.last)) {
                spool.number = file.last;
                spool.segment = Some(take_over(&file.path)?);
            }
        }
        Ok((spool, late))
    }

    /// Appends samples, in one write, without a sync.
    ///
    /// # Errors
    ///
    /// The disk refuses: none of these samples is in the spool, and later ones may be appended again.
    pub fn append(&mut self, samples: &[Sample]) -> Result<(), SpoolError> {
        if samples.is_empty() {
            return Ok(());
        }
        if self.segment.is_none() {
            self.segment = Some(create(&self.dir.join(segment_name(self.number)))?);
        }
        let Some(segment) = self.segment.as_mut() else { return Ok(()) };
        self.buf.clear();
        for sample in samples {
            Row::of(sample).write(&mut self.buf);
        }
        if let Err(source) = segment.file.write_all_at(&self.buf, segment.len) {
            // What was written of it is overwritten by the next append; cutting keeps readers from half a row until then.
            let _ = segment.file.set_len(segment.len);
            return Err(failed("write", &segment.path)(source));
        }
        segment.len += self.buf.len() as u64;
        segment.hasher.update(&self.buf);
        for sample in samples {
            match segment.counts.get_mut(&sample.probe) {
                Some(count) => *count += 1,
                None => {
                    segment.counts.insert(sample.probe.clone(), 1);
                }
            }
        }
        Ok(())
    }

    /// Syncs the present segment and closes it; `None` when there is nothing in it. The next sample begins a new one.
    ///
    /// # Errors
    ///
    /// The sync fails: the segment stays open, and the next seal tries again with it.
    pub fn seal(&mut self) -> Result<Option<Sealed>, SpoolError> {
        let Some(segment) = self.segment.as_ref().filter(|s| s.len > 0) else { return Ok(None) };
        segment.file.set_len(segment.len).map_err(failed("cut", &segment.path))?;
        segment.file.sync_all().map_err(failed("sync", &segment.path))?;
        sync_dir(&self.dir).map_err(failed("sync", &self.dir))?;
        let Some(segment) = self.segment.take() else { return Ok(None) };
        let file = segment_name(self.number);
        self.number += 1;
        Ok(Some(Sealed { file, sha256: segment.hasher.into(), counts: segment.counts }))
    }

    /// When the spool is past its cap: rolls the oldest hour of sealed samples to minutes and says what it did. Call it
    /// after each seal until it gives `None`.
    ///
    /// # Errors
    ///
    /// The files cannot be read or written; the samples are then still there.
    pub fn roll(&mut self) -> Result<Option<Rolled>, SpoolError> {
        let (files, _) = list(&self.dir).map_err(failed("list", &self.dir))?;
        if files.iter().map(|f| f.bytes).sum::<u64>() <= self.cap {
            return Ok(None);
        }
        let open = self.segment.as_ref().map(|_| self.number);
        let sealed: Vec<_> = files.into_iter().filter(|f| !f.rolled && Some(f.first) != open).collect();
        roll(&self.dir, &sealed)
    }
}

fn create(path: &Path) -> Result<Segment, SpoolError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path);
    let file = file.map_err(failed("create", path))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(failed("create", path))?;
    Ok(Segment { file, path: path.to_owned(), len: 0, hasher: Sha256::new(), counts: BTreeMap::new() })
}

/// Goes on with a segment that an earlier host left open.
fn take_over(path: &Path) -> Result<Segment, SpoolError> {
    let bytes = std::fs::read(path).map_err(failed("read", path))?;
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed("open", path))?;
    file.set_len(whole as u64).map_err(failed("cut", path))?;
    let mut counts = BTreeMap::new();
    for row in bytes[..whole].split(|b| *b == b'\n').filter_map(Row::parse) {
        *counts.entry(ProbeId(row.probe.into_owned())).or_insert(0) += 1;
    }
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..whole]);
    Ok(Segment { file, path: path.to_owned(), len: whole as u64, hasher, counts })
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError { doing, path, source }
}
