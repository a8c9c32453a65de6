//! Reads the terminal's bytes, with the time at which they came; can be stopped without a key.

use std::io::{self, PipeWriter, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};

use super::Wake;

/// The reading thread. Stopping it leaves what is typed next to whoever reads after us.
pub(super) struct Reader {
    thread: JoinHandle<()>,
    stop: PipeWriter,
}

impl Reader {
    pub(super) fn start(wake: Sender<Wake>) -> io::Result<Self> {
        let (mut stopped, stop) = io::pipe()?;
        let thread = thread::Builder::new().name("tui-input".into()).spawn(move || {
            read(&wake, &mut stopped);
        })?;
        Ok(Self { thread, stop })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

fn read(wake: &Sender<Wake>, stopped: &mut io::PipeReader) {
    let stdin = io::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&*stopped, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        // Past the library's buffer, which would keep bytes from whoever reads after us.
        match rustix::io::read(stdin.as_fd(), &mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                if wake.send(Wake::Bytes(Instant::now(), buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => break,
        }
    }
    let _ = wake.send(Wake::Eof);
    // Nothing more to read; wait to be stopped.
    let _ = stopped.read(&mut [0]);
}
