//! A secret that is typed is not shown.

use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};

/// While it lives, this process's terminal does not echo what is typed.
pub(super) struct Hidden(());

impl Hidden {
    /// Turns the echo off; nothing when standard input is no terminal.
    pub fn new() -> Option<Self> {
        set(false).then_some(Self(()))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        set(true);
    }
}

fn set(on: bool) -> bool {
    let stdin = std::io::stdin();
    if !isatty(&stdin) {
        return false;
    }
    let Ok(mut modes) = tcgetattr(&stdin) else { return false };
    modes.local_modes.set(LocalModes::ECHO, on);
    tcsetattr(&stdin, OptionalActions::Now, &modes).is_ok()
}
