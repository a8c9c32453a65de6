//! From looks to a verdict: enough in a row, and not too often.

use crate::words::{Look, Verdict};

/// How many changes of verdict a probe may make before it is called flapping.
pub const BUCKET: i64 = 6;
/// The bucket gets one change back each five minutes of run time (µs).
pub const REFILL: u64 = 300_000_000;
/// Flapping ends after five minutes of run time without a change (µs).
pub const CALM: u64 = 300_000_000;

/// How many looks in a row turn a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Bad looks in a row that make it bad.
    pub fail_after: u32,
    /// Good looks in a row that make it ok.
    pub pass_after: u32,
    /// Looks without data in a row that make it no data.
    pub no_data_after: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self { fail_after: 2, pass_after: 2, no_data_after: 2 }
    }
}

impl Rule {
    /// The rule of a probe that is looked at only when a step asks: each look counts.
    pub fn on_demand() -> Self {
        Self { fail_after: 1, pass_after: 1, no_data_after: 1 }
    }

    fn needs(&self, look: Look) -> u32 {
        match look {
            Look::Good => self.pass_after,
            Look::Bad => self.fail_after,
            Look::NoData => self.no_data_after,
        }
        .max(1)
    }
}

/// The verdict of one probe and what it takes to turn it.
///
/// Each change of the shown verdict costs one of [`BUCKET`] credits, of which one comes back each [`REFILL`]. The
/// change that empties the bucket shows [`Verdict::Flapping`]; flapping ends after [`CALM`] without a change below
/// it and with a credit to pay for. A probe that flaps again at once goes one credit into debt and so needs twice
/// as long: at most 12 changes an hour in the long run. The first verdict of all is free.
#[derive(Clone, Debug)]
pub struct Debounce {
    rule: Rule,
    last: Look,
    streak: u32,
    not_good: u32,
    /// What the looks say, debounced.
    inner: Verdict,
    /// What is shown: `inner`, or flapping.
    shown: Verdict,
    /// Credits, in µs of refilling time.
    credit: i64,
    credit_at: u64,
    /// When `inner` changed last.
    turned_at: u64,
    fresh: bool,
}

impl Debounce {
    /// Nothing known yet.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            last: Look::NoData,
            streak: 0,
            not_good: 0,
            inner: Verdict::NoData,
            shown: Verdict::NoData,
            credit: BUCKET * REFILL as i64,
            credit_at: 0,
            turned_at: 0,
            fresh: true,
        }
    }

    /// The verdict as shown.
    pub fn verdict(&self) -> Verdict {
        self.shown
    }

    /// Another rule from the next look on.
    pub fn set_rule(&mut self, rule: Rule) {
        self.rule = rule;
    }

    /// Takes a look in; the new verdict when it turned.
    pub fn push(&mut self, look: Look, up: u64) -> Option<Verdict> {
        self.streak = if look == self.last { self.streak.saturating_add(1) } else { 1 };
        self.last = look;
        self.not_good = if look == Look::Good { 0 } else { self.not_good.saturating_add(1) };
        let before = self.inner;
        if self.streak >= self.rule.needs(look) {
            self.inner = verdict_of(look);
        } else if self.inner == Verdict::Ok && self.not_good >= self.most() {
            // Bad and no data by turns: never enough of one in a row, and certainly not ok.
            self.inner = verdict_of(look);
        }
        self.settle(before, up)
    }

    /// The newest look is too old: no data at once.
    pub fn stale(&mut self, up: u64) -> Option<Verdict> {
        let before = self.inner;
        (self.last, self.streak) = (Look::NoData, self.rule.no_data_after);
        self.not_good = self.not_good.saturating_add(1);
        self.inner = Verdict::NoData;
        self.settle(before, up)
    }

    /// Lets time pass: flapping ends after the calm.
    pub fn tick(&mut self, up: u64) -> Option<Verdict> {
        self.settle(self.inner, up)
    }

    /// Whether one more look like the last would turn the verdict: worth to look again soon.
    pub fn could_turn(&self) -> bool {
        let mut next = self.clone();
        next.push(self.last, self.turned_at);
        next.inner != self.inner
    }

    /// Looks in a row that are not good, to leave ok.
    fn most(&self) -> u32 {
        self.rule.fail_after.max(self.rule.no_data_after).max(1)
    }

    fn settle(&mut self, before: Verdict, up: u64) -> Option<Verdict> {
        self.refill(up);
        let cost = REFILL as i64;
        if self.inner != before {
            self.turned_at = up;
        }
        if self.shown == Verdict::Flapping {
            let calm = up.saturating_sub(self.turned_at) >= CALM;
            if !calm || self.credit < cost {
                return None;
            }
            self.credit -= cost;
            self.shown = self.inner;
            return Some(self.shown);
        }
        if self.inner == self.shown {
            return None;
        }
        if std::mem::take(&mut self.fresh) {
            self.shown = self.inner;
            return Some(self.shown);
        }
        self.credit -= cost;
        self.shown = if self.credit < cost { Verdict::Flapping } else { self.inner };
        Some(self.shown)
    }

    fn refill(&mut self, up: u64) {
        let passed = i64::try_from(up.saturating_sub(self.credit_at)).unwrap_or(i64::MAX);
        self.credit = self.credit.saturating_add(passed).min(BUCKET * REFILL as i64);
        self.credit_at = self.credit_at.max(up);
    }
}

fn verdict_of(look: Look) -> Verdict {
    match look {
        Look::Good => Verdict::Ok,
        Look::Bad => Verdict::Bad,
        Look::NoData => Verdict::NoData,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: u64 = 1_000_000;

    fn looks() -> impl Strategy<Value = Vec<(Look, u64)>> {
        let look = prop_oneof![Just(Look::Good), Just(Look::Bad), Just(Look::NoData)];
        prop::collection::vec((look, 1..400 * S), 1..400)
    }

    fn rule() -> impl Strategy<Value = Rule> {
        (1..5u32, 1..5u32, 1..5u32).prop_map(|(fail_after, pass_after, no_data_after)| Rule {
            fail_after,
            pass_after,
            no_data_after,
        })
    }

    #[test]
    fn two_agreeing_looks_turn_it() {
        let mut d = Debounce::new(Rule::default());
        assert_eq!(d.push(Look::Good, S), None);
        assert!(d.could_turn());
        assert_eq!(d.push(Look::Good, 2 * S), Some(Verdict::Ok));
        assert!(!d.could_turn());
        assert_eq!(d.push(Look::Bad, 3 * S), None);
        assert_eq!(d.verdict(), Verdict::Ok);
        assert!(d.could_turn());
        assert_eq!(d.push(Look::Good, 4 * S), None);
        assert_eq!(d.push(Look::Bad, 5 * S), None);
        assert_eq!(d.push(Look::Bad, 6 * S), Some(Verdict::Bad));
    }

    #[test]
    fn bad_and_no_data_by_turns_are_not_ok() {
        let mut d = Debounce::new(Rule::default());
        d.push(Look::Good, S);
        d.push(Look::Good, 2 * S);
        d.push(Look::Bad, 3 * S);
        assert_eq!(d.push(Look::NoData, 4 * S), Some(Verdict::NoData));
        assert_eq!(d.push(Look::Bad, 5 * S), None);
    }

    #[test]
    fn six_changes_are_flapping_until_five_minutes_of_calm() {
        let mut d = Debounce::new(Rule::on_demand());
        assert_eq!(d.push(Look::Good, S), Some(Verdict::Ok));
        for n in 0..5 {
            let look = if n % 2 == 0 { Look::Bad } else { Look::Good };
            assert!(matches!(d.push(look, (2 + n) * S), Some(Verdict::Ok | Verdict::Bad)), "change {n}");
        }
        assert_eq!(d.push(Look::Good, 7 * S), Some(Verdict::Flapping));
        assert_eq!(d.push(Look::Good, 300 * S), None);
        assert_eq!(d.tick(307 * S - 1), None);
        assert_eq!(d.tick(307 * S), Some(Verdict::Ok));
    }

    #[test]
    fn a_relapse_needs_twice_the_calm() {
        let mut d = Debounce::new(Rule::on_demand());
        d.push(Look::Good, 0);
        for n in 0..6 {
            d.push(if n % 2 == 0 { Look::Bad } else { Look::Good }, 0);
        }
        assert_eq!(d.tick(300 * S), Some(Verdict::Ok));
        assert_eq!(d.push(Look::Bad, 301 * S), Some(Verdict::Flapping));
        assert_eq!(d.tick(602 * S), None);
        assert_eq!(d.tick(900 * S), Some(Verdict::Bad));
    }

    proptest! {
        /// Ok is shown only while the last looks allow it; bad and ok need their number in a row.
        #[test]
        fn a_verdict_needs_its_looks(rule in rule(), looks in looks()) {
            let mut d = Debounce::new(rule);
            let mut up = 0;
            let mut seen: Vec<Look> = vec![];
            for (look, wait) in looks {
                up += wait;
                seen.push(look);
                let turned = d.push(look, up);
                let run = seen.iter().rev().take_while(|l| **l == look).count() as u32;
                match turned {
                    Some(Verdict::Ok) => prop_assert!(seen.contains(&Look::Good)),
                    Some(Verdict::Bad) => prop_assert!(seen.contains(&Look::Bad)),
                    _ => {}
                }
                if d.verdict() == Verdict::Ok {
                    let not_good = seen.iter().rev().take_while(|l| **l != Look::Good).count() as u32;
                    prop_assert!(not_good < rule.fail_after.max(rule.no_data_after));
                }
                if run >= rule.needs(look) && d.verdict() != Verdict::Flapping {
                    prop_assert_eq!(d.verdict(), verdict_of(look));
                }
            }
        }

        /// In any stretch of time a verdict changes at most 7 times, and once more each five minutes.
        #[test]
        fn changes_are_bounded(rule in rule(), looks in looks(), ticks in any::<bool>()) {
            let mut d = Debounce::new(rule);
            let (mut up, mut changes) = (0, vec![]);
            for (look, wait) in looks {
                if ticks {
                    for part in 1..4 {
                        changes.extend(d.tick(up + wait * part / 4).map(|_| up + wait * part / 4));
                    }
                }
                up += wait;
                changes.extend(d.push(look, up).map(|_| up));
            }
            // The first is free.
            for (i, from) in changes.iter().enumerate().skip(1) {
                for (n, to) in changes[i..].iter().enumerate() {
                    prop_assert!((n as u64) < 7 + (to - from) / REFILL, "{} changes in {} s", n + 1, (to - from) / S);
                }
            }
        }

        /// A clear state for five minutes and a paid debt always end flapping.
        #[test]
        fn flapping_ends(rule in rule(), looks in looks()) {
            let mut d = Debounce::new(rule);
            let mut up = 0;
            for (look, wait) in looks {
                up += wait / 100;
                d.push(look, up);
            }
            for _ in 0..20 {
                d.push(Look::Good, up);
            }
            d.tick(up + 2 * CALM);
            prop_assert_eq!(d.verdict(), Verdict::Ok);
        }
    }
}
