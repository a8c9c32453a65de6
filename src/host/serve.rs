//! The run's socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_peercred;

use super::clients::Queue;
use super::disk::DiskWatch;
use super::input::Input;
use super::log;
use crate::link::{FromClient, FromHost, HostLink, Live};
use crate::words::files;

/// The longest line that a client may send, bytes.
const MOST: u64 = 1 << 20;
/// A client that was told nothing for so long may want to know that the host waits for the disk.
const SILENCE: Duration = Duration::from_millis(700);
/// Between two writes to a client: what is said meanwhile goes in one, and wakes it once. Half a frame of a screen.
const BREATH: Duration = Duration::from_millis(8);
/// When nothing more came for so long, that is written at once: an answer or the end of a run is not kept waiting.
const LULL: Duration = Duration::from_millis(4);
/// So many writes need no breath, one more each so long: a greeting is made of several, and waits for none.
const CREDIT: u32 = 6;
const REFILL: Duration = Duration::from_millis(100);
/// So many messages go in one write, or twice as many.
const BATCH: usize = 64;

/// A client's end as the loop gets it, with the queue that its writer shares.
pub struct Session {
    /// Its messages.
    pub link: HostLink,
    /// What its writer has not written yet.
    pub(super) queue: Arc<Queue>,
}

/// Opens the socket and takes clients in on a thread of its own. The path goes through a descriptor of the folder,
/// since it may exceed what a socket address holds.
pub(super) fn listen(folder: &Path, inbox: Sender<Input>, disk: Arc<DiskWatch>) -> std::io::Result<()> {
    let dir = std::fs::File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{}", dir.as_raw_fd(), files::SOCK);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    thread::Builder::new().name("link".into()).spawn(move || {
        let _dir = dir;
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Too many open files, mostly: others may be closed soon.
                thread::park_timeout(Duration::from_millis(100));
                continue;
            };
            match socket_peercred(&stream) {
                Ok(peer) if peer.uid == rustix::process::geteuid() => {}
                _ => continue,
            }
            if let Err(error) = take_in(stream, &inbox, &disk) {
                log(&format!("a client could not be taken in: {error}"));
            }
        }
    })?;
    Ok(())
}

/// Removes the socket.
pub(super) fn forget(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(files::SOCK));
}

fn take_in(stream: UnixStream, inbox: &Sender<Input>, disk: &Arc<DiskWatch>) -> std::io::Result<()> {
    let (to_client, outgoing) = channel::<FromHost>();
    let (incoming, from_client) = channel::<FromClient>();
    let queue = Arc::new(Queue::default());
    let writer = stream.try_clone()?;
    let (shared, disk) = (Arc::clone(&queue), Arc::clone(disk));
    thread::Builder::new().name("link-write".into()).stack_size(256 << 10).spawn(move || {
        // The client that is gone is told of by its reader.
        let _ = write_all(&writer, &outgoing, &shared, &disk);
        let _ = writer.shutdown(std::net::Shutdown::Both);
    })?;
    thread::Builder::new().name("link-read".into()).stack_size(256 << 10).spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            match Read::take(&mut reader, MOST).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let Ok(message) = serde_json::from_slice(&line) else { break };
            if incoming.send(message).is_err() {
                break;
            }
        }
    })?;
    let session = Session { link: HostLink { to_client, from_client }, queue };
    inbox.send(Input::Joined(session)).map_err(|_| std::io::Error::other("the host is leaving"))
}

/// Writes what the loop says until it says no more. While the loop itself waits for the disk the last figures are said
/// again with how long that is.
fn write_all(
    mut writer: &UnixStream,
    outgoing: &Receiver<FromHost>,
    queue: &Queue,
    disk: &DiskWatch,
) -> std::io::Result<()> {
    let mut last: Option<Live> = None;
    let mut said_at: Option<Instant> = None;
    let mut credit = f64::from(CREDIT);
    loop {
        let first = match outgoing.recv_timeout(SILENCE) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                if let (Some(seconds), Some(live)) = (disk.seconds(), &mut last) {
                    live.disk_wait = Some(seconds);
                    let mut lines = vec![];
                    write_line(&mut lines, &FromHost::Live(live.clone()))?;
                    writer.write_all(&lines)?;
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let mut messages = vec![first];
        let since = said_at.map_or(REFILL * CREDIT, |at| at.elapsed());
        credit = (credit + since.as_secs_f64() / REFILL.as_secs_f64()).min(f64::from(CREDIT));
        let hurried = credit >= 1.0;
        credit -= f64::from(u8::from(hurried));
        while let Some(left) = said_at.filter(|_| !hurried).and_then(|at| BREATH.checked_sub(at.elapsed())) {
            std::thread::sleep(left.min(LULL));
            let known = messages.len();
            messages.extend(outgoing.try_iter().take(BATCH));
            if messages.len() == known || messages.len() > BATCH {
                break;
            }
        }
        messages.extend(outgoing.try_iter().take(BATCH));
        let mut lines = vec![];
        for message in &messages {
            write_line(&mut lines, message)?;
        }
        let said = writer.write_all(&lines);
        said_at = Some(Instant::now());
        for message in messages {
            queue.written(&message);
            if let FromHost::Live(live) = message {
                last = Some(live);
            }
        }
        said?;
    }
}

fn write_line(lines: &mut Vec<u8>, message: &FromHost) -> std::io::Result<()> {
    serde_json::to_writer(&mut *lines, message).map_err(std::io::Error::other)?;
    lines.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_hears_that_the_loop_waits_for_the_disk() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (to, from) = channel();
        let disk = Arc::new(DiskWatch::default());
        let waits = disk.begin();
        let live = Live { missing: vec![("a".into(), "b".into())], ..Live::default() };
        to.send(FromHost::Live(live)).unwrap();
        let watch = Arc::clone(&disk);
        let writer = thread::spawn(move || write_all(&ours, &from, &Queue::default(), &watch));
        let mut heard = BufReader::new(theirs).lines();
        let first: FromHost = serde_json::from_str(&heard.next().unwrap().unwrap()).unwrap();
        assert!(matches!(first, FromHost::Live(Live { disk_wait: None, .. })));
        let second: FromHost = serde_json::from_str(&heard.next().unwrap().unwrap()).unwrap();
        let FromHost::Live(again) = second else { panic!("{second:?}") };
        assert!(again.disk_wait.is_some_and(|s| s >= 1));
        assert_eq!(again.missing.len(), 1, "the figures stay");
        drop(waits);
        drop(to);
        writer.join().unwrap().unwrap();
    }
}
