//! The thin shell around the program: the terminal, signals, the link, the loop.

mod reader;
pub(in crate::tui) mod screen;

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use self::reader::Reader;
use self::screen::Screen;
use super::app::{App, Out};
use super::input::Decoder;
use super::{Exit, Options};
use crate::link::{ClientLink, FromHost};

/// Time between frames: at most 60 a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// A lone ESC is the key when nothing follows it within this time (slow lines send a sequence in one piece).
const ESC: Duration = Duration::from_millis(30);
/// Messages taken before something is drawn again.
const BATCH: usize = 4_096;

/// Why the screens could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal.
    #[error("no terminal to draw on: use --plain")]
    NoTerminal,
    /// A thread of the client failed; the terminal was given back.
    #[error("a part of the screens failed; the run goes on")]
    Failed,
    /// The terminal could not be used.
    #[error("the terminal cannot be used ({0}): use --plain")]
    Io(#[from] io::Error),
}

/// Something that wakes the loop.
enum Wake {
    Bytes(Instant, Vec<u8>),
    /// The terminal is gone.
    Eof,
    Host(Box<FromHost>),
    HostGone,
    Signal(i32),
}

/// The terminal, taken already by the screens before a run: it is not given back between.
pub struct Taken {
    pub(in crate::tui) screen: Screen,
    /// A signal asked for the end meanwhile.
    pub(in crate::tui) ended: bool,
}

/// Shows the run behind `link` on a terminal of its own: [`run_on`] without one that is taken.
///
/// # Errors
/// There is no terminal, or it can't be used.
pub fn run(link: ClientLink, options: Options) -> Result<Exit, TuiError> {
    run_on(None, link, options)
}

/// Shows the run behind `link` until the operator leaves, the run is over, or a signal comes. The terminal is as it was
/// afterwards, whatever happened.
///
/// # Errors
/// There is no terminal, or it can't be used.
pub fn run_on(taken: Option<Taken>, link: ClientLink, options: Options) -> Result<Exit, TuiError> {
    if taken.as_ref().is_some_and(|taken| taken.ended || screen::is_gone()) {
        return Ok(Exit::Interrupted);
    }
    if !rustix::termios::isatty(io::stdin()) || !rustix::termios::isatty(io::stdout()) {
        return Err(TuiError::NoTerminal);
    }
    let (wake, woken) = channel();
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let handle = signals.handle();
    let mut screen = match taken {
        Some(taken) => taken.screen,
        None => Screen::enter()?,
    };
    screen.forget();
    let reader = Reader::start(wake.clone())?;
    let to_signal = wake.clone();
    let signal_thread = thread::Builder::new().name("tui-signals".into()).spawn(move || {
        for signal in signals.forever() {
            if to_signal.send(Wake::Signal(signal)).is_err() {
                break;
            }
        }
    })?;
    let ClientLink { to_host, from_host } = link;
    forward(from_host, wake)?;
    let mut shell = Shell {
        app: App::new(options),
        decoder: Decoder::default(),
        to_host,
        woken,
        start: Instant::now(),
        fed: Instant::now(),
    };
    let result = match shell.turn(&mut screen) {
        // Drawn before the hangup's signal came.
        Err(TuiError::Io(_)) if screen::is_gone() => Ok(Exit::Interrupted),
        result => result,
    };
    drop(screen);
    reader.stop();
    handle.close();
    let _ = signal_thread.join();
    result
}

fn forward(from_host: Receiver<FromHost>, wake: Sender<Wake>) -> io::Result<()> {
    thread::Builder::new().name("tui-link".into()).spawn(move || {
        for message in from_host {
            if wake.send(Wake::Host(Box::new(message))).is_err() {
                return;
            }
        }
        let _ = wake.send(Wake::HostGone);
    })?;
    Ok(())
}

struct Shell {
    app: App,
    decoder: Decoder,
    to_host: Sender<crate::link::FromClient>,
    woken: Receiver<Wake>,
    start: Instant,
    /// When the decoder got bytes last.
    fed: Instant,
}

impl Shell {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn turn(&mut self, screen: &mut Screen) -> Result<Exit, TuiError> {
        self.app.hello();
        let mut drawn: Option<Instant> = None;
        loop {
            if !screen::is_ours() {
                return Err(TuiError::Failed);
            }
            if let Some(exit) = self.carry_out(screen)? {
                return Ok(exit);
            }
            if self.app.is_dirty() && drawn.is_none_or(|at| at.elapsed() >= FRAME) {
                screen.free_mouse(self.app.frees_mouse())?;
                let now = self.now();
                screen.draw(|area, buf| self.app.draw(area, buf, now))?;
                drawn = Some(Instant::now());
                continue;
            }
            match self.woken.recv_timeout(self.patience(drawn)) {
                Ok(wake) => {
                    let mut next = Some(wake);
                    let mut left = BATCH;
                    while let Some(wake) = next {
                        if let Some(exit) = self.woke(wake, screen)? {
                            return Ok(exit);
                        }
                        left -= 1;
                        next = if left > 0 { self.woken.try_recv().ok() } else { None };
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Interrupted),
            }
            if self.decoder.waits() && self.fed.elapsed() >= ESC {
                let pieces = self.decoder.flush();
                let read = self.fed.saturating_duration_since(self.start);
                self.app.input(pieces, read);
            }
            let now = self.now();
            self.app.tick(now);
        }
    }

    /// How long to sleep: to the next second, the next frame, or the end of a lone ESC.
    fn patience(&self, drawn: Option<Instant>) -> Duration {
        let now = self.now();
        let mut wait = Duration::from_secs(now.as_secs() + 1).saturating_sub(now) + Duration::from_millis(1);
        if self.decoder.waits() {
            wait = wait.min(ESC.saturating_sub(self.fed.elapsed()));
        }
        if let (true, Some(at)) = (self.app.is_dirty(), drawn) {
            wait = wait.min(FRAME.saturating_sub(at.elapsed()));
        }
        wait
    }

    fn woke(&mut self, wake: Wake, screen: &mut Screen) -> Result<Option<Exit>, TuiError> {
        match wake {
            Wake::Bytes(at, bytes) => {
                self.fed = at;
                let pieces = self.decoder.feed(&bytes);
                self.app.input(pieces, at.saturating_duration_since(self.start));
            }
            Wake::Host(message) => {
                let now = self.now();
                self.app.take(*message, now);
            }
            Wake::HostGone => {
                let now = self.now();
                self.app.lost(now);
            }
            Wake::Eof | Wake::Signal(SIGTERM | SIGHUP | SIGINT) => return Ok(Some(Exit::Interrupted)),
            Wake::Signal(SIGTSTP) => screen.suspend()?,
            Wake::Signal(SIGCONT) => screen.resume()?,
            Wake::Signal(_) => screen.resized()?,
        }
        if screen.is_stale() {
            self.app.redraw();
        }
        Ok(None)
    }

    fn carry_out(&mut self, screen: &mut Screen) -> Result<Option<Exit>, TuiError> {
        let mut exit = None;
        for out in self.app.outs() {
            match out {
                Out::Send(message) => {
                    // The receiving thread says that the link is gone.
                    let _ = self.to_host.send(message);
                }
                Out::Copy(text) => screen.copy(&text)?,
                Out::Bell(words) => screen.bell(&words)?,
                Out::Title(title) => screen.title(&title)?,
                Out::Suspend => {
                    screen.suspend()?;
                    self.app.redraw();
                }
                Out::Redraw => {
                    screen.forget();
                    self.app.redraw();
                }
                Out::Exit(how) => exit = Some(how),
            }
        }
        Ok(exit)
    }
}
