//! One probe as the monitor keeps it.

use super::counts::Counts;
use super::debounce::{Debounce, Rule};
use super::group::Combine;
use super::series::Series;
use crate::words::{Look, ProbeId, Sample, Unit, Verdict};

/// What the monitor must know of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRule {
    /// The probe.
    pub probe: ProbeId,
    /// Where its samples come from.
    pub how: How,
}

/// Where a probe's samples come from.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// The sampler.
    Looked {
        /// How many looks turn it.
        rule: Rule,
        /// The unit of its figure.
        unit: Unit,
        /// How often it is looked at, in µs of run time; none: only when asked, and then it never grows old.
        every: Option<u64>,
        /// How long one look may take, in µs of run time (a timeout is real time: times the speed).
        slack: u64,
    },
    /// Its members. Members that are not watched (switched off) do not count.
    Group {
        /// The worst or the best of them.
        of: Combine,
        /// Probes, which may be groups.
        members: Vec<ProbeId>,
    },
}

/// A verdict that turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The probe.
    pub probe: ProbeId,
    /// Its new verdict.
    pub verdict: Verdict,
    /// The look that turned it; for a group, what its members say.
    pub sample: Sample,
}

/// One probe, its samples and its verdict.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub how: How,
    pub debounce: Debounce,
    /// The verdict as shown: of the debounce, or of the members.
    pub verdict: Verdict,
    pub series: Series,
    pub last: Option<Sample>,
    counts: Counts,
    mark: Counts,
    at: u64,
    /// The newest look was too old; said once.
    pub stale: bool,
}

impl Watched {
    pub fn new(how: How, up: u64) -> Self {
        let rule = match &how {
            How::Looked { rule, .. } => *rule,
            How::Group { .. } => Rule::default(),
        };
        Self {
            how,
            debounce: Debounce::new(rule),
            verdict: Verdict::NoData,
            series: Series::default(),
            last: None,
            counts: Counts::default(),
            mark: Counts::default(),
            at: up,
            stale: false,
        }
    }

    /// The same probe under other rules: its samples stay.
    pub fn adopt(&mut self, how: How) {
        if let How::Looked { rule, .. } = &how {
            self.debounce.set_rule(*rule);
        }
        self.how = how;
    }

    /// Lets time pass under the verdict so far.
    pub fn pass(&mut self, up: u64) {
        self.counts.time(self.verdict, up.saturating_sub(self.at));
        self.at = self.at.max(up);
    }

    /// Counts from here.
    pub fn mark(&mut self, up: u64) {
        self.pass(up);
        self.mark = self.counts;
    }

    /// Counts since the mark.
    pub fn counts(&self) -> Counts {
        self.counts.since(&self.mark)
    }

    pub fn count_look(&mut self, look: Look) {
        self.counts.look(look);
    }

    /// What the newest look says, unless it is too old.
    pub fn look(&self) -> Look {
        if self.stale { Look::NoData } else { self.last.as_ref().map_or(Look::NoData, |s| s.look) }
    }

    /// When the newest look is too old, µs: three intervals and the time of one look.
    pub fn stale_at(&self) -> Option<u64> {
        match &self.how {
            How::Looked { every: Some(every), slack, .. } if !self.stale => {
                Some(self.last.as_ref()?.up.saturating_add(every.saturating_mul(3)).saturating_add(*slack))
            }
            _ => None,
        }
    }
}
