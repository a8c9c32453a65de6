//! Drawing lines of styled text into a rectangle.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::text;
use crate::tui::theme::Theme;

/// A line of styled pieces; clean text only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line(pub Vec<(String, Style)>);

impl Line {
    /// A line of one style.
    pub fn of(text: impl Into<String>, style: Style) -> Self {
        Self(vec![(text.into(), style)])
    }

    /// A plain line.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(text, Style::new())
    }

    /// An empty line.
    pub fn blank() -> Self {
        Self::default()
    }

    /// Adds a piece.
    #[must_use]
    pub fn with(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push((text.into(), style));
        self
    }

    /// Its width in columns.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(t, _)| text::width(t)).sum()
    }

    /// A word in front, a text behind it in as many lines as it needs, all of them beginning in one column.
    pub fn labelled(label: &str, text: &str, columns: usize, style: Style) -> Vec<Self> {
        const LABEL: usize = 9;
        text::wrap(text, columns.saturating_sub(LABEL), 0)
            .into_iter()
            .enumerate()
            .map(|(n, line)| Self::of(format!("{:<LABEL$}{line}", if n == 0 { label } else { "" }), style))
            .collect()
    }

    /// A text of one style in as many lines as it needs.
    pub fn wrapped(text: &str, columns: usize, indent: usize, style: Style) -> Vec<Self> {
        text::wrap(text, columns, indent).into_iter().map(|l| Self::of(l, style)).collect()
    }
}

/// A rectangle to draw into; nothing is drawn outside of it.
pub struct Paint<'a> {
    /// The frame.
    pub buf: &'a mut Buffer,
    /// Where.
    pub area: Rect,
}

impl<'a> Paint<'a> {
    /// Draws into this part of the frame.
    pub fn new(buf: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buf.area);
        Self { buf, area }
    }

    /// Draws a line in a row of the rectangle (from 0), beginning at a column of it.
    pub fn line(&mut self, column: u16, row: u16, line: &Line) {
        if row >= self.area.height {
            return;
        }
        let (mut x, y) = (self.area.x.saturating_add(column), self.area.y + row);
        for (text, style) in &line.0 {
            let room = self.area.right().saturating_sub(x);
            if room == 0 {
                break;
            }
            let (end, _) = self.buf.set_stringn(x, y, text, usize::from(room), *style);
            x = end;
        }
    }

    /// Draws text of one style.
    pub fn text(&mut self, column: u16, row: u16, text: &str, style: Style) {
        self.line(column, row, &Line::of(text, style));
    }

    /// Draws a line that ends at the right edge.
    pub fn right(&mut self, row: u16, line: &Line) {
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
        self.line(self.area.width.saturating_sub(width), row, line);
    }

    /// Draws lines from the one that `down` names; returns how far down one can go.
    pub fn lines(&mut self, lines: &[Line], down: usize) -> usize {
        let height = usize::from(self.area.height);
        let most = lines.len().saturating_sub(height);
        for (row, line) in lines.iter().skip(down.min(most)).take(height).enumerate() {
            self.line(0, u16::try_from(row).unwrap_or(u16::MAX), line);
        }
        most
    }

    /// Fills a row with a style.
    pub fn style(&mut self, row: u16, style: Style) {
        if row < self.area.height {
            let rect = Rect { y: self.area.y + row, height: 1, ..self.area };
            self.buf.set_style(rect, style);
        }
    }
}

/// The last figures as marks, at most so many, scaled between their least and greatest; no data is a blank.
pub fn spark(theme: Theme, series: &[Option<f64>], columns: usize) -> String {
    let marks = theme.sparks();
    let shown = &series[series.len().saturating_sub(columns)..];
    let known = shown.iter().flatten().copied().filter(|v| v.is_finite());
    let (low, high) = known.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    shown
        .iter()
        .map(|value| match value {
            Some(v) if v.is_finite() => {
                let share = if high > low { (v - low) / (high - low) } else { 0.0 };
                let at = (share * (marks.len() - 1) as f64).round() as usize;
                marks.get(at).copied().unwrap_or(' ')
            }
            _ => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparks_are_scaled_and_no_data_is_a_gap() {
        let theme = Theme { color: false, ascii: false };
        assert_eq!(spark(theme, &[Some(0.0), None, Some(7.0), Some(3.5)], 10), "▁ █▅");
        assert_eq!(spark(theme, &[Some(1.0), Some(5.0), Some(5.0)], 2), "▁▁");
        assert_eq!(spark(theme, &[], 3), "");
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 2));
        let mut paint = Paint::new(&mut buf, Rect::new(1, 0, 3, 1));
        paint.text(0, 0, "abcdef", Style::new());
        paint.text(0, 1, "x", Style::new());
        paint.right(0, &Line::plain("z"));
        assert_eq!(buf, Buffer::with_lines([" abz  ", "      "]));
    }
}
