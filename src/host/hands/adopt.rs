//! After a crash: adopted, ended, never started, or unknown. Nothing is ever started a second time.

use super::ended::tail_lines;
use super::spawn::{NotJoined, hides_output};
use crate::engine::plan::Action;
use crate::engine::{Settled, State, Status, Want};
use crate::host::core::Host;
use crate::host::log;
use crate::journal::leads_a_session;
use crate::keeper::protocol::ToKeeper;
use crate::keeper::{Leftover, boot_id, leftovers};
use crate::words::{Actor, ItemId};

impl Host {
    /// The connection broke: a keeper that still lives has what runs; else files say what became of it.
    pub(super) fn keeper_gone(&mut self, why: &str) {
        self.hands.keeper = None;
        let running: Vec<(u32, ItemId)> = self.hands.watched.iter().map(|(a, w)| (*a, w.item.clone())).collect();
        if running.is_empty() {
            return;
        }
        log(&format!("the keeper is gone: {why}"));
        if let Err(why) = self.join_keeper() {
            log(&why.to_string());
        }
        let alive = self.hands.alive();
        for (attempt, item) in running {
            if !alive.iter().any(|(a, _, _)| *a == attempt) && !self.hands.is_told_next(attempt) {
                self.lost_or_ended(attempt, item);
            }
        }
    }

    /// An attempt that no keeper has: its file says how it ended, or nobody knows.
    fn lost_or_ended(&mut self, attempt: u32, item: ItemId) {
        let here = boot_id().unwrap_or_default();
        let this_boot = |boot: &str| !here.is_empty() && boot == here;
        let known = leftovers(self.folder.path(), attempt);
        if let Err(error) = &known {
            log(&format!("what attempt {attempt} left cannot be read: {error}"));
        }
        match known {
            Ok(Leftover::Ended { boot_id, exit }) if this_boot(&boot_id) => self.exited(item, attempt, &exit),
            // Files are not synced: after a reboot a missing one says nothing.
            Ok(Leftover::NeverStarted) if this_boot(&self.state.host.boot) => {
                self.hands.watched.remove(&attempt);
                let why = "it was never started: the host or the keeper died before".into();
                self.intend(Actor::host(), Want::NeverStarted { item, attempt, why });
            }
            Ok(Leftover::Started { boot_id, pid: Some(pid) }) if this_boot(&boot_id) && leads_a_session(pid) => {
                let text =
                    format!("process {pid} of attempt {attempt} may still run: nobody reads what it says any more");
                self.intend(Actor::host(), Want::Caution { text, item: Some(item.clone()) });
                self.lost(attempt, item);
            }
            _ => self.lost(attempt, item),
        }
    }

    fn lost(&mut self, attempt: u32, item: ItemId) {
        self.hands.watched.remove(&attempt);
        let hidden = hides_output(&self.state, &item);
        let last_lines = if hidden { vec![] } else { tail_lines(&self.hands.terminals, attempt) };
        self.intend(Actor::host(), Want::Lost { item, attempt, last_lines });
    }

    /// A new host finds what the old one left.
    ///
    /// # Errors
    /// What runs is in the hands of a keeper that this version cannot talk with: then nothing may be said of it.
    pub(in crate::host) fn adopt(&mut self) -> Result<(), String> {
        let mut running: Vec<(ItemId, u32)> = vec![];
        let mut notices: Vec<(ItemId, u32)> = vec![];
        for (index, attempt) in self.state.running.clone() {
            let plan = &self.state.plan.items[index];
            match plan.action {
                Action::Run(_) => running.push((plan.id.clone(), attempt)),
                Action::Notify(_) => notices.push((plan.id.clone(), attempt)),
                _ => {}
            }
        }
        // Whether the receiver has it nobody knows.
        for (item, attempt) in notices {
            self.notify_again(&item, attempt);
        }
        if !running.is_empty() {
            match self.join_keeper() {
                Ok(_) => {}
                Err(why @ NotJoined::OtherVersion { .. }) => return Err(why.to_string()),
                Err(why) => log(&why.to_string()),
            }
        }
        let alive = self.hands.alive();
        let (cols, rows) = self.hands.size;
        for (item, attempt) in running {
            let of = self.state.index(&item).and_then(|i| self.state.items[i].attempt());
            let unrecorded = of.is_some_and(|a| a.number == attempt && a.unrecorded);
            match alive.iter().find(|(a, _, _)| *a == attempt) {
                Some((_, pid, len)) => {
                    let hidden = hides_output(&self.state, &item);
                    self.hands.watch(attempt, item.clone(), *len, hidden);
                    self.hands.say(&ToKeeper::Size { attempt, cols, rows });
                    if unrecorded {
                        self.hands.go_on_unrecorded(attempt);
                    }
                    self.intend(Actor::host(), Want::Adopted { item, attempt, pid: Some(*pid) });
                }
                None if self.hands.is_told_next(attempt) => {}
                None => self.lost_or_ended(attempt, item),
            }
        }
        Ok(())
    }

    /// What an earlier host had asked for and died before it heard the answer: it is asked again.
    pub(in crate::host) fn ask_again(&mut self) {
        let state = self.state.clone();
        for index in 0..state.plan.items.len() {
            let id = &state.plan.items[index].id;
            if state.phase == Some(state.plan.items[index].phase) || state.status(index) == Status::Unknown {
                self.eyes.look_at_item(&state, id);
            }
            if let Some((text, hash)) = unanswered(&state, index)
                && state.is_training()
            {
                self.ask_second_person(id.clone(), &text, hash);
            }
        }
    }
}

/// An approval's request that waits for an answer: its text and hash.
fn unanswered(state: &State, index: usize) -> Option<(String, String)> {
    let item = &state.items[index];
    let request = item.request.as_ref()?;
    let answered = request.no.is_some() || request.expired || matches!(item.settled, Some(Settled::Answered(_)));
    (!answered).then(|| (request.text.clone(), request.hash.clone()))
}
