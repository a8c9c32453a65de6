//! The world's command log: one change a line, appended before it is seen; read again when a world comes back.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::clock::Millis;
use crate::sandbox::state::Change;

/// File of the log in the world's folder.
pub const FILE: &str = "commands.jsonl";

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// World time.
    pub t: Millis,
    /// The command or request that caused it.
    pub by: String,
    /// What happened.
    #[serde(rename = "do")]
    pub change: Change,
}

/// The open log.
#[derive(Debug)]
pub struct Log {
    file: File,
}

impl Log {
    /// Opens the log and reads what is in it; a torn last line is cut off.
    ///
    /// # Errors
    /// The file cannot be read or written, or a line before the last does not read.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut entries = vec![];
        for (n, line) in text[..whole].lines().enumerate() {
            let entry = serde_json::from_str(line).map_err(|e| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: line {}: {e}", path.display(), n + 1))
            })?;
            entries.push(entry);
        }
        let file = super::open_private(&path)?;
        if whole < text.len() {
            file.set_len(whole as u64)?;
        }
        Ok((Self { file }, entries))
    }

    /// Appends one change.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(t: Millis) -> Entry {
        Entry { t, by: "docker compose up".into(), change: Change::ContainerStarted("compose-postgres-1".into()) }
    }

    #[test]
    fn what_was_appended_is_read_again_and_a_torn_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, before) = Log::open(folder.path()).unwrap();
        assert!(before.is_empty());
        log.append(&entry(1)).unwrap();
        log.append(&entry(2)).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join(FILE))
            .unwrap()
            .write_all(b"{\"t\":3")
            .unwrap();
        let (mut log, again) = Log::open(folder.path()).unwrap();
        assert_eq!(again, [entry(1), entry(2)]);
        log.append(&entry(4)).unwrap();
        assert_eq!(Log::open(folder.path()).unwrap().1, [entry(1), entry(2), entry(4)]);
    }
}
