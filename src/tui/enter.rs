//! What Enter does for what is shown: the operator reads it in words before pressing it.

use std::time::Duration;

use super::facts;
use super::text;
use super::tree::Node;
use super::view::{Ctx, Pane};
use crate::engine::plan::{Action, AnswerKind};
use crate::engine::{Settled, Status};
use crate::words::{Outcome, clock};

/// What Enter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Nothing.
    Nothing,
    /// The flight begins.
    Begin,
    /// Starts the shown command.
    Start,
    /// Shows the rest of a command that has no room.
    ReadOn,
    /// Asks for the words of a danger first.
    Danger,
    /// Ticks the box.
    Tick,
    /// Opens the form.
    Fill,
    /// One fresh look.
    Look,
    /// Shows the notice.
    Preview,
    /// Asks for an approval.
    Ask,
    /// Answers an approval here.
    Decide,
    /// The output, at the failing line.
    Output,
    /// How did it end?
    Settle,
    /// Attempts, values, times.
    Details,
    /// The closing list.
    Close(usize),
    /// Moves the box here.
    Open,
    /// Looks at the pinned places again.
    CheckAgain,
    /// Takes over the lock at the target, with a reason.
    TakeOver,
    /// Goes on after a pause.
    Continue,
    /// Folds or unfolds.
    Fold,
    /// Turns to the page of the item: what it would start is not on the screen.
    Show,
    /// Leaves the screen: the run is over.
    Leave,
}

/// Enter: what, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enter {
    /// What.
    pub verb: Verb,
    /// In words; with the key in front unless it does nothing.
    pub words: String,
}

impl Enter {
    fn new(verb: Verb, words: impl Into<String>) -> Self {
        Self { verb, words: words.into() }
    }

    fn nothing(words: impl Into<String>) -> Self {
        Self::new(Verb::Nothing, words)
    }
}

/// What Enter does now.
pub fn enter(ctx: &Ctx<'_>) -> Enter {
    let state = &ctx.model.state;
    if state.ended.is_some() || ctx.model.gone.is_some() {
        return Enter::new(Verb::Leave, "leave");
    }
    if !ctx.model.has_plan || !ctx.model.caught_up {
        return Enter::nothing("reading the run…");
    }
    match ctx.shown() {
        _ if state.begun.is_none() => Enter::new(Verb::Begin, "start"),
        Node::Item(_) if ctx.view.drawn.pages && ctx.view.pane() != Pane::Item => {
            Enter::new(Verb::Show, "show the item")
        }
        Node::Item(index) if index < state.plan.items.len() => item(ctx, index),
        Node::Phase(phase) if state.phase == Some(phase) && ctx.boxed() == Some(Node::Phase(phase)) => {
            if state.plan.phases.get(phase).is_some_and(|p| p.closes_itself) {
                return Enter::nothing("closing");
            }
            Enter::new(Verb::Close(phase), format!("close {}…", phase_title(ctx, phase)))
        }
        Node::Watch => Enter::nothing("the watch comes after the last box"),
        _ => Enter::new(Verb::Fold, "unfold"),
    }
}

fn phase_title(ctx: &Ctx<'_>, phase: usize) -> String {
    let title = ctx.model.state.plan.phase(phase).map(|p| text::line(&p.title)).unwrap_or_default();
    if title.is_empty() { "the checklist".into() } else { title }
}

fn item(ctx: &Ctx<'_>, index: usize) -> Enter {
    let state = &ctx.model.state;
    let plan = &state.plan.items[index];
    if let Some((_, number)) = ctx.model.state.running.iter().find(|(i, _)| *i == index) {
        return running(ctx, index, *number);
    }
    let status = ctx.model.status(index);
    if state.is_closed(plan.phase) {
        return Enter::new(Verb::Details, "details");
    }
    if state.phase != Some(plan.phase) {
        return Enter::nothing(if plan.phase == state.plan.rollback_phase() {
            "part of the rollback".to_owned()
        } else if state.rollback.is_some() {
            "left behind: it goes back".to_owned()
        } else {
            format!("{} is not open yet", phase_title(ctx, plan.phase))
        });
    }
    match status {
        Status::Off => return Enter::new(Verb::Details, "details"),
        Status::Passed | Status::Skipped | Status::Overridden => return Enter::new(Verb::Details, "details"),
        Status::Unknown => return Enter::new(Verb::Settle, "settle…"),
        _ => {}
    }
    if ctx.hands_off().is_some() {
        return Enter::nothing("looking on");
    }
    if let Some(paused) = &state.paused
        && starts(&plan.action)
    {
        let _ = paused;
        return Enter::new(Verb::Continue, "go on (paused)");
    }
    if state.lease.as_ref().and_then(|lease| lease.other()).is_some_and(|other| other.dead) && starts(&plan.action) {
        return Enter::new(Verb::TakeOver, "take the lock over…");
    }
    if !state.moved.is_empty() && starts(&plan.action) {
        return Enter::new(Verb::CheckAgain, "check again");
    }
    match &plan.action {
        Action::Check(_) => match status {
            Status::Failed(_) | Status::NoData => Enter::new(Verb::Look, "look again"),
            Status::Busy => Enter::nothing("looking…"),
            _ => Enter::nothing("nothing to press"),
        },
        Action::Tick => Enter::new(Verb::Tick, "done"),
        Action::Confirm(confirm) if confirm.answer == AnswerKind::None => Enter::new(Verb::Fill, "yes…"),
        Action::Confirm(_) => Enter::new(Verb::Fill, "answer"),
        Action::Record(_) => Enter::new(Verb::Fill, "fill in"),
        Action::Approve(_) => approve(ctx, index),
        _ if matches!(status, Status::Failed(_)) => failed(ctx, index),
        Action::Run(_) | Action::Notify(_) if !state.running.is_empty() => {
            let other = state.running.first().map(|(i, _)| facts::title(ctx.model, *i)).unwrap_or_default();
            Enter::nothing(format!("\"{other}\" is still running"))
        }
        Action::Run(_) | Action::Notify(_)
            if goes_on(ctx) && facts::danger_words(ctx.model, index).is_none() && state.current == Some(index) =>
        {
            Enter::nothing("starts by itself")
        }
        Action::Run(_) if ctx.view.drawn.command_left > 0 => {
            let left = ctx.view.drawn.command_left;
            Enter::new(Verb::ReadOn, format!("read on: {left} more line{}", facts::plural(left)))
        }
        Action::Run(_) => match facts::danger_words(ctx.model, index) {
            Some(_) => Enter::new(Verb::Danger, "run, dangerous…"),
            None => Enter::new(Verb::Start, "run"),
        },
        Action::Notify(_) => Enter::new(Verb::Preview, "preview"),
        Action::Wait(_) | Action::Baseline(_) if state.current != Some(index) => Enter::new(Verb::Open, "go there"),
        Action::Wait(_) => Enter::nothing("waiting"),
        Action::Baseline(_) => Enter::nothing("measuring"),
    }
}

/// After BEGIN the steps follow one another until the system is verified healthy, or a person is needed.
fn goes_on(ctx: &Ctx<'_>) -> bool {
    let state = &ctx.model.state;
    state.rollback.as_ref().is_some_and(|r| r.verified.is_none()) && state.person_needed.is_none()
}

fn starts(action: &Action) -> bool {
    matches!(action, Action::Run(_) | Action::Notify(_) | Action::Wait(_) | Action::Baseline(_))
}

fn failed(ctx: &Ctx<'_>, index: usize) -> Enter {
    let has_output = ctx.model.state.items[index]
        .attempt()
        .and_then(|a| a.ended.as_ref())
        .is_some_and(|(_, ended)| ended.output_bytes > 0);
    if has_output { Enter::new(Verb::Output, "output") } else { Enter::new(Verb::Details, "details") }
}

fn running(ctx: &Ctx<'_>, index: usize, number: u32) -> Enter {
    let plan = &ctx.model.state.plan.items[index];
    let Some(attempt) = ctx.model.state.items[index].attempts.iter().find(|a| a.number == number) else {
        return Enter::nothing("running");
    };
    let took = clock(facts::elapsed(ctx.model, attempt, ctx.now));
    if let Some((stage, since)) = attempt.stopping {
        let stage = match stage {
            crate::engine::event::StopStage::Interrupt => "interrupted",
            crate::engine::event::StopStage::Terminate => "terminated",
            crate::engine::event::StopStage::Kill => "killed",
        };
        let since = clock(ctx.model.up(ctx.now).saturating_sub(since) / 1_000_000);
        return Enter::nothing(format!("stopping ({stage}) {since}"));
    }
    Enter::nothing(match &plan.action {
        Action::Wait(_) | Action::Baseline(_) => match ctx.model.missing(index) {
            // Nothing is missing yet: it was not looked at, or has to hold for a while.
            Some("") => left(ctx, index, attempt.started.up, &took),
            Some(missing) => format!("{}, {}", text::line(missing), left(ctx, index, attempt.started.up, &took)),
            None => format!("waiting {took}"),
        },
        _ if ctx.asks() => format!("running {took}, asks"),
        _ => format!("running {took}"),
    })
}

/// What is left of a limit, else what has passed.
fn left(ctx: &Ctx<'_>, index: usize, started: u64, took: &str) -> String {
    match ctx.model.state.plan.items[index].timeout {
        Some(limit) => {
            let end = started + (limit * 1e6) as u64;
            format!("{} left", clock(end.saturating_sub(ctx.model.up(ctx.now)) / 1_000_000))
        }
        None => format!("waiting {took}"),
    }
}

fn approve(ctx: &Ctx<'_>, index: usize) -> Enter {
    let item = &ctx.model.state.items[index];
    match (&item.request, ctx.model.status(index)) {
        (Some(request), Status::Busy) => {
            let left = request.until.saturating_sub(ctx.model.up(ctx.now)) / 1_000_000;
            let of = request.of.iter().map(|o| text::line(o)).collect::<Vec<_>>().join(", ");
            Enter::new(Verb::Decide, format!("answer here; asked {of}, {} left", clock(left)))
        }
        (Some(_), Status::Failed(Outcome::TimedOut)) => Enter::new(Verb::Ask, "ask again: it expired"),
        (Some(_), Status::Failed(_)) => Enter::new(Verb::Ask, "ask again: it was refused"),
        _ => Enter::new(Verb::Ask, "ask"),
    }
}

/// The answer that an item was settled with, for details and prefilling.
pub fn answered(ctx: &Ctx<'_>, index: usize, field: &str) -> Option<String> {
    let item = ctx.model.state.items.get(index)?;
    item.earlier.iter().chain(item.settled.iter()).rev().find_map(|settled| match settled {
        Settled::Answered(answer) => answer.fields.get(field).map(|v| v.written()),
        _ => None,
    })
}

/// Time in words since a run time, from now: `3 s ago`.
pub fn ago(ctx: &Ctx<'_>, up: u64) -> String {
    let gone = Duration::from_micros(ctx.model.up(ctx.now).saturating_sub(up));
    format!("{} ago", crate::words::short_duration(gone.as_secs() as f64))
}
