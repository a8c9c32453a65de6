//! The host's side: starting or joining the world of its run, and holding it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::wire::{Frame, Hello};
use super::{open_private, path, socket_path};
use crate::words::files::WORLD;

/// How long a world may take to come up.
const START: Duration = Duration::from_secs(20);
/// How long a world may take to answer or to end.
const ANSWER: Duration = Duration::from_secs(5);

/// A held world: it goes on as long as this lives, and a minute longer for a host that comes back.
#[derive(Debug)]
pub struct Leash {
    dir: PathBuf,
    stream: UnixStream,
    child: Option<Child>,
}

impl Leash {
    /// Joins the world of a run, or starts it with `command` when it does not run.
    ///
    /// `command` is the flightdeck binary with its hidden subcommand and the run's folder.
    ///
    /// # Errors
    /// The world does not come up; the message says why and where its log is.
    pub fn hold(run_dir: &Path, command: Command) -> io::Result<Self> {
        let dir = run_dir.join(WORLD);
        if let Ok(stream) = join(&dir) {
            return Ok(Self { dir, stream, child: None });
        }
        let child = start(&dir, command)?;
        let stream = join(&dir)?;
        Ok(Self { dir, stream, child: Some(child) })
    }

    /// Ends the world and waits until it is gone.
    pub fn end(mut self) {
        let done = connect(&self.dir).and_then(|mut stream| {
            stream.set_read_timeout(Some(ANSWER))?;
            say(&mut stream, &Hello::End)?;
            stream.read_to_end(&mut Vec::new())
        });
        if let Some(mut child) = self.child.take() {
            if done.is_err() {
                // One that does not hear is ended by force: it holds nothing that its log does not hold.
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }

    /// Whether the world still answers.
    pub fn lives(&self) -> bool {
        let mut byte = [0];
        let waits = |e: &io::Error| matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        (&self.stream).read(&mut byte).is_err_and(|e| waits(&e))
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Only takes away what has ended already; a living world goes on for a while.
            let _ = child.try_wait();
        }
    }
}

/// Connects to a world.
///
/// # Errors
/// It does not run.
pub fn connect(dir: &Path) -> io::Result<UnixStream> {
    path::short(&socket_path(dir), |path| UnixStream::connect(path))
}

/// Sends the first line of a connection.
///
/// # Errors
/// The world is gone.
pub fn say(stream: &mut UnixStream, hello: &Hello) -> io::Result<()> {
    let mut line = serde_json::to_vec(hello).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn join(dir: &Path) -> io::Result<UnixStream> {
    let mut stream = connect(dir)?;
    stream.set_read_timeout(Some(ANSWER))?;
    say(&mut stream, &Hello::Hold)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    match serde_json::from_str(&line) {
        Ok(Frame::Held) => Ok(stream),
        _ => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the sandbox world is ending")),
    }
}

fn start(dir: &Path, mut command: Command) -> io::Result<Child> {
    let log = dir.join("world.log");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(open_private(&log)?)
        // A signal to the host's group is not meant for the world.
        .process_group(0)
        .spawn()?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(read.map(|_| line));
        });
    }
    match receiver.recv_timeout(START) {
        Ok(Ok(line)) if line.trim() == "ready" => Ok(child),
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            let why = std::fs::read_to_string(&log).unwrap_or_default();
            let why = why.lines().last().unwrap_or("it said nothing").to_owned();
            Err(io::Error::other(format!("the sandbox world did not start: {why} (its log: {})", log.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::world::testing::{Prepared, until};

    #[tokio::test]
    async fn a_host_joins_a_world_that_runs_and_ends_it() {
        let world = Prepared::new(1.0, &[]);
        let (_core, serving) = world.serve().await;
        let dir = world.run_dir().to_path_buf();
        let hold = move || Leash::hold(&dir, Command::new("/nonexistent/never-started")).unwrap();
        let leash = tokio::task::spawn_blocking(hold).await.unwrap();
        assert!(leash.lives());
        let ended = tokio::task::spawn_blocking(move || leash.end());
        serving.await.unwrap();
        ended.await.unwrap();
        assert!(!socket_path(&world.dir()).exists(), "nothing is left");
    }

    #[tokio::test]
    async fn a_second_world_in_the_same_folder_is_refused() {
        let world = Prepared::new(1.0, &[]);
        let (_core, _serving) = world.serve().await;
        let error = crate::sandbox::world::Running::start(&world.dir()).await.err().unwrap();
        assert!(error.to_string().contains("served already"), "{error}");
    }

    #[tokio::test]
    async fn a_world_ends_when_its_folder_is_gone() {
        let world = Prepared::new(1.0, &[]);
        let (_core, serving) = world.serve().await;
        std::fs::remove_dir_all(world.dir()).unwrap();
        until("it has ended", async || serving.is_finished()).await;
    }

    #[test]
    fn a_world_that_does_not_start_says_why() {
        let world = Prepared::new(1.0, &[]);
        let mut command = Command::new("sh");
        command.args(["-c", "echo no certificates here >&2; exit 1"]);
        let error = Leash::hold(world.run_dir(), command).unwrap_err().to_string();
        assert!(error.contains("no certificates here") && error.contains("world.log"), "{error}");
    }
}
