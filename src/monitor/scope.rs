//! Probes and series as the names of an expression.

use chrono::{DateTime, Utc};

use super::monitor::Monitor;
use crate::expr::{Fold, ProbeNow, Scope, Window};
use crate::words::{ProbeId, Value};

/// What the monitor answers to an expression; everything else is asked of `rest`.
pub struct Eyes<'a> {
    /// The samples.
    pub monitor: &'a Monitor,
    /// Run time that windows end at, µs.
    pub up: u64,
    /// Whether `is failing` asks the newest look alone (triggers).
    pub raw: bool,
    /// Parameters, targets, steps, the run.
    pub rest: &'a dyn Scope,
}

impl Scope for Eyes<'_> {
    fn value(&self, name: &str) -> Value {
        self.rest.value(name)
    }

    fn member(&self, path: &[&str]) -> Value {
        self.rest.member(path)
    }

    fn probe(&self, probe: &ProbeId) -> Option<ProbeNow> {
        let monitor = self.monitor;
        if !monitor.knows(probe) {
            return None;
        }
        // A figure that is too old is none: its probe's look says so.
        let fresh = !monitor.is_stale(probe);
        let value = monitor.series(probe).and_then(|s| s.last()).and_then(|p| p.value).filter(|_| fresh);
        Some(ProbeNow {
            verdict: monitor.verdict(probe),
            look: monitor.look(probe),
            value,
            unit: monitor.unit(probe).unwrap_or_default(),
        })
    }

    fn raw_looks(&self) -> bool {
        self.raw
    }

    fn window(&self, probe: &ProbeId, window: Window) -> Vec<f64> {
        self.monitor.series(probe).and_then(|s| s.figures(window, self.up)).unwrap_or_default()
    }

    fn fold(&self, probe: &ProbeId, fold: Fold, window: Window) -> Option<f64> {
        self.monitor.series(probe)?.fold(fold, window, self.up)
    }

    fn baseline(&self, probe: &ProbeId) -> Option<f64> {
        self.monitor.baseline_of(probe)
    }

    fn success_rate(&self, probe: &ProbeId) -> Option<f64> {
        self.monitor.counts(probe)?.success_rate()
    }

    fn uptime(&self, probe: &ProbeId) -> Option<f64> {
        self.monitor.counts(probe)?.uptime()
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        self.rest.now()
    }

    fn file_of_secret(&self, name: &str) -> Option<String> {
        self.rest.file_of_secret(name)
    }
}
