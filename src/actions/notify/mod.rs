//! Notices to people: sent beside the run, never in its way; what the receiver answered is the evidence.
//!
//! [`Notifier`] has a thread of its own. A notice is tried a few times with the same deduplication key, so that a
//! receiver that took it once can tell the second try from a second notice.

mod file;
mod notifier;
#[cfg(test)]
mod tests;
mod web;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use crate::runbook::kinds::Channel;
use crate::words::Name;

pub use notifier::{Notifier, OnSent, StartError};

/// What is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The same for each try of one notice, different for each notice: run, item, attempt, channel.
    pub key: String,
    /// Its first line.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// Where it comes from, for the receiver: the run's id.
    pub run: String,
    /// When it was decided to send it, RFC 3339.
    pub at: String,
}

/// A receiver.
#[derive(Clone, PartialEq, Eq)]
pub enum Receiver {
    /// A file that gets a line.
    File(PathBuf),
    /// An address that takes a POST of JSON: `key`, `title`, `text`, `run`, `at`, `source`.
    Webhook(String),
    /// An incoming webhook of Slack.
    Slack(String),
}

impl fmt::Debug for Receiver {
    /// Without the address, which is often a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Webhook(_) => f.write_str("Webhook(…)"),
            Self::Slack(_) => f.write_str("Slack(…)"),
        }
    }
}

/// A channel that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// A text of it is still to be filled in.
    #[error("channel {0}: its address is not known yet")]
    NotFilled(Name),
    /// This program cannot send by it.
    #[error("channel {channel}: this version does not send by {kind}; use slack, webhook or file")]
    NotSpoken {
        /// The channel.
        channel: Name,
        /// Its key in the runbook.
        kind: &'static str,
    },
}

impl Receiver {
    /// The receiver that a filled-in channel of the runbook is; relative paths start from `root`.
    pub fn of(name: &Name, channel: &Channel, root: &Path) -> Result<Self, ChannelError> {
        let filled = |text: Option<&str>| text.map(str::to_owned).ok_or_else(|| ChannelError::NotFilled(name.clone()));
        match channel {
            Channel::Slack { url } => Ok(Self::Slack(filled(url.as_plain())?)),
            Channel::Webhook { url } => Ok(Self::Webhook(filled(url.as_plain())?)),
            Channel::File { path } => Ok(Self::File(root.join(filled(path.as_plain())?))),
            Channel::Email { .. } | Channel::Pagerduty { .. } | Channel::Jira { .. } => {
                Err(ChannelError::NotSpoken { channel: name.clone(), kind: channel.key() })
            }
        }
    }
}

/// How a notice ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What the receiver answered (the evidence), or why it did not take it.
    pub answer: Result<String, String>,
    /// How often it was tried.
    pub tries: u32,
}

/// One try to send.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tried {
    /// Taken, with the receiver's answer.
    Taken(String),
    /// Not taken; another try may help, after the receiver's wish in seconds, if it has one.
    Later(String, Option<u64>),
    /// Not taken, and never will be.
    Refused(String),
}

/// A way to send a notice.
trait Notice: Send + Sync {
    /// Tries once.
    fn send<'a>(&'a self, message: &'a Message) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>>;
}

/// The sender for a receiver.
fn sender(receiver: &Receiver) -> Box<dyn Notice> {
    match receiver {
        Receiver::File(path) => Box::new(file::Line(path.clone())),
        Receiver::Webhook(url) => Box::new(web::Post { url: url.clone(), shape: web::Shape::Plain }),
        Receiver::Slack(url) => Box::new(web::Post { url: url.clone(), shape: web::Shape::Slack }),
    }
}
