//! The program behind the screen: messages and keys go in, frames and messages come out. No clock, no terminal.

mod act;
mod deeds;
mod draw;
mod keys;
mod moving;
mod news;

use std::collections::BTreeMap;
use std::time::Duration;

use super::dialogs::Dialog;
use super::guard::{Guard, Meaning};
use super::model::Model;
use super::theme::Theme;
use super::view::{Ctx, View};
use super::{Exit, Options};
use crate::engine::Want;
use crate::link::{FromClient, FromHost};

/// How long something said stays in the bottom row.
const SAID: Duration = Duration::from_secs(5);

/// What the program wants of the terminal and the link.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// A message to the host.
    Send(FromClient),
    /// The outer terminal's clipboard.
    Copy(String),
    /// A bell and a notification, clean.
    Bell(String),
    /// The window's title, clean.
    Title(String),
    /// Suspend this terminal.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Exit(Exit),
}

/// An intent that is on its way.
struct Pending {
    want: Want,
    dialog: Option<u64>,
}

/// An open dialog with its number.
struct Opened {
    id: u64,
    dialog: Box<dyn Dialog>,
}

/// Something said in the bottom row.
struct Said {
    words: String,
    until: Duration,
}

/// The program.
pub struct App {
    /// What is known.
    pub model: Model,
    /// Where the operator looks.
    pub view: View,
    options: Options,
    theme: Theme,
    dialogs: Vec<Opened>,
    guard: Guard,
    said: Option<Said>,
    outs: Vec<Out>,
    next: u64,
    pending: BTreeMap<u64, Pending>,
    drafts: BTreeMap<String, Vec<String>>,
    /// Enter was pressed once on an item with unsettled ones above it.
    armed: Option<(usize, u32)>,
    /// `x` was pressed once on this attempt.
    stopping: Option<(usize, u32)>,
    /// Ctrl-] left Terminal mode just now.
    left_typing: Option<Duration>,
    begin_sent: bool,
    control_checked: bool,
    size_sent: Option<(u16, u16)>,
    scroll_asked: Option<(u32, usize, usize, u64)>,
    title: String,
    now: Duration,
    dirty: bool,
}

impl App {
    /// The program before the first message.
    pub fn new(options: Options) -> Self {
        let theme = Theme { color: options.color, ascii: options.ascii };
        Self {
            model: Model::default(),
            view: View::default(),
            options,
            theme,
            dialogs: vec![],
            guard: Guard::default(),
            said: None,
            outs: vec![],
            next: 0,
            pending: BTreeMap::new(),
            drafts: BTreeMap::new(),
            armed: None,
            stopping: None,
            left_typing: None,
            begin_sent: false,
            control_checked: false,
            size_sent: None,
            scroll_asked: None,
            title: String::new(),
            now: Duration::ZERO,
            dirty: true,
        }
    }

    /// Says what it is and asks for everything.
    pub fn hello(&mut self) {
        self.outs.push(Out::Send(FromClient::Hello {
            proto: crate::link::PROTO,
            program: concat!("flightdeck ", env!("CARGO_PKG_VERSION")).into(),
            events_from: 1,
            role: self.options.role,
            name: self.options.who.clone(),
        }));
    }

    /// Takes a message of the host.
    pub fn take(&mut self, message: FromHost, now: Duration) {
        self.now = self.now.max(now);
        let quiet = !self.model.caught_up;
        for news in self.model.take(message, now) {
            self.happened(news, quiet);
        }
        self.reconcile();
        self.dirty = true;
    }

    /// The link ended.
    pub fn lost(&mut self, now: Duration) {
        self.now = self.now.max(now);
        if self.model.gone.is_none() {
            self.model.gone = Some("its link ended".into());
        }
        self.view.typing = false;
        self.dirty = true;
    }

    /// Time passes: clocks on the screen move once a second.
    pub fn tick(&mut self, now: Duration) {
        let before = self.now.as_secs();
        self.now = self.now.max(now);
        if self.said.as_ref().is_some_and(|said| said.until <= self.now) {
            self.said = None;
            self.dirty = true;
        }
        if self.now.as_secs() != before {
            self.reconcile();
            self.dirty = true;
        }
    }

    /// Something is to be drawn.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// What stands on the terminal is not what was drawn.
    pub fn redraw(&mut self) {
        self.dirty = true;
    }

    /// What is wanted of the terminal and the link, in order.
    pub fn outs(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.outs)
    }

    /// The mouse belongs to the outer terminal now (zoom).
    pub fn frees_mouse(&self) -> bool {
        self.view.zoom && self.dialogs.is_empty()
    }

    /// All that is looked at.
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx { model: &self.model, view: &self.view, theme: self.theme, now: self.now, options: &self.options }
    }

    fn meaning(&self) -> Meaning {
        Meaning::of(&self.ctx(), self.dialogs.last().map(|opened| opened.dialog.as_ref()))
    }

    fn say(&mut self, words: impl Into<String>) {
        self.said = Some(Said { words: words.into(), until: self.now + SAID });
        self.dirty = true;
    }
}
