//! The simulated commands: symlinks to the flightdeck binary on the PATH of the run's commands.
//!
//! The command itself only passes its arguments to the world, prints what comes back and writes the files that it is
//! told to; everything is answered in the world's process ([`answer`]), where the state is.

mod client;

use std::io;
use std::path::Path;

pub use client::{WORLD_VARIABLE, main};

use super::world::socket::Output;
use super::world::{Call, Core, Frame};

/// Names under which the binary answers for simulated commands.
pub const NAMES: [&str; 7] = ["docker", "kubectl", "go", "gosec", "act", "pg_dump", "pg_restore"];

/// Exit code of a form that is not simulated (`EX_USAGE`).
pub const NOT_SIMULATED: i32 = 64;

/// Makes the symlinks in `bin`.
///
/// # Errors
/// One cannot be made.
pub fn links(bin: &Path, exe: &Path) -> io::Result<()> {
    super::world::make_dir(bin)?;
    NAMES.iter().try_for_each(|name| std::os::unix::fs::symlink(exe, bin.join(name)))
}

/// Answers one call.
pub async fn answer(core: &Core, call: &Call, output: &mut Output) {
    let _ = core;
    let _ = output.send(&Frame::Err(format!("{}: not simulated\n", call.name))).await;
    let _ = output.send(&Frame::Exit(NOT_SIMULATED)).await;
}
