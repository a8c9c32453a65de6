//! A list with a cursor, wherever rows are chosen from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Line, Paint};
use crate::tui::input::{Code, Key};
use crate::tui::theme::Theme;

/// The cursor in a list of rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct List {
    /// The row under the cursor.
    pub at: usize,
}

impl List {
    /// Takes a key that moves; false: it moves nothing.
    pub fn key(&mut self, key: Key, rows: usize, page: usize) -> bool {
        let last = rows.saturating_sub(1);
        match (key.code, key.letter()) {
            (Code::Up, _) | (_, Some('k')) => self.at = self.at.saturating_sub(1),
            (Code::Down, _) | (_, Some('j')) => self.at = (self.at + 1).min(last),
            (Code::PageUp, _) => self.at = self.at.saturating_sub(page),
            (Code::PageDown, _) => self.at = (self.at + page).min(last),
            (Code::Home, _) => self.at = 0,
            (Code::End, _) => self.at = last,
            _ => return false,
        }
        true
    }

    /// Draws the rows that fit, the one under the cursor among them; `make` is asked only for these.
    pub fn draw(
        &mut self,
        theme: Theme,
        area: Rect,
        buf: &mut Buffer,
        rows: usize,
        make: impl Fn(usize) -> (Line, Line),
    ) {
        self.at = self.at.min(rows.saturating_sub(1));
        let height = usize::from(area.height);
        let top =
            (self.at + 1).saturating_sub(height.saturating_sub(height / 4).max(1)).min(rows.saturating_sub(height));
        for row in 0..height.min(rows.saturating_sub(top)) {
            let index = top + row;
            let (left, right) = make(index);
            let y = u16::try_from(row).unwrap_or(u16::MAX);
            let mut paint = Paint::new(buf, area);
            let mark = if index == self.at { theme.pick("▶ ", "> ") } else { "  " };
            paint.text(0, y, mark, theme.focus());
            paint.line(2, y, &left);
            if !right.0.is_empty() {
                paint.right(y, &right);
            }
            if index == self.at {
                Paint::new(buf, area).style(y, theme.strong());
            }
        }
    }
}
