//! What comes in: clients, keeper, looks, answers.

use super::core::Host;
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
            Input::Gone(id) => self.clients.remove(id),
            Input::Keeper(heard) => self.heard(heard),
            Input::Looked(mut answer) => {
                answer.sample = self.secrets.mask_sample(answer.sample);
                for want in self.eyes.looked(&self.state, answer) {
                    self.intend(Actor::host(), want);
                }
            }
            Input::Notice { item, attempt, ok, answer } => {
                let answer = self.secrets.mask(&answer);
                self.intend(Actor::host(), Want::Called { item, attempt, ok, answer });
            }
            Input::Told { item, to, ok, answer } => {
                let answer = self.secrets.mask(&answer);
                if self.state.ended.is_some() {
                    // Nothing follows a run's end in its journal.
                    log(&format!("{to} {}: {answer}", if ok { "took it" } else { "did not take it" }));
                } else {
                    self.intend(Actor::host(), Want::Told { item, to, ok, answer });
                }
            }
            Input::SecondPerson { item, hash, yes, name, says } => {
                let want = Want::Decide { item, hash, yes, by: name.clone(), proof: Proof::Stated, says: Some(says) };
                self.intend(name, want);
            }
            Input::Lease { place, news } => self.lease_news(place, news),
            Input::World(back) => self.world_came(back),
            Input::Terminate => self.terminating = true,
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
        if let FromClient::Hello { proto, program: theirs, events_from, role, name } = message {
            return self.hello(id, proto, &theirs, events_from, role, name);
        }
        if !self.clients.get_mut(id).is_some_and(|c| c.greeted) {
            return;
        }
        match message {
            FromClient::Hello { .. } | FromClient::Leave => {}
            FromClient::Do { id: number, control, want } => self.wants(id, number, control, *want),
            FromClient::Type { attempt, bytes } => self.typed(id, attempt, &bytes),
            FromClient::Size { cols, rows } => {
                if self.is_holder(id) || !self.clients.has_operator(id, None) {
                    self.hands.resize(cols, rows);
                }
            }
            FromClient::Show { attempt } => {
                if let Some(client) = self.clients.get_mut(id) {
                    client.shown.show(attempt);
                }
                if let Some(attempt) = attempt {
                    self.hands.show(attempt);
                }
            }
            FromClient::Scroll { attempt, from, count } => {
                if let Some(rows) = self.hands.scroll(attempt, from, count) {
                    self.clients.send_if_it_reads(id, FromHost::Rows(rows));
                }
            }
            FromClient::Secret { name, value } => self.secret(id, Name(name), value),
        }
    }

    fn hello(&mut self, id: u64, proto: u32, theirs: &str, events_from: u64, role: Role, name: Actor) {
        let refusal = if proto != PROTO {
            Some(format!("it speaks protocol {PROTO}, {theirs} speaks {proto}"))
        } else if is_reserved(&name) {
            Some(format!("`{name}` is no person's name"))
        } else {
            None
        };
        if let Some(why) = refusal {
            self.clients.send(id, FromHost::Incompatible { program: program(), why });
            return self.clients.remove(id);
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
        self.clients.pump(self.folder.path(), self.state.seq);
        if let Some(by_hand) = self.by_hand_now() {
            self.clients.send(id, by_hand);
        }
        if role == Role::Operator {
            self.ask_for_secrets(id);
            self.control_on_joining(id, name);
        }
    }

    /// A resumed run asks its clients for secrets that could not be read again.
    fn ask_for_secrets(&mut self, id: u64) {
        for name in self.secrets.missing(&self.state.plan) {
            self.clients.send(id, FromHost::NeedSecret { name: name.0.clone() });
        }
    }

    /// A secret that was asked for. One that the plan does not know is none.
    fn secret(&mut self, id: u64, name: Name, value: String) {
        let known = self.state.plan.parameters.iter().any(|p| p.name == name && p.secret.is_some());
        if !known || !self.clients.get_mut(id).is_some_and(|c| c.role == Role::Operator) {
            return;
        }
        if let Err(why) = self.secrets.put(name.clone(), value) {
            log(&format!("secret `{name}` was not taken: {why}"));
            return self.clients.send(id, FromHost::NeedSecret { name: name.0 });
        }
        let all = self.secrets.missing(&self.state.plan).is_empty();
        self.hands.secrets(self.secrets.values(), all);
        self.reconcile();
    }
}

/// Names that the journal gives to parts of the program.
fn is_reserved(name: &Actor) -> bool {
    name.name().trim().is_empty() || [Actor::host(), Actor::autopilot(), Actor::sandbox()].contains(name)
}
