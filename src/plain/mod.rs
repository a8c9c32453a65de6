//! The run as lines: for screen readers, dumb terminals, logs and programs.
//!
//! It is a client like the screens: it folds the journal's lines and says each event as one clear line, shows a
//! command before it starts and its output as it comes, and says what is needed next. On a terminal the verbs are
//! typed as words; without one it ends where a person is needed. `--json` is the journal's lines, verbatim.

mod ask;
mod client;
mod echo;
mod exit;
mod need;
mod options;
mod prompt;
mod say;
mod signals;
mod style;
mod tail;
#[cfg(test)]
mod tests;
mod verbs;

pub use client::run;
pub use exit::Exit;
pub use options::Options;
