//! What is typed, and interrupts.

use std::io::{self, Write};
use std::time::Instant;

use base64::Engine as _;

use super::super::ask::{Next, act};
use super::super::style::Tone;
use super::super::verbs::{HELP, Verb, parse as parse_verb};
use super::super::{Exit, prompt};
use super::{AGAIN, Client};
use crate::engine::{Want, rollback_commands};
use crate::link::{FromClient, Role};

impl Client {
    pub(super) fn typed(&mut self, line: &str) -> io::Result<Option<Exit>> {
        // The newline was echoed by the terminal.
        self.at_prompt = false;
        if self.hidden.take().is_some() {
            writeln!(self.out)?;
        }
        if let Some(ask) = self.ask.take() {
            let next = ask.take(&self.state, line);
            self.next(next);
            return Ok(None);
        }
        let verb = match parse_verb(line) {
            Ok(verb) => verb,
            Err(why) => {
                self.note(&why)?;
                return Ok(None);
            }
        };
        match verb {
            None | Some(Verb::Show) => self.prompted = None,
            Some(Verb::Leave) => {
                self.hint("left; the run goes on, come back with")?;
                return Ok(Some(Exit::Left));
            }
            Some(Verb::Help) => {
                let lines: Vec<String> = HELP.iter().map(|(verb, what)| format!("{verb:<44} {what}")).collect();
                self.output(&lines)?;
            }
            Some(Verb::List) => {
                let lines = prompt::left(&self.state, self.style);
                self.output(&lines)?;
            }
            Some(Verb::Contacts) => {
                let lines = prompt::contacts(&self.state);
                self.output(&lines)?;
            }
            Some(Verb::Rollback) => self.note(&rollback_commands(&self.state))?,
            Some(Verb::Type(text)) => match self.state.running.first() {
                Some((_, attempt)) => {
                    let bytes = base64::engine::general_purpose::STANDARD.encode(format!("{text}\n"));
                    let _ = self.to_host.send(FromClient::Type { attempt: *attempt, bytes });
                }
                None => self.note("nothing runs")?,
            },
            Some(verb) => match act(&self.state, verb) {
                Ok(next) => self.next(next),
                Err(why) => self.note(&why)?,
            },
        }
        Ok(None)
    }

    pub(super) fn next(&mut self, next: Next) {
        match next {
            Next::Want(want) => {
                self.want(*want);
            }
            Next::Ask(ask) => self.ask = Some(ask),
            Next::Secret { name, value } => {
                let _ = self.to_host.send(FromClient::Secret { name, value });
            }
            Next::Nothing => self.prompted = None,
        }
    }

    /// Ctrl-C stops what runs and pauses; again within 2 s it leaves.
    pub(super) fn interrupt(&mut self) -> io::Result<Option<Exit>> {
        let again = self.interrupted.is_some_and(|since| since.elapsed() < AGAIN);
        let flies = self.state.begun.is_some() && self.state.ended.is_none() && self.role == Role::Operator;
        if again || !flies {
            return Ok(Some(Exit::Interrupted));
        }
        self.interrupted = Some(Instant::now());
        let running = self.state.running.first().copied();
        let what = if running.is_some() { "stopping what runs, and pausing" } else { "pausing" };
        self.tell(Tone::Caution, &format!("{what}; Ctrl-C again within 2 s leaves"))?;
        if let Some((index, attempt)) = running {
            self.want(Want::Stop { item: self.state.plan.items[index].id.clone(), attempt });
        }
        if self.state.paused.is_none() {
            self.want(Want::Pause { reason: Some("interrupted".to_owned()) });
        }
        Ok(None)
    }
}
