//! The simulated load: figures that move smoothly with time and with what is up.

use std::f64::consts::TAU;

use super::State;
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::ports::Port;

/// A figure of the metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A quantile of the KMS's request latency, in milliseconds.
    Latency(f64),
    /// KMS requests a second.
    Throughput,
    /// Share of 5xx answers, 0 to 1.
    ErrorRatio,
    /// KMS requests in five minutes.
    Requests5m,
    /// KMS answers a second of a class: 2, 4 or 5.
    Answers(u8),
    /// Encryptions a minute.
    Encrypts,
    /// Decryptions a minute.
    Decrypts,
    /// Generated keys a minute.
    Generations,
    /// Items that the collector accepts a second.
    Received,
    /// Authorization requests a minute.
    Authorizations,
    /// Tokens given out a minute.
    Tokens,
    /// Failed logins and token requests a minute.
    Failures,
}

/// Requests a second that the simulated clients send at their mean.
const REQUESTS: f64 = 42.0;

/// A slow wave around 1, different for each salt: between about 0.85 and 1.15.
fn wave(seed: u64, salt: u64, now: Millis) -> f64 {
    let t = now as f64 / 1000.0;
    let shift = |n: u64| (seed.wrapping_mul(31).wrapping_add(salt * 17 + n) % 360) as f64 / 360.0 * TAU;
    1.0 + 0.08 * (t / 613.0 * TAU + shift(1)).sin()
        + 0.04 * (t / 97.0 * TAU + shift(2)).sin()
        + 0.02 * (t / 23.0 * TAU + shift(3)).sin()
}

impl State {
    /// The value of a figure at `now`; none when nothing was measured.
    pub fn figure(&self, figure: Figure, now: Millis) -> Option<f64> {
        let kms = self.share_up(Port::KmsApi, now, 60_000);
        let identity = self.share_up(Port::Authz, now, 60_000);
        let requests = REQUESTS * wave(self.seed, 0, now) * kms;
        let traffic = |value: f64| if kms > 0.0 { Some(value) } else { None };
        match figure {
            Figure::Latency(q) => {
                let base = if q >= 0.99 {
                    86.0
                } else if q >= 0.95 {
                    38.0
                } else {
                    9.0
                };
                // Caches are cold after a start: up to 12 % slower until the window is full.
                traffic(base * wave(self.seed, 1, now) * (1.0 + 0.12 * (1.0 - kms)))
            }
            Figure::Throughput => traffic(requests),
            Figure::ErrorRatio => traffic(0.000_2 * wave(self.seed, 2, now)),
            Figure::Requests5m => {
                let share = self.share_up(Port::KmsApi, now, 300_000);
                (share > 0.0).then(|| (300.0 * REQUESTS * wave(self.seed, 0, now) * share).round())
            }
            Figure::Answers(class) => {
                let errors = 0.000_2 * wave(self.seed, 2, now);
                let refused = 0.011 * wave(self.seed, 3, now);
                traffic(
                    requests
                        * match class {
                            2 => 1.0 - errors - refused,
                            4 => refused,
                            5 => errors,
                            _ => 0.0,
                        },
                )
            }
            Figure::Encrypts => traffic(requests * 60.0 * 0.46),
            Figure::Decrypts => traffic(requests * 60.0 * 0.41),
            Figure::Generations => traffic(requests * 60.0 * 0.03),
            Figure::Received => {
                let share = self.share_up(Port::Collector, now, 120_000);
                (share > 0.0).then(|| (60.0 + 6.0 * requests) * share * wave(self.seed, 4, now))
            }
            Figure::Authorizations => (identity > 0.0).then(|| (34.0 * wave(self.seed, 5, now) * identity).round()),
            Figure::Tokens => (identity > 0.0).then(|| (58.0 * wave(self.seed, 6, now) * identity).round()),
            Figure::Failures => (identity > 0.0).then(|| (2.4 * wave(self.seed, 7, now) * identity).round()),
        }
    }

    /// Processor use of a container or pod at `now`, in percent of one core.
    pub fn cpu(&self, name: &str, now: Millis) -> f64 {
        let salt = name.bytes().map(u64::from).sum::<u64>();
        let base = if name.contains("grafana") {
            9.0
        } else if name.contains("postgres-1") || name.contains("kms") {
            17.0
        } else {
            6.0
        };
        base * wave(self.seed, salt, now)
    }

    /// Memory of a container or pod at `now`, in MiB of its limit of 256.
    pub fn memory(&self, name: &str, now: Millis) -> f64 {
        let salt = name.bytes().map(u64::from).sum::<u64>();
        let base = if name.contains("grafana") { 142.0 } else { 61.0 + (salt % 40) as f64 };
        base * wave(self.seed, salt / 2, now).sqrt()
    }

    /// Share of the last `window` in which a port's service was ready, in twelfths.
    fn share_up(&self, port: Port, now: Millis, window: Millis) -> f64 {
        let up = (0..12).filter(|n| self.serving(port, now - n * window / 12).up()).count();
        up as f64 / 12.0
    }
}
