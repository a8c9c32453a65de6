//! The frame: which panes stand where at which size.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::App;
use crate::terminal::is_hidden;
use crate::tui::dialogs::Extent;
use crate::tui::keymap;
use crate::tui::panes::{banner, bottom, header, item, live, rollback, status, tape, tree};
use crate::tui::text;
use crate::tui::theme::ascii_form;
use crate::tui::tree::Node;
use crate::tui::view::{Ctx, Drawn, Pane};
use crate::tui::widgets::{Line, Paint, boxed, split};

/// The least size that anything can be drawn in.
const LEAST: (u16, u16) = (60, 16);

/// Room for the parts of the body, and what drawing them told.
struct Body {
    drawn: Drawn,
    cursor: Option<Position>,
    /// Where dialogs of the item pane go.
    pane: Rect,
    /// Where dialogs of the body go.
    body: Rect,
}

impl App {
    /// Draws the frame and returns the cursor's place, when it is shown.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, now: Duration) -> Option<Position> {
        self.now = self.now.max(now);
        self.dirty = false;
        let cursor = if area.width < LEAST.0 || area.height < LEAST.1 {
            self.too_small(area, buf);
            None
        } else {
            self.draw_whole(area, buf)
        };
        scrub(buf, self.theme.ascii);
        let meaning = self.meaning();
        self.guard.drew(meaning, self.now);
        self.after_frame();
        cursor
    }

    fn too_small(&mut self, area: Rect, buf: &mut Buffer) {
        self.view.drawn = Drawn { too_small: true, ..Drawn::default() };
        let words = format!("flightdeck needs {}x{}, this is {}x{}.", LEAST.0, LEAST.1, area.width, area.height);
        let lines = [Line::plain(words), Line::plain("The run goes on.")];
        Paint::new(buf, area).lines(&lines, 0);
    }

    fn draw_whole(&mut self, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let ctx = self.ctx();
        let row = |y: u16| Rect { y, height: 1, ..area };
        header::draw(&ctx, buf, row(0));
        let mut top = 1;
        for line in rollback::row(&ctx).into_iter().chain(banner::banner(&ctx, usize::from(area.width))) {
            Paint::new(buf, row(top)).line(0, 0, &line);
            top += 1;
        }
        let room = Rect { y: top, height: area.height - top - 1, ..area };
        let mut body = if self.view.zoom && self.model.tape.attempt.is_some() {
            zoomed(&ctx, buf, room)
        } else if area.width >= 120 {
            wide(&ctx, buf, room)
        } else if area.width >= 90 {
            middle(&ctx, buf, room)
        } else {
            pages(&ctx, buf, room)
        };
        let theme = self.theme;
        let ctx = Ctx { model: &self.model, view: &self.view, theme, now: self.now, options: &self.options };
        if let Some(opened) = self.dialogs.last_mut() {
            let place = match opened.dialog.extent() {
                Extent::Pane => body.pane,
                Extent::Body => body.body,
            };
            body.cursor = opened.dialog.draw(&ctx, place, buf);
            body.drawn.tape = None;
        }
        self.view.drawn = body.drawn;
        let ctx = Ctx { model: &self.model, view: &self.view, theme, now: self.now, options: &self.options };
        let (mode, verbs) = match self.dialogs.last() {
            Some(opened) if opened.dialog.is_text() => ("TEXT", opened.dialog.verbs(&ctx)),
            Some(opened) => ("", opened.dialog.verbs(&ctx)),
            None if self.view.typing => (
                "TERMINAL",
                vec![("Ctrl-]", "back to keys (F12)".to_owned()), ("", "every other key goes to the command".into())],
            ),
            None => ("", keymap::bottom(&ctx)),
        };
        bottom::draw(theme, buf, row(area.height - 1), mode, &verbs, self.said.as_ref().map(|s| s.words.as_str()));
        body.cursor
    }
}

/// The frame of the panes; that of the pane with the keys stands out by its title.
fn pane_title(ctx: &Ctx<'_>, pane: Pane, words: &str) -> Line {
    let style = if ctx.view.chosen.unwrap_or(Pane::Tree) == pane { ctx.theme.focus() } else { Style::new() };
    Line::of(format!(" {words} "), style)
}

fn wide(ctx: &Ctx<'_>, buf: &mut Buffer, room: Rect) -> Body {
    let extra = room.width - 120;
    let left = 28 + extra / 4;
    let right = 31 + extra / 5;
    let faint = ctx.theme.faint();
    boxed(buf, room, &Line::default(), &Line::default(), faint);
    let (x1, x2) = (room.x + left, room.right() - 1 - right);
    split(buf, x1, room.top(), room.bottom(), faint);
    split(buf, x2, room.top(), room.bottom(), faint);
    let inner = |from: u16, to: u16| Rect { x: from, y: room.y + 1, width: to - from, height: room.height - 2 };
    let (tree_area, live_area) = (inner(room.x + 1, x1), inner(x2 + 1, room.right() - 1));
    let pane = inner(x1 + 2, x2 - 1);
    edge(buf, room, room.x + 1, x1, &pane_title(ctx, Pane::Tree, "Checklist"));
    let item_words = item::title(ctx, usize::from(x2 - x1).saturating_sub(4));
    edge(buf, room, x1 + 1, x2, &pane_title(ctx, Pane::Item, &item_words));
    edge(buf, room, x2 + 1, room.right() - 1, &pane_title(ctx, Pane::Live, "Live"));
    let tree_top = tree::draw(ctx, buf, tree_area);
    let live_most = live::draw(ctx, buf, live_area);
    let status_row = Rect { y: pane.bottom() - 1, height: 1, ..pane };
    Paint::new(buf, status_row).line(0, 0, &status::line(ctx, false));
    let item_area = Rect { height: pane.height - 1, ..pane };
    let drew = item::draw(ctx, buf, item_area);
    Body {
        drawn: Drawn {
            tree: Some((tree_area, tree_top)),
            item: pane,
            live: Some(live_area),
            live_most,
            ..of_item(&drew)
        },
        cursor: drew.cursor,
        pane: item_area,
        body: room,
    }
}

fn middle(ctx: &Ctx<'_>, buf: &mut Buffer, room: Rect) -> Body {
    let faint = ctx.theme.faint();
    Paint::new(buf, Rect { height: 1, ..room }).line(0, 0, &live::row(ctx, usize::from(room.width)));
    let room = Rect { y: room.y + 1, height: room.height - 1, ..room };
    boxed(buf, room, &Line::default(), &Line::default(), faint);
    let x1 = room.x + 28 + (room.width - 90) / 4;
    split(buf, x1, room.top(), room.bottom(), faint);
    let inner = |from: u16, to: u16| Rect { x: from, y: room.y + 1, width: to - from, height: room.height - 2 };
    let tree_area = inner(room.x + 1, x1);
    let pane = inner(x1 + 2, room.right() - 2);
    edge(buf, room, room.x + 1, x1, &pane_title(ctx, Pane::Tree, "Checklist"));
    let item_words = item::title(ctx, usize::from(room.right() - x1).saturating_sub(5));
    edge(buf, room, x1 + 1, room.right() - 1, &pane_title(ctx, Pane::Item, &item_words));
    let tree_top = tree::draw(ctx, buf, tree_area);
    let status_row = Rect { y: pane.bottom() - 1, height: 1, ..pane };
    Paint::new(buf, status_row).line(0, 0, &status::line(ctx, false));
    let item_area = Rect { height: pane.height - 1, ..pane };
    let drew = item::draw(ctx, buf, item_area);
    Body {
        drawn: Drawn { tree: Some((tree_area, tree_top)), item: pane, ..of_item(&drew) },
        cursor: drew.cursor,
        pane: item_area,
        body: room,
    }
}

fn pages(ctx: &Ctx<'_>, buf: &mut Buffer, room: Rect) -> Body {
    let width = usize::from(room.width);
    let row = |y: u16| Rect { y, height: 1, ..room };
    Paint::new(buf, row(room.y)).line(0, 0, &live::row(ctx, width));
    breadcrumb(ctx, buf, row(room.y + 1));
    let rule = ctx.theme.pick("─", "-").repeat(width);
    Paint::new(buf, row(room.y + 2)).text(0, 0, &rule, ctx.theme.faint());
    Paint::new(buf, row(room.bottom() - 1)).text(0, 0, &rule, ctx.theme.faint());
    let page = Rect { y: room.y + 3, height: room.height - 4, ..room };
    let mut drawn = Drawn { pages: true, ..Drawn::default() };
    let mut cursor = None;
    match ctx.view.chosen.unwrap_or(Pane::Item) {
        Pane::Tree => {
            let top = tree::draw(ctx, buf, page);
            drawn.tree = Some((page, top));
        }
        Pane::Live => {
            drawn.live_most = live::draw(ctx, buf, page);
            drawn.live = Some(page);
        }
        Pane::Item => {
            let near = if page.height >= 14 && ctx.item().is_some() { 3 } else { 0 };
            let area = Rect { x: page.x + 1, width: page.width - 2, height: page.height - near, ..page };
            let drew = item::draw(ctx, buf, area);
            drawn = Drawn { pages: true, item: page, ..of_item(&drew) };
            cursor = drew.cursor;
            let near = Rect { y: page.bottom() - near, height: near, ..page };
            tree::neighbours(ctx, buf, near);
        }
    }
    let over = Rect { height: page.height + 1, ..page };
    Body { drawn, cursor, pane: over, body: over }
}

/// Where the operator is, for screens without a tree, and what is owed.
fn breadcrumb(ctx: &Ctx<'_>, buf: &mut Buffer, row: Rect) {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let arrow = format!(" {} ", theme.pick("▸", ">"));
    let mut parts: Vec<String> = vec![];
    let phase_words = |phase: usize| {
        let counts = state.counts(phase);
        let title = crate::tui::facts::phase_title(ctx.model, phase);
        format!("{title} {}/{}", counts.settled, counts.all)
    };
    match (ctx.shown(), ctx.item()) {
        (_, Some(index)) => {
            let item = &state.plan.items[index];
            parts.push(phase_words(item.phase));
            parts.extend(crate::tui::facts::path(ctx.model, index).into_iter().skip(1));
            parts.push(crate::tui::facts::place_words(ctx.model, index));
        }
        (Node::Phase(phase) | Node::Section(phase, _), None) => parts.push(phase_words(phase)),
        _ => {}
    }
    let owed = status::line(ctx, true);
    let room = usize::from(row.width).saturating_sub(owed.width() + 3);
    Paint::new(buf, row).text(1, 0, &text::cut_middle(&parts.join(&arrow), room), theme.strong());
    Paint::new(buf, Rect { width: row.width - 1, ..row }).right(0, &owed);
}

/// The terminal alone under its item's name: no frames, so that the outer terminal's own selection takes text only.
fn zoomed(ctx: &Ctx<'_>, buf: &mut Buffer, room: Rect) -> Body {
    if let Some(index) = ctx.item() {
        let line = item::headline(ctx, index, usize::from(room.width).saturating_sub(1));
        Paint::new(buf, room).line(1, 0, &line);
    }
    let room = Rect { y: room.y + 1, height: room.height - 1, ..room };
    let (top, cursor) = tape::draw(ctx, buf, room);
    let drawn = Drawn { tape: Some(room), tape_top: top, item: room, ..Drawn::default() };
    Body { drawn, cursor, pane: room, body: room }
}

fn of_item(drew: &item::Drew) -> Drawn {
    Drawn {
        tape: drew.tape,
        tape_top: drew.top,
        text_most: drew.most,
        command: drew.command.clone(),
        command_left: drew.command_left,
        ..Drawn::default()
    }
}

fn edge(buf: &mut Buffer, room: Rect, from: u16, to: u16, title: &Line) {
    let area = Rect { x: from, y: room.y, width: to.saturating_sub(from), height: 1 };
    Paint::new(buf, area).line(0, 0, title);
}

/// The last pass: no cell leaves with anything that a terminal acts on, and in ASCII with none of the program's own
/// signs that such a terminal lacks.
fn scrub(buf: &mut Buffer, ascii: bool) {
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() && !symbol.bytes().any(|b| b.is_ascii_control()) {
            continue;
        }
        if ascii && let Some(form) = ascii_form(symbol) {
            cell.set_symbol(form);
            continue;
        }
        // A variation selector behind a character is how an emoji is drawn; alone it is hidden.
        let bad =
            symbol.chars().enumerate().any(|(n, c)| is_hidden(c) && !(n > 0 && matches!(c, '\u{fe0e}' | '\u{fe0f}')));
        if bad {
            cell.set_symbol("?");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_leaves_the_frame() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        for (x, symbol) in ["\u{1b}", "\u{9b}", "\u{202e}", "é"].into_iter().enumerate() {
            buf.content[x].set_symbol(symbol);
        }
        scrub(&mut buf, false);
        assert_eq!(buf, Buffer::with_lines(["???é"]));
        let mut buf = Buffer::with_lines(["│▸…é"]);
        scrub(&mut buf, true);
        assert_eq!(buf, Buffer::with_lines(["|>~é"]));
    }
}
