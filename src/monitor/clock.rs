//! The clock of a condition: true for so long, or so many times in a row.

/// When a condition fires, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// True at so many evaluations in a row (a wait, an expectation); it does not clear by itself.
    InARow(u32),
    /// True for so long (a trigger, `for:` of a check), in µs of run time.
    Time {
        /// How long it must be true.
        hold: u64,
        /// How long it must be false again to clear.
        clear: u64,
        /// Whether no data counts as true (`no_data: counts`); else the clock stands still meanwhile.
        no_data_counts: bool,
    },
}

/// What the clock says after a look or a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It fired; it has been true since then (run time, µs).
    Fired {
        /// The first look of the stretch that made it fire.
        since: u64,
    },
    /// It is over.
    Cleared,
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not true.
    #[default]
    Idle,
    /// True, but not long enough yet.
    Counting {
        /// Run time of the first true look, µs.
        since: u64,
        /// How long it has been true, without stretches of no data, in µs.
        held: u64,
    },
    /// It fired and is not over.
    Fired {
        /// Run time of the first true look, µs.
        since: u64,
    },
}

/// The clock of one condition. It reads every look, not the debounced verdict.
#[derive(Clone, Debug)]
pub struct Clock {
    need: Need,
    phase: Phase,
    in_a_row: u32,
    /// The last truth (none is no data) and when it was taken in.
    now: Option<bool>,
    at: u64,
    /// How long it has been false while fired.
    calm: u64,
}

impl Clock {
    /// A clock that has seen nothing.
    pub fn new(need: Need) -> Self {
        Self { need, phase: Phase::Idle, in_a_row: 0, now: None, at: 0, calm: 0 }
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// True looks in a row so far.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// The last truth; none is no data.
    pub fn truth(&self) -> Option<bool> {
        self.now
    }

    /// What it needs.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Run time at which it fires if nothing changes, in µs; none when it is not running towards it.
    pub fn due(&self) -> Option<u64> {
        match (self.need, self.phase) {
            (Need::Time { hold, .. }, Phase::Counting { held, .. }) if self.counts(self.now) => {
                Some(self.at + hold.saturating_sub(held))
            }
            _ => None,
        }
    }

    /// Takes an evaluation in: none is no data.
    pub fn push(&mut self, truth: Option<bool>, up: u64) -> Option<Turn> {
        let before = self.pass(up);
        self.now = truth;
        if truth == Some(true) {
            self.in_a_row = self.in_a_row.saturating_add(1);
        } else {
            self.in_a_row = 0;
        }
        let after = match self.need {
            Need::InARow(times) => self.row(times, up),
            Need::Time { clear, .. } => self.turn(clear),
        };
        // A stretch that ended with this look may have been long enough before it.
        after.or(before)
    }

    /// Lets time pass with the last truth.
    pub fn tick(&mut self, up: u64) -> Option<Turn> {
        self.pass(up)
    }

    fn counts(&self, truth: Option<bool>) -> bool {
        let Need::Time { no_data_counts, .. } = self.need else { return false };
        truth.unwrap_or(no_data_counts)
    }

    fn row(&mut self, times: u32, up: u64) -> Option<Turn> {
        match self.phase {
            Phase::Fired { .. } => None,
            _ if self.in_a_row == 0 => {
                self.phase = Phase::Idle;
                None
            }
            _ => {
                let since = match self.phase {
                    Phase::Counting { since, .. } => since,
                    _ => up,
                };
                if self.in_a_row >= times.max(1) {
                    self.phase = Phase::Fired { since };
                    return Some(Turn::Fired { since });
                }
                self.phase = Phase::Counting { since, held: up.saturating_sub(since) };
                None
            }
        }
    }

    /// The stretch from the last look until now counts with the last truth.
    fn pass(&mut self, up: u64) -> Option<Turn> {
        let Need::Time { hold, clear, .. } = self.need else { return None };
        let step = up.saturating_sub(self.at);
        self.at = self.at.max(up);
        match &mut self.phase {
            Phase::Idle => None,
            Phase::Counting { since, held } => {
                let since = *since;
                let counts = match self.need {
                    Need::Time { no_data_counts, .. } => self.now.unwrap_or(no_data_counts),
                    Need::InARow(_) => false,
                };
                if counts {
                    *held += step;
                }
                (counts && *held >= hold).then(|| self.fire(since))
            }
            Phase::Fired { .. } => {
                if self.now == Some(false) {
                    self.calm += step;
                    if self.calm >= clear {
                        self.phase = Phase::Idle;
                        return Some(Turn::Cleared);
                    }
                }
                None
            }
        }
    }

    /// What the new truth does to the phase.
    fn turn(&mut self, clear: u64) -> Option<Turn> {
        let Need::Time { hold, .. } = self.need else { return None };
        let counts = self.counts(self.now);
        match self.phase {
            Phase::Idle if counts => {
                self.phase = Phase::Counting { since: self.at, held: 0 };
                (hold == 0).then(|| self.fire(self.at))
            }
            Phase::Counting { .. } if self.now == Some(false) => {
                self.phase = Phase::Idle;
                None
            }
            Phase::Fired { .. } if counts => {
                self.calm = 0;
                None
            }
            Phase::Fired { .. } if self.now == Some(false) && clear == 0 => {
                self.phase = Phase::Idle;
                Some(Turn::Cleared)
            }
            _ => None,
        }
    }

    fn fire(&mut self, since: u64) -> Turn {
        self.phase = Phase::Fired { since };
        self.calm = 0;
        Turn::Fired { since }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: u64 = 1_000_000;
    const T: Option<bool> = Some(true);
    const F: Option<bool> = Some(false);

    fn trigger(hold: u64, clear: u64) -> Clock {
        Clock::new(Need::Time { hold: hold * S, clear: clear * S, no_data_counts: false })
    }

    #[test]
    fn fires_when_the_time_is_up_not_a_look_later() {
        let mut clock = trigger(180, 0);
        assert_eq!(clock.push(T, 10 * S), None);
        assert_eq!(clock.due(), Some(190 * S));
        assert_eq!(clock.tick(190 * S - 1), None);
        assert_eq!(clock.tick(190 * S), Some(Turn::Fired { since: 10 * S }));
        assert_eq!(clock.tick(191 * S), None);
    }

    #[test]
    fn one_good_look_starts_it_again() {
        let mut clock = trigger(5, 0);
        clock.push(T, 0);
        clock.push(F, 4 * S);
        clock.push(T, 5 * S);
        assert_eq!(clock.tick(9 * S), None);
        assert_eq!(clock.tick(10 * S), Some(Turn::Fired { since: 5 * S }));
    }

    #[test]
    fn no_data_stands_still_and_neither_fires_nor_clears() {
        let mut clock = trigger(5, 1);
        clock.push(T, 0);
        clock.push(None, 3 * S);
        assert_eq!(clock.tick(100 * S), None);
        assert_eq!(clock.due(), None);
        assert_eq!(clock.push(T, 100 * S), None);
        assert_eq!(clock.tick(102 * S), Some(Turn::Fired { since: 0 }));
        clock.push(None, 103 * S);
        assert_eq!(clock.tick(1000 * S), None);
        clock.push(F, 1000 * S);
        assert_eq!(clock.tick(1001 * S), Some(Turn::Cleared));
    }

    #[test]
    fn no_data_counts_where_the_author_says_so() {
        let mut clock = Clock::new(Need::Time { hold: 5 * S, clear: 0, no_data_counts: true });
        clock.push(None, S);
        assert_eq!(clock.tick(6 * S), Some(Turn::Fired { since: S }));
    }

    #[test]
    fn clearing_takes_its_time() {
        let mut clock = trigger(0, 10);
        assert_eq!(clock.push(T, S), Some(Turn::Fired { since: S }));
        assert_eq!(clock.push(F, 2 * S), None);
        clock.push(T, 5 * S);
        clock.push(F, 6 * S);
        assert_eq!(clock.tick(15 * S), None);
        assert_eq!(clock.tick(16 * S), Some(Turn::Cleared));
    }

    #[test]
    fn in_a_row_counts_looks() {
        let mut clock = Clock::new(Need::InARow(2));
        assert_eq!(clock.push(T, S), None);
        assert_eq!(clock.push(F, 2 * S), None);
        assert_eq!(clock.push(T, 3 * S), None);
        assert_eq!(clock.push(T, 4 * S), Some(Turn::Fired { since: 3 * S }));
        assert_eq!(clock.push(T, 5 * S), None);
    }

    proptest! {
        /// It fires exactly when the time true in one stretch (no data left out) reaches its need.
        #[test]
        fn fires_by_the_sum_of_true_time(
            hold in 1..50u64,
            looks in prop::collection::vec((prop_oneof![Just(T), Just(F), Just(None)], 1..20u64), 1..80),
        ) {
            let mut clock = trigger(hold, u64::MAX / S);
            let (mut up, mut held, mut truth, mut model) = (0, 0, None, false);
            let mut fired = false;
            for (next, wait) in looks {
                up += wait;
                if truth == T {
                    held += wait;
                    model |= held >= hold;
                }
                fired |= matches!(clock.push(next, up * S), Some(Turn::Fired { .. }));
                if next == F {
                    held = 0;
                }
                truth = next;
                prop_assert_eq!(fired, model);
            }
        }
    }
}
