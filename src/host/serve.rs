//! The run's socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::net::sockopt::socket_peercred;

use super::clients::{Queue, written};
use super::input::Input;
use super::log;
use crate::link::{FromClient, FromHost, HostLink};
use crate::words::files;

/// The longest line that a client may send, bytes.
const MOST: u64 = 1 << 20;

/// A client's end as the loop gets it, with the queue that its writer shares.
pub struct Session {
    /// Its messages.
    pub link: HostLink,
    /// What its writer has not written yet.
    pub(super) queue: Arc<Queue>,
}

/// Opens the socket and takes clients in on a thread of its own. The path goes through a descriptor of the folder,
/// since it may exceed what a socket address holds.
pub(super) fn listen(folder: &Path, inbox: Sender<Input>) -> std::io::Result<()> {
    let dir = std::fs::File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{}", dir.as_raw_fd(), files::SOCK);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    thread::Builder::new().name("link".into()).spawn(move || {
        let _dir = dir;
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            match socket_peercred(&stream) {
                Ok(peer) if peer.uid == rustix::process::geteuid() => {}
                _ => continue,
            }
            if let Err(error) = take_in(stream, &inbox) {
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

fn take_in(stream: UnixStream, inbox: &Sender<Input>) -> std::io::Result<()> {
    let (to_client, outgoing) = channel::<FromHost>();
    let (incoming, from_client) = channel::<FromClient>();
    let queue = Arc::new(Queue::default());
    let mut writer = stream.try_clone()?;
    let shared = Arc::clone(&queue);
    thread::Builder::new().name("link-write".into()).stack_size(256 << 10).spawn(move || {
        for message in outgoing {
            let line = serde_json::to_vec(&message);
            let sent = line.map(|mut line| {
                line.push(b'\n');
                writer.write_all(&line)
            });
            written(&shared, &message);
            if !matches!(sent, Ok(Ok(()))) {
                break;
            }
        }
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
