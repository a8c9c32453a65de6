//! What was read of containers' logs so far, so that each look reads only what is new.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use regex::Regex;
use tokio::sync::{Mutex, MutexGuard};

use super::super::since::Since;
use super::found::Found;
use super::line;

/// What was read so far, kept between the looks of a probe.
#[derive(Debug, Default)]
pub(in crate::probes) struct Read(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    since: Option<DateTime<Utc>>,
    /// The newest line of each container that was read.
    last: HashMap<String, DateTime<Utc>>,
    pub found: Found,
}

impl Read {
    /// What was read since that time; nothing, when the time moves or is another.
    pub(super) async fn since(&self, since: Since) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().await;
        if !since.fixed || state.since != Some(since.at) {
            *state = State { since: Some(since.at), ..State::default() };
        }
        state
    }
}

impl State {
    /// Goes on with a container's log; `name` stands before its lines.
    pub fn reading<'a>(&'a mut self, key: &str, name: &'a str, since: Since, pattern: &'a Regex) -> Reading<'a> {
        let last = self.last.get(key).copied();
        Reading { state: self, key: key.to_owned(), name, since, pattern, last, newest: last }
    }
}

/// The log of one container while it is read. What was counted is not counted again, also when a look breaks off.
pub(super) struct Reading<'a> {
    state: &'a mut State,
    key: String,
    name: &'a str,
    since: Since,
    pattern: &'a Regex,
    last: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
}

impl Reading<'_> {
    /// From when on there may be new lines.
    pub fn from(&self) -> DateTime<Utc> {
        self.last.unwrap_or(self.since.at)
    }

    /// Takes a line; one that was read before, or is too old, is left out.
    pub fn take(&mut self, at: DateTime<Utc>, text: &str) {
        if at < self.since.at || self.last.is_some_and(|last| at <= last) {
            return;
        }
        self.newest = self.newest.max(Some(at));
        self.state.found.read += 1;
        let text = line::plain(text);
        if self.pattern.is_match(&text) {
            self.state.found.note(at, format!("{}: {}", self.name, line::tidy(&text)));
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.state.last.extend(self.newest.map(|at| (self.key.clone(), at)));
    }
}

/// A line as engines write it: its time, a space, its text. What goes on from a line that was cut has no time of its own.
pub(in crate::probes) fn timed(line: &str) -> (Option<DateTime<Utc>>, &str) {
    let (stamp, rest) = line.split_once(' ').unwrap_or((line, ""));
    match DateTime::parse_from_rfc3339(stamp) {
        Ok(time) => (Some(time.to_utc()), rest),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_is_counted_once_however_often_one_looks() {
        let read = Read::default();
        let at = |second: i64| DateTime::from_timestamp(1_000 + second, 0).unwrap();
        let since = Since { at: at(0), fixed: true };
        let pattern = Regex::new("panic").unwrap();
        let look = async |since: Since, seconds: &[i64]| {
            let mut state = read.since(since).await;
            let mut reading = state.reading("id", "kms", since, &pattern);
            for second in seconds {
                reading.take(at(*second), "panic: lost");
            }
            drop(reading);
            state.found.matches
        };
        assert_eq!(look(since, &[-1, 0, 1, 1]).await, 3, "two lines of one moment are two");
        assert_eq!(look(since, &[1, 2]).await, 4);
        assert_eq!(look(since, &[1, 2]).await, 4);
        assert_eq!(look(Since { at: at(2), fixed: true }, &[1, 2]).await, 1, "from another time on it is read anew");
        let moving = Since { at: at(0), fixed: false };
        assert_eq!((look(moving, &[1, 2]).await, look(moving, &[2]).await), (2, 1));
    }

    #[test]
    fn a_line_has_its_time_or_none() {
        assert_eq!(timed("2026-11-24T09:00:00.5Z ready now").1, "ready now");
        assert!(timed("2026-11-24T09:00:00Z").0.is_some());
        assert_eq!(timed("goes on here"), (None, "goes on here"));
    }
}
