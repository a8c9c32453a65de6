//! The screens, driven by keys against the real engine: what is shown, what is asked of the host, what is dropped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bench;
mod demo;
mod double;
mod keys;
mod rollback;
mod screens;
mod shell;
