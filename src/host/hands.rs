//! Commands: spawning through the keeper, following their output, reading what they leave.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use super::clients::Clients;
use super::core::Host;
use super::input::Input;
use super::log;
use crate::engine::event::{Ended, Resolved, Started, StopStage};
use crate::engine::plan::Action;
use crate::engine::{PlanScope, State, Want};
use crate::keeper::protocol::{Exit, FromKeeper, Program, Spawn, Stage, ToKeeper};
use crate::keeper::{Heard, KeeperClient, Leftover, boot_id, leftovers};
use crate::link::Rows;
use crate::terminal::{Follower, last_lines};
use crate::words::{Actor, ItemId, Value, files};

/// Hidden subcommand of the keeper.
pub const KEEPER: &str = "__keeper";
/// Last lines that an attempt's end keeps.
const LAST_LINES: usize = 12;
/// Bytes of the end of an output that are read for its last lines.
const TAIL: u64 = 64 << 10;
/// The most that a capture reads, bytes.
const MOST_CAPTURED: u64 = 16 << 20;
/// Rows of history that a client gets with the screen.
const HISTORY: usize = 500;

/// A running command's screen.
struct Watch {
    item: ItemId,
    len: u64,
    follower: Option<Follower>,
    unfinished: bool,
    echo: bool,
    dirty: bool,
}

/// The keeper, and what is known of its commands.
#[derive(Default)]
pub(super) struct Hands {
    keeper: Option<KeeperClient>,
    watched: BTreeMap<u32, Watch>,
    /// Screens of attempts that have ended and are shown.
    old: BTreeMap<u32, Follower>,
    exits: BTreeMap<u32, (ItemId, Exit)>,
    again: Vec<u32>,
    size: (u16, u16),
    terminals: PathBuf,
}

impl Hands {
    /// No keeper yet: one is started with the first command.
    pub fn new(folder: &Path, cols: u16, rows: u16) -> Self {
        Self { size: (cols.max(20), rows.max(5)), terminals: folder.join(files::TERMINALS), ..Self::default() }
    }

    /// Signals a command.
    pub fn signal(&mut self, attempt: u32, stage: StopStage) {
        let stage = match stage {
            StopStage::Interrupt => Stage::Interrupt,
            StopStage::Terminate => Stage::Terminate,
            StopStage::Kill => Stage::Kill,
        };
        self.tell(&ToKeeper::Signal { attempt, stage });
    }

    /// Types into a command; the item it belongs to, while it runs.
    pub fn type_into(&mut self, attempt: u32, bytes: Vec<u8>) -> Option<ItemId> {
        let item = self.watched.get(&attempt)?.item.clone();
        self.tell(&ToKeeper::Type { attempt, bytes });
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
            self.tell(&ToKeeper::Size { attempt, cols: size.0, rows: size.1 });
            if let Some(follower) = self.watched.get_mut(&attempt).and_then(|w| w.follower.as_mut()) {
                follower.screen_mut().resize(size.0, size.1);
                follower.screen_mut().refresh();
            }
        }
    }

    fn tell(&mut self, message: &ToKeeper) {
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.send(message)
        {
            log(&format!("the keeper cannot be told: {error}"));
        }
    }

    fn watch(&mut self, attempt: u32, item: ItemId, len: u64) {
        self.watched
            .insert(attempt, Watch { item, len, follower: None, unfinished: false, echo: true, dirty: true });
    }

    /// An end that could not be journaled is told again when there is room.
    pub fn remember(&mut self, attempt: u32) {
        self.again.push(attempt);
    }

    /// Tells remembered ends again.
    pub fn say_again(&mut self, inbox: &Sender<Input>) {
        for attempt in std::mem::take(&mut self.again) {
            if let Some((_, exit)) = self.exits.get(&attempt) {
                let said = FromKeeper::Exited { attempt, exit: exit.clone() };
                // The loop holds the receiver.
                let _ = inbox.send(Input::Keeper(Heard::Said(said)));
            }
        }
    }

    /// Somebody shows an attempt: its screen is kept from now on.
    pub fn show(&mut self, attempt: u32) {
        let path = self.terminals.join(files::out(attempt));
        let (cols, rows) = self.size;
        match self.watched.get_mut(&attempt) {
            Some(watch) => {
                if watch.follower.is_none() {
                    watch.follower = Follower::open(&path, cols, rows).ok();
                }
                watch.dirty = true;
            }
            None => {
                if !self.old.contains_key(&attempt)
                    && let Ok(mut follower) = Follower::open(&path, cols, rows)
                {
                    let len = std::fs::metadata(&path).map(|m| m.len()).unwrap_or_default();
                    while follower.behind(len) > 0 && matches!(follower.poll(len), Ok(true)) {}
                    self.old.insert(attempt, follower);
                    while self.old.len() > 4 {
                        self.old.pop_first();
                    }
                }
            }
        }
    }

    /// Reads what is new of the shown screens and lets the keeper go on.
    fn follow(&mut self) {
        let mut seen = vec![];
        let mut replies = vec![];
        for (attempt, watch) in &mut self.watched {
            let Some(follower) = &mut watch.follower else { continue };
            if follower.behind(watch.len) == 0 {
                continue;
            }
            match follower.poll(watch.len) {
                Ok(changed) => watch.dirty |= changed,
                Err(error) => log(&format!("output of attempt {attempt} cannot be read: {error}")),
            }
            let answer = follower.screen_mut().replies();
            if !answer.is_empty() {
                replies.push(ToKeeper::Type { attempt: *attempt, bytes: answer });
            }
            seen.push(ToKeeper::Seen { attempt: *attempt, len: follower.offset() });
        }
        for message in replies.into_iter().chain(seen) {
            self.tell(&message);
        }
    }

    /// Sends changed rows to whoever shows them.
    pub fn send_rows(&mut self, clients: &mut Clients) {
        self.follow();
        let mut sent_all = BTreeMap::new();
        let shown: Vec<(u32, bool)> = clients.iter_mut().filter_map(|c| Some((c.shows?, c.fresh))).collect();
        for (attempt, _) in &shown {
            self.show_if_new(*attempt);
        }
        for client in clients.iter_mut() {
            let Some(attempt) = client.shows else { continue };
            let dirty = self.watched.get(&attempt).is_some_and(|w| w.dirty);
            if !client.fresh && !dirty {
                continue;
            }
            let Some(rows) = self.rows(attempt, client.fresh) else { continue };
            if Clients::send_rows(client, rows) {
                client.fresh = false;
                sent_all.entry(attempt).or_insert(true);
            } else {
                client.fresh = true;
                sent_all.insert(attempt, false);
            }
        }
        for (attempt, all) in sent_all {
            if let (true, Some(watch)) = (all, self.watched.get_mut(&attempt)) {
                watch.dirty = false;
            }
        }
    }

    fn show_if_new(&mut self, attempt: u32) {
        let known = self.watched.get(&attempt).map_or(self.old.contains_key(&attempt), |w| w.follower.is_some());
        if !known {
            self.show(attempt);
        }
    }

    /// Output waits to be read.
    pub fn is_behind(&self) -> bool {
        self.watched.values().any(|w| w.follower.as_ref().is_some_and(|f| f.behind(w.len) > 0))
    }

    /// The screen, with the history above it when it is wanted.
    fn rows(&self, attempt: u32, with_history: bool) -> Option<Rows> {
        let (follower, watch) = match self.watched.get(&attempt) {
            Some(watch) => (watch.follower.as_ref()?, Some(watch)),
            None => (self.old.get(&attempt)?, None),
        };
        let screen = follower.screen();
        let history = screen.history_len();
        let from = if with_history { history.saturating_sub(HISTORY) } else { history };
        let total = screen.rows_total();
        let (cols, height) = screen.size();
        let modes = screen.modes();
        let cursor = screen.cursor();
        Some(Rows {
            attempt,
            cols,
            height,
            history,
            rows: (from..total).zip(screen.rows(from, total - from)).collect(),
            cursor: (cursor.visible && watch.is_some()).then_some((cursor.col, cursor.row)),
            alternate: modes.alternate_screen,
            app_cursor: modes.app_cursor,
            bracketed_paste: modes.bracketed_paste,
            asks: watch.is_some_and(|w| w.unfinished),
            hidden_input: watch.is_some_and(|w| !w.echo),
            bytes: watch.map_or(follower.offset(), |w| w.len),
        })
    }

    /// Rows of an attempt's history.
    pub fn scroll(&mut self, attempt: u32, from: usize, count: usize) -> Option<Rows> {
        self.show_if_new(attempt);
        let mut all = self.rows(attempt, false)?;
        let follower = self.watched.get(&attempt).and_then(|w| w.follower.as_ref()).or(self.old.get(&attempt))?;
        let count = count.min(2000);
        all.rows = (from..from + count).zip(follower.screen().rows(from, count)).collect();
        Some(all)
    }

    /// What is masked from now on.
    pub fn secrets(&mut self, values: Vec<String>) {
        self.tell(&ToKeeper::Secrets { values });
    }

    /// The host leaves: what runs, runs on.
    pub fn leave(&mut self) {
        self.tell(&ToKeeper::Leave);
        self.keeper = None;
    }
}

impl Host {
    /// Starts a command. What stands in the journal is what is started; secrets are filled in here and nowhere else.
    pub(super) fn spawn(&mut self, started: Started) {
        let (item, attempt) = (started.item.clone(), started.attempt);
        let spawned = self.spawn_order(&started).and_then(|order| {
            self.with_keeper()?;
            self.hands.watch(attempt, item.clone(), 0);
            match &self.hands.keeper {
                Some(keeper) => keeper.send(&ToKeeper::Spawn(order)).map_err(|e| e.to_string()),
                None => Err("there is no keeper".into()),
            }
        });
        if let Err(why) = spawned {
            self.hands.watched.remove(&attempt);
            self.intend(Actor::host(), Want::NotStarted { item, attempt, why });
        }
    }

    fn spawn_order(&mut self, started: &Started) -> Result<Spawn, String> {
        let index = self.state.index(&started.item).ok_or("its item is not in the plan")?;
        let scope = PlanScope::new(&self.state, index);
        let mut env = self.env.clone();
        for (name, value) in &started.env {
            env.insert(name.clone(), self.secrets.env(value, &scope)?);
        }
        let folder = self.folder.path();
        let output = folder.join(files::FILES).join(format!("{}.output", started.attempt));
        env.insert("FLIGHTDECK_OUTPUT".into(), output.display().to_string());
        env.insert("run_dir".into(), folder.join(files::FILES).display().to_string());
        let program = match &started.what {
            Resolved::Argv(words) => Program::Argv(words.clone()),
            Resolved::Script { shell, text } => Program::Script {
                shell: shell.clone(),
                text: text.clone(),
                name: started.item.0.clone(),
                strict: true,
            },
            _ => return Err("there is nothing to start".into()),
        };
        let cwd = if started.cwd.is_empty() { self.root.clone() } else { self.root.join(&started.cwd) };
        Ok(Spawn {
            attempt: started.attempt,
            program,
            cwd: cwd.display().to_string(),
            env: env.into_iter().collect(),
            cols: self.hands.size.0,
            rows: self.hands.size.1,
            capture_stdout: started.capture_stdout,
        })
    }

    /// A keeper that answers: the run's own if it lives, else a new one.
    pub(super) fn with_keeper(&mut self) -> Result<(), String> {
        if self.hands.keeper.is_some() {
            return Ok(());
        }
        let folder = self.folder.path().to_owned();
        let found = KeeperClient::connect(&folder).map_err(|e| format!("the keeper does not answer: {e}"))?;
        let mut keeper = match found {
            Some(keeper) => keeper,
            None => {
                let exe = PathBuf::from("/proc/self/exe");
                KeeperClient::start(&folder, &exe, &[KEEPER], self.secrets.values()).map_err(|e| e.to_string())?
            }
        };
        let inbox = self.sender.clone();
        keeper
            .listen(move |heard| {
                // The loop's end is this process's end.
                let _ = inbox.send(Input::Keeper(heard));
            })
            .map_err(|e| e.to_string())?;
        self.hands.keeper = Some(keeper);
        Ok(())
    }

    /// What the keeper said.
    pub(super) fn heard(&mut self, heard: Heard) {
        let said = match heard {
            Heard::Said(said) => said,
            Heard::Gone(why) => return self.keeper_gone(&why),
        };
        match said {
            FromKeeper::Output { attempt, len, unfinished_line, echo, .. } => {
                if let Some(watch) = self.hands.watched.get_mut(&attempt) {
                    watch.len = watch.len.max(len);
                    watch.unfinished = unfinished_line;
                    watch.echo = echo;
                    watch.dirty = true;
                    if watch.follower.is_none() {
                        // Nobody looks: the keeper need not wait for anybody.
                        self.hands.tell(&ToKeeper::Seen { attempt, len });
                    }
                }
            }
            FromKeeper::Exited { attempt, exit } => self.exited(attempt, exit),
            FromKeeper::NotStarted { attempt, why } => {
                if let Some(watch) = self.hands.watched.remove(&attempt) {
                    self.intend(Actor::host(), Want::NotStarted { item: watch.item, attempt, why });
                }
            }
            FromKeeper::Trouble { attempt, text } => {
                let item = self.hands.watched.get(&attempt).map(|w| w.item.clone());
                self.intend(Actor::host(), Want::Caution { text: format!("its output is held back: {text}"), item });
            }
            FromKeeper::Refused { why } => log(&format!("the keeper refused: {why}")),
            FromKeeper::Hello { .. } | FromKeeper::Started { .. } | FromKeeper::Recovered { .. } => {}
        }
    }

    /// The connection broke: files say what became of what ran; what they do not say is unknown.
    fn keeper_gone(&mut self, why: &str) {
        self.hands.keeper = None;
        let running: Vec<(u32, ItemId)> = self.hands.watched.iter().map(|(a, w)| (*a, w.item.clone())).collect();
        if running.is_empty() {
            return;
        }
        log(&format!("the keeper is gone: {why}"));
        if self.with_keeper().is_ok() {
            let alive: Vec<u32> = self.hands.keeper.as_ref().map(|k| k.hello().attempts.iter().map(|r| r.attempt).collect()).unwrap_or_default();
            for (attempt, item) in running {
                if !alive.contains(&attempt) {
                    self.lost_or_ended(attempt, item);
                }
            }
        } else {
            for (attempt, item) in running {
                self.lost_or_ended(attempt, item);
            }
        }
    }

    /// An attempt that no keeper has: its exit file says how it ended, or nobody knows.
    pub(super) fn lost_or_ended(&mut self, attempt: u32, item: ItemId) {
        match leftovers(self.folder.path(), attempt) {
            Ok(Leftover::Ended { exit, .. }) => {
                self.hands.watch(attempt, item, exit.out_len);
                self.exited(attempt, exit);
            }
            Ok(Leftover::NeverStarted) => {
                self.hands.watched.remove(&attempt);
                let why = "it was never started: the host died before".into();
                self.intend(Actor::host(), Want::NotStarted { item, attempt, why });
            }
            Ok(Leftover::Started { .. }) | Err(_) => {
                self.hands.watched.remove(&attempt);
                let last = tail_lines(&self.hands.terminals, attempt);
                self.intend(Actor::host(), Want::Lost { item, attempt, last_lines: last });
            }
        }
    }

    /// A new host finds what the old one left: adopted, ended, never started, or unknown.
    pub(super) fn adopt(&mut self) {
        let running: Vec<(ItemId, u32)> = self
            .state
            .running
            .iter()
            .filter(|(index, _)| matches!(self.state.plan.items[*index].action, Action::Run(_)))
            .map(|(index, attempt)| (self.state.plan.items[*index].id.clone(), *attempt))
            .collect();
        if running.is_empty() {
            return;
        }
        let same_boot = self.state.host.boot.is_empty() || boot_id().is_ok_and(|boot| boot == self.state.host.boot);
        let keeper_there = same_boot && matches!(KeeperClient::connect(self.folder.path()), Ok(Some(_)));
        if keeper_there && let Err(error) = self.with_keeper() {
            log(&format!("the keeper cannot be adopted: {error}"));
        }
        let alive: Vec<(u32, u32, u64)> = self
            .hands
            .keeper
            .as_ref()
            .map(|k| k.hello().attempts.iter().map(|r| (r.attempt, r.pid, r.out_len)).collect())
            .unwrap_or_default();
        for (item, attempt) in running {
            match alive.iter().find(|(a, _, _)| *a == attempt) {
                Some((_, pid, len)) => {
                    self.hands.watch(attempt, item.clone(), *len);
                    self.intend(Actor::host(), Want::Adopted { item, attempt, pid: Some(*pid) });
                }
                None if same_boot => self.lost_or_ended(attempt, item),
                None => {
                    let last = tail_lines(&self.hands.terminals, attempt);
                    self.intend(Actor::host(), Want::Lost { item, attempt, last_lines: last });
                }
            }
        }
    }

    fn exited(&mut self, attempt: u32, exit: Exit) {
        let item = match self.hands.watched.remove(&attempt) {
            Some(watch) => {
                if let Some(mut follower) = watch.follower {
                    while follower.behind(exit.out_len) > 0 && matches!(follower.poll(exit.out_len), Ok(true)) {}
                    self.hands.old.insert(attempt, follower);
                }
                watch.item
            }
            None => match self.hands.exits.get(&attempt) {
                Some((item, _)) => item.clone(),
                None => return,
            },
        };
        for client in self.clients.iter_mut().filter(|c| c.shows == Some(attempt)) {
            client.fresh = true;
        }
        self.hands.exits.insert(attempt, (item.clone(), exit.clone()));
        while self.hands.exits.len() > 64 {
            self.hands.exits.pop_first();
        }
        let ended = Ended {
            item: item.clone(),
            attempt,
            exit: exit.code,
            signal: exit.signal,
            output_bytes: exit.out_len,
            output_sha256: if exit.out_len > 0 { exit.out_sha256.clone() } else { String::new() },
            last_lines: if exit.out_len > 0 { tail_lines(&self.hands.terminals, attempt) } else { vec![] },
            ..Ended::default()
        };
        let fields = self.fields_of(&item, attempt, &exit);
        let outputs = read_outputs(&self.folder.path().join(files::FILES).join(format!("{attempt}.output")));
        self.intend(Actor::host(), Want::Exited { ended: Box::new(ended), fields, outputs });
    }

    /// What the item's captures and expectations may read: only when there are some.
    fn fields_of(&self, item: &ItemId, attempt: u32, exit: &Exit) -> BTreeMap<String, Value> {
        let mut fields = BTreeMap::new();
        let Some(plan) = self.state.index(item).map(|i| &self.state.plan.items[i]) else { return fields };
        if plan.captures.is_empty() && plan.expect.len() <= 1 {
            return fields;
        }
        let captured = matches!(&plan.action, Action::Run(run) if run.acting.capture_stdout);
        if captured {
            let text = match exit.stdout_len {
                Some(len) if len > 0 => read_text(&self.hands.terminals.join(files::stdout(attempt))),
                _ => String::new(),
            };
            fields.insert("stdout".to_owned(), Value::Text(text));
        }
        let output = if exit.out_len > 0 {
            read_text(&self.hands.terminals.join(files::out(attempt))).replace("\r\n", "\n")
        } else {
            String::new()
        };
        fields.insert("output".to_owned(), Value::Text(output));
        fields
    }
}

/// Whether something of the state needs hands.
pub(super) fn is_running(state: &State, attempt: u32) -> bool {
    state.running.iter().any(|(_, a)| *a == attempt)
}

fn read_text(path: &Path) -> String {
    let Ok(file) = std::fs::File::open(path) else { return String::new() };
    let mut bytes = vec![];
    if file.take(MOST_CAPTURED).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail_lines(terminals: &Path, attempt: u32) -> Vec<String> {
    use std::io::{Seek, SeekFrom};
    let Ok(mut file) = std::fs::File::open(terminals.join(files::out(attempt))) else { return vec![] };
    let len = file.metadata().map(|m| m.len()).unwrap_or_default();
    let mut bytes = vec![];
    if file.seek(SeekFrom::Start(len.saturating_sub(TAIL))).is_err() || file.read_to_end(&mut bytes).is_err() {
        return vec![];
    }
    last_lines(&bytes, LAST_LINES)
}

/// `name=value` lines that a script wrote.
fn read_outputs(path: &Path) -> BTreeMap<String, String> {
    read_text(path)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .collect()
}
