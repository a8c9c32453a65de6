//! What is needed when the run rests: an end, a prompt, a person.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::super::need::{Need, has_autopilot, need};
use super::super::style::Tone;
use super::super::{Exit, prompt, say};
use super::{Client, LAST_WORDS, PATIENCE};
use crate::engine::Want;
use crate::link::{FromClient, Role};
use crate::words::ItemId;

impl Client {
    pub(super) fn want(&mut self, want: Want) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        self.sent.insert(id, want.clone());
        let _ = self.to_host.send(FromClient::Do { id, control: self.state.control.epoch, want: Box::new(want) });
        id
    }

    /// Everything that was there when this client joined was taken.
    pub(super) fn has_caught_up(&self) -> bool {
        self.target_seq.is_some_and(|seq| self.state.seq >= seq)
    }

    /// Looks whether the run rests: it has ended, or a person is needed.
    pub(super) fn rest(&mut self) -> io::Result<Option<Exit>> {
        if !self.has_caught_up() {
            return Ok(None);
        }
        if !std::mem::replace(&mut self.joined, true) {
            let lines = prompt::place(&self.state, self.style);
            self.output(&lines)?;
        }
        if let Some(exit) = Exit::of_run(&self.state) {
            return Ok(self.after_the_end(exit));
        }
        if self.role == Role::Observer {
            return Ok(None);
        }
        let need = need(&self.state);
        if need == Some(Need::Begin)
            && !has_autopilot(&self.state)
            && let Some(begin) = self.begin.take()
        {
            for (name, reason) in begin.accepted {
                self.want(Want::AcceptLimitation { name, reason });
            }
            self.want(Want::Begin { target: begin.target });
            return Ok(None);
        }
        // What was asked for is on its way.
        if !self.sent.is_empty() {
            return Ok(None);
        }
        if self.interactive { self.prompt(need).map(|()| None) } else { self.alone(need) }
    }

    /// The host writes the record after the run's last event; what it answers to now comes after that.
    pub(super) fn after_the_end(&mut self, exit: Exit) -> Option<Exit> {
        match self.ended_id {
            None => {
                let id = self.want(Want::Continue);
                self.ended_id = Some((id, Instant::now()));
                None
            }
            Some((_, since)) => (since.elapsed() > LAST_WORDS).then_some(exit),
        }
    }

    /// Nobody here can answer: ends where a person is needed.
    pub(super) fn alone(&mut self, need: Option<Need>) -> io::Result<Option<Exit>> {
        if self.interrupted.is_some() {
            let rests = self.state.paused.is_some() && self.state.running.is_empty();
            if rests {
                self.hint("paused")?;
            }
            return Ok(rests.then_some(Exit::Interrupted));
        }
        if let Some((_, why)) = self.state.person_needed.clone() {
            // The event itself was said, unless it came before this client.
            if self.json || !self.history {
                self.tell(Tone::Caution, &format!("a person is needed: {why}"))?;
            }
            self.hint("go on there")?;
            return Ok(Some(Exit::PersonNeeded(why)));
        }
        if let Some(why) = self.parking.clone() {
            self.tell(Tone::Caution, &format!("a person is needed: {why}"))?;
            self.hint("go on there")?;
            return Ok(Some(Exit::PersonNeeded(why)));
        }
        let why = match need {
            None | Some(Need::Continue) => {
                self.red_since = None;
                return Ok(None);
            }
            Some(Need::Red(index)) => {
                let since = match self.red_since {
                    Some((red, since)) if red == index => since,
                    _ => self.red_since.insert((index, Instant::now())).1,
                };
                let limit = self.state.plan.items[index].timeout.map_or(PATIENCE, |seconds| {
                    Duration::try_from_secs_f64(seconds / self.state.speed().max(0.001)).unwrap_or(PATIENCE)
                });
                if since.elapsed() < limit {
                    return Ok(None);
                }
                format!("\"{}\" is not as expected", say::title(&self.state, index))
            }
            Some(Need::Item(index)) => format!("\"{}\"", say::title(&self.state, index)),
            Some(Need::Begin) => "the flight has not begun".to_owned(),
            Some(Need::Place) => "a pinned place has changed".to_owned(),
            Some(Need::Close(_)) => "the phase has to be closed".to_owned(),
        };
        if let (Some(need), false) = (need, self.json) {
            for line in prompt::lines(&self.state, need, self.style) {
                self.output(&[line])?;
            }
        }
        let item = match need {
            Some(Need::Item(index) | Need::Red(index)) => Some(self.state.plan.items[index].id.clone()),
            _ => None,
        };
        self.park(item, why);
        Ok(None)
    }

    /// The journal is told that a person is needed and nobody here can answer; with the answer to that the client ends.
    pub(super) fn park(&mut self, item: Option<ItemId>, why: String) {
        self.want(Want::NeedPerson { item, why: why.clone() });
        self.parking = Some(why);
    }

    pub(super) fn hint(&mut self, what: &str) -> io::Result<()> {
        let run = self.state.opened.as_ref().map(|opened| opened.run.clone()).unwrap_or_default();
        self.tell(Tone::Plain, &format!("{what}: flightdeck attach {run}"))
    }

    pub(super) fn prompt(&mut self, need: Option<Need>) -> io::Result<()> {
        if let Some(ask) = &self.ask {
            if !self.at_prompt {
                let text = ask.text(&self.state);
                self.write_prompt(&format!("{text} (`.` gives up): "))?;
            }
            return Ok(());
        }
        let Some(need) = need else {
            self.prompted = None;
            return Ok(());
        };
        let look = match need {
            Need::Item(index) | Need::Red(index) => {
                let item = &self.state.items[index];
                (need, item.seen(), item.request.is_some())
            }
            _ => (need, 0, false),
        };
        if self.prompted != Some(look) {
            self.prompted = Some(look);
            let lines = prompt::lines(&self.state, need, self.style);
            self.output(&lines)?;
        }
        if !self.at_prompt {
            self.write_prompt("> ")?;
        }
        Ok(())
    }

    pub(super) fn write_prompt(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{text}")?;
        self.at_prompt = true;
        Ok(())
    }
}
