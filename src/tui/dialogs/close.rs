//! Closing a phase: what is left, what stays on the line, what comes next.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::settle::why;
use super::{Deed, Dialog, Extent, Step, Verbs, defer, framed, skip};
use crate::engine::event::Return;
use crate::engine::plan::Action;
use crate::engine::{Settled, Status, Want};
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, List, Paint};
use crate::words::utc_second;

/// An on-demand look counts as fresh for so long, µs (UX.md, closing).
const FRESH: u64 = 600_000_000;

/// The closing list of a phase.
pub struct Close {
    phase: usize,
    list: List,
    page: usize,
    problem: Option<String>,
}

impl Close {
    /// Of this phase.
    pub fn new(phase: usize) -> Self {
        Self { phase, list: List::default(), page: 1, problem: None }
    }

    /// What has to be settled before the phase closes: also what was deferred to this very close.
    fn left(&self, ctx: &Ctx<'_>) -> Vec<usize> {
        let state = &ctx.model.state;
        state
            .plan
            .items_of(self.phase)
            .filter(|(_, item)| state.is_flown(item))
            .map(|(index, _)| index)
            .filter(|index| match ctx.model.status(*index) {
                Status::Deferred => {
                    matches!(state.items[*index].settled, Some(Settled::Deferred(Return::PhaseClose, _)))
                }
                Status::Passed => is_stale(ctx, *index),
                status => !status.is_settled(),
            })
            .collect()
    }

    /// What Enter does on a row.
    fn verb(ctx: &Ctx<'_>, index: usize) -> &'static str {
        match (ctx.model.status(index), &ctx.model.state.plan.items[index].action) {
            (Status::Unknown, _) => "settle",
            (Status::Failed(_) | Status::NoData | Status::Passed, Action::Check(_)) => "look",
            _ => "go there",
        }
    }
}

/// A sensed item that looks only when asked, and was not asked lately.
fn is_stale(ctx: &Ctx<'_>, index: usize) -> bool {
    let state = &ctx.model.state;
    let Action::Check(check) = &state.plan.items[index].action else { return false };
    let now = ctx.model.up(ctx.now);
    check.probes.iter().any(|id| {
        state.plan.probe(id).is_some_and(|p| p.every.is_none() && p.members.is_empty())
            && state.probes.get(id).and_then(|p| p.sample.as_ref()).is_none_or(|s| now.saturating_sub(s.up) > FRESH)
    })
}

impl Dialog for Close {
    fn name(&self) -> &'static str {
        "close"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let (theme, state) = (ctx.theme, &ctx.model.state);
        let name = facts::phase_title(ctx.model, self.phase);
        let counts = state.counts(self.phase);
        let right = Line::plain(format!(" {} passed   {} do not apply ", counts.passed, counts.off));
        let inside = framed(ctx, buf, area, &format!("CLOSE {name}"), &right);
        let columns = usize::from(inside.width);
        let left = self.left(ctx);
        let tail = tail(ctx, self.phase, left.len(), self.problem.as_deref(), columns);
        let tail_rows = u16::try_from(tail.len()).unwrap_or(u16::MAX).min(inside.height.saturating_sub(3));
        let head = if left.is_empty() { "Nothing is left to settle" } else { "To settle before it closes" };
        Paint::new(buf, inside).text(0, 0, head, theme.strong());
        let room = inside.height.saturating_sub(tail_rows + 2);
        let list = Rect { y: inside.y + 1, height: u16::try_from(left.len()).unwrap_or(u16::MAX).min(room), ..inside };
        self.page = usize::from(list.height);
        self.list.draw(theme, list, buf, left.len(), |row| {
            let index = left[row];
            let status = ctx.model.status(index);
            let (glyph, style) = theme.status(&status, false);
            let verb = format!("{} {}", theme.key("⏎"), Self::verb(ctx, index));
            let room = columns.saturating_sub(text::width(&verb) + 8);
            let title = text::cut_middle(&facts::title(ctx.model, index), room * 3 / 5);
            let pad = (room * 3 / 5).saturating_sub(text::width(&title));
            let reason = match &state.items[index].settled {
                Some(Settled::Deferred(_, why)) => {
                    let at = facts::when_who(state.items[index].settled_at, state.items[index].settled_by.as_ref());
                    Line::of(text::cut(&format!("deferred {at}: {}", text::line(why)), room * 2 / 5), theme.faint())
                }
                _ if status == Status::Passed => Line::of("looked at too long ago", theme.faint()),
                _ => why(ctx, index, room * 2 / 5),
            };
            let mut line =
                Line::of(format!("{glyph} "), style).with(title, Style::new()).with(" ".repeat(pad + 1), Style::new());
            line.0.extend(reason.0);
            (line, Line::of(verb, theme.faint()))
        });
        let rest = Rect { y: list.bottom() + 1, height: tail_rows, ..inside };
        Paint::new(buf, rest).lines(&tail, 0);
        None
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        let left = self.left(ctx);
        if self.list.key(key, left.len(), self.page) {
            return Step::stay();
        }
        let chosen = left.get(self.list.at.min(left.len().saturating_sub(1))).copied();
        match (key.code, key.letter(), chosen) {
            (Code::Enter, _, None) => Step::one(Deed::Want(Want::ClosePhase { phase: self.phase })),
            (Code::Enter, _, Some(index)) => match Self::verb(ctx, index) {
                "look" => Step::one(Deed::Want(Want::Look { item: ctx.model.state.plan.items[index].id.clone() })),
                "settle" => match super::unknown(ctx, index) {
                    Some(menu) => Step::one(Deed::Open(Box::new(menu))),
                    None => Step::stay(),
                },
                _ => Step::Done(vec![Deed::CloseAll, Deed::Go(Node::Item(index))]),
            },
            (_, Some('s'), Some(index)) => open(skip(ctx, index)),
            (_, Some('d'), Some(index)) => open(defer(ctx, index)),
            _ => Step::Unused,
        }
    }

    fn verbs(&self, ctx: &Ctx<'_>) -> Verbs {
        let left = self.left(ctx);
        match left.get(self.list.at.min(left.len().saturating_sub(1))) {
            None => vec![("⏎", "GO".into()), ("q", "NO-GO".into()), ("Esc", "back".into())],
            Some(index) => vec![
                ("⏎", Self::verb(ctx, *index).into()),
                ("↑↓", "choose".into()),
                ("s", "skip…".into()),
                ("d", "defer".into()),
                ("Esc", "back".into()),
            ],
        }
    }

    fn done(&mut self, want: &Want) -> bool {
        self.problem = None;
        matches!(want, Want::ClosePhase { .. })
    }

    fn refused(&mut self, why: &str) {
        self.problem = Some(why.to_owned());
    }
}

fn open(menu: Result<super::Menu, String>) -> Step {
    match menu {
        Ok(menu) => Step::one(Deed::Open(Box::new(menu))),
        Err(why) => Step::one(Deed::Say(why)),
    }
}

/// What stands under the list: what leads the record, fast answers, what comes next, what it goes back to.
fn tail(ctx: &Ctx<'_>, phase: usize, left: usize, problem: Option<&str>, columns: usize) -> Vec<Line> {
    let (theme, state) = (ctx.theme, &ctx.model.state);
    let mut lines = vec![];
    let mut stays = vec![];
    for (index, _) in state.plan.items_of(phase) {
        let item = &state.items[index];
        let (status, words) = match &item.settled {
            Some(Settled::Skipped(why)) => (Status::Skipped, format!("skipped: {why}")),
            Some(Settled::Overridden(why, _)) => (Status::Overridden, format!("overridden: {why}")),
            Some(Settled::Deferred(to, why)) if *to != Return::PhaseClose => {
                (Status::Deferred, format!("deferred, {}: {why}", facts::returns(ctx.model, to, ctx.now)))
            }
            _ => continue,
        };
        let (glyph, style) = theme.status(&status, false);
        let title = text::cut_middle(&facts::title(ctx.model, index), columns * 2 / 5);
        let pad = (columns * 2 / 5).saturating_sub(text::width(&title)) + 2;
        let words = text::cut(&text::line(&words), columns.saturating_sub(columns * 2 / 5 + 8));
        stays.push(
            Line::of(format!("  {glyph} "), style)
                .with(title, Style::new())
                .with(" ".repeat(pad), Style::new())
                .with(words, theme.faint()),
        );
    }
    if !stays.is_empty() {
        lines.push(Line::of("Stays on this line and leads the record", theme.strong()));
        let more = stays.len().saturating_sub(5);
        stays.truncate(5);
        lines.extend(stays);
        if more > 0 {
            lines.push(Line::of(format!("    +{more} more: ! shows them"), theme.faint()));
        }
    }
    let fast = state.plan.items_of(phase).filter(|(i, _)| state.items[*i].fast).count();
    if fast > 0 {
        lines
            .push(Line::of(format!("Answered faster than they can be read: {fast}   (! shows them)"), theme.caution()));
    }
    lines.push(Line::plain(next(ctx, phase)));
    if !state.pins.is_empty() {
        let pins: Vec<String> = state.pins.iter().map(|(n, v)| format!("{n} {}", text::line(&v.to_string()))).collect();
        lines.extend(Line::wrapped(&format!("Back to: {}", pins.join(" · ")), columns, 2, Style::new()));
    }
    match problem {
        Some(problem) => lines.extend(Line::wrapped(&text::line(problem), columns, 2, theme.caution())),
        None if left > 0 => {
            lines.push(Line::plain(format!("{left} item{} left, can't be closed yet", facts::plural(left))))
        }
        None => lines.push(Line::of("GO closes it for good.", theme.strong())),
    }
    lines
}

fn next(ctx: &Ctx<'_>, phase: usize) -> String {
    let state = &ctx.model.state;
    if let Some(rollback) = &state.rollback {
        return match rollback.verified {
            Some((stamp, _)) => {
                format!("Next: nothing. It was verified healthy at {}; the run ends.", utc_second(stamp.at))
            }
            None => "Next: nothing. Nothing has verified that the system is healthy; the run ends so.".into(),
        };
    }
    let Some(next) = state.plan.phases.get(phase + 1) else {
        return "Next: nothing. The run is complete when this phase closes.".into();
    };
    let first = state.plan.items_of(phase + 1).find(|(index, item)| {
        ctx.model.status(*index) != Status::Off && matches!(&item.action, Action::Run(run) if !run.acting.reads_only)
    });
    let change = match (first, state.world_changed) {
        (Some((index, _)), None) => format!(" Its first change is \"{}\".", facts::title(ctx.model, index)),
        (_, Some(stamp)) => format!(" The system was first changed at {}.", utc_second(stamp.at)),
        (None, None) => " It changes nothing.".into(),
    };
    format!("Next: {}.{change}", text::line(&next.title))
}
