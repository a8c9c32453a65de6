//! What the desk (one thread, the socket) and an attempt's worker (one thread each) tell each other.

use std::collections::VecDeque;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pty_process::blocking::Pty;
use rustix::process::Pid;

use super::bell::Bell;
use super::protocol::{Exit, Stage};
use crate::secrets::Needles;

/// A connected host may lag so many bytes behind before the PTY is not read any more.
pub(super) const LAG: u64 = 1 << 20;
/// Typed bytes that wait for the command, at most.
const INPUT_CAP: usize = 1 << 20;

/// The two-sided notice board of one attempt.
pub(super) struct Shared {
    /// The terminal's master side.
    pub(super) pty: Pty,
    /// The command's process.
    pub(super) pid: Pid,
    /// When it was spawned, in time since boot.
    pub(super) spawned: Duration,
    /// Wakes the worker.
    pub(super) bell: Bell,
    board: Mutex<Board>,
}

/// What stands on the notice board.
pub(super) struct Board {
    /// From the worker.
    pub(super) news: News,
    /// From the desk: output that the host has read; none when nobody follows.
    seen: Option<u64>,
    /// From the desk: typed bytes.
    pub(super) input: VecDeque<u8>,
    /// From the desk: new needles for the redactor, taken once.
    needles: Option<Arc<Needles>>,
    /// From the desk: go on without a disk.
    unrecorded: bool,
    /// From the desk: the operator wants it to end.
    stop_asked: bool,
    /// The command until it is reaped. Signals go out only while it is here, so never to a stranger with its number.
    child: Option<Child>,
}

/// What the worker tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct News {
    pub(super) len: u64,
    pub(super) unfinished_line: bool,
    pub(super) echo: bool,
    pub(super) held: Vec<u8>,
    pub(super) trouble: Option<String>,
    /// The end, and whether it could be written down.
    pub(super) end: Option<(Exit, bool)>,
}

/// What the desk wants of the worker now.
pub(super) struct Orders {
    pub(super) held: bool,
    pub(super) followed: bool,
    pub(super) input: bool,
    pub(super) unrecorded: bool,
    pub(super) stop_asked: bool,
    pub(super) needles: Option<Arc<Needles>>,
}

impl Shared {
    /// `followed`: a host is connected.
    pub(super) fn new(pty: Pty, child: Child, spawned: Duration, bell: Bell, followed: bool) -> Self {
        Self {
            pty,
            pid: Pid::from_child(&child),
            spawned,
            bell,
            board: Mutex::new(Board {
                news: News { echo: true, ..News::default() },
                seen: followed.then_some(0),
                input: VecDeque::new(),
                needles: None,
                unrecorded: false,
                stop_asked: false,
                child: Some(child),
            }),
        }
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host has come (it counts as having seen everything) or gone.
    pub(super) fn follow(&self, followed: bool) {
        let mut board = self.board();
        board.seen = followed.then_some(board.news.len);
        drop(board);
        self.bell.ring();
    }

    /// The host has read so much.
    pub(super) fn seen(&self, len: u64) {
        let mut board = self.board();
        let was_held = board.held();
        if let Some(seen) = &mut board.seen {
            *seen = len.max(*seen);
        }
        if was_held && !board.held() {
            drop(board);
            self.bell.ring();
        }
    }

    /// Queues typed bytes; false when too many wait already.
    pub(super) fn type_in(&self, bytes: &[u8]) -> bool {
        let mut board = self.board();
        let fits = board.input.len() + bytes.len() <= INPUT_CAP;
        if fits {
            board.input.extend(bytes);
        }
        drop(board);
        self.bell.ring();
        fits
    }

    /// New needles.
    pub(super) fn mask_with(&self, needles: Arc<Needles>) {
        self.board().needles = Some(needles);
        self.bell.ring();
    }

    /// Go on without a disk.
    pub(super) fn go_unrecorded(&self) {
        self.board().unrecorded = true;
        self.bell.ring();
    }

    /// Signals the command, unless it is gone.
    pub(super) fn signal(&self, stage: Stage) -> io::Result<()> {
        let mut board = self.board();
        board.stop_asked = true;
        let outcome = match board.child {
            Some(_) => super::reach::reach(&self.pty, self.pid, stage),
            None => Ok(()),
        };
        drop(board);
        self.bell.ring();
        outcome
    }

    /// For the worker: what is wanted.
    pub(super) fn orders(&self) -> Orders {
        let mut board = self.board();
        Orders {
            held: board.held(),
            followed: board.seen.is_some(),
            input: !board.input.is_empty(),
            unrecorded: board.unrecorded,
            stop_asked: board.stop_asked,
            needles: board.needles.take(),
        }
    }

    /// For the worker: takes the ended command's status; from now on nothing is signalled.
    pub(super) fn reap(&self) -> io::Result<ExitStatus> {
        match self.board().child.take() {
            Some(mut child) => child.wait(),
            None => Err(io::Error::other("the command was reaped before")),
        }
    }
}

impl Board {
    fn held(&self) -> bool {
        self.seen.is_some_and(|seen| self.news.len.saturating_sub(seen) > LAG)
    }
}
