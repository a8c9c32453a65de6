//! What a plain client is told at its start.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use crate::link::Role;
use crate::words::Actor;

/// What a plain client is told at its start.
pub struct Options {
    /// Who it is, `anna@ops1`.
    pub who: Actor,
    /// What it may do.
    pub role: Role,
    /// Somebody types verbs into `input`.
    pub interactive: bool,
    /// The journal's lines and nothing else go to `output`.
    pub json: bool,
    /// ASCII signs instead of Unicode's (a locale that is not UTF-8).
    pub ascii: bool,
    /// Colours: a terminal, and no `NO_COLOR`.
    pub color: bool,
    /// All events are said, from the first on; else only those from now on.
    pub history: bool,
    /// A run that has not begun is begun at once, unless its autopilot does that.
    pub begin: bool,
    /// What was typed at the start for a real target.
    pub target: Option<String>,
    /// The run's folder, when the one that the host names is not to be used (tests).
    pub folder: Option<PathBuf>,
    /// `input` is this process's terminal: it is told not to echo a secret.
    pub own_terminal: bool,
    /// What is typed.
    pub input: Box<dyn BufRead + Send>,
    /// Where lines go.
    pub output: Box<dyn Write + Send>,
    /// Where words go that are no part of `output` under `json`.
    pub messages: Box<dyn Write + Send>,
    /// Interrupts (Ctrl-C); none: the process's own SIGINT is taken.
    pub interrupts: Option<Receiver<()>>,
}

impl Options {
    /// A client of this process's own standard input and output; `interactive`, `color` and `ascii` are to be set.
    pub fn standard(who: Actor, role: Role) -> Self {
        Self {
            who,
            role,
            interactive: false,
            json: false,
            ascii: false,
            color: false,
            history: true,
            begin: true,
            target: None,
            folder: None,
            own_terminal: true,
            input: Box::new(std::io::BufReader::new(std::io::stdin())),
            output: Box::new(std::io::stdout()),
            messages: Box::new(std::io::stderr()),
            interrupts: None,
        }
    }
}
