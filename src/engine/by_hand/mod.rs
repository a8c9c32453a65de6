//! `by-hand.md`: what remains and the resolved rollback, as plain commands. When the program cannot go on, this can.

mod command;
mod kubectl;
mod looks;
mod services;
mod telemetry;

use std::fmt::Write as _;

use super::plan::{Action, WaitFor};
use super::resolve::resolve;
use super::scope::PlanScope;
use super::state::{Settled, State, Status};
use crate::words::{ProbeId, short_duration};

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
        "\nUse this when flightdeck cannot go on. Secrets stand as `<names>`: fill them in from where they are kept.\n",
    );
    if let Some(opened) = &state.opened {
        if !opened.workdir.is_empty() {
            let folder = command::word(&opened.workdir);
            let _ = writeln!(text, "\nCommands start in this folder:\n\n```sh\ncd {folder}\n```");
        }
        if opened.overlay.is_some() {
            text.push_str(
                "\nThis is a training flight: these commands belong into its simulated system, never on a real machine.\n",
            );
        }
    }
    text.push_str("\n## Rollback\n\n");
    text.push_str(&rollback_commands(state));
    text.push_str("\n## What remains\n\n");
    text.push_str(&remains(state));
    contacts(&mut text, state);
    text
}

fn remains(state: &State) -> String {
    let (mut text, plan) = (String::new(), &state.plan);
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
        if !plan.phases[phase].title.is_empty() {
            let _ = writeln!(text, "### {}\n", plan.phases[phase].title);
        }
        for index in left {
            write_item(&mut text, state, index);
        }
        text.push('\n');
    }
    if text.is_empty() { "Nothing: all is settled.\n".to_owned() } else { text }
}

fn contacts(text: &mut String, state: &State) {
    if state.plan.contacts.is_empty() {
        return;
    }
    text.push_str("\n## Whom to call\n\n");
    for contact in &state.plan.contacts {
        let ways: Vec<&str> = [contact.via.as_deref(), contact.url.as_deref()].into_iter().flatten().collect();
        let role = contact.role.as_deref().unwrap_or(&contact.name);
        let _ = writeln!(text, "- {role}: {}", if ways.is_empty() { "?".to_owned() } else { ways.join(", ") });
    }
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
            && !state.was_begun(undone)
        {
            if state.status(undone) != Status::Off && !missing.contains(&undone) {
                missing.push(undone);
            }
            continue;
        }
        match state.status(index) {
            Status::Off => continue,
            Status::Passed if state.rollback.is_some() && !matches!(item.action, Action::Check(_)) => {
                let _ = writeln!(text, "- [x] {}", PlanScope::new(state, index).title());
                continue;
            }
            _ => {}
        }
        write_item(&mut text, state, index);
    }
    if !missing.is_empty() && state.world_changed.is_some() {
        text.push_str("\nNever begun, so not undone: ");
        let titles: Vec<String> = missing.iter().map(|i| PlanScope::new(state, *i).title()).collect();
        let _ = writeln!(text, "{}.", titles.join(", "));
    }
    text
}

fn write_item(text: &mut String, state: &State, index: usize) {
    let item = &state.plan.items[index];
    let scope = PlanScope::new(state, index);
    let deferred = match state.items.get(index).and_then(|i| i.settled.as_ref()) {
        Some(Settled::Deferred(_, why)) => format!(" (deferred: {why})"),
        _ => String::new(),
    };
    let _ = writeln!(text, "- [ ] {}{deferred}", scope.title());
    match &item.action {
        Action::Run(_) => match resolve(state, index) {
            Ok(started) => block(text, &command::of(&started)),
            Err(why) => {
                let _ = writeln!(text, "  {why}; as far as it is known:");
                block(text, &command::as_far_as_known(item, &scope));
            }
        },
        Action::Notify(notify) => {
            let to: Vec<&str> = notify.to.iter().map(|n| n.as_str()).collect();
            let _ = writeln!(text, "  tell {}: {}", to.join(", "), command::partly(&notify.text, &scope));
        }
        Action::Wait(wait) => match &wait.until {
            WaitFor::Condition(expr) => {
                let _ = writeln!(
                    text,
                    "  wait until {}{}",
                    expr.source(),
                    looks::known(std::slice::from_ref(expr), &scope)
                );
            }
            WaitFor::Probes(probes) => {
                let _ = writeln!(text, "  wait until all of these are good, {} times in a row:", wait.in_a_row);
                look_at(text, state, probes);
            }
            WaitFor::Time(seconds) => {
                let _ = writeln!(text, "  wait {}", short_duration(*seconds));
            }
        },
        Action::Check(check) => look_at(text, state, &check.probes),
        _ => {}
    }
}

fn look_at(text: &mut String, state: &State, probes: &[ProbeId]) {
    let leaves = super::effect::leaves(&state.plan, probes);
    for probe in leaves.iter().filter_map(|id| state.plan.probe(id)) {
        let scope = PlanScope::of_probe(state, probe);
        let wanted: Vec<&str> = probe.expect.iter().map(|e| e.source()).collect();
        let wanted = if wanted.is_empty() { String::new() } else { format!(": wanted {}", wanted.join(", ")) };
        let _ = writeln!(text, "  look at {}{wanted}{}", probe.title, looks::known(&probe.expect, &scope));
        match looks::how(state, probe, &scope) {
            looks::How::Command(line) => block(text, &line),
            looks::How::Words(words) => {
                let _ = writeln!(text, "  ({words})");
            }
        }
    }
}

fn block(text: &mut String, lines: &str) {
    let _ = writeln!(text, "\n```sh\n{lines}\n```\n");
}
