//! A text to read: the errors of a runbook, a record, what this is.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::page::{Look, Page, Turn, Verbs};
use super::session::goes_back;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::widgets::{Line, Paint};

/// The page. It is answered with nothing.
pub struct Text {
    title: String,
    scroll: Scroll,
    lines: Vec<String>,
}

impl Text {
    /// A page of foreign text, which is cleaned here.
    pub fn new(title: &str, body: &str) -> Self {
        Self { title: text::line(title), scroll: Scroll::default(), lines: text::lines(body) }
    }
}

/// How far down a text is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scroll {
    pub down: usize,
    pub most: usize,
    pub page: usize,
}

impl Scroll {
    /// Moves by a key; false: it is none of ours.
    pub fn key(&mut self, key: Key) -> bool {
        let page = i64::try_from(self.page.max(2)).unwrap_or(i64::MAX) - 1;
        let by = match key.code {
            Code::Up => -1,
            Code::Down => 1,
            Code::PageUp => -page,
            Code::PageDown => page,
            Code::Home => i64::MIN / 2,
            Code::End => i64::MAX / 2,
            _ if key.letter() == Some('k') => -1,
            _ if key.letter() == Some('j') => 1,
            _ => return false,
        };
        self.by(by);
        true
    }

    /// Moves by lines.
    pub fn by(&mut self, lines: i64) {
        let down = i64::try_from(self.down.min(self.most)).unwrap_or(i64::MAX);
        self.down = usize::try_from(down.saturating_add(lines).max(0)).unwrap_or(0).min(self.most);
    }
}

impl Page for Text {
    type Out = ();

    fn header(&self) -> (String, String) {
        ("flightdeck".into(), self.title.clone())
    }

    fn is_text(&self) -> bool {
        false
    }

    fn draw(&mut self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let inside = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
        let columns = usize::from(inside.width);
        let lines: Vec<Line> = self
            .lines
            .iter()
            .flat_map(|line| {
                let heading = line.starts_with('#');
                let style = if heading { look.theme.strong() } else { Style::new() };
                keep_indent(line, columns).into_iter().map(move |l| Line::of(l, style))
            })
            .collect();
        self.scroll.page = usize::from(inside.height);
        self.scroll.most = Paint::new(buf, inside).lines(&lines, self.scroll.down);
        None
    }

    fn verbs(&self) -> Verbs {
        vec![("Esc", "back".into()), ("↑↓", "scroll".into())]
    }

    fn key(&mut self, key: Key) -> Turn<()> {
        if goes_back(key) || key.code == Code::Enter || key.letter() == Some('q') || key == Key::ctrl('c') {
            return Turn::Done(());
        }
        self.scroll.key(key);
        Turn::Stay
    }

    fn wheel(&mut self, lines: i32) {
        self.scroll.by(i64::from(lines));
    }
}

/// A line in rows that keep its indentation, so that carets stay under what they point at.
pub(super) fn keep_indent(line: &str, columns: usize) -> Vec<String> {
    if text::width(line) <= columns {
        return vec![line.to_owned()];
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    // Two blanks part columns: they stay, with the word behind them.
    let words = line.trim_start_matches(' ').replace("  ", " \u{a0}");
    let inner = text::wrap(&words, columns.saturating_sub(indent).max(8), 2);
    inner.into_iter().map(|row| format!("{}{}", " ".repeat(indent), row.replace('\u{a0}', " "))).collect()
}
