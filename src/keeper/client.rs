//! The host's half: start a keeper or find it, tell it things, hear it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::net::sockopt::socket_peercred;

use super::attempt::pause;
use super::door::knock;
use super::protocol::{FromKeeper, LINE_LIMIT, Running, Settings, ToKeeper, to_line};
use super::serve::READY;

/// How long a keeper may take to become ready, and to say hello.
const START_LIMIT: Duration = Duration::from_secs(15);
/// How long a message may take to be taken by the socket.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// What the reader hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The keeper said this.
    Said(FromKeeper),
    /// The connection is gone, and this is the last thing heard. What ran may still run: connect again.
    Gone(String),
}

/// Who answered: the keeper's `hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The keeper's protocol; not [`super::protocol::PROTO`] means that it is of another version.
    pub proto: u32,
    /// The keeper's process.
    pub pid: u32,
    /// Its program's version.
    pub program: String,
    /// The machine's boot id.
    pub boot_id: String,
    /// What had not ended when it answered.
    pub attempts: Vec<Running>,
    /// What had ended without that being on file, and is told next.
    pub ended: Vec<u32>,
}

/// A connection to the run's keeper.
pub struct KeeperClient {
    stream: Mutex<UnixStream>,
    reader: Option<BufReader<UnixStream>>,
    hello: Hello,
}

impl KeeperClient {
    /// Starts `exe hidden_args… run_dir`, waits until it is ready and connects.
    ///
    /// # Errors
    /// When it does not start or is not ready in 15 s, with what it wrote on stderr.
    pub fn start(run_dir: &Path, exe: &Path, hidden_args: &[&str], secrets: Vec<String>) -> io::Result<Self> {
        super::keep_descriptors_from_children();
        let mut child = Command::new(exe)
            .args(hidden_args)
            .arg(run_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("the keeper was not started: {}: {error}", exe.display()))
            })?;
        let ready = get_ready(&mut child, secrets);
        if let Err(error) = ready {
            let _ = child.kill();
            let mut said = String::new();
            if let Some(stderr) = child.stderr.take() {
                let _ = stderr.take(4096).read_to_string(&mut said);
            }
            let _ = child.wait();
            return Err(io::Error::new(
                error.kind(),
                format!("the keeper did not become ready: {error}: {}", said.trim()),
            ));
        }
        // Somebody must take its exit status; it outlives this thread and, most often, this process.
        let _ =
            std::thread::Builder::new().stack_size(64 << 10).name("keeper's end".into()).spawn(move || child.wait());
        Self::connect(run_dir)?
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the keeper was ready and is gone"))
    }

    /// Connects to the run's keeper; none when nobody is there.
    ///
    /// # Errors
    /// When somebody is there who is not a keeper of this account, or does not say hello in 15 s.
    pub fn connect(run_dir: &Path) -> io::Result<Option<Self>> {
        let Some(stream) = knock(run_dir)? else { return Ok(None) };
        let peer = socket_peercred(&stream)?;
        if peer.uid != rustix::process::geteuid() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the keeper belongs to another account"));
        }
        stream.set_write_timeout(Some(SEND_LIMIT))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        stream.set_read_timeout(Some(START_LIMIT))?;
        let first = match next_line(&mut reader) {
            Ok(Some(line)) => line,
            // It was about to leave.
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(io::Error::new(error.kind(), format!("the keeper does not say hello: {error}"))),
        };
        stream.set_read_timeout(None)?;
        match serde_json::from_slice(&first) {
            Ok(FromKeeper::Hello { proto, pid, program, boot_id, attempts, ended }) => Ok(Some(Self {
                stream: Mutex::new(stream),
                reader: Some(reader),
                hello: Hello { proto, pid, program, boot_id, attempts, ended },
            })),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "what answers on keeper.sock is no keeper that this version knows",
            )),
        }
    }

    /// Who answered.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Hears the keeper on a thread of its own, until it or this client is gone; `Gone` comes last, once.
    /// Call it once; later calls hear `Gone` at once.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn listen(&mut self, mut tell: impl FnMut(Heard) + Send + 'static) -> io::Result<JoinHandle<()>> {
        let reader = self.reader.take();
        std::thread::Builder::new().name("keeper's words".into()).stack_size(512 << 10).spawn(move || {
            let Some(mut reader) = reader else { return tell(Heard::Gone("it is listened to already".into())) };
            let why = loop {
                match next_line(&mut reader) {
                    Ok(Some(line)) => match serde_json::from_slice(&line) {
                        Ok(message) => tell(Heard::Said(message)),
                        Err(error) => break format!("the keeper was not understood: {error}"),
                    },
                    Ok(None) => break "the keeper closed the connection".into(),
                    Err(error) => break format!("the keeper cannot be heard: {error}"),
                }
            };
            tell(Heard::Gone(why));
        })
    }

    /// Tells the keeper something, from any thread.
    ///
    /// # Errors
    /// When it is gone or took nothing for 10 s; the connection is closed then and the listener hears `Gone`.
    pub fn send(&self, message: &ToKeeper) -> io::Result<()> {
        let line = to_line(message)?;
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(&line).inspect_err(|_| {
            // Half a line may be out: nothing sensible can follow it.
            let _ = stream.shutdown(Shutdown::Both);
        })
    }
}

impl Drop for KeeperClient {
    fn drop(&mut self) {
        let _ = self.stream.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
    }
}

fn get_ready(child: &mut Child, secrets: Vec<String>) -> io::Result<()> {
    let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "it has no stdin and stdout");
    let mut stdin = child.stdin.take().ok_or_else(gone)?;
    stdin.write_all(&to_line(&Settings { secrets })?)?;
    drop(stdin);
    let stdout = child.stdout.take().ok_or_else(gone)?;
    let until = Instant::now() + START_LIMIT;
    let mut said = Vec::new();
    let mut byte = [0u8; 1];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("it took longer than {} s", START_LIMIT.as_secs()),
            ));
        }
        let mut fds = [PollFd::new(&stdout, PollFlags::IN)];
        pause(&mut fds, Some(left));
        if fds[0].revents().is_empty() {
            continue;
        }
        if rustix::io::read(stdout.as_fd(), &mut byte)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended"));
        }
        if byte[0] != b'\n' {
            said.push(byte[0]);
        } else if said == READY.as_bytes() {
            return Ok(());
        } else {
            // A wrapper (a test harness) may say something of its own first.
            said.clear();
        }
    }
}

/// One line without its newline; none at the end.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(LINE_LIMIT as u64).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a line has no end")),
    }
}
