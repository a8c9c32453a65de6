//! What the client knows: the fold of the run's events, live figures, the rows of the shown attempt, the clocks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::tape::Tape;
use crate::engine::plan::Plan;
use crate::engine::{Recorded, State, Status};
use crate::link::{FromHost, Live, LiveProbe, PROTO, Role, parse};
use crate::words::{Actor, ProbeId, Stamp};

/// What a message of the host brought beside what it changed in the model.
#[derive(Clone, Debug)]
pub enum News {
    /// An event, folded already.
    Event(Box<Recorded>),
    /// An intent of ours is on disk.
    Done(u64),
    /// An intent of ours was refused.
    Refused(u64, String),
    /// A secret is needed.
    NeedSecret(String),
    /// The link is of no use: why.
    Lost(String),
}

/// Everything known.
#[derive(Debug, Default)]
pub struct Model {
    /// The fold.
    pub state: State,
    /// Status of each item of the plan, made anew after events.
    pub statuses: Vec<Status>,
    /// Events that came before the plan.
    early: Vec<Recorded>,
    /// The plan came.
    pub has_plan: bool,
    /// The run's folder.
    pub folder: String,
    /// The run's id.
    pub run: String,
    /// All events up to the one that was on disk at the welcome are folded.
    pub caught_up: bool,
    welcomed: Option<u64>,
    /// Live figures.
    pub live: Live,
    /// Rows of the shown attempt.
    pub tape: Tape,
    /// The host is gone: why.
    pub gone: Option<String>,
    /// Secrets that the host asked for and was not given yet.
    pub secrets: Vec<String>,
    clock: Option<(Stamp, Duration)>,
}

impl Model {
    /// Takes a message that came at `now` (time since the client's start).
    pub fn take(&mut self, message: FromHost, now: Duration) -> Vec<News> {
        match message {
            FromHost::Welcome { proto, folder, seq, now: stamp, run, program } => {
                if proto != PROTO {
                    return vec![News::Lost(format!("the run's host is {program}, which speaks another protocol"))];
                }
                (self.folder, self.run) = (folder, run);
                self.clock = Some((stamp, now));
                self.welcomed = Some(seq);
                self.caught_up = self.state.seq >= seq;
                vec![]
            }
            FromHost::Incompatible { program, why } => vec![News::Lost(format!("the run's host is {program}: {why}"))],
            FromHost::Events { lines } => self.events(&lines, now),
            FromHost::Plan { json } => match serde_json::from_str::<Plan>(&json) {
                Ok(plan) => {
                    self.plan(plan);
                    vec![]
                }
                Err(why) => vec![News::Lost(format!("the run's plan was not understood: {why}"))],
            },
            FromHost::Rows(rows) => {
                self.tape.take(rows);
                vec![]
            }
            FromHost::Live(live) => {
                if let Some(stamp) = live.now {
                    self.clock = Some((stamp, now));
                }
                self.live = live;
                vec![]
            }
            FromHost::Done { id, .. } => vec![News::Done(id)],
            FromHost::Refused { id, why } => vec![News::Refused(id, why)],
            // The screens make the same text from the fold: `r` shows it while the journal cannot be written.
            FromHost::ByHand { .. } => vec![],
            FromHost::NeedSecret { name } => {
                if !self.secrets.contains(&name) {
                    self.secrets.push(name.clone());
                }
                vec![News::NeedSecret(name)]
            }
            FromHost::Bye { why } => {
                self.gone = Some(why);
                vec![]
            }
        }
    }

    fn plan(&mut self, plan: Plan) {
        self.state = State::new(Arc::new(plan));
        self.has_plan = true;
        for recorded in std::mem::take(&mut self.early) {
            self.state.apply(&recorded);
        }
        self.refresh();
    }

    fn events(&mut self, lines: &[String], now: Duration) -> Vec<News> {
        let mut news = vec![];
        for line in lines {
            let recorded = match parse(line) {
                Ok(recorded) => recorded,
                Err(why) => {
                    news.push(News::Lost(why.to_string()));
                    break;
                }
            };
            if self.clock.is_none_or(|(stamp, _)| stamp.up < recorded.stamp.up) {
                self.clock = Some((recorded.stamp, now));
            }
            self.state.apply(&recorded);
            if !self.has_plan {
                self.early.push(recorded.clone());
            }
            news.push(News::Event(Box::new(recorded)));
        }
        self.caught_up |= self.welcomed.is_some_and(|seq| self.state.seq >= seq);
        self.refresh();
        news
    }

    fn refresh(&mut self) {
        self.statuses = (0..self.state.plan.items.len()).map(|i| self.state.status(i)).collect();
    }

    /// An item's status.
    pub fn status(&self, index: usize) -> Status {
        self.statuses.get(index).cloned().unwrap_or(Status::Off)
    }

    /// Now, on both clocks, as far as the host has said.
    pub fn now(&self, now: Duration) -> Option<Stamp> {
        let (stamp, at) = self.clock?;
        let gone = now.saturating_sub(at);
        let micros = i64::try_from(gone.as_micros()).unwrap_or(i64::MAX);
        // After the end, and without a host, no run time passes.
        let speed = if self.gone.is_some() { 0.0 } else { self.state.speed() };
        let up = stamp.up.saturating_add((gone.as_micros() as f64 * speed) as u64);
        Some(Stamp { at: stamp.at.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(stamp.at), up })
    }

    /// Run time now, µs.
    pub fn up(&self, now: Duration) -> u64 {
        self.now(now).map_or(0, |stamp| stamp.up)
    }

    /// Wall time at a run time that lies ahead, for what is promised.
    pub fn at_of(&self, up: u64, now: Duration) -> Option<DateTime<Utc>> {
        let stamp = self.now(now)?;
        let real = (up as f64 - stamp.up as f64) / self.state.speed().max(0.001);
        stamp.at.checked_add_signed(TimeDelta::microseconds(real as i64))
    }

    /// A probe's live figures.
    pub fn live_probe(&self, id: &ProbeId) -> Option<&LiveProbe> {
        self.live.probes.iter().find(|p| p.id == *id)
    }

    /// What a wait or check still misses, in words.
    pub fn missing(&self, index: usize) -> Option<&str> {
        let id = self.state.plan.items.get(index)?.id.as_str();
        self.live.missing.iter().find(|(item, _)| item == id).map(|(_, what)| what.as_str())
    }

    /// The running attempt that has a terminal: item and number.
    pub fn running(&self) -> Option<(usize, u32)> {
        self.state.running.first().copied()
    }

    /// Somebody else's operator client is attached.
    pub fn is_attached(&self, who: &Actor) -> bool {
        self.live.clients.iter().any(|(actor, role)| actor == who && *role == Role::Operator)
    }
}
