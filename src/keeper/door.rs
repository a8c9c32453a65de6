//! The socket `keeper.sock` in the run's folder.
//!
//! A run folder's full path is longer than a socket's address may be, so it is bound and reached through
//! `/proc/self/fd/N/keeper.sock`, where N is the open folder.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, chmodat, unlinkat};

use crate::words::files::KEEPER_SOCK;

fn address(folder: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{KEEPER_SOCK}", folder.as_raw_fd()))
}

/// Connects to the run's keeper; none when nobody is there.
pub(super) fn knock(run_dir: &Path) -> io::Result<Option<UnixStream>> {
    let folder = File::open(run_dir).map_err(|error| super::files::named(error, run_dir))?;
    match UnixStream::connect(address(&folder)) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(super::files::named(error, &run_dir.join(KEEPER_SOCK))),
    }
}

/// The keeper's listening socket; it is removed when this goes.
pub(super) struct Door {
    folder: File,
    listener: UnixListener,
}

impl Door {
    /// Binds it. The caller holds the lock of the folder, so a socket that lies there belongs to nobody.
    pub(super) fn open(run_dir: &Path) -> io::Result<Self> {
        let folder = File::open(run_dir).map_err(|error| super::files::named(error, run_dir))?;
        let _ = unlinkat(&folder, KEEPER_SOCK, AtFlags::empty());
        let listener = UnixListener::bind(address(&folder))
            .map_err(|error| super::files::named(error, &run_dir.join(KEEPER_SOCK)))?;
        chmodat(&folder, KEEPER_SOCK, Mode::RUSR | Mode::WUSR, AtFlags::empty())?;
        listener.set_nonblocking(true)?;
        Ok(Self { folder, listener })
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = unlinkat(&self.folder, KEEPER_SOCK, AtFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_path_longer_than_an_address_may_be_is_no_hindrance() {
        let base = tempfile::tempdir().unwrap();
        let run = base.path().join("x".repeat(120));
        std::fs::create_dir(&run).unwrap();
        assert!(knock(&run).unwrap().is_none());
        let door = Door::open(&run).unwrap();
        assert!(knock(&run).unwrap().is_some());
        let mode = std::fs::metadata(run.join(KEEPER_SOCK)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(door);
        assert!(!run.join(KEEPER_SOCK).exists());
    }

    #[test]
    fn a_socket_of_a_dead_keeper_is_nobody() {
        let run = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(run.path().join(KEEPER_SOCK)).unwrap());
        assert!(run.path().join(KEEPER_SOCK).exists());
        assert!(knock(run.path()).unwrap().is_none());
        let _door = Door::open(run.path()).unwrap();
        assert!(knock(run.path()).unwrap().is_some());
    }
}
