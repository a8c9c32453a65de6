//! Rolling the oldest hour of samples to minutes, so that a long watch does not fill the disk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::files::{SpoolFile, rolled_name};
use super::row::Row;
use super::write::{SpoolError, failed};
use crate::journal::digest::Digest;
use crate::journal::folder::sync_dir;
use crate::words::Look;

const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;

/// What rolling did, for the operator and the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolled {
    /// The new file's name in `samples/`; the segments that its name spans are gone.
    pub file: String,
    /// The sha256 of its bytes.
    pub sha256: Digest,
    /// Samples before.
    pub samples: u64,
    /// Lines (a probe and minute each) now.
    pub minutes: u64,
    /// Run time of the first and last sample, in milliseconds.
    pub span_ms: (u64, u64),
}

/// One probe's minute.
#[derive(Default)]
struct Minute {
    sum: f64,
    values: u32,
    bad: bool,
    good: bool,
}

impl Minute {
    fn add(&mut self, row: &Row<'_>) {
        if let Some(value) = row.value {
            self.sum += value;
            self.values += 1;
        }
        self.bad |= row.look == Look::Bad;
        self.good |= row.look == Look::Good;
    }

    /// The mean, and the worst that was seen; no data only when nothing else was.
    fn row<'a>(&self, up_ms: u64, probe: &'a str) -> Row<'a> {
        let mean = (self.values > 0).then(|| self.sum / f64::from(self.values));
        Row {
            up_ms,
            probe: Cow::Borrowed(probe),
            value: mean.filter(|m| m.is_finite()),
            look: match (self.bad, self.good) {
                (true, _) => Look::Bad,
                (false, true) => Look::Good,
                (false, false) => Look::NoData,
            },
        }
    }
}

/// Rolls the oldest segments, up to an hour from the first sample, to one file.
pub(super) fn roll(dir: &Path, sealed: &[SpoolFile]) -> Result<Option<Rolled>, SpoolError> {
    let mut minutes: BTreeMap<(u64, String), Minute> = BTreeMap::new();
    let mut span: Option<(u64, u64)> = None;
    let mut samples = 0;
    let mut taken: Vec<&SpoolFile> = Vec::new();
    for file in sealed {
        // Segments whose numbers do not follow each other have a rolled file between them.
        if let (Some((first, last)), Some(previous)) = (span, taken.last())
            && (last - first >= HOUR_MS || file.first != previous.last + 1)
        {
            break;
        }
        each_row(&file.path, |row| {
            samples += 1;
            let (first, last) = span.unwrap_or((row.up_ms, row.up_ms));
            span = Some((first.min(row.up_ms), last.max(row.up_ms)));
            let minute = row.up_ms - row.up_ms % MINUTE_MS;
            minutes.entry((minute, row.probe.clone().into_owned())).or_default().add(&row);
        })
        .map_err(failed("read", &file.path))?;
        taken.push(file);
    }
    let (Some(first), Some(last), Some(span_ms)) = (taken.first(), taken.last(), span) else { return Ok(None) };
    let mut bytes = Vec::new();
    for ((up_ms, probe), minute) in &minutes {
        minute.row(*up_ms, probe).write(&mut bytes);
    }
    let name = rolled_name(first.first, last.last);
    let path = dir.join(&name);
    write_durably(dir, &path, &bytes).map_err(failed("write", &path))?;
    for file in taken {
        std::fs::remove_file(&file.path).map_err(failed("remove", &file.path))?;
    }
    Ok(Some(Rolled { file: name, sha256: Digest::of(&[&bytes]), samples, minutes: minutes.len() as u64, span_ms }))
}

fn each_row(path: &Path, mut take: impl FnMut(Row<'_>)) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if let Some(row) = line.strip_suffix(b"\n").and_then(Row::parse) {
            take(row);
        }
        line.clear();
    }
    Ok(())
}

fn write_durably(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = dir.join(".rolled.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_dir(dir)
}
