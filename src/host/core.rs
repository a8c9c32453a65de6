//! The run loop: the only writer. Decide, append, sync, apply, effects, publish, reconcile; acknowledgements go out
//! after the sync, never earlier. Only the disk may block it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::clients::Clients;
use super::clock::{RunClock, StepWatch};
use super::confine::Looking;
use super::disk::{DiskWatch, Failed};
use super::eyes::Eyes;
use super::hands::Hands;
use super::input::Input;
use super::log;
use super::secrets::Secrets;
use super::typing::Typing;
use super::world::{Held, Outside};
use crate::engine::{
    Answers, Event, Intent, Recorded, Refusal, State, Timer, Want, Wanted, Wish, autopilot, decide, effects, wanted,
};
use crate::journal::{Journal, RunFolder, RunLock};
use crate::link::FromHost;
use crate::words::{Actor, Epoch, Stamp};

/// Real time after which looks that are commands get the operator's own files anew.
const BIND: Duration = Duration::from_secs(60);
/// Real time between two looks at clocks and timers.
const TICK: Duration = Duration::from_millis(250);
/// Real time between two `live` messages (2 a second).
const LIVE: Duration = Duration::from_millis(500);
/// Intents that share a sync at most.
const MOST_INTENTS: usize = 512;
/// Events that share a sync at most: a command that starts must not wait for all that comes after it.
const MOST_EVENTS: usize = 2000;

/// Whom an intent's answer goes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// The client.
    pub client: u64,
    /// The client's number for the intent.
    pub id: u64,
}

/// An intent that waits, and who is told of it.
pub(super) type Queued = (Intent, Option<Asker>);

/// The run's process.
pub(super) struct Host {
    pub folder: RunFolder,
    pub _lock: RunLock,
    pub journal: Journal,
    pub disk: Arc<DiskWatch>,
    pub state: State,
    pub answers: Answers,
    pub clock: RunClock,
    pub steps: StepWatch,
    pub clients: Clients,
    pub hands: Hands,
    pub eyes: Eyes,
    pub secrets: Secrets,
    pub world: Option<Held>,
    /// The run's line on the machine's board.
    pub announced: Option<super::announce::Announced>,
    /// The lock at the target.
    pub lease: Option<super::lease::Lease>,
    /// Starts that wait for the answer whose that lock is.
    pub held_starts: Vec<Queued>,
    pub outside: Outside,
    pub root: PathBuf,
    pub env: BTreeMap<String, String>,
    /// What looks have of it. None until the run has begun.
    pub looking: Option<Looking>,
    pub last_bound: Instant,
    pub inbox: Receiver<Input>,
    pub sender: Sender<Input>,
    pub queue: VecDeque<Queued>,
    pub wanted: Wanted,
    /// Timers that were told to the engine in this state and changed nothing.
    pub told_timers: BTreeSet<Timer>,
    pub by_hand_due: bool,
    pub last_by_hand: Instant,
    /// How long by-hand.md took last time.
    pub by_hand_took: Duration,
    pub last_live: Instant,
    pub last_tick: Instant,
    pub last_places: Instant,
    /// Number of the last event in the record's files.
    pub recorded: u64,
    /// The journal cannot be written.
    pub failed: Option<Failed>,
    /// The run has ended: the host stays as long as somebody reads its end.
    pub leaving: bool,
    pub alone_since: Option<Instant>,
    /// Who else is told how the run goes.
    pub telemetry: super::telemetry::Telemetry,
    /// Somebody was attached since this host started.
    pub was_attached: bool,
    /// Bytes typed into commands that are not journaled yet.
    pub typing: Typing,
    /// It was asked to end.
    pub terminating: bool,
}

/// What one pass decided.
struct Batch {
    /// The state as it will be.
    scratch: State,
    /// Number of the first event.
    first: u64,
    events: Vec<(Stamp, Actor, Event)>,
    done: Vec<(Asker, u64)>,
    /// What was decided: told again when the disk refuses.
    taken: Vec<Queued>,
    looks: Vec<crate::words::ItemId>,
}

impl Batch {
    fn add(&mut self, stamp: Stamp, by: &Actor, events: Vec<Event>) {
        for event in events {
            let seq = self.first + self.events.len() as u64;
            let recorded = Recorded { seq, stamp, by: by.clone(), event };
            self.scratch.apply(&recorded);
            self.events.push((stamp, recorded.by, recorded.event));
        }
    }

    fn last_seq(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }
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
        if !self.is_stuck() && !self.queue.is_empty() || self.hands.is_behind() || self.clients.can_catch_up() {
            return Duration::ZERO;
        }
        let mut wait = TICK.saturating_sub(self.last_tick.elapsed());
        if let Some(frame) = self.hands.next_frame() {
            wait = wait.min(frame);
        }
        if !self.is_stuck() {
            let timers = self.wanted.timers.iter().filter(|(timer, _)| !self.told_timers.contains(timer));
            wait = timers.map(|(_, due)| self.clock.until(*due)).fold(wait, Duration::min);
        }
        wait.max(Duration::from_millis(1))
    }

    /// Puts an intent of the program's own into the queue.
    pub fn intend(&mut self, actor: Actor, want: Want) {
        let stamp = self.clock.now();
        self.queue.push_back((Intent::new(actor, None, stamp, want), None));
    }

    /// Puts a client's intent into the queue.
    pub fn intend_of(&mut self, asker: Asker, actor: Actor, control: Epoch, want: Want) {
        let stamp = self.clock.now();
        self.queue.push_back((Intent::new(actor, Some(control), stamp, want), Some(asker)));
    }

    /// Decides and carries out everything that waits, and what the autopilot adds.
    fn settle(&mut self) {
        // Bounded, so that keys and clocks are looked at between batches of a long unattended run.
        for _ in 0..64 {
            if self.is_stuck() {
                return self.refuse_people();
            }
            if self.queue.is_empty() && self.autopilot_wants(&self.state).is_none() {
                return;
            }
            self.step();
        }
    }

    /// What the autopilot wants; it starts nothing for a host that is about to go.
    fn autopilot_wants(&self, state: &State) -> Option<Wish> {
        if self.terminating { None } else { autopilot(state, &self.answers) }
    }

    /// One pass of the loop: a batch of intents, one sync.
    pub fn step(&mut self) {
        let mut batch = Batch {
            scratch: self.state.clone(),
            first: self.state.seq + 1,
            events: vec![],
            done: vec![],
            taken: vec![],
            looks: vec![],
        };
        while batch.taken.len() < MOST_INTENTS && batch.events.len() < MOST_EVENTS {
            let next = self.queue.pop_front().or_else(|| {
                let wish = self.autopilot_wants(&batch.scratch)?;
                Some((wish.at(self.clock.now()), None))
            });
            let Some((intent, asker)) = next else { break };
            if self.waits_for_lease(&batch.scratch, &intent) {
                self.held_starts.push((intent, asker));
                continue;
            }
            self.decide_one(&mut batch, &intent, asker);
            batch.taken.push((intent, asker));
        }
        let Batch { events, done, taken, looks, .. } = batch;
        if !events.is_empty()
            && let Err(error) = self.append(&events)
        {
            return self.disk_refused(&error.to_string(), taken);
        }
        for (asker, seq) in done {
            self.clients.send(asker.client, FromHost::Done { id: asker.id, seq });
        }
        for item in looks {
            self.eyes.look_at_item(&self.state, &item);
        }
        self.reconcile();
    }

    fn decide_one(&mut self, batch: &mut Batch, intent: &Intent, asker: Option<Asker>) {
        let decided = match self.lacks_secret(&batch.scratch, &intent.want) {
            Some(refusal) => Err(refusal),
            None => {
                if looks_at_places_first(&intent.want) {
                    self.check_places(batch, intent.stamp);
                }
                decide(&batch.scratch, intent)
            }
        };
        match decided {
            Ok(made) => {
                if let Want::Look { item } = &intent.want {
                    batch.looks.push(item.clone());
                }
                batch.add(intent.stamp, &intent.actor, made);
                if matches!(intent.want, Want::Begin { .. }) {
                    self.ask_for_lease(batch, intent.stamp);
                }
                if let Some(asker) = asker {
                    batch.done.push((asker, batch.last_seq()));
                }
            }
            Err(refusal) => self.refused(&batch.scratch, intent, asker, refusal),
        }
    }

    fn refused(&mut self, scratch: &State, intent: &Intent, asker: Option<Asker>, refusal: Refusal) {
        match asker {
            Some(asker) => self.clients.send(asker.client, FromHost::Refused { id: asker.id, why: refusal.why }),
            None if intent.actor == Actor::autopilot() && !matches!(intent.want, Want::NeedPerson { .. }) => {
                let item = scratch.current.map(|i| scratch.plan.items[i].id.clone());
                self.intend(Actor::autopilot(), Want::NeedPerson { item, why: refusal.why });
            }
            None => {
                let timer = matches!(intent.want, Want::Due { .. } | Want::TooLate { .. });
                if !timer && !matches!(intent.want, Want::NeedPerson { .. } | Want::TargetFound { .. }) {
                    log(&format!("refused {}: {}", name_of(&intent.want), refusal.why));
                }
            }
        }
    }

    /// Looks at the pinned places before something starts.
    fn check_places(&mut self, batch: &mut Batch, stamp: Stamp) {
        for (kind, found) in super::guard::look(&batch.scratch.plan, &self.root, &self.env) {
            let want = Want::TargetFound { kind: kind.to_owned(), found };
            let intent = Intent::new(Actor::host(), None, stamp, want);
            let made = decide(&batch.scratch, &intent).unwrap_or_default();
            batch.add(stamp, &intent.actor, made);
        }
    }

    /// The flight began: before anything can start the engine hears that the lock at the target is asked for.
    fn ask_for_lease(&self, batch: &mut Batch, stamp: Stamp) {
        let Some(want) = Self::lease_asked(&batch.scratch.plan) else { return };
        let intent = Intent::new(Actor::host(), None, stamp, want);
        let made = decide(&batch.scratch, &intent).unwrap_or_default();
        batch.add(stamp, &intent.actor, made);
    }

    /// Appends, syncs, applies, carries out, publishes. On an error nothing of it counts.
    fn append(&mut self, events: &[(Stamp, Actor, Event)]) -> Result<(), crate::journal::StorageError> {
        let lines: Vec<(Stamp, Actor, &Event)> = events.iter().map(|(s, a, e)| (*s, a.clone(), e)).collect();
        let waits = self.disk.begin();
        let appended = self.journal.append_all(&lines);
        drop(waits);
        appended?;
        let first = self.state.seq + 1;
        let mut plain = Vec::with_capacity(events.len());
        for (offset, (stamp, by, event)) in events.iter().enumerate() {
            let seq = first + offset as u64;
            let recorded = Recorded { seq, stamp: *stamp, by: by.clone(), event: event.clone() };
            self.state.apply(&recorded);
            plain.push(recorded.event);
        }
        self.by_hand_due = true;
        let record = self.carry_out_all(effects(&self.state, &plain));
        self.forget_hidden(&plain);
        self.clients.publish(first, self.journal.last_written());
        self.eyes.after_events(&self.state, &plain);
        self.tell_telemetry(&plain);
        if let Some(announced) = &mut self.announced {
            announced.tell(&self.state);
        }
        if record {
            self.write_record();
        }
        Ok(())
    }

    /// Brings samplers, conditions and timers to what this state wants.
    pub fn reconcile(&mut self) {
        self.wanted = wanted(&self.state);
        self.told_timers.clear();
        if self.looking.is_none() && self.state.begun.is_some() && self.state.ended.is_none() {
            self.bind_looks();
        }
        self.keep_lease();
        let env = self.looking.as_ref();
        let met = self.eyes.reconcile(&self.state, &self.wanted, &self.secrets, &self.root, env, &self.clock);
        for want in met {
            self.intend(Actor::host(), want);
        }
    }

    fn bind_looks(&mut self) {
        self.last_bound = Instant::now();
        let bound = Looking::of(&self.state.plan, self.folder.path(), &self.env);
        if self.looking.as_ref() != Some(&bound) {
            self.looking = Some(bound);
            self.eyes.fill_anew();
        }
    }

    /// Looks that are commands get what was renewed in the operator's own files.
    fn renew_looks(&mut self) {
        let flies = self.looking.is_some() && self.state.ended.is_none() && !self.is_stuck();
        if flies && self.last_bound.elapsed() >= BIND && super::confine::binds(&self.state.plan) {
            self.bind_looks();
        }
    }

    fn due_timers(&mut self) {
        if self.is_stuck() || self.terminating {
            return;
        }
        let now = self.clock.up();
        let due = self.wanted.timers.iter().filter(|(timer, at)| *at <= now && !self.told_timers.contains(timer));
        let due: Vec<Timer> = due.map(|(timer, _)| timer.clone()).collect();
        for timer in due {
            self.told_timers.insert(timer.clone());
            let want = match &timer {
                Timer::BaselineOver(item, attempt) => self.eyes.baseline(&self.state, item, *attempt, now),
                Timer::Timeout(item, attempt) => match self.eyes.missed(&self.state.plan, item, *attempt, now) {
                    Some(missed) => Want::TooLate { item: item.clone(), attempt: *attempt, missed },
                    None => Want::Due { timer },
                },
                _ => Want::Due { timer },
            };
            self.intend(Actor::host(), want);
        }
    }

    fn tick(&mut self) {
        self.last_tick = Instant::now();
        // A timer that was refused is tried again now and then.
        self.told_timers.clear();
        self.tell_typing();
        let now = self.clock.now();
        if let Some(by) = self.steps.look(now, self.clock.speed()) {
            self.intend(Actor::host(), Want::ClockStep { by });
        }
        for want in self.eyes.tick(&self.state, now.up) {
            self.intend(Actor::host(), want);
        }
        self.watch_places();
        self.renew_looks();
        self.watch_world();
        self.try_the_disk();
        self.write_by_hand_if_due();
    }

    /// What is drawn: rows of screens, the live column.
    fn publish_levels(&mut self) {
        self.hands.send_rows(&mut self.clients);
        if self.last_live.elapsed() >= LIVE && !self.clients.is_empty() {
            self.last_live = Instant::now();
            let mut live = self.eyes.live(&self.state, self.clock.now());
            live.held = self.hands.held().map(|(attempt, why)| (attempt, why.to_owned())).collect();
            live.clients = self.clients.names();
            live.disk_wait = self.failed.as_ref().map(Failed::seconds);
            self.clients.send_live(&live);
        }
        self.clients.pump(self.folder.path(), self.state.seq);
    }
}

/// Whether an intent may start something, or asks for just that: then the places are looked at first.
fn looks_at_places_first(want: &Want) -> bool {
    matches!(want, Want::Start { .. } | Want::Begin { .. } | Want::CheckPlaces | Want::Due { timer: Timer::Retry(..) })
}

/// An intent's name for the log: its values may be long, or not for a log.
fn name_of(want: &Want) -> String {
    let text = format!("{want:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}
