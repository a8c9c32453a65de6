//! What the keeper says, and what an ended command left.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::screens::read_to;
use super::spawn::hides_output;
use crate::engine::event::Ended;
use crate::engine::plan::{Action, Item};
use crate::engine::{Attempt, Event, Want};
use crate::host::core::Host;
use crate::host::log;
use crate::keeper::Heard;
use crate::keeper::protocol::{Exit, FromKeeper};
use crate::runbook::kinds::CaptureOf;
use crate::terminal::last_lines;
use crate::words::{Actor, ItemId, Outcome, Value, files};

/// Last lines that an attempt's end keeps.
const LAST_LINES: usize = 12;
/// Bytes of the end of an output that are read for its last lines.
const TAIL: u64 = 64 << 10;
/// The most that a capture reads, bytes.
const MOST_CAPTURED: u64 = 16 << 20;

impl Host {
    /// What the keeper said.
    pub(in crate::host) fn heard(&mut self, heard: Heard) {
        let said = match heard {
            Heard::Said(said) => said,
            Heard::Gone(why) => return self.keeper_gone(&why),
        };
        match said {
            FromKeeper::Output { attempt, len, unfinished_line, echo, .. } => {
                self.hands.output(attempt, len, unfinished_line, echo);
            }
            // What no file holds is told to every host that comes.
            FromKeeper::Exited { attempt, .. } if self.is_known(attempt) => {}
            FromKeeper::Exited { attempt, exit } => {
                if let Some(item) = self.item_of(attempt) {
                    self.exited(item, attempt, &exit);
                }
            }
            FromKeeper::NotStarted { attempt, why } => {
                self.hands.watched.remove(&attempt);
                if let Some(item) = self.item_of(attempt) {
                    self.intend(Actor::host(), Want::NotStarted { item, attempt, why });
                }
            }
            FromKeeper::Trouble { attempt, text } => {
                if let Some(item) = self.hands.hold(attempt, Some(text.clone())) {
                    self.intend(Actor::host(), Want::Caution { text, item: Some(item) });
                }
            }
            FromKeeper::Recovered { attempt } => drop(self.hands.hold(attempt, None)),
            FromKeeper::Refused { why } => log(&format!("the keeper refused: {why}")),
            FromKeeper::Hello { .. } | FromKeeper::Started { .. } => {}
        }
    }

    /// The journal says how an attempt ended, and its keeper had told it before this connection.
    fn is_known(&self, attempt: u32) -> bool {
        let mut attempts = self.state.items.iter().flat_map(|item| &item.attempts);
        let known = |a: &Attempt| a.number == attempt && !matches!(a.outcome(), None | Some(Outcome::Unknown));
        self.hands.is_told_next(attempt) && attempts.any(known)
    }

    /// The item that an attempt belongs to, whether it runs or not.
    fn item_of(&self, attempt: u32) -> Option<ItemId> {
        if let Some(watch) = self.hands.watched.get(&attempt) {
            return Some(watch.item.clone());
        }
        let index = self.state.items.iter().position(|i| i.attempts.iter().any(|a| a.number == attempt))?;
        Some(self.state.plan.items[index].id.clone())
    }

    /// A command has ended, and all that it left is on disk.
    pub(super) fn exited(&mut self, item: ItemId, attempt: u32, exit: &Exit) {
        if let Some(watch) = self.hands.watched.remove(&attempt)
            && let Some(mut follower) = watch.follower
            && self.clients.anybody_shows(attempt)
        {
            read_to(&mut follower, exit.out_len);
            self.hands.keep_old(attempt, follower);
        }
        for client in self.clients.iter_mut().filter(|c| c.shown.attempt() == Some(attempt)) {
            client.shown.due = true;
        }
        self.flush_typing_of(attempt);
        let hidden = hides_output(&self.state, &item);
        let shown = exit.out_len > 0 && !hidden;
        let ended = Ended {
            item: item.clone(),
            attempt,
            exit: exit.code,
            signal: exit.signal,
            output_bytes: if hidden { 0 } else { exit.out_len },
            output_sha256: if shown { exit.out_sha256.clone() } else { String::new() },
            last_lines: if shown { tail_lines(&self.hands.terminals, attempt) } else { vec![] },
            ..Ended::default()
        };
        let fields = self.fields_of(&item, attempt, exit);
        let path = self.folder.path().join(files::FILES).join(format!("{attempt}.output"));
        let mut outputs = read_outputs(&path);
        outputs.values_mut().for_each(|value| *value = self.secrets.mask(value));
        // Before its end, which may be the run's.
        if exit.lost > 0 {
            let text = format!("{} bytes of its output could not be kept", exit.lost);
            self.intend(Actor::host(), Want::Caution { text, item: Some(item.clone()) });
        }
        if exit.left_behind {
            let text = "what it started and left running still held its output: what that prints now is not kept";
            self.intend(Actor::host(), Want::Caution { text: text.into(), item: Some(item.clone()) });
        }
        self.intend(Actor::host(), Want::Exited { ended: Box::new(ended), fields, outputs });
    }

    /// What the item's captures and expectations read of what it printed; nothing else is read.
    fn fields_of(&self, item: &ItemId, attempt: u32, exit: &Exit) -> BTreeMap<String, Value> {
        let mut fields = BTreeMap::new();
        let Some(plan) = self.state.index(item).map(|i| &self.state.plan.items[i]) else { return fields };
        let named = names_read(plan);
        if matches!(&plan.action, Action::Run(run) if run.acting.capture_stdout) {
            let text = match exit.stdout_len {
                Some(len) if len > 0 => read_text(&self.hands.terminals.join(files::stdout(attempt))),
                _ => String::new(),
            };
            fields.insert("stdout".to_owned(), Value::Text(text));
        }
        if named.iter().any(|name| name == "output") {
            let text = match exit.out_len {
                0 => String::new(),
                _ => read_text(&self.hands.terminals.join(files::out(attempt))).replace("\r\n", "\n"),
            };
            fields.insert("output".to_owned(), Value::Text(text));
        }
        fields
    }

    /// The output of what is not to be kept goes away once its end is on disk.
    pub(in crate::host) fn forget_hidden(&self, events: &[Event]) {
        for event in events {
            let Event::AttemptEnded(ended) = event else { continue };
            if !hides_output(&self.state, &ended.item) {
                continue;
            }
            for name in [files::out(ended.attempt), files::tim(ended.attempt), files::stdout(ended.attempt)] {
                match std::fs::remove_file(self.hands.terminals.join(&name)) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => log(&format!("{name} stays: {e}")),
                    _ => {}
                }
            }
        }
    }
}

/// The names that an item's captures and expectations begin with.
fn names_read(item: &Item) -> Vec<String> {
    let captures = item.captures.iter().flat_map(|c| match &c.spec.of {
        CaptureOf::Field(expr) => expr.used(),
        CaptureOf::Text(template) => template.used(),
        CaptureOf::Output => vec![],
    });
    let expected = item.expect.iter().flat_map(|e| e.used());
    let mut names: Vec<String> = expected.chain(captures).filter_map(|used| used.path.into_iter().next()).collect();
    if item.captures.iter().any(|c| c.spec.of == CaptureOf::Output && c.spec.pattern.is_some()) {
        names.push("output".to_owned());
    }
    names
}

fn read_text(path: &Path) -> String {
    let Ok(file) = std::fs::File::open(path) else { return String::new() };
    let mut bytes = vec![];
    if file.take(MOST_CAPTURED).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn tail_lines(terminals: &Path, attempt: u32) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_s_lines_become_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.output");
        assert!(read_outputs(&path).is_empty());
        std::fs::write(&path, "revision = 7\nurl=http://a/?b=c\nno value\nrevision=8\n").unwrap();
        let outputs = read_outputs(&path);
        assert_eq!(outputs["revision"], "8", "the last one counts");
        assert_eq!(outputs["url"], "http://a/?b=c");
        assert_eq!(outputs.len(), 2);
    }
}
