//! A command that looks: no shell of its own, no terminal, its own process group, killed whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::seen::Problem;
use super::trust::io_words;

/// The most that is kept of each stream: 1 MiB. The rest is read and thrown away, so that the command can end.
pub(super) const OUTPUT_CAP: usize = 1 << 20;

/// How long streams are read on after the command ended, for children that keep them open.
const GRACE: Duration = Duration::from_millis(250);

/// What to start.
pub(super) struct Job {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Folder.
    pub cwd: PathBuf,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
}

/// How it ended.
pub(super) struct Ended {
    /// Exit code; 128 + signal when a signal ended it, as shells say it.
    pub code: i32,
    /// Its stdout, capped.
    pub stdout: String,
    /// Its stderr, capped.
    pub stderr: String,
    /// Whether stdout was longer than the cap.
    pub cut: bool,
    /// How long it ran.
    pub took: Duration,
}

/// Kills the group when the look is given up (limit, probe taken off) and when the command left children behind.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Gone already is fine.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Runs a command to its end. Dropping the future kills it with all its children.
pub(super) async fn run(job: Job) -> Result<Ended, Problem> {
    let Some((program, args)) = job.argv.split_first() else {
        return Err(Problem::nothing("the command is empty"));
    };
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(args).current_dir(&job.cwd).env_clear().envs(&job.env);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| not_started(program, &job.cwd, &e))?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Kept::default(), Kept::default());
    let status = {
        let mut streams = std::pin::pin!(async { tokio::join!(out.fill(stdout), err.fill(stderr)) });
        let mut closed = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                _ = &mut streams, if !closed => closed = true,
            }
        };
        if !closed && tokio::time::timeout(GRACE, &mut streams).await.is_err() {
            // A child in the background holds the streams: what was written so far counts.
        }
        status
    };
    drop(group);
    let status = status.map_err(|e| Problem::nothing(format!("`{program}`: {}", io_words(&e))))?;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default();
    Ok(Ended {
        code: status.code().unwrap_or(128 + signal),
        stdout: String::from_utf8_lossy(&out.bytes).into_owned(),
        stderr: String::from_utf8_lossy(&err.bytes).into_owned(),
        cut: out.cut,
        took: start.elapsed(),
    })
}

fn not_started(program: &str, cwd: &Path, error: &std::io::Error) -> Problem {
    if !cwd.is_dir() {
        return Problem::nothing(format!("{}: no such folder", cwd.display()));
    }
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::nothing(format!("`{program}` is not there"))
            .hint("is it installed, and on the PATH that the run was started with?"),
        std::io::ErrorKind::PermissionDenied => {
            Problem::nothing(format!("`{program}` may not be run")).hint("is it executable? (chmod +x)")
        }
        _ => Problem::nothing(format!("`{program}` was not started: {}", io_words(error))),
    }
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
}

impl Kept {
    async fn fill(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(n @ 1..) = stream.read(&mut chunk).await {
            let room = OUTPUT_CAP - self.bytes.len();
            self.bytes.extend_from_slice(&chunk[..n.min(room)]);
            self.cut |= n > room;
        }
    }
}
