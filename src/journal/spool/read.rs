//! Reading the spool.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use super::files::list;
use super::row::Row;

/// What was read of a spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolRead {
    /// Rows handed over.
    pub rows: u64,
    /// Lines that are no rows. A torn last line is not counted: it is what kill -9 leaves.
    pub bad: u64,
}

/// Hands over all rows of the spool in `samples` (a run's `samples/`), oldest first, from run time `from_ms` on.
/// Minutes of rolled hours come as one row a probe and minute.
///
/// # Errors
///
/// A file cannot be read.
pub fn read_rows(samples: &Path, from_ms: u64, mut take: impl FnMut(Row<'_>)) -> io::Result<SpoolRead> {
    let mut read = SpoolRead::default();
    let (files, _) = list(samples)?;
    let mut line = Vec::new();
    for file in files {
        let mut reader = BufReader::with_capacity(64 * 1024, File::open(&file.path)?);
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let Some(text) = line.strip_suffix(b"\n") else { break };
            match Row::parse(text) {
                Some(row) if row.up_ms >= from_ms => {
                    read.rows += 1;
                    take(row);
                }
                Some(_) => {}
                None => read.bad += 1,
            }
        }
    }
    Ok(read)
}
