//! Frames.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{Line, Paint};
use crate::tui::text;

/// Draws a frame with a title in its upper edge (and one at its right end); returns its inside.
pub fn boxed(buf: &mut Buffer, area: Rect, title: &Line, right: &Line, style: Style) -> Rect {
    let area = area.intersection(buf.area);
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    for x in area.left()..area.right() {
        set(buf, x, area.top(), "─", style);
        set(buf, x, area.bottom() - 1, "─", style);
    }
    for y in area.top()..area.bottom() {
        set(buf, area.left(), y, "│", style);
        set(buf, area.right() - 1, y, "│", style);
    }
    set(buf, area.left(), area.top(), "┌", style);
    set(buf, area.right() - 1, area.top(), "┐", style);
    set(buf, area.left(), area.bottom() - 1, "└", style);
    set(buf, area.right() - 1, area.bottom() - 1, "┘", style);
    let edge = Rect { x: area.x + 2, y: area.y, width: area.width - 4, height: 1 };
    let room = usize::from(edge.width).saturating_sub(if right.0.is_empty() { 0 } else { right.width() + 2 });
    let title = cut(title, room);
    let mut paint = Paint::new(buf, edge);
    if !title.0.is_empty() {
        paint.line(0, 0, &title);
    }
    if !right.0.is_empty() {
        paint.right(0, right);
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Takes away what was drawn here before something comes over it.
pub fn clear(buf: &mut Buffer, area: Rect) {
    let area = area.intersection(buf.area);
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.reset();
        }
    }
}

/// A vertical divider between two panes of one frame.
pub fn split(buf: &mut Buffer, x: u16, top: u16, bottom: u16, style: Style) {
    for y in top..bottom {
        set(buf, x, y, "│", style);
    }
    set(buf, x, top, "┬", style);
    set(buf, x, bottom.saturating_sub(1), "┴", style);
}

fn cut(line: &Line, room: usize) -> Line {
    if line.width() <= room {
        return line.clone();
    }
    let (mut left, mut out) = (room, Line::default());
    for (piece, style) in &line.0 {
        let piece = text::cut(piece, left);
        left -= text::width(&piece).min(left);
        out = out.with(piece, *style);
    }
    out
}

fn set(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}
