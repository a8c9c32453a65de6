//! The names of the spool's files and their order.

use std::io;
use std::path::{Path, PathBuf};

/// A file of the spool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpoolFile {
    /// The first segment it holds.
    pub first: u32,
    /// The last segment it holds: the same, unless it was rolled.
    pub last: u32,
    /// Whether it holds minutes instead of samples.
    pub rolled: bool,
    pub path: PathBuf,
    /// Its length in bytes when it was listed.
    pub bytes: u64,
}

pub(super) fn segment_name(number: u32) -> String {
    format!("{number:04}.csv")
}

pub(super) fn rolled_name(first: u32, last: u32) -> String {
    format!("{first:04}-{last:04}.min.csv")
}

fn parse(name: &str) -> Option<(u32, u32, bool)> {
    let number = |text: &str| if text.len() >= 4 { text.parse().ok() } else { None };
    if let Some(range) = name.strip_suffix(".min.csv") {
        let (first, last) = range.split_once('-')?;
        return Some((number(first)?, number(last)?, true));
    }
    let number = number(name.strip_suffix(".csv")?)?;
    Some((number, number, false))
}

/// The spool's files in order, and those that a rolled file stands for though they are still there (the program was
/// killed between writing the one and removing the others).
pub(super) fn list(dir: &Path) -> io::Result<(Vec<SpoolFile>, Vec<SpoolFile>)> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        let Some((first, last, rolled)) = entry.file_name().to_str().and_then(parse) else { continue };
        let bytes = entry.metadata()?.len();
        found.push(SpoolFile { first, last, rolled, path: entry.path(), bytes });
    }
    found.sort();
    let rolled: Vec<(u32, u32)> = found.iter().filter(|f| f.rolled).map(|f| (f.first, f.last)).collect();
    Ok(found.into_iter().partition(|f| f.rolled || !rolled.iter().any(|(a, b)| (*a..=*b).contains(&f.first))))
}
