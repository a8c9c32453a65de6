//! A run in memory: the loop of the host without disk, keeper and eyes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::event::{Autopilot, Ended, Overlay, Return, RunOpened};
use crate::engine::plan::{Given, Plan, compile};
use crate::engine::{
    Answers, Attempt, Event, Intent, Recorded, Refusal, State, Status, Timer, Want, autopilot, decide, resolve, wanted,
};
use crate::runbook::{Memory, load_from, parameters};
use crate::words::{Actor, ItemId, Look, Outcome, Proof, Sample, Stamp, Value, Verdict};

/// Who flies.
pub const ANNA: &str = "anna@ops1";

/// The plan of a runbook's text with parameters as on the command line.
pub fn plan_of(text: &str, line: &[(&str, &str)]) -> Plan {
    try_plan(text, line).unwrap_or_else(|why| panic!("{why}"))
}

/// As [`plan_of`], or why not.
pub fn try_plan(text: &str, line: &[(&str, &str)]) -> Result<Plan, String> {
    let text = if text.contains("title:") && text.trim_start().starts_with("flightdeck") {
        text.to_owned()
    } else {
        format!("flightdeck: 1\ntitle: Test\n{text}")
    };
    let files = BTreeMap::from([("t.yaml".to_owned(), text.into_bytes())]);
    let loaded = load_from(&Memory { files }, "t.yaml")
        .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect::<String>())?;
    let line: Vec<(String, String)> = line.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let given =
        parameters::Given { line: &line, files: &[], env: &|_| None, file: &|_| Err("there is no such file".into()) };
    let resolved = parameters::resolve(&loaded.runbook, &given);
    assert!(resolved.problems.is_empty(), "{:?}", resolved.problems);
    let secrets = resolved.secrets.0.keys().map(|n| (n.clone(), "typed".to_owned())).collect();
    let given = Given { values: resolved.values, secrets, now: Some(noon()) };
    compile(&loaded.runbook, &given).map_err(|e| e.to_string())
}

pub fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A run of this text that was opened and not begun.
pub fn flight(text: &str) -> Flight {
    flight_with(text, &[])
}

pub fn flight_with(text: &str, line: &[(&str, &str)]) -> Flight {
    Flight::of(plan_of(text, line), RunOpened::default())
}

/// The run. Each step of it is folded, written and read again, and compared with a fold from scratch at its end.
pub struct Flight {
    pub state: State,
    pub events: Vec<Recorded>,
    pub answers: Answers,
    pub up: u64,
    pub who: Actor,
    /// The events of the last intent.
    pub last: Vec<Event>,
}

impl Flight {
    pub fn of(plan: Plan, opened: RunOpened) -> Self {
        let state = State::new(Arc::new(plan));
        let mut flight =
            Self { state, events: vec![], answers: Answers::default(), up: 0, who: Actor(ANNA.into()), last: vec![] };
        let speed = if opened.speed == 0.0 { 1.0 } else { opened.speed };
        let opened = RunOpened { run: "run-1".into(), operator: ANNA.into(), speed, ..opened };
        flight.fold(Event::RunOpened(Box::new(opened)));
        let items = flight.state.plan.items.len();
        flight.fold(Event::PlanFixed { sha256: "f".repeat(64), items });
        flight
    }

    /// Opened in the sandbox, at this speed.
    pub fn training(text: &str, speed: f64) -> Self {
        let opened = RunOpened { overlay: Some(Overlay::default()), speed, ..RunOpened::default() };
        Self::of(plan_of(text, &[]), opened)
    }

    /// Opened with an autopilot; the answers as a JSON file of them.
    pub fn auto(text: &str, yes: bool, answers: &str) -> Self {
        let given = (!answers.is_empty()).then(|| "digest".to_owned());
        let autopilot = Autopilot { yes, answers: given };
        let mut flight = Self::of(plan_of(text, &[]), RunOpened { autopilot, ..RunOpened::default() });
        if !answers.is_empty() {
            flight.answers = serde_json::from_str(answers).unwrap();
        }
        flight
    }

    fn fold(&mut self, event: Event) {
        self.fold_by(event, self.who.clone());
    }

    fn fold_by(&mut self, event: Event, by: Actor) {
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event, "{line}");
        let recorded = Recorded { seq: self.state.seq + 1, stamp: self.now(), by, event };
        self.state.apply(&recorded);
        self.events.push(recorded);
    }

    pub fn now(&self) -> Stamp {
        Stamp { at: noon() + TimeDelta::microseconds(self.up as i64), up: self.up }
    }

    /// Seconds later.
    pub fn after(&mut self, seconds: f64) -> &mut Self {
        self.up += (seconds * 1e6) as u64;
        self
    }

    pub fn intent(&self, want: Want) -> Intent {
        Intent::new(self.who.clone(), Some(self.state.control.epoch), self.now(), want)
    }

    /// Decides, and folds what was decided.
    pub fn decide(&mut self, intent: &Intent) -> Result<(), Refusal> {
        let events = decide(&self.state, intent)?;
        assert_eq!(decide(&self.state, intent).as_ref(), Ok(&events), "decide is not deterministic");
        for event in &events {
            self.fold_by(event.clone(), intent.actor.clone());
        }
        self.last = events;
        Ok(())
    }

    #[track_caller]
    pub fn wants(&mut self, want: Want) -> &mut Self {
        let intent = self.intent(want);
        if let Err(why) = self.decide(&intent) {
            panic!("{:?} was refused: {why}", intent.want);
        }
        self
    }

    /// What the program itself wants.
    #[track_caller]
    pub fn host(&mut self, want: Want) -> &mut Self {
        let intent = Intent::new(Actor::host(), None, self.now(), want);
        if let Err(why) = self.decide(&intent) {
            panic!("{:?} was refused: {why}", intent.want);
        }
        self
    }

    #[track_caller]
    pub fn refuses(&mut self, want: Want, part: &str) -> &mut Self {
        let intent = self.intent(want);
        self.refuses_intent(&intent, part)
    }

    #[track_caller]
    pub fn refuses_intent(&mut self, intent: &Intent, part: &str) -> &mut Self {
        match decide(&self.state, intent) {
            Ok(events) => panic!("{:?} was not refused: {events:?}", intent.want),
            Err(why) => assert!(why.why.contains(part), "{:?} was refused for: {why}\nnot for: {part}", intent.want),
        }
        self
    }

    #[track_caller]
    pub fn begin(&mut self) -> &mut Self {
        let target = self.state.plan.target_name().map(str::to_owned);
        self.wants(Want::Begin { target })
    }

    pub fn index(&self, id: &str) -> usize {
        self.state.index(&id.into()).unwrap_or_else(|| {
            let ids: Vec<&str> = self.state.plan.items.iter().map(|i| i.id.as_str()).collect();
            panic!("no item `{id}` in {ids:?}")
        })
    }

    pub fn seen(&self, id: &str) -> u32 {
        self.state.items[self.index(id)].seen()
    }

    /// What `start` wants for this item as it is drawn now.
    pub fn starting(&self, id: &str) -> Want {
        let shown = resolve(&self.state, self.index(id)).map(|s| s.digest).unwrap_or_default();
        Want::Start { item: id.into(), seen: self.seen(id), shown, typed: None, out_of_order: false }
    }

    pub fn starting_with(&self, id: &str, words: &str) -> Want {
        match self.starting(id) {
            Want::Start { item, seen, shown, out_of_order, .. } => {
                Want::Start { item, seen, shown, out_of_order, typed: Some(words.into()) }
            }
            other => other,
        }
    }

    #[track_caller]
    pub fn start(&mut self, id: &str) -> &mut Self {
        let want = self.starting(id);
        self.wants(want)
    }

    pub fn running(&self) -> (ItemId, u32) {
        let (index, attempt) = *self.state.running.first().expect("something runs");
        (self.state.plan.items[index].id.clone(), attempt)
    }

    pub fn exiting(&self, code: i32, stdout: &str) -> Want {
        let (item, attempt) = self.running();
        Want::Exited {
            ended: Box::new(Ended { item, attempt, exit: Some(code), ..Ended::default() }),
            fields: BTreeMap::from([
                ("stdout".to_owned(), Value::Text(stdout.into())),
                ("output".to_owned(), Value::Text(stdout.into())),
            ]),
            outputs: BTreeMap::new(),
        }
    }

    #[track_caller]
    pub fn exits(&mut self, code: i32) -> &mut Self {
        self.says(code, "")
    }

    #[track_caller]
    pub fn says(&mut self, code: i32, stdout: &str) -> &mut Self {
        let want = self.exiting(code, stdout);
        self.host(want)
    }

    #[track_caller]
    pub fn runs(&mut self, id: &str) -> &mut Self {
        self.start(id).exits(0)
    }

    pub fn answering(&self, id: &str, fields: &[(&str, &str)]) -> Want {
        let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Want::Answer { item: id.into(), seen: self.seen(id), fields }
    }

    #[track_caller]
    pub fn tick(&mut self, id: &str) -> &mut Self {
        let want = self.answering(id, &[]);
        self.wants(want)
    }

    #[track_caller]
    pub fn answer(&mut self, id: &str, text: &str) -> &mut Self {
        let want = self.answering(id, &[("answer", text)]);
        self.wants(want)
    }

    #[track_caller]
    pub fn skip(&mut self, id: &str) -> &mut Self {
        self.wants(Want::Skip { item: id.into(), reason: "not today".into() })
    }

    #[track_caller]
    pub fn reopen(&mut self, id: &str) -> &mut Self {
        self.wants(Want::Reopen { item: id.into(), reason: "once more".into() })
    }

    #[track_caller]
    pub fn defer(&mut self, id: &str, to: Return) -> &mut Self {
        self.wants(Want::Defer { item: id.into(), to, reason: "later".into() })
    }

    #[track_caller]
    pub fn close(&mut self) -> &mut Self {
        let phase = self.state.phase.expect("a phase is open");
        self.wants(Want::ClosePhase { phase })
    }

    pub fn sample(&self, probe: &str, good: bool, fields: &[(&str, Value)]) -> Box<Sample> {
        Box::new(Sample {
            probe: probe.into(),
            up: self.up,
            look: if good { Look::Good } else { Look::Bad },
            text: if good { "fine".into() } else { "503".into() },
            why: (!good).then(|| "status 503, wanted 200".to_owned()),
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
            ..Sample::default()
        })
    }

    /// A probe's verdict turns.
    #[track_caller]
    pub fn turns(&mut self, probe: &str, verdict: Verdict) -> &mut Self {
        let sample = self.sample(probe, verdict == Verdict::Ok, &[]);
        self.host(Want::Verdict { probe: probe.into(), verdict, sample })
    }

    /// A look that was asked for.
    #[track_caller]
    pub fn looks(&mut self, probe: &str, good: bool, fields: &[(&str, Value)]) -> &mut Self {
        let sample = self.sample(probe, good, fields);
        let verdict = if good { Verdict::Ok } else { Verdict::Bad };
        self.host(Want::Looked { probe: probe.into(), verdict, sample })
    }

    pub fn timers(&self) -> Vec<(Timer, u64)> {
        wanted(&self.state).timers
    }

    /// When a timer is due, in seconds.
    pub fn due_in(&self, timer: &Timer) -> Option<f64> {
        let due = self.timers().into_iter().find(|(t, _)| t == timer)?.1;
        Some(due.saturating_sub(self.up) as f64 / 1e6)
    }

    /// Time passes until this timer is due, and it is told.
    #[track_caller]
    pub fn due(&mut self, timer: Timer) -> &mut Self {
        let due = self.timers().into_iter().find(|(t, _)| *t == timer);
        let Some((_, due)) = due else { panic!("{timer:?} does not run: {:?}", self.timers()) };
        self.up = self.up.max(due);
        self.host(Want::Due { timer })
    }

    pub fn status(&self, id: &str) -> Status {
        self.state.status(self.index(id))
    }

    #[track_caller]
    pub fn is(&mut self, id: &str, status: Status) -> &mut Self {
        assert_eq!(self.status(id), status, "of {id}");
        self
    }

    #[track_caller]
    pub fn passed(&mut self, id: &str) -> &mut Self {
        self.is(id, Status::Passed)
    }

    #[track_caller]
    pub fn failed(&mut self, id: &str, why: &str) -> &mut Self {
        let status = self.status(id);
        assert!(matches!(status, Status::Failed(_)), "{id} is {status:?}");
        let said = self.ended(id).why.clone().unwrap_or_default();
        assert!(said.contains(why), "{id} failed since: {said}");
        self
    }

    pub fn attempt(&self, id: &str) -> &Attempt {
        self.state.items[self.index(id)].attempt().expect("an attempt")
    }

    pub fn ended(&self, id: &str) -> &Ended {
        &self.attempt(id).ended.as_ref().expect("it ended").1
    }

    pub fn outcome(&self, id: &str) -> Option<Outcome> {
        self.attempt(id).outcome()
    }

    /// The box is on this item.
    #[track_caller]
    pub fn at(&mut self, id: &str) -> &mut Self {
        let here = self.state.current.map(|i| self.state.plan.items[i].id.0.clone());
        assert_eq!(here.as_deref(), Some(id));
        self
    }

    pub fn pin(&self, name: &str) -> Option<&Value> {
        self.state.pins.get(&name.into())
    }

    pub fn capture(&self, name: &str) -> Option<&Value> {
        self.state.captures.get(&name.into())
    }

    /// Asks for an approval and has it answered.
    pub fn deciding(&self, id: &str, yes: bool, by: &str) -> Want {
        let request = self.state.items[self.index(id)].request.as_ref();
        let hash = request.map(|r| r.hash.clone()).unwrap_or_default();
        Want::Decide { item: id.into(), hash, yes, by: Actor(by.into()), proof: Proof::Stated, says: None }
    }

    /// The autopilot goes as far as it can; commands pass, waits are met. Answers why it stopped.
    pub fn flies(&mut self) -> Option<String> {
        for _ in 0..500 {
            if let Some(wish) = autopilot(&self.state, &self.answers) {
                let intent = wish.at(self.now());
                if let Err(why) = self.decide(&intent) {
                    let want = Want::NeedPerson { item: None, why: why.why };
                    self.decide(&Intent { want, ..intent }).unwrap();
                }
            } else if let Some((_, why)) = &self.state.person_needed {
                return Some(why.clone());
            } else if self.state.ended.is_some() {
                return None;
            } else if self.state.running.is_empty() {
                return Some("it waits".into());
            } else {
                self.after(1.0).exits_or_meets();
            }
        }
        panic!("the autopilot goes on for ever");
    }

    /// One intent of the autopilot.
    pub fn decide_auto(&mut self) {
        let wish = autopilot(&self.state, &self.answers).expect("the autopilot wants something");
        self.decide(&wish.at(self.now())).unwrap();
    }

    fn exits_or_meets(&mut self) {
        let (item, attempt) = self.running();
        let watching = self.attempt(item.as_str()).what.what == crate::engine::event::Resolved::Watching;
        let notice = matches!(self.attempt(item.as_str()).what.what, crate::engine::event::Resolved::Notice { .. });
        if watching {
            self.host(Want::Met { item, attempt, why: String::new() });
        } else if notice {
            self.host(Want::Called { item, attempt, ok: true, answer: "200 OK".into() });
        } else {
            self.exits(0);
        }
    }

    /// The whole run folded again from its events.
    pub fn replayed(&self) -> State {
        let mut state = State::new(self.state.plan.clone());
        self.events.iter().for_each(|event| state.apply(event));
        state
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(format!("{:?}", self.replayed()), format!("{:?}", self.state), "a replay differs");
            let plan = serde_json::to_string(&*self.state.plan).unwrap();
            assert_eq!(
                serde_json::from_str::<Plan>(&plan).unwrap(),
                *self.state.plan,
                "the plan differs when read again"
            );
        }
    }
}
