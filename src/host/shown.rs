//! What a client was sent of the screen that it shows: only what changed is sent again.

use std::collections::BTreeMap;

use crate::link::Rows;
use crate::terminal::Row;

/// A client's picture of an attempt's screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    attempt: Option<u32>,
    /// All rows are needed, with the history above them.
    fresh: bool,
    /// The screen has changed since it was sent.
    pub due: bool,
    /// Everything but the rows, as sent last.
    last: Rows,
    /// The rows of the screen, as sent last.
    screen: BTreeMap<usize, Row>,
}

impl Shown {
    /// The attempt whose screen is shown.
    pub fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// Another attempt is shown, or the same from the start.
    pub fn show(&mut self, attempt: Option<u32>) {
        *self = Self { attempt, fresh: true, ..Self::default() };
    }

    /// All rows are needed.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Whether these rows have to be sent from the start: another width, or rows that went away, make a client forget
    /// what it has.
    pub fn starts_anew(&self, rows: &Rows) -> bool {
        self.fresh || rows.cols != self.last.cols || rows.history < self.last.history
    }

    /// Leaves what the client does not have yet, and notes that it has it. None: nothing is new.
    pub fn news(&mut self, mut rows: Rows) -> Option<Rows> {
        let first = rows.history;
        let all = self.starts_anew(&rows);
        let screen: BTreeMap<usize, Row> = rows.rows.iter().filter(|(n, _)| *n >= first).cloned().collect();
        if !all {
            rows.rows.retain(|(n, row)| self.screen.get(n) != Some(row));
        }
        let facts = Rows { rows: vec![], ..rows.clone() };
        if !all && rows.rows.is_empty() && facts == self.last {
            return None;
        }
        self.fresh = false;
        self.last = facts;
        self.screen = screen;
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    fn row(text: &str) -> Row {
        Row { runs: vec![Run { text: text.into(), ..Run::default() }] }
    }

    fn rows(history: usize, texts: &[&str]) -> Rows {
        Rows {
            attempt: 1,
            cols: 20,
            height: texts.len() as u16,
            history,
            rows: texts.iter().enumerate().map(|(n, t)| (history + n, row(t))).collect(),
            ..Rows::default()
        }
    }

    fn numbers(rows: Option<Rows>) -> Vec<usize> {
        rows.map(|r| r.rows.iter().map(|(n, _)| *n).collect()).unwrap_or_default()
    }

    #[test]
    fn only_what_changed_is_sent() {
        let mut shown = Shown::default();
        shown.show(Some(1));
        assert_eq!(numbers(shown.news(rows(0, &["a", "b", ""]))), [0, 1, 2]);
        assert!(shown.news(rows(0, &["a", "b", ""])).is_none());
        assert_eq!(numbers(shown.news(rows(0, &["a", "b", "c"]))), [2]);
        assert_eq!(numbers(shown.news(rows(2, &["c", "d", "e"]))), [3, 4], "a scrolled row keeps its number");
        let moved = Rows { cursor: Some((1, 1)), ..rows(2, &["c", "d", "e"]) };
        assert_eq!(shown.news(moved).map(|r| r.rows.len()), Some(0), "a cursor alone is news");
        assert_eq!(numbers(shown.news(rows(0, &["x", "y", "z"]))), [0, 1, 2], "cleared");
        shown.show(Some(1));
        assert_eq!(numbers(shown.news(rows(0, &["x", "y", "z"]))), [0, 1, 2], "shown anew");
    }
}
