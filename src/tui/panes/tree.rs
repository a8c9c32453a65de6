//! The checklist.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::{Status, way_back};
use crate::tui::facts;
use crate::tui::text;
use crate::tui::tree::{Node, TreeRow, ancestors, rows};
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint};
use crate::words::clock;

/// Draws the rows that fit, the cursor among them; returns the first row that is shown.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) -> usize {
    let rows = rows(ctx.model, &ctx.view.folds);
    let at = position(ctx, &rows);
    let height = usize::from(area.height).max(1);
    // The cursor a third from the top, so that what comes is seen.
    let top = at.unwrap_or(0).saturating_sub(height / 3).min(rows.len().saturating_sub(height));
    for (offset, row) in rows.iter().skip(top).take(height).enumerate() {
        let y = u16::try_from(offset).unwrap_or(u16::MAX);
        let (left, right) = parts(ctx, row, usize::from(area.width));
        let mut paint = Paint::new(buf, area);
        paint.line(0, y, &left);
        paint.right(y, &right);
        if at == Some(top + offset) {
            paint.style(y, ctx.theme.chosen());
        }
    }
    top
}

/// A few rows around the item, for the small screen's item page.
pub fn neighbours(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) {
    let Some(index) = ctx.item() else { return };
    let item = &ctx.model.state.plan.items[index];
    let all: Vec<usize> = ctx
        .model
        .state
        .plan
        .items_of(item.phase)
        .filter(|(i, other)| other.section == item.section && ctx.model.state.is_flown(other) || *i == index)
        .filter(|(i, _)| *i == index || ctx.model.status(*i) != Status::Off)
        .map(|(i, _)| i)
        .collect();
    let at = all.iter().position(|i| *i == index).unwrap_or(0);
    let height = usize::from(area.height);
    let top = at.saturating_sub(1).min(all.len().saturating_sub(height));
    for (offset, i) in all.iter().skip(top).take(height).enumerate() {
        let y = u16::try_from(offset).unwrap_or(u16::MAX);
        let (glyph, style) = ctx.theme.status(&ctx.model.status(*i), ctx.model.state.current == Some(*i));
        let title = text::cut_middle(&facts::title(ctx.model, *i), usize::from(area.width).saturating_sub(12));
        let text_style = if *i == index { ctx.theme.strong() } else { Style::new() };
        let line = Line::of(format!(" {glyph} "), style)
            .with(format!("{} ", facts::place(ctx.model, *i).0), ctx.theme.faint());
        Paint::new(buf, area).line(0, y, &line.with(title, text_style));
    }
}

fn position(ctx: &Ctx<'_>, rows: &[TreeRow]) -> Option<usize> {
    let shown = ctx.shown();
    rows.iter().position(|r| r.node == shown).or_else(|| match shown {
        Node::Item(index) => {
            ancestors(ctx.model, index).iter().rev().find_map(|node| rows.iter().position(|r| r.node == *node))
        }
        _ => None,
    })
}

fn parts(ctx: &Ctx<'_>, row: &TreeRow, width: usize) -> (Line, Line) {
    let (theme, state) = (ctx.theme, &ctx.model.state);
    let plan = &state.plan;
    let (title, right) = match row.node {
        Node::Phase(phase) => {
            let title = plan.phase(phase).map(|p| text::line(&p.title)).unwrap_or_default();
            if phase == plan.rollback_phase() {
                let title = if title.is_empty() { "Rollback".into() } else { title };
                let right = match way_back(state) {
                    _ if state.rollback.is_some() => counts(row),
                    Some(way) if state.world_changed.is_some() => format!("ready {}", facts::needs(&way)),
                    _ => String::new(),
                };
                (title, right)
            } else {
                (title, counts(row))
            }
        }
        Node::Section(phase, section) => {
            let title = plan.phase(phase).and_then(|p| p.sections.get(section)).map(|s| text::line(&s.title));
            (title.unwrap_or_default(), counts(row))
        }
        Node::Group(group) => (plan.groups.get(group).map(|g| text::line(&g.title)).unwrap_or_default(), counts(row)),
        Node::Watch => {
            let length = plan.watch.as_ref().map(|w| crate::words::short_duration(w.for_seconds)).unwrap_or_default();
            (format!("Watch, {length}"), String::new())
        }
        Node::Item(index) => (facts::title(ctx.model, index), item_right(ctx, index)),
    };
    let rollback = row.node == Node::Phase(plan.rollback_phase());
    let boxed = ctx.boxed() == Some(row.node);
    let (glyph, style) = match (row.open, rollback) {
        (Some(true), _) if row.count.0 < row.count.1 || boxed => {
            (theme.pick("▾", "[v]"), if boxed { theme.focus() } else { Style::new() })
        }
        (Some(false), true) => (theme.pick("↺", "[r]"), Style::new()),
        _ => theme.status(&row.worst, boxed),
    };
    let title_style = match row.node {
        _ if boxed => theme.strong(),
        Node::Item(_) if row.worst == Status::Off => theme.faint(),
        Node::Phase(_) => theme.strong(),
        _ => Style::new(),
    };
    let indent = " ".repeat(1 + 2 * row.depth.min(6));
    let room = width.saturating_sub(text::width(&indent) + text::width(glyph) + 1 + text::width(&right) + 2);
    let left = Line::plain(indent).with(format!("{glyph} "), style).with(text::cut_middle(&title, room), title_style);
    (left, Line::of(format!("{right} "), theme.faint()))
}

fn counts(row: &TreeRow) -> String {
    let (settled, all) = row.count;
    if all == 0 { String::new() } else { format!("{settled}/{all}") }
}

fn item_right(ctx: &Ctx<'_>, index: usize) -> String {
    let item = &ctx.model.state.items[index];
    match item.attempt() {
        Some(attempt) if attempt.ended.is_none() => clock(facts::elapsed(ctx.model, attempt, ctx.now)),
        _ => String::new(),
    }
}
