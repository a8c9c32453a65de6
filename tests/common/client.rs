//! A client that does what a test says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use base64::Engine as _;
use flightdeck::engine::{Event, Recorded, State, Status, Want, resolve};
use flightdeck::link::{self, ClientLink, ConnectError, FromClient, FromHost, Live, PROTO, Role, parse};
use flightdeck::terminal::{Row, plain};
use flightdeck::words::Actor;

use super::{LIMIT, wait_for};

/// A client and all that it was told.
pub struct Client {
    pub link: ClientLink,
    pub state: State,
    /// Events in the order in which they came.
    pub events: Vec<Recorded>,
    /// The same in the batches in which they came.
    pub batches: Vec<Vec<Event>>,
    early: Vec<Recorded>,
    has_plan: bool,
    pub welcome: Option<FromHost>,
    pub live: Option<Live>,
    /// Rows of the shown attempt by number.
    pub rows: BTreeMap<usize, Row>,
    /// Whether the shown attempt seems to ask.
    pub asks: bool,
    /// How many pictures came, and how many rows were in them.
    pub pictures: (usize, usize),
    pub answers: BTreeMap<u64, Result<u64, String>>,
    pub secrets: Vec<String>,
    pub by_hand: Option<(String, String)>,
    pub bye: Option<String>,
    pub gone: bool,
    next: u64,
}

impl Client {
    /// An operator `anna@ops1`, who gets everything from the first event on.
    pub fn of(folder: &Path) -> Self {
        Self::named(folder, "anna@ops1", Role::Operator)
    }

    /// Somebody.
    pub fn named(folder: &Path, name: &str, role: Role) -> Self {
        let client = Self::silent(folder);
        let hello =
            FromClient::Hello { proto: PROTO, program: "test".into(), events_from: 1, role, name: Actor(name.into()) };
        client.say(hello);
        client
    }

    /// One who has not said hello.
    pub fn silent(folder: &Path) -> Self {
        let link = wait_for("the host listens", || match link::connect(folder) {
            Ok(link) => Some(link),
            Err(ConnectError::NoHost) => None,
            Err(error) => panic!("{error}"),
        });
        Self {
            link,
            state: State::default(),
            events: vec![],
            batches: vec![],
            early: vec![],
            has_plan: false,
            welcome: None,
            live: None,
            rows: BTreeMap::new(),
            asks: false,
            pictures: (0, 0),
            answers: BTreeMap::new(),
            secrets: vec![],
            by_hand: None,
            bye: None,
            gone: false,
            next: 0,
        }
    }

    /// Says something.
    pub fn say(&self, message: FromClient) {
        // A host that is gone is told of by what comes back.
        let _ = self.link.to_host.send(message);
    }

    fn take(&mut self, message: FromHost) {
        match message {
            FromHost::Plan { json } => {
                self.state = State::new(Arc::new(serde_json::from_str(&json).unwrap()));
                self.has_plan = true;
                for recorded in std::mem::take(&mut self.early) {
                    self.state.apply(&recorded);
                }
            }
            FromHost::Events { lines } => {
                self.batches.push(vec![]);
                for line in lines {
                    let recorded = parse(&line).unwrap();
                    let expected = self.events.last().map_or(recorded.seq, |last| last.seq + 1);
                    assert_eq!(recorded.seq, expected, "events are in order and complete");
                    if self.has_plan {
                        self.state.apply(&recorded);
                    } else {
                        self.early.push(recorded.clone());
                    }
                    self.batches.last_mut().unwrap().push(recorded.event.clone());
                    self.events.push(recorded);
                }
            }
            FromHost::Rows(rows) => {
                self.pictures.0 += 1;
                self.asks = rows.asks;
                self.pictures.1 += rows.rows.len();
                self.rows.extend(rows.rows);
            }
            FromHost::Live(live) => self.live = Some(live),
            FromHost::Done { id, seq } => {
                let known = self.events.last().map_or(0, |e| e.seq);
                assert!(known >= seq, "an acknowledgement comes after its events");
                self.answers.insert(id, Ok(seq));
            }
            FromHost::Refused { id, why } => {
                self.answers.insert(id, Err(why));
            }
            FromHost::NeedSecret { name } => self.secrets.push(name),
            FromHost::ByHand { why, text } => self.by_hand = Some((why, text)),
            FromHost::Bye { why } => self.bye = Some(why),
            welcome @ (FromHost::Welcome { .. } | FromHost::Incompatible { .. }) => self.welcome = Some(welcome),
        }
    }

    /// Takes what has come.
    pub fn catch_up(&mut self) {
        while let Ok(message) = self.link.from_host.try_recv() {
            self.take(message);
        }
    }

    /// Takes messages until something is so.
    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(!self.gone, "the host is gone: {what}; events: {:#?}", self.events.last());
            match self.link.from_host.recv_timeout(Duration::from_millis(100)) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Disconnected) => self.gone = true,
                Err(RecvTimeoutError::Timeout) => {
                    let last: Vec<_> = self.events.iter().rev().take(5).map(|e| &e.event).collect();
                    assert!(Instant::now() < until, "waited too long: {what}; newest events: {last:#?}");
                }
            }
        }
    }

    /// Waits for an event.
    pub fn event<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        self.until(what, |client| client.events.iter().find_map(|recorded| pick(&recorded.event)))
    }

    /// Waits for an event behind those that are known.
    pub fn next_event<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let known = self.events.len();
        self.until(what, |client| client.events[known..].iter().find_map(|recorded| pick(&recorded.event)))
    }

    /// Waits until the run has ended.
    pub fn ended(&mut self) {
        self.event("the run ends", |event| matches!(event, Event::RunEnded { .. }).then_some(()));
    }

    /// Waits until the host is gone.
    pub fn host_gone(&mut self) {
        let until = Instant::now() + LIMIT;
        while !self.gone {
            match self.link.from_host.recv_timeout(Duration::from_millis(100)) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Disconnected) => self.gone = true,
                Err(RecvTimeoutError::Timeout) => assert!(Instant::now() < until, "the host stays"),
            }
        }
    }

    /// Asks for something; its number.
    pub fn want(&mut self, want: Want) -> u64 {
        self.catch_up();
        let control = self.state.control.epoch;
        self.want_under(control, want)
    }

    /// Asks for something under some epoch of control.
    pub fn want_under(&mut self, control: u32, want: Want) -> u64 {
        self.next += 1;
        self.say(FromClient::Do { id: self.next, control, want: Box::new(want) });
        self.next
    }

    /// Waits for the answer.
    pub fn answer(&mut self, id: u64) -> Result<u64, String> {
        self.until("an answer", |client| client.answers.get(&id).cloned())
    }

    /// Asks for something and gets it.
    pub fn done(&mut self, want: Want) -> u64 {
        let text = format!("{want:?}");
        let id = self.want(want);
        self.answer(id).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    /// Asks for something and is refused.
    pub fn refused(&mut self, want: Want) -> String {
        let id = self.want(want);
        self.answer(id).unwrap_err()
    }

    /// Begins the flight.
    pub fn begin(&mut self) {
        self.begins(None);
    }

    /// Begins the flight at a real target, whose name is typed.
    pub fn begin_at(&mut self, target: &str) {
        self.begins(Some(target.into()));
    }

    fn begins(&mut self, target: Option<String>) {
        self.until("the plan", |client| client.state.plan_sha256.is_some().then_some(()));
        self.done(Want::Begin { target });
    }

    /// The intent that starts an item as it is shown now.
    pub fn start_of(&mut self, item: &str) -> Want {
        self.catch_up();
        let index = self.state.index(&item.into()).unwrap();
        let started = resolve(&self.state, index).unwrap();
        Want::Start {
            item: item.into(),
            seen: self.state.items[index].seen(),
            shown: started.digest,
            typed: None,
            out_of_order: true,
        }
    }

    /// Starts an item.
    pub fn start(&mut self, item: &str) -> u64 {
        let want = self.start_of(item);
        self.done(want)
    }

    /// Waits until an item looks so.
    pub fn status(&mut self, item: &str, status: &Status) {
        let what = format!("{item} is {status:?}");
        self.until(&what, |client| (client.state.status(client.state.index(&item.into())?) == *status).then_some(()));
    }

    /// The number of the attempt that runs.
    pub fn running(&mut self) -> u32 {
        self.until("a command runs", |client| client.state.running.first().map(|(_, attempt)| *attempt))
    }

    /// Shows an attempt.
    pub fn show(&mut self, attempt: u32) {
        self.rows.clear();
        self.say(FromClient::Show { attempt: Some(attempt) });
    }

    /// The shown rows as text, blank ones left out.
    pub fn screen(&self) -> Vec<String> {
        self.rows.values().map(plain).filter(|row| !row.trim().is_empty()).collect()
    }

    /// Waits until the shown screen holds this.
    pub fn sees(&mut self, text: &str) {
        let what = format!("the screen shows {text}");
        self.until(&what, |client| client.screen().iter().any(|row| row.contains(text)).then_some(()));
    }

    /// Types into a command.
    pub fn types(&mut self, attempt: u32, text: &str) {
        let bytes = base64::engine::general_purpose::STANDARD.encode(text);
        self.say(FromClient::Type { attempt, bytes });
    }
}
