//! The last row: first what Enter does, in words; then only keys that do something here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::{Line, Paint};

/// Keys that keep their places in a short row: stop, rollback, help, the ways back and out.
const KEPT: [&str; 6] = ["x x", "r", "?", "q", "Esc", "Ctrl-]"];
/// What stays even when something is to be read first.
const WAYS_OUT: [&str; 3] = ["q", "Esc", "Ctrl-]"];

/// Columns that a cut word still says something in.
const SOME: usize = 8;

/// Draws the row. `mode`: its name when it is not Keys; `said`: something to be read first.
pub fn draw(
    theme: Theme,
    buf: &mut Buffer,
    area: Rect,
    mode: &str,
    verbs: &[(&'static str, String)],
    said: Option<&str>,
) {
    let room = usize::from(area.width);
    let mut line = Line::plain(" ");
    if !mode.is_empty() {
        line = line.with(format!("{mode} "), theme.focus()).with(" ", Style::new());
    }
    let width_of = |keys: &[&str]| -> usize {
        verbs.iter().filter(|(key, _)| keys.contains(key)).map(|verb| piece_width(theme, verb)).sum()
    };
    if let Some(said) = said {
        let room = room.saturating_sub(line.width() + width_of(&WAYS_OUT) + 3);
        line = line.with(text::cut(said, room), theme.caution()).with("   ", Style::new());
    }
    // What has no room is left out from the first on that does not fit: a short row says by `?` where the rest is.
    let (mut kept, mut out) = (width_of(&KEPT), width_of(&WAYS_OUT));
    let mut full = false;
    for (index, verb) in verbs.iter().enumerate() {
        let (key, words) = verb;
        let width = piece_width(theme, verb) + usize::from(index == 0);
        if KEPT.contains(key) {
            kept -= piece_width(theme, verb);
            if WAYS_OUT.contains(key) {
                out -= piece_width(theme, verb);
            }
            if line.width() + width + out <= room + 2 {
                line = piece(theme, line, key, words, index == 0);
            }
            continue;
        }
        full |= line.width() + width + kept > room + 2;
        if !full {
            line = piece(theme, line, key, words, index == 0);
        } else if index == 0 {
            let left = room.saturating_sub(line.width() + kept + text::width(theme.key(key)) + 4);
            if left > SOME {
                line = piece(theme, line, key, &text::cut(words, left), true);
            }
        }
    }
    Paint::new(buf, area).line(0, 0, &line);
}

/// A verb's columns, with the gap behind it.
fn piece_width(theme: Theme, (key, words): &(&'static str, String)) -> usize {
    text::width(theme.key(key)) + usize::from(!key.is_empty()) + text::width(words) + 2
}

fn piece(theme: Theme, line: Line, key: &'static str, words: &str, first: bool) -> Line {
    let style = if first || words == "ROLLBACK" { theme.strong() } else { Style::new() };
    let key = theme.key(key);
    let line = if key.is_empty() { line } else { line.with(format!("{key} "), theme.strong()) };
    line.with(words, style).with(if first { "   " } else { "  " }, Style::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_there_at_any_width() {
        let verbs: Vec<(&str, String)> = [
            ("", "running 0:21"),
            ("t", "type"),
            ("x x", "stop"),
            ("z", "zoom"),
            ("!", "settle"),
            ("r", "ROLLBACK"),
            ("n", "note"),
            ("?", "keys"),
            ("q", "leave"),
        ]
        .into_iter()
        .map(|(key, words)| (key, words.to_owned()))
        .collect();
        for width in 60..140 {
            for said in
                [None, Some("something long to be read first, longer than any row of a terminal is wide, so it is cut")]
            {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
                let theme = Theme { color: false, ascii: false };
                draw(theme, &mut buf, Rect::new(0, 0, width, 1), "", &verbs, said);
                let row: String = buf.content.iter().map(|cell| cell.symbol()).collect();
                assert!(row.contains("q leave"), "{width}: {row}");
                assert!(said.is_some() || row.contains("r ROLLBACK  ") && row.contains("? keys"), "{width}: {row}");
            }
        }
    }
}
