//! The line that a run leaves for every account of the machine: who flies what where, since when.
//!
//! One 0644 file a run in `flightdeck-runs` (mode 1777) under the system's temporary folder. Anybody can write there, so
//! nothing in it is believed but what the kernel says: the account is the file's owner, and a file's name begins with
//! that account's number. Links, foreign names, long or strange files are passed over; texts are cut and cleaned.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use super::process::{boot_id, is_alive, started_ticks};
use crate::words::RunId;

const FOLDER: &str = "flightdeck-runs";
/// A file longer than this is not read.
const LONGEST_FILE: u64 = 8 * 1024;
/// The longest text that is shown.
const LONGEST_TEXT: usize = 128;
/// No more files than this are looked at.
const MOST_FILES: usize = 1024;
/// So many of this account's lines of dead hosts are kept, for as long as [`KEPT_FOR`]: what crashed is seen there.
const MOST_DEAD: usize = 64;
/// How long the line of a dead host is kept at most.
const KEPT_FOR: TimeDelta = TimeDelta::days(7);
/// World-writable and sticky: everybody may add, only the owner may remove.
const SHARED: u32 = 0o1777;

/// What a run says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The run.
    pub run: RunId,
    /// Who flies: `anna@ops1`.
    pub who: String,
    /// What is deployed to, as runs are compared: a second run on the same target is refused.
    pub target: String,
    /// The place, as people call it: `PROD`.
    pub place: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The host's process.
    pub pid: u32,
    /// When that process was started, in clock ticks since boot.
    #[serde(default)]
    pub started: Option<u64>,
    /// The boot it was started on.
    pub boot_id: String,
    /// The runbook's title or name.
    #[serde(default)]
    pub runbook: String,
    /// What it is doing: `not begun`, `flying`, `paused at 4 of 14`, `parked at 4 of 14`.
    #[serde(default)]
    pub doing: String,
}

impl Presence {
    /// This process, on this boot, as the host of `run`; texts are cut and cleaned.
    pub fn here(run: RunId, who: &str, target: &str, place: &str, since: DateTime<Utc>) -> Self {
        let pid = std::process::id();
        Self {
            run,
            who: clean(who),
            target: clean(target),
            place: clean(place),
            since,
            pid,
            started: started_ticks(pid),
            boot_id: boot_id(),
            runbook: String::new(),
            doing: String::new(),
        }
    }

    fn cleaned(self) -> Self {
        Self {
            run: RunId(clean(&self.run.0)),
            who: clean(&self.who),
            target: clean(&self.target),
            place: clean(&self.place),
            boot_id: clean(&self.boot_id),
            runbook: clean(&self.runbook),
            doing: clean(&self.doing),
            ..self
        }
    }
}

/// A run as this account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the run says.
    pub presence: Presence,
    /// The account that owns the file: who says it.
    pub uid: u32,
    /// Whether its host's process lives, on this boot.
    pub alive: bool,
}

/// Why the shared folder was not used. A run goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// It is not what it should be.
    #[error("{} is not safe to share: {why}; other accounts are not told of this run", path.display())]
    Unsafe {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}; other accounts are not told of this run", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The shared folder.
#[derive(Clone, Debug)]
pub struct PresenceBoard {
    dir: PathBuf,
}

impl PresenceBoard {
    /// The machine's, under the system's temporary folder.
    pub fn of_machine() -> Self {
        // Not the environment's TMPDIR: accounts would not meet.
        Self::at(&Path::new("/tmp").join(FOLDER))
    }

    /// Another folder, for tests.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Tells every account of a run, or of what changed about it.
    ///
    /// # Errors
    ///
    /// The folder or the file is not safe, or the system refuses.
    pub fn publish(&self, presence: &Presence) -> Result<(), PresenceError> {
        self.make_folder()?;
        let name = file_name(geteuid().as_raw(), &presence.run);
        let path = self.dir.join(&name);
        let temporary = self.dir.join(format!(".{name}.{}", std::process::id()));
        let text = serde_json::to_vec(&presence.clone().cleaned()).map_err(|e| fail("write", &path)(e.into()))?;
        // What an earlier process of this number left behind; another account's cannot be removed, and O_EXCL says so.
        let _ = std::fs::remove_file(&temporary);
        let written = write_new(&temporary, &text).and_then(|()| std::fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written.map_err(fail("write", &path))
    }

    /// Takes a run's line away; fine when there is none.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn remove(&self, run: &RunId) -> Result<(), PresenceError> {
        let path = self.dir.join(file_name(geteuid().as_raw(), run));
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(fail("remove", &path)(e)),
            _ => Ok(()),
        }
    }

    /// All runs but `own` that say something, living or not, by account and run. What cannot be read or believed is not in it.
    pub fn others(&self, own: Option<&RunId>) -> Vec<Seen> {
        let Ok(meta) = std::fs::symlink_metadata(&self.dir) else { return Vec::new() };
        if !meta.is_dir() {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let own = own.map(|run| (geteuid().as_raw(), run));
        let mut seen: Vec<Seen> = entries
            .take(MOST_FILES)
            .filter_map(|entry| look(&entry.ok()?.path()))
            .filter(|s| own != Some((s.uid, &s.presence.run)))
            .collect();
        seen.sort_by(|a, b| (a.uid, &a.presence.run).cmp(&(b.uid, &b.presence.run)));
        seen
    }

    /// Takes away what this account's dead hosts left long ago, so that the lines of the living are found.
    pub fn tidy(&self, now: DateTime<Utc>) {
        let own = geteuid().as_raw();
        let mut dead: Vec<Presence> =
            self.others(None).into_iter().filter(|s| s.uid == own && !s.alive).map(|s| s.presence).collect();
        dead.sort_by_key(|presence| std::cmp::Reverse(presence.since));
        for (place, presence) in dead.iter().enumerate() {
            if place >= MOST_DEAD || now - presence.since > KEPT_FOR {
                // What cannot be removed harms nobody yet.
                let _ = self.remove(&presence.run);
            }
        }
    }

    fn make_folder(&self) -> Result<(), PresenceError> {
        match DirBuilder::new().mode(SHARED).create(&self.dir) {
            // The umask cut the mode.
            Ok(()) => {
                std::fs::set_permissions(&self.dir, Permissions::from_mode(SHARED)).map_err(fail("share", &self.dir))?
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail("make", &self.dir)(e)),
        }
        let unsafe_since = |why| PresenceError::Unsafe { path: self.dir.clone(), why };
        let meta = std::fs::symlink_metadata(&self.dir).map_err(fail("look at", &self.dir))?;
        if !meta.is_dir() {
            return Err(unsafe_since("it is not a folder"));
        }
        if meta.mode() & 0o7777 == SHARED {
            return Ok(());
        }
        if meta.uid() == geteuid().as_raw() {
            return std::fs::set_permissions(&self.dir, Permissions::from_mode(SHARED))
                .map_err(fail("share", &self.dir));
        }
        Err(unsafe_since("its mode is not 1777"))
    }
}

fn file_name(uid: u32, run: &RunId) -> String {
    let run: String =
        run.0.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(160).collect();
    format!("{uid}-{run}.json")
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o644).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let mut file = options.open(path)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text)
}

/// Reads one file, believing nothing.
fn look(path: &Path) -> Option<Seen> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') || !name.ends_with(".json") {
        return None;
    }
    // NONBLOCK: a pipe with a fitting name must not hold us up.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path).ok()?;
    let meta = file.metadata().ok()?;
    // A second name would be a hard link to a file that was written for something else.
    if !meta.is_file() || meta.nlink() != 1 || meta.len() > LONGEST_FILE {
        return None;
    }
    let mut text = String::with_capacity(meta.len() as usize + 1);
    file.take(LONGEST_FILE).read_to_string(&mut text).ok()?;
    let presence: Presence = serde_json::from_str(&text).ok()?;
    if name != file_name(meta.uid(), &presence.run) {
        return None;
    }
    let alive = is_alive(presence.pid, presence.started, &presence.boot_id);
    Some(Seen { presence: presence.cleaned(), uid: meta.uid(), alive })
}

/// A text of another account as it may be shown: no control or invisible characters, not long.
fn clean(text: &str) -> String {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    text.chars().filter(|c| !c.is_control() && !invisible(*c)).take(LONGEST_TEXT).collect()
}

fn fail(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PresenceError {
    let path = path.to_owned();
    move |source| PresenceError::Io { doing, path, source }
}
