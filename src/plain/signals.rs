//! Ctrl-C of a process without a screen.

use std::io;
use std::sync::mpsc::{Receiver, channel};

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

/// SIGINT from now on comes through this channel and does not end the process.
///
/// # Errors
///
/// The system refuses the handler or the thread.
pub(super) fn interrupts() -> io::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGINT])?;
    let (sender, receiver) = channel();
    std::thread::Builder::new().name("interrupts".into()).spawn(move || {
        for _ in signals.forever() {
            if sender.send(()).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}
