//! The screens: a client that shows a run and sends what the operator wants.
//!
//! A pure core and a thin shell. [`app::App`] takes messages of the host and decoded input with their times, and gives
//! frames and things to do; it has no clock, no terminal and no thread, so tests drive it directly. [`run`] is the
//! shell: raw bytes of the terminal, signals, the link, at most 60 frames a second and none when nothing changed.
//!
//! ```text
//! input/    bytes -> keys, pastes, mouse          keymap   the one table of keys (bottom row, help, meaning)
//! model     the fold, live figures, rows          enter    what Enter does, in words
//! tree      which rows the checklist has          guard    which keys are dropped
//! panes/    header, tree, item, live, bottom      dialogs/ forms, menus, lists, texts
//! widgets/  lines, frames, editor                 shell/   terminal, signals, loop
//! ```

pub mod app;
pub mod dialogs;
mod enter;
mod facts;
mod guard;
pub mod input;
mod keymap;
mod model;
mod panes;
mod shell;
pub mod start;
mod tape;
pub mod text;
pub mod theme;
mod tree;
mod view;
pub mod widgets;

//TESTS

pub use panes::header::world;
pub use shell::{Taken, TuiError, run, run_on};
pub use view::{Ctx, Pane};

use crate::engine::event::RunEnd;
use crate::link::Role;
use crate::words::{Actor, Name};

/// What the operator confirmed before there was a host: it begins the flight by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// The target's name as it was typed.
    pub target: Option<String>,
    /// Limitations that were overridden, with their reasons.
    pub accepted: Vec<(Name, String)>,
}

/// How the screen is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who sits here, as the journal names them.
    pub who: Actor,
    /// May they act?
    pub role: Role,
    /// Only ASCII for frames, glyphs and key names.
    pub ascii: bool,
    /// Colours may be used.
    pub color: bool,
    /// This machine's name: the header's first word when the runbook names no environment.
    pub machine: String,
    /// The command that comes back to this run: `flightdeck attach 2026-…`.
    pub come_back: String,
    /// The command that goes on when its host is gone: `flightdeck resume 2026-…`.
    pub go_on: String,
    /// Begins the flight once the plan is fixed.
    pub begin: Option<Begin>,
}

/// How the screen was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The operator left; the run goes on.
    Left,
    /// The run is over.
    Ended {
        /// How.
        how: RunEnd,
        /// Items that ended failed.
        failed: u32,
    },
    /// The host is gone: why.
    HostGone(String),
    /// A signal ended the client; the run goes on.
    Interrupted,
}
