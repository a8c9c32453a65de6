//! Flying real runs in tests: the real binary as host and keeper, and a small client.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests; each test file uses some of them"
)]

pub mod client;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flightdeck::engine::event::Autopilot;
use flightdeck::engine::{Event, Recorded, State};
use flightdeck::host::{LaunchError, Settings, launch_as};
use flightdeck::journal::{RunFolder, read, verify};
use flightdeck::keeper::KeeperClient;
use flightdeck::words::files;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

pub use client::Client;

/// How long a named condition is waited for.
pub const LIMIT: Duration = Duration::from_secs(40);

/// The binary under test.
pub fn exe() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_flightdeck"))
}

/// Waits until something is so.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run in a folder of its own. Whatever still lives of it at the end is ended.
pub struct Run {
    pub work: TempDir,
    pub folder: PathBuf,
    pub settings: Settings,
    hosts: Vec<u32>,
}

impl Run {
    /// A run of this runbook, flown by hand; nothing is started yet.
    pub fn of(runbook: &str) -> Self {
        let work = tempfile::tempdir().unwrap();
        let runs = work.path().join("runs");
        Self::in_folder(work, &runs, runbook)
    }

    /// The same with the folder of runs elsewhere.
    pub fn in_folder(work: TempDir, runs: &Path, runbook: &str) -> Self {
        let folder = RunFolder::create(runs, chrono::Utc::now(), "test").unwrap();
        let settings = Settings {
            operator: "anna@ops1".into(),
            files: vec![("book.yaml".into(), runbook.to_owned())],
            runbook: "book.yaml".into(),
            origin: work.path().display().to_string(),
            environment: vec![
                ("PATH".into(), std::env::var("PATH").unwrap()),
                ("HOME".into(), work.path().display().to_string()),
                ("WORK".into(), work.path().display().to_string()),
            ],
            speed: 1.0,
            cols: 80,
            rows: 24,
            ..Settings::default()
        };
        Self { folder: folder.path().to_owned(), work, settings, hosts: vec![] }
    }

    /// The same, flown by the autopilot.
    pub fn unattended(runbook: &str) -> Self {
        let mut run = Self::of(runbook);
        run.settings.autopilot = Autopilot { yes: true, answers: None };
        run
    }

    /// Starts the host; its process.
    pub fn start(&mut self) -> u32 {
        self.try_start().unwrap()
    }

    /// Starts the host, or says why not.
    pub fn try_start(&mut self) -> Result<u32, LaunchError> {
        let pid = launch_as(exe(), &self.folder, &self.settings)?;
        self.hosts.push(pid);
        Ok(pid)
    }

    /// A process that somebody else started for this run: it is ended with the test.
    pub fn own(&mut self, host: u32) {
        self.hosts.push(host);
    }

    /// Goes on with the run.
    pub fn resume(&mut self) -> u32 {
        self.settings.resume = true;
        self.start()
    }

    /// A client of the living host.
    pub fn client(&self) -> Client {
        Client::of(&self.folder)
    }

    /// A file of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    /// A file of the test's own, as text; empty when it is not there.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A file of the run, as text; empty when it is not there.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// All events on disk, proven.
    pub fn events(&self) -> Vec<Event> {
        let read = read::<Event>(&self.folder).unwrap();
        assert!(read.broken.is_none() && read.newer.is_none(), "{read:?}");
        read.lines.into_iter().map(|line| line.ev).collect()
    }

    /// The fold of all events on disk.
    pub fn state(&self) -> State {
        let plan = std::fs::read_to_string(self.folder.join(files::PLAN)).unwrap();
        let mut state = State::new(std::sync::Arc::new(serde_json::from_str(&plan).unwrap()));
        for line in read::<Event>(&self.folder).unwrap().lines {
            state.apply(&Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev });
        }
        state
    }

    /// The chain holds, and run time never falls.
    pub fn verify(&self) {
        let report = verify(&self.folder).unwrap();
        assert!(report.is_sound(), "{report:?}");
        let lines = read::<Event>(&self.folder).unwrap().lines;
        for pair in lines.windows(2) {
            assert!(pair[0].stamp.up <= pair[1].stamp.up, "run time falls at event {}", pair[1].seq);
        }
    }

    /// Attempts that ended, as `item outcome`, in order.
    pub fn outcomes(&self) -> Vec<String> {
        self.events()
            .iter()
            .filter_map(|event| match event {
                Event::AttemptEnded(ended) => {
                    Some(format!("{} {}", ended.item, ended.outcome.map(|o| o.words()).unwrap_or("?")))
                }
                _ => None,
            })
            .collect()
    }

    /// The keeper's process, as the start file of an attempt names it: asking the keeper itself would take the host's place.
    pub fn keeper_of(&self, attempt: u32) -> Option<u32> {
        let text = self.file(&format!("{}/{}", files::TERMINALS, files::started(attempt)));
        let first: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
        u32::try_from(first.get("keeper")?.as_u64()?).ok()
    }

    /// The process of an attempt's command.
    pub fn command_of(&self, attempt: u32) -> Option<u32> {
        let text = self.file(&format!("{}/{}", files::TERMINALS, files::started(attempt)));
        let second: serde_json::Value = serde_json::from_str(text.lines().nth(1)?).ok()?;
        u32::try_from(second.get("pid")?.as_u64()?).ok()
    }

    /// The process that was started with this hidden subcommand for the run's folder.
    pub fn process_of(&self, word: &str) -> Option<u32> {
        let folder = self.folder.canonicalize().ok()?.display().to_string();
        std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let words: Vec<&[u8]> = line.split(|b| *b == 0).skip(1).collect();
            words.starts_with(&[word.as_bytes(), folder.as_bytes()]).then_some(pid)
        })
    }

    /// Waits until a process that was killed or asked to end is gone.
    pub fn wait_gone(&self, pid: u32) {
        wait_for("a process is gone", || (!lives(pid)).then_some(()));
    }

    /// kill -9.
    pub fn kill(&self, pid: u32) {
        signal(pid, Signal::KILL);
        self.wait_gone(pid);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        for pid in &self.hosts {
            signal(*pid, Signal::KILL);
        }
        if let Ok(Some(keeper)) = KeeperClient::connect(&self.folder) {
            for running in &keeper.hello().attempts {
                signal(running.pid, Signal::KILL);
            }
            signal(keeper.hello().pid, Signal::KILL);
        }
    }
}

/// Signals a process of ours.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process is there and no zombie.
pub fn lives(pid: u32) -> bool {
    let Some(raw) = Pid::from_raw(pid as i32) else { return false };
    if test_kill_process(raw).is_err() {
        return false;
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}
