//! Facts about items in words: titles, places, clocks, commands.

use std::time::Duration;

use super::model::Model;
use super::text;
use crate::engine::event::{Env, Resolved, Return, Started};
use crate::engine::plan::{Action, Item};
use crate::engine::{Attempt, PlanScope, Status, WayBack, resolve};
use crate::words::{Outcome, clock, utc_second};

/// An item's title, clean.
pub fn title(model: &Model, index: usize) -> String {
    text::line(&PlanScope::new(&model.state, index).title())
}

/// A phase's title; of one without, what it is.
pub fn phase_title(model: &Model, phase: usize) -> String {
    let plan = &model.state.plan;
    let title = plan.phase(phase).map(|p| text::line(&p.title)).unwrap_or_default();
    match (title.is_empty(), phase == plan.rollback_phase()) {
        (false, _) => title,
        (true, true) => "Rollback".into(),
        (true, false) => "Checklist".into(),
    }
}

/// Where an item stands: phase, section, groups; clean.
pub fn path(model: &Model, index: usize) -> Vec<String> {
    let plan = &model.state.plan;
    let Some(item) = plan.items.get(index) else { return vec![] };
    let mut parts = vec![];
    if let Some(phase) = plan.phase(item.phase) {
        parts.push(phase.title.clone());
        parts.extend(item.section.and_then(|s| phase.sections.get(s)).map(|s| s.title.clone()));
    }
    let mut group = item.group.and_then(|g| plan.groups.get(g));
    let mut groups = vec![];
    while let Some(g) = group {
        groups.push(g.title.clone());
        group = g.parent.and_then(|p| plan.groups.get(p));
        if groups.len() > 8 {
            break;
        }
    }
    parts.extend(groups.into_iter().rev());
    parts.into_iter().filter(|p| !p.is_empty()).map(|p| text::line(&p)).collect()
}

/// The item's number among those of its section that apply, and how many these are.
pub fn place(model: &Model, index: usize) -> (usize, usize) {
    let plan = &model.state.plan;
    let Some(item) = plan.items.get(index) else { return (0, 0) };
    let (mut number, mut all) = (0, 0);
    for (i, other) in plan.items_of(item.phase) {
        let counts = model.state.is_flown(other) && model.status(i) != Status::Off;
        if other.section != item.section || (!counts && i != index) {
            continue;
        }
        all += 1;
        if i == index {
            number = all;
        }
    }
    (number, all)
}

/// `4 of 8`.
pub fn place_words(model: &Model, index: usize) -> String {
    let (number, all) = place(model, index);
    format!("{number} of {all}")
}

/// Seconds that an attempt has taken, or took.
pub fn elapsed(model: &Model, attempt: &Attempt, now: Duration) -> u64 {
    let end = attempt.ended.as_ref().map_or_else(|| model.up(now), |(_, ended)| attempt.started.up + ended.took);
    end.saturating_sub(attempt.started.up) / 1_000_000
}

/// `usually 0:38 (9 runs)`.
pub fn usual(model: &Model, index: usize) -> Option<String> {
    let item = model.state.plan.items.get(index)?;
    let known = model.state.opened.as_ref().and_then(|o| o.usual.get(item.id.as_str()));
    match (known, item.usually) {
        (Some((seconds, runs)), _) => {
            Some(format!("usually {} ({runs} run{})", clock(*seconds as u64), plural(*runs as usize)))
        }
        (None, Some(seconds)) => Some(format!("usually {}", clock(seconds as u64))),
        (None, None) => None,
    }
}

/// How long going back takes: `1:50`, `1:50 +2` with steps that nobody has a time of.
pub fn needs(way: &WayBack) -> String {
    let known = clock(way.needs.ceil() as u64);
    if way.untimed == 0 { known } else { format!("{known} +{}", way.untimed) }
}

/// `s` but for one.
pub fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The words of a command as a shell reads them back, clean; a script's lines.
pub fn command(what: &Resolved) -> Command {
    match what {
        Resolved::Argv(words) => Command::Words(together(words)),
        Resolved::Script { shell, text } => Command::Script(text::line(shell), text::lines(text)),
        Resolved::Notice { .. } | Resolved::Watching => Command::None,
    }
}

/// Words as they are drawn: an option stays on one line with its value.
fn together(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    let mut option = false;
    for word in words {
        let shown = text::line(&text::quote(word));
        match out.last_mut() {
            Some(last) if option && !word.starts_with('-') && text::width(last) + text::width(&shown) < 40 => {
                last.push(' ');
                last.push_str(&shown);
            }
            _ => out.push(shown),
        }
        option = word.starts_with('-') && !word.contains('=');
    }
    out
}

/// A command to draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Shell words.
    Words(Vec<String>),
    /// A shell and the lines of its script.
    Script(String, Vec<String>),
    /// Nothing is started.
    None,
}

/// What the item's next attempt would be; while one runs, what runs.
pub fn shown_command(model: &Model, index: usize) -> Result<Started, String> {
    let running = model.state.items.get(index).and_then(|i| i.attempt()).filter(|a| a.ended.is_none());
    match running {
        Some(attempt) => Ok((*attempt.what).clone()),
        None => resolve(&model.state, index),
    }
}

/// Folder and environment of a command, one a line.
pub fn surroundings(started: &Started) -> Vec<String> {
    let mut all = vec![];
    if !started.cwd.is_empty() {
        all.push(format!("in {}", text::line(&started.cwd)));
    }
    for (name, value) in &started.env {
        all.push(match value {
            Env::Value(value) => format!("{}={}", text::line(name), text::line(&text::quote(value))),
            Env::Secret(source) => format!("{}=<{}>", text::line(name), text::line(source)),
        });
    }
    all
}

/// What is expected of an item's result, in words.
pub fn wanted(item: &Item) -> String {
    let words = |source: &str| match source.strip_prefix("exit_code == ") {
        Some(code) => format!("exit {code}"),
        None => text::line(source),
    };
    item.expect.iter().map(|e| words(e.source())).collect::<Vec<_>>().join("; ")
}

/// What is expected of an item, in words, with its limit; behind its label. Nothing but a limit is `limit  5:00`.
pub fn expects(item: &Item) -> (&'static str, String) {
    let words = wanted(item);
    match item.timeout.map(|limit| clock(limit as u64)) {
        Some(limit) if words.is_empty() => ("limit", limit),
        Some(limit) => ("expects", format!("{words} within {limit}")),
        None => ("expects", words),
    }
}

/// What the step does to the world, in words.
pub fn changes(item: &Item) -> Option<String> {
    let Action::Run(run) = &item.action else { return None };
    if run.acting.reads_only {
        return Some("nothing: it reads only".into());
    }
    Some(match item.undo.len() {
        0 if item.undoes.is_some() => "goes back".into(),
        0 => "the system; no undo in the runbook".into(),
        1 => "the system; it carries its undo".into(),
        n => format!("the system; it carries {n} undos"),
    })
}

/// What has to be typed before the item starts; none when it is not dangerous.
pub fn danger_words(model: &Model, index: usize) -> Option<Result<String, String>> {
    crate::engine::danger_words(&model.state, index).transpose()
}

/// Why it is dangerous, clean.
pub fn danger_text(model: &Model, index: usize) -> Option<String> {
    let Action::Run(run) = &model.state.plan.items.get(index)?.action else { return None };
    let danger = run.acting.danger.as_ref()?;
    let scope = PlanScope::new(&model.state, index);
    Some(text::line(&danger.text.shown(&scope)))
}

/// Titles of what is not settled above an item in its section.
pub fn unsettled_above(model: &Model, index: usize) -> Vec<String> {
    let plan = &model.state.plan;
    let Some(item) = plan.items.get(index) else { return vec![] };
    plan.items_of(item.phase)
        .filter(|(i, other)| *i < index && other.section == item.section && model.state.is_flown(other))
        .filter(|(i, _)| !model.status(*i).is_settled())
        .map(|(i, _)| title(model, i))
        .collect()
}

/// Where a deferred item comes back, in words.
pub fn returns(model: &Model, to: &Return, now: Duration) -> String {
    match to {
        Return::PhaseClose => "at this phase's close".into(),
        Return::Phase(phase) => {
            let title = model.state.plan.phase(*phase).map(|p| text::line(&p.title)).unwrap_or_default();
            format!("at the close of {title}")
        }
        Return::WatchEnd => "at the end of the watch".into(),
        Return::At(up) => match model.at_of(*up, now) {
            Some(at) => format!("at {} {}", at.format("%m-%d"), crate::words::local_and_utc(at)),
            None => "at its due time".into(),
        },
    }
}

/// How an attempt ended, in words: `failed, exit 1, 0:12`.
pub fn ended(attempt: &Attempt) -> String {
    let Some((_, end)) = &attempt.ended else { return "running".into() };
    let outcome = attempt.outcome().map_or("ended", Outcome::words);
    let mut words = outcome.to_owned();
    match (end.exit, end.signal) {
        (Some(code), _) => words.push_str(&format!(", exit {code}")),
        (None, Some(signal)) => words.push_str(&format!(", signal {signal}")),
        (None, None) => {}
    }
    words.push_str(&format!(", {}", clock(end.took / 1_000_000)));
    words
}

/// `09:02:11Z kim`.
pub fn when_who(stamp: Option<crate::words::Stamp>, who: Option<&crate::words::Actor>) -> String {
    let mut words = stamp.map(|s| utc_second(s.at)).unwrap_or_default();
    if let Some(who) = who {
        words.push(' ');
        words.push_str(&text::line(who.name()));
    }
    words
}
