//! What comes over the item pane or over the body, never over the header's row.

mod close;
mod cockpit;
mod control;
mod find;
mod form;
mod forms;
mod leave;
mod menu;
mod metrics;
mod settle;
mod viewer;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub use close::Close;
pub use cockpit::Cockpit;
pub use control::Control;
pub use find::Find;
pub use form::{Field, Form};
pub use forms::{
    again, answer, approval, back_reason, begin, danger, defer, edit, note, pause, reopen, secret, skip, take_over,
    unknown, unrecorded,
};
pub use leave::{asked, leave};
pub use menu::Menu;
pub use metrics::Metrics;
pub use settle::Settle;
pub use viewer::{Kind, Viewer, by_hand, contacts, details, preview};

use super::input::Key;
use super::tree::Node;
use super::view::Ctx;
use super::widgets::{Line, boxed, clear};
use crate::engine::Want;
use crate::link::FromClient;

/// How much of the screen a dialog takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The item pane.
    Pane,
    /// All below the header.
    Body,
}

/// Draws a dialog's frame over what was there, `TRAINING` first in its title in a simulated world; returns its inside.
fn framed(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect, title: &str, right: &Line) -> Rect {
    clear(buf, area);
    let world = if ctx.model.state.is_training() { "TRAINING " } else { "" };
    let title = Line::of(format!(" {world}{title} "), ctx.theme.strong());
    let inside = boxed(buf, area, &title, right, ctx.theme.focus());
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// What a key does besides changing the dialog itself.
pub enum Deed {
    /// Asks the host for something; the dialog that asked closes when it is done, and is told when it is refused.
    Want(Want),
    /// Sends a message.
    Send(FromClient),
    /// Copies to the outer terminal's clipboard.
    Copy(String),
    /// Puts the cursor somewhere.
    Go(Node),
    /// Opens a dialog over this one.
    Open(Box<dyn Dialog>),
    /// Closes this dialog.
    Close,
    /// Closes all dialogs.
    CloseAll,
    /// Shows the terminal alone.
    Zoom,
    /// Leaves: the run goes on.
    Leave,
    /// Says something in the bottom row.
    Say(String),
}

/// What a dialog made of a key.
pub enum Step {
    /// The key means nothing here.
    Unused,
    /// Taken.
    Done(Vec<Deed>),
}

impl Step {
    /// Taken, nothing else.
    pub fn stay() -> Self {
        Self::Done(vec![])
    }

    /// One deed.
    pub fn one(deed: Deed) -> Self {
        Self::Done(vec![deed])
    }
}

/// A verb of the bottom row: the key as it is printed, what it does.
pub type Verbs = Vec<(&'static str, String)>;

/// Something that takes the keys until it is answered or left.
pub trait Dialog {
    /// What it is called: the mark by which two are told apart.
    fn name(&self) -> &'static str;

    /// How much of the screen it takes.
    fn extent(&self) -> Extent {
        Extent::Pane
    }

    /// It takes text (Text mode), else commands (Keys mode).
    fn is_text(&self) -> bool {
        false
    }

    /// The item that it is about: when another thing happened to it, the dialog says so.
    fn item(&self) -> Option<usize> {
        None
    }

    /// Draws it; the cursor's place when it has one.
    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position>;

    /// Takes a key. The keys that go back never come here: they close the dialog.
    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step;

    /// Takes a paste (Text mode only).
    fn paste(&mut self, _text: &str) {}

    /// What its keys do, the first is Enter's.
    fn verbs(&self, ctx: &Ctx<'_>) -> Verbs;

    /// What it asked for is on disk; true: it closes.
    fn done(&mut self, _want: &Want) -> bool {
        true
    }

    /// What it asked for was refused.
    fn refused(&mut self, _why: &str) {}

    /// What was typed, to be kept when it is left: a name for it, and the texts.
    fn draft(&self) -> Option<(String, Vec<String>)> {
        None
    }

    /// Takes back what was kept.
    fn restore(&mut self, _texts: &[String]) {}
}
