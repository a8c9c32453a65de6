//! Where a runbook's files come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most bytes that one file of a runbook may have.
pub const LARGEST: u64 = 16 << 20;

/// Gives the bytes of a runbook's files.
///
/// Names are paths from the runbook's own folder with `/`, without `.` inside: `common.yaml`, `../shared/smoke.sh`.
pub trait Files {
    /// A file's bytes, or why it cannot be read.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;

    /// The path that messages show for a name.
    fn show(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Files of a folder on the disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The runbook's own folder.
    pub folder: PathBuf,
}

impl Files for Disk {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = if name.starts_with('/') { PathBuf::from(name) } else { self.folder.join(name) };
        let meta = std::fs::metadata(&path).map_err(|e| reason(&e))?;
        if !meta.is_file() {
            return Err(if meta.is_dir() { "it is a folder".into() } else { "it is no plain file".into() });
        }
        if meta.len() > LARGEST {
            return Err("it is larger than 16 MiB".into());
        }
        std::fs::read(&path).map_err(|e| reason(&e))
    }

    fn show(&self, name: &str) -> String {
        let folder = self.folder.to_string_lossy();
        if name.starts_with('/') || folder.is_empty() || folder == "." {
            return name.to_owned();
        }
        Path::new(folder.as_ref()).join(name).to_string_lossy().into_owned()
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".into(),
        _ => error.to_string(),
    }
}

/// Files that are held in memory: shipped runbooks, a run's pinned copy.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Bytes by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Files for Memory {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        self.files.get(name).cloned().ok_or_else(|| "there is no such file".into())
    }
}
