//! What all servers and commands of a world share: settings, clock, state, log.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};

use super::clock::{Clock, Millis};
use super::log::{Entry, Log};
use super::settings::Settings;
use crate::sandbox::state::{Change, Platform, State, names};

/// A world; clones are the same world.
#[derive(Clone)]
pub struct Core {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    settings: Settings,
    clock: Clock,
    live: Mutex<Live>,
}

struct Live {
    state: State,
    log: Log,
    ids: u64,
}

impl Core {
    /// Opens the world in `dir` and brings it to where its log ends.
    ///
    /// # Errors
    /// The settings or the log cannot be read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let settings = Settings::read(dir)?;
        let (log, entries) = Log::open(dir)?;
        let platform = if settings.platform == "kubernetes" { Platform::Kubernetes } else { Platform::Compose };
        let mut state = State::new(settings.seed, platform);
        for entry in settings.before.iter().chain(&entries) {
            state.apply(entry.t, &entry.change);
        }
        let floor = entries.last().map_or(0, |e| e.t);
        let clock = Clock::start(settings.opened, settings.speed, floor);
        let ids = entries.len() as u64;
        let live = Mutex::new(Live { state, log, ids });
        Ok(Self { inner: Arc::new(Inner { dir: dir.to_path_buf(), settings, clock, live }) })
    }

    /// The world's folder.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// World time now.
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// The wall's time at a world time.
    pub fn wall(&self, at: Millis) -> DateTime<Utc> {
        self.inner.clock.wall(at)
    }

    /// The world time of a wall time.
    pub fn at_wall(&self, wall: DateTime<Utc>) -> Millis {
        self.inner.clock.at_wall(wall)
    }

    /// The wall's time at a world time, as it stands in logs.
    pub fn stamp(&self, at: Millis) -> String {
        self.wall(at).to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Waits for `world` milliseconds of world time.
    pub async fn sleep(&self, world: Millis) {
        tokio::time::sleep(self.inner.clock.real(world)).await;
    }

    /// Looks at the state as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&State, Millis) -> T) -> T {
        let live = self.live();
        look(&live.state, self.now())
    }

    /// Lets something happen now: first into the log, then into the state.
    ///
    /// # Errors
    /// The log cannot be written; then it did not happen.
    pub fn change(&self, by: &str, change: Change) -> io::Result<Millis> {
        let mut live = self.live();
        let t = self.now();
        let entry = Entry { t, by: by.to_owned(), change };
        live.log.append(&entry)?;
        live.state.apply(t, &entry.change);
        Ok(t)
    }

    /// A generator for a new id; never the same twice in a world.
    pub fn random(&self, purpose: &str) -> fastrand::Rng {
        let mut live = self.live();
        live.ids += 1;
        names::random(self.inner.settings.seed, &[purpose, &live.ids.to_string(), &self.now().to_string()])
    }

    /// A new UUID.
    pub fn uuid(&self, purpose: &str) -> String {
        names::uuid(&mut self.random(purpose), Utc::now().timestamp_millis())
    }

    /// Writes a line of trouble into the world's own log; that it cannot is nobody's concern any more.
    pub fn trouble(&self, text: &str) {
        if let Ok(mut file) = super::open_private(&self.inner.dir.join("world.log")) {
            let _ = writeln!(file, "{} {text}", Utc::now().to_rfc3339());
        }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
