//! A host for tests: the real engine, no process, no clock of its own. What commands do is said by the test.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use flightdeck::engine::event::{Ended, RunOpened};
use flightdeck::engine::plan::{Given, Plan, compile};
use flightdeck::engine::{Event, Intent, Recorded, State, Want, decide};
use flightdeck::link::{FromClient, FromHost, Live, LiveProbe, Role, Rows};
use flightdeck::runbook::load;
use flightdeck::terminal::{Row, Run};
use flightdeck::words::{Actor, Look, ProbeId, Sample, Stamp, Value, Verdict};

/// The plan of the runbook beside this file.
pub fn plan() -> Plan {
    plan_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tui/flight.yaml"))
}

pub fn plan_of(path: &Path) -> Plan {
    let loaded = load(path)
        .unwrap_or_else(|problems| panic!("{}", problems.iter().map(|p| format!("{p}\n")).collect::<String>()));
    let mut given = Given { now: Some(start()), ..Given::default() };
    for (name, value) in [("environment", "prod"), ("namespace", "cryptoutil-prod")] {
        given.values.insert(name.into(), Value::Text(value.into()));
    }
    compile(&loaded.runbook, &given).unwrap()
}

/// When the run was opened.
pub fn start() -> DateTime<Utc> {
    "2026-11-24T08:47:39Z".parse().unwrap()
}

/// The host.
pub struct Double {
    /// Its fold.
    pub state: State,
    /// Run time, µs.
    pub up: u64,
    /// Live figures that it sends.
    pub live: Live,
    lines: Vec<String>,
    outbox: Vec<FromHost>,
    client: Actor,
}

impl Double {
    /// A run that was opened on this plan; nothing has begun.
    pub fn new(plan: Plan) -> Self {
        let mut host = Self {
            state: State::new(Arc::new(plan)),
            up: 0,
            live: Live::default(),
            lines: vec![],
            outbox: vec![],
            client: Actor("anna@ops1".into()),
        };
        let opened = RunOpened {
            run: "2026-11-24T084739Z-production-deployment".into(),
            operator: "anna@ops1".into(),
            speed: 1.0,
            ..RunOpened::default()
        };
        host.record(Event::RunOpened(Box::new(opened)));
        host.record(Event::PlanFixed { sha256: "00".into(), items: host.state.plan.items.len() });
        host.outbox.clear();
        host
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: u64) {
        self.up += seconds * 1_000_000;
    }

    fn stamp(&self) -> Stamp {
        Stamp { at: start() + TimeDelta::microseconds(self.up as i64), up: self.up }
    }

    fn record(&mut self, event: Event) {
        self.record_by(event, self.client.clone());
    }

    fn record_by(&mut self, event: Event, by: Actor) {
        let recorded = Recorded { seq: self.state.seq + 1, stamp: self.stamp(), by, event };
        self.state.apply(&recorded);
        let line = serde_json::json!({
            "v": 1, "seq": recorded.seq, "at": recorded.stamp.at_text(), "up": recorded.stamp.up,
            "by": recorded.by, "ev": recorded.event, "prev": "", "hash": "",
        })
        .to_string();
        self.lines.push(line.clone());
        self.outbox.push(FromHost::Events { lines: vec![line] });
    }

    /// Decides as the host would.
    pub fn want(&mut self, by: &str, control: Option<u32>, want: Want) -> Result<u64, String> {
        let actor = Actor(by.into());
        let intent = Intent::new(actor.clone(), control, self.stamp(), want);
        let events = decide(&self.state, &intent).map_err(|refusal| refusal.why)?;
        for event in events {
            self.record_by(event, actor.clone());
        }
        Ok(self.state.seq)
    }

    /// The host's own intents never fail here.
    pub fn own(&mut self, want: Want) {
        self.want("host", None, want).unwrap();
    }

    /// Answers a message of the client.
    pub fn take(&mut self, message: FromClient) {
        match message {
            FromClient::Hello { name, .. } => {
                self.client = name.clone();
                self.live.clients.push((name, Role::Operator));
                let plan = serde_json::to_string(&*self.state.plan).unwrap();
                self.outbox.push(FromHost::Welcome {
                    proto: flightdeck::link::PROTO,
                    program: "double".into(),
                    folder: "/runs/2026-11-24T084739Z-production-deployment".into(),
                    seq: self.state.seq,
                    now: self.stamp(),
                    run: "2026-11-24T084739Z-production-deployment".into(),
                });
                self.outbox.push(FromHost::Plan { json: plan });
                self.outbox.push(FromHost::Events { lines: self.lines.clone() });
                self.say_live();
            }
            FromClient::Do { id, control, want } => {
                let by = self.client.0.clone();
                let answer = match self.want(&by, Some(control), *want) {
                    Ok(seq) => FromHost::Done { id, seq },
                    Err(why) => FromHost::Refused { id, why },
                };
                self.outbox.push(answer);
            }
            _ => {}
        }
    }

    /// What it sends.
    pub fn send(&mut self) -> Vec<FromHost> {
        std::mem::take(&mut self.outbox)
    }

    /// Sends live figures as they are now.
    pub fn say_live(&mut self) {
        self.live.now = Some(self.stamp());
        self.outbox.push(FromHost::Live(self.live.clone()));
    }

    /// A probe was looked at.
    pub fn look(&mut self, probe: &str, verdict: Verdict, value: f64, text: &str) {
        let id = ProbeId(probe.into());
        let look = if verdict == Verdict::Ok { Look::Good } else { Look::Bad };
        let why = (verdict == Verdict::Bad).then(|| format!("status == 200: it was {text}"));
        let sample = Sample {
            probe: id.clone(),
            up: self.up,
            look,
            value: Some(value),
            took: 12_000,
            text: text.into(),
            why: why.clone(),
            ..Sample::default()
        };
        self.own(Want::Verdict { probe: id.clone(), verdict, sample: Box::new(sample) });
        let up = self.up;
        let old = self.live.probes.iter().position(|p| p.id == id);
        let mut live = old.map_or_else(LiveProbe::default, |at| self.live.probes.remove(at));
        let bad_since = (verdict == Verdict::Bad).then(|| live.bad_since.unwrap_or(up));
        live.series.push(Some(value));
        live = LiveProbe {
            id,
            verdict,
            look,
            value: Some(value),
            text: text.into(),
            why,
            up: Some(up),
            bad_since,
            ..live
        };
        self.live.probes.push(live);
        self.say_live();
    }

    /// The number of the running attempt, and its item.
    pub fn running(&self) -> (usize, u32) {
        self.state.running[0]
    }

    /// Output of the running attempt, as rows of a screen of this size; the last row is under the cursor.
    pub fn output(&mut self, cols: u16, height: u16, lines: &[&str]) {
        let attempt = self.running().1;
        let text = |t: &str| Row { runs: vec![Run { text: t.into(), ..Run::default() }] };
        let history = lines.len().saturating_sub(usize::from(height));
        let last = lines.len() - 1;
        let x = lines[last].chars().count() as u16;
        self.outbox.push(FromHost::Rows(Rows {
            attempt,
            cols,
            height,
            history,
            rows: lines.iter().enumerate().map(|(n, t)| (n, text(t))).collect(),
            cursor: Some((x, (last - history) as u16)),
            bytes: lines.iter().map(|l| l.len() as u64 + 2).sum(),
            ..Rows::default()
        }));
    }

    /// The running command stands silent behind an unfinished line.
    pub fn asking(&mut self, line: &str, hidden_input: bool) {
        let attempt = self.running().1;
        let row = Row { runs: vec![Run { text: line.trim_end().into(), ..Run::default() }] };
        self.outbox.push(FromHost::Rows(Rows {
            attempt,
            cols: 54,
            height: 12,
            rows: vec![(0, row)],
            cursor: Some((line.len() as u16, 0)),
            asks: true,
            hidden_input,
            bytes: line.len() as u64,
            ..Rows::default()
        }));
    }

    /// The running command ends.
    pub fn exit(&mut self, code: i32, last_lines: &[&str]) {
        self.exit_with(code, last_lines, Value::NoData);
    }

    /// The running command ends, its stdout captured.
    pub fn exit_saying(&mut self, code: i32, stdout: &str) {
        self.exit_with(code, &[stdout], Value::Text(stdout.into()));
    }

    fn exit_with(&mut self, code: i32, last_lines: &[&str], stdout: Value) {
        let (index, attempt) = self.running();
        let ended = Ended {
            item: self.state.plan.items[index].id.clone(),
            attempt,
            exit: Some(code),
            output_bytes: last_lines.iter().map(|l| l.len() as u64 + 1).sum(),
            last_lines: last_lines.iter().map(|l| (*l).to_owned()).collect(),
            ..Ended::default()
        };
        let fields = [("stdout".to_owned(), stdout)].into();
        self.own(Want::Exited { ended: Box::new(ended), fields, outputs: Default::default() });
    }
}
