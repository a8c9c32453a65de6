//! What was found in a log so far.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// So many of the newest matching lines are kept.
pub(super) const NEWEST: usize = 5;
/// So many matches of the last minute are counted at most.
const LATELY: usize = 100_000;

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Lines that were read.
    pub read: u64,
    /// Lines that match.
    pub matches: u64,
    /// The newest matching lines, the newest last.
    pub newest: VecDeque<String>,
    /// When the matches of the last minute were written.
    times: VecDeque<DateTime<Utc>>,
}

impl Found {
    /// Counts a matching line.
    pub fn note(&mut self, at: DateTime<Utc>, line: String) {
        self.matches += 1;
        self.newest.push_back(line);
        if self.newest.len() > NEWEST {
            self.newest.pop_front();
        }
        if self.times.len() < LATELY {
            self.times.push_back(at);
        }
    }

    /// Forgets what is older than a minute.
    pub fn age(&mut self) {
        let oldest = Utc::now() - TimeDelta::minutes(1);
        self.times.retain(|at| *at >= oldest);
    }

    /// Matching lines in the last minute.
    pub fn lately(&self) -> f64 {
        self.times.len() as f64
    }

    /// Takes a figure that was counted elsewhere for those of the last minute.
    pub fn set_lately(&mut self, count: u64) {
        self.times = std::iter::repeat_n(Utc::now(), usize::try_from(count).unwrap_or(LATELY).min(LATELY)).collect();
    }
}
