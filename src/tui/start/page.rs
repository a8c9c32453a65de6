//! What all pages have in common.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::tui::input::{Code, Input, Key};
use crate::tui::panes::bottom;
use crate::tui::text;
use crate::tui::theme::{Theme, ascii_form};
use crate::tui::widgets::{Line, Paint};
use crate::words::utc_second;

/// Enters that follow one another closer than this are one that is held (as on the main screen).
const HELD: Duration = Duration::from_millis(700);
/// The smallest screen that pages are drawn on: columns, rows.
const LEAST: (u16, u16) = (60, 16);

/// A verb of the bottom row: the key as it is printed, what it does.
pub type Verbs = Vec<(&'static str, String)>;

/// How things look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Colours and glyphs.
    pub theme: Theme,
    /// Now, for the header.
    pub now: DateTime<Utc>,
}

/// What a key made of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn<T> {
    /// The page stays.
    Stay,
    /// It is answered.
    Done(T),
}

/// One screen.
pub trait Page {
    /// What it is answered with.
    type Out;

    /// The header's first word and the rest of it; clean.
    fn header(&self) -> (String, String);

    /// The header's first word is that of a simulated world.
    fn is_training(&self) -> bool {
        false
    }

    /// Keys are text now.
    fn is_text(&self) -> bool;

    /// Draws the body; the cursor's place when it has one.
    fn draw(&mut self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position>;

    /// What keys do; the first is Enter's.
    fn verbs(&self) -> Verbs;

    /// Takes a key.
    fn key(&mut self, key: Key) -> Turn<Self::Out>;

    /// Takes a paste while keys are text.
    fn paste(&mut self, _text: &str) {}

    /// The wheel: lines down, or up when negative.
    fn wheel(&mut self, _lines: i32) {}

    /// A page that ends by itself: with what. Asked each second.
    fn over(&self) -> Option<Self::Out> {
        None
    }
}

/// A screen on which the program is waited for.
pub struct Waiting {
    /// The header's first word.
    pub world: String,
    /// A simulated world.
    pub training: bool,
    /// The rest of the header.
    pub title: String,
    /// What is waited for.
    pub words: String,
}

impl Page for Waiting {
    type Out = ();

    fn header(&self) -> (String, String) {
        (text::line(&self.world), text::line(&self.title))
    }

    fn is_training(&self) -> bool {
        self.training
    }

    fn is_text(&self) -> bool {
        false
    }

    fn draw(&mut self, _look: Look, _area: Rect, _buf: &mut Buffer) -> Option<Position> {
        None
    }

    fn verbs(&self) -> Verbs {
        vec![("", text::line(&self.words))]
    }

    fn key(&mut self, _key: Key) -> Turn<()> {
        Turn::Stay
    }
}

/// Which keys are a held Enter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    last: Option<Duration>,
}

impl Held {
    /// Whether this key is to be dropped: the repeat of an Enter that is held.
    pub fn drops(&mut self, key: Key, text: bool, at: Duration) -> bool {
        if key.code != Code::Enter {
            return false;
        }
        let held = self.last.is_some_and(|last| at.saturating_sub(last) < HELD);
        self.last = Some(at);
        held && !text
    }
}

/// Draws a page with its header and its bottom row.
pub fn frame<P: Page>(page: &mut P, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = look.theme;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let words = format!("flightdeck needs {}x{}; this is {}x{}", LEAST.0, LEAST.1, area.width, area.height);
        Paint::new(buf, area).text(0, 0, &words, Style::new());
        return None;
    }
    let row = |y| Rect { x: area.x, y, width: area.width, height: 1 };
    let (word, rest) = page.header();
    let clock = utc_second(look.now);
    let room = usize::from(area.width).saturating_sub(text::width(&word) + clock.len() + 6);
    let line = Line::of(format!(" {word} "), theme.world(page.is_training())).with("  ", Style::new());
    let mut paint = Paint::new(buf, row(area.y));
    paint.line(0, 0, &line.with(text::cut(&rest, room), theme.strong()));
    paint.right(0, &Line::of(format!("{clock} "), Style::new()));
    let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let cursor = page.draw(look, body, buf);
    let mode = if page.is_text() { "TEXT" } else { "" };
    bottom::draw(theme, buf, row(area.bottom() - 1), mode, &page.verbs(), None);
    if theme.ascii {
        for cell in &mut buf.content {
            if let Some(form) = ascii_form(cell.symbol()) {
                cell.set_symbol(form);
            }
        }
    }
    cursor
}

/// Hands an input to a page.
pub fn take<P: Page>(page: &mut P, held: &mut Held, input: Input, at: Duration) -> Turn<P::Out> {
    match input {
        Input::Key(key) if held.drops(key, page.is_text(), at) => Turn::Stay,
        Input::Key(key) => page.key(key),
        Input::Paste(bytes) => {
            if page.is_text() {
                page.paste(&String::from_utf8_lossy(&bytes));
            }
            Turn::Stay
        }
        Input::Mouse(mouse) => {
            use crate::tui::input::MouseKind;
            match mouse.kind {
                MouseKind::WheelUp => page.wheel(-3),
                MouseKind::WheelDown => page.wheel(3),
                MouseKind::Press | MouseKind::Other => {}
            }
            Turn::Stay
        }
        Input::Focus(_) | Input::Other => Turn::Stay,
    }
}
