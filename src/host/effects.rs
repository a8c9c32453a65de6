//! One-shots after events are on disk, and the files that are rewritten.

use std::time::{Duration, Instant};

use super::core::Host;
use super::log;
use super::notices::Notice;
use crate::engine::event::Env;
use crate::engine::{Effect, Refusal, State, Timer, Want, by_hand, resolve};
use crate::expr::Template;
use crate::journal::Head;
use crate::words::{Actor, files};

/// Real time between two writes of `by-hand.md`.
const BY_HAND: Duration = Duration::from_secs(1);
/// Real time between two looks at places while one has moved.
const PLACES: Duration = Duration::from_secs(2);

impl Host {
    /// Carries out what is urgent; whether the record is to be written once clients were told. Who is told that the run
    /// has ended finds its record.
    pub(super) fn carry_out_all(&mut self, effects: Vec<Effect>) -> bool {
        let record = effects.contains(&Effect::WriteRecord);
        let over = effects.contains(&Effect::Leave);
        for effect in effects {
            self.carry_out(effect);
        }
        if record && over {
            self.write_record();
        }
        record && !over
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn(started) => self.spawn(*started),
            Effect::Signal { attempt, stage } => self.hands.signal(attempt, stage),
            Effect::GoOnUnrecorded { attempt } => self.hands.go_on_unrecorded(attempt),
            Effect::Notify { item, attempt, to, title, text } => {
                self.notify(Notice { item, attempt, to: &to, title: &title, text: &text }, false);
            }
            Effect::Look(probes) => self.eyes.look(&probes),
            Effect::Settle { item, attempt, probes } => self.eyes.settle(&self.state.plan, item, attempt, &probes),
            Effect::TakeOver { from, reason } => self.take_lease_over(from, reason),
            Effect::CheckPlaces => self.look_at_places(),
            Effect::AskSecondPerson { item, text, hash } => self.ask_second_person(item, &text, hash),
            // See above.
            Effect::WriteRecord => {}
            Effect::Leave => {
                self.leaving = true;
                super::confine::forget(self.folder.path());
                // The target is free for the next run, also while somebody still reads this one's end.
                self.announced = None;
                self.release_lease();
            }
        }
    }

    /// Looks at the pinned places and tells the engine.
    pub(super) fn look_at_places(&mut self) {
        self.last_places = Instant::now();
        let plan = self.state.plan.clone();
        for (kind, found) in super::guard::look(&plan, &self.root, &self.env) {
            self.intend(Actor::host(), Want::TargetFound { kind: kind.to_owned(), found });
        }
    }

    /// While a place has moved nothing starts: it is looked at until it is as pinned again.
    pub(super) fn watch_places(&mut self) {
        if !self.state.moved.is_empty() && !self.is_stuck() && self.last_places.elapsed() >= PLACES {
            self.look_at_places();
        }
    }

    /// A command that names a secret which this host was not given yet is not begun.
    pub(super) fn lacks_secret(&self, state: &State, want: &Want) -> Option<Refusal> {
        let (Want::Start { item, .. } | Want::Due { timer: Timer::Retry(item, _) }) = want else { return None };
        let missing = self.secrets.missing(&state.plan);
        if missing.is_empty() {
            return None;
        }
        let started = resolve(state, state.index(item)?).ok()?;
        let used = started.env.values().flat_map(|value| match value {
            Env::Secret(source) => Template::parse(source).map(|t| t.used()).unwrap_or_default(),
            Env::Value(_) => vec![],
        });
        let names: Vec<String> = used.filter_map(|used| used.path.into_iter().next()).collect();
        let lacking = missing.iter().find(|name| names.contains(&name.0))?;
        Some(Refusal {
            why: format!("secret `{lacking}` is not known since the host was started again: type it first"),
            person: true,
        })
    }

    pub(super) fn write_record(&mut self) {
        if std::mem::replace(&mut self.recorded, self.state.seq) == self.state.seq {
            return;
        }
        crate::record::write_files(self.folder.path(), &self.state).unwrap_or_else(|error| {
            log(&format!("the record could not be written: {error}"));
        });
        let (seq, hash) = self.journal.head();
        let head = Head { run: self.folder.id().clone(), seq, hash };
        if let Err(error) = head.write(&self.folder) {
            log(&format!("the head could not be written: {error}"));
        }
    }

    pub(super) fn write_by_hand_if_due(&mut self) {
        if self.by_hand_due && self.last_by_hand.elapsed() >= by_hand_pace(self.by_hand_took) && self.failed.is_none() {
            self.write_by_hand();
        }
    }

    pub(super) fn write_by_hand(&mut self) {
        let begun = Instant::now();
        let text = by_hand(&self.state);
        if let Err(error) = self.folder.write_atomic(files::BY_HAND, text.as_bytes()) {
            log(&format!("by-hand.md could not be written: {error}"));
        }
        self.last_by_hand = Instant::now();
        self.by_hand_took = begun.elapsed();
        self.by_hand_due = false;
    }
}

/// How long after one by-hand.md the next is written: a second, but a twentieth of the run's time at most goes into it,
/// however large the runbook and however slow the disk.
fn by_hand_pace(took: Duration) -> Duration {
    BY_HAND.max(took * 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_by_hand_takes_a_twentieth_of_the_time_at_most() {
        assert_eq!(by_hand_pace(Duration::from_millis(2)), Duration::from_secs(1));
        assert_eq!(by_hand_pace(Duration::from_millis(250)), Duration::from_millis(4750));
    }
}
