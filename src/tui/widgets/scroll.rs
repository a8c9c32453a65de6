//! How far down a text is, and the keys that move it: the same wherever there is more than fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Line, Paint};
use crate::tui::input::{Code, Key};

/// How far down a text is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scroll {
    /// Rows above the first that is shown.
    pub down: usize,
    /// How far down it can go.
    pub most: usize,
    /// Rows that are shown at once.
    pub page: usize,
}

impl Scroll {
    /// Moves by a key; false: it is none that moves.
    pub fn key(&mut self, key: Key) -> bool {
        let page = i64::try_from(self.page.max(2)).unwrap_or(i64::MAX) - 1;
        let by = match (key.code, key.letter()) {
            (Code::Up, _) | (_, Some('k')) => -1,
            (Code::Down, _) | (_, Some('j')) => 1,
            (Code::PageUp, _) => -page,
            (Code::PageDown, _) | (_, Some(' ')) => page,
            (Code::Home, _) => i64::MIN / 2,
            (Code::End, _) => i64::MAX / 2,
            _ => return false,
        };
        self.by(by);
        true
    }

    /// Moves by lines, up when negative.
    pub fn by(&mut self, lines: i64) {
        let down = i64::try_from(self.down.min(self.most)).unwrap_or(i64::MAX);
        self.down = usize::try_from(down.saturating_add(lines).max(0)).unwrap_or(0).min(self.most);
    }

    /// Draws the lines from where it is.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, lines: &[Line]) {
        self.page = usize::from(area.height);
        self.most = Paint::new(buf, area).lines(lines, self.down);
        self.down = self.down.min(self.most);
    }

    /// Moves so that a row is shown.
    pub fn show(&mut self, row: usize, height: usize) {
        if row < self.down {
            self.down = row;
        } else if row >= self.down + height {
            self.down = row + 1 - height;
        }
    }
}
