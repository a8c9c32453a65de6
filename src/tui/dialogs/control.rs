//! Coming to a run that somebody else has control of.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::{Settled, Want};
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Editor, Line, Paint};
use crate::words::{clock, utc_second};

/// Asks for control, and takes it once the place's number was typed back.
#[derive(Default)]
pub struct Control {
    /// The place's number, while it is typed: Enter begins that, it never begins by itself.
    number: Option<Editor>,
    problem: Option<String>,
}

/// How far the asking is.
enum Stage {
    /// Not asked.
    Ask,
    /// Asked: seconds left.
    Wait(u64),
    /// No answer: it may be taken.
    Take,
    /// It is ours.
    Have,
}

fn stage(ctx: &Ctx<'_>) -> Stage {
    let control = &ctx.model.state.control;
    if control.holder.as_ref() == Some(&ctx.options.who) {
        return Stage::Have;
    }
    let now = ctx.model.up(ctx.now);
    match &control.asked {
        _ if control.holder.as_ref().is_none_or(|h| !ctx.model.is_attached(h)) => Stage::Take,
        Some((who, until)) if *who == ctx.options.who && *until > now => Stage::Wait((until - now).div_ceil(1_000_000)),
        Some((who, _)) if *who == ctx.options.who => Stage::Take,
        _ => Stage::Ask,
    }
}

/// The number that shows that the incoming knows the place; none when the box is on no item.
fn number(ctx: &Ctx<'_>) -> Option<usize> {
    match ctx.boxed() {
        Some(Node::Item(index)) => Some(facts::place(ctx.model, index).0),
        _ => None,
    }
}

impl Dialog for Control {
    fn name(&self) -> &'static str {
        "control"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn is_text(&self) -> bool {
        self.number.is_some()
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let (theme, state) = (ctx.theme, &ctx.model.state);
        let inside = framed(ctx, buf, area, "Control", &Line::default());
        let columns = usize::from(inside.width);
        let holder = state.control.holder.as_ref().map_or("nobody".into(), |h| text::line(h.name()));
        let last = state.now.map(|n| utc_second(n.at)).unwrap_or_default();
        let mut lines = vec![Line::plain(match stage(ctx) {
            Stage::Ask if state.control.declined.as_ref() == Some(&ctx.options.who) => {
                format!("{holder} was asked and keeps control; the last entry is of {last}.")
            }
            Stage::Ask => format!("{holder} has control; the last entry is of {last}."),
            Stage::Wait(left) => format!("{holder} was asked: {} left to answer.", clock(left)),
            Stage::Take => format!("{holder} had control and does not answer: it may be taken, recorded so."),
            Stage::Have => "You have control.".into(),
        })];
        lines.push(Line::blank());
        match ctx.boxed() {
            Some(Node::Item(index)) => {
                let mut path = facts::path(ctx.model, index);
                path.push(facts::place_words(ctx.model, index));
                lines.push(Line::plain(format!("place     {}", path.join(" > "))));
                lines.push(Line::of(format!("          {}", facts::title(ctx.model, index)), theme.strong()));
            }
            Some(Node::Phase(phase)) => {
                let title = state.plan.phase(phase).map(|p| text::line(&p.title)).unwrap_or_default();
                lines.push(Line::plain(format!("place     {title}: all settled, to be closed")));
            }
            _ => lines.push(Line::plain("place     not begun")),
        }
        if let Some((index, _)) = ctx.model.running() {
            lines.push(Line::plain(format!("running   {}", facts::title(ctx.model, index))));
        }
        for (index, item) in state.items.iter().enumerate() {
            if let Some(Settled::Deferred(_, why)) = &item.settled {
                lines.push(Line::plain(format!("deferred  {}: {}", facts::title(ctx.model, index), text::line(why))));
            }
        }
        for note in state.notes.iter().rev().take(5) {
            lines.extend(Line::wrapped(
                &format!("note      {}  {}", facts::when_who(Some(note.stamp), Some(&note.by)), text::line(&note.text)),
                columns,
                10,
                Style::new(),
            ));
        }
        lines.push(Line::blank());
        let mut cursor = None;
        if let Some(number) = self.number.as_ref().filter(|_| matches!(stage(ctx), Stage::Take)) {
            let typed = number.text();
            lines.push(Line::of("Type the place's number back: ", theme.strong()).with(typed, theme.focus()));
            let y = lines.len() - 1;
            cursor = Some((30 + text::width(typed), y));
        }
        if let Some(problem) = &self.problem {
            lines.push(Line::of(text::line(problem), theme.caution()));
        }
        let down = lines.len().saturating_sub(usize::from(inside.height));
        Paint::new(buf, inside).lines(&lines, down);
        let (x, y) = cursor?;
        let y = y.checked_sub(down)?;
        Some(Position { x: inside.x + u16::try_from(x).ok()?, y: inside.y + u16::try_from(y).ok()? })
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        if key.code != Code::Enter {
            let Some(number) = &mut self.number else { return Step::Unused };
            if key.text().is_none_or(|c| c.is_ascii_digit()) {
                number.key(key);
            }
            return Step::stay();
        }
        match stage(ctx) {
            Stage::Ask => Step::one(Deed::Want(Want::AskControl)),
            Stage::Wait(_) => Step::stay(),
            Stage::Have => Step::one(Deed::Close),
            Stage::Take => match (number(ctx), &self.number) {
                (Some(_), None) => {
                    self.number = Some(Editor::default());
                    Step::stay()
                }
                (Some(number), Some(typed)) if typed.text().trim() != number.to_string() => {
                    self.problem = Some("that is not the place's number: read it above, then type it".into());
                    Step::stay()
                }
                _ => Step::one(Deed::Want(Want::TakeControl { epoch: ctx.model.state.control.epoch })),
            },
        }
    }

    fn verbs(&self, ctx: &Ctx<'_>) -> Verbs {
        let first = match stage(ctx) {
            Stage::Ask => "ask for control".to_owned(),
            Stage::Wait(left) => format!("asked, {} left", clock(left)),
            Stage::Take => "take control".into(),
            Stage::Have => "go on".into(),
        };
        vec![("⏎", first), ("Esc", "look on".into())]
    }

    fn done(&mut self, want: &Want) -> bool {
        matches!(want, Want::TakeControl { .. })
    }

    fn refused(&mut self, why: &str) {
        self.problem = Some(why.to_owned());
    }
}
