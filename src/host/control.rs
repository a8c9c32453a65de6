//! Who may do what: one holder of control, operators beside it, observers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::core::{Asker, Host};
use super::hands::is_running;
use crate::engine::Want;
use crate::link::{FromHost, Role};
use crate::words::{Actor, Proof};

impl Host {
    /// A client wants something.
    pub(super) fn wants(&mut self, id: u64, number: u64, control: u32, mut want: Want) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let (role, name) = (client.role, client.name.clone());
        if let Some(why) = self.refuses(id, role, &name, &want) {
            return self.clients.send(id, FromHost::Refused { id: number, why });
        }
        if let Want::Decide { proof, .. } = &mut want {
            // What a client says of itself was checked by nobody.
            *proof = Proof::Stated;
        }
        self.intend_of(Asker { client: id, id: number }, name, control, want);
    }

    /// Why a client may not want this; the engine decides the rest.
    fn refuses(&self, id: u64, role: Role, name: &Actor, want: &Want) -> Option<String> {
        if role == Role::Observer {
            return Some("you look on here: `attach` without --observe to act".into());
        }
        if !want.is_a_clients() {
            return Some("this is not a client's to say".into());
        }
        if matches!(want, Want::NeedPerson { .. }) && self.clients.has_operator(id, None) {
            return Some("somebody else is here who can answer".into());
        }
        if let Want::GoOnUnrecorded { attempt, .. } = want
            && is_running(&self.state, *attempt)
            && !self.hands.held().any(|(held, _)| held == *attempt)
        {
            return Some("its output can be written: nothing has to be given up".into());
        }
        let holder = self.state.control.holder.as_ref().filter(|holder| *holder != name)?;
        match want {
            Want::Note { .. } | Want::AskControl | Want::Decide { .. } | Want::NeedPerson { .. } => None,
            Want::TakeControl { .. } => {
                // A holder who is there is asked first, and has 20 s to answer.
                let asked = self.state.control.asked.as_ref().filter(|(who, _)| who == name);
                match asked {
                    _ if !self.clients.has_operator(id, Some(holder)) => None,
                    None => Some(format!("{} has control and is here: ask first", holder.name())),
                    Some((_, until)) if *until > self.clock.up() => {
                        let left = self.clock.until(*until).as_secs() + 1;
                        Some(format!("{} was asked and has {left} s left to answer", holder.name()))
                    }
                    Some(_) => None,
                }
            }
            _ => Some(format!("{} has control: ask for it first", holder.name())),
        }
    }

    /// Nobody holds control, or its holder left and nobody else is here: a joining operator has it at once.
    pub(super) fn control_on_joining(&mut self, id: u64, name: Actor) {
        let control = &self.state.control;
        let free = match &control.holder {
            // The one who begins gets it.
            None => self.state.begun.is_some(),
            Some(holder) => *holder != name && !self.clients.has_operator(id, None),
        };
        if free && self.state.ended.is_none() {
            let epoch = control.epoch;
            self.intend(name, Want::TakeControl { epoch });
        }
    }

    /// The client has control, or nobody has and it might.
    pub(super) fn is_holder(&mut self, id: u64) -> bool {
        let holder = self.state.control.holder.clone();
        self.clients
            .get_mut(id)
            .is_some_and(|c| c.role == Role::Operator && holder.as_ref().is_none_or(|h| *h == c.name))
    }

    /// Keys for a running command, of the holder of control only.
    pub(super) fn typed(&mut self, id: u64, attempt: u32, bytes: &str) {
        if !self.is_holder(id) || !is_running(&self.state, attempt) {
            return;
        }
        let Ok(bytes) = BASE64.decode(bytes) else { return };
        let count = bytes.len() as u64;
        if let Some(item) = self.hands.type_into(attempt, bytes) {
            self.typing.add(item, attempt, count);
        }
    }
}
