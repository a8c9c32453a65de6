//! Notices and the second person: work that waits for others, off the loop.

use std::time::Duration;

use super::core::Host;
use super::input::Input;
use super::world::Question;
use crate::actions::{Message, Receiver};
use crate::engine::plan::ChannelKind;
use crate::engine::{PlanScope, Settled, Status, Want};
use crate::words::{Actor, ItemId, Name};

impl Host {
    /// Sends a notice to its channels. The answer comes back as an input; the loop never waits for it.
    pub(super) fn notify(&mut self, item: ItemId, attempt: u32, to: &[Name], title: &str, text: &str) {
        let mut receivers = vec![];
        for name in to {
            match self.receiver(name) {
                Ok(receiver) => receivers.push(receiver),
                Err(why) => {
                    let answer = format!("{name}: {why}");
                    return self.intend(Actor::host(), Want::Called { item, attempt, ok: false, answer });
                }
            }
        }
        let message = Message {
            title: title.to_owned(),
            text: text.to_owned(),
            key: format!("{}-{item}-{attempt}", self.folder.id()),
        };
        let inbox = self.sender.clone();
        crate::actions::send(self.eyes.handle(), receivers, message, move |ok, answer| {
            // The loop's end is this process's end.
            let _ = inbox.send(Input::Notice { item, attempt, ok, answer });
        });
    }

    fn receiver(&self, name: &Name) -> Result<(Name, Receiver), String> {
        let channel =
            self.state.plan.channels.iter().find(|c| c.name == *name).ok_or("there is no such channel".to_owned())?;
        let to = self.secrets.fill(&channel.to, &PlanScope::of_run(&self.state))?;
        let receiver = match channel.kind {
            ChannelKind::Slack => Receiver::Slack(to),
            ChannelKind::Webhook => Receiver::Webhook(to),
            ChannelKind::File => Receiver::File(self.root.join(to)),
            kind => return Err(format!("channels of kind {kind:?} are not sent by this version")),
        };
        Ok((name.clone(), receiver))
    }

    /// The sandbox's second person reads the request, and answers after a while.
    pub(super) fn ask_second_person(&mut self, item: ItemId, text: &str, hash: String) {
        let red: Vec<String> = self
            .state
            .phase
            .map(|phase| self.state.plan.items_of(phase).map(|(i, _)| i).collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .filter(|i| matches!(self.state.status(*i), Status::Failed(_)))
            .map(|i| PlanScope::new(&self.state, i).title())
            .collect();
        let operator = self.state.opened.as_ref().map(|o| Actor(o.operator.clone())).unwrap_or(Actor::host());
        let before = self.state.index(&item).map_or(0, |i| {
            self.state.items[i].earlier.iter().filter(|s| matches!(s, Settled::Answered(_))).count() as u32
        });
        let question = Question { folder: self.folder.path(), text, before, red: &red, operator: operator.name() };
        let verdict = (self.outside.second_person)(&question);
        let inbox = self.sender.clone();
        // People do not read faster in a simulated run.
        let wait = Duration::from_secs_f64((verdict.after / self.clock.speed()).clamp(0.1, 600.0));
        let _ = std::thread::Builder::new().name("second person".into()).stack_size(64 << 10).spawn(move || {
            std::thread::sleep(wait);
            let said = Input::SecondPerson { item, hash, yes: verdict.yes, name: verdict.name, says: verdict.says };
            let _ = inbox.send(said);
        });
    }
}
