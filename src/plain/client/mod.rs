//! The client's loop: what the host says, what is typed, what is interrupted.

mod output;
mod rest;
mod typed;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::ask::{Ask, after_refusal};
use super::echo::Hidden;
use super::need::Need;
use super::say::Say;
use super::style::{Style, Tone};
use super::tail::Tail;
use super::{Begin, Exit, Options, signals};
use crate::engine::event::{Event, Resolved};
use crate::engine::plan::{Action, Plan};
use crate::engine::{Recorded, State, Want};
use crate::link::{ClientLink, FromClient, FromHost, PROTO, Role, parse};

/// Between two looks at a running command's output.
const TAIL_EVERY: Duration = Duration::from_millis(80);
/// Between two looks at clocks when nothing runs.
const IDLE: Duration = Duration::from_millis(500);
/// A second interrupt within this leaves (DESIGN.md, "Starting, attaching, the socket").
const AGAIN: Duration = Duration::from_secs(2);
/// How long an unfinished line stands before it is said: it seems to ask (UX.md).
const ASKS_AFTER: Duration = Duration::from_secs(3);
/// How long a red sensed item may turn green when nobody here can act and its step has no limit.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the host may take to write the record when the run has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Messages taken before lines are written out.
const BATCH: usize = 256;

enum Msg {
    Host(Box<FromHost>),
    HostGone,
    Line(String),
    InputEnded,
    Interrupt,
}

/// Walks a run as lines until it ends or the client leaves.
///
/// # Errors
///
/// The output cannot be written (a closed pipe is no error: the client leaves), or a thread cannot be made.
pub fn run(link: ClientLink, options: Options) -> io::Result<Exit> {
    let (sender, inbox) = channel();
    forward(link.from_host, &sender)?;
    let interrupts = match options.interrupts {
        Some(interrupts) => interrupts,
        None => signals::interrupts()?,
    };
    let to_inbox = sender.clone();
    thread("plain-interrupts", move || while interrupts.recv().is_ok() && to_inbox.send(Msg::Interrupt).is_ok() {})?;
    if options.interactive && !options.json {
        read_lines(options.input, sender)?;
    }
    let hello = FromClient::Hello {
        proto: PROTO,
        program: concat!("flightdeck ", env!("CARGO_PKG_VERSION")).to_owned(),
        events_from: 1,
        role: options.role,
        name: options.who,
    };
    // A host that is gone is told of by the link's other end.
    let _ = link.to_host.send(hello);
    let style = Style { ascii: options.ascii, color: options.color };
    let mut client = Client {
        to_host: link.to_host,
        role: options.role,
        interactive: options.interactive && !options.json,
        json: options.json,
        history: options.history,
        begin: options.begin,
        style,
        fixed_folder: options.folder.is_some(),
        folder: options.folder.unwrap_or_default(),
        out: io::BufWriter::new(options.output),
        messages: options.messages,
        state: State::default(),
        early: vec![],
        has_plan: false,
        target_seq: None,
        say: Say::new(style),
        tail: None,
        next_id: 0,
        sent: BTreeMap::new(),
        ask: None,
        own_terminal: options.own_terminal,
        hidden: None,
        joined: options.history || options.json,
        at_prompt: false,
        prompted: None,
        interrupted: None,
        disk: false,
        red_since: None,
        parking: None,
        ended_id: None,
        asked_partial: None,
        unfinished: None,
    };
    match client.fly(&inbox) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Left),
        other => other,
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).stack_size(256 << 10).spawn(work).map(drop)
}

fn forward(from_host: Receiver<FromHost>, to: &Sender<Msg>) -> io::Result<()> {
    let to = to.clone();
    thread("plain-link", move || {
        for message in from_host {
            if to.send(Msg::Host(Box::new(message))).is_err() {
                return;
            }
        }
        let _ = to.send(Msg::HostGone);
    })
}

fn read_lines(mut input: Box<dyn BufRead + Send>, to: Sender<Msg>) -> io::Result<()> {
    thread("plain-input", move || {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match input.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            if to.send(Msg::Line(String::from_utf8_lossy(&bytes).into_owned())).is_err() {
                return;
            }
        }
        let _ = to.send(Msg::InputEnded);
    })
}

struct Client {
    to_host: Sender<FromClient>,
    role: Role,
    interactive: bool,
    json: bool,
    history: bool,
    /// The flight is to be begun with this.
    begin: Option<Begin>,
    style: Style,
    folder: PathBuf,
    fixed_folder: bool,
    out: io::BufWriter<Box<dyn Write + Send>>,
    messages: Box<dyn Write + Send>,
    state: State,
    /// Events that came before the plan.
    early: Vec<Recorded>,
    has_plan: bool,
    /// The last event when this client joined.
    target_seq: Option<u64>,
    say: Say,
    tail: Option<(Tail, Instant)>,
    next_id: u64,
    sent: BTreeMap<u64, Want>,
    ask: Option<Ask>,
    own_terminal: bool,
    /// What is typed is not echoed.
    hidden: Option<Hidden>,
    /// Where the run is was said.
    joined: bool,
    at_prompt: bool,
    /// What was prompted for, and how the item looked then.
    prompted: Option<(Need, u32, bool)>,
    interrupted: Option<Instant>,
    disk: bool,
    red_since: Option<(usize, Instant)>,
    /// The journal was told that a person is needed here: why.
    parking: Option<String>,
    /// The intent whose answer says that the host is done with the run's end, and since when it is waited for.
    ended_id: Option<(u64, Instant)>,
    /// The unfinished line that was said last.
    asked_partial: Option<String>,
    /// Since when the output's last line is unfinished.
    unfinished: Option<(u64, Instant)>,
}

impl Client {
    fn fly(&mut self, inbox: &Receiver<Msg>) -> io::Result<Exit> {
        loop {
            let wait = if self.tail.is_some() { TAIL_EVERY } else { IDLE };
            match inbox.recv_timeout(wait) {
                Ok(first) => {
                    let mut next = Some(first);
                    for _ in 0..BATCH {
                        let Some(message) = next.take() else { break };
                        if let Some(exit) = self.take(message)? {
                            return self.leave(exit);
                        }
                        next = inbox.try_recv().ok();
                    }
                    // The one that was taken out beyond the batch.
                    if let Some(message) = next
                        && let Some(exit) = self.take(message)?
                    {
                        return self.leave(exit);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.leave(self.gone("the host is gone")),
            }
            self.follow_output()?;
            if let Some(exit) = self.rest()? {
                return self.leave(exit);
            }
            self.out.flush()?;
        }
    }

    fn leave(&mut self, exit: Exit) -> io::Result<Exit> {
        if self.at_prompt {
            writeln!(self.out)?;
        }
        self.out.flush()?;
        self.messages.flush()?;
        let _ = self.to_host.send(FromClient::Leave);
        Ok(exit)
    }

    fn take(&mut self, message: Msg) -> io::Result<Option<Exit>> {
        match message {
            Msg::Host(message) => self.host(*message),
            Msg::HostGone => Ok(Some(self.gone("the host is gone; `flightdeck resume` goes on"))),
            Msg::Line(line) => self.typed(&line),
            Msg::InputEnded => {
                self.interactive = false;
                Ok((!self.json).then_some(Exit::Left))
            }
            Msg::Interrupt => self.interrupt(),
        }
    }

    /// How it ended for us when the host says no more.
    fn gone(&self, why: &str) -> Exit {
        if let Some(exit) = Exit::of_run(&self.state) {
            return exit;
        }
        if let Some((_, why)) = &self.state.person_needed {
            return Exit::PersonNeeded(why.clone());
        }
        if self.disk {
            return Exit::Storage("the host left while the journal could not be written".to_owned());
        }
        Exit::HostGone(why.to_owned())
    }

    fn host(&mut self, message: FromHost) -> io::Result<Option<Exit>> {
        match message {
            FromHost::Welcome { folder, seq, .. } => {
                if !self.fixed_folder {
                    self.folder = PathBuf::from(folder);
                }
                self.target_seq = Some(seq);
            }
            FromHost::Incompatible { program, why } => {
                return Ok(Some(Exit::HostGone(format!("the run's host is {program}: {why}"))));
            }
            FromHost::Plan { json } => {
                let plan: Plan = match serde_json::from_str(&json) {
                    Ok(plan) => plan,
                    Err(error) => return Ok(Some(Exit::HostGone(format!("the plan cannot be read: {error}")))),
                };
                self.state = State::new(Arc::new(plan));
                self.has_plan = true;
                for recorded in std::mem::take(&mut self.early) {
                    self.state.apply(&recorded);
                }
            }
            FromHost::Events { lines } => {
                for line in lines {
                    if let Some(exit) = self.event(&line)? {
                        return Ok(Some(exit));
                    }
                }
            }
            FromHost::Live(live) => {
                if live.disk_wait.is_some() != self.disk {
                    self.disk = live.disk_wait.is_some();
                    let text = if self.disk {
                        "the journal cannot be written: nothing starts until there is room (by-hand.md in the run's folder has the commands)"
                    } else {
                        "the journal can be written again"
                    };
                    self.tell(Tone::Bad, text)?;
                }
            }
            FromHost::ByHand { why, text } => {
                let shown = format!("the journal cannot be written ({why}): what can be done by hand follows\n{text}");
                self.tell(Tone::Bad, &shown)?;
            }
            FromHost::Done { id, .. } => {
                self.sent.remove(&id);
            }
            FromHost::Refused { id, why } => return self.refused(id, &why),
            FromHost::NeedSecret { name } if self.interactive => {
                self.hidden = if self.own_terminal { Hidden::new() } else { None };
                let seen = if self.hidden.is_some() { "it is not shown" } else { "what you type may be seen" };
                self.tell(Tone::Caution, &format!("the secret `{name}` is needed; {seen}"))?;
                self.ask = Some(Ask::Secret(name));
            }
            FromHost::NeedSecret { name } => {
                if self.role == Role::Operator && self.parking.is_none() {
                    self.park(None, format!("the secret `{name}` has to be typed"));
                }
            }
            FromHost::Bye { why } => return Ok(Some(self.gone(&why))),
            FromHost::Rows(_) => {}
        }
        Ok(None)
    }

    fn event(&mut self, line: &str) -> io::Result<Option<Exit>> {
        if self.json {
            // Verbatim: the line is what was hashed.
            self.out.write_all(line.as_bytes())?;
            self.out.write_all(b"\n")?;
        }
        let recorded = match parse(line) {
            Ok(recorded) => recorded,
            Err(error) => return Ok(Some(Exit::HostGone(error.to_string()))),
        };
        let said = self.history || self.target_seq.is_some_and(|seq| recorded.seq > seq);
        if let Event::AttemptEnded(ended) = &recorded.event
            && said
            && self.tail.as_ref().is_some_and(|(tail, _)| tail.attempt == ended.attempt)
        {
            self.finish_output()?;
        }
        self.state.apply(&recorded);
        let shown = self.tail.as_ref().map_or(0, |(tail, _)| tail.lines);
        if said && !self.json {
            let mut lines = vec![];
            self.say.event(&self.state, &recorded, shown, &mut lines);
            self.write(&lines)?;
        }
        match &recorded.event {
            Event::AttemptStarted(started) => {
                self.tail = None;
                let command = matches!(started.what, Resolved::Argv(_) | Resolved::Script { .. });
                let hidden = self.state.index(&started.item).is_some_and(
                    |index| matches!(&self.state.plan.items[index].action, Action::Run(run) if run.acting.hide_output),
                );
                if command && !hidden && !self.json {
                    self.tail = Some((Tail::open(&self.folder, started.attempt, said), Instant::now()));
                    (self.unfinished, self.asked_partial) = (None, None);
                }
            }
            Event::AttemptEnded(_) => self.tail = None,
            _ => {}
        }
        if !self.has_plan {
            self.early.push(recorded);
        }
        Ok(None)
    }

    fn refused(&mut self, id: u64, why: &str) -> io::Result<Option<Exit>> {
        let want = self.sent.remove(&id);
        if self.ended_id.is_some_and(|(ended, _)| ended == id) {
            return Ok(Exit::of_run(&self.state));
        }
        let Some(want) = want else { return Ok(None) };
        // Somebody else may be there who can answer, or it was known; this client ends all the same.
        if matches!(want, Want::NeedPerson { .. }) {
            return Ok(None);
        }
        // The interrupt's own intents may come too late; that is no news.
        let lately = self.interrupted.is_some_and(|since| since.elapsed() < 2 * AGAIN);
        if lately && matches!(want, Want::Stop { .. } | Want::Pause { .. }) {
            return Ok(None);
        }
        self.tell(Tone::Caution, &format!("not done: {why}"))?;
        if self.interactive {
            self.ask = after_refusal(&self.state, &want);
            if self.ask.is_none() && matches!(want, Want::Start { out_of_order: false, .. }) {
                self.note("(`run anyway` goes out of order)")?;
            }
            self.prompted = None;
        } else if matches!(want, Want::Begin { .. }) {
            self.park(None, why.to_owned());
        }
        Ok(None)
    }
}
