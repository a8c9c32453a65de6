//! Notices to people: sent beside the run, never in its way; what the receiver answered is the evidence.
//!
//! A notice is tried a few times with the same key, so that a receiver that took it once can tell the second try from a
//! second notice.

mod deliver;
mod file;
#[cfg(test)]
mod tests;
mod web;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

pub use deliver::send;

/// What is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its first line; may be empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The same for each try of one notice, different for each notice of a run: run, item, attempt.
    pub key: String,
}

/// A receiver.
#[derive(Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An incoming webhook of Slack.
    Slack(String),
    /// An address that takes a POST of JSON: `source`, `key`, `title`, `text`.
    Webhook(String),
    /// A file that gets a line of JSON: `at`, `key`, `title`, `text`.
    File(PathBuf),
}

impl fmt::Debug for Receiver {
    /// Without the address, which is often a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack(_) => f.write_str("Slack(…)"),
            Self::Webhook(_) => f.write_str("Webhook(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
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
fn sender(receiver: Receiver) -> Box<dyn Notice> {
    match receiver {
        Receiver::File(path) => Box::new(file::Line(path)),
        Receiver::Webhook(url) => Box::new(web::Post { url, shape: web::Shape::Plain }),
        Receiver::Slack(url) => Box::new(web::Post { url, shape: web::Shape::Slack }),
    }
}
