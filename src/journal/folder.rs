//! A run's folder: where it lies, what is made with it, and how files in it are rewritten.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};
use etcetera::BaseStrategy as _;

use super::lock::{Holder, LockError, RunLock, holder, is_locked};
use crate::words::{Epoch, RunId, files};

/// How many of the last characters of a ULID (its random part) end a run's name: 40 bits.
const TAIL: usize = 8;
/// The longest part of a runbook's title in a run's name.
const SLUG: usize = 48;

/// Where runs are kept: `given` (`--runs DIR`), else `flightdeck/runs` in the account's state folder (XDG).
///
/// # Errors
///
/// The account has no home folder.
pub fn runs_dir(given: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(dir) = given {
        return std::path::absolute(dir);
    }
    let base = etcetera::choose_base_strategy().map_err(|e| {
        io::Error::new(io::ErrorKind::NotFound, format!("no home folder for runs ({e}); name one with --runs DIR"))
    })?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("flightdeck").join("runs"))
}

/// A title as part of a folder's name: small letters, digits and single dashes; `run` when nothing is left.
pub fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in deunicode::deunicode(title).chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.truncate(SLUG);
    let out = out.trim_end_matches('-');
    if out.is_empty() { "run".into() } else { out.into() }
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
    id: RunId,
}

impl RunFolder {
    /// Makes the folder of a new run in `runs` (which is made when it is not there), with its inner folders, all 0700
    /// whatever the umask, and makes it durable.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(runs: &Path, opened: DateTime<Utc>, title: &str) -> io::Result<Self> {
        make_dirs(runs)?;
        let ulid = ulid::Ulid::generate().to_string();
        let tail = &ulid[ulid.len() - TAIL..];
        let id = format!("{}-{}-{tail}", opened.format("%Y-%m-%dT%H%M%SZ"), slug(title));
        let path = runs.join(&id);
        make_dir(&path)?;
        for inner in [files::RUNBOOK_DIR, files::TERMINALS, files::SAMPLES, files::FILES] {
            make_dir(&path.join(inner))?;
        }
        sync_dir(&path)?;
        sync_dir(runs)?;
        Ok(Self { path, id: RunId(id) })
    }

    /// The folder of a run that exists.
    ///
    /// # Errors
    ///
    /// There is no journal in it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if !path.join(files::JOURNAL).is_file() {
            let why = format!("no journal in {}: it is not a run's folder", path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        Self::begun(&path)
    }

    /// The folder of a run that a client has just made and whose journal is still to be made.
    ///
    /// # Errors
    ///
    /// There is no such folder.
    pub fn begun(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let id = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { path, id: RunId(id) })
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// A file in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Makes an inner folder (0700), for what not every run has: `world/`. Fine when it is there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn make_dir(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.inside(Path::new(name))?;
        make_dirs(&path)?;
        Ok(path)
    }

    /// Writes a file (0600) so that after any crash the old or the new one is there whole. `name` is relative to the
    /// folder; its own folder exists. One process writes one name at a time.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when `name` leads out of the folder, else what the system says; the old file is then untouched.
    pub fn write_atomic(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let path = self.inside(name.as_ref())?;
        let (Some(dir), Some(file_name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        // One fixed name: what a crash leaves behind is overwritten by the next write, and does not pile up.
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(file_name);
        temporary.push(".new");
        let temporary = dir.join(temporary);
        let written = write_new(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written?;
        sync_dir(dir)
    }

    /// Takes the host's lock.
    ///
    /// # Errors
    ///
    /// Another process has it, or the system refuses.
    pub fn lock(&self, epoch: Epoch) -> Result<RunLock, LockError> {
        RunLock::take(&self.path, epoch)
    }

    /// Whether a host holds the lock: the run is alive.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn is_locked(&self) -> io::Result<bool> {
        is_locked(&self.path)
    }

    /// Who took the lock last.
    pub fn holder(&self) -> Option<Holder> {
        holder(&self.path)
    }

    fn inside(&self, name: &Path) -> io::Result<PathBuf> {
        if name.components().all(|c| matches!(c, Component::Normal(_))) && name.file_name().is_some() {
            return Ok(self.path.join(name));
        }
        let why = format!("{} is not a name inside a run's folder", name.display());
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// fsync of a folder.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Makes the folders that are missing, each 0700 and durable; those that are there stay as they are.
fn make_dirs(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_dirs(parent)?;
    }
    match make_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        other => other?,
    }
    sync_dir(parent.unwrap_or(Path::new(".")))
}
