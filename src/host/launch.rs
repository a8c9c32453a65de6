//! Starting a host: the client's half.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Settings;
use super::refused::Refused;
use crate::words::files;

/// Hidden subcommand of the host.
pub const HOST: &str = "__host";
/// How long a host may take to be ready: it reads the journal, and a sandbox's world comes up.
const START: Duration = Duration::from_secs(60);

/// A host did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It could not be spawned or spoken to.
    #[error("the run's host could not be started: {0}")]
    Io(#[from] std::io::Error),
    /// It said why not.
    #[error("{0}")]
    Refused(String),
    /// It said why not: the journal, the run's folder or the disk under them.
    #[error("{0}")]
    Disk(String),
}

/// Starts the host of the run in `folder` and waits until it is ready. It outlives this process.
///
/// # Errors
/// It is not ready in a minute, or says why it can't: the last line of its log stands in the error.
pub fn launch(folder: &Path, settings: &Settings) -> Result<(), LaunchError> {
    // This very file, also when another one has its name by now.
    launch_as(Path::new("/proc/self/exe"), folder, settings).map(drop)
}

/// The same with the program at `exe`; the host's process.
///
/// # Errors
/// See there.
pub fn launch_as(exe: &Path, folder: &Path, settings: &Settings) -> Result<u32, LaunchError> {
    crate::keeper::keep_descriptors_from_children();
    let folder = folder.canonicalize()?;
    let log = folder.join(files::HOST_LOG);
    let stderr = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&log)?;
    let mut child = Command::new(exe)
        .arg(HOST)
        .arg(&folder)
        // It outlives this terminal and must not hold its folder.
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let mut line = serde_json::to_vec(settings).map_err(std::io::Error::other)?;
        line.push(b'\n');
        // A host that has died already says why on its stdout.
        let _ = stdin.write_all(&line);
    }
    let Some(stdout) = child.stdout.take() else {
        return Err(LaunchError::Refused("the host has no voice".into()));
    };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let mut reader = BufReader::new(stdout).take(64 << 10);
        let said = reader.read_line(&mut line).map(|_| line.trim().to_owned());
        let _ = sender.send(said);
    });
    match receiver.recv_timeout(START) {
        Ok(Ok(line)) if line == "ready" => {
            let pid = child.id();
            // Somebody must take its exit status while this process lives.
            std::thread::spawn(move || child.wait());
            Ok(pid)
        }
        Ok(Ok(line)) if !line.is_empty() => {
            let _ = child.wait();
            let Refused { why, disk } = Refused::parse(&line);
            Err(if disk { LaunchError::Disk(why) } else { LaunchError::Refused(why) })
        }
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            Err(LaunchError::Refused(format!("the run's host did not become ready; its log is {}", log.display())))
        }
    }
}
