//! Commands: spawning through the keeper, following their output, reading what they leave.

mod adopt;
mod ended;
mod screens;
mod spawn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::log;
use crate::engine::State;
use crate::engine::event::StopStage;
use crate::keeper::KeeperClient;
use crate::keeper::protocol::{Stage, ToKeeper};
use crate::terminal::Follower;
use crate::words::{ItemId, files};

/// Hidden subcommand of the keeper.
pub const KEEPER: &str = "__keeper";

/// A running command.
struct Watch {
    item: ItemId,
    /// Bytes of its output, as the keeper says.
    len: u64,
    /// Bytes that were there when this host came: what was asked in them an earlier host has answered.
    answered: u64,
    /// Its screen, from its first output on: a terminal answers also when nobody looks.
    follower: Option<Follower>,
    /// Its output is neither shown nor kept.
    hidden: bool,
    unfinished: bool,
    /// When it wrote last.
    wrote: Instant,
    /// It is silent behind an unfinished line for long enough.
    asks: bool,
    /// It is held since its output cannot be written: why.
    held: Option<String>,
    /// That it is held was written down: a disk with hardly any room holds and lets go many times.
    held_before: bool,
    echo: bool,
    dirty: bool,
}

/// The keeper, and what is known of its commands.
pub(in crate::host) struct Hands {
    keeper: Option<KeeperClient>,
    /// The keeper was there before this host, so it may mask secrets that this host was not given.
    adopted: bool,
    watched: BTreeMap<u32, Watch>,
    /// Screens of attempts that have ended and are shown.
    old: BTreeMap<u32, Follower>,
    size: (u16, u16),
    terminals: PathBuf,
    /// Output waits to be read, and reading gets on.
    behind: bool,
    /// A client waits for rows.
    due: bool,
    last_frame: Instant,
}

impl Hands {
    /// No keeper yet: one is started with the first command.
    pub fn new(folder: &Path, cols: u16, rows: u16) -> Self {
        Self {
            keeper: None,
            adopted: false,
            watched: BTreeMap::new(),
            old: BTreeMap::new(),
            size: (cols.clamp(20, 500), rows.clamp(5, 300)),
            terminals: folder.join(files::TERMINALS),
            behind: false,
            due: false,
            last_frame: Instant::now(),
        }
    }

    /// Signals a command.
    pub fn signal(&mut self, attempt: u32, stage: StopStage) {
        let stage = match stage {
            StopStage::Interrupt => Stage::Interrupt,
            StopStage::Terminate => Stage::Terminate,
            StopStage::Kill => Stage::Kill,
        };
        self.say(&ToKeeper::Signal { attempt, stage });
    }

    /// Lets a command go on whose output cannot be written.
    pub fn go_on_unrecorded(&mut self, attempt: u32) {
        self.say(&ToKeeper::Unrecorded { attempt });
    }

    /// Commands that are held because their output cannot be written, and why.
    pub fn held(&self) -> impl Iterator<Item = (u32, &str)> {
        self.watched.iter().filter_map(|(attempt, watch)| Some((*attempt, watch.held.as_deref()?)))
    }

    /// A command is held, or goes on again; its item when it is held for the first time.
    fn hold(&mut self, attempt: u32, why: Option<String>) -> Option<ItemId> {
        let watch = self.watched.get_mut(&attempt)?;
        let first = why.is_some() && !watch.held_before;
        watch.held_before |= why.is_some();
        watch.held = why;
        first.then(|| watch.item.clone())
    }

    /// Types into a command; the item it belongs to, while it runs.
    pub fn type_into(&mut self, attempt: u32, bytes: Vec<u8>) -> Option<ItemId> {
        let item = self.watched.get(&attempt)?.item.clone();
        self.say(&ToKeeper::Type { attempt, bytes });
        Some(item)
    }

    /// The pane's new size: running commands are told.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let size = (cols.clamp(20, 500), rows.clamp(5, 300));
        if size == self.size {
            return;
        }
        self.size = size;
        let attempts: Vec<u32> = self.watched.keys().copied().collect();
        for attempt in attempts {
            self.say(&ToKeeper::Size { attempt, cols: size.0, rows: size.1 });
            if let Some(watch) = self.watched.get_mut(&attempt) {
                watch.dirty = true;
                if let Some(follower) = &mut watch.follower {
                    follower.screen_mut().resize(size.0, size.1);
                }
            }
        }
    }

    fn say(&mut self, message: &ToKeeper) {
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.send(message)
        {
            // The listener hears that it is gone.
            log(&format!("the keeper cannot be told: {error}"));
        }
    }

    fn watch(&mut self, attempt: u32, item: ItemId, len: u64, hidden: bool) {
        let watch = Watch {
            item,
            len,
            answered: len,
            follower: None,
            hidden,
            unfinished: false,
            wrote: Instant::now(),
            asks: false,
            held: None,
            held_before: false,
            echo: true,
            dirty: true,
        };
        self.watched.insert(attempt, watch);
    }

    /// What is masked from now on. A keeper that was there before masks what it was told then, until all is known again.
    pub fn secrets(&mut self, values: Vec<String>, all_known: bool) {
        if all_known || !self.adopted {
            self.say(&ToKeeper::Secrets { values });
        }
    }

    /// The host leaves: what runs, runs on.
    pub fn leave(&mut self) {
        self.say(&ToKeeper::Leave);
        self.keeper = None;
    }
}

/// Whether something of the state needs hands.
pub(in crate::host) fn is_running(state: &State, attempt: u32) -> bool {
    state.running.iter().any(|(_, a)| *a == attempt)
}
