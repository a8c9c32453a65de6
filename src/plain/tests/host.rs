//! A small host in this process: the real engine, pretended commands, journal lines over a link.

use std::io::{BufReader, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::engine::event::{Autopilot, Ended, Event, Resolved, RunOpened, Started};
use crate::engine::plan::{Given, Plan, compile};
use crate::engine::{Answers, Intent, Recorded, State, Want, autopilot, decide};
use crate::link::{FromClient, FromHost, HostLink, PROTO, Role, pair};
use crate::plain::{Exit, Options, run};
use crate::runbook::{Memory, load_from};
use crate::words::{Actor, Stamp, Value, files};

/// How long a test waits for something that has to come.
const LIMIT: Duration = Duration::from_secs(20);

/// How a pretended command ends: exit code and output; none: it runs on.
pub type Script = fn(&Started) -> Option<(i32, &'static [u8])>;

/// What a run is opened with.
pub struct Setup {
    pub yaml: &'static str,
    pub yes: bool,
    pub answers: &'static str,
    pub script: Script,
    pub training: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { yaml: "", yes: false, answers: "{}", script: |_| Some((0, b"done\r\n")), training: false }
    }
}

pub fn plan(yaml: &str) -> Plan {
    let memory = Memory { files: [("run.yaml".to_owned(), yaml.as_bytes().to_vec())].into() };
    let loaded = load_from(&memory, "run.yaml").unwrap_or_else(|problems| panic!("{problems:?}"));
    compile(&loaded.runbook, &Given::default()).unwrap()
}

/// The host's half.
pub struct Host {
    link: HostLink,
    folder: TempDir,
    state: State,
    plan_json: String,
    lines: Vec<String>,
    answers: Answers,
    script: Script,
    name: Actor,
    micros: u64,
    sent: usize,
    greeted: bool,
}

impl Host {
    fn open(setup: &Setup, link: HostLink) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(files::TERMINALS)).unwrap();
        let plan = plan(setup.yaml);
        let plan_json = serde_json::to_string(&plan).unwrap();
        let answers: Answers = serde_json::from_str(setup.answers).unwrap();
        let mut host = Self {
            link,
            folder,
            state: State::new(Arc::new(plan)),
            plan_json,
            lines: vec![],
            script: setup.script,
            name: Actor(String::new()),
            micros: 0,
            sent: 0,
            greeted: false,
            answers,
        };
        let opened = RunOpened {
            run: "2026-11-24T090211Z-test-01JD".into(),
            operator: "anna@ops1".into(),
            speed: 1.0,
            overlay: setup.training.then(Default::default),
            autopilot: Autopilot { yes: setup.yes, answers: (setup.answers != "{}").then(|| "sha".into()) },
            ..RunOpened::default()
        };
        host.record("anna@ops1", Event::RunOpened(Box::new(opened)));
        let items = host.state.plan.items.len();
        host.record("anna@ops1", Event::PlanFixed { sha256: "sha".into(), items });
        host
    }

    fn stamp(&mut self) -> Stamp {
        self.micros += 250_000;
        let start: DateTime<Utc> = "2026-11-24T09:02:11Z".parse().unwrap();
        Stamp { at: start + TimeDelta::microseconds(self.micros as i64), up: self.micros }
    }

    /// Writes an event into the journal.
    pub fn record(&mut self, by: &str, event: Event) {
        let stamp = self.stamp();
        self.put(stamp, by, event);
    }

    fn put(&mut self, stamp: Stamp, by: &str, event: Event) {
        let seq = self.state.seq + 1;
        let ev = serde_json::to_string(&event).unwrap();
        let zeros = "0".repeat(64);
        self.lines.push(format!(
            r#"{{"v":1,"seq":{seq},"at":"{}","up":{},"by":"{by}","ev":{ev},"prev":"{zeros}","hash":"{zeros}"}}"#,
            stamp.at_text(),
            stamp.up
        ));
        self.state.apply(&Recorded { seq, stamp, by: Actor(by.into()), event });
    }

    /// Decides an intent; runs what it starts.
    fn decide(&mut self, actor: Actor, control: Option<u32>, want: Want) -> Result<(), String> {
        let stamp = self.stamp();
        self.carry_out(Intent::new(actor, control, stamp, want))
    }

    fn carry_out(&mut self, intent: Intent) -> Result<(), String> {
        let events = decide(&self.state, &intent).map_err(|refusal| refusal.why)?;
        let Intent { actor, stamp, .. } = intent;
        let mut started = vec![];
        for event in events {
            if let Event::AttemptStarted(attempt) = &event {
                started.push((**attempt).clone());
            }
            self.put(stamp, &actor.0, event);
        }
        for attempt in started {
            if matches!(attempt.what, Resolved::Argv(_) | Resolved::Script { .. })
                && let Some((exit, output)) = (self.script)(&attempt)
            {
                self.publish();
                self.exited(&attempt, Some(exit), None, output);
            }
        }
        Ok(())
    }

    fn exited(&mut self, attempt: &Started, exit: Option<i32>, signal: Option<i32>, output: &[u8]) {
        let out = self.folder.path().join(files::TERMINALS).join(files::out(attempt.attempt));
        if !output.is_empty() {
            std::fs::write(out, output).unwrap();
        }
        let ended = Ended {
            item: attempt.item.clone(),
            attempt: attempt.attempt,
            exit,
            signal,
            output_bytes: output.len() as u64,
            last_lines: crate::terminal::last_lines(output, 5),
            ..Ended::default()
        };
        let fields = [("output".to_owned(), Value::Text(String::from_utf8_lossy(output).into_owned()))].into();
        let want = Want::Exited { ended: Box::new(ended), fields, outputs: Default::default() };
        self.decide(Actor::host(), None, want).unwrap();
    }

    fn publish(&mut self) {
        if self.greeted && self.sent < self.lines.len() {
            let lines = self.lines[self.sent..].to_vec();
            self.sent = self.lines.len();
            let _ = self.link.to_client.send(FromHost::Events { lines });
        }
    }

    fn autopilot(&mut self) {
        while let Some(wish) = autopilot(&self.state, &self.answers) {
            let stamp = self.stamp();
            if let Err(why) = self.carry_out(wish.at(stamp)) {
                let item = self.state.current.map(|i| self.state.plan.items[i].id.clone());
                let _ = self.decide(Actor::autopilot(), None, Want::NeedPerson { item, why });
            }
            self.publish();
        }
    }

    fn take(&mut self, message: FromClient) {
        match message {
            FromClient::Hello { proto, name, .. } => {
                assert_eq!(proto, PROTO);
                self.name = name;
                self.greeted = true;
                let now = self.stamp();
                let _ = self.link.to_client.send(FromHost::Welcome {
                    proto: PROTO,
                    program: "flightdeck test".into(),
                    folder: self.folder.path().display().to_string(),
                    seq: self.state.seq,
                    now,
                    run: "test".into(),
                });
                let _ = self.link.to_client.send(FromHost::Plan { json: self.plan_json.clone() });
            }
            FromClient::Do { id, control, want } => {
                let running: Vec<_> = self.state.running.clone();
                let stops = matches!(*want, Want::Stop { .. });
                let answer = match self.decide(self.name.clone(), Some(control), *want) {
                    Ok(()) => FromHost::Done { id, seq: self.state.seq },
                    Err(why) => FromHost::Refused { id, why },
                };
                if stops && matches!(answer, FromHost::Done { .. }) {
                    for (index, number) in running {
                        let attempt = self.state.items[index].attempts.iter().find(|a| a.number == number).unwrap();
                        let started = (*attempt.what).clone();
                        self.exited(&started, None, Some(2), b"^C");
                    }
                }
                self.publish();
                let _ = self.link.to_client.send(answer);
            }
            _ => {}
        }
        self.autopilot();
        self.publish();
    }

    /// Serves until the client has left; the journal's lines.
    fn serve(mut self, stop: &Receiver<()>) -> (Vec<String>, Vec<FromClient>) {
        let mut heard = vec![];
        loop {
            match self.link.from_client.recv_timeout(Duration::from_millis(20)) {
                Ok(FromClient::Leave) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => {
                    heard.push(message.clone());
                    self.take(message);
                }
                Err(RecvTimeoutError::Timeout) if stop.try_recv().is_ok() => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        (self.lines, heard)
    }
}

/// A client and its host, each on a thread of its own.
pub struct Flight {
    said: Arc<Mutex<Vec<u8>>>,
    beside: Arc<Mutex<Vec<u8>>>,
    keys: Option<Sender<Vec<u8>>>,
    interrupt: Sender<()>,
    stop: Sender<()>,
    client: JoinHandle<std::io::Result<Exit>>,
    host: JoinHandle<(Vec<String>, Vec<FromClient>)>,
}

/// What is left of a flight.
pub struct Landed {
    pub exit: Exit,
    pub text: String,
    pub beside: String,
    pub journal: Vec<String>,
    pub heard: Vec<FromClient>,
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Keys(Receiver<Vec<u8>>, Vec<u8>);

impl Read for Keys {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.1.is_empty() {
            match self.0.recv() {
                Ok(bytes) => self.1 = bytes,
                Err(_) => return Ok(0),
            }
        }
        let count = to.len().min(self.1.len());
        to[..count].copy_from_slice(&self.1[..count]);
        self.1.drain(..count);
        Ok(count)
    }
}

impl Flight {
    /// Opens a run and joins it.
    pub fn start(setup: Setup, change: impl FnOnce(&mut Options)) -> Self {
        let (client_link, host_link) = pair();
        let (said, beside) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(vec![])));
        let (keys, typed) = channel();
        let (interrupt, interrupts) = channel();
        let (stop, stopped) = channel();
        let mut options = Options::standard(Actor("anna@ops1".into()), Role::Operator);
        options.own_terminal = false;
        options.input = Box::new(BufReader::new(Keys(typed, vec![])));
        options.output = Box::new(Shared(said.clone()));
        options.messages = Box::new(Shared(beside.clone()));
        options.interrupts = Some(interrupts);
        change(&mut options);
        let host = std::thread::spawn(move || Host::open(&setup, host_link).serve(&stopped));
        let client = std::thread::spawn(move || run(client_link, options));
        Self { said, beside, keys: Some(keys), interrupt, stop, client, host }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.said.lock().unwrap().clone()).unwrap()
    }

    /// Waits until so many places of the output hold a text.
    pub fn wait(&self, text: &str, times: usize) {
        let until = Instant::now() + LIMIT;
        while self.text().matches(text).count() < times {
            assert!(Instant::now() < until, "no {times} x {text:?} in:\n{}", self.text());
            assert!(!self.client.is_finished(), "the client ended without {times} x {text:?}:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a text, then types a line.
    pub fn type_at(&self, text: &str, line: &str) {
        let times = self.text().matches(text).count().max(1);
        self.wait(text, times);
        self.type_line(line);
    }

    pub fn type_line(&self, line: &str) {
        self.keys.as_ref().unwrap().send(format!("{line}\n").into_bytes()).unwrap();
    }

    pub fn interrupt(&self) {
        self.interrupt.send(()).unwrap();
    }

    pub fn host_dies(&self) {
        self.stop.send(()).unwrap();
    }

    /// Waits for the client's end.
    pub fn land(mut self) -> Landed {
        let until = Instant::now() + LIMIT;
        while !self.client.is_finished() {
            assert!(Instant::now() < until, "the client goes on:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.keys = None;
        let text = self.text();
        let beside = String::from_utf8(self.beside.lock().unwrap().clone()).unwrap();
        let exit = self.client.join().unwrap().unwrap();
        let _ = self.stop.send(());
        let (journal, heard) = self.host.join().unwrap();
        Landed { exit, text, beside, journal, heard }
    }
}
