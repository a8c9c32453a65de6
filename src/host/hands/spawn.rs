//! From an attempt that stands in the journal to a command that runs.

use super::{Hands, KEEPER};
use crate::engine::event::{Resolved, Started};
use crate::engine::plan::Action;
use crate::engine::{PlanScope, State, Want};
use crate::host::confine;
use crate::host::core::Host;
use crate::host::input::Input;
use crate::keeper::KeeperClient;
use crate::keeper::protocol::{PROTO, Program, Spawn, ToKeeper};
use crate::words::{Actor, ItemId, files};
use std::path::PathBuf;

/// A keeper is there and was not joined.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotJoined {
    /// It cannot be spoken with.
    #[error("the keeper does not answer: {0}")]
    Silent(String),
    /// What runs is in the hands of another version.
    #[error(
        "the run's keeper (process {pid}) is of flightdeck {program} and speaks protocol {proto}, this is {PROTO}: go on with \
         that version"
    )]
    OtherVersion {
        /// Its process.
        pid: u32,
        /// Its version.
        program: String,
        /// Its protocol.
        proto: u32,
    },
}

impl Host {
    /// Starts a command. What stands in the journal is what is started; secrets are filled in here and nowhere else.
    pub(in crate::host) fn spawn(&mut self, started: Started) {
        let (item, attempt) = (started.item.clone(), started.attempt);
        let hidden = hides_output(&self.state, &item);
        let spawned = self.spawn_order(&started).and_then(|order| {
            self.with_keeper()?;
            self.hands.watch(attempt, item.clone(), 0, hidden);
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
        let mut env = confine::environment(&self.state.plan, self.folder.path(), &self.env)?;
        for (name, value) in &started.env {
            env.insert(name.clone(), self.secrets.env(value, &scope)?);
        }
        let folder = self.folder.path();
        let output = folder.join(files::FILES).join(format!("{}.output", started.attempt));
        env.insert("FLIGHTDECK_OUTPUT".into(), output.display().to_string());
        env.insert("run_dir".into(), folder.join(files::FILES).display().to_string());
        let program = match &started.what {
            Resolved::Argv(words) => Program::Argv(words.clone()),
            Resolved::Script { shell, text } => {
                Program::Script { shell: shell.clone(), text: text.clone(), name: started.item.0.clone(), strict: true }
            }
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
        if self.join_keeper().map_err(|e| e.to_string())? {
            return Ok(());
        }
        let exe = PathBuf::from("/proc/self/exe");
        let keeper = KeeperClient::start(self.folder.path(), &exe, &[KEEPER], self.secrets.values())
            .map_err(|e| e.to_string())?;
        self.listen_to(keeper, false)
    }

    /// Joins the run's keeper; false when there is none.
    pub(super) fn join_keeper(&mut self) -> Result<bool, NotJoined> {
        let found = KeeperClient::connect(self.folder.path()).map_err(|e| NotJoined::Silent(e.to_string()))?;
        let Some(keeper) = found else { return Ok(false) };
        let hello = keeper.hello();
        if hello.proto != PROTO {
            return Err(NotJoined::OtherVersion { pid: hello.pid, program: hello.program.clone(), proto: hello.proto });
        }
        self.listen_to(keeper, true).map_err(NotJoined::Silent)?;
        Ok(true)
    }

    fn listen_to(&mut self, mut keeper: KeeperClient, adopted: bool) -> Result<(), String> {
        let inbox = self.sender.clone();
        keeper
            .listen(move |heard| {
                // The loop's end is this process's end.
                let _ = inbox.send(Input::Keeper(heard));
            })
            .map_err(|e| e.to_string())?;
        self.hands.keeper = Some(keeper);
        self.hands.adopted = adopted;
        let all = self.secrets.missing(&self.state.plan).is_empty();
        if adopted && all {
            self.hands.secrets(self.secrets.values(), true);
        }
        Ok(())
    }
}

/// Whether an item's output is neither shown nor kept.
pub(super) fn hides_output(state: &State, item: &ItemId) -> bool {
    let action = state.index(item).and_then(|i| state.plan.items.get(i)).map(|i| &i.action);
    matches!(action, Some(Action::Run(run)) if run.acting.hide_output)
}

impl Hands {
    /// What the keeper had running when it was joined: attempt, process, bytes of output.
    pub(super) fn alive(&self) -> Vec<(u32, u32, u64)> {
        let hello = self.keeper.as_ref().map(KeeperClient::hello);
        hello.map(|h| h.attempts.iter().map(|r| (r.attempt, r.pid, r.out_len)).collect()).unwrap_or_default()
    }

    /// Whether the keeper that was joined says next how an attempt ended: there was no room to write it down.
    pub(super) fn is_told_next(&self, attempt: u32) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| keeper.hello().ended.contains(&attempt))
    }
}
