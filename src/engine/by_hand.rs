//! `by-hand.md`: what remains and the resolved rollback, as plain commands. When the program cannot go on, this can.

use std::fmt::Write as _;

use super::event::{Env, Resolved, Started};
use super::plan::{Action, Item, WaitFor};
use super::resolve::resolve;
use super::scope::PlanScope;
use super::state::{Settled, State, Status};

/// The whole text, Markdown.
pub fn by_hand(state: &State) -> String {
    let mut text = String::new();
    let plan = &state.plan;
    let _ = writeln!(text, "# By hand: {}\n", plan.title);
    if let Some(opened) = &state.opened {
        let _ = writeln!(text, "Run {}, operator {}.", opened.run, opened.operator);
    }
    for place in &plan.places {
        let _ = writeln!(text, "{}: {}", place.kind.key(), place.is);
    }
    text.push_str(
        "\nUse this when flightdeck cannot go on. Secrets stand as names: fill them in from where they are kept.\n\n## Rollback\n\n",
    );
    text.push_str(&rollback_commands(state));
    text.push_str("\n## What remains\n\n");
    let mut any = false;
    for phase in 0..plan.phases.len() {
        let closed = state.is_closed(phase);
        let left: Vec<usize> = plan
            .items_of(phase)
            .map(|(i, _)| i)
            .filter(|i| match state.status(*i) {
                Status::Deferred => true,
                status => !status.is_settled() && (!closed || state.items[*i].owed.is_some()),
            })
            .collect();
        if left.is_empty() {
            continue;
        }
        any = true;
        if !plan.phases[phase].title.is_empty() {
            let _ = writeln!(text, "### {}\n", plan.phases[phase].title);
        }
        for index in left {
            write_item(&mut text, state, index);
        }
        text.push('\n');
    }
    if !any {
        text.push_str("Nothing: all is settled.\n");
    }
    text
}

/// The resolved rollback: the undo of every step that was begun, newest first, then the rollback's other items.
pub fn rollback_commands(state: &State) -> String {
    let mut text = String::new();
    let plan = &state.plan;
    let phase = plan.rollback_phase();
    if plan.rollback.is_none() {
        return "This runbook has no rollback.\n".into();
    }
    if state.world_changed.is_none() {
        text.push_str("Nothing was changed yet: there is nothing to undo.\n\n");
    }
    let mut missing = vec![];
    for (index, item) in plan.items_of(phase) {
        if let Some(undone) = item.undoes
            && state.items.get(undone).is_none_or(|i| i.attempts.is_empty())
        {
            missing.push(undone);
            continue;
        }
        if state.status(index) == Status::Off {
            continue;
        }
        write_item(&mut text, state, index);
    }
    missing.dedup();
    if !missing.is_empty() && state.world_changed.is_some() {
        text.push_str("\nNever begun, so not undone: ");
        let titles: Vec<String> = missing.iter().map(|i| PlanScope::new(state, *i).title()).collect();
        let _ = writeln!(text, "{}.", titles.join(", "));
    }
    text
}

fn write_item(text: &mut String, state: &State, index: usize) {
    let item = &state.plan.items[index];
    let deferred = match state.items.get(index).and_then(|i| i.settled.as_ref()) {
        Some(Settled::Deferred(_, why)) => format!(" (deferred: {why})"),
        _ => String::new(),
    };
    let _ = writeln!(text, "- [ ] {}{deferred}", PlanScope::new(state, index).title());
    match &item.action {
        Action::Run(_) => match resolve(state, index) {
            Ok(started) => {
                let _ = writeln!(text, "\n```sh\n{}\n```\n", command(&started));
            }
            Err(why) => {
                let _ = writeln!(text, "  ({why}; as written: {})", as_written(item));
            }
        },
        Action::Notify(notify) => {
            let to: Vec<&str> = notify.to.iter().map(|n| n.as_str()).collect();
            let _ = writeln!(text, "  tell {}: {}", to.join(", "), notify.text.source());
        }
        Action::Wait(wait) => {
            let what = match &wait.until {
                WaitFor::Condition(expr) => expr.source().to_owned(),
                WaitFor::Probes(probes) => {
                    probes.iter().map(|p| p.0.clone()).collect::<Vec<_>>().join(", ")
                }
                WaitFor::Time(seconds) => crate::words::short_duration(*seconds),
            };
            let _ = writeln!(text, "  wait for: {what}");
        }
        Action::Check(check) => {
            for probe in check.probes.iter().filter_map(|id| state.plan.probe(id)) {
                let wanted: Vec<&str> = probe.expect.iter().map(|e| e.source()).collect();
                let _ = writeln!(text, "  look at {}: {}", probe.title, wanted.join(", "));
            }
        }
        _ => {}
    }
}

/// A command as a person types it: shell words, with its folder and environment in front.
pub(super) fn command(started: &Started) -> String {
    let mut line = String::new();
    if !started.cwd.is_empty() {
        let _ = write!(line, "cd {} && ", quote(&started.cwd));
    }
    for (name, value) in &started.env {
        match value {
            Env::Value(value) => {
                let _ = write!(line, "{name}={} ", quote(value));
            }
            Env::Secret(source) => {
                let _ = write!(line, "{name}=\"<{source}>\" ");
            }
        }
    }
    match &started.what {
        Resolved::Argv(words) => {
            let words: Vec<String> = words.iter().map(|w| quote(w)).collect();
            line.push_str(&words.join(" "));
        }
        Resolved::Script { shell, text } => {
            let _ = write!(line, "{shell} -euo pipefail <<'FLIGHTDECK'\n{}\nFLIGHTDECK", text.trim_end());
        }
        Resolved::Notice { .. } | Resolved::Watching => {}
    }
    line
}

fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), |quoted| quoted.into_owned())
}

fn as_written(item: &Item) -> String {
    match &item.action {
        Action::Run(run) => match &run.program {
            super::plan::Program::Argv(words) => words.iter().map(|w| w.source()).collect::<Vec<_>>().join(" "),
            super::plan::Program::Script { text, .. } => text.clone(),
        },
        _ => String::new(),
    }
}
