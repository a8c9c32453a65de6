//! The pilot: flies with keys alone. It knows no state of the program: it reads the bottom row, which says in words
//! what Enter does, and acts as an operator would. What it answers to questions stands in an answers file by item id;
//! which item the box is on, and how a form's fields are called, it takes from the run's journal and plan.

use std::path::Path;
use std::time::{Duration, Instant};

use flightdeck::engine::plan::{Action, Plan};
use flightdeck::engine::{Answer, Answers};

use crate::pty::{Home, Shot, Terminal, framed};

/// Keys are dropped for half a second after their meaning changed: the pilot reads that long.
const READ: Duration = Duration::from_millis(560);
/// Two Enters within 0.7 s are one that is held.
const APART: Duration = Duration::from_millis(720);
/// A form comes by the operator's own key, so it is typed into at once; nothing is typed again while the form may only
/// be slow to go: letters would be commands.
const FORM: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(3));
/// A flight in which nothing is recorded for so long hangs.
const STALL: Duration = Duration::from_secs(420);
/// Presses without an effect on one item before it is given up.
const PRESSES: u32 = 8;
/// How often a command is started once more; a laden machine is slow, and limits go with the clock's speed.
const AGAIN: usize = 3;
/// A red check is looked at again no more often than this, and for so long.
const LOOK: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(90));

/// One flight from the start to the closed record.
pub struct Pilot<'a> {
    pub name: &'a str,
    pub home: &'a Home,
    pub terminal: &'a Terminal,
    pub answers: Answers,
    /// Items to be deferred when they come up; they are done in the closing list.
    pub defers: &'a [&'a str],
    /// What a running command asks, and what is typed into it.
    pub talks: &'a [(&'a str, &'a str)],
    talked: usize,
    /// Commands that were started once more, and checks that were looked at again.
    pub again: Vec<String>,
    plan: Option<Plan>,
    last_enter: Option<Instant>,
    /// The form as it was when Enter was pressed in it.
    sent: Option<Place>,
    /// The item that was looked at again: since when, and when last.
    looks: Option<(Option<String>, Instant, Instant)>,
    field: usize,
    began: Instant,
    /// What was done, for a failure.
    tape: Vec<String>,
}

/// What the bottom row says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bottom {
    text: bool,
    /// What Enter does; none: nothing.
    verb: Option<String>,
}

impl Bottom {
    fn of(shot: &Shot) -> Self {
        let row = shot.bottom();
        let verb = row.split_once("⏎ ").map(|(_, rest)| rest.split("  ").next().unwrap_or(rest).trim().to_owned());
        Self { text: row.starts_with(" TEXT"), verb }
    }
}

/// The bottom row, and the words that name the place.
type Place = (Bottom, String);

/// What tells two places of the flight apart: the bottom row's Enter, and the words that name the place. What stands
/// beside them (live values, counts of cautions) changes all the time.
fn place(shot: &Shot) -> Place {
    let pieces = shot.rows.iter().flat_map(|row| row.split(['│', '┌', '┬', '┐']));
    let named: Vec<&str> = pieces
        .filter(|piece| piece.contains(" ▸ ") || piece.contains("─ TRAINING "))
        .map(|piece| piece.split("   ").next().unwrap_or(piece))
        .collect();
    (Bottom::of(shot), named.join("\n"))
}

impl<'a> Pilot<'a> {
    pub fn new(name: &'a str, home: &'a Home, terminal: &'a Terminal, answers: &Path) -> Self {
        let text = std::fs::read_to_string(answers).unwrap();
        let answers = serde_yaml::from_str(&text).unwrap();
        Self {
            name,
            home,
            terminal,
            answers,
            defers: &[],
            talks: &[],
            talked: 0,
            again: vec![],
            plan: None,
            last_enter: None,
            sent: None,
            looks: None,
            field: 0,
            began: Instant::now(),
            tape: vec![],
        }
    }

    /// Flies until Enter leaves the finished run, and presses it.
    pub fn fly(&mut self, limit: Duration) {
        let mut seen = None;
        let mut rests = Instant::now();
        let mut events = (0, Instant::now());
        let mut presses = (String::new(), 0);
        loop {
            let shot = self.terminal.shot();
            let now = place(&shot);
            if seen.as_ref() != Some(&now) {
                seen = Some(now);
                rests = Instant::now();
            }
            let count = if self.has_run() { self.home.with_events(<[_]>::len) } else { 0 };
            if count != events.0 {
                events = (count, Instant::now());
            }
            if shot.ended {
                self.give_up("its terminal was closed", &shot);
            }
            if self.began.elapsed() > limit {
                self.give_up(&format!("the flight is not over after {limit:?}"), &shot);
            }
            if events.1.elapsed() > STALL {
                self.give_up(&format!("nothing was recorded for {STALL:?}"), &shot);
            }
            let pressable = seen.as_ref().is_some_and(|now| self.may_press(now, rests.elapsed()));
            let Some((Bottom { text, verb: Some(verb) }, _)) = seen.clone().filter(|_| pressable) else {
                self.talk(&shot, rests.elapsed() >= READ);
                // Until the picture changes, or long enough for it to rest.
                let _ = self
                    .terminal
                    .wait_within(Duration::from_millis(60), "a change", |now| (now.rows != shot.rows).then_some(()));
                continue;
            };
            let key = format!("{verb} {:?}", self.current());
            let looks = verb.starts_with("look");
            presses = if presses.0 == key && !looks { (key, presses.1 + 1) } else { (key, 0) };
            if presses.1 > PRESSES {
                self.give_up(&format!("`{verb}` does not help"), &shot);
            }
            if looks && !self.may_look(&verb, &shot) {
                let _ = self.terminal.wait_within(Duration::from_millis(200), "it is no longer red", |now| {
                    (Bottom::of(now) != Bottom::of(&shot)).then_some(())
                });
                continue;
            }
            let mode = if text { "in the form " } else { "" };
            self.note(&format!("{mode}`⏎ {verb}` at {}", self.current().unwrap_or_default()));
            if verb == "leave" {
                self.enter();
                return;
            }
            if text {
                self.fill(&verb, &shot)
            } else {
                self.press(&verb, &shot)
            }
            // What was pressed shows, or is pressed again.
            rests = Instant::now();
        }
    }

    /// Whether a key would count here, and not be a second one for the same.
    fn may_press(&self, now: &Place, rested: Duration) -> bool {
        let since = self.last_enter.map_or(Duration::MAX, |at| at.elapsed());
        if !now.0.text {
            return rested >= READ && since >= APART;
        }
        let again = self.sent.as_ref() == Some(now);
        rested >= FORM.0 && since >= if again { FORM.1 } else { Duration::ZERO }
    }

    fn note(&mut self, what: &str) {
        self.tape.push(format!("  {:6.1} s  {what}", self.began.elapsed().as_secs_f64()));
    }

    /// A check is red: it is looked at again now and then, as a patient operator does.
    fn may_look(&mut self, verb: &str, shot: &Shot) -> bool {
        let item = self.current();
        match &mut self.looks {
            Some((of, since, last)) if *of == item => {
                if since.elapsed() > LOOK.1 {
                    self.give_up(&format!("`{verb}` for {:?}, and it stays red", LOOK.1), shot);
                }
                if last.elapsed() < LOOK.0 {
                    return false;
                }
                *last = Instant::now();
            }
            _ => self.looks = Some((item.clone(), Instant::now(), Instant::now())),
        }
        self.again.push(item.unwrap_or_default());
        true
    }

    /// A command asks: `t` types into it, and when it ends the keys are commands again.
    fn talk(&mut self, shot: &Shot, rested: bool) {
        let Some((_, answer)) = self.talks.get(self.talked).copied().filter(|(question, _)| shot.has(question)) else {
            return;
        };
        if shot.bottom().starts_with(" TERMINAL") {
            self.terminal.send(format!("{answer}\r"));
            self.note(&format!("typed `{answer}` into the command"));
            self.talked += 1;
        } else if rested && shot.bottom().contains("t type") {
            self.terminal.send("t");
        }
    }

    fn press(&mut self, verb: &str, shot: &Shot) {
        self.field = 0;
        match verb {
            "run" | "done" | "yes…" | "answer" | "fill in" => {
                let (id, answer) = self.asked();
                if self.defers.contains(&id.as_str()) && !self.happened("item_deferred", &id) {
                    self.terminal.send("d");
                } else if answer.skip.is_some() {
                    self.terminal.send("s");
                } else {
                    self.enter();
                }
            }
            "start" | "run, dangerous…" | "preview" | "send" | "ask" | "look again" | "look" | "go there" | "GO" => {
                self.enter()
            }
            _ if verb.starts_with("start")
                || verb.starts_with("ask again")
                || verb.starts_with("read on")
                || verb.starts_with("close ")
                || verb.starts_with("go on") =>
            {
                self.enter()
            }
            // Menus of `s` and `d`: the first way is the wanted one.
            "at this phase's close" | "skip" => self.enter(),
            // A limit was too short for this machine, or it failed: once more, as often as an operator would.
            "output" | "details" if shot.rows.iter().any(|row| row.contains(" ✕ ")) && shot.has("a again") => {
                let id = self.current().unwrap_or_default();
                self.again.push(id.clone());
                if self.again.iter().filter(|it| **it == id).count() > AGAIN {
                    self.give_up("it fails each time", shot);
                }
                self.terminal.send("a");
            }
            // Settled, and the box is elsewhere: the bottom row says how to get there.
            "details" if shot.bottom().contains("Esc to the box") => self.terminal.send("\x1b"),
            // The second person answers.
            _ if verb.starts_with("answer here") => self.wait_change(shot),
            _ => self.give_up(&format!("the pilot does not know what to do about `{verb}`"), shot),
        }
    }

    fn fill(&mut self, verb: &str, shot: &Shot) {
        let (id, answer) = self.asked();
        if self.sent.as_ref() == Some(&place(shot)) {
            self.field = self.field.saturating_sub(1);
        }
        let reason = |given: &Option<String>| given.clone().unwrap_or_else(|| "Shown to the crew".into());
        let typed = match verb {
            "start it" => {
                let words = shot.rows.iter().find_map(|row| {
                    let (_, rest) = row.split_once("Type ")?;
                    rest.split_once(" to start it").map(|(words, _)| words.to_owned())
                });
                Some(words.unwrap_or_else(|| self.give_up("no words to type", shot)))
            }
            _ if verb.starts_with("override") => {
                let limitations = self.answers.0.iter().filter(|(id, _)| id.starts_with("limitations."));
                let given = limitations.map(|(_, answer)| answer.overrides.clone()).next().flatten();
                Some(reason(&given))
            }
            "skip" => Some(reason(&answer.skip)),
            "open again" | "again" => Some("It took too long on this machine".into()),
            "defer" => Some(reason(&answer.defer)),
            "yes" | "show the plan" => None,
            // Nothing in the file: it is prefilled, and the operator leaves it as it is.
            "answer" | "next field" => {
                let text = match self.field_name(&id) {
                    Some(name) => answer.fields.get(&name).cloned().or(answer.answer),
                    None => answer.answer,
                };
                self.field += 1;
                text
            }
            _ => self.give_up(&format!("the pilot does not know how to fill in `{verb}`"), shot),
        };
        if let Some(text) = &typed {
            self.write(text);
        }
        let left = self.last_enter.map_or(Duration::ZERO, |at| APART.saturating_sub(at.elapsed()));
        if typed.is_none() && !left.is_zero() {
            // Nothing was typed since the last Enter: a second one would count as held.
            let _ = self.terminal.wait_within(left, "Enter is another one", |_| None::<()>);
        }
        let before = place(&self.terminal.shot());
        self.enter();
        let _ = self.terminal.wait_within(FORM.1, "it is taken", |now| (place(now) != before).then_some(()));
        self.sent = Some(before);
    }

    /// Clears the line and types, and reads what was typed.
    fn write(&self, text: &str) {
        let before = self.terminal.shot().rows;
        self.terminal.send("\x15");
        self.terminal.send(text);
        let _ = self.terminal.wait_within(Duration::from_millis(500), "it is shown", |now| {
            let rests = now.since.is_some_and(|since| since.elapsed() > Duration::from_millis(40));
            (rests && now.rows != before).then_some(())
        });
    }

    fn enter(&mut self) {
        self.terminal.send("\r");
        self.last_enter = Some(Instant::now());
    }

    fn wait_change(&self, shot: &Shot) {
        let before = place(shot).1;
        let _ = self
            .terminal
            .wait_within(Duration::from_secs(2), "an answer", |now| (place(now).1 != before).then_some(()));
    }

    fn has_run(&self) -> bool {
        std::fs::read_dir(self.home.path().join("runs"))
            .is_ok_and(|mut runs| runs.any(|run| run.is_ok_and(|run| run.path().join("journal.jsonl").exists())))
    }

    /// The id of the item that the box is on.
    fn current(&self) -> Option<String> {
        if !self.has_run() {
            return None;
        }
        self.home.with_events(|events| {
            let opened = events.iter().rev().find(|(kind, _)| kind == "item_opened")?;
            opened.1["item"].as_str().map(str::to_owned)
        })
    }

    fn happened(&self, kind: &str, item: &str) -> bool {
        self.home.with_events(|events| events.iter().any(|(it, body)| it == kind && body["item"] == item))
    }

    fn asked(&self) -> (String, Answer) {
        let id = self.current().unwrap_or_default();
        let answer = self.answers.0.get(&id).cloned().unwrap_or_default();
        (id, answer)
    }

    /// The name of the form's field that has the cursor.
    fn field_name(&mut self, id: &str) -> Option<String> {
        if self.plan.is_none() {
            let text = std::fs::read_to_string(self.home.run().join("plan.json")).unwrap();
            self.plan = Some(serde_json::from_str(&text).unwrap());
        }
        let item = self.plan.as_ref()?.items.iter().find(|item| item.id.as_str() == id)?;
        match &item.action {
            Action::Record(record) => record.fields.get(self.field).map(|field| field.name.to_string()),
            _ => None,
        }
    }

    fn give_up(&self, why: &str, shot: &Shot) -> ! {
        let events = if self.has_run() { self.home.events() } else { vec![] };
        let lasts = |all: Vec<String>| all[all.len().saturating_sub(12)..].join("\n");
        let recorded = lasts(events.iter().map(|(kind, body)| format!("  {kind} {body:.300}")).collect());
        let (at, box_on) = (self.began.elapsed().as_secs_f64(), self.current());
        panic!(
            "{}: {why}, {at:.0} s after its start; the box is on {box_on:?}\n{}\ndone:\n{}\nrecorded:\n{recorded}",
            self.name,
            framed(shot),
            lasts(self.tape.clone())
        );
    }
}
