//! Output file, emulator, rows.
//!
//! A command's output is a file of raw bytes. [`Follower`] reads it into a [`Screen`] (an emulator that no byte can
//! crash, swell or hang), and what leaves this room is [`Row`]s of styled runs: nothing that came from a command
//! reaches the outer terminal as a control sequence. [`sanitize()`] does the same for any other text from outside.

pub mod cast;
mod cells;
mod follow;
mod guard;
mod hands;
mod lines;
mod paste;
mod row;
mod sanitize;
mod screen;
mod utf8;

pub use follow::{Follower, POLL_BYTES, TAIL_BYTES};
pub use lines::last_lines;
pub use paste::paste;
pub use row::{Color, Row, Run, Style, plain};
pub use sanitize::{is_hidden, sanitize, sanitize_line};
pub use screen::{Cursor, Modes, Mouse, SCROLLBACK, Screen};

#[cfg(test)]
mod tests;
