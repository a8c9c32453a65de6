//! Where the operator looks: cursor, folds, scrolls, page, what has the keys.

use std::time::Duration;

use ratatui::layout::Rect;

use super::Options;
use super::model::Model;
use super::theme::Theme;
use super::tree::{Folds, Node, ancestors};
use crate::engine::Status;
use crate::link::Role;

/// What has the arrow keys; on a small screen the page that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The checklist.
    Tree,
    /// The item.
    Item,
    /// Live figures.
    Live,
}

/// The operator's view.
#[derive(Debug, Default)]
pub struct View {
    /// Where the cursor is; none: it follows the box.
    pub cursor: Option<Node>,
    /// What was folded or unfolded by hand.
    pub folds: Folds,
    /// What has the arrow keys, when it was chosen.
    pub chosen: Option<Pane>,
    /// Rows up from the end of the terminal.
    pub tape_up: usize,
    /// Rows down in the item's text.
    pub text_down: usize,
    /// Rows down in the live column.
    pub live_down: usize,
    /// The terminal alone, without frames.
    pub zoom: bool,
    /// Keys go to the running command.
    pub typing: bool,
    /// Where things were drawn last.
    pub drawn: Drawn,
}

/// What the last frame showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// The screen is too small for anything.
    pub too_small: bool,
    /// Small layout: one page at a time.
    pub pages: bool,
    /// Rows of the tree and the first that is shown.
    pub tree: Option<(Rect, usize)>,
    /// The item pane.
    pub item: Rect,
    /// The live column.
    pub live: Option<Rect>,
    /// The inside of the terminal box.
    pub tape: Option<Rect>,
    /// First row of the terminal that is shown.
    pub tape_top: usize,
    /// How far the item's text can go down.
    pub text_most: usize,
    /// How far the live column can go down.
    pub live_most: usize,
    /// The command as shown: item, what was seen of it, its digest; none while its end was not on the screen.
    pub command: Option<(usize, u32, String)>,
    /// Lines of the command that are still below.
    pub command_left: usize,
}

/// Everything that is looked at while drawing or deciding about a key.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// What is known.
    pub model: &'a Model,
    /// Where the operator looks.
    pub view: &'a View,
    /// How things look.
    pub theme: Theme,
    /// Time since the client's start.
    pub now: Duration,
    /// Who sits here.
    pub options: &'a Options,
}

impl Ctx<'_> {
    /// Where the box is: an item, or the phase when all in it is settled.
    pub fn boxed(&self) -> Option<Node> {
        let state = &self.model.state;
        let phase = state.phase.filter(|_| state.ended.is_none())?;
        match state.current {
            Some(index) if !self.model.status(index).is_settled() => Some(Node::Item(index)),
            current => match self.first_open(phase) {
                None => Some(Node::Phase(phase)),
                Some(index) => Some(current.map_or(Node::Item(index), Node::Item)),
            },
        }
    }

    fn first_open(&self, phase: usize) -> Option<usize> {
        let plan = &self.model.state.plan;
        let open = |(i, _): &(usize, _)| !self.model.status(*i).is_settled();
        plan.items_of(phase).filter(|(_, item)| self.model.state.is_flown(item)).find(open).map(|(i, _)| i)
    }

    /// What is shown: where the cursor is, else the box.
    pub fn shown(&self) -> Node {
        self.view.cursor.or_else(|| self.boxed()).unwrap_or(Node::Phase(0))
    }

    /// The shown item.
    pub fn item(&self) -> Option<usize> {
        match self.shown() {
            Node::Item(index) if index < self.model.state.plan.items.len() => Some(index),
            _ => None,
        }
    }

    /// The shown item's status.
    pub fn status(&self) -> Status {
        self.item().map_or(Status::Off, |index| self.model.status(index))
    }

    /// The shown item's running attempt.
    pub fn running(&self) -> Option<(usize, u32)> {
        let index = self.item()?;
        self.model.state.running.iter().copied().find(|(i, _)| *i == index)
    }

    /// The shown command seems to ask. (A full-screen program stands behind an unfinished line all the time, and echoes
    /// what it wants.)
    pub fn asks(&self) -> bool {
        let facts = self.model.tape.facts();
        facts.asks && !facts.alternate && self.model.gone.is_none()
    }

    /// Why nothing can be done from here; none: it can.
    pub fn hands_off(&self) -> Option<String> {
        if let Some(why) = &self.model.gone {
            return Some(format!("the host is gone ({}): q leaves", super::text::line(why)));
        }
        if let Some(ended) = &self.model.state.ended {
            return Some(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at)));
        }
        if self.options.role == Role::Observer {
            return Some("you look on: attach without --observe to act".into());
        }
        let holder = self.model.state.control.holder.as_ref()?;
        (*holder != self.options.who)
            .then(|| format!("{} has control: q asks for it", super::text::line(holder.name())))
    }

    /// Attempts, answers and edits that an intent about an item is drawn for.
    pub fn seen(&self, index: usize) -> u32 {
        self.model.state.items.get(index).map_or(0, |item| item.seen())
    }
}

impl View {
    /// What has the arrow keys: what was chosen, else the checklist where it stands beside the item.
    pub fn pane(&self) -> Pane {
        self.chosen.unwrap_or(if self.drawn.pages { Pane::Item } else { Pane::Tree })
    }

    /// Puts the cursor on something and unfolds what it stands in.
    pub fn go(&mut self, model: &Model, node: Node) {
        if let Node::Item(index) = node {
            for outer in ancestors(model, index) {
                self.folds.insert(outer, true);
            }
        }
        self.cursor = Some(node);
        self.reset();
    }

    /// Back to the box.
    pub fn follow(&mut self) {
        self.cursor = None;
        self.reset();
    }

    fn reset(&mut self) {
        self.tape_up = 0;
        self.text_down = 0;
    }
}
