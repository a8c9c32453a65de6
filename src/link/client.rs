//! The client's socket.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;

use super::{ClientLink, FromClient, FromHost};
use crate::words::files;

/// Longest line that is read, bytes.
const MAX_LINE: usize = 64 << 20;

/// Why a run could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens: the host is not running.
    #[error("no host runs this run now; `flightdeck resume` starts one")]
    NoHost,
    /// Something else.
    #[error("cannot reach the run's host: {0}")]
    Io(#[from] std::io::Error),
}

/// Connects to the host of the run in `folder`. The socket is reached through a descriptor of the folder, since its
/// full path may exceed the 108 bytes that a socket address holds.
pub fn connect(folder: &Path) -> Result<ClientLink, ConnectError> {
    let dir = std::fs::File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{}", dir.as_raw_fd(), files::SOCK);
    let stream = UnixStream::connect(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => ConnectError::NoHost,
        _ => ConnectError::Io(error),
    })?;
    Ok(over(stream)?)
}

/// Two threads that carry messages between a socket and channels; both end with the socket or the channels.
fn over(stream: UnixStream) -> std::io::Result<ClientLink> {
    let (to_host, outgoing) = channel::<FromClient>();
    let (incoming, from_host) = channel::<FromHost>();
    let mut writer = stream.try_clone()?;
    thread::Builder::new().name("link-write".into()).spawn(move || {
        for message in outgoing {
            let Ok(mut line) = serde_json::to_vec(&message) else { continue };
            line.push(b'\n');
            if writer.write_all(&line).is_err() {
                break;
            }
        }
        let _ = writer.shutdown(std::net::Shutdown::Write);
    })?;
    thread::Builder::new().name("link-read".into()).spawn(move || {
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            match std::io::Read::take(&mut reader, MAX_LINE as u64).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            match serde_json::from_slice(&line) {
                Ok(message) => {
                    if incoming.send(message).is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
    })?;
    Ok(ClientLink { to_host, from_host })
}
