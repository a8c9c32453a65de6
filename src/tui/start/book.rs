//! A text to read: the errors of a runbook, a record, what this is.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::page::{Look, Page, Turn, Verbs};
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::widgets::{Line, Scroll};

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
                text::hanging(line, columns).into_iter().map(move |l| Line::of(l, style))
            })
            .collect();
        self.scroll.draw(buf, inside, &lines);
        None
    }

    fn verbs(&self) -> Verbs {
        vec![("Esc", "back".into()), ("↑↓", "scroll".into())]
    }

    fn key(&mut self, key: Key) -> Turn<()> {
        if key.goes_back() || key.code == Code::Enter || key.letter() == Some('q') || key == Key::ctrl('c') {
            return Turn::Done(());
        }
        self.scroll.key(key);
        Turn::Stay
    }

    fn wheel(&mut self, lines: i32) {
        self.scroll.by(i64::from(lines));
    }
}
