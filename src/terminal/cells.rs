//! From the emulator's cells to rows of styled runs.

use alacritty_terminal::grid::Row as GridRow;
use alacritty_terminal::index::Column;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color as AnsiColor, NamedColor};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::row::{Color, Row, Run, Style};
use super::sanitize::is_hidden;

/// A row of the grid as runs.
pub(super) fn read_row(cells: &GridRow<Cell>) -> Row {
    let mut runs: Vec<Run> = Vec::new();
    // Where the text of the last cell begins in the last run.
    let mut last = 0;
    let mut text = String::new();
    let mut column = 0;
    while column < cells.len() {
        let cell = &cells[Column(column)];
        let wide = cell.flags.contains(Flags::WIDE_CHAR)
            && column + 1 < cells.len()
            && cells[Column(column + 1)].flags.contains(Flags::WIDE_CHAR_SPACER);
        read_cell(cell, wide, &mut text);
        column += 1 + usize::from(wide);

        let style = read_style(cell);
        match runs.last_mut() {
            // Characters that would be drawn as one when they meet (emoji and skin tone, Arabic ligatures) stay apart.
            Some(run) if run.style == style && (text.is_ascii() || stays(&run.text[last..], &text)) => {
                last = run.text.len();
                run.text.push_str(&text);
            }
            _ => {
                last = 0;
                runs.push(Run { text: text.clone(), style });
            }
        }
    }
    while let Some(run) = runs.last_mut() {
        let bare = Style { fg: None, bold: false, dim: false, italic: false, hidden: false, ..run.style };
        if bare != Style::default() {
            break;
        }
        run.text.truncate(run.text.trim_end_matches(' ').len());
        if !run.text.is_empty() {
            break;
        }
        runs.pop();
    }
    Row { runs }
}

/// The text of a cell that is one column wide, or two. Halves of wide characters that lost the other half are blank.
fn read_cell(cell: &Cell, wide: bool, text: &mut String) {
    text.clear();
    let width = if wide { 2 } else { 1 };
    if cell.flags.contains(Flags::WIDE_CHAR_SPACER) || is_hidden(cell.c) || cell.c.width() != Some(width) {
        text.extend(std::iter::repeat_n(' ', width));
        return;
    }
    text.push(cell.c);
    text.extend(cell.zerowidth().into_iter().flatten().filter(|c| !is_hidden(**c)));
    if !text.is_ascii() && text.width() != width {
        text.truncate(cell.c.len_utf8());
    }
}

fn stays(before: &str, after: &str) -> bool {
    let both = format!("{before}{after}");
    both.width() == before.width() + after.width()
}

fn read_style(cell: &Cell) -> Style {
    let has = |flags| cell.flags.intersects(flags);
    Style {
        fg: read_color(cell.fg),
        bg: read_color(cell.bg),
        bold: has(Flags::BOLD),
        dim: has(Flags::DIM),
        italic: has(Flags::ITALIC),
        underline: has(Flags::ALL_UNDERLINES),
        inverse: has(Flags::INVERSE),
        hidden: has(Flags::HIDDEN),
        strike: has(Flags::STRIKEOUT),
    }
}

fn read_color(color: AnsiColor) -> Option<Color> {
    match color {
        AnsiColor::Indexed(index) => Some(Color::Indexed(index)),
        AnsiColor::Spec(rgb) => Some(Color::Rgb(rgb.r, rgb.g, rgb.b)),
        AnsiColor::Named(name) => match name as usize {
            index @ 0..=15 => u8::try_from(index).ok().map(Color::Indexed),
            index if (NamedColor::DimBlack as usize..=NamedColor::DimWhite as usize).contains(&index) => {
                u8::try_from(index - NamedColor::DimBlack as usize).ok().map(Color::Indexed)
            }
            _ => None,
        },
    }
}
