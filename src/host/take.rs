//! What comes in: clients, keeper, looks, answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::core::{Asker, Host};
use super::hands::is_running;
use super::input::Input;
use super::serve::Session;
use super::{log, program};
use crate::engine::Want;
use crate::link::{FromClient, FromHost, PROTO, Role};
use crate::words::{Actor, Name, Proof};

impl Host {
    /// Takes one input in.
    pub(super) fn take(&mut self, input: Input) {
        match input {
            Input::Joined(session) => self.joined(session),
            Input::Client(id, message) => self.client(id, message),
            Input::Gone(id) => {
                self.clients.remove(id);
            }
            Input::Keeper(heard) => self.heard(heard),
            Input::Looked(answer) => {
                for want in self.eyes.looked(&self.state, answer) {
                    self.intend(Actor::host(), want);
                }
            }
            Input::Notice { item, attempt, ok, answer } => {
                self.intend(Actor::host(), Want::Called { item, attempt, ok, answer });
            }
            Input::SecondPerson { item, hash, yes, name, says } => {
                let want = Want::Decide { item, hash, yes, by: name.clone(), proof: Proof::Stated, says: Some(says) };
                self.intend(name, want);
            }
            Input::Terminate => self.terminate(),
        }
    }

    fn joined(&mut self, session: Session) {
        let Session { link, queue } = session;
        let id = self.clients.add(link.to_client, queue);
        let inbox = self.sender.clone();
        let reader = move || {
            for message in link.from_client {
                let last = message == FromClient::Leave;
                if inbox.send(Input::Client(id, message)).is_err() || last {
                    break;
                }
            }
            let _ = inbox.send(Input::Gone(id));
        };
        if let Err(error) = std::thread::Builder::new().name("client".into()).stack_size(128 << 10).spawn(reader) {
            log(&format!("a client could not be heard: {error}"));
            self.clients.remove(id);
        }
    }

    fn client(&mut self, id: u64, message: FromClient) {
        match message {
            FromClient::Hello { proto, program: theirs, events_from, role, name } => {
                if proto != PROTO {
                    let why = format!("it speaks protocol {PROTO}, {theirs} speaks {proto}");
                    self.clients.send(id, FromHost::Incompatible { program: program(), why });
                    return;
                }
                let welcome = FromHost::Welcome {
                    proto: PROTO,
                    program: program(),
                    folder: self.folder.path().display().to_string(),
                    seq: self.state.seq,
                    now: self.clock.now(),
                    run: self.folder.id().0.clone(),
                };
                self.clients.send(id, welcome);
                if let Some(client) = self.clients.get_mut(id) {
                    client.greeted = true;
                    client.role = role;
                    client.name = name.clone();
                    client.sent = events_from.max(1) - 1;
                }
                let folder = self.folder.path().to_owned();
                self.clients.pump(&folder, self.state.seq);
                self.control_on_joining(role, name);
                self.alone_since = None;
            }
            FromClient::Do { id: number, control, want } => self.intent(id, number, control, *want),
            FromClient::Type { attempt, bytes } => self.typed(id, attempt, &bytes),
            FromClient::Size { cols, rows } => {
                if self.is_holder(id) || !self.clients.any(Role::Operator) {
                    self.hands.resize(cols, rows);
                }
            }
            FromClient::Show { attempt } => {
                if let Some(client) = self.clients.get_mut(id) {
                    client.shows = attempt;
                    client.fresh = true;
                }
                if let Some(attempt) = attempt {
                    self.hands.show(attempt);
                }
            }
            FromClient::Scroll { attempt, from, count } => {
                if let Some(rows) = self.hands.scroll(attempt, from, count) {
                    self.clients.send(id, FromHost::Rows(rows));
                }
            }
            FromClient::Secret { name, value } => {
                self.secrets.put(Name(name), value);
                self.hands.secrets(self.secrets.values());
            }
            FromClient::Leave => {}
        }
    }

    fn intent(&mut self, id: u64, number: u64, control: u32, want: Want) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let (role, name) = (client.role, client.name.clone());
        let asker = Asker { client: id, id: number };
        if role == Role::Observer && !matches!(want, Want::Note { .. } | Want::AskControl | Want::TakeControl { .. }) {
            let why = "you look on here: `attach` without --observe to act".into();
            self.clients.send(id, FromHost::Refused { id: number, why });
            return;
        }
        if !is_a_clients(&want) {
            let why = "this is not a client's to say".into();
            self.clients.send(id, FromHost::Refused { id: number, why });
            return;
        }
        self.intend_of(asker, name, control, want);
    }

    /// Nobody holds control, or its holder is not here: a joining operator has it at once.
    fn control_on_joining(&mut self, role: Role, name: Actor) {
        if role != Role::Operator || self.state.ended.is_some() {
            return;
        }
        let holder = self.state.control.holder.clone();
        let here = self.clients.names();
        let present = holder.as_ref().is_some_and(|h| h == &name || here.iter().any(|(n, r)| n == h && *r == Role::Operator));
        if holder.as_ref() == Some(&name) || present || self.state.begun.is_none() && holder.is_none() {
            return;
        }
        let epoch = self.state.control.epoch;
        self.intend(name, Want::TakeControl { epoch });
    }

    fn is_holder(&mut self, id: u64) -> bool {
        let holder = self.state.control.holder.clone();
        self.clients
            .get_mut(id)
            .is_some_and(|c| c.role == Role::Operator && holder.as_ref().is_none_or(|h| *h == c.name))
    }

    fn typed(&mut self, id: u64, attempt: u32, bytes: &str) {
        if !self.is_holder(id) || !is_running(&self.state, attempt) {
            return;
        }
        let Ok(bytes) = BASE64.decode(bytes) else { return };
        let count = bytes.len() as u64;
        if let Some(item) = self.hands.type_into(attempt, bytes) {
            self.typing.push((item, attempt, count));
        }
    }

    /// What was typed since the last look is one event.
    pub(super) fn tell_typing(&mut self) {
        let mut bursts: Vec<(crate::words::ItemId, u32, u64)> = vec![];
        for (item, attempt, count) in std::mem::take(&mut self.typing) {
            match bursts.iter_mut().find(|(i, a, _)| *i == item && *a == attempt) {
                Some((_, _, bytes)) => *bytes += count,
                None => bursts.push((item, attempt, count)),
            }
        }
        for (item, attempt, bytes) in bursts {
            self.intend(Actor::host(), Want::Typed { item, attempt, bytes });
        }
    }

    /// SIGTERM: the host leaves in order; what runs, runs on, and `resume` adopts it.
    fn terminate(&mut self) {
        self.intend(Actor::host(), Want::HostLeave { why: "it was asked to end (SIGTERM)".into() });
        self.terminating = true;
    }
}

/// What a client may want; the rest is the program's own to say.
fn is_a_clients(want: &Want) -> bool {
    !matches!(
        want,
        Want::Exited { .. }
            | Want::NotStarted { .. }
            | Want::Lost { .. }
            | Want::Adopted { .. }
            | Want::Called { .. }
            | Want::Typed { .. }
            | Want::Verdict { .. }
            | Want::Looked { .. }
            | Want::Met { .. }
            | Want::UntilMet { .. }
            | Want::SettleLooked { .. }
            | Want::Baseline { .. }
            | Want::Sealed { .. }
            | Want::Due { .. }
            | Want::HostStart { .. }
            | Want::HostLeave { .. }
            | Want::Pinned { .. }
            | Want::TargetFound { .. }
            | Want::NeedPerson { .. }
            | Want::ClockStep { .. }
            | Want::Tail { .. }
            | Want::Storage { .. }
            | Want::Caution { .. }
    )
}
