//! Changes of the world without a PTY: notices.

mod notify;

pub use notify::{Answered, Jira, Mail, MailTls, Message, Pager, Receiver, send};
