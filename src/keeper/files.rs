//! The attempt's file that says what is known, `N.started`, and the lock of the folder.
//!
//! `N.started` is made with O_EXCL before the spawn, so an attempt is started at most once even with two
//! keepers; its last line says how the command ended. It is not synced: after a reboot it is not trusted.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::protocol::Exit;
use crate::words::files;

/// What `N.started` holds in its first line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Started {
    attempt: u32,
    boot_id: String,
    keeper: u32,
    at: String,
}

/// What `N.started` holds in its further lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Since {
    /// The command has a process.
    Pid(u32),
    /// It has ended.
    Exit(Exit),
}

/// What the files alone say about an attempt, for `resume`.
///
/// Ask the keeper first, the files second: a command that ends in between has its end on file by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// There is no start file: free to start.
    NeverStarted,
    /// It was started, and nothing says how it ended. A keeper that has it knows; else it is *unknown*.
    Started {
        /// The boot in which it was started; empty when the file is torn.
        boot_id: String,
        /// The command's process; none when the keeper died between the file and the spawn.
        pid: Option<u32>,
    },
    /// It ended. Trust this only when `boot_id` is the present boot.
    Ended {
        /// The boot in which it was started; empty when the file is torn.
        boot_id: String,
        /// How it ended.
        exit: Exit,
    },
}

/// Reads what is known of an attempt. A torn line counts as none.
///
/// # Errors
/// When a file is there but cannot be read.
pub fn leftovers(run_dir: &Path, attempt: u32) -> io::Result<Leftover> {
    let folder = run_dir.join(files::TERMINALS);
    let Some(text) = read_if_there(&folder.join(files::started(attempt)))? else {
        return Ok(Leftover::NeverStarted);
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut lines = text.lines();
    let started: Started = lines.next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let mut left = Leftover::Started { boot_id: started.boot_id.clone(), pid: None };
    for since in lines.filter_map(|line| serde_json::from_str(line).ok()) {
        let boot_id = started.boot_id.clone();
        left = match since {
            Since::Pid(pid) => Leftover::Started { boot_id, pid: Some(pid) },
            Since::Exit(exit) => Leftover::Ended { boot_id, exit },
        };
    }
    Ok(left)
}

/// The id of this boot of the machine, from the kernel.
///
/// # Errors
/// When the kernel does not tell.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(error, path)),
    }
}

/// The error with the file's name in it.
pub(super) fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The run's `terminals/` folder, held by one keeper.
pub(super) struct Folder {
    path: PathBuf,
    boot_id: String,
    /// The lock is on the folder itself; it goes with the process.
    _lock: File,
}

impl Folder {
    /// Makes the folder if needed (0700) and takes it; waits a while for a keeper that is about to leave.
    pub(super) fn take(run_dir: &Path, patience: Duration) -> io::Result<Self> {
        let path = run_dir.join(files::TERMINALS);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(|error| named(error, &path))?
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(named(error, &path)),
        }
        let lock = File::open(&path).map_err(|error| named(error, &path))?;
        let until = Instant::now() + patience;
        while let Err(error) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(named(error.into(), &path));
            }
            if Instant::now() >= until {
                return Err(io::Error::new(
                    io::ErrorKind::AddrInUse,
                    format!("another keeper serves this run ({} is locked)", path.display()),
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { path, boot_id: boot_id()?, _lock: lock })
    }

    pub(super) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the attempt is about to be spawned. The error is for people.
    pub(super) fn begin(&self, attempt: u32, at: &str) -> Result<Beginning, String> {
        let path = self.path.join(files::started(attempt));
        let mut file = match create_new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(format!("attempt {attempt} was already started; it is never started a second time"));
            }
            Err(error) => {
                return Err(format!(
                    "its start could not be written, so it was not started: {}: {error}",
                    path.display()
                ));
            }
        };
        let started = Started { attempt, boot_id: self.boot_id.clone(), keeper: std::process::id(), at: at.to_owned() };
        let written = super::protocol::to_line(&started).and_then(|line| file.write_all(&line));
        if let Err(error) = written {
            let _ = fs::remove_file(&path);
            return Err(format!("its start could not be written, so it was not started: {}: {error}", path.display()));
        }
        Ok(Beginning { path, file })
    }

    /// Notes how the attempt ended, as one whole line or not at all.
    pub(super) fn end(&self, attempt: u32, exit: &Exit) -> io::Result<()> {
        let path = self.path.join(files::started(attempt));
        let mut file = OpenOptions::new().append(true).open(path)?;
        add_line(&mut file, &Since::Exit(exit.clone()))
    }
}

/// Adds a line; what a full disk took of it only in part is taken back, so that it may be tried again.
fn add_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let line = super::protocol::to_line(line)?;
    let before = file.metadata()?.len();
    file.write_all(&line).inspect_err(|_| {
        let _ = file.set_len(before);
    })
}

/// A start that is on file, of a command that is about to be spawned.
pub(super) struct Beginning {
    path: PathBuf,
    file: File,
}

impl Beginning {
    /// The command runs. Best effort: the first line alone already forbids a second start.
    pub(super) fn runs_as(mut self, pid: u32) {
        let _ = add_line(&mut self.file, &Since::Pid(pid));
    }

    /// The spawn failed before anything ran: the attempt was never started.
    pub(super) fn take_back(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A new file, 0600 whatever the umask.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
    only_ours(&file)?;
    Ok(file)
}

/// Sets the mode where a strange umask took bits away: the umask is the operator's, since commands inherit it.
pub(super) fn only_ours(file: &File) -> io::Result<()> {
    if file.metadata()?.permissions().mode() & 0o777 != 0o600 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_begins_once_and_its_files_tell_the_rest() {
        let run = tempfile::tempdir().unwrap();
        let folder = Folder::take(run.path(), Duration::ZERO).unwrap();
        assert_eq!(leftovers(run.path(), 1).unwrap(), Leftover::NeverStarted);

        let begun = folder.begin(1, "2026-11-24T09:02:11Z").unwrap();
        assert!(folder.begin(1, "later").err().unwrap().contains("attempt 1 was already started"));
        let boot_id = boot_id().unwrap();
        assert_eq!(leftovers(run.path(), 1).unwrap(), Leftover::Started { boot_id: boot_id.clone(), pid: None });
        begun.runs_as(42);
        assert_eq!(leftovers(run.path(), 1).unwrap(), Leftover::Started { boot_id: boot_id.clone(), pid: Some(42) });

        let exit = Exit { code: Some(3), ..Exit::default() };
        folder.end(1, &exit).unwrap();
        assert_eq!(leftovers(run.path(), 1).unwrap(), Leftover::Ended { boot_id, exit });
        let mode = fs::metadata(folder.path().join(files::started(1))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_spawn_that_failed_leaves_the_attempt_free() {
        let run = tempfile::tempdir().unwrap();
        let folder = Folder::take(run.path(), Duration::ZERO).unwrap();
        folder.begin(7, "now").unwrap().take_back();
        assert_eq!(leftovers(run.path(), 7).unwrap(), Leftover::NeverStarted);
    }

    #[test]
    fn a_file_torn_at_any_byte_never_says_more_than_was_so() {
        let run = tempfile::tempdir().unwrap();
        let folder = Folder::take(run.path(), Duration::ZERO).unwrap();
        folder.begin(1, "now").unwrap().runs_as(42);
        let exit = Exit { code: Some(3), ..Exit::default() };
        folder.end(1, &exit).unwrap();
        let whole = fs::read(folder.path().join(files::started(1))).unwrap();
        let boot = boot_id().unwrap();
        let ends: Vec<usize> = whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect();
        for cut in 0..=whole.len() {
            fs::write(folder.path().join(files::started(2)), &whole[..cut]).unwrap();
            let boot_id = if cut >= ends[0] { boot.clone() } else { String::new() };
            let expected = match cut {
                _ if cut >= ends[2] => Leftover::Ended { boot_id, exit: exit.clone() },
                _ if cut >= ends[1] => Leftover::Started { boot_id, pid: Some(42) },
                _ => Leftover::Started { boot_id, pid: None },
            };
            assert_eq!(leftovers(run.path(), 2).unwrap(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn one_keeper_a_folder() {
        let run = tempfile::tempdir().unwrap();
        let first = Folder::take(run.path(), Duration::ZERO).unwrap();
        let second = Folder::take(run.path(), Duration::from_millis(30)).err().unwrap();
        assert!(second.to_string().contains("another keeper serves this run"));
        drop(first);
        // Other tests fork: a child holds the lock, too, until it becomes its program.
        assert!(Folder::take(run.path(), Duration::from_secs(20)).is_ok());
    }
}
