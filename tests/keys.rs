//! The program at a real terminal, with keys alone: whole flights by a committed key script, and what a terminal
//! must survive.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

#[path = "keys/desk.rs"]
mod desk;
#[path = "keys/flights.rs"]
mod flights;
#[path = "keys/harmless.rs"]
mod harmless;
#[path = "keys/pilot.rs"]
mod pilot;
#[path = "common/pty.rs"]
mod pty;
#[path = "keys/typing.rs"]
mod typing;
#[path = "keys/window.rs"]
mod window;
