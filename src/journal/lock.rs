//! The lock of a run's host: `flock` on the file `lock`, held as long as the process lives, gone with it.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::process::boot_id;
use crate::words::{Epoch, files};

/// Who holds a lock. It is a hint for messages: the lock itself is the kernel's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The host's process number.
    pub pid: u32,
    /// How often the run's host was started.
    pub epoch: Epoch,
    /// The boot it was started on.
    pub boot_id: String,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the run is open in another process{}; look on with `flightdeck attach`", describe(.0.as_ref()))]
    Held(Option<Holder>),
    /// The system refused.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn describe(holder: Option<&Holder>) -> String {
    holder.map(|h| format!(" (process {})", h.pid)).unwrap_or_default()
}

/// A held lock; dropping it, or the end of the process in whatever way, lets it go.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// [`is_locked`] holds a shared lock for a moment; a host that starts in that moment tries again.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

impl RunLock {
    /// Takes the lock of the run in `dir` for this process.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] when a living process has it.
    pub fn take(dir: &Path, epoch: Epoch) -> Result<Self, LockError> {
        let path = dir.join(files::LOCK);
        let fail = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        let mut tries = 1;
        while let Err(e) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            match e {
                Errno::INTR => {}
                Errno::AGAIN if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(BETWEEN_TRIES);
                }
                Errno::AGAIN => return Err(LockError::Held(holder_in(&mut file))),
                other => return Err(fail(other.into())),
            }
        }
        let mut lock = Self { file };
        lock.name_holder(epoch).map_err(fail)?;
        Ok(lock)
    }

    /// Writes who holds the lock into it: this process, with the epoch that the journal gave it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn name_holder(&mut self, epoch: Epoch) -> io::Result<()> {
        let holder = Holder { pid: std::process::id(), epoch, boot_id: boot_id() };
        let mut text = serde_json::to_vec(&holder).map_err(io::Error::other)?;
        text.push(b'\n');
        self.file.set_permissions(Permissions::from_mode(0o600))?;
        // In place, so that it needs no room: a run is gone on with on a full disk too.
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }
}

/// Whether a living process holds the run's lock.
///
/// # Errors
///
/// What the system says; a folder without a lock file is not locked.
pub(super) fn is_locked(dir: &Path) -> io::Result<bool> {
    let file = match File::open(dir.join(files::LOCK)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::AGAIN) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

/// Who last took the lock of the run in `dir`, whether it is held or not.
pub(super) fn holder(dir: &Path) -> Option<Holder> {
    holder_in(&mut File::open(dir.join(files::LOCK)).ok()?)
}

fn holder_in(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
