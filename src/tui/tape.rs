//! The rows of the attempt that is shown, as far as the host has sent them.

use std::collections::BTreeMap;

use crate::link::Rows;
use crate::terminal::{Row, plain};

/// Rows kept for reading back.
const KEEP: usize = 4_000;

/// Rows of one attempt.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The attempt.
    pub attempt: Option<u32>,
    rows: BTreeMap<usize, Row>,
    last: Rows,
}

impl Tape {
    /// Begins with another attempt.
    pub fn show(&mut self, attempt: Option<u32>) {
        *self = Self { attempt, ..Self::default() };
    }

    /// Takes what the host sent; what belongs to another attempt is old.
    pub fn take(&mut self, mut rows: Rows) -> bool {
        if Some(rows.attempt) != self.attempt {
            return false;
        }
        if rows.cols != self.last.cols || rows.history < self.last.history {
            self.rows.clear();
        }
        for (number, row) in std::mem::take(&mut rows.rows) {
            self.rows.insert(number, row);
        }
        let total = rows.history + usize::from(rows.height);
        self.rows.split_off(&total);
        while self.rows.len() > KEEP {
            self.rows.pop_first();
        }
        self.last = rows;
        true
    }

    /// What is known of the screen besides its rows.
    pub fn facts(&self) -> &Rows {
        &self.last
    }

    /// A row by its number; none: not sent yet, or blank.
    pub fn row(&self, number: usize) -> Option<&Row> {
        self.rows.get(&number)
    }

    /// Rows of history and screen together.
    pub fn total(&self) -> usize {
        self.last.history + usize::from(self.last.height)
    }

    /// Behind the last row that says something.
    pub fn content_end(&self) -> usize {
        self.rows.iter().rev().find(|(_, row)| !row.is_blank()).map_or(0, |(number, _)| number + 1)
    }

    /// The first row of a window of so many rows, `up` rows above its place at the end.
    pub fn top(&self, window: usize, up: usize, running: bool) -> usize {
        let height = usize::from(self.last.height);
        let end = if running {
            let cursor = self.last.cursor.map_or(0, |(_, y)| self.last.history + usize::from(y) + 1);
            if window >= height || self.last.alternate { self.total() } else { self.content_end().max(cursor) }
        } else {
            self.content_end()
        };
        end.saturating_sub(window).saturating_sub(up)
    }

    /// How far up one can go in a window of so many rows.
    pub fn most_up(&self, window: usize, running: bool) -> usize {
        self.top(window, 0, running)
    }

    /// Rows of a window that were never sent: the first and how many, to ask for.
    pub fn missing(&self, top: usize, window: usize) -> Option<(usize, usize)> {
        let end = (top + window).min(self.last.history);
        (top..end).any(|number| !self.rows.contains_key(&number)).then(|| (top, end - top))
    }

    /// All that is known, as text (for copying).
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in self.rows.values() {
            text.push_str(&plain(row));
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The last row whose text holds one of these words.
    pub fn find_last(&self, words: &[&str]) -> Option<usize> {
        self.rows.iter().rev().find(|(_, row)| {
            let text = plain(row).to_lowercase();
            words.iter().any(|w| text.contains(w))
        }).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    fn row(text: &str) -> Row {
        Row { runs: vec![Run { text: text.into(), ..Run::default() }] }
    }

    fn rows(attempt: u32, history: usize, rows: &[(usize, &str)]) -> Rows {
        let rows = rows.iter().map(|(n, t)| (*n, row(t))).collect();
        Rows { attempt, cols: 20, height: 4, history, rows, cursor: Some((0, 1)), ..Rows::default() }
    }

    #[test]
    fn windows_over_history_and_screen() {
        let mut tape = Tape::default();
        tape.show(Some(3));
        assert!(!tape.take(rows(2, 0, &[(0, "old")])), "rows of another attempt are old");
        assert!(tape.take(rows(3, 0, &[(0, "one"), (1, "two")])));
        assert_eq!((tape.total(), tape.content_end()), (4, 2));
        assert_eq!(tape.top(4, 0, true), 0, "a screen as high as the window stands as it is");
        assert_eq!(tape.top(1, 0, true), 1, "a lower window follows the cursor");
        assert!(tape.take(rows(3, 10, &[(10, "a"), (13, "end")])));
        assert_eq!(tape.top(4, 0, true), 10);
        assert_eq!(tape.top(4, 3, true), 7);
        assert_eq!(tape.missing(7, 4), Some((7, 3)));
        assert_eq!(tape.missing(10, 4), None, "blank rows of the screen are not missing");
        assert_eq!(tape.find_last(&["end"]), Some(13));
    }
}
