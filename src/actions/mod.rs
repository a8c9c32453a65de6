//! Changes of the world without a PTY: notices.

mod notify;

pub use notify::{Message, Receiver, send};
