//! What is typed into commands is counted, one event a burst; what it was is not recorded.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::core::Host;
use crate::engine::Want;
use crate::words::{Actor, ItemId};

/// A burst is over after so much quiet.
const QUIET: Duration = Duration::from_secs(1);
/// A burst is told after this even when it goes on.
const LONG: Duration = Duration::from_secs(10);

/// Bursts that are not told yet, by attempt.
#[derive(Debug, Default)]
pub(super) struct Typing(BTreeMap<u32, Burst>);

#[derive(Debug)]
struct Burst {
    item: ItemId,
    bytes: u64,
    began: Instant,
    last: Instant,
}

impl Typing {
    /// So many bytes were typed into a command.
    pub fn add(&mut self, item: ItemId, attempt: u32, bytes: u64) {
        let now = Instant::now();
        let burst = self.0.entry(attempt).or_insert(Burst { item, bytes: 0, began: now, last: now });
        burst.bytes += bytes;
        burst.last = now;
    }

    /// Takes the bursts that are over; all when the host leaves, an attempt's own when it has ended.
    fn over(&mut self, is_over: impl Fn(u32, &Instant, &Instant) -> bool) -> Vec<Want> {
        let done: Vec<u32> = self
            .0
            .iter()
            .filter(|(attempt, b)| is_over(**attempt, &b.began, &b.last))
            .map(|(attempt, _)| *attempt)
            .collect();
        done.into_iter()
            .filter_map(|attempt| {
                let burst = self.0.remove(&attempt)?;
                Some(Want::Typed { item: burst.item, attempt, bytes: burst.bytes })
            })
            .collect()
    }
}

impl Host {
    /// Tells bursts that are over.
    pub(super) fn tell_typing(&mut self) {
        let over = self.typing.over(|_, began, last| last.elapsed() >= QUIET || began.elapsed() >= LONG);
        self.tell_bursts(over);
    }

    /// Tells all bursts: the host leaves.
    pub(super) fn flush_typing(&mut self) {
        let over = self.typing.over(|_, _, _| true);
        self.tell_bursts(over);
    }

    /// Tells an attempt's burst before its end is told.
    pub(super) fn flush_typing_of(&mut self, attempt: u32) {
        let over = self.typing.over(|it, _, _| it == attempt);
        self.tell_bursts(over);
    }

    fn tell_bursts(&mut self, bursts: Vec<Want>) {
        for want in bursts {
            self.intend(Actor::host(), want);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_burst_are_one_event() {
        let mut typing = Typing::default();
        for _ in 0..3 {
            typing.add("a".into(), 1, 2);
        }
        typing.add("b".into(), 2, 1);
        assert!(typing.over(|_, _, last| last.elapsed() >= QUIET).is_empty(), "still typing");
        let first = typing.over(|attempt, _, _| attempt == 1);
        assert_eq!(first, [Want::Typed { item: "a".into(), attempt: 1, bytes: 6 }]);
        assert_eq!(typing.over(|_, _, _| true).len(), 1);
        assert!(typing.over(|_, _, _| true).is_empty());
    }
}
