//! How often looks were good, and how long a verdict was ok.

use crate::words::{Look, Verdict};

/// Sums since the run began, or since a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good looks.
    pub good: u64,
    /// Bad looks.
    pub bad: u64,
    /// Looks without data.
    pub none: u64,
    /// Run time in which the verdict was ok, µs.
    pub ok_time: u64,
    /// Run time in which it was bad or flapping, µs.
    pub bad_time: u64,
    /// Run time in which nothing was known, µs.
    pub no_data_time: u64,
}

impl Counts {
    /// The part of the looks with data that were good, 0..1; none without such looks.
    pub fn success_rate(&self) -> Option<f64> {
        share(self.good, self.bad)
    }

    /// The part of the time with data in which the verdict was ok, 0..1; none without such time.
    pub fn uptime(&self) -> Option<f64> {
        share(self.ok_time, self.bad_time)
    }

    /// These counts without earlier ones.
    pub fn since(&self, mark: &Self) -> Self {
        Self {
            good: self.good.saturating_sub(mark.good),
            bad: self.bad.saturating_sub(mark.bad),
            none: self.none.saturating_sub(mark.none),
            ok_time: self.ok_time.saturating_sub(mark.ok_time),
            bad_time: self.bad_time.saturating_sub(mark.bad_time),
            no_data_time: self.no_data_time.saturating_sub(mark.no_data_time),
        }
    }

    pub(super) fn look(&mut self, look: Look) {
        match look {
            Look::Good => self.good += 1,
            Look::Bad => self.bad += 1,
            Look::NoData => self.none += 1,
        }
    }

    pub(super) fn time(&mut self, verdict: Verdict, passed: u64) {
        match verdict {
            Verdict::Ok => self.ok_time += passed,
            Verdict::Bad | Verdict::Flapping => self.bad_time += passed,
            Verdict::NoData => self.no_data_time += passed,
        }
    }
}

fn share(good: u64, bad: u64) -> Option<f64> {
    (good + bad > 0).then(|| good as f64 / (good + bad) as f64)
}
