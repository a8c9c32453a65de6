//! The screens of commands: read from their output files, sent as rows to who shows them.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Hands, Watch};
use crate::host::clients::Clients;
use crate::host::log;
use crate::keeper::protocol::ToKeeper;
use crate::link::Rows;
use crate::terminal::Follower;
use crate::words::files;

/// Rows of history that a client gets with the screen.
const HISTORY: usize = 500;
/// Rows that are given out at once.
const MOST_ROWS: usize = 2000;
/// Least real time between two pictures of a screen: 60 a second.
const FRAME: Duration = Duration::from_millis(16);
/// Silent for so long behind an unfinished line a command seems to ask (UX.md).
const ASKS: Duration = Duration::from_secs(3);
/// Screens of ended attempts that are kept.
const OLD: usize = 4;

impl Watch {
    fn open(&mut self, path: &Path, (cols, rows): (u16, u16)) {
        if self.follower.is_none() && !self.hidden {
            match Follower::open(path, cols, rows) {
                Ok(follower) => self.follower = Some(follower.answering_from(self.answered)),
                Err(error) => log(&format!("output {} cannot be read: {error}", path.display())),
            }
        }
    }
}

impl Hands {
    /// Somebody shows an attempt: its screen is kept from now on.
    pub fn show(&mut self, attempt: u32) {
        let path = self.terminals.join(files::out(attempt));
        let size = self.size;
        if let Some(watch) = self.watched.get_mut(&attempt) {
            watch.open(&path, size);
            watch.dirty = true;
        } else if !self.old.contains_key(&attempt)
            && let Ok(mut follower) = Follower::open(&path, size.0, size.1)
        {
            let len = std::fs::metadata(&path).map(|m| m.len()).unwrap_or_default();
            read_to(&mut follower, len);
            self.keep_old(attempt, follower);
        }
    }

    /// Keeps the screen of an attempt that has ended, for as long as not too many others come.
    pub(super) fn keep_old(&mut self, attempt: u32, follower: Follower) {
        while self.old.len() >= OLD {
            self.old.pop_first();
        }
        self.old.insert(attempt, follower);
    }

    /// More output is there.
    pub(super) fn output(&mut self, attempt: u32, len: u64, unfinished: bool, echo: bool) {
        let path = self.terminals.join(files::out(attempt));
        let size = self.size;
        let Some(watch) = self.watched.get_mut(&attempt) else { return };
        if len > watch.len {
            watch.wrote = Instant::now();
        }
        watch.len = watch.len.max(len);
        (watch.unfinished, watch.echo) = (unfinished, echo);
        watch.dirty = true;
        watch.open(&path, size);
        if watch.follower.is_none() {
            // Nobody reads it: the keeper need not wait for anybody.
            self.say(&ToKeeper::Seen { attempt, len });
        }
    }

    /// Reads what is new of the screens and lets the keeper go on.
    fn follow(&mut self) {
        let mut words = vec![];
        self.behind = false;
        for (attempt, watch) in &mut self.watched {
            let Some(follower) = &mut watch.follower else { continue };
            if follower.behind(watch.len) == 0 {
                continue;
            }
            let read = follower.poll(watch.len);
            let answer = follower.screen_mut().replies();
            if !answer.is_empty() {
                words.push(ToKeeper::Type { attempt: *attempt, bytes: answer });
            }
            let seen = match read {
                Ok(true) => {
                    watch.dirty = true;
                    self.behind |= follower.behind(watch.len) > 0;
                    follower.offset()
                }
                // Not to be read, or shorter than was said: the command must not wait for that.
                Ok(false) => watch.len,
                Err(error) => {
                    log(&format!("output of attempt {attempt} cannot be read: {error}"));
                    watch.len
                }
            };
            words.push(ToKeeper::Seen { attempt: *attempt, len: seen });
        }
        for message in words {
            self.say(&message);
        }
    }

    /// Output waits to be read, and reading gets on.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// When the next picture of a screen may be sent, if somebody waits for one.
    pub fn next_frame(&self) -> Option<Duration> {
        self.due.then(|| FRAME.saturating_sub(self.last_frame.elapsed()).max(Duration::from_millis(2)))
    }

    /// Sends changed rows to whoever shows them.
    pub fn send_rows(&mut self, clients: &mut Clients) {
        self.follow();
        for watch in self.watched.values_mut() {
            let asks = watch.unfinished && watch.wrote.elapsed() >= ASKS;
            watch.dirty |= asks != watch.asks;
            watch.asks = asks;
        }
        let shown: Vec<(u32, bool)> =
            clients.iter_mut().filter_map(|c| Some((c.shown.attempt()?, c.shown.is_fresh()))).collect();
        for (attempt, _) in shown.iter().filter(|(_, fresh)| *fresh) {
            self.show(*attempt);
        }
        for client in clients.iter_mut() {
            let dirty = client.shown.attempt().and_then(|a| self.watched.get(&a)).is_some_and(|w| w.dirty);
            client.shown.due |= dirty;
        }
        self.watched.values_mut().for_each(|watch| watch.dirty = false);
        let frame = self.last_frame.elapsed() >= FRAME;
        self.due = false;
        for client in clients.iter_mut() {
            let Some(attempt) = client.shown.attempt() else { continue };
            if !client.shown.is_fresh() && !client.shown.due {
                continue;
            }
            if client.has_rows_to_read() || !(frame || client.shown.is_fresh()) {
                self.due = true;
                continue;
            }
            let Some(mut rows) = self.rows(attempt, false) else { continue };
            if client.shown.starts_anew(&rows) {
                rows = self.rows(attempt, true).unwrap_or(rows);
            }
            client.shown.due = false;
            if let Some(rows) = client.shown.news(rows) {
                client.send_rows(rows);
            }
        }
        if frame {
            self.last_frame = std::time::Instant::now();
        }
    }

    /// The screen, with the history above it when it is wanted.
    fn rows(&self, attempt: u32, with_history: bool) -> Option<Rows> {
        let (follower, watch) = match self.watched.get(&attempt) {
            Some(watch) => (watch.follower.as_ref()?, Some(watch)),
            None => (self.old.get(&attempt)?, None),
        };
        let screen = follower.screen();
        let history = screen.history_len();
        let from = if with_history { history.saturating_sub(HISTORY) } else { history };
        let total = screen.rows_total();
        let (cols, height) = screen.size();
        let modes = screen.modes();
        let cursor = screen.cursor();
        Some(Rows {
            attempt,
            cols,
            height,
            history,
            rows: (from..total).zip(screen.rows(from, total - from)).collect(),
            cursor: (cursor.visible && watch.is_some()).then_some((cursor.col, cursor.row)),
            alternate: modes.alternate_screen,
            app_cursor: modes.app_cursor,
            bracketed_paste: modes.bracketed_paste,
            asks: watch.is_some_and(|w| w.asks),
            hidden_input: watch.is_some_and(|w| !w.echo),
            bytes: watch.map_or(follower.offset(), |w| w.len),
        })
    }

    /// Rows of an attempt's history.
    pub fn scroll(&mut self, attempt: u32, from: usize, count: usize) -> Option<Rows> {
        self.show(attempt);
        let mut all = self.rows(attempt, false)?;
        let follower = self.watched.get(&attempt).and_then(|w| w.follower.as_ref()).or(self.old.get(&attempt))?;
        let count = count.min(MOST_ROWS);
        all.rows = (from..from.saturating_add(count)).zip(follower.screen().rows(from, count)).collect();
        Some(all)
    }
}

/// Reads a screen up to so many bytes of its output.
pub(super) fn read_to(follower: &mut Follower, len: u64) {
    while follower.behind(len) > 0 && matches!(follower.poll(len), Ok(true)) {}
}
