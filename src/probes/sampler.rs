//! Keeps looking: every wanted probe on its own schedule, on threads of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::looker::{LookSpec, Looker};
use crate::runbook::kinds::ProbeKind;
use crate::words::{Look, ProbeId, Sample};

/// How long commands of probes have to be gone when looking ends.
const STOP: Duration = Duration::from_millis(500);

/// What the asker of a fresh look calls it.
pub type Token = u64;

/// A look that was made, and the fresh looks that it answers (none for one of the schedule).
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was seen.
    pub sample: Sample,
    /// Tokens of [`Sampler::look_now`]: each is answered exactly once, unless the sampler ends.
    pub tokens: Vec<Token>,
}

/// A probe that is to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedProbe {
    /// The probe.
    pub id: ProbeId,
    /// How it looks.
    pub spec: Arc<LookSpec>,
    /// How often, in run time; none: only when asked.
    pub every: Option<Duration>,
}

/// Run time in µs, at the moment of the call.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;
/// Takes looks; called from the sampler's threads and must not block.
pub type OnAnswer = Arc<dyn Fn(Answer) + Send + Sync>;

/// The sampler could not be started.
#[derive(Debug, thiserror::Error)]
#[error("no thread to look with: {0}")]
pub struct StartError(#[from] std::io::Error);

/// Threads that look.
const LANES: usize = 2;

/// Keeps looking until it is dropped.
pub struct Sampler {
    lanes: Vec<Lane>,
}

/// A thread with a runtime of its own. A probe stays on one: its looks, and the connections that they make, never wake
/// another thread, which was a third of what a look costs.
struct Lane {
    handle: Handle,
    orders: mpsc::UnboundedSender<Order>,
    /// Says that its commands are killed and its thread ends.
    gone: std::sync::mpsc::Receiver<()>,
}

impl Lane {
    fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(128).enable_all().build()?;
        let handle = runtime.handle().clone();
        let (orders, inbox) = mpsc::unbounded_channel();
        let (goes, gone) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("flightdeck-looks".into()).spawn(move || {
            runtime.block_on(serve(inbox, shared));
            runtime.shutdown_timeout(STOP);
            // Nobody waits for one that was only dropped.
            let _ = goes.send(());
        })?;
        Ok(Self { handle, orders, gone })
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").finish_non_exhaustive()
    }
}

enum Order {
    Reconcile(Vec<WantedProbe>),
    Now(ProbeId, Token),
    Hurry(ProbeId),
}

enum Nudge {
    Now(Owed),
    Hurry,
}

/// An answer that is owed. Dropped without one (the probe was taken off, its look given up), it says so.
struct Owed {
    probe: ProbeId,
    token: Option<Token>,
    shared: Arc<Shared>,
}

impl Owed {
    fn pay(mut self) -> Option<Token> {
        self.token.take()
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            self.shared.answer(nothing(self.probe.clone(), "this probe is not looked at now"), vec![token]);
        }
    }
}

impl Sampler {
    /// Starts the threads that look. `speed` is how much faster than real time the run's clock goes: intervals are
    /// divided by it, timeouts are not.
    pub fn start(speed: f64, clock: Clock, on_answer: OnAnswer) -> Result<Self, StartError> {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        let shared = Arc::new(Shared { speed, clock, on_answer, room: Room::new() });
        let lanes = (0..LANES).map(|_| Lane::start(Arc::clone(&shared))).collect::<Result<_, _>>()?;
        Ok(Self { lanes })
    }

    /// From now on exactly these are looked at. Probes that stay as they were are not disturbed; the first look of a
    /// new one comes within a second.
    pub fn reconcile(&self, wanted: Vec<WantedProbe>) {
        let mut parts: Vec<Vec<WantedProbe>> = self.lanes.iter().map(|_| vec![]).collect();
        for probe in wanted {
            if let Some(part) = parts.get_mut(self.lane(&probe.id)) {
                part.push(probe);
            }
        }
        for (lane, part) in self.lanes.iter().zip(parts) {
            // The receiver lives as long as the lane's thread, which ends with its sender.
            let _ = lane.orders.send(Order::Reconcile(part));
        }
    }

    /// One fresh look, begun after this call. For a probe that is not wanted the answer says so.
    pub fn look_now(&self, probe: ProbeId, token: Token) {
        self.order(&probe.clone(), Order::Now(probe, token));
    }

    /// The next look comes in a second of run time at the latest: it could turn the verdict.
    pub fn hurry(&self, probe: ProbeId) {
        self.order(&probe.clone(), Order::Hurry(probe));
    }

    /// The runtime, for other work of the host's that waits for the network (notices).
    pub fn handle(&self) -> Option<Handle> {
        self.lanes.first().map(|lane| lane.handle.clone())
    }

    /// Stops looking and waits until commands of probes are killed (at most half a second). Not from async code.
    pub fn stop(self) {
        let gone: Vec<_> = self.lanes.into_iter().map(|lane| lane.gone).collect();
        for lane in gone {
            let _ = lane.recv_timeout(STOP);
        }
    }

    /// Where a probe is looked at.
    fn lane(&self, probe: &ProbeId) -> usize {
        // Not by the phase, whose share of the interval would be another on each lane.
        probe.as_str().bytes().fold(0, |sum: usize, b| sum.wrapping_mul(31).wrapping_add(usize::from(b)))
            % self.lanes.len().max(1)
    }

    fn order(&self, probe: &ProbeId, order: Order) {
        if let Some(lane) = self.lanes.get(self.lane(probe)) {
            let _ = lane.orders.send(order);
        }
    }
}

struct Shared {
    speed: f64,
    clock: Clock,
    on_answer: OnAnswer,
    room: Room,
}

impl Shared {
    /// Run time as real time; never so short that looking becomes a flood.
    fn real(&self, run: Duration) -> Duration {
        run.div_f64(self.speed).max(Duration::from_millis(20))
    }

    fn answer(&self, mut sample: Sample, tokens: Vec<Token>) {
        sample.up = (self.clock)();
        (self.on_answer)(Answer { sample, tokens });
    }
}

/// How many looks may be under way at once, by what they use up.
struct Room {
    sockets: Semaphore,
    processes: Semaphore,
    files: Semaphore,
}

impl Room {
    fn new() -> Self {
        // A socket a look: leave files for the journal, terminals and clients.
        let files = getrlimit(Resource::Nofile).current.unwrap_or(4096).clamp(256, 8192);
        let sockets = usize::try_from(files).unwrap_or(1024) * 3 / 4;
        Self { sockets: Semaphore::new(sockets), processes: Semaphore::new(32), files: Semaphore::new(64) }
    }

    fn of(&self, kind: &ProbeKind) -> &Semaphore {
        match kind {
            ProbeKind::Run(_) | ProbeKind::Script(_) | ProbeKind::Git(_) => &self.processes,
            ProbeKind::File(_) | ProbeKind::Config(_) | ProbeKind::Report(_) | ProbeKind::Port(_) => &self.files,
            _ => &self.sockets,
        }
    }
}

struct Task {
    wanted: WantedProbe,
    nudges: mpsc::UnboundedSender<Nudge>,
    _handle: AbortOnDropHandle<()>,
}

async fn serve(mut inbox: mpsc::UnboundedReceiver<Order>, shared: Arc<Shared>) {
    let mut tasks: BTreeMap<ProbeId, Task> = BTreeMap::new();
    while let Some(order) = inbox.recv().await {
        match order {
            Order::Reconcile(wanted) => reconcile(&mut tasks, wanted, &shared),
            Order::Hurry(id) => {
                if let Some(task) = tasks.get(&id) {
                    let _ = task.nudges.send(Nudge::Hurry);
                }
            }
            Order::Now(id, token) => {
                let owed = Owed { probe: id.clone(), token: Some(token), shared: shared.clone() };
                if let Some(task) = tasks.get(&id) {
                    let _ = task.nudges.send(Nudge::Now(owed));
                }
            }
        }
    }
}

/// A sample that says why there is none.
fn nothing(probe: ProbeId, why: &str) -> Sample {
    Sample { probe, look: Look::NoData, text: why.into(), why: Some(why.into()), ..Sample::default() }
}

fn reconcile(tasks: &mut BTreeMap<ProbeId, Task>, wanted: Vec<WantedProbe>, shared: &Arc<Shared>) {
    let mut before = std::mem::take(tasks);
    let mut fresh = vec![];
    for probe in wanted {
        match before.remove(&probe.id) {
            Some(task) if task.wanted == probe => {
                tasks.insert(probe.id.clone(), task);
            }
            _ => fresh.push(probe),
        }
    }
    // What is left in `before` is not wanted, or not like this, any more: dropped, its looks given up.
    drop(before);
    let count = fresh.len().max(1) as f64;
    for (i, probe) in fresh.into_iter().enumerate() {
        let (nudges, inbox) = mpsc::unbounded_channel();
        let schedule = probe.every.map(|every| {
            let every = shared.real(every);
            let first = every.min(Duration::from_secs(1)).mul_f64(i as f64 / count);
            Schedule { every, next: Instant::now() + first, phase: every.mul_f64(phase(probe.id.as_str())) }
        });
        let looker = Arc::new(Looker::new(probe.id.clone(), probe.spec.clone()));
        let task = tokio::spawn(keep_looking(looker, schedule, inbox, shared.clone()));
        tasks.insert(probe.id.clone(), Task { wanted: probe, nudges, _handle: AbortOnDropHandle::new(task) });
    }
}

/// A share of the interval, 0..1, the same for the same name: probes of one interval do not look all at once.
fn phase(name: &str) -> f64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// When a probe looks by itself: at once, then on a grid that does not drift.
struct Schedule {
    every: Duration,
    next: Instant,
    phase: Duration,
}

impl Schedule {
    /// After a look of the schedule: the next point of the grid that is still to come.
    fn advance(&mut self) {
        let now = Instant::now();
        self.next += std::mem::take(&mut self.phase);
        if self.next <= now {
            let behind = now.duration_since(self.next).as_secs_f64() / self.every.as_secs_f64();
            self.next += self.every.mul_f64(behind.floor() + 1.0);
        }
    }
}

async fn keep_looking(
    looker: Arc<Looker>,
    mut schedule: Option<Schedule>,
    mut nudges: mpsc::UnboundedReceiver<Nudge>,
    shared: Arc<Shared>,
) {
    let mut soon: Option<Instant> = None;
    loop {
        let due = schedule.as_ref().map(|s| s.next).into_iter().chain(soon).min();
        let mut owed = vec![];
        tokio::select! {
            nudge = nudges.recv() => match nudge {
                None => return,
                Some(Nudge::Now(one)) => owed.push(one),
                Some(Nudge::Hurry) => {
                    let at = Instant::now() + shared.real(Duration::from_secs(1));
                    soon = Some(soon.map_or(at, |s| s.min(at)));
                    continue;
                }
            },
            () = until(due) => {}
        }
        let Ok(permit) = shared.room.of(looker.kind()).acquire().await else { return };
        // Whoever asked before the look begins is answered by it.
        while let Ok(nudge) = nudges.try_recv() {
            if let Nudge::Now(one) = nudge {
                owed.push(one);
            }
        }
        soon = None;
        let began = Instant::now();
        let work = {
            let (looker, asked) = (looker.clone(), !owed.is_empty());
            AbortOnDropHandle::new(tokio::spawn(async move { looker.look(asked).await }))
        };
        let sample = match work.await {
            Ok(sample) => sample,
            // A fault in our own code must not end the watch over this probe, nor pass for an answer.
            Err(e) => nothing(looker.id().clone(), &format!("the look broke off: {e}")),
        };
        drop(permit);
        shared.answer(sample, owed.into_iter().filter_map(Owed::pay).collect());
        if let Some(schedule) = schedule.as_mut().filter(|s| s.next <= began) {
            schedule.advance();
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
