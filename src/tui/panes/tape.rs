//! The inline terminal: rows of styled runs. A row's text has no control character; the frame's last pass sees to it
//! once more.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use crate::terminal;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint};

/// Draws the window of rows; returns its first row and, while it is typed into, the cursor's place.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) -> (usize, Option<Position>) {
    let tape = &ctx.model.tape;
    let running = ctx.running().is_some();
    let top = tape.top(usize::from(area.height), ctx.view.tape_up, running);
    for offset in 0..area.height {
        let Some(row) = tape.row(top + usize::from(offset)) else { continue };
        let line = Line(row.runs.iter().map(|run| (shown(run), style(ctx, run.style))).collect());
        Paint::new(buf, area).line(0, offset, &line);
    }
    let facts = tape.facts();
    let cursor = facts.cursor.filter(|_| ctx.view.typing).and_then(|(x, y)| {
        let row = (facts.history + usize::from(y)).checked_sub(top)?;
        let row = u16::try_from(row).ok().filter(|row| *row < area.height)?;
        (x < area.width).then_some(Position { x: area.x + x, y: area.y + row })
    });
    (top, cursor)
}

/// What is not to be drawn is blank.
fn shown(run: &terminal::Run) -> String {
    if run.style.hidden { " ".repeat(crate::tui::text::width(&run.text)) } else { run.text.clone() }
}

fn style(ctx: &Ctx<'_>, from: terminal::Style) -> Style {
    let mut style = Style::new();
    if ctx.theme.color {
        if let Some(color) = from.fg {
            style = style.fg(self::color(color));
        }
        if let Some(color) = from.bg {
            style = style.bg(self::color(color));
        }
    }
    let flags = [
        (from.bold, Modifier::BOLD),
        (from.dim, Modifier::DIM),
        (from.italic, Modifier::ITALIC),
        (from.underline, Modifier::UNDERLINED),
        (from.inverse, Modifier::REVERSED),
        (from.strike, Modifier::CROSSED_OUT),
    ];
    for (on, modifier) in flags {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn color(color: terminal::Color) -> Color {
    match color {
        terminal::Color::Indexed(index) => Color::Indexed(index),
        terminal::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}
