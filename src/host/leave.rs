//! When the host goes, and how.

use std::time::{Duration, Instant};

use super::core::Host;
use crate::engine::Want;
use crate::link::FromHost;
use crate::words::Actor;

/// Real time that a host without anybody to talk to stays before it leaves.
const LINGER: Duration = Duration::from_secs(2);
/// Real time that traces and annotations get when the host goes.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Real time that clients get to read the last messages.
const DRAIN: Duration = Duration::from_secs(2);

impl Host {
    /// Whether the host's work is done: the run has ended and everybody was told; it was asked to end; or the run is
    /// parked before the first change with nothing running and nobody there.
    pub(super) fn may_leave(&mut self) -> bool {
        if self.clients.is_empty() {
            self.alone_since.get_or_insert_with(Instant::now);
        } else {
            self.was_attached = true;
            self.alone_since = None;
        }
        if self.terminating {
            return self.queue.is_empty() || self.is_stuck();
        }
        let alone = self.alone_since.is_some_and(|since| since.elapsed() >= LINGER);
        if self.leaving {
            // Who started it may be about to come.
            return alone || self.was_attached && self.clients.is_empty();
        }
        alone && self.failed.is_none() && self.is_parked()
    }

    /// The run waits for a person, nothing of it runs, and nothing was changed yet.
    fn is_parked(&self) -> bool {
        let state = &self.state;
        let flies_itself = state.opened.as_ref().is_some_and(|o| o.autopilot.yes || o.autopilot.answers.is_some());
        let waits = state.person_needed.is_some() || state.paused.is_some() || !flies_itself;
        waits && state.world_changed.is_none() && state.running.is_empty() && self.queue.is_empty()
    }

    /// Seals what was seen, says why the host goes, writes what people read, and goes. What runs, runs on.
    pub(super) fn leave(mut self) -> std::io::Result<()> {
        let why = if self.terminating {
            "it was asked to end (SIGTERM)"
        } else if self.leaving {
            "the run has ended"
        } else {
            "parked before the first change, nobody attached"
        };
        // Who comes from here on finds nobody, and waits until the run can be gone on with.
        super::serve::forget(self.folder.path());
        let asked = self.terminating;
        self.terminating = true;
        if !self.is_stuck() {
            self.flush_typing();
            self.leave_lease();
            if let Some(want) = self.eyes.seal() {
                self.intend(Actor::host(), want);
            }
            if !self.leaving {
                self.intend(Actor::host(), Want::HostLeave { why: why.into() });
            }
            self.step();
        }
        if !self.is_stuck() {
            self.write_by_hand();
            self.write_record();
        }
        self.clients.say_all_and_close(self.folder.path(), self.state.seq, &FromHost::Bye { why: why.into() }, DRAIN);
        self.hands.leave();
        std::mem::take(&mut self.telemetry).finish(LAST_WORDS);
        self.eyes.stop();
        // The world of a host that was asked to end goes on for a while, since what runs in it runs on. Else it ends: its
        // command log brings the same world back.
        if let Some(world) = self.world.take()
            && (self.state.ended.is_some() || !asked)
        {
            world.end();
        }
        Ok(())
    }
}
