//! Changes of the world without a PTY: notices.

pub mod notify;
