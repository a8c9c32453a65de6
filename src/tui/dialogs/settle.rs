//! `!`: all that is to settle, and all that the operator should have seen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::{Settled, Status};
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, List};
use crate::words::utc_second;

/// The list.
pub struct Settle {
    list: List,
    page: usize,
}

impl Default for Settle {
    /// The cursor on the first item, under its heading.
    fn default() -> Self {
        Self { list: List { at: 1 }, page: 1 }
    }
}

/// A row: where it leads, its text, what stands at the right.
struct Row {
    node: Option<Node>,
    left: Line,
    right: Line,
}

impl Dialog for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let inside = framed(ctx, buf, area, "To settle", &Line::default());
        let rows = rows(ctx, usize::from(inside.width).saturating_sub(2));
        self.page = usize::from(inside.height);
        self.list.draw(ctx.theme, inside, buf, rows.len(), |i| (rows[i].left.clone(), rows[i].right.clone()));
        None
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        let rows = rows(ctx, 80);
        if self.list.key(key, rows.len(), self.page) {
            return Step::stay();
        }
        if key.code == Code::Enter {
            return match rows.get(self.list.at).and_then(|r| r.node) {
                Some(node) => Step::Done(vec![Deed::CloseAll, Deed::Go(node)]),
                None => Step::stay(),
            };
        }
        Step::Unused
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        vec![("⏎", "go there".into()), ("↑↓", "choose".into()), ("Esc", "back".into())]
    }
}

fn rows(ctx: &Ctx<'_>, columns: usize) -> Vec<Row> {
    let (model, theme) = (ctx.model, ctx.theme);
    let state = &model.state;
    let mut rows = vec![];
    let mut heading: Option<&str> = None;
    let mut add = |group: &'static str, node: Option<Node>, left: Line, right: Line| {
        if heading != Some(group) {
            heading = Some(group);
            rows.push(Row { node: None, left: Line::of(group, theme.strong()), right: Line::default() });
        }
        rows.push(Row { node, left, right });
    };
    let item_line = |index: usize, status: &Status| {
        let (glyph, style) = theme.status(status, state.current == Some(index));
        Line::of(format!(" {glyph} "), style)
            .with(text::cut_middle(&facts::title(model, index), columns * 3 / 5), ratatui::style::Style::new())
    };
    if let Some(phase) = state.phase {
        for (index, _) in state.plan.items_of(phase) {
            let status = model.status(index);
            if !status.is_settled() {
                add(
                    "Not settled in this phase",
                    Some(Node::Item(index)),
                    item_line(index, &status),
                    why(ctx, index, columns * 2 / 5),
                );
            }
        }
    }
    for (index, item) in state.items.iter().enumerate() {
        if let Some(Settled::Deferred(to, reason)) = &item.settled {
            let words = format!("{}: {}", facts::returns(model, to, ctx.now), text::line(reason));
            add(
                "Deferred",
                Some(Node::Item(index)),
                item_line(index, &Status::Deferred),
                Line::of(text::cut(&words, columns * 2 / 5), theme.faint()),
            );
        }
    }
    for caution in state.cautions.iter().rev() {
        let node = caution.item.as_ref().and_then(|id| state.index(id)).map(Node::Item);
        let left = Line::of(" ! ", theme.caution()).with(text::line(&caution.text), ratatui::style::Style::new());
        add("Cautions", node, left, Line::of(utc_second(caution.stamp.at), theme.faint()));
    }
    for text in &state.plan.cautions {
        add(
            "Cautions",
            None,
            Line::of(" ! ", theme.caution()).with(text::line(text), ratatui::style::Style::new()),
            Line::default(),
        );
    }
    for (index, item) in state.items.iter().enumerate() {
        let (group, reason) = match &item.settled {
            Some(Settled::Overridden(reason, _)) => ("Overridden", reason),
            Some(Settled::Skipped(reason)) => ("Skipped", reason),
            _ => continue,
        };
        add(
            group,
            Some(Node::Item(index)),
            item_line(index, &model.status(index)),
            Line::of(text::cut(&text::line(reason), columns * 2 / 5), theme.faint()),
        );
    }
    for (index, item) in state.items.iter().enumerate().filter(|(_, item)| item.fast) {
        let _ = item;
        add(
            "Answered faster than they can be read",
            Some(Node::Item(index)),
            item_line(index, &model.status(index)),
            Line::default(),
        );
    }
    if rows.is_empty() {
        rows.push(Row { node: None, left: Line::of("nothing", theme.faint()), right: Line::default() });
    }
    rows
}

/// Why an item is not settled, short.
pub(super) fn why(ctx: &Ctx<'_>, index: usize, columns: usize) -> Line {
    let state = &ctx.model.state;
    let seen = match &state.plan.items[index].action {
        crate::engine::plan::Action::Check(check) => check
            .probes
            .iter()
            .filter_map(|id| state.probes.get(id)?.sample.as_ref())
            .find(|s| s.look != crate::words::Look::Good)
            .map(|s| s.why.clone().unwrap_or_else(|| s.text.clone())),
        _ => state.items[index].attempt().and_then(|a| a.ended.as_ref()).and_then(|(_, e)| e.why.clone()),
    };
    let words = match ctx.model.status(index) {
        Status::Open => "open".to_owned(),
        Status::Busy => seen.unwrap_or_else(|| "busy".into()),
        Status::Unknown => "unknown how it ended".into(),
        Status::NoData => seen.unwrap_or_else(|| "no data".into()),
        Status::Failed(outcome) => seen.unwrap_or_else(|| outcome.words().into()),
        _ => String::new(),
    };
    Line::of(text::cut_middle(&text::line(&words), columns), ctx.theme.faint())
}
