//! The outer terminal: entered, drawn to, and given back as it was on every way out.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor;
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen, SetTitle};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Clicks and the wheel in SGR encoding; moves are never asked for.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";
/// The window's title is kept by the terminal and given back.
const TITLE_PUSH: &str = "\x1b[22;2t";
const TITLE_POP: &str = "\x1b[23;2t";
/// Most bytes that are copied: terminals drop longer ones.
const COPY: usize = 74_000;

/// The terminal is ours now: exactly one way out gives it back.
static OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

fn claim() -> io::Result<()> {
    OURS.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    let mut out = io::stdout();
    write!(out, "{TITLE_PUSH}")?;
    execute!(out, EnterAlternateScreen, cursor::Hide)?;
    write!(out, "{PASTE_ON}{MOUSE_ON}")?;
    out.flush()
}

/// Gives the terminal back, once; called from the loop's end, a panic, a signal.
fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = write!(out, "{MOUSE_OFF}{PASTE_OFF}\x1b[0m");
    let _ = execute!(out, cursor::Show, LeaveAlternateScreen);
    let _ = write!(out, "{TITLE_POP}");
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

/// The terminal is still ours: no panic has given it back.
pub(super) fn is_ours() -> bool {
    OURS.load(Ordering::SeqCst)
}

/// The window was closed, or the line was lost: a failed write says no more than its hangup signal.
pub(in crate::tui) fn is_gone() -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// The terminal while it is ours.
pub(in crate::tui) struct Screen {
    backend: CrosstermBackend<Stdout>,
    shown: Buffer,
    cursor: Option<Position>,
    mouse: bool,
    stale: bool,
}

impl Screen {
    /// Takes the terminal.
    pub(in crate::tui) fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        if let Err(error) = claim() {
            give_back();
            return Err(error);
        }
        Ok(Self {
            backend: CrosstermBackend::new(io::stdout()),
            shown: Buffer::empty(Rect::ZERO),
            cursor: None,
            mouse: true,
            stale: true,
        })
    }

    /// Draws a frame: only cells that changed are sent, nothing when none did.
    pub(in crate::tui) fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<()> {
        let (width, height) =
            if self.stale { terminal::size()? } else { (self.shown.area.width, self.shown.area.height) };
        let area = Rect::new(0, 0, width, height);
        let mut next = Buffer::empty(area);
        let cursor = draw(area, &mut next);
        let stale = std::mem::take(&mut self.stale);
        if stale {
            self.shown = Buffer::empty(area);
        }
        let changed = self.shown.diff(&next);
        if changed.is_empty() && cursor == self.cursor && !stale {
            return Ok(());
        }
        queue!(self.backend, terminal::BeginSynchronizedUpdate)?;
        if stale {
            // Within the update: nobody sees the empty screen.
            self.backend.clear()?;
        }
        if self.cursor.is_some() {
            self.backend.hide_cursor()?;
        }
        self.backend.draw(changed.into_iter())?;
        if let Some(position) = cursor {
            self.backend.set_cursor_position(position)?;
            self.backend.show_cursor()?;
        }
        queue!(self.backend, terminal::EndSynchronizedUpdate)?;
        Backend::flush(&mut self.backend)?;
        self.shown = next;
        self.cursor = cursor;
        Ok(())
    }

    /// What stands on the terminal is not what we drew.
    pub(in crate::tui) fn forget(&mut self) {
        self.stale = true;
        self.cursor = None;
    }

    /// Everything has to be drawn anew.
    pub(in crate::tui) fn is_stale(&self) -> bool {
        self.stale
    }

    /// The window has another size.
    pub(in crate::tui) fn resized(&mut self) -> io::Result<()> {
        self.forget();
        Ok(())
    }

    /// Stops this process as Ctrl-Z does, with the terminal given back; returns when it is continued.
    pub(in crate::tui) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// Continued: whatever had the terminal meanwhile, it is taken anew.
    pub(in crate::tui) fn resume(&mut self) -> io::Result<()> {
        if !OURS.load(Ordering::SeqCst) {
            claim()?;
        } else {
            // Stopped without a chance to give it back, or taken just now. Never by way of cooked mode: a key that is
            // typed meanwhile would be echoed, and Ctrl-C would be a signal.
            let stdin = io::stdin();
            let mut raw = tcgetattr(&stdin)?;
            raw.make_raw();
            tcsetattr(&stdin, OptionalActions::Now, &raw)?;
            let mut out = io::stdout();
            execute!(out, EnterAlternateScreen, cursor::Hide)?;
            write!(out, "{PASTE_ON}{MOUSE_ON}")?;
        }
        self.mouse = true;
        self.forget();
        Ok(())
    }

    /// The mouse belongs to the outer terminal, for its own selection.
    pub(in crate::tui) fn free_mouse(&mut self, free: bool) -> io::Result<()> {
        if self.mouse == free {
            self.mouse = !free;
            let mut out = io::stdout();
            out.write_all(if free { MOUSE_OFF } else { MOUSE_ON }.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    /// Copies by OSC 52.
    pub(in crate::tui) fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut end = text.len().min(COPY);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(&text[..end]))
    }

    /// A bell and a notification (OSC 9); `words` are clean.
    pub(in crate::tui) fn bell(&mut self, words: &str) -> io::Result<()> {
        let mut out = io::stdout();
        write!(out, "\x07\x1b]9;{}\x1b\\", one_line(words))?;
        out.flush()
    }

    /// The window's title; clean.
    pub(in crate::tui) fn title(&mut self, title: &str) -> io::Result<()> {
        execute!(io::stdout(), SetTitle(one_line(title)))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// What goes into a control sequence of ours holds none of its own.
fn one_line(text: &str) -> String {
    let mut text = crate::terminal::sanitize_line(text);
    text.retain(|c| !c.is_control());
    text.chars().take(200).collect()
}
