//! The run loop: the only writer. Decide, append, sync, apply, effects, reconcile, publish; acknowledgements go out
//! last, never earlier. Only the disk may block it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::clients::Clients;
use super::clock::{RunClock, StepWatch};
use super::eyes::Eyes;
use super::hands::Hands;
use super::input::Input;
use super::log;
use super::secrets::Secrets;
use super::world::{End, Outside};
use crate::engine::{
    Answers, Effect, Event, Intent, Recorded, Refusal, State, Want, Wanted, autopilot, by_hand, decide, effects, wanted,
};
use crate::journal::{Head, Journal, RunFolder, RunLock};
use crate::link::{FromHost, Role};
use crate::words::{Actor, Epoch, ItemId, Stamp, files};

/// Real time between two looks at clocks and timers.
const TICK: Duration = Duration::from_millis(250);
/// Real time between two `live` messages (2 a second).
const LIVE: Duration = Duration::from_millis(500);
/// Real time between two writes of `by-hand.md`.
const BY_HAND: Duration = Duration::from_secs(1);
/// Real time between two tries to write the journal again.
const RETRY_DISK: Duration = Duration::from_secs(2);
/// Real time that a host without anybody to talk to stays before it leaves.
const LINGER: Duration = Duration::from_secs(2);

/// Whom an intent's answer goes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// The client.
    pub client: u64,
    /// The client's number for the intent.
    pub id: u64,
}

/// The run's process.
pub(super) struct Host {
    pub folder: RunFolder,
    pub _lock: RunLock,
    pub journal: Journal,
    pub state: State,
    pub answers: Answers,
    pub clock: RunClock,
    pub steps: StepWatch,
    pub clients: Clients,
    pub hands: Hands,
    pub eyes: Eyes,
    pub secrets: Secrets,
    pub world: Option<End>,
    /// The run's line on the machine's board.
    pub announced: Option<super::announce::Announced>,
    pub outside: Outside,
    pub root: PathBuf,
    pub env: BTreeMap<String, String>,
    pub inbox: Receiver<Input>,
    pub sender: Sender<Input>,
    pub queue: VecDeque<(Intent, Option<Asker>)>,
    pub wanted: Wanted,
    pub by_hand_due: Option<Instant>,
    pub last_by_hand: Instant,
    pub last_live: Instant,
    pub last_tick: Instant,
    pub disk_retry: Option<Instant>,
    pub leaving: bool,
    pub alone_since: Option<Instant>,
    pub told_disk: bool,
    pub asked_secrets: BTreeSet<String>,
    /// Bytes typed into commands since the last look.
    pub typing: Vec<(ItemId, u32, u64)>,
    pub terminating: bool,
}

impl Host {
    /// Runs until the run has ended and everybody was told, or the host is asked to leave.
    pub fn run(mut self) -> std::io::Result<()> {
        self.settle();
        loop {
            let wait = self.next_wait();
            match self.inbox.recv_timeout(wait) {
                Ok(input) => {
                    self.take(input);
                    // One batch: everything that is there already shares a sync.
                    for _ in 0..256 {
                        let Ok(input) = self.inbox.try_recv() else { break };
                        self.take(input);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.last_tick.elapsed() >= TICK {
                self.tick();
            }
            self.due_timers();
            self.settle();
            self.publish_levels();
            if self.may_leave() {
                break;
            }
        }
        self.leave()
    }

    /// How long nothing has to be done.
    fn next_wait(&self) -> Duration {
        if !self.queue.is_empty() || self.hands.is_behind() {
            return Duration::ZERO;
        }
        let timers = self.wanted.timers.iter().map(|(_, due)| self.clock.until(*due)).min();
        let tick = TICK.saturating_sub(self.last_tick.elapsed());
        timers.map_or(tick, |t| t.min(tick)).max(Duration::from_millis(1))
    }

    /// Puts an intent of the program's own into the queue.
    pub fn intend(&mut self, actor: Actor, want: Want) {
        let stamp = self.clock.now();
        self.queue.push_back((Intent { actor, control: None, stamp, want }, None));
    }

    /// Puts a client's intent into the queue.
    pub fn intend_of(&mut self, asker: Asker, actor: Actor, control: Epoch, want: Want) {
        let stamp = self.clock.now();
        self.queue.push_back((Intent { actor, control: Some(control), stamp, want }, Some(asker)));
    }

    /// Decides and carries out everything that waits, and what the autopilot adds.
    fn settle(&mut self) {
        // Bounded, so that keys and clocks are looked at between batches of a long unattended run.
        for _ in 0..64 {
            if self.queue.is_empty() && !self.has_autopilot_work() {
                return;
            }
            self.step();
            if self.journal.has_failed() {
                return;
            }
        }
    }

    fn has_autopilot_work(&self) -> bool {
        !self.journal.has_failed() && autopilot(&self.state, &self.answers).is_some()
    }

    /// One pass of the loop: a batch of intents, one sync.
    fn step(&mut self) {
        let mut scratch = self.state.clone();
        let mut events: Vec<(Stamp, Actor, Event)> = vec![];
        let mut done: Vec<(Asker, u64)> = vec![];
        let mut looks = vec![];
        let mut taken = 0;
        loop {
            let (intent, asker, auto) = match self.queue.pop_front() {
                Some((intent, asker)) => (intent, asker, false),
                None => match autopilot(&scratch, &self.answers) {
                    Some(want) if taken < 512 => {
                        let stamp = self.clock.now();
                        (Intent { actor: Actor::autopilot(), control: None, stamp, want }, None, true)
                    }
                    _ => break,
                },
            };
            taken += 1;
            if matches!(intent.want, Want::Start { .. } | Want::Begin { .. }) {
                self.check_places(&mut scratch, &mut events);
            }
            match decide(&scratch, &intent) {
                Ok(made) => {
                    if let Want::Look { item } = &intent.want {
                        looks.push(item.clone());
                    }
                    for event in made {
                        let seq = self.state.seq + events.len() as u64 + 1;
                        let recorded = Recorded { seq, stamp: intent.stamp, by: intent.actor.clone(), event };
                        scratch.apply(&recorded);
                        events.push((recorded.stamp, recorded.by, recorded.event));
                    }
                    if let Some(asker) = asker {
                        done.push((asker, self.state.seq + events.len() as u64));
                    }
                }
                Err(refusal) => self.refused(&scratch, &intent, asker, auto, refusal),
            }
            // A command that starts must not wait for intents that come after it.
            if events.len() > 2000 {
                break;
            }
        }
        if !events.is_empty() && !self.append(&events, &done) {
            return;
        }
        for (asker, seq) in done {
            self.clients.send(asker.client, FromHost::Done { id: asker.id, seq });
        }
        for item in looks {
            self.eyes.look_at_item(&self.state, &item);
        }
        self.reconcile();
    }

    fn refused(&mut self, scratch: &State, intent: &Intent, asker: Option<Asker>, auto: bool, refusal: Refusal) {
        match asker {
            Some(asker) => self.clients.send(asker.client, FromHost::Refused { id: asker.id, why: refusal.why }),
            None if auto => {
                let item = scratch.current.map(|i| scratch.plan.items[i].id.clone());
                self.intend(Actor::autopilot(), Want::NeedPerson { item, why: refusal.why });
            }
            None => {
                if !matches!(intent.want, Want::Due { .. } | Want::NeedPerson { .. } | Want::TargetFound { .. }) {
                    log(&format!("refused {:?}: {}", intent.want, refusal.why));
                }
            }
        }
    }

    /// Looks at the pinned places before something starts.
    fn check_places(&mut self, scratch: &mut State, events: &mut Vec<(Stamp, Actor, Event)>) {
        if scratch.plan.places.is_empty() {
            return;
        }
        let plan = scratch.plan.clone();
        for (kind, found) in super::guard::look(&plan, &self.root, &self.env) {
            let want = Want::TargetFound { kind: kind.to_owned(), found };
            let intent = Intent { actor: Actor::host(), control: None, stamp: self.clock.now(), want };
            for event in decide(scratch, &intent).unwrap_or_default() {
                let seq = self.state.seq + events.len() as u64 + 1;
                scratch.apply(&Recorded { seq, stamp: intent.stamp, by: Actor::host(), event: event.clone() });
                events.push((intent.stamp, Actor::host(), event));
            }
        }
    }

    /// Appends, syncs, applies, carries out, publishes. False: the disk refused and nothing of it counts.
    fn append(&mut self, events: &[(Stamp, Actor, Event)], done: &[(Asker, u64)]) -> bool {
        let lines: Vec<(Stamp, Actor, &Event)> = events.iter().map(|(s, a, e)| (*s, a.clone(), e)).collect();
        if let Err(error) = self.journal.append_all(&lines) {
            log(&format!("the journal cannot be written: {error}"));
            for (asker, _) in done {
                let why = format!("not done: the journal cannot be written ({error})");
                self.clients.send(asker.client, FromHost::Refused { id: asker.id, why });
            }
            // What the world told is asked again when there is room; what people wanted they want again.
            self.keep_for_later(events);
            self.storage_failed(&error.to_string());
            return false;
        }
        let written = String::from_utf8_lossy(self.journal.last_written()).into_owned();
        let first = self.state.seq + 1;
        let mut plain = Vec::with_capacity(events.len());
        for (offset, (stamp, by, event)) in events.iter().enumerate() {
            let recorded =
                Recorded { seq: first + offset as u64, stamp: *stamp, by: by.clone(), event: event.clone() };
            self.state.apply(&recorded);
            plain.push(recorded.event);
        }
        self.clients.publish(first, &written);
        for effect in effects(&self.state, &plain) {
            self.carry_out(effect);
        }
        self.eyes.after_events(&self.state, &plain);
        if self.by_hand_due.is_none() {
            self.by_hand_due = Some(Instant::now());
        }
        true
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn(started) => self.spawn(*started),
            Effect::Signal { attempt, stage } => self.hands.signal(attempt, stage),
            Effect::Notify { item, attempt, to, title, text } => self.notify(item, attempt, &to, &title, &text),
            Effect::Look(probes) => self.eyes.look(&probes, None),
            Effect::Settle { item, attempt, probes } => self.eyes.look(&probes, Some((item, attempt))),
            Effect::CheckPlaces => self.look_at_places(),
            Effect::AskSecondPerson { item, text, hash } => self.ask_second_person(item, &text, hash),
            Effect::WriteRecord => self.write_record(),
            Effect::Leave => {
                self.leaving = true;
                // The target is free for the next run, also while somebody still reads this one's end.
                self.announced = None;
            }
        }
    }

    /// Looks at the pinned places and tells the engine.
    pub fn look_at_places(&mut self) {
        let plan = self.state.plan.clone();
        for (kind, found) in super::guard::look(&plan, &self.root, &self.env) {
            self.intend(Actor::host(), Want::TargetFound { kind: kind.to_owned(), found });
        }
    }

    fn write_record(&mut self) {
        crate::record::write_files(self.folder.path(), &self.state).unwrap_or_else(|error| {
            log(&format!("the record could not be written: {error}"));
        });
        let (seq, hash) = self.journal.head();
        let head = Head { run: self.folder.id().clone(), seq, hash };
        if let Err(error) = head.write(&self.folder) {
            log(&format!("the head could not be written: {error}"));
        }
    }

    fn write_by_hand(&mut self) {
        let text = by_hand(&self.state);
        if let Err(error) = self.folder.write_atomic(files::BY_HAND, text.as_bytes()) {
            log(&format!("by-hand.md could not be written: {error}"));
        }
        self.last_by_hand = Instant::now();
        self.by_hand_due = None;
    }

    fn reconcile(&mut self) {
        self.wanted = wanted(&self.state);
        self.eyes.reconcile(&self.state, &self.wanted, &self.secrets, &self.root, &self.env, &self.clock);
        self.ask_for_secrets();
    }

    /// A resumed run asks its client for secrets that cannot be read again.
    fn ask_for_secrets(&mut self) {
        let missing: Vec<String> = self.secrets.missing(&self.state.plan).into_iter().map(|n| n.0.clone()).collect();
        for name in missing {
            if self.clients.any(Role::Operator) && self.asked_secrets.insert(name.clone()) {
                self.clients.send_all(&FromHost::NeedSecret { name });
            }
        }
    }

    fn due_timers(&mut self) {
        let now = self.clock.up();
        let due: Vec<_> = self.wanted.timers.iter().filter(|(_, at)| *at <= now).map(|(t, _)| t.clone()).collect();
        for timer in due {
            if let crate::engine::Timer::BaselineOver(item, attempt) = &timer {
                let want = self.eyes.baseline(&self.state, item, *attempt, now);
                self.intend(Actor::host(), want);
                continue;
            }
            self.intend(Actor::host(), Want::Due { timer });
        }
    }

    fn tick(&mut self) {
        self.last_tick = Instant::now();
        self.tell_typing();
        let now = self.clock.now();
        if let Some(by) = self.steps.look(now, self.clock.speed()) {
            self.intend(Actor::host(), Want::ClockStep { by });
        }
        for want in self.eyes.tick(&self.state, now.up) {
            self.intend(Actor::host(), want);
        }
        if self.disk_retry.is_some_and(|at| at.elapsed() >= RETRY_DISK) {
            self.try_the_disk();
        }
        if self.by_hand_due.is_some() && self.last_by_hand.elapsed() >= BY_HAND && !self.journal.has_failed() {
            self.write_by_hand();
        }
    }

    /// What is drawn: rows of screens, the live column.
    fn publish_levels(&mut self) {
        self.hands.send_rows(&mut self.clients);
        if self.last_live.elapsed() >= LIVE {
            self.last_live = Instant::now();
            let mut live = self.eyes.live(&self.state, self.clock.now());
            live.clients = self.clients.names();
            live.disk_wait = self.disk_retry.map(|at| at.elapsed().as_secs() as u32);
            self.clients.send_live(live);
        }
        self.clients.pump(self.folder.path(), self.state.seq);
    }

    // ---- the disk ------------------------------------------------------------------------------------------------

    /// Results of the world that a failed append would lose: they are intended again.
    fn keep_for_later(&mut self, events: &[(Stamp, Actor, Event)]) {
        for (_, _, event) in events {
            if let Event::AttemptEnded(ended) = event {
                self.hands.remember(ended.attempt);
            }
        }
    }

    fn storage_failed(&mut self, why: &str) {
        self.disk_retry = Some(Instant::now());
        if !self.told_disk {
            self.told_disk = true;
            // The state says so although the journal cannot: it is the journal that failed.
            let now = self.clock.now();
            self.state.storage_failed = Some((now, why.to_owned()));
            let live = crate::link::Live { now: Some(now), disk_wait: Some(0), ..crate::link::Live::default() };
            self.clients.send_live(live);
        }
        self.queue.clear();
    }

    fn try_the_disk(&mut self) {
        self.disk_retry = Some(Instant::now());
        match self.journal.reopen_after_failure() {
            Ok(reopened) => {
                let failed_at = self.state.storage_failed.take();
                let why = failed_at.map(|(_, why)| why).unwrap_or_default();
                let file = reopened.file.to_owned();
                let now = self.clock.now();
                let events = [
                    (now, Actor::host(), Event::StorageFailed { why }),
                    (now, Actor::host(), Event::StorageRecovered { file }),
                ];
                if self.append(&events, &[]) {
                    log("the journal can be written again");
                    self.disk_retry = None;
                    self.told_disk = false;
                    self.hands.say_again(&self.sender);
                    self.reconcile();
                }
            }
            Err(error) => log(&format!("the journal still cannot be written: {error}")),
        }
    }

    // ---- leaving -------------------------------------------------------------------------------------------------

    /// Whether the host's work is done: the run has ended and everybody was told; or it is parked before the first
    /// change with nothing running and nobody there.
    fn may_leave(&mut self) -> bool {
        if self.clients.is_empty() {
            self.alone_since.get_or_insert_with(Instant::now);
        } else {
            self.alone_since = None;
        }
        let alone = self.alone_since.is_some_and(|since| since.elapsed() >= LINGER);
        if self.terminating {
            return self.queue.is_empty();
        }
        if self.leaving {
            return alone || self.clients.is_empty();
        }
        let parked = self.state.person_needed.is_some()
            && self.state.world_changed.is_none()
            && self.state.running.is_empty()
            && alone;
        if parked && !self.journal.has_failed() {
            self.intend(Actor::host(), Want::HostLeave { why: "parked before the first change, nobody attached".into() });
            self.step();
            return true;
        }
        false
    }

    fn leave(mut self) -> std::io::Result<()> {
        if let Some(want) = self.eyes.seal()
            && !self.journal.has_failed()
        {
            self.intend(Actor::host(), want);
            self.step();
        }
        self.clients.pump(self.folder.path(), self.state.seq);
        if !self.journal.has_failed() {
            self.write_by_hand();
            self.write_record();
        }
        let why = if self.state.ended.is_some() { "the run has ended" } else { "the host leaves" };
        self.clients.send_all(&FromHost::Bye { why: why.into() });
        self.clients.drain(Duration::from_secs(2));
        self.hands.leave();
        self.eyes.stop();
        // A world whose host may come back goes on for a while by itself.
        if let Some(world) = self.world.take()
            && self.state.running.is_empty()
        {
            world();
        }
        super::serve::forget(self.folder.path());
        Ok(())
    }
}
