//! Moving about: cursor, folds, scrolls, pages, the mouse.

use super::App;
use crate::tui::input::{Code, Key, Mouse, MouseKind};
use crate::tui::keymap::Cmd;
use crate::tui::tree::{Node, TreeRow, ancestors, rows};
use crate::tui::view::{Ctx, Pane};

/// Rows that the wheel moves.
const WHEEL: usize = 3;

impl App {
    /// One step back, at last to the current item.
    pub(super) fn back(&mut self) {
        if self.view.zoom {
            self.view.zoom = false;
        } else if self.view.tape_up > 0 || self.view.text_down > 0 {
            (self.view.tape_up, self.view.text_down) = (0, 0);
        } else if self.view.cursor.is_some() {
            self.view.follow();
        } else {
            self.view.chosen = None;
        }
        self.said = None;
    }

    pub(super) fn turn(&mut self, on: bool) {
        // The wide screen has all panes at once, the middle one no live column.
        let order: &[Pane] = if self.view.drawn.pages {
            &[Pane::Item, Pane::Tree, Pane::Live]
        } else if self.view.drawn.live.is_some() {
            &[Pane::Tree, Pane::Item, Pane::Live]
        } else {
            &[Pane::Tree, Pane::Item]
        };
        let at = order.iter().position(|p| *p == self.view.pane()).unwrap_or(0);
        let next = if on { at + 1 } else { at + order.len() - 1 } % order.len();
        self.view.chosen = Some(order[next]);
    }

    pub(super) fn go(&mut self, cmd: Cmd) {
        let moves_tree = self.view.pane() == Pane::Tree || (self.view.drawn.pages && self.view.pane() == Pane::Item);
        if self.view.zoom {
            return self.scroll(cmd);
        }
        match cmd {
            Cmd::PageUp | Cmd::PageDown if self.view.pane() == Pane::Tree && self.view.drawn.pages => {
                self.page_tree(cmd)
            }
            Cmd::PageUp | Cmd::PageDown => self.scroll(cmd),
            _ if self.view.pane() == Pane::Live || !moves_tree => self.scroll(cmd),
            Cmd::Left => self.out(),
            Cmd::Right => self.into(),
            _ => self.step(cmd),
        }
    }

    fn tree(&self) -> (Vec<TreeRow>, Option<usize>) {
        let rows = rows(&self.model, &self.view.folds);
        let shown = self.ctx().shown();
        let at = rows.iter().position(|r| r.node == shown);
        // Folded away: what it stands in.
        let at = at.or_else(|| match shown {
            Node::Item(index) => {
                let outer = ancestors(&self.model, index);
                outer.iter().rev().find_map(|node| rows.iter().position(|r| r.node == *node))
            }
            _ => None,
        });
        (rows, at)
    }

    fn step(&mut self, cmd: Cmd) {
        let (rows, at) = self.tree();
        let last = rows.len().saturating_sub(1);
        let next = match (cmd, at) {
            (Cmd::Home, _) => 0,
            (Cmd::End, _) => last,
            (_, None) => 0,
            (Cmd::Up, Some(n)) => n.saturating_sub(1),
            (_, Some(n)) => (n + 1).min(last),
        };
        self.put(rows.get(next).map(|r| r.node));
    }

    fn page_tree(&mut self, cmd: Cmd) {
        let (rows, at) = self.tree();
        let page = self.view.drawn.tree.map_or(10, |(area, _)| usize::from(area.height).saturating_sub(1).max(1));
        let at = at.unwrap_or(0);
        let next =
            if cmd == Cmd::PageUp { at.saturating_sub(page) } else { (at + page).min(rows.len().saturating_sub(1)) };
        self.put(rows.get(next).map(|r| r.node));
    }

    /// The cursor goes somewhere; on the box it follows the box again.
    fn put(&mut self, node: Option<Node>) {
        let Some(node) = node else { return };
        if self.ctx().boxed() == Some(node) {
            self.view.follow();
        } else {
            self.view.cursor = Some(node);
            (self.view.tape_up, self.view.text_down) = (0, 0);
        }
    }

    fn out(&mut self) {
        let (rows, at) = self.tree();
        let Some(row) = at.and_then(|n| rows.get(n)) else { return };
        if row.open == Some(true) {
            self.view.folds.insert(row.node, false);
            return;
        }
        let depth = row.depth;
        let outer = at.and_then(|n| rows[..n].iter().rposition(|r| r.depth < depth));
        self.put(outer.map(|n| rows[n].node));
    }

    fn into(&mut self) {
        let (rows, at) = self.tree();
        let Some(row) = at.and_then(|n| rows.get(n)) else { return };
        match row.open {
            Some(false) => {
                self.view.folds.insert(row.node, true);
            }
            Some(true) => self.step(Cmd::Down),
            None => {}
        }
    }

    fn scroll(&mut self, cmd: Cmd) {
        let drawn = &self.view.drawn;
        let has_tape = drawn.tape.is_some() && self.model.tape.attempt.is_some();
        if self.view.pane() == Pane::Live && !self.view.zoom {
            let most = drawn.live_most;
            self.view.live_down = down(self.view.live_down, most, cmd, 10);
            return;
        }
        // Beside a terminal the arrows move the text that had no room, pages move the terminal.
        let arrows = matches!(cmd, Cmd::Up | Cmd::Down) && drawn.text_most > 0 && !self.view.zoom;
        if !has_tape || arrows {
            let most = drawn.text_most;
            self.view.text_down = down(self.view.text_down, most, cmd, 10);
            return;
        }
        let window = drawn.tape.map_or(10, |area| usize::from(area.height));
        let running = self.ctx().running().is_some();
        let most = self.model.tape.most_up(window, running);
        self.view.tape_up = match cmd {
            Cmd::Up => (self.view.tape_up + 1).min(most),
            Cmd::Down => self.view.tape_up.saturating_sub(1),
            Cmd::PageUp => (self.view.tape_up + window.saturating_sub(1)).min(most),
            Cmd::PageDown => self.view.tape_up.saturating_sub(window.saturating_sub(1)),
            Cmd::Home => most,
            Cmd::End => 0,
            _ => self.view.tape_up,
        };
    }

    /// The wheel moves what is read or chosen from, as the arrows do; in a text it would change an answer.
    fn wheel_dialog(&mut self, kind: MouseKind) {
        let code = match kind {
            MouseKind::WheelUp => Code::Up,
            MouseKind::WheelDown => Code::Down,
            MouseKind::Press | MouseKind::Other => return,
        };
        let ctx =
            Ctx { model: &self.model, view: &self.view, theme: self.theme, now: self.now, options: &self.options };
        if let Some(opened) = self.dialogs.last_mut().filter(|opened| !opened.dialog.is_text()) {
            for _ in 0..WHEEL {
                // Arrows in a list or a text to read ask for nothing.
                let _ = opened.dialog.key(Key::plain(code), &ctx);
            }
            self.dirty = true;
        }
    }

    /// The mouse selects and scrolls; it never starts, confirms, sends or stops.
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        if !self.dialogs.is_empty() {
            return self.wheel_dialog(mouse.kind);
        }
        let inside = |area: ratatui::layout::Rect| area.contains(ratatui::layout::Position { x: mouse.x, y: mouse.y });
        let drawn = self.view.drawn.clone();
        let lines = |up: bool| if up { Cmd::Up } else { Cmd::Down };
        let pane = if drawn.tree.is_some_and(|(area, _)| inside(area)) {
            Pane::Tree
        } else if drawn.live.is_some_and(inside) {
            Pane::Live
        } else if inside(drawn.item) {
            Pane::Item
        } else {
            return;
        };
        match mouse.kind {
            MouseKind::Press => {
                if self.view.typing {
                    return;
                }
                self.view.chosen = Some(pane);
                if let (Pane::Tree, Some((area, top))) = (pane, drawn.tree) {
                    let (rows, _) = self.tree();
                    let row = top + usize::from(mouse.y.saturating_sub(area.y));
                    self.put(rows.get(row).map(|r| r.node));
                    let meaning = self.meaning();
                    self.guard.own(meaning);
                }
            }
            MouseKind::WheelUp | MouseKind::WheelDown => {
                let up = mouse.kind == MouseKind::WheelUp;
                let before = self.view.chosen.replace(pane);
                for _ in 0..WHEEL {
                    if pane == Pane::Tree && !self.view.typing {
                        self.step(lines(up));
                    } else if pane != Pane::Tree {
                        self.scroll(lines(up));
                    }
                }
                self.view.chosen = before;
                let meaning = self.meaning();
                self.guard.own(meaning);
            }
            MouseKind::Other => return,
        }
        self.dirty = true;
    }
}

fn down(now: usize, most: usize, cmd: Cmd, page: usize) -> usize {
    match cmd {
        Cmd::Up => now.saturating_sub(1),
        Cmd::Down => now + 1,
        Cmd::PageUp => now.saturating_sub(page),
        Cmd::PageDown => now + page,
        Cmd::Home => 0,
        Cmd::End => most,
        _ => now,
    }
    .min(most)
}
