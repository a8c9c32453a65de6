//! Notices and the second person: work that waits for others, off the loop.

use std::time::Duration;

use super::core::Host;
use super::input::Input;
use super::world::Question;
use crate::actions::{Answered, Jira, Mail, MailTls, Message, Pager, Receiver};
use crate::engine::event::Resolved;
use crate::engine::plan::ChannelKind;
use crate::engine::{PlanScope, Settled, Status, Want};
use crate::words::{Actor, ItemId, Name};

/// A notice of an item's attempt.
pub(super) struct Notice<'a> {
    pub item: ItemId,
    pub attempt: u32,
    pub to: &'a [Name],
    pub title: &'a str,
    pub text: &'a str,
}

impl Host {
    /// Sends a notice to its channels. The answer comes back as an input; the loop never waits for it. `again`: an
    /// earlier host may have sent it already; its key is the same.
    pub(super) fn notify(&mut self, notice: Notice<'_>, again: bool) {
        let Notice { item, attempt, to, title, text } = notice;
        let mut receivers = vec![];
        for name in to {
            match self.receiver(name) {
                Ok(receiver) => receivers.push((name.clone(), receiver)),
                Err(why) => {
                    let answer = format!("{name}: {why}");
                    return self.intend(Actor::host(), Want::Called { item, attempt, ok: false, answer });
                }
            }
        }
        let plan = &self.state.plan;
        let message = Message {
            title: title.to_owned(),
            text: text.to_owned(),
            key: format!("{}-{item}-{attempt}", self.folder.id()),
            source: plan.system.clone().unwrap_or_else(|| plan.title.clone()),
            again,
        };
        let inbox = self.sender.clone();
        crate::actions::send(self.eyes.handle(), receivers, message, move |answered| {
            // The loop's end is this process's end.
            let _ = inbox.send(match answered {
                Answered::First { ok, said } => Input::Notice { item: item.clone(), attempt, ok, answer: said },
                Answered::Late { to, ok, said } => Input::Told { item: Some(item.clone()), to, ok, answer: said },
            });
        });
    }

    /// Sends again what an earlier host had begun to send: told twice is better than not at all, and whoever reads keys
    /// is told once.
    pub(super) fn notify_again(&mut self, item: &ItemId, attempt: u32) {
        let index = self.state.index(item);
        let running = index.and_then(|i| self.state.items[i].attempts.iter().find(|a| a.number == attempt));
        let Some(Resolved::Notice { to, title, text }) = running.map(|a| a.what.what.clone()) else { return };
        self.notify(Notice { item: item.clone(), attempt, to: &to, title: &title, text: &text }, true);
    }

    fn receiver(&self, name: &Name) -> Result<Receiver, String> {
        let channel =
            self.state.plan.channels.iter().find(|c| c.name == *name).ok_or("there is no such channel".to_owned())?;
        let scope = PlanScope::of_run(&self.state);
        let to = self.secrets.fill(&channel.to, &scope)?;
        let setting = |key: &str| -> Result<Option<String>, String> {
            let text = channel.settings.get(key).map(|text| self.secrets.fill(text, &scope)).transpose();
            text.map(|text| text.filter(|text| !text.is_empty())).map_err(|why| format!("`{key}`: {why}"))
        };
        let ca = setting("ca")?.map(|path| self.root.join(path));
        Ok(match channel.kind {
            ChannelKind::Slack => Receiver::Slack(to),
            ChannelKind::Webhook => Receiver::Webhook(to),
            ChannelKind::File => Receiver::File(self.root.join(to)),
            ChannelKind::Email => {
                let user = setting("user")?;
                let known = user.clone().filter(|user| user.contains('@'));
                let tls = match setting("tls")?.as_deref() {
                    Some("starttls") => Some(MailTls::Starttls),
                    Some("tls") => Some(MailTls::Tls),
                    Some("none") => Some(MailTls::None),
                    _ => None,
                };
                Receiver::Mail(Mail {
                    to,
                    server: setting("server")?.unwrap_or_default(),
                    from: setting("from")?.or(known).unwrap_or_else(here),
                    user,
                    password: setting("password")?,
                    tls,
                    ca,
                })
            }
            ChannelKind::Pagerduty => Receiver::Pager(Pager {
                key: to,
                url: setting("url")?.unwrap_or_else(|| "https://events.pagerduty.com".into()),
                severity: setting("severity")?.unwrap_or_else(|| "error".into()),
            }),
            ChannelKind::Jira => Receiver::Jira(Jira {
                url: to,
                project: setting("project")?,
                issue_type: setting("issue_type")?.unwrap_or_else(|| "Task".into()),
                user: setting("user")?,
                token: setting("token")?,
                ca,
            }),
        })
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

/// The sender of mail that names none.
fn here() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host = if host.is_empty() { "localhost".to_owned() } else { host };
    format!("flightdeck@{host}")
}
