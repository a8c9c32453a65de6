//! Notices to people: sent beside the run, never in its way; what the receiver answered is the evidence.
//!
//! A notice is tried a few times with the same key, so that a receiver that took it once can tell the second try from a
//! second notice.

mod deliver;
mod file;
mod jira;
mod mail;
mod pagerduty;
#[cfg(test)]
mod tests;
mod web;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use sha2::{Digest, Sha256};

use super::call::{self, Tried};

pub use deliver::{Answered, send};

/// What is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its first line; may be empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The same for each try of one notice, different for each notice of a run: run, item, attempt.
    pub key: String,
    /// The system that it is about.
    pub source: String,
    /// It may have arrived already: an earlier host of the run tried, and died before it heard the answer.
    pub again: bool,
}

impl Message {
    /// The title, or the text's first line when there is none.
    fn first_line(&self) -> String {
        let line = if self.title.trim().is_empty() { self.text.trim().lines().next() } else { Some(self.title.trim()) };
        line.unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// Sixteen hex digits for a key of any length and letters.
fn token(key: &str) -> String {
    let digest: String = Sha256::digest(key.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("fd{digest}")
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
    /// Mail by SMTP.
    Mail(Mail),
    /// An event of PagerDuty.
    Pager(Pager),
    /// An issue of Jira, or a comment on one.
    Jira(Jira),
}

/// Mail by SMTP.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// The receivers, separated by commas.
    pub to: String,
    /// The server, `host:port`.
    pub server: String,
    /// The sender.
    pub from: String,
    /// Whom the server knows; with a password.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// How it is encrypted; none: TLS at port 465, nothing to this machine, else STARTTLS.
    pub tls: Option<MailTls>,
    /// A file of CAs to trust beside the system's.
    pub ca: Option<PathBuf>,
}

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// It begins plain and must change to TLS.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: to this machine only.
    None,
}

/// An event of PagerDuty.
#[derive(Clone, PartialEq, Eq)]
pub struct Pager {
    /// The integration's key.
    pub key: String,
    /// Where events go, without a path.
    pub url: String,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: String,
}

/// An issue of Jira, or a comment on one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Jira {
    /// Jira's address for a new issue; an issue's (`…/browse/KEY`) for a comment.
    pub url: String,
    /// Key of the project for a new issue.
    pub project: Option<String>,
    /// The new issue's type.
    pub issue_type: String,
    /// Who writes; without one the token alone says so.
    pub user: Option<String>,
    /// The user's token.
    pub token: Option<String>,
    /// A file of CAs to trust beside the system's.
    pub ca: Option<PathBuf>,
}

impl fmt::Debug for Receiver {
    /// Without the address, which is often a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack(_) => f.write_str("Slack(…)"),
            Self::Webhook(_) => f.write_str("Webhook(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Mail(mail) => f.debug_tuple("Mail").field(&mail.to).finish(),
            Self::Pager(_) => f.write_str("Pager(…)"),
            Self::Jira(_) => f.write_str("Jira(…)"),
        }
    }
}

/// A way to send a notice.
trait Notice: Send + Sync {
    /// Tries once. `again`: an earlier try may have arrived, though it was not answered.
    fn send<'a>(&'a self, message: &'a Message, again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>>;
}

/// The sender for a receiver.
fn sender(receiver: Receiver) -> Box<dyn Notice> {
    match receiver {
        Receiver::File(path) => Box::new(file::Line(path)),
        Receiver::Webhook(url) => Box::new(web::Post { url, shape: web::Shape::Plain }),
        Receiver::Slack(url) => Box::new(web::Post { url, shape: web::Shape::Slack }),
        Receiver::Mail(mail) => Box::new(mail),
        Receiver::Pager(pager) => Box::new(pager),
        Receiver::Jira(jira) => Box::new(jira),
    }
}
