//! How long a world goes on: while somebody holds it, and a while longer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Without a host and without a command a world waits this long for a host that comes back.
const ALONE: Duration = Duration::from_secs(60);
/// Without a host, but with a command that still runs, it waits this long.
const COMMAND: Duration = Duration::from_secs(30 * 60);

/// Who needs the world.
#[derive(Clone)]
pub struct Lifetime {
    inner: Arc<Mutex<Counts>>,
    end: CancellationToken,
}

struct Counts {
    holders: usize,
    calls: usize,
    unheld_since: Instant,
}

/// One that needs the world, until it is dropped.
pub struct Guard {
    lifetime: Lifetime,
    holds: bool,
}

impl Lifetime {
    /// Nobody needs it yet.
    pub fn new() -> Self {
        let counts = Counts { holders: 0, calls: 0, unheld_since: Instant::now() };
        Self { inner: Arc::new(Mutex::new(counts)), end: CancellationToken::new() }
    }

    /// A host holds it.
    pub fn hold(&self) -> Guard {
        self.with(|c| c.holders += 1);
        Guard { lifetime: self.clone(), holds: true }
    }

    /// A command runs in it.
    pub fn call(&self) -> Guard {
        self.with(|c| c.calls += 1);
        Guard { lifetime: self.clone(), holds: false }
    }

    /// It shall end now.
    pub fn end(&self) {
        self.end.cancel();
    }

    /// Waits until it shall end: asked to, its folder is gone, or nobody needs it any more.
    pub async fn ended(&self, dir: &Path) {
        loop {
            tokio::select! {
                () = self.end.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            if !dir.exists() || self.is_over(Instant::now()) {
                return;
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.with(|c| {
            let alone = now.saturating_duration_since(c.unheld_since);
            c.holders == 0 && (alone >= COMMAND || (alone >= ALONE && c.calls == 0))
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.lifetime.with(|c| {
            if self.holds {
                c.holders -= 1;
                c.unheld_since = Instant::now();
            } else {
                c.calls -= 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_while_held_and_waits_for_a_host_that_comes_back() {
        let lifetime = Lifetime::new();
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert!(!lifetime.is_over(later(59)));
        assert!(lifetime.is_over(later(61)));
        let held = lifetime.hold();
        assert!(!lifetime.is_over(later(100_000)));
        drop(held);
        let running = lifetime.call();
        assert!(!lifetime.is_over(later(61)), "a command still runs");
        assert!(lifetime.is_over(later(31 * 60)));
        drop(running);
        assert!(lifetime.is_over(later(61)));
    }
}
