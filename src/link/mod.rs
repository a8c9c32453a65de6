//! What host and clients say to each other: lines of JSON, at most 1 MiB each, over the run's socket; the same
//! messages travel through channels when client and host share a process (tests).

mod client;
mod message;
mod pair;
mod parse;

pub use client::{ConnectError, connect};
pub use message::{FromClient, FromHost, Live, LiveProbe, PROTO, Role, Rows};
pub use pair::{ClientLink, HostLink, pair};
pub use parse::{ParseError, parse};
