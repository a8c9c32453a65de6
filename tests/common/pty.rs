//! The built program at a real terminal: a PTY whose other end is read by the emulator, so a test sees what an
//! operator sees, types what an operator types, and waits for what stands on the screen, never for a time.

use std::io::{PipeWriter, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flightdeck::terminal::{Modes, Screen, plain};
use pty_process::{Size, blocking};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that a test waits for.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What stands on the screen.
#[derive(Clone, Debug, Default)]
pub struct Shot {
    /// The rows as text, without blanks at their ends.
    pub rows: Vec<String>,
    /// The modes the program switched on.
    pub modes: Modes,
    /// The other end is closed.
    pub ended: bool,
    /// When the picture changed last.
    pub since: Option<Instant>,
}

impl Shot {
    /// The last row: what Enter does, and the other keys.
    pub fn bottom(&self) -> &str {
        self.rows.last().map_or("", String::as_str)
    }

    /// Some row holds `text`.
    pub fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// The rows, one a line.
    pub fn text(&self) -> String {
        self.rows.join("\n")
    }
}

struct Seen {
    screen: Screen,
    shot: Shot,
    raw: Vec<u8>,
}

/// A program at a terminal of its own.
pub struct Terminal {
    master: Option<Arc<blocking::Pty>>,
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    stop: Option<PipeWriter>,
    reader: Option<JoinHandle<()>>,
}

/// A program to be started: arguments, and variables beside [`surroundings`].
pub struct Start<'a> {
    pub program: &'a str,
    pub args: &'a [&'a str],
    pub env: &'a [(&'a str, &'a str)],
    pub cols: u16,
    pub rows: u16,
}

impl Terminal {
    /// Starts flightdeck in `home` with these arguments.
    pub fn flightdeck(home: &Home, (cols, rows): (u16, u16), args: &[&str]) -> Self {
        Self::start(home, &Start { program: env!("CARGO_BIN_EXE_flightdeck"), args, env: &[], cols, rows })
    }

    /// Starts any program in `home`.
    pub fn start(home: &Home, start: &Start<'_>) -> Self {
        let (pty, pts) = blocking::open().unwrap();
        pty.resize(Size::new(start.rows, start.cols)).unwrap();
        let child = blocking::Command::new(start.program)
            .args(start.args)
            .env_clear()
            .envs(home.surroundings())
            .envs(start.env.iter().copied())
            .current_dir(home.path())
            .spawn(pts)
            .unwrap();
        let screen = Screen::new(start.cols, start.rows, 2_000);
        let seen = Arc::new((Mutex::new(Seen { screen, shot: Shot::default(), raw: vec![] }), Condvar::new()));
        let master = Arc::new(pty);
        let (stopped, stop) = std::io::pipe().unwrap();
        let reader = std::thread::spawn({
            let (master, seen) = (master.clone(), seen.clone());
            move || read(&master, &stopped, &seen)
        });
        Self { master: Some(master), child, seen, stop: Some(stop), reader: Some(reader) }
    }

    /// What stands on the screen now.
    pub fn shot(&self) -> Shot {
        self.seen.0.lock().unwrap().shot.clone()
    }

    /// Every byte that came to the terminal so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// Waits until the screen shows something; when it never does the test fails with `what` and the last screen.
    pub fn wait_for<T>(&self, what: &str, pick: impl FnMut(&Shot) -> Option<T>) -> T {
        self.wait_within(LIMIT, what, pick)
            .unwrap_or_else(|shot| panic!("{what}: not within {LIMIT:?}\n{}", framed(&shot)))
    }

    /// The same with another limit; what stood there at the end is the error.
    pub fn wait_within<T>(
        &self,
        limit: Duration,
        _what: &str,
        mut pick: impl FnMut(&Shot) -> Option<T>,
    ) -> Result<T, Shot> {
        let until = Instant::now() + limit;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        loop {
            if let Some(found) = pick(&seen.shot) {
                return Ok(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(seen.shot.clone());
            }
            // Conditions on time (the picture rests) are looked at now and then.
            seen = changed.wait_timeout(seen, left.min(Duration::from_millis(50))).unwrap().0;
        }
    }

    /// Waits until `condition` holds for the screen.
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut(&Shot) -> bool) {
        self.wait_for(what, |shot| condition(shot).then_some(()));
    }

    /// Waits until some row holds `text`.
    pub fn wait_text(&self, text: &str) {
        self.wait_until(&format!("`{text}` on the screen"), |shot| shot.has(text));
    }

    /// Waits until the last row holds `text` and keys count again: they are dropped for half a second after what they
    /// mean has changed.
    pub fn wait_bottom(&self, text: &str) {
        let mut since: Option<Instant> = None;
        self.wait_until(&format!("`{text}` in the bottom row"), |shot| {
            if shot.bottom().contains(text) {
                since.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(700)
            } else {
                since = None;
                false
            }
        });
    }

    /// Types bytes.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        if let Some(master) = &self.master {
            (&**master).write_all(bytes.as_ref()).unwrap();
        }
    }

    /// Something else writes over the screen, as a message of the system may.
    pub fn scribble(&self, bytes: &[u8]) {
        let mut seen = self.seen.0.lock().unwrap();
        let it = &mut *seen;
        it.screen.feed(bytes);
        it.shot.rows = it.screen.visible().iter().map(plain).collect();
    }

    /// Another size of the window.
    pub fn resize(&self, cols: u16, rows: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        seen.screen.resize(cols, rows);
        self.master.as_ref().unwrap().resize(Size::new(rows, cols)).unwrap();
    }

    /// The line discipline's settings.
    pub fn termios(&self) -> rustix::termios::Termios {
        rustix::termios::tcgetattr(self.master.as_ref().unwrap().as_fd()).unwrap()
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(pid_of(self.child.id()), signal).unwrap();
    }

    /// Waits until it has ended, and until all that it wrote was read.
    pub fn exit(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // The other end stays open while others hold it; its bytes are here all the same.
                let _ = self.wait_within(Duration::from_millis(500), "the end of its terminal", |shot| {
                    shot.ended.then_some(())
                });
                return status;
            }
            assert!(Instant::now() < until, "it does not end\n{}", framed(&self.shot()));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Closes the window: the program loses its terminal.
    pub fn close(&mut self) {
        self.stop.take();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.master.take();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.close();
    }
}

fn read(master: &blocking::Pty, stopped: &std::io::PipeReader, seen: &(Mutex<Seen>, Condvar)) {
    let (lock, changed) = seen;
    let mut buffer = vec![0; 65_536];
    loop {
        let mut fds = [PollFd::new(master, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        if poll(&mut fds, None).is_err() {
            continue;
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        // The end of a PTY is an error.
        let n = (&mut &*master).read(&mut buffer).unwrap_or(0);
        let mut guard = lock.lock().unwrap();
        let it = &mut *guard;
        if n == 0 {
            it.shot.ended = true;
            changed.notify_all();
            return;
        }
        it.raw.extend_from_slice(&buffer[..n]);
        it.screen.feed(&buffer[..n]);
        let rows: Vec<String> = it.screen.visible().iter().map(plain).collect();
        if rows != it.shot.rows {
            it.shot.rows = rows;
            it.shot.since = Some(Instant::now());
        }
        it.shot.modes = it.screen.modes();
        let answer = it.screen.replies();
        changed.notify_all();
        drop(guard);
        if !answer.is_empty() {
            let _ = (&mut &*master).write_all(&answer);
        }
    }
}

/// A screen as it is shown in a failure.
pub fn framed(shot: &Shot) -> String {
    let width = shot.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let bar = "─".repeat(width);
    let rows: String = shot.rows.iter().map(|row| format!("│{row:width$}│\n")).collect();
    format!("┌{bar}┐\n{rows}└{bar}┘")
}

/// A process number.
pub fn pid_of(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// An operator's home for one test: runs, state, working folder. All processes of its runs end with it.
pub struct Home {
    dir: tempfile::TempDir,
    read: Mutex<Journal>,
}

/// What was read of a journal so far.
#[derive(Default)]
struct Journal {
    path: PathBuf,
    bytes: u64,
    events: Vec<Event>,
}

/// An event of a journal, kind and content.
type Event = (String, serde_json::Value);

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("fdkeys-").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("runs")).unwrap();
        Self { dir, read: Mutex::default() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into the home.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The environment that programs get: nothing of whoever runs the tests.
    fn surroundings(&self) -> Vec<(String, String)> {
        let of = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
        vec![
            of("HOME", self.path()),
            of("XDG_STATE_HOME", &self.path().join("state")),
            of("FLIGHTDECK_RUNS", &self.path().join("runs")),
            ("PATH".into(), std::env::var("PATH").unwrap()),
            ("TERM".into(), "xterm-256color".into()),
            ("LC_ALL".into(), "C.UTF-8".into()),
            ("NO_PROXY".into(), "127.0.0.1,localhost".into()),
        ]
    }

    /// The folder of the newest run.
    pub fn run(&self) -> PathBuf {
        let mut all: Vec<PathBuf> =
            std::fs::read_dir(self.path().join("runs")).unwrap().map(|e| e.unwrap().path()).collect();
        all.retain(|path| path.join("journal.jsonl").exists());
        all.sort();
        all.pop().expect("there is a run")
    }

    /// The journal's events so far.
    pub fn events(&self) -> Vec<Event> {
        self.with_events(<[Event]>::to_vec)
    }

    /// Looks at the events so far; only what is new since the last look is read.
    pub fn with_events<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        let path = self.run().join("journal.jsonl");
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.path != path {
            *read = Journal { path, ..Journal::default() };
        }
        let mut file = std::fs::File::open(&read.path).unwrap();
        file.seek(SeekFrom::Start(read.bytes)).unwrap();
        // A line that is just being written may end within a letter.
        let mut bytes = vec![];
        file.read_to_end(&mut bytes).unwrap();
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        let new = std::str::from_utf8(&bytes).unwrap();
        read.bytes += bytes.len() as u64;
        read.events.extend(new.lines().map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let (kind, body) = value["ev"].as_object().and_then(|o| o.iter().next()).unwrap();
            (kind.clone(), body.clone())
        }));
        look(&read.events)
    }

    /// Waits until the journal has an event that `pick` takes.
    pub fn wait_event<T>(&self, what: &str, mut pick: impl FnMut(&str, &serde_json::Value) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            let found = self.with_events(|events| events.iter().find_map(|(kind, body)| pick(kind, body)));
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < until, "{what}: not in the journal of {}", self.run().display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processes whose command line names this home: clients, hosts, keepers, worlds.
    pub fn processes(&self) -> Vec<u32> {
        let mine = self.path().display().to_string();
        let all = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
        all.filter(|pid| {
            std::fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&mine))
        })
        .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // In two rounds: what one of them started meanwhile.
        for _ in 0..2 {
            for pid in self.processes() {
                let _ = kill_process(pid_of(pid), Signal::KILL);
            }
        }
        let keep = std::env::var_os("FDKEYS_KEEP");
        if keep.as_ref().is_some_and(|keep| keep == "all" || std::thread::panicking()) {
            let path = self.path().with_extension("kept");
            let _ = std::fs::rename(self.path(), &path);
        }
    }
}
