//! The store of runs: what lies in a folder of runs, cheaply. Only the first and the last line of each journal are read.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::envelope::Raw;
use super::lock::is_locked;
use super::walk::Segment;
use crate::words::{RunId, Stamp};

/// No line of a journal is looked for further than this.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// One run as the list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEntry {
    /// The run's name.
    pub id: RunId,
    /// Its folder.
    pub path: PathBuf,
    /// Whether a host holds its lock.
    pub alive: bool,
    /// When its first event was written.
    pub opened: Option<Stamp>,
    /// When its newest event was written.
    pub last: Option<Stamp>,
    /// The newest event's number; 0 when there is none.
    pub seq: u64,
    /// The newest event's hash.
    pub hash: Digest,
    /// The newest event's kind (`run_ended`, …).
    pub kind: Option<String>,
    /// The first line, verbatim, without its newline (`run_opened`: title and target are in it).
    pub first_line: Option<String>,
    /// The newest whole line, verbatim, without its newline.
    pub last_line: Option<String>,
    /// Whether the first or the newest whole line does not match its hash.
    pub damaged: bool,
}

/// Which run somebody means.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// This one.
    One(Box<RunEntry>),
    /// No run is called so; or, when nothing was named, none is alive.
    None,
    /// All of these, newest first: say more of the name.
    Several(Vec<RunEntry>),
}

/// Whether a folder is called as a run's folder is: `2026-11-24T090211Z-…`.
pub(super) fn is_run_name(name: &str) -> bool {
    let pattern = b"0000-00-00T000000Z-";
    name.len() > pattern.len()
        && name.bytes().zip(pattern).all(|(c, p)| if *p == b'0' { c.is_ascii_digit() } else { c == *p })
}

/// All runs in a folder of runs, newest first; none when the folder is not there. A folder without a journal is no run;
/// one whose journal cannot be read is in the list, with nothing known.
///
/// # Errors
///
/// The folder cannot be read.
pub fn list(runs: &Path) -> io::Result<Vec<RunEntry>> {
    Ok(names(runs)?.into_iter().map(|name| entry(runs.join(&name), name)).collect())
}

/// The run that `part` means: the folder's whole name, or any part that only one has, or a path of a run's folder;
/// without it the newest alive.
///
/// # Errors
///
/// The folder cannot be read.
pub fn find(runs: &Path, part: Option<&str>) -> io::Result<Found> {
    let Some(part) = part else {
        let alive = list(runs)?.into_iter().find(|run| run.alive);
        return Ok(alive.map_or(Found::None, |run| Found::One(Box::new(run))));
    };
    if part.contains('/') || part == "." || part == ".." {
        let Ok(path) = Path::new(part).canonicalize() else { return Ok(Found::None) };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let is_run = Segment::First.path(&path).is_file();
        return Ok(if is_run { Found::One(Box::new(entry(path, name))) } else { Found::None });
    }
    let mut fitting: Vec<String> = names(runs)?.into_iter().filter(|name| name.contains(part)).collect();
    if fitting.iter().any(|name| name == part) {
        fitting = vec![part.to_owned()];
    }
    let mut fitting: Vec<RunEntry> = fitting.into_iter().map(|name| entry(runs.join(&name), name)).collect();
    Ok(match fitting.len() {
        0 => Found::None,
        1 => Found::One(Box::new(fitting.remove(0))),
        _ => Found::Several(fitting),
    })
}

fn names(runs: &Path) -> io::Result<Vec<String>> {
    let dir = match std::fs::read_dir(runs) {
        Ok(dir) => dir,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for found in dir {
        let found = found?;
        if let Ok(name) = found.file_name().into_string()
            && found.file_type()?.is_dir()
            && Segment::First.path(&found.path()).is_file()
        {
            names.push(name);
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

fn entry(path: PathBuf, name: String) -> RunEntry {
    let mut run = RunEntry {
        id: RunId(name),
        alive: is_locked(&path).unwrap_or(false),
        path,
        opened: None,
        last: None,
        seq: 0,
        hash: Digest::ZERO,
        kind: None,
        first_line: None,
        last_line: None,
        damaged: false,
    };
    let first = first_line(&Segment::First.path(&run.path));
    let second = last_line(&Segment::Second.path(&run.path));
    let last = match second {
        Ok(Some(line)) => Ok(Some(line)),
        _ => last_line(&Segment::First.path(&run.path)),
    };
    match first {
        Ok(Some(line)) => match Raw::split(&line) {
            Ok(raw) => {
                run.opened = raw.stamp().ok();
                run.first_line = String::from_utf8(line).ok();
            }
            Err(_) => run.damaged = true,
        },
        Ok(None) => {}
        Err(_) => run.damaged = true,
    }
    match last {
        Ok(Some(line)) => match Raw::split(&line) {
            Ok(raw) => {
                run.last = raw.stamp().ok();
                run.kind = raw.kind().map(str::to_owned);
                (run.seq, run.hash) = (raw.seq, raw.hash);
                run.last_line = String::from_utf8(line).ok();
            }
            Err(_) => run.damaged = true,
        },
        Ok(None) => {}
        Err(_) => run.damaged = true,
    }
    run
}

/// The first whole line, without its newline.
fn first_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?.take(LONGEST_LINE)).read_until(b'\n', &mut line)?;
    Ok((line.pop() == Some(b'\n')).then_some(line))
}

/// The last whole line, without its newline; what stands behind it (a torn line) is not looked at.
fn last_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let len = file.metadata()?.len();
    let mut want = 16 * 1024;
    loop {
        let bytes = len.min(want);
        let mut tail = vec![0; usize::try_from(bytes).unwrap_or_default()];
        file.read_exact_at(&mut tail, len - bytes)?;
        let newline = |bytes: &[u8]| bytes.iter().rposition(|b| *b == b'\n');
        if let Some(end) = newline(&tail) {
            match newline(&tail[..end]) {
                Some(start) => return Ok(Some(tail[start + 1..end].to_vec())),
                None if bytes == len => return Ok(Some(tail[..end].to_vec())),
                None => {}
            }
        } else if bytes == len {
            return Ok(None);
        }
        if want >= LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no line of a journal at the file's end"));
        }
        want *= 4;
    }
}
