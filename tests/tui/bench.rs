//! The program on a bench: a screen of a fixed size, a host, a clock that the test turns.

use std::time::Duration;

use flightdeck::link::Role;
use flightdeck::tui::app::{App, Out};
use flightdeck::tui::input::Decoder;
use flightdeck::tui::{Exit, Options};
use flightdeck::words::Actor;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::double::{Double, plan};

/// Options of the operator.
pub fn options() -> Options {
    Options {
        who: Actor("anna@ops1".into()),
        role: Role::Operator,
        ascii: false,
        color: true,
        machine: "ops1".into(),
        come_back: "flightdeck attach 2026-11-24T084739Z".into(),
        go_on: "flightdeck resume 2026-11-24T084739Z".into(),
        begin: None,
    }
}

/// The bench.
pub struct Bench {
    pub app: App,
    pub host: Double,
    pub now: Duration,
    /// What the program asked for, but for messages that the host answered.
    pub outs: Vec<Out>,
    pub cursor: Option<Position>,
    decoder: Decoder,
    size: (u16, u16),
    pub frame: Buffer,
}

impl Bench {
    /// A client that has just connected to a run that has not begun.
    pub fn new(cols: u16, rows: u16) -> Self {
        Self::with(Double::new(plan()), options(), cols, rows)
    }

    pub fn with(host: Double, options: Options, cols: u16, rows: u16) -> Self {
        let mut bench = Self {
            app: App::new(options),
            host,
            now: Duration::ZERO,
            outs: vec![],
            cursor: None,
            decoder: Decoder::default(),
            size: (cols, rows),
            frame: Buffer::empty(Rect::new(0, 0, cols, rows)),
        };
        bench.app.hello();
        bench.settle();
        bench
    }

    /// A flight that has begun; both checks are green.
    pub fn flying(cols: u16, rows: u16) -> Self {
        let mut bench = Self::new(cols, rows);
        bench
            .host
            .want("anna@ops1", None, flightdeck::engine::Want::Begin { target: Some("cryptoutil-prod".into()) })
            .unwrap();
        bench.host.look("kms", flightdeck::words::Verdict::Ok, 0.012, "12 ms");
        bench.host.look("idp", flightdeck::words::Verdict::Ok, 0.014, "14 ms");
        bench.settle();
        bench
    }

    /// Messages go to and fro until nobody has anything to say; then a frame is drawn.
    pub fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for out in self.app.outs() {
                quiet = false;
                match out {
                    Out::Send(message) => {
                        self.outs.push(Out::Send(message.clone()));
                        self.host.take(message);
                    }
                    out => self.outs.push(out),
                }
            }
            for message in self.host.send() {
                quiet = false;
                self.app.take(message, self.now);
            }
            if quiet {
                self.draw();
                if self.app.is_dirty() {
                    continue;
                }
                let outs = self.app.outs();
                if outs.is_empty() {
                    return;
                }
                for out in outs {
                    if let Out::Send(message) = &out {
                        self.host.take(message.clone());
                    }
                    self.outs.push(out);
                }
            }
        }
    }

    fn draw(&mut self) {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        self.frame = Buffer::empty(area);
        self.cursor = self.app.draw(area, &mut self.frame, self.now);
    }

    /// The window gets another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.size = (cols, rows);
        self.settle();
    }

    /// Time passes for host and client.
    pub fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.host.wait(seconds);
        self.app.tick(self.now);
        self.settle();
    }

    /// Bytes from the keyboard, one second after what came before: read calmly.
    pub fn press(&mut self, bytes: &str) {
        self.wait(1);
        self.at_once(bytes);
    }

    /// Bytes from the keyboard, now.
    pub fn at_once(&mut self, bytes: &str) {
        let mut pieces = self.decoder.feed(bytes.as_bytes());
        pieces.extend(self.decoder.flush());
        self.app.input(pieces, self.now);
        self.settle();
    }

    /// Each of these is pressed calmly.
    pub fn presses(&mut self, all: &[&str]) {
        for bytes in all {
            self.press(bytes);
        }
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        let area = self.frame.area;
        (0..area.height)
            .map(|y| {
                let mut row = String::new();
                let mut x = 0;
                while x < area.width {
                    let symbol = self.frame[(x, y)].symbol();
                    row.push_str(symbol);
                    x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
                }
                format!("{}\n", row.trim_end())
            })
            .collect()
    }

    /// A row of the screen.
    pub fn row(&self, y: usize) -> String {
        self.text().lines().nth(y).unwrap_or_default().to_owned()
    }

    /// The last row.
    pub fn bottom(&self) -> String {
        self.row(usize::from(self.size.1) - 1)
    }

    /// Intents that were sent since the last call.
    pub fn wants(&mut self) -> Vec<flightdeck::engine::Want> {
        let outs = std::mem::take(&mut self.outs);
        outs.into_iter()
            .filter_map(|out| match out {
                Out::Send(flightdeck::link::FromClient::Do { want, .. }) => Some(*want),
                _ => None,
            })
            .collect()
    }

    /// How it was left.
    pub fn left(&self) -> Option<&Exit> {
        self.outs.iter().find_map(|out| match out {
            Out::Exit(exit) => Some(exit),
            _ => None,
        })
    }
}

impl Bench {
    /// A flight in its second phase, the box on a dangerous command.
    pub fn deploying() -> Self {
        Self::deploying_with(|_| {})
    }

    pub fn deploying_with(change: impl Fn(&mut Options)) -> Self {
        let mut options = options();
        change(&mut options);
        let mut bench = Self::with(Double::new(plan()), options, 120, 36);
        bench.begin();
        bench.answer_all_but_the_form();
        let item = bench.host.state.plan.items[4].id.clone();
        let fields = [("from".to_owned(), "09:00Z".to_owned()), ("chair".to_owned(), "kim".to_owned())].into();
        let seen = bench.host.state.items[4].seen();
        bench.host.want("anna@ops1", None, flightdeck::engine::Want::Answer { item, seen, fields }).unwrap();
        bench.host.want("anna@ops1", None, flightdeck::engine::Want::ClosePhase { phase: 0 }).unwrap();
        bench.settle();
        bench.wait(2);
        bench.outs.clear();
        bench
    }

    fn begin(&mut self) {
        self.host
            .want("anna@ops1", None, flightdeck::engine::Want::Begin { target: Some("cryptoutil-prod".into()) })
            .unwrap();
        self.host.look("kms", flightdeck::words::Verdict::Ok, 0.012, "12 ms");
        self.host.look("idp", flightdeck::words::Verdict::Ok, 0.014, "14 ms");
        self.host.look("p95", flightdeck::words::Verdict::Ok, 0.142, "142 ms");
        self.host.look("p95", flightdeck::words::Verdict::Ok, 0.151, "151 ms");
        self.settle();
    }

    /// The first phase but for its form, which is deferred to the phase's close.
    pub fn answer_all_but_the_form(&mut self) {
        use flightdeck::engine::Want;
        use flightdeck::engine::event::Return;
        use flightdeck::words::Proof;
        let id = |bench: &Self, n: usize| bench.host.state.plan.items[n].id.clone();
        let answer = |bench: &mut Self, n: usize, text: &str| {
            bench.wait(30);
            let fields = [("answer".to_owned(), text.to_owned())].into();
            let want = Want::Answer { item: id(bench, n), seen: bench.host.state.items[n].seen(), fields };
            bench.host.want("anna@ops1", None, want).unwrap();
        };
        answer(self, 0, "");
        answer(self, 2, "https://change.example/1");
        answer(self, 3, "2026-11-20");
        let item = id(self, 4);
        self.host
            .want("anna@ops1", None, Want::Defer { item, to: Return::PhaseClose, reason: "the chair is late".into() })
            .unwrap();
        let item = id(self, 5);
        let started = flightdeck::engine::resolve(&self.host.state, 5).unwrap();
        let start = Want::Start { item: item.clone(), seen: 0, shown: started.digest, typed: None, out_of_order: true };
        self.host.want("anna@ops1", None, start).unwrap();
        let attempt = self.host.running().1;
        self.host.own(Want::Called { item, attempt, ok: true, answer: "appended".into() });
        let item = id(self, 6);
        self.host.want("anna@ops1", None, Want::RequestApproval { item: item.clone() }).unwrap();
        let hash = self.host.state.items[6].request.as_ref().unwrap().hash.clone();
        let by = flightdeck::words::Actor("alice".into());
        self.host
            .want("alice", None, Want::Decide { item, hash, yes: true, by, proof: Proof::Stated, says: None })
            .unwrap();
        self.settle();
        self.wait(2);
    }
}
