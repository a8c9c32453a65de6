//! What a run's folder says: what it is, how it stands, where it is.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cli::person;
use crate::engine::event::{RunEnd, RunOpened};
use crate::engine::{Event, PlanScope, State};
use crate::host::KEEPER;
use crate::journal::{RunEntry, RunFolder};
use crate::link;
use crate::record;
use crate::tui::world;
use crate::words::{ItemId, files, short_duration};

/// How much of a journal's end is looked at for the event that ended the run, bytes.
const TAIL: u64 = 128 << 10;

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A host runs it, and it flies.
    Flying,
    /// A host runs it; it is paused.
    Paused,
    /// It waits for a person, with or without its host.
    Parked,
    /// Its host died; `resume` goes on.
    Crashed,
    /// All phases were closed.
    Completed,
    /// It ended with failed items.
    EndedWithFailures,
    /// A person ended it early.
    EndedEarly,
    /// It was rolled back.
    RolledBack,
    /// Its journal cannot be read.
    Damaged,
}

impl Standing {
    /// In words, short.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Flying => "flying",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Crashed => "crashed",
            Self::Completed => "completed",
            Self::EndedWithFailures => "failures",
            Self::EndedEarly => "ended early",
            Self::RolledBack => "rolled back",
            Self::Damaged => "damaged",
        }
    }

    /// Nothing goes on here.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Completed | Self::EndedWithFailures | Self::EndedEarly | Self::RolledBack | Self::Damaged)
    }

    fn of_end(how: RunEnd, failed: u32) -> Self {
        match how {
            RunEnd::Completed if failed == 0 => Self::Completed,
            RunEnd::Completed => Self::EndedWithFailures,
            RunEnd::Early => Self::EndedEarly,
            RunEnd::RolledBack => Self::RolledBack,
        }
    }
}

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The open phase's title.
    pub phase: String,
    /// Items of the phase that are settled.
    pub settled: usize,
    /// Items of the phase that apply.
    pub of: usize,
    /// The item that the box is on.
    pub item: Option<ItemId>,
    /// Its title.
    pub title: String,
    /// A command that runs now.
    pub running: bool,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// Its name.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The runbook's title.
    pub title: String,
    /// The runbook as it was given.
    pub runbook: String,
    /// What it deploys to; empty when the runbook says no place.
    pub target: String,
    /// The header's first word: the environment, `TRAINING`, or the machine.
    pub world: String,
    /// Who opened it.
    pub operator: String,
    /// How it stands.
    pub standing: Standing,
    /// A host runs it.
    pub alive: bool,
    /// Why it waits, or ended.
    pub why: Option<String>,
    /// Where it is; none once it ended.
    pub place: Option<Place>,
    /// When it was opened.
    pub opened: Option<DateTime<Utc>>,
    /// When its newest event was written.
    pub last: Option<DateTime<Utc>>,
    /// Events so far.
    pub events: u64,
    /// The host's process, while it lives.
    pub host_pid: Option<u32>,
    /// The keeper's process, while it lives.
    pub keeper_pid: Option<u32>,
}

impl Seen {
    /// Looks at one run. Only one that has not ended is folded; of the others the first and last lines are read.
    pub fn look(entry: &RunEntry) -> Self {
        let opened = entry.first_line.as_deref().and_then(|line| match link::parse(line).ok()?.event {
            Event::RunOpened(opened) => Some(opened),
            _ => None,
        });
        let mut seen = Self::blank(entry, opened.as_deref());
        if let Some((standing, why)) = ended(&entry.path) {
            (seen.standing, seen.why) = (standing, why);
            return seen;
        }
        match record::load(&entry.path) {
            Ok(run) => seen.fold(&run.state),
            Err(error) => {
                seen.standing = Standing::Damaged;
                seen.why = Some(error.to_string());
            }
        }
        if seen.alive {
            seen.host_pid = RunFolder::open(&entry.path).ok().and_then(|f| f.holder()).map(|h| h.pid);
        }
        seen.keeper_pid = keeper(&entry.path);
        seen
    }

    fn blank(entry: &RunEntry, opened: Option<&RunOpened>) -> Self {
        let head = Head::read(&entry.path);
        let training = opened.is_some_and(|o| o.overlay.is_some());
        let environment = head.places.iter().find(|p| p.kind == "environment").map(|p| p.is.clone());
        let target: Vec<&str> = head.places.iter().filter(|p| p.kind != "git").map(|p| p.is.as_str()).collect();
        Self {
            id: entry.id.0.clone(),
            folder: entry.path.clone(),
            title: head.title,
            runbook: opened.map(|o| o.runbook.clone()).unwrap_or_default(),
            target: target.join(" · "),
            world: world(training, environment.as_deref(), &person::machine()),
            operator: opened.map(|o| o.operator.clone()).unwrap_or_default(),
            standing: Standing::Damaged,
            alive: entry.alive,
            why: None,
            place: None,
            opened: entry.opened.map(|s| s.at),
            last: entry.last.map(|s| s.at),
            events: entry.seq,
            host_pid: None,
            keeper_pid: None,
        }
    }

    fn fold(&mut self, state: &State) {
        let needed = state.person_needed.as_ref().map(|(_, why)| why.clone());
        self.standing = match (self.alive, &state.ended) {
            (_, Some(ended)) => Standing::of_end(ended.how, ended.failed),
            (true, None) if state.paused.is_some() => Standing::Paused,
            (true, None) if needed.is_some() => Standing::Parked,
            (true, None) => Standing::Flying,
            (false, None) if state.host.left.is_some() => Standing::Parked,
            (false, None) => Standing::Crashed,
        };
        self.why = match self.standing {
            Standing::Paused => state.paused.as_ref().and_then(|p| p.reason.clone()),
            Standing::Parked => needed.or_else(|| state.host.left.clone()),
            _ => None,
        };
        self.place = state.phase.map(|phase| {
            let counts = state.counts(phase);
            let current = state.current.filter(|i| state.plan.items.get(*i).is_some_and(|item| item.phase == phase));
            Place {
                phase: state.plan.phase(phase).map(|p| p.title.clone()).unwrap_or_default(),
                settled: counts.settled,
                of: counts.all,
                item: current.map(|i| state.plan.items[i].id.clone()),
                title: current.map(|i| PlanScope::new(state, i).title()).unwrap_or_default(),
                running: !state.running.is_empty(),
            }
        });
    }

    /// Where it is, in words.
    pub fn place_words(&self) -> String {
        match (&self.place, &self.standing) {
            (_, standing) if standing.is_over() => String::new(),
            (None, _) => "not begun".into(),
            (Some(place), _) => {
                let phase = if place.phase.is_empty() { String::new() } else { format!("{} ", place.phase) };
                let title = if place.title.is_empty() { String::new() } else { format!(": {}", place.title) };
                format!("{phase}{} of {}{title}", place.settled, place.of)
            }
        }
    }

    /// How long ago its newest event was, in words.
    pub fn age(&self, now: DateTime<Utc>) -> String {
        self.last.map_or_else(String::new, |last| short_duration((now - last).num_seconds().max(0) as f64))
    }
}

/// The plan's head; the rest of it is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    title: String,
    places: Vec<Where>,
}

#[derive(Deserialize)]
struct Where {
    kind: String,
    is: String,
}

impl Head {
    fn read(folder: &Path) -> Self {
        std::fs::read(folder.join(files::PLAN))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }
}

/// How the run ended, from the last lines of its journal: few events follow an end.
fn ended(folder: &Path) -> Option<(Standing, Option<String>)> {
    [files::JOURNAL_2, files::JOURNAL].iter().find_map(|name| {
        let file = File::open(folder.join(name)).ok()?;
        let len = file.metadata().ok()?.len();
        let from = len.saturating_sub(TAIL);
        let mut bytes = vec![0; usize::try_from(len - from).ok()?];
        file.read_exact_at(&mut bytes, from).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().rev().filter(|line| line.contains("\"run_ended\"")).find_map(|line| {
            match link::parse(line).ok()?.event {
                Event::RunEnded { how, failed, reason, .. } => Some((Standing::of_end(how, failed), reason)),
                _ => None,
            }
        })
    })
}

/// The keeper of a run: the process that was started as one for its folder.
fn keeper(folder: &Path) -> Option<u32> {
    let folder = folder.canonicalize().ok()?;
    std::fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let mut words = line.split(|b| *b == 0).skip(1);
        let is_keeper = words.next() == Some(KEEPER.as_bytes());
        let of = words.next().map(|path| Path::new(std::ffi::OsStr::new(&*String::from_utf8_lossy(path))).to_owned());
        (is_keeper && of.and_then(|path| path.canonicalize().ok()).as_deref() == Some(&*folder)).then_some(pid)
    })
}
