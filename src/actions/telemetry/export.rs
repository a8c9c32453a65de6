//! Posts spans behind the run, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use super::{Collector, Span};
use crate::actions::call::Tried;

/// Spans that wait at most; more are dropped and counted.
const WAITING: usize = 10_000;
/// Spans of one request at most.
const TOGETHER: usize = 500;
/// How long spans gather before they are posted.
const GATHER: Duration = Duration::from_millis(300);
/// Seconds after a failed try until the next; the last pause is repeated.
const PAUSES: [u64; 5] = [1, 2, 5, 15, 60];
/// After so many failed tries of one post it is told.
const TOLD_AFTER: usize = 3;
/// How often a pause looks whether the run has ended.
const SLICE: Duration = Duration::from_millis(50);

/// Posts spans to a collector; what it is given is never waited for.
#[derive(Debug)]
pub struct Exporter {
    queue: Option<SyncSender<Span>>,
    ends: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    done: Receiver<()>,
}

impl Exporter {
    /// Begins. `tell` hears from another thread, in words, when spans are not taken, and when they are again: each once.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(to: Collector, tell: impl Fn(bool, String) + Send + 'static) -> std::io::Result<Self> {
        let (queue, spans) = sync_channel(WAITING);
        let (finished, done) = sync_channel(1);
        let (ends, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut worker = Worker { to, ends: ends.clone(), dropped: dropped.clone(), told: false, tell };
        std::thread::Builder::new().name("flightdeck-trace".into()).spawn(move || {
            runtime.block_on(worker.work(&spans));
            runtime.shutdown_background();
            let _ = finished.send(());
        })?;
        Ok(Self { queue: Some(queue), ends, dropped, done })
    }

    /// Takes a span.
    pub fn give(&self, span: Span) {
        if self.queue.as_ref().is_some_and(|queue| queue.try_send(span).is_err()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Posts what is left, once, and waits for it at most so long.
    pub fn finish(mut self, limit: Duration) {
        self.ends.store(true, Ordering::Relaxed);
        drop(self.queue.take());
        let _ = self.done.recv_timeout(limit);
    }
}

struct Worker<F> {
    to: Collector,
    ends: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    /// It was told that spans are not taken.
    told: bool,
    tell: F,
}

impl<F: Fn(bool, String)> Worker<F> {
    /// Nothing else runs on this runtime: its thread may wait for the queue.
    async fn work(&mut self, spans: &Receiver<Span>) {
        while let Ok(first) = spans.recv() {
            let mut together = vec![first];
            let begun = Instant::now();
            while together.len() < TOGETHER {
                match spans.recv_timeout(GATHER.saturating_sub(begun.elapsed())) {
                    Ok(span) => together.push(span),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.post(&together).await;
        }
    }

    /// Until they are taken or refused; when the run has ended, once more.
    async fn post(&mut self, spans: &[Span]) {
        let mut tries = 0;
        loop {
            let last = self.ends.load(Ordering::Relaxed);
            let (why, wish) = match self.to.post(spans).await {
                Tried::Taken(_) => return self.taken(),
                Tried::Refused(why) => return self.not_taken(&why),
                Tried::Later(why, wish) => (why, wish),
            };
            tries += 1;
            if last || tries == TOLD_AFTER {
                self.not_taken(&why);
            }
            if last {
                return;
            }
            let pause = Duration::from_secs(PAUSES[(tries - 1).min(PAUSES.len() - 1)]);
            let pause = wish.map_or(pause, |s| Duration::from_secs(s).clamp(pause, pause * 10));
            let begun = Instant::now();
            while begun.elapsed() < pause && !self.ends.load(Ordering::Relaxed) {
                tokio::time::sleep(SLICE).await;
            }
        }
    }

    fn taken(&mut self) {
        let lost = self.dropped.swap(0, Ordering::Relaxed);
        if std::mem::take(&mut self.told) || lost > 0 {
            let lost = if lost > 0 { format!("; {lost} spans were dropped meanwhile") } else { String::new() };
            (self.tell)(true, format!("the trace is taken again{lost}"));
        }
    }

    fn not_taken(&mut self, why: &str) {
        if !std::mem::replace(&mut self.told, true) {
            (self.tell)(false, format!("the trace is not taken: {why}"));
        }
    }
}
