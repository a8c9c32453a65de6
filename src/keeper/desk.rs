//! The keeper's desk: one thread that talks with the host, starts commands and passes signals on.
//!
//! It never waits for a command, its output or the host, so Ctrl-C gets through whatever else hangs.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pty_process::Size;
use rustix::event::{PollFd, PollFlags};

use super::attempt::{Worker, now_text, pause, uptime};
use super::bell::Bell;
use super::conn::Conn;
use super::crew::Crew;
use super::door::Door;
use super::files::Folder;
use super::launch::launch;
use super::protocol::{Exit, FromKeeper, PROTO, Running, Spawn, ToKeeper};
use super::shared::{News, Shared};
use super::tape::{Opener, Tape};
use crate::secrets::Needles;

/// The keeper ends by itself after so long without host and commands; longer before the first host has come.
const GRACE: Duration = Duration::from_secs(3);
const FIRST_GRACE: Duration = Duration::from_secs(20);
/// Least time between two `output` messages of an attempt: about 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// An attempt that has not ended, as the desk sees it.
struct Attempt {
    shared: Arc<Shared>,
    started: String,
    spawned: Instant,
    /// The host knows its process.
    introduced: bool,
    told: News,
    told_at: Option<Instant>,
}

/// The desk's things.
pub(super) struct Desk {
    folder: Arc<Folder>,
    door: Door,
    bell: Arc<Bell>,
    opener: Opener,
    needles: Arc<Needles>,
    crew: Crew,
    conn: Option<Conn>,
    attempts: BTreeMap<u32, Attempt>,
    /// Exits that no file holds; told to every host that comes.
    unfiled: Vec<(u32, Exit)>,
    alone_since: Instant,
    grace: Duration,
}

impl Desk {
    pub(super) fn new(folder: Folder, door: Door, needles: Needles, opener: Opener) -> io::Result<Self> {
        Ok(Self {
            folder: Arc::new(folder),
            door,
            bell: Arc::new(Bell::new()?),
            opener,
            needles: Arc::new(needles),
            crew: Crew::new(),
            conn: None,
            attempts: BTreeMap::new(),
            unfiled: Vec::new(),
            alone_since: Instant::now(),
            grace: FIRST_GRACE,
        })
    }

    /// Serves until there is nobody to serve.
    pub(super) fn run(mut self) {
        loop {
            let next = self.tell_news();
            if let Some(conn) = &mut self.conn
                && let Err(error) = conn.flush()
            {
                self.part(&error.to_string());
            }
            let idle = self.conn.is_none() && self.attempts.is_empty();
            let left = self.grace.saturating_sub(self.alone_since.elapsed());
            if idle && left.is_zero() {
                return;
            }
            let limit = if idle { Some(left) } else { next };
            self.wait(limit);
        }
    }

    fn wait(&mut self, limit: Option<Duration>) {
        let (bell, knock, host) = {
            let mut fds =
                vec![PollFd::new(&self.bell, PollFlags::IN), PollFd::new(self.door.listener(), PollFlags::IN)];
            if let Some(conn) = &self.conn {
                let wanted = if conn.idle() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
                fds.push(PollFd::new(conn, wanted));
            }
            pause(&mut fds, limit);
            let heard = |at: usize| fds.get(at).map_or(PollFlags::empty(), PollFd::revents);
            (heard(0), heard(1), heard(2))
        };
        if !bell.is_empty() {
            self.bell.hush();
        }
        if host.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.listen();
        }
        if !knock.is_empty() {
            match self.door.listener().accept() {
                Ok((stream, _)) => self.welcome(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => super::log(&format!("a connection was not accepted: {error}")),
            }
        }
    }

    /// A host has come; it takes the place of another one.
    fn welcome(&mut self, stream: UnixStream) {
        match Conn::accept(stream) {
            Ok(conn) => self.conn = Some(conn),
            Err(error) => return super::log(&format!("a connection was refused: {error}")),
        }
        self.grace = GRACE;
        for attempt in self.attempts.values_mut() {
            attempt.shared.follow(true);
            // Everything but the length, which `hello` tells, is told again.
            attempt.told = News { len: attempt.shared.board().news.len, echo: true, ..News::default() };
        }
        self.greet();
        for (attempt, exit) in self.unfiled.clone() {
            self.say(&FromKeeper::Exited { attempt, exit });
        }
    }

    fn greet(&mut self) {
        let attempts = self.attempts.iter().map(|(number, attempt)| Running {
            attempt: *number,
            pid: attempt.pid(),
            out_len: attempt.told.len,
            started: attempt.started.clone(),
        });
        let hello = FromKeeper::Hello {
            proto: PROTO,
            pid: std::process::id(),
            program: env!("CARGO_PKG_VERSION").into(),
            boot_id: self.folder.boot_id().into(),
            attempts: attempts.collect(),
            ended: self.unfiled.iter().map(|(attempt, _)| *attempt).collect(),
        };
        self.say(&hello);
    }

    /// The host has gone, or is sent away.
    fn part(&mut self, why: &str) {
        if self.conn.take().is_some() {
            super::log(&format!("the host is gone: {why}"));
            self.alone_since = Instant::now();
            for attempt in self.attempts.values() {
                attempt.shared.follow(false);
            }
        }
    }

    fn say(&mut self, message: &FromKeeper) {
        if let Some(conn) = &mut self.conn
            && let Err(error) = conn.say(message)
        {
            self.part(&error.to_string());
        }
    }

    fn listen(&mut self) {
        let Some(conn) = &mut self.conn else { return };
        let (lines, alive) = match conn.lines() {
            Ok(heard) => heard,
            Err(error) => return self.part(&error.to_string()),
        };
        for line in lines {
            match serde_json::from_slice(&line) {
                Ok(message) => self.obey(message),
                // The error's own text could quote a value of the environment.
                Err(error) => self.refuse(format!("a message was not understood (column {})", error.column())),
            }
        }
        if !alive {
            self.part("it closed the connection");
        }
    }

    fn refuse(&mut self, why: String) {
        super::log(&format!("refused: {why}"));
        self.say(&FromKeeper::Refused { why });
    }

    fn obey(&mut self, message: ToKeeper) {
        match message {
            ToKeeper::Spawn(order) => self.spawn(&order),
            ToKeeper::Type { attempt, bytes } => {
                let Some(it) = self.attempts.get(&attempt) else { return };
                if !it.shared.type_in(&bytes) {
                    self.refuse(format!(
                        "attempt {attempt} does not read what is typed; {} bytes were dropped",
                        bytes.len()
                    ));
                }
            }
            ToKeeper::Size { attempt, cols, rows } => {
                let Some(it) = self.attempts.get(&attempt) else { return };
                if let Err(error) = it.shared.pty.resize(Size::new(rows.max(1), cols.max(1))) {
                    self.refuse(format!("attempt {attempt} could not be resized: {error}"));
                }
            }
            ToKeeper::Signal { attempt, stage } => {
                // An attempt that has ended meanwhile needs no signal, and its exit is on the way.
                let Some(it) = self.attempts.get(&attempt) else { return };
                if let Err(error) = it.shared.signal(stage) {
                    self.refuse(format!("attempt {attempt} could not be signalled: {error}"));
                }
            }
            ToKeeper::Seen { attempt, len } => {
                if let Some(it) = self.attempts.get(&attempt) {
                    it.shared.seen(len);
                }
            }
            ToKeeper::Secrets { values } => match Needles::new(values) {
                Ok(needles) => {
                    self.needles = Arc::new(needles);
                    for it in self.attempts.values() {
                        it.shared.mask_with(Arc::clone(&self.needles));
                    }
                }
                Err(error) => self.refuse(format!("the secrets were not taken, the old ones stay masked: {error}")),
            },
            ToKeeper::Unrecorded { attempt } => {
                if let Some(it) = self.attempts.get(&attempt) {
                    it.shared.go_unrecorded();
                }
            }
            ToKeeper::Status => self.greet(),
            ToKeeper::Leave => {
                self.part("it left");
                self.grace = Duration::ZERO;
            }
        }
    }

    fn spawn(&mut self, order: &Spawn) {
        if let Err(why) = self.try_spawn(order) {
            self.say(&FromKeeper::NotStarted { attempt: order.attempt, why });
        }
    }

    /// Starts a command; the error means that nothing ran.
    fn try_spawn(&mut self, order: &Spawn) -> Result<(), String> {
        let attempt = order.attempt;
        // All that can fail for want of something comes before the command.
        let bell = Bell::new().map_err(|error| format!("there are no descriptors left: {error}"))?;
        let place = self.crew.place().map_err(|error| format!("no thread could be started: {error}"))?;
        let started = now_text();
        let begun = self.folder.begin(attempt, &started)?;
        let spawned = uptime();
        let launched = match launch(order) {
            Ok(launched) => launched,
            Err(why) => {
                begun.take_back();
                return Err(why);
            }
        };
        begun.runs_as(launched.child.id());
        let shared = Arc::new(Shared::new(launched.pty, launched.child, spawned, bell, self.conn.is_some()));
        let tape = Tape::new(self.folder.path(), attempt, &self.opener, order.capture_stdout);
        let (folder, desk) = (Arc::clone(&self.folder), Arc::clone(&self.bell));
        let worker = Worker::new(attempt, Arc::clone(&shared), folder, desk, tape, &self.needles, launched.stdout);
        place.take(worker);
        let told = News { echo: true, ..News::default() };
        let (spawned, introduced) = (Instant::now(), false);
        self.attempts.insert(attempt, Attempt { shared, started, spawned, introduced, told, told_at: None });
        Ok(())
    }

    /// Tells the host what the workers put up; gives the time until more is due.
    fn tell_news(&mut self) -> Option<Duration> {
        let mut due: Option<Duration> = None;
        let mut messages = Vec::new();
        let mut ended = Vec::new();
        let busy = self.conn.as_ref().is_some_and(|conn| !conn.idle());
        for (number, it) in &mut self.attempts {
            let news = it.shared.board().news.clone();
            let is_news = news.end.is_some() || news != it.told;
            // Most commands are over in a moment: then one message says all, and the host is woken once.
            let age = it.spawned.elapsed();
            if !it.introduced && (is_news || age >= FRAME) {
                it.introduced = true;
                messages.push(FromKeeper::Started { attempt: *number, pid: it.pid() });
            } else if !it.introduced {
                let wait = FRAME - age;
                due = Some(due.map_or(wait, |due| due.min(wait)));
            }
            if !is_news {
                continue;
            }
            it.tell_trouble(*number, &news, &mut messages);
            if news.mood() != it.told.mood() {
                let since = it.told_at.map(|at| at.elapsed());
                // The first output and the last are told at once, what is between when it is due: the newest counts.
                let wait = since.map_or(Duration::ZERO, |since| FRAME.saturating_sub(since));
                if news.end.is_some() || wait.is_zero() && !busy {
                    let News { len, unfinished_line, echo, ref held, .. } = news;
                    messages.push(FromKeeper::Output {
                        attempt: *number,
                        len,
                        unfinished_line,
                        echo,
                        held: held.clone(),
                    });
                    it.told_at = Some(Instant::now());
                    it.told = News { trouble: it.told.trouble.take(), end: None, ..news.clone() };
                } else if !busy {
                    due = Some(due.map_or(wait, |due| due.min(wait)));
                }
            }
            if let Some((exit, filed)) = news.end {
                ended.push(*number);
                if !filed {
                    self.unfiled.push((*number, exit.clone()));
                }
                messages.push(FromKeeper::Exited { attempt: *number, exit });
            }
        }
        for message in &messages {
            self.say(message);
        }
        // Closing a terminal takes a moment, and the host waits for the message.
        for number in ended {
            self.attempts.remove(&number);
            self.alone_since = Instant::now();
        }
        due
    }
}

impl Attempt {
    fn pid(&self) -> u32 {
        self.shared.pid.as_raw_nonzero().get().unsigned_abs()
    }

    fn tell_trouble(&mut self, attempt: u32, news: &News, messages: &mut Vec<FromKeeper>) {
        if news.trouble == self.told.trouble {
            return;
        }
        messages.push(match &news.trouble {
            Some(text) => FromKeeper::Trouble { attempt, text: text.clone() },
            None => FromKeeper::Recovered { attempt },
        });
        self.told.trouble.clone_from(&news.trouble);
    }
}

impl News {
    /// What an `output` message tells.
    fn mood(&self) -> (u64, bool, bool, &[u8]) {
        (self.len, self.unfinished_line, self.echo, &self.held)
    }
}
