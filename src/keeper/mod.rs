//! The process that owns PTYs, and its client half.
//!
//! One keeper a run: it starts commands on terminals of their own, writes their output (redacted) and how they
//! ended, and goes on when its host dies or a terminal closes. No engine, no async runtime: one thread at the desk
//! (socket, spawning, signals) and one for each running command (PTY → redactor → files).
//!
//! - A command is started at most once: `N.started` is made with O_EXCL before it.
//! - Output is held back, never dropped: by a connected host that lags by 1 MiB, by a full disk. Nothing is killed for it.
//! - A command has ended when its own process has: background children that hold the terminal are given
//!   200 ms of quiet (2 s at most), then the terminal is closed, which hangs them up.
//! - Host side: [`KeeperClient`] to start, find, tell and hear it; [`leftovers`] for what files say without it.

mod attempt;
mod bell;
mod client;
mod conn;
mod crew;
mod desk;
mod door;
mod files;
mod launch;
pub mod protocol;
mod reach;
mod serve;
mod shared;
mod tape;

pub use client::{Heard, Hello, KeeperClient};
pub use files::{Leftover, boot_id, leftovers};
pub use serve::{serve, serve_here};

/// Marks every descriptor but stdin, stdout and stderr close-on-exec, also those that this process inherited.
///
/// A process that outlives its terminal must not hold what the operator's shell left open (a pipe whose end an `ssh`
/// or a CI job waits for), and a command gets its terminal and nothing else. The keeper's client and the keeper do this
/// themselves; whoever starts another process that stays should do it too.
pub fn keep_descriptors_from_children() {
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
}

/// The keeper's log, once it has one; a keeper on a thread of somebody else's process has none.
static LOG: std::sync::OnceLock<std::fs::File> = std::sync::OnceLock::new();

/// A line in the keeper's log.
fn log(text: &str) {
    use std::io::Write;
    if let Some(mut file) = LOG.get() {
        // Nobody is left to be told when the disk is full.
        let _ = file.write_all(format!("{} {text}\n", attempt::now_text()).as_bytes());
    }
}

#[cfg(test)]
mod tests;
