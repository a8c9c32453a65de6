//! The worker of one attempt: PTY → redactor → files, until the command has ended and its terminal is drained.

use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use rustix::termios::{LocalModes, tcgetattr};
use rustix::time::{ClockId, clock_gettime};

use super::bell::Bell;
use super::files::Folder;
use super::protocol::Exit;
use super::shared::{News, Orders, Shared};
use super::tape::Tape;
use crate::secrets::{Needles, Redactor};

/// Most that is read before it is written, in bytes, and how much room there is for it until that is too little.
const GULP: usize = 64 << 10;
const SIP: usize = 4 << 10;
/// After the command's end its terminal must be quiet for so long, if somebody still holds it.
const QUIET: Duration = Duration::from_millis(200);
/// After the command's end its terminal is read for so long at most, however talkative its background children are.
const DRAIN: Duration = Duration::from_secs(2);
/// How often a full disk is tried again, and how long a stopped command waits for it.
const DISK_RETRY: Duration = Duration::from_millis(500);
const DISK_PATIENCE: Duration = Duration::from_secs(2);
/// When the terminal's echo is looked at again after output, and while a line stands unfinished.
const MOOD_SOON: Duration = Duration::from_millis(100);
const MOOD_LATER: Duration = Duration::from_millis(500);
/// Fewer held bytes than this are shown after [`MOOD_SOON`]; so much of a secret's beginning tells nothing.
const SHOWN_HELD: usize = 4;
/// How often the command is looked at where the kernel has no pidfd, and a hung-up terminal while the command lives.
const LOOK: Duration = Duration::from_millis(20);
const HUNG_UP_LOOK: Duration = Duration::from_millis(200);

/// RFC 3339 to the microsecond, as the journal writes it.
pub(super) fn now_text() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Time since the machine's boot with its sleep, which is what a command's duration is measured in.
pub(super) fn uptime() -> Duration {
    clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
}

/// The worker's own things.
pub(super) struct Worker {
    attempt: u32,
    shared: Arc<Shared>,
    folder: Arc<Folder>,
    desk: Arc<Bell>,
    tape: Tape,
    terminal: Redactor,
    pipe: Redactor,
    stdout: Option<PipeReader>,
    /// Everybody closed the terminal. While the command lives it may be opened again (`/dev/tty`).
    hung_up: bool,
    pidfd: Option<OwnedFd>,
    last_output: Instant,
    gulp: Vec<u8>,
    clean: Vec<u8>,
    trouble: Option<String>,
    ended: Option<Ended>,
    /// The redactors gave back what they held: nothing is read any more.
    closed: bool,
}

/// The command's own process has ended.
struct Ended {
    at: String,
    took: Duration,
    seen: Instant,
    /// Until when its terminal is read at most; moves while reading is held.
    drain_until: Instant,
    left_behind: bool,
}

impl Worker {
    /// All that the worker needs; `run` then goes on a thread of its own.
    pub(super) fn new(
        attempt: u32,
        shared: Arc<Shared>,
        folder: Arc<Folder>,
        desk: Arc<Bell>,
        tape: Tape,
        needles: &Arc<Needles>,
        stdout: Option<PipeReader>,
    ) -> Self {
        Self {
            attempt,
            pidfd: pidfd_open(shared.pid, PidfdFlags::empty()).ok(),
            last_output: Instant::now(),
            shared,
            folder,
            desk,
            tape,
            terminal: Redactor::new(Arc::clone(needles)),
            pipe: Redactor::new(Arc::clone(needles)),
            stdout,
            hung_up: false,
            gulp: vec![0; SIP],
            clean: Vec::new(),
            trouble: None,
            ended: None,
            closed: false,
        }
    }

    /// Works until the attempt's end is on the notice board.
    pub(super) fn run(mut self) {
        loop {
            let orders = self.shared.orders();
            if let Some(needles) = &orders.needles {
                self.change_needles(needles);
            }
            let written = self.write(&orders);
            if let Some(exit) = self.try_to_end(&orders, written) {
                let filed = self.file_exit(&exit);
                self.publish(Some((exit, filed)));
                return;
            }
            self.publish(None);
            self.wait(&orders, written);
        }
    }

    /// Puts pending output on disk; false while the disk does not take it.
    fn write(&mut self, orders: &Orders) -> bool {
        let outcome = self.tape.flush(self.age());
        match outcome {
            Ok(()) => self.trouble = None,
            Err(_) if orders.unrecorded => {
                self.tape.give_up();
                self.trouble = None;
            }
            Err(error) => {
                self.trouble = Some(format!("output cannot be written, so the command is held: {error}"));
                return false;
            }
        }
        true
    }

    /// Since the spawn.
    fn age(&self) -> Duration {
        uptime().saturating_sub(self.shared.spawned)
    }

    fn change_needles(&mut self, needles: &Arc<Needles>) {
        self.give_back();
        self.terminal = Redactor::new(Arc::clone(needles));
        self.pipe = Redactor::new(Arc::clone(needles));
    }

    /// Takes what the redactors hold.
    fn give_back(&mut self) {
        self.clean.clear();
        self.terminal.finish(&mut self.clean);
        self.tape.show(&self.clean);
        self.clean.clear();
        self.pipe.finish(&mut self.clean);
        self.tape.show_stdout(&self.clean);
    }

    /// The exit, once the command has ended, its terminal is drained and all is written (or given up).
    fn try_to_end(&mut self, orders: &Orders, written: bool) -> Option<Exit> {
        let ended = self.ended.as_mut()?;
        let now = Instant::now();
        let impatient = orders.stop_asked && now.duration_since(ended.seen) > DISK_PATIENCE;
        if !written && !impatient {
            ended.drain_until = now + DRAIN;
            self.last_output = now;
            return None;
        }
        if !self.closed {
            if orders.held {
                ended.drain_until = now + DRAIN;
                self.last_output = now;
                return None;
            }
            let all_closed = self.hung_up && self.stdout.is_none();
            let quiet = now.duration_since(self.last_output.max(ended.seen)) >= QUIET;
            if !(all_closed || quiet || now >= ended.drain_until || impatient && !written) {
                return None;
            }
            ended.left_behind = !all_closed;
            self.closed = true;
            self.give_back();
            let written = self.write(orders);
            if !written && !impatient {
                return None;
            }
        }
        self.tape.give_up();
        if let Err(error) = self.tape.sync() {
            super::log(&format!("attempt {}: the output could not be synced: {error}", self.attempt));
            self.trouble = Some(format!("output could not be forced to the disk: {error}"));
        }
        Some(self.exit())
    }

    fn exit(&mut self) -> Exit {
        let status = self.shared.reap();
        if let Err(error) = &status {
            super::log(&format!("attempt {}: its exit status could not be read: {error}", self.attempt));
        }
        let (stdout_len, stdout_truncated) = self.tape.stdout();
        let (ended_at, took, left_behind) = match self.ended.take() {
            Some(ended) => (ended.at, ended.took, ended.left_behind),
            None => (now_text(), self.age(), false),
        };
        Exit {
            code: status.as_ref().ok().and_then(std::process::ExitStatus::code),
            signal: status.as_ref().ok().and_then(ExitStatusExt::signal),
            out_len: self.tape.len(),
            out_sha256: self.tape.sha256(),
            stdout_len,
            stdout_truncated,
            lost: self.tape.lost(),
            left_behind,
            ended_at,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// Writes the end down; on a full disk it tries until it works or the operator does not want to wait.
    fn file_exit(&mut self, exit: &Exit) -> bool {
        let since = Instant::now();
        loop {
            let Err(error) = self.folder.end(self.attempt, exit) else {
                self.trouble = None;
                return true;
            };
            let orders = self.shared.orders();
            if orders.unrecorded || orders.stop_asked && since.elapsed() > DISK_PATIENCE {
                super::log(&format!("attempt {}: its exit could not be written: {error}", self.attempt));
                return false;
            }
            self.trouble = Some(format!("the command has ended, but its exit cannot be written: {error}"));
            self.publish(None);
            pause(&mut [PollFd::new(&self.shared.bell, PollFlags::IN)], Some(DISK_RETRY));
            self.shared.bell.hush();
        }
    }

    fn publish(&mut self, end: Option<(Exit, bool)>) {
        let echo = match tcgetattr(&self.shared.pty) {
            Ok(modes) => modes.local_modes.contains(LocalModes::ECHO),
            Err(_) => true,
        };
        let news = News {
            len: self.tape.len(),
            unfinished_line: self.tape.unfinished() || self.terminal.held() > 0 || self.pipe.held() > 0,
            held: self.shown_held().to_vec(),
            echo,
            trouble: self.trouble.clone(),
            end,
        };
        let mut board = self.shared.board();
        if board.news != news {
            board.news = news;
            drop(board);
            self.desk.ring();
        }
    }

    /// What the redactor holds back of a last line and may be shown meanwhile: an echoed key or the end of a prompt.
    fn shown_held(&self) -> &[u8] {
        let held = self.terminal.peek_held();
        if held.len() < SHOWN_HELD && self.last_output.elapsed() >= MOOD_SOON { held } else { &[] }
    }

    /// Sleeps until something is to be done, and does the reading and typing that is due.
    fn wait(&mut self, orders: &Orders, written: bool) {
        let may_read = written && !orders.held && !self.closed;
        let read_terminal = may_read && !self.hung_up;
        let type_in = orders.input && !self.hung_up;
        let shared = Arc::clone(&self.shared);
        let bell = PollFd::new(&shared.bell, PollFlags::IN);
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, read_terminal);
        wanted.set(PollFlags::OUT, type_in);
        let (mut terminal_at, mut stdout_at, mut command_at) = (None, None, None);
        let heard = {
            let mut fds = vec![bell];
            if !wanted.is_empty() {
                terminal_at = Some(fds.len());
                fds.push(PollFd::new(&shared.pty, wanted));
            }
            if let Some(stdout) = self.stdout.as_ref().filter(|_| may_read) {
                stdout_at = Some(fds.len());
                fds.push(PollFd::new(stdout, PollFlags::IN));
            }
            if let Some(pidfd) = self.pidfd.as_ref().filter(|_| self.ended.is_none()) {
                command_at = Some(fds.len());
                fds.push(PollFd::new(pidfd, PollFlags::IN));
            }
            pause(&mut fds, self.timeout(orders, written));
            let heard = |at: Option<usize>| at.and_then(|at| fds.get(at)).map_or(PollFlags::empty(), PollFd::revents);
            [heard(Some(0)), heard(terminal_at), heard(stdout_at), heard(command_at)]
        };
        let [bell, terminal, stdout, command] = heard;
        if !bell.is_empty() {
            shared.bell.hush();
        }
        let gone = PollFlags::HUP | PollFlags::ERR;
        if type_in && terminal.intersects(PollFlags::OUT | gone) {
            self.type_in(terminal.intersects(gone));
        }
        // The command first: what it wrote before its end is then read below or in the next round.
        if self.ended.is_none() && (!command.is_empty() || self.pidfd.is_none()) {
            self.look_at_command();
        }
        if read_terminal && terminal.intersects(PollFlags::IN | gone) || self.hung_up && may_read {
            self.read_terminal();
        }
        if stdout.intersects(PollFlags::IN | gone) {
            self.read_stdout();
        }
    }

    fn timeout(&self, orders: &Orders, written: bool) -> Option<Duration> {
        let now = Instant::now();
        let mut due = Vec::new();
        if !written {
            due.push(DISK_RETRY);
        } else if let Some(ended) = &self.ended
            && !orders.held
        {
            let quiet = self.last_output.max(ended.seen) + QUIET;
            due.push(quiet.min(ended.drain_until).saturating_duration_since(now));
        }
        if self.ended.is_none() {
            if self.pidfd.is_none() {
                due.push(LOOK);
            }
            if self.hung_up {
                due.push(HUNG_UP_LOOK);
            }
            let since = now.duration_since(self.last_output);
            if since < MOOD_SOON {
                due.push(MOOD_SOON - since);
            } else if orders.followed && self.tape.unfinished() {
                due.push(MOOD_LATER);
            }
        }
        due.into_iter().min()
    }

    fn look_at_command(&mut self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.shared.pid), options) {
            Ok(None) | Err(Errno::INTR) => return,
            // ECHILD cannot be (SIGCHLD is not ignored here); were it so, the status is lost and that is said by `exit`.
            Ok(Some(_)) | Err(_) => {}
        }
        let now = Instant::now();
        self.ended =
            Some(Ended { at: now_text(), took: self.age(), seen: now, drain_until: now + DRAIN, left_behind: false });
    }

    fn read_terminal(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut source = &shared.pty;
        let (n, end) = self.gulp(&mut source);
        self.hung_up = end;
        if n > 0 {
            self.clean.clear();
            self.terminal.push(&self.gulp[..n], &mut self.clean);
            self.tape.show(&self.clean);
        }
    }

    fn read_stdout(&mut self) {
        let Some(mut source) = self.stdout.take() else { return };
        let (n, end) = self.gulp(&mut source);
        if n > 0 {
            self.clean.clear();
            self.pipe.push(&self.gulp[..n], &mut self.clean);
            self.tape.show_stdout(&self.clean);
        }
        self.stdout = (!end).then_some(source);
    }

    /// Reads what is there, up to [`GULP`]: (bytes, nothing will come any more).
    fn gulp(&mut self, source: &mut impl Read) -> (usize, bool) {
        let mut n = 0;
        let end = loop {
            match source.read(&mut self.gulp[n..]) {
                Ok(0) => break true,
                Ok(more) => n += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                // A PTY says EIO where a pipe says end.
                Err(_) => break true,
            }
            if n == GULP {
                break false;
            }
            if n == self.gulp.len() {
                self.gulp.resize(GULP, 0);
            }
        };
        if n > 0 {
            self.last_output = Instant::now();
        }
        (n, end)
    }

    fn type_in(&mut self, gone: bool) {
        let mut board = self.shared.board();
        let (front, _) = board.input.as_slices();
        match rustix::io::write(&self.shared.pty, front) {
            Ok(n) => drop(board.input.drain(..n)),
            Err(Errno::AGAIN | Errno::INTR) if !gone => {}
            // Nobody can read it any more.
            Err(_) => board.input.clear(),
        }
    }
}

/// Polls; an interrupted or failed poll counts as a wake-up.
pub(super) fn pause(fds: &mut [PollFd<'_>], limit: Option<Duration>) {
    let limit = limit.and_then(|limit| Timespec::try_from(limit + Duration::from_micros(500)).ok());
    if let Err(error) = poll(fds, limit.as_ref())
        && error != Errno::INTR
    {
        super::log(&format!("poll failed: {error}"));
        std::thread::sleep(LOOK);
    }
}
