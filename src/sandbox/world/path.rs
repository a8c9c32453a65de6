//! Socket addresses are limited to about a hundred bytes; a run's folder is often longer.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Longest path that every system takes as a socket's address.
const LIMIT: usize = 100;

/// Calls `with` with a short path to `path`, through an open descriptor of its folder when it is too long.
///
/// # Errors
/// The folder cannot be opened, or what `with` returns.
pub fn short<T>(path: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() <= LIMIT {
        return with(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return with(path) };
    let open = File::open(folder)?;
    with(&PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd())).join(name))
}
