//! The last row: first what Enter does, in words; then only keys that do something here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint};

/// Draws the row. `mode`: its name when it is not Keys; `said`: something to be read first.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect, mode: &str, verbs: &[(&'static str, String)], said: Option<&str>) {
    let theme = ctx.theme;
    let mut line = Line::plain(" ");
    if !mode.is_empty() {
        line = line.with(format!("{mode} "), theme.focus()).with(" ", Style::new());
    }
    if let Some(said) = said {
        let room = usize::from(area.width).saturating_sub(line.width() + 1);
        let words = text::cut(said, room);
        line = line.with(words, theme.caution()).with("   ", Style::new());
    }
    let room = usize::from(area.width);
    // The way back and `?` keep their places: a short row says where the rest is.
    let last: Vec<usize> = verbs.iter().enumerate().filter(|(_, (key, _))| matches!(*key, "?" | "r" | "Esc")).map(|(i, _)| i).collect();
    let kept: usize = last.iter().map(|i| piece_width(ctx, &verbs[*i]) + 2).sum();
    let mut full = false;
    for (index, (key, words)) in verbs.iter().enumerate() {
        let width = piece_width(ctx, &verbs[index]);
        let reserve = if last.contains(&index) { 0 } else { kept };
        full |= line.width() + width + reserve > room && reserve > 0;
        if (full && reserve > 0) || line.width() + width > room {
            if index == 0 {
                let left = room.saturating_sub(line.width() + 4);
                line = piece(ctx, line, key, &text::cut(words, left), true);
            }
            continue;
        }
        line = piece(ctx, line, key, words, index == 0);
    }
    Paint::new(buf, area).line(0, 0, &line);
}

fn piece_width(ctx: &Ctx<'_>, (key, words): &(&'static str, String)) -> usize {
    text::width(ctx.theme.key(key)) + usize::from(!key.is_empty()) + text::width(words) + 2
}

fn piece(ctx: &Ctx<'_>, line: Line, key: &'static str, words: &str, first: bool) -> Line {
    let style = if first || words == "ROLLBACK" { ctx.theme.strong() } else { Style::new() };
    let key = ctx.theme.key(key);
    let line = if key.is_empty() { line } else { line.with(format!("{key} "), ctx.theme.strong()) };
    line.with(words, style).with(if first { "   " } else { "  " }, Style::new())
}
