//! The record's files in the run's folder.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::load::{RecordError, load_with};
use super::{document, markdown};
use crate::engine::State;
use crate::journal::RunFolder;
use crate::words::files;

/// Writes `record.md` and `record.json` of the run in `run_dir` (each atomically, 0600) from the journal as it is on
/// disk; `state` gives the plan, so that it is not read again.
///
/// # Errors
///
/// The journal cannot be read or a file cannot be written; the old files are then untouched.
pub fn write_files(run_dir: &Path, state: &State) -> io::Result<()> {
    let folder = RunFolder::open(run_dir)?;
    let run = load_with(run_dir, Arc::clone(&state.plan)).map_err(|error| match error {
        RecordError::Io { source, .. } => source,
        other => io::Error::other(other),
    })?;
    let document = document(&run);
    let mut json = serde_json::to_vec_pretty(&document)?;
    json.push(b'\n');
    folder.write_atomic(files::RECORD_MD, markdown::write(&document).as_bytes())?;
    folder.write_atomic(files::RECORD_JSON, &json)
}
