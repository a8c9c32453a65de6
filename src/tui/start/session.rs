//! The terminal while pages are shown: one thread, its bytes and signals, a frame only when something changed.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

use super::page::{Held, Look, Page, Turn, Waiting, frame, take};
use crate::tui::input::{Decoder, Input, Key};
use crate::tui::shell::screen::{Screen, is_gone};
use crate::tui::theme::Theme;
use crate::tui::{Taken, TuiError};

/// A lone ESC is the key when nothing follows it within this time.
const ESC: Duration = Duration::from_millis(30);

/// How a page was left.
pub enum Left<T> {
    /// It was answered.
    Answered(T),
    /// A signal or the terminal's end.
    Interrupted,
}

/// The terminal, taken until this is dropped.
pub struct Session {
    screen: Screen,
    decoder: Decoder,
    theme: Theme,
    held: Held,
    start: Instant,
    wake: UnixStream,
    ended: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    _signals: Registered,
}

/// Signals that are listened to until this is dropped.
struct Registered(Vec<signal_hook::SigId>);

impl Drop for Registered {
    fn drop(&mut self) {
        for signal in self.0.drain(..) {
            signal_hook::low_level::unregister(signal);
        }
    }
}

impl Session {
    /// Takes the terminal.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn open(color: bool, ascii: bool) -> Result<Self, TuiError> {
        if !rustix::termios::isatty(io::stdin()) || !rustix::termios::isatty(io::stdout()) {
            return Err(TuiError::NoTerminal);
        }
        let (wake, from_signals) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let flag = || Arc::new(AtomicBool::new(false));
        let (ended, stopped, resized, continued) = (flag(), flag(), flag(), flag());
        let mut signals = vec![];
        for (number, flag) in [
            (SIGTERM, &ended),
            (SIGHUP, &ended),
            (SIGINT, &ended),
            (SIGTSTP, &stopped),
            (SIGCONT, &continued),
            (SIGWINCH, &resized),
        ] {
            signals.push(signal_hook::flag::register(number, Arc::clone(flag))?);
            signals.push(signal_hook::low_level::pipe::register(number, from_signals.try_clone()?)?);
        }
        Ok(Self {
            screen: Screen::enter()?,
            decoder: Decoder::default(),
            theme: Theme { color, ascii },
            held: Held::default(),
            start: Instant::now(),
            wake,
            ended,
            stopped,
            resized,
            continued,
            _signals: Registered(signals),
        })
    }

    /// Shows what is waited for: no key does anything.
    ///
    /// # Errors
    /// The terminal cannot be used any more.
    pub fn wait(&mut self, waiting: &mut Waiting) -> Result<(), TuiError> {
        let look = Look { theme: self.theme, now: Utc::now() };
        match self.screen.draw(|area, buf| frame(waiting, look, area, buf)) {
            // The next page or the screens of the run say so.
            Err(_) if is_gone() => Ok(()),
            drawn => Ok(drawn?),
        }
    }

    /// Hands the terminal on to the screens of a run.
    pub fn hand_over(self) -> Taken {
        Taken { screen: self.screen, ended: self.ended.load(Ordering::SeqCst) }
    }

    /// Shows a page until it is answered.
    ///
    /// # Errors
    /// The terminal cannot be used any more.
    pub fn show<P: Page>(&mut self, page: &mut P) -> Result<Left<P::Out>, TuiError> {
        match self.turn(page) {
            // Drawn before the hangup's signal came.
            Err(TuiError::Io(_)) if is_gone() => Ok(Left::Interrupted),
            left => left,
        }
    }

    fn turn<P: Page>(&mut self, page: &mut P) -> Result<Left<P::Out>, TuiError> {
        let mut dirty = true;
        let mut second = 0;
        loop {
            if self.ended.load(Ordering::SeqCst) {
                return Ok(Left::Interrupted);
            }
            if self.stopped.swap(false, Ordering::SeqCst) {
                self.screen.suspend()?;
                dirty = true;
            }
            if self.continued.swap(false, Ordering::SeqCst) {
                self.screen.resume()?;
                dirty = true;
            }
            if self.resized.swap(false, Ordering::SeqCst) {
                self.screen.resized()?;
                dirty = true;
            }
            let now = Utc::now();
            if dirty || now.timestamp() != second {
                second = now.timestamp();
                let look = Look { theme: self.theme, now };
                self.screen.draw(|area, buf| frame(page, look, area, buf))?;
                dirty = false;
            }
            if let Some(out) = page.over() {
                return Ok(Left::Answered(out));
            }
            let Some(inputs) = self.read()? else { return Ok(Left::Interrupted) };
            for input in inputs {
                dirty = true;
                if let Input::Key(key) = &input {
                    if *key == Key::ctrl('z') {
                        self.screen.suspend()?;
                        continue;
                    }
                    if *key == Key::ctrl('l') {
                        self.screen.forget();
                        continue;
                    }
                }
                let at = self.start.elapsed();
                if let Turn::Done(out) = take(page, &mut self.held, input, at) {
                    return Ok(Left::Answered(out));
                }
            }
        }
    }

    /// What was typed, after at most a second; none at the terminal's end.
    fn read(&mut self) -> Result<Option<Vec<Input>>, TuiError> {
        let patience = if self.decoder.waits() { ESC } else { Duration::from_secs(1) };
        let limit = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: i64::from(patience.subsec_nanos()) };
        let stdin = io::stdin();
        let (typed, signal) = {
            let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            match poll(&mut fds, Some(&limit)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(TuiError::Io(error.into())),
            }
            (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
        };
        if signal {
            // Only that it woke us counts; the flags say why.
            let _ = self.wake.read(&mut [0; 64]);
        }
        let mut pieces = vec![];
        if typed {
            let mut buffer = [0; 4096];
            // Past the library's buffer, which would keep bytes from whoever reads after us.
            match rustix::io::read(stdin.as_fd(), &mut buffer) {
                Ok(0) => return Ok(None),
                Ok(n) => pieces = self.decoder.feed(&buffer[..n]),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return Ok(None),
            }
        } else if self.decoder.waits() {
            pieces = self.decoder.flush();
        }
        Ok(Some(pieces.into_iter().map(|piece| piece.input).collect()))
    }
}
