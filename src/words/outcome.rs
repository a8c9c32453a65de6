//! How things end, how bad they are, how they look.

use serde::{Deserialize, Serialize};

/// How an attempt or an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// An expectation was not met.
    Failed,
    /// The limit ran out.
    TimedOut,
    /// Stopped by a person.
    Cancelled,
    /// It was running when the host died, and nobody knows how it ended.
    Unknown,
    /// It could not be started; nothing was changed.
    NotStarted,
}

impl Outcome {
    /// The outcome in words, as screens and records say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::NotStarted => "not started",
        }
    }
}

/// How urgent a trigger is; the worst sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Roll back now.
    Critical,
    /// Decide soon.
    High,
    /// Look at it.
    Medium,
}

impl Severity {
    /// `CRITICAL`, `HIGH`, `MEDIUM`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
        }
    }
}

/// What a probe's samples say after debouncing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough good looks in a row.
    Ok,
    /// Enough bad looks in a row.
    Bad,
    /// It changed too often; not ok until it was calm for five minutes.
    Flapping,
    /// Nothing is known: never green.
    #[default]
    NoData,
}

impl Verdict {
    /// The verdict in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::Flapping => "flapping",
            Self::NoData => "no data",
        }
    }
}
