//! The world's process: its clock, its command log, its servers and the socket for the simulated commands.

pub mod clock;
mod core;
pub mod leash;
mod lifetime;
pub mod log;
pub mod path;
pub mod ports;
mod serve;
pub mod settings;
pub mod socket;
#[cfg(test)]
pub mod testing;
mod wire;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub use self::core::Core;
pub use leash::Leash;
pub use serve::{Running, serve};
pub use wire::{Call, Frame, Hello};

/// The socket of a world, in its folder.
pub fn socket_path(dir: &Path) -> PathBuf {
    dir.join("sock")
}

/// Where a world's receiver of notices writes.
pub fn notices_path(dir: &Path) -> PathBuf {
    dir.join("notices.jsonl")
}

/// Makes a folder and those above it, for nobody else.
///
/// # Errors
/// It cannot be made.
pub fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that nobody else may read.
///
/// # Errors
/// It cannot be written.
pub fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text)
}

/// Opens a file, that nobody else may read, to append to.
///
/// # Errors
/// It cannot be opened.
pub fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
