//! The keeper's end of its one connection: lines in, lines out, never waiting.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

use super::protocol::{FromKeeper, LINE_LIMIT, to_line};

/// A host that lets so many bytes of messages lie is not listening; it may come back and be told everything.
const OUT_LIMIT: usize = 4 << 20;

/// A connected host.
pub(super) struct Conn {
    stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Conn {
    /// Takes the connection when the other side is of our own account.
    pub(super) fn accept(stream: UnixStream) -> io::Result<Self> {
        let peer = socket_peercred(&stream)?;
        if peer.uid != rustix::process::geteuid() {
            let why = format!("a process of another account (uid {}) was turned away", peer.uid.as_raw());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        stream.set_nonblocking(true)?;
        Ok(Self { stream, incoming: Vec::new(), outgoing: Vec::new() })
    }

    /// Queues a message.
    pub(super) fn say(&mut self, message: &FromKeeper) -> io::Result<()> {
        self.outgoing.extend(to_line(message)?);
        if self.outgoing.len() > OUT_LIMIT {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the host does not read what it is told"));
        }
        Ok(())
    }

    /// Whether everything was taken by the other side's socket.
    pub(super) fn idle(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Sends what the socket takes now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut done = 0;
        let outcome = loop {
            if done == self.outgoing.len() {
                break Ok(());
            }
            match self.stream.write(&self.outgoing[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.outgoing.drain(..done);
        outcome
    }

    /// Reads what is there: the whole lines, and whether the other side is still there.
    pub(super) fn lines(&mut self) -> io::Result<(Vec<Vec<u8>>, bool)> {
        let mut chunk = [0u8; 16 << 10];
        let alive = loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => break false,
                Ok(n) => self.incoming.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break true,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break false,
                Err(error) => return Err(error),
            }
            if self.incoming.len() > LINE_LIMIT {
                break true;
            }
        };
        let Some(last) = self.incoming.iter().rposition(|byte| *byte == b'\n') else {
            if self.incoming.len() > LINE_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of the host is too long"));
            }
            return Ok((Vec::new(), alive));
        };
        let rest = self.incoming.split_off(last + 1);
        let whole = std::mem::replace(&mut self.incoming, rest);
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
        Ok((lines, alive))
    }
}

impl AsFd for Conn {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let (mut host, keeper) = UnixStream::pair().unwrap();
        let mut conn = Conn::accept(keeper).unwrap();
        host.write_all(b"one\ntw").unwrap();
        assert_eq!(conn.lines().unwrap(), (vec![b"one".to_vec()], true));
        host.write_all(b"o\n\nthree\n").unwrap();
        assert_eq!(conn.lines().unwrap(), (vec![b"two".to_vec(), b"three".to_vec()], true));
        drop(host);
        assert_eq!(conn.lines().unwrap(), (Vec::new(), false));
    }

    #[test]
    fn a_host_that_never_reads_is_given_up() {
        let (_host, keeper) = UnixStream::pair().unwrap();
        let mut conn = Conn::accept(keeper).unwrap();
        let long = FromKeeper::Refused { why: "x".repeat(1 << 20) };
        let outcome = (0..8).try_for_each(|_| conn.say(&long).and_then(|()| conn.flush()));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
