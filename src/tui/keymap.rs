//! The one table of keys: bottom row, help and what a key does all come from here.

use super::enter::{Verb, enter};
use super::facts;
use super::input::{Code, Key};
use super::view::Ctx;
use crate::engine::plan::Action;
use crate::engine::{Settled, Status};

/// A command of Keys mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table says what each does")]
pub enum Cmd {
    Enter,
    Type,
    Stop,
    Zoom,
    Edit,
    Skip,
    Defer,
    Again,
    Note,
    Pause,
    Settle,
    Metrics,
    Find,
    Contacts,
    Copy,
    Rollback,
    Hold,
    Secret,
    Control,
    Unrecorded,
    Help,
    Leave,
    Pages,
    PagesBack,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Back,
    Interrupt,
    Suspend,
    Redraw,
    SendLeave,
}

/// Whether a key's meaning depends on what is under the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// On the shown item: dropped when that has just changed.
    Item,
    /// On nothing: always the same.
    Free,
}

/// A row of the table.
pub struct Binding {
    /// The command.
    pub cmd: Cmd,
    /// Its keys.
    pub keys: &'static [Key],
    /// Its keys as they are printed.
    pub label: &'static str,
    /// What its meaning depends on.
    pub bound: Bound,
    /// Place in the bottom row, the lowest first; none: help only.
    pub rank: Option<u8>,
    /// What it does, for help.
    pub help: &'static str,
    /// In words for the bottom row, or why it does nothing here.
    pub now: fn(&Ctx<'_>) -> Result<String, String>,
}

const fn letter(c: char) -> Key {
    Key::plain(Code::Char(c))
}

fn always(words: &'static str) -> Result<String, String> {
    Ok(words.to_owned())
}

macro_rules! table {
    ($($cmd:ident $keys:expr, $label:literal, $bound:ident, $rank:expr, $now:expr, $help:literal;)*) => {
        /// All keys of Keys mode.
        pub const KEYS: &[Binding] = &[$(Binding {
            cmd: Cmd::$cmd, keys: $keys, label: $label, bound: Bound::$bound, rank: $rank, help: $help, now: $now,
        }),*];
    };
}

table! {
    Enter &[Key::plain(Code::Enter)], "⏎", Item, Some(0), |ctx| match enter(ctx) {
        e if e.verb == Verb::Nothing => Err(e.words),
        e => Ok(e.words),
    }, "what the bottom row says first";
    Type &[letter('t')], "t", Item, Some(1), typing, "type into the running command (Ctrl-] or F12 comes back)";
    Stop &[letter('x')], "x x", Item, Some(2), stop, "stop the running command: interrupt, after 10 s terminate, after 10 s kill; x goes a stage on";
    Again &[letter('a')], "a", Item, Some(3), again, "again: a new attempt of what failed; with a reason also of what waited or is settled";
    Edit &[letter('e')], "e", Item, Some(4), edit, "change the command before it runs: a deviation";
    Skip &[letter('s')], "s", Item, Some(5), skip, "skip, does not apply, override: what is allowed here, with a reason";
    Defer &[letter('d')], "d", Item, Some(6), defer, "do it later: where it comes back is named";
    Zoom &[letter('z')], "z", Free, Some(7), zoom, "the terminal alone, without frames; the mouse is the terminal's own";
    Pages &[Key::plain(Code::Tab)], "⇥", Free, Some(8), |ctx| always(if ctx.view.drawn.pages { "pages" } else { "next pane" }), "next page or pane";
    PagesBack &[Key { shift: true, ..Key::plain(Code::Tab) }], "Shift-Tab", Free, None, |_| always("previous pane"), "previous page or pane";
    Note &[letter('n')], "n", Free, Some(11), note, "a note, with the time it speaks of";
    Pause &[letter('p')], "p", Free, Some(12), pause, "pause: nothing new starts, no clock stops; again: go on";
    Settle &[letter('!')], "!", Free, Some(9), |_| always("settle"), "all that is to settle";
    Metrics &[letter('m')], "m", Free, Some(13), |_| always("metrics"), "live figures over the whole screen";
    Find &[letter('/')], "/", Free, Some(14), |_| always("find"), "find an item";
    Contacts &[letter('c')], "c", Free, Some(15), |_| always("contacts"), "contacts and links";
    Copy &[letter('y')], "y", Free, None, copy, "copy the command, or the terminal's text when it has the keys (OSC 52)";
    Rollback &[letter('r')], "r", Free, Some(10), rollback, "the rollback cockpit: what going back does now; nothing starts before BEGIN";
    Hold &[letter('h')], "h", Free, None, |_| Err("triggers are off in this version".into()), "hold a trigger that counts or fired";
    Secret &[letter('g')], "g", Free, Some(1), secret, "give a secret that the run needs";
    Control &[letter('o')], "o", Free, Some(1), control, "answer who asks for control: hand it over, or keep it";
    Unrecorded &[letter('u')], "u", Item, Some(1), unrecorded, "let a command that a full disk holds go on, its output kept no more";
    Help &[letter('?')], "?", Free, Some(16), |_| always("keys"), "this";
    Leave &[letter('q')], "q", Free, Some(17), |_| always("leave"), "leave it running, hand over, or end the run";
    Up &[Key::plain(Code::Up), letter('k')], "↑ k", Free, None, |_| always("up"), "up";
    Down &[Key::plain(Code::Down), letter('j')], "↓ j", Free, None, |_| always("down"), "down";
    Left &[Key::plain(Code::Left)], "←", Free, None, |_| always("fold"), "fold; to what it stands in";
    Right &[Key::plain(Code::Right)], "→", Free, None, |_| always("unfold"), "unfold; into it";
    PageUp &[Key::plain(Code::PageUp)], "PgUp", Free, None, |_| always("scroll"), "scroll the terminal or list up";
    PageDown &[Key::plain(Code::PageDown)], "PgDn", Free, None, |_| always("scroll"), "scroll down";
    Home &[Key::plain(Code::Home)], "Home", Free, None, |_| always("first"), "to the first";
    End &[Key::plain(Code::End)], "End", Free, None, |_| always("last"), "to the last";
    Back &[Key::plain(Code::Esc)], "Esc", Free, Some(4), back, "one step back, at last to the current item; it never answers, leaves or stops";
    Interrupt &[Key::ctrl('c')], "Ctrl-C", Item, None, |_| always("interrupt"), "interrupts a running command; never ends flightdeck";
    Suspend &[Key::ctrl('z')], "Ctrl-Z", Free, None, |_| always("suspend"), "suspends this terminal, not the run";
    Redraw &[Key::ctrl('l')], "Ctrl-L", Free, None, |_| always("redraw"), "draws the screen anew";
    SendLeave &[Key::ctrl(']')], "Ctrl-]", Free, None, |_| always("back"), "comes back from typing; twice sends one to the command";
}

/// The row of a key; letters in any case.
pub fn lookup(key: Key) -> Option<&'static Binding> {
    let key = key.letter().map_or(key, |c| Key { shift: false, ..Key::plain(Code::Char(c)) });
    KEYS.iter().find(|binding| binding.keys.contains(&key))
}

fn item(ctx: &Ctx<'_>) -> Result<usize, String> {
    let index = ctx.item().ok_or("there is no item here")?;
    match ctx.hands_off() {
        Some(why) => Err(why),
        None => Ok(index),
    }
}

/// An item in the open phase that is not running.
fn resting(ctx: &Ctx<'_>) -> Result<usize, String> {
    let index = item(ctx)?;
    let state = &ctx.model.state;
    if state.begun.is_none() {
        return Err("the flight has not begun".into());
    }
    let phase = state.plan.items[index].phase;
    if state.is_closed(phase) {
        return Err("its phase was closed: n adds a note".into());
    }
    if state.phase != Some(phase) {
        return Err(match state.rollback {
            Some(_) => "it goes back: only the rollback's items are worked on".into(),
            None => "its phase is not open yet".into(),
        });
    }
    if ctx.running().is_some() {
        return Err("it is running".into());
    }
    Ok(index)
}

fn has_terminal(ctx: &Ctx<'_>, index: usize) -> bool {
    matches!(ctx.model.state.plan.items[index].action, Action::Run(_))
}

fn typing(ctx: &Ctx<'_>) -> Result<String, String> {
    let index = item(ctx)?;
    match ctx.running() {
        Some(_) if has_terminal(ctx, index) => Ok("type".into()),
        _ => Err("no command is running here".into()),
    }
}

fn stop(ctx: &Ctx<'_>) -> Result<String, String> {
    item(ctx)?;
    ctx.running().map(|_| "stop".into()).ok_or_else(|| "nothing is running here".into())
}

fn again(ctx: &Ctx<'_>) -> Result<String, String> {
    let index = resting(ctx)?;
    match (ctx.status(), &ctx.model.state.plan.items[index].action) {
        (Status::Failed(_), Action::Run(_) | Action::Notify(_)) => Ok("again".into()),
        (Status::Failed(_), Action::Wait(_) | Action::Baseline(_)) => Ok("again…".into()),
        (Status::Failed(_), _) => Err("Enter asks again".into()),
        (Status::Open | Status::Busy | Status::NoData, _) => Err("it is open".into()),
        (Status::Unknown, _) => Err("nobody knows how it ended: Enter settles that first".into()),
        (Status::Off, _) if ctx.model.state.items[index].settled.is_none() => Err("it does not apply here".into()),
        (_, Action::Check(_)) if ctx.model.state.items[index].settled.is_none() => {
            Err("a sensed item opens by itself when it goes red".into())
        }
        _ => Ok("again…".into()),
    }
}

fn back(ctx: &Ctx<'_>) -> Result<String, String> {
    always(match (ctx.view.zoom, ctx.view.cursor.is_some() && ctx.running().is_none()) {
        (true, _) => "frames",
        (false, true) => "to the box",
        // What runs needs the room for its own keys.
        (false, false) => "back",
    })
}

fn secret(ctx: &Ctx<'_>) -> Result<String, String> {
    if let Some(why) = ctx.hands_off() {
        return Err(why);
    }
    ctx.model
        .secrets
        .first()
        .map(|name| format!("give secret {}", super::text::line(name)))
        .ok_or_else(|| "no secret is asked for".into())
}

fn unrecorded(ctx: &Ctx<'_>) -> Result<String, String> {
    item(ctx)?;
    let held = ctx.running().filter(|(_, attempt)| ctx.model.held(*attempt).is_some());
    held.map(|_| "unrecorded…".into()).ok_or_else(|| "no command is held here: its output can be written".into())
}

fn control(ctx: &Ctx<'_>) -> Result<String, String> {
    if let Some(why) = ctx.hands_off() {
        return Err(why);
    }
    let asked = ctx.model.state.control.asked.as_ref().filter(|(who, _)| *who != ctx.options.who);
    asked
        .map(|(who, _)| format!("answer {}…", super::text::line(who.name())))
        .ok_or_else(|| "nobody asks for control".into())
}

fn edit(ctx: &Ctx<'_>) -> Result<String, String> {
    let index = resting(ctx)?;
    if !has_terminal(ctx, index) {
        return Err("only a command can be edited".into());
    }
    match ctx.status() {
        Status::Open | Status::Failed(_) | Status::Deferred => Ok("edit".into()),
        _ => Err("it is settled: a does it again".into()),
    }
}

fn skip(ctx: &Ctx<'_>) -> Result<String, String> {
    let index = resting(ctx)?;
    let required = ctx.model.state.plan.items[index].required;
    match ctx.status() {
        Status::Passed | Status::Skipped | Status::Overridden => Err("it is settled: a does it again".into()),
        Status::Off => Err("it does not apply here".into()),
        Status::Failed(_) | Status::NoData | Status::Unknown if required => Ok("override…".into()),
        _ if required => Err("it is required: never skipped".into()),
        _ => Ok("skip…".into()),
    }
}

fn defer(ctx: &Ctx<'_>) -> Result<String, String> {
    let index = resting(ctx)?;
    let plan = &ctx.model.state.plan.items[index];
    match ctx.status() {
        Status::Passed | Status::Skipped | Status::Overridden => Err("it is settled".into()),
        Status::Off => Err("it does not apply here".into()),
        _ if matches!(ctx.model.state.items[index].settled, Some(Settled::Deferred(..))) => {
            Err("it is deferred".into())
        }
        _ if has_terminal(ctx, index) && plan.due.is_none() => {
            Err("the runbook does not let this command be deferred".into())
        }
        _ => Ok("defer…".into()),
    }
}

fn zoom(ctx: &Ctx<'_>) -> Result<String, String> {
    if ctx.view.zoom {
        return Ok("frames".into());
    }
    match ctx.model.tape.attempt {
        Some(_) => Ok("zoom".into()),
        None => Err("there is no terminal here".into()),
    }
}

fn note(ctx: &Ctx<'_>) -> Result<String, String> {
    if let Some(why) = &ctx.model.gone {
        return Err(format!("the host is gone: {}", super::text::line(why)));
    }
    match ctx.options.role {
        crate::link::Role::Observer => Err("you look on".into()),
        crate::link::Role::Operator => Ok(match &ctx.model.state.rollback {
            Some(rollback) if rollback.reason.is_none() => "reason".into(),
            _ => "note".into(),
        }),
    }
}

fn pause(ctx: &Ctx<'_>) -> Result<String, String> {
    if let Some(why) = ctx.hands_off() {
        return Err(why);
    }
    match (&ctx.model.state.begun, &ctx.model.state.paused) {
        (None, _) => Err("the flight has not begun".into()),
        (_, None) => Ok("pause".into()),
        (_, Some(_)) => Ok("go on".into()),
    }
}

fn copy(ctx: &Ctx<'_>) -> Result<String, String> {
    match ctx.item() {
        Some(_) => Ok("copy".into()),
        None => Err("there is nothing to copy".into()),
    }
}

fn rollback(ctx: &Ctx<'_>) -> Result<String, String> {
    let state = &ctx.model.state;
    let stuck = state.storage_failed.is_some() || ctx.model.gone.is_some();
    match (&state.plan.rollback, &state.rollback) {
        (None, _) => Err("this runbook has no rollback".into()),
        (Some(_), Some(_)) if !stuck => Err("it goes back already: a, e and s are for a step that failed".into()),
        (Some(_), _) => Ok("ROLLBACK".into()),
    }
}

/// What there is in the bottom row: label and words, Enter first.
pub fn bottom(ctx: &Ctx<'_>) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(u8, &'static str, String)> = vec![];
    for binding in KEYS {
        let Some(rank) = binding.rank else { continue };
        match (binding.cmd, (binding.now)(ctx)) {
            (Cmd::Enter, Err(words)) => rows.push((rank, "", words)),
            // It is told where it leads somewhere: whoever reads elsewhere must find back.
            (Cmd::Back, _) if ctx.view.cursor.is_none() && !ctx.view.zoom => {}
            // Enter leaves already.
            (Cmd::Leave, _) if enter(ctx).verb == Verb::Leave => {}
            (Cmd::Pages | Cmd::Settle | Cmd::Metrics | Cmd::Contacts, _) if ctx.view.zoom => {}
            (_, Ok(words)) => rows.push((rank, binding.label, words)),
            _ => {}
        }
    }
    rows.sort_by_key(|(rank, ..)| *rank);
    rows.into_iter().map(|(_, label, words)| (label, words)).collect()
}

/// Keys and their words, of those among these that do something now.
pub fn words(ctx: &Ctx<'_>, cmds: &[Cmd]) -> Vec<String> {
    let of = |cmd: &Cmd| KEYS.iter().find(|binding| binding.cmd == *cmd);
    let rows = cmds.iter().filter_map(of).filter_map(|b| Some(format!("{} {}", b.label, (b.now)(ctx).ok()?)));
    rows.collect()
}

/// All keys for `?`: label, what it does, and why not now.
pub fn help(ctx: &Ctx<'_>) -> Vec<(&'static str, &'static str, Option<String>)> {
    KEYS.iter().map(|b| (b.label, b.help, (b.now)(ctx).err())).collect()
}

/// What stopping the running command leaves behind, in words.
pub fn leaves_behind(ctx: &Ctx<'_>) -> String {
    let Some(index) = ctx.item() else { return String::new() };
    let item = &ctx.model.state.plan.items[index];
    match facts::changes(item) {
        Some(changes) => format!("x again stops it. It changes {changes}"),
        None => "x again stops it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = std::collections::HashSet::new();
        for binding in KEYS {
            for key in binding.keys {
                assert!(seen.insert(*key), "{key:?} stands twice");
            }
            assert!(!binding.help.is_empty() && !binding.label.is_empty());
        }
        assert_eq!(lookup(letter('X')).map(|b| b.cmd), Some(Cmd::Stop));
        assert_eq!(lookup(Key::ctrl('c')).map(|b| b.cmd), Some(Cmd::Interrupt));
        assert!(lookup(letter('ü')).is_none());
    }
}
