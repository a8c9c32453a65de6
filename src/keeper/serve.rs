//! The keeper's process, from its start to its end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use signal_hook::consts::signal;

use super::desk::Desk;
use super::door::Door;
use super::files::{Folder, named, only_ours};
use super::protocol::Settings;
use super::tape::{Opener, real_files};
use crate::secrets::Needles;
use crate::words::files::KEEPER_LOG;

/// What the keeper says on stdout once it can be reached.
pub(super) const READY: &str = "ready";
/// How long a keeper that is about to leave is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest settings, in bytes.
const SETTINGS_LIMIT: u64 = 8 << 20;

/// Is the run's keeper until no host is connected and nothing runs: the whole of the hidden subcommand.
///
/// Reads [`Settings`] from stdin, becomes a session of its own, says `ready` on stdout when the socket is there, and
/// lives without stdin and stdout from then on; stderr is `keeper.log`. SIGHUP, SIGINT and SIGQUIT do nothing;
/// SIGTERM ends it, which hangs up its commands.
///
/// # Errors
/// When it could not begin: bad settings, no folder, another keeper. Afterwards trouble goes to the host and the log.
pub fn serve(run_dir: &Path) -> io::Result<()> {
    let mut text = String::new();
    io::stdin().lock().take(SETTINGS_LIMIT).read_to_string(&mut text)?;
    // Serde's message could quote a secret, so only the place is told.
    let settings: Settings = serde_json::from_str(&text).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("bad settings on stdin, column {}", error.column()))
    })?;
    drop(text);
    let run_dir = run_dir.canonicalize().map_err(|error| named(error, run_dir))?;
    rustix::process::setsid()?;
    super::keep_descriptors_from_children();
    take_signals()?;
    let log_path = run_dir.join(KEEPER_LOG);
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&log_path)
        .map_err(|error| named(error, &log_path))?;
    only_ours(&log)?;
    let desk = desk(&run_dir, settings.secrets, real_files())?;
    std::env::set_current_dir("/")?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stderr(&log)?;
    // A host that does not wait for this is no reason to stop.
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{READY}").and_then(|()| stdout.flush());
    drop(stdout);
    rustix::stdio::dup2_stdout(&null)?;
    drop(null);
    let _ = super::LOG.set(log);
    super::log(&format!("keeper {} {}", std::process::id(), env!("CARGO_PKG_VERSION")));
    desk.run();
    super::log("keeper ends: no host, nothing running");
    Ok(())
}

/// The same in the calling thread, without becoming a session, taking signals or redirecting anything.
///
/// Returns when no host is connected and nothing runs. For tests that want a real keeper in their own process.
///
/// # Errors
/// As [`serve`].
pub fn serve_here(run_dir: &Path, secrets: Vec<String>) -> io::Result<()> {
    serve_with(run_dir, secrets, real_files())
}

/// [`serve_here`] with other files.
pub(super) fn serve_with(run_dir: &Path, secrets: Vec<String>, opener: Opener) -> io::Result<()> {
    desk(&run_dir.canonicalize()?, secrets, opener)?.run();
    Ok(())
}

fn desk(run_dir: &Path, secrets: Vec<String>, opener: Opener) -> io::Result<Desk> {
    let needles =
        Needles::new(secrets).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let folder = Folder::take(run_dir, PATIENCE)?;
    Desk::new(folder, Door::open(run_dir)?, needles, opener)
}

/// Handlers that do nothing, never "ignore": what is ignored would be ignored in commands too, a handler is not inherited.
/// So commands also start with the defaults where the operator's shell had ignored something.
fn take_signals() -> io::Result<()> {
    let heard = Arc::new(AtomicBool::new(false));
    for number in [
        signal::SIGHUP,
        signal::SIGINT,
        signal::SIGQUIT,
        signal::SIGCHLD,
        signal::SIGALRM,
        signal::SIGUSR1,
        signal::SIGUSR2,
        signal::SIGTSTP,
        signal::SIGXFSZ,
    ] {
        signal_hook::flag::register(number, Arc::clone(&heard))?;
    }
    signal_hook::flag::register_conditional_shutdown(signal::SIGTERM, 143, Arc::new(AtomicBool::new(true)))?;
    Ok(())
}
