//! Threads that serve attempts, one after another: who has nothing to do waits a while for the next command.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::attempt::Worker;

/// Stack of a thread, in bytes; the deepest thing on it is writing a line of JSON.
const STACK: usize = 256 << 10;
/// How long a thread waits for something to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// All threads of a keeper that serve attempts.
pub(super) struct Crew(Arc<Room>);

/// A thread that waits for the worker it will be given.
pub(super) struct Place(Arc<Room>);

#[derive(Default)]
struct Room {
    roster: Mutex<Roster>,
    call: Condvar,
}

#[derive(Default)]
struct Roster {
    work: VecDeque<Worker>,
    /// Threads that wait, or are on their way here.
    free: usize,
    /// Of these, how many were promised.
    promised: usize,
    closed: bool,
}

impl Crew {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Makes sure of a thread, so that nothing can fail once a command runs.
    pub(super) fn place(&self) -> io::Result<Place> {
        let mut roster = self.0.roster();
        if roster.free <= roster.work.len() + roster.promised {
            let room = Arc::clone(&self.0);
            std::thread::Builder::new().name("attempt".into()).stack_size(STACK).spawn(move || room.serve())?;
            roster.free += 1;
        }
        roster.promised += 1;
        Ok(Place(Arc::clone(&self.0)))
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.0.roster().closed = true;
        self.0.call.notify_all();
    }
}

impl Place {
    /// Sets the worker to work.
    pub(super) fn take(self, worker: Worker) {
        self.0.roster().work.push_back(worker);
        self.0.call.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.roster().promised -= 1;
    }
}

impl Room {
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut roster = self.roster();
        loop {
            if let Some(worker) = roster.work.pop_front() {
                roster.free -= 1;
                drop(roster);
                worker.run();
                roster = self.roster();
                roster.free += 1;
                continue;
            }
            let (woken, waited) = self.call.wait_timeout(roster, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            roster = woken;
            let dismissed = roster.closed || waited.timed_out();
            if dismissed && roster.free > roster.work.len() + roster.promised {
                roster.free -= 1;
                return;
            }
        }
    }
}
