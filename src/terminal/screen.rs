//! The emulator of one command's terminal.

use alacritty_terminal::Term;
use alacritty_terminal::grid::{Dimensions, Row as GridRow};
use alacritty_terminal::index::Line;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Osc52, TermDamage, TermMode};
use alacritty_terminal::vte::ansi::{Processor, Timeout};
use std::time::Duration;

use super::cells::read_row;
use super::guard::{Guard, Pass};
use super::hands::{Hands, Replies};
use super::row::Row;
use super::sanitize::sanitize_line;

/// Rows above the screen that a pane keeps by default (24 bytes a cell: 24 MB at 200 columns, when full).
pub const SCROLLBACK: usize = 5_000;

/// Characters of a title that are kept.
const TITLE_CHARS: usize = 200;
/// Sizes that the emulator is used with; others are moved into this range.
const COLS: (u16, u16) = (2, 1_000);
const ROWS: (u16, u16) = (1, 500);

/// Where the cursor is: from 0, in the visible screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Row from the top.
    pub row: u16,
    /// Column from the left.
    pub col: u16,
    /// The command did not hide it.
    pub visible: bool,
}

/// What the command asked to be told of the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// Nothing.
    #[default]
    Off,
    /// Buttons.
    Clicks,
    /// Buttons, and movement with a button held.
    Drag,
    /// All movement.
    Motion,
}

/// The modes of a terminal that matter to somebody who types into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The alternate screen is shown (editors, pagers).
    pub alternate_screen: bool,
    /// Cursor keys are sent as `ESC O A`.
    pub app_cursor: bool,
    /// The keypad sends sequences.
    pub app_keypad: bool,
    /// Pastes are to be bracketed.
    pub bracketed_paste: bool,
    /// Focus is to be reported.
    pub focus: bool,
    /// What is to be reported of the mouse.
    pub mouse: Mouse,
    /// In SGR encoding.
    pub sgr_mouse: bool,
}

/// A terminal without a window: bytes go in, rows come out. No input makes it panic, hang or grow without bound.
pub struct Screen {
    term: Term<Replies>,
    parser: Processor<NoSync>,
    guard: Guard,
    replies: Replies,
    last: Option<char>,
    title: Option<String>,
    clipboard: u64,
    /// The rows given out last by [`Screen::changed`].
    shown: Vec<Row>,
    fresh: bool,
}

impl Screen {
    /// An empty screen of `cols` by `rows` cells that remembers `scrollback` rows above it.
    pub fn new(cols: u16, rows: u16, scrollback: usize) -> Self {
        let replies = Replies::default();
        let config = Config { scrolling_history: scrollback, osc52: Osc52::Disabled, ..Config::default() };
        Self {
            term: Term::new(config, &Size::of(cols, rows), replies.clone()),
            parser: Processor::new(),
            guard: Guard::default(),
            replies,
            last: None,
            title: None,
            clipboard: 0,
            shown: Vec::new(),
            fresh: true,
        }
    }

    /// Takes output bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Self { term, parser, guard, last, title, clipboard, .. } = self;
        guard.feed(bytes, |pass| {
            let mut hands = Hands { term, last };
            match pass {
                Pass::Bytes(bytes) => parser.advance(&mut hands, bytes),
                Pass::Repeat(count) => hands.repeat(count),
                Pass::Osc(osc) => match osc.split(|b| *b == b';').next().unwrap_or_default() {
                    b"0" | b"2" => *title = read_title(&osc[2.min(osc.len())..]),
                    b"52" => *clipboard += 1,
                    _ => {}
                },
            }
        });
        self.fresh |= !bytes.is_empty();
    }

    /// Another size; the text of the main screen is wrapped anew.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.term.resize(Size::of(cols, rows));
        self.fresh = true;
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (to_u16(self.term.columns()), to_u16(self.term.screen_lines()))
    }

    /// The title that the command set: one line, without controls, at most 200 characters.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// How often the command tried to write or read the clipboard (OSC 52), which is never done.
    pub fn clipboard_attempts(&self) -> u64 {
        self.clipboard
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Cursor {
        let point = self.term.grid().cursor.point;
        Cursor {
            row: u16::try_from(point.line.0).unwrap_or(0),
            col: to_u16(point.column.0),
            visible: self.term.mode().contains(TermMode::SHOW_CURSOR),
        }
    }

    /// The modes that matter for typing.
    pub fn modes(&self) -> Modes {
        let mode = self.term.mode();
        let mouse = [
            (TermMode::MOUSE_MOTION, Mouse::Motion),
            (TermMode::MOUSE_DRAG, Mouse::Drag),
            (TermMode::MOUSE_REPORT_CLICK, Mouse::Clicks),
        ];
        Modes {
            alternate_screen: mode.contains(TermMode::ALT_SCREEN),
            app_cursor: mode.contains(TermMode::APP_CURSOR),
            app_keypad: mode.contains(TermMode::APP_KEYPAD),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
            focus: mode.contains(TermMode::FOCUS_IN_OUT),
            mouse: mouse.iter().find(|(flag, _)| mode.contains(*flag)).map(|(_, mouse)| *mouse).unwrap_or_default(),
            sgr_mouse: mode.contains(TermMode::SGR_MOUSE),
        }
    }

    /// Rows in all: those above the screen and the screen. The alternate screen has none above.
    pub fn rows_total(&self) -> usize {
        self.term.total_lines()
    }

    /// Rows above the screen.
    pub fn history_len(&self) -> usize {
        self.term.history_size()
    }

    /// Row `index` of [`Screen::rows_total`], the oldest is 0; an empty row where there is none.
    pub fn row(&self, index: usize) -> Row {
        self.grid_row(index).map(read_row).unwrap_or_default()
    }

    /// Up to `n` rows from `from`, the oldest is 0.
    pub fn rows(&self, from: usize, n: usize) -> Vec<Row> {
        let end = from.saturating_add(n).min(self.rows_total());
        (from..end).map(|index| self.row(index)).collect()
    }

    /// The rows of the screen, from the top.
    pub fn visible(&self) -> Vec<Row> {
        self.rows(self.history_len(), self.term.screen_lines())
    }

    /// Row `index` goes on in the next one: the text was too long for one row.
    pub fn is_wrapped(&self, index: usize) -> bool {
        let last = self.term.last_column();
        self.grid_row(index).is_some_and(|row| row[last].flags.contains(Flags::WRAPLINE))
    }

    /// The rows of the screen that differ from what this call gave out before, with their number from the top. The
    /// first call, and the first after [`Screen::resize`] or [`Screen::refresh`], gives out every row.
    pub fn changed(&mut self) -> Vec<(u16, Row)> {
        if !std::mem::take(&mut self.fresh) {
            return Vec::new();
        }
        let lines = self.term.screen_lines();
        let touched: Vec<usize> = match self.term.damage() {
            TermDamage::Full => (0..lines).collect(),
            TermDamage::Partial(lines) => lines.map(|line| line.line).collect(),
        };
        self.term.reset_damage();
        let all = self.shown.len() != lines;
        let touched = if all { (0..lines).collect() } else { touched };
        self.shown.resize(lines, Row::default());
        let history = self.history_len();
        let mut changed = Vec::new();
        for line in touched {
            let row = self.row(history + line);
            if let Some(shown) = self.shown.get_mut(line)
                && (all || *shown != row)
            {
                shown.clone_from(&row);
                changed.push((to_u16(line), row));
            }
        }
        changed
    }

    /// Makes the next [`Screen::changed`] give out every row.
    pub fn refresh(&mut self) {
        self.shown.clear();
        self.fresh = true;
    }

    /// Answers that the command waits for on its input (what terminal this is, where the cursor is, how large it is).
    /// They hold nothing the command chose, and at most 4 KiB are kept.
    pub fn replies(&mut self) -> Vec<u8> {
        self.replies.take()
    }

    fn grid_row(&self, index: usize) -> Option<&GridRow<Cell>> {
        let line = i32::try_from(index).ok()? - i32::try_from(self.history_len()).ok()?;
        (index < self.rows_total()).then(|| &self.term.grid()[Line(line)])
    }
}

/// Synchronized updates are not waited for: rows are looked at sixty times a second at most anyway, and waiting needs a
/// clock and a buffer of 2 MiB that the command fills.
#[derive(Default)]
struct NoSync;

impl Timeout for NoSync {
    fn set_timeout(&mut self, _: Duration) {}
    fn clear_timeout(&mut self) {}
    fn pending_timeout(&self) -> bool {
        false
    }
}

struct Size {
    cols: usize,
    rows: usize,
}

impl Size {
    fn of(cols: u16, rows: u16) -> Self {
        Self { cols: usize::from(cols.clamp(COLS.0, COLS.1)), rows: usize::from(rows.clamp(ROWS.0, ROWS.1)) }
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }
    fn screen_lines(&self) -> usize {
        self.rows
    }
    fn columns(&self) -> usize {
        self.cols
    }
}

fn to_u16(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn read_title(bytes: &[u8]) -> Option<String> {
    let text = sanitize_line(&String::from_utf8_lossy(bytes));
    let title: String = text.trim().chars().take(TITLE_CHARS).collect();
    (!title.is_empty()).then_some(title)
}
