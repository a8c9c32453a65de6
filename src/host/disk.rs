//! The disk that does not take the journal: what waits for it, what people are told, and how it goes on.
//!
//! While the journal cannot be written nothing is decided. What the world tells meanwhile (ends of commands, verdicts)
//! stays in the queue with its stamps; what people want is refused at once. When it can be written again, be it only in
//! the room that the reserve gave back, what the world told is decided; things start again when there is room to go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::core::{Asker, Host, Queued};
use super::hands::is_running;
use super::log;
use crate::engine::event::StopStage;
use crate::engine::{Attempt, Intent, Want, by_hand};
use crate::journal::RESERVE_BYTES;
use crate::link::FromHost;
use crate::words::{Actor, Stamp};

/// Real time between two tries to write the journal again.
const RETRY_DISK: Duration = Duration::from_secs(2);
/// Bytes that must be free before anything starts again: more than the reserve alone gives back.
const ROOM: u64 = RESERVE_BYTES + RESERVE_BYTES / 2;

/// The journal cannot be written, or there is no room to go on.
pub(super) struct Failed {
    /// It cannot be written; else it can, but nothing starts.
    pub stuck: bool,
    /// When that was found.
    pub stamp: Stamp,
    /// In real time.
    pub since: Instant,
    /// The last try.
    pub tried: Instant,
    /// What the system said first.
    pub why: String,
}

impl Failed {
    /// Since how many seconds.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.since.elapsed().as_secs()).unwrap_or(u32::MAX)
    }
}

/// Since when the loop waits for the disk to take a batch. Read by the writers of clients, which have threads of their
/// own: a disk that hangs must not look like a run that hangs.
#[derive(Debug, Default)]
pub(super) struct DiskWatch {
    since: AtomicU64,
}

/// The loop waits as long as this lives.
pub(super) struct Waits(Arc<DiskWatch>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.since.store(0, Ordering::Release);
    }
}

impl DiskWatch {
    /// The loop begins to wait.
    pub fn begin(self: &Arc<Self>) -> Waits {
        self.since.store(millis() + 1, Ordering::Release);
        Waits(Arc::clone(self))
    }

    /// How many seconds the loop has waited; none when it does not wait, or not yet a second.
    pub fn seconds(&self) -> Option<u32> {
        waited(self.since.load(Ordering::Acquire), millis())
    }
}

/// `since` is one more than the milliseconds of the beginning; 0: nobody waits.
fn waited(since: u64, now: u64) -> Option<u32> {
    let seconds = now.saturating_sub(since.checked_sub(1)?) / 1000;
    (seconds > 0).then(|| u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// Milliseconds since this process first asked.
fn millis() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Host {
    /// The disk did not take a batch. Nothing of it counts: what the world told is kept, what people wanted is refused.
    pub(super) fn disk_refused(&mut self, why: &str, taken: Vec<Queued>) {
        log(&format!("the journal cannot be written: {why}"));
        let now = Instant::now();
        let mut back: Vec<Queued> = vec![];
        for (intent, asker) in taken {
            match asker {
                Some(asker) if self.stop_at_once(&intent, asker) => back.push((intent, None)),
                Some(asker) => {
                    let why = format!("not done: the journal cannot be written ({why})");
                    self.clients.send(asker.client, FromHost::Refused { id: asker.id, why });
                }
                None if is_told_again(&intent) => back.push((intent, None)),
                None => {}
            }
        }
        let stamp = self.clock.now();
        let new = self.failed.is_none();
        let failed = self.failed.get_or_insert_with(|| Failed {
            stuck: true,
            stamp,
            since: now,
            tried: now,
            why: why.to_owned(),
        });
        (failed.stuck, failed.tried) = (true, now);
        if new {
            let want = Want::Storage { failed: true, why: failed.why.clone() };
            back.push((Intent::new(Actor::host(), None, failed.stamp, want), None));
        }
        // The state says so although the journal cannot: the engine refuses people and starts nothing.
        self.state.storage_failed = Some((failed.stamp, failed.why.clone()));
        for queued in back.into_iter().rev() {
            self.queue.push_front(queued);
        }
        self.refuse_people();
        if new {
            if let Some(by_hand) = self.by_hand_now() {
                self.clients.send_all(&by_hand);
            }
            self.last_live = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        }
    }

    /// The journal cannot be written: nothing is decided.
    pub(super) fn is_stuck(&self) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.stuck)
    }

    /// While the journal cannot be written people are refused at once; they want it again, or not.
    pub(super) fn refuse_people(&mut self) {
        let Some(failed) = &self.failed else { return };
        let why = format!("not done: the journal cannot be written ({}); nothing starts until it can", failed.why);
        for (intent, asker) in std::mem::take(&mut self.queue) {
            match asker {
                Some(asker) if self.stop_at_once(&intent, asker) => self.queue.push_back((intent, None)),
                Some(asker) => self.clients.send(asker.client, FromHost::Refused { id: asker.id, why: why.clone() }),
                None => self.queue.push_back((intent, None)),
            }
        }
    }

    /// What runs can be stopped also when that cannot be written down: it is signalled now, and the intent is kept until
    /// it can. Its asker is told so.
    fn stop_at_once(&mut self, intent: &Intent, asker: Asker) -> bool {
        let Want::Stop { attempt, .. } = &intent.want else { return false };
        if !is_running(&self.state, *attempt) {
            return false;
        }
        let stage = |attempt: &Attempt| attempt.stopping.map_or(0, |(stage, _)| stage as usize + 1);
        let attempts = self.state.items.iter().flat_map(|item| &item.attempts);
        let written = attempts.filter(|a| a.number == *attempt).map(stage).next().unwrap_or_default();
        let kept = self.queue.iter().filter(|(kept, _)| kept.want == intent.want).count();
        let (stage, word) = match written + kept {
            0 => (StopStage::Interrupt, "interrupted"),
            1 => (StopStage::Terminate, "told to end"),
            _ => (StopStage::Kill, "killed"),
        };
        self.hands.signal(*attempt, stage);
        let why = format!("it was {word}; that is written down as soon as the journal can be written");
        self.clients.send(asker.client, FromHost::Refused { id: asker.id, why });
        true
    }

    /// What can be done by hand, while the journal cannot be written.
    pub(super) fn by_hand_now(&self) -> Option<FromHost> {
        let failed = self.failed.as_ref()?;
        Some(FromHost::ByHand { why: failed.why.clone(), text: by_hand(&self.state) })
    }

    /// Tries to write the journal again, now and then, and looks whether there is room to go on.
    pub(super) fn try_the_disk(&mut self) {
        let Some(failed) = &mut self.failed else { return };
        if failed.tried.elapsed() < RETRY_DISK {
            return;
        }
        failed.tried = Instant::now();
        if failed.stuck {
            let waits = self.disk.begin();
            let reopened = self.journal.reopen_after_failure();
            drop(waits);
            match reopened {
                Ok(reopened) => {
                    log(&format!("{} can be written again", reopened.file));
                    failed.stuck = false;
                }
                Err(error) => return log(&format!("the journal still cannot be written: {error}")),
            }
            // What was told meanwhile; the journal's first word is that it failed.
            self.step();
        }
        if !self.is_stuck() && room(self.folder.path()).is_none_or(|free| free >= ROOM) {
            let file = self.journal.file_name().to_owned();
            self.intend(Actor::host(), Want::Storage { failed: false, why: file });
            self.step();
            if !self.is_stuck() && self.state.storage_failed.is_none() {
                self.failed = None;
            }
        }
    }
}

/// Bytes that this account may still use on the folder's file system; none when nobody says.
fn room(folder: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether an intent of the program's own is told again after a batch that the disk refused. Timers and the autopilot
/// say by themselves what they want when they are asked again.
fn is_told_again(intent: &Intent) -> bool {
    intent.actor != Actor::autopilot()
        && !matches!(
            intent.want,
            Want::Due { .. } | Want::TooLate { .. } | Want::Baseline { .. } | Want::Storage { failed: false, .. }
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_hangs_is_told_after_a_second() {
        assert_eq!(waited(0, 90_000), None, "nobody waits");
        assert_eq!(waited(5_001, 5_999), None, "not yet a second");
        assert_eq!(waited(5_001, 8_200), Some(3));
        let watch = Arc::new(DiskWatch::default());
        let waits = watch.begin();
        assert_ne!(watch.since.load(Ordering::Acquire), 0);
        drop(waits);
        assert_eq!(watch.since.load(Ordering::Acquire), 0);
    }
}
