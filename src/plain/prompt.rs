//! What is to be done now, in lines: for somebody who types verbs.

use super::need::Need;
use super::say::{command, counts, seen, title};
use super::style::Style;
use super::verbs::own;
use crate::engine::plan::{Action, Confirm, Field, Run};
use crate::engine::{LOCK, PlanScope, State, Status, resolve};
use crate::terminal::sanitize_line;

/// What is to be done now, cleaned.
pub(super) fn lines(state: &State, need: Need, style: Style) -> Vec<String> {
    let mut out = vec![];
    match need {
        Need::Begin => {
            out.push("the flight has not begun: `go` begins it".to_owned());
            for limitation in &state.plan.limitations {
                let accepted = state.accepted.contains_key(&limitation.name);
                if limitation.effect == crate::engine::plan::Effect::Blocks && !accepted {
                    out.push(format!("it is blocked by `{0}` until you `accept {0} REASON`", limitation.name));
                }
            }
        }
        Need::Continue => out.push("the run is paused: `continue` goes on".to_owned()),
        Need::Place => {
            for (kind, (pinned, found)) in &state.moved {
                out.push(match kind.as_str() {
                    LOCK => state.in_the_way(kind, pinned, found, "`take-over REASON` takes the lock over"),
                    _ => format!("{kind} is {found}, not {pinned}: switch back, then `go` checks again"),
                });
            }
        }
        Need::Close(phase) => {
            let name = state.plan.phase(phase).map(|p| p.title.clone()).unwrap_or_default();
            out.push(format!("all of {name} is settled, {}: `close` closes it", counts(state, phase)));
            if let Some(next) = state.plan.phases.get(phase + 1) {
                out.push(format!("next: {}", next.title));
            }
        }
        Need::Item(index) | Need::Red(index) => item(state, index, style, &mut out),
    }
    out.iter().map(|line| sanitize_line(line)).collect()
}

/// An item as it stands, with what can be typed.
fn item(state: &State, index: usize, style: Style, out: &mut Vec<String>) {
    let plan = &state.plan.items[index];
    let phase = state.counts(plan.phase);
    let status = state.status(index);
    let sign = style.status(&status).0;
    out.push(format!("{sign} {} of {}: {}", (phase.settled + 1).min(phase.all), phase.all, title(state, index)));
    if let Some(why) = &plan.why {
        out.extend(why.lines().map(|line| format!("why: {line}")));
    }
    match &plan.action {
        Action::Run(run) => {
            shown(state, index, out);
            danger(state, index, run, out);
        }
        Action::Notify(_) => shown(state, index, out),
        Action::Check(_) => out.extend(seen(state, index)),
        Action::Confirm(confirm) => out.push(question(state, index, confirm)),
        Action::Record(record) => {
            let names: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
            out.push(format!("a form: {}", names.join(", ")));
        }
        Action::Approve(_) => {
            if let Some(request) = &state.items[index].request {
                out.push(format!("asked {}: `approve NAME` or `refuse NAME`", request.of.join(", ")));
            }
        }
        Action::Tick | Action::Wait(_) | Action::Baseline(_) => {}
    }
    if let Some((_, ended)) = state.items[index].attempt().and_then(|attempt| attempt.ended.as_ref())
        && !matches!(status, Status::Open)
    {
        out.extend(ended.why.as_ref().map(|why| format!("last attempt: {why}")));
    }
    if matches!(status, Status::Failed(_) | Status::Unknown | Status::NoData) {
        out.extend(plan.help.iter().flat_map(|help| help.lines().map(|line| format!("help: {line}"))));
    }
    out.push(format!("verbs: {}", verbs(state, index, &status)));
}

/// What the next attempt runs.
fn shown(state: &State, index: usize, out: &mut Vec<String>) {
    match resolve(state, index) {
        Ok(started) => {
            command(&started.what, |line| out.push(line.to_owned()));
            if !started.cwd.is_empty() {
                out.push(format!("in {}", started.cwd));
            }
        }
        Err(why) => out.push(format!("it cannot be started yet: {why}")),
    }
}

fn danger(state: &State, index: usize, run: &Run, out: &mut Vec<String>) {
    let scope = PlanScope::new(state, index);
    if let Some(danger) = &run.acting.danger {
        let text = danger.text.shown(&scope);
        out.push(format!("danger: {text}"));
    }
    if let Some(why) = &run.acting.point_of_no_return {
        out.push(format!("point of no return: {why}"));
    }
}

fn verbs(state: &State, index: usize, status: &Status) -> String {
    let plan = &state.plan.items[index];
    let mut verbs = vec![];
    match status {
        Status::Unknown => verbs.push("settle happened, settle not"),
        Status::Failed(_) if matches!(plan.action, Action::Run(_) | Action::Notify(_)) => verbs.push("again"),
        _ => verbs.push(own(&plan.action)),
    }
    if matches!(plan.action, Action::Run(_)) && *status != Status::Unknown {
        verbs.push("edit COMMAND");
    }
    if matches!(status, Status::Failed(_) | Status::Unknown | Status::NoData) {
        verbs.push("override REASON");
    }
    if !plan.required {
        verbs.push("skip REASON");
    }
    if plan.due.is_some() || !matches!(plan.action, Action::Run(_)) {
        verbs.push("defer REASON");
    }
    verbs.push("help");
    verbs.join(" · ")
}

/// A confirm's question with its prefilled answer.
pub(super) fn question(state: &State, index: usize, confirm: &Confirm) -> String {
    let scope = PlanScope::new(state, index);
    let ask = confirm.ask.shown(&scope);
    with_default(ask, confirm.default.as_ref().and_then(|default| default.fill(&scope).ok()))
}

/// A field's question with its prefilled answer.
pub(super) fn field_question(state: &State, index: usize, field: &Field) -> String {
    let ask = field.ask.clone().unwrap_or_else(|| field.name.0.clone());
    let optional = if field.optional { " (optional)" } else { "" };
    with_default(format!("{ask}{optional}"), field_default(state, index, field))
}

/// What a field is prefilled with.
pub(super) fn field_default(state: &State, index: usize, field: &Field) -> Option<String> {
    field.default.as_ref()?.fill(&PlanScope::new(state, index)).ok()
}

fn with_default(ask: String, default: Option<String>) -> String {
    match default {
        Some(default) => format!("{ask} [{default}]"),
        None => ask,
    }
}

/// Where the run is, for a client that joins it.
pub(super) fn place(state: &State, style: Style) -> Vec<String> {
    let title = if state.is_training() { format!("TRAINING  {}", state.plan.title) } else { state.plan.title.clone() };
    let mut out = vec![format!("joined: {title}")];
    if let Some(phase) = state.phase {
        let name = state.plan.phase(phase).map(|p| p.title.clone()).unwrap_or_default();
        out.push(format!("{name}: {}", counts(state, phase)));
    }
    if let Some(index) = state.current {
        let sign = style.status(&state.status(index)).0;
        out.push(format!("{sign} {}", super::say::title(state, index)));
    }
    out.iter().map(|line| sanitize_line(line)).collect()
}

/// What is left in the open phase.
pub(super) fn left(state: &State, style: Style) -> Vec<String> {
    let Some(phase) = state.phase else { return vec!["no phase is open".to_owned()] };
    let unsettled = state.unsettled(phase);
    if unsettled.is_empty() {
        return vec!["nothing is left in this phase".to_owned()];
    }
    let line = |index: &usize| {
        let sign = style.status(&state.status(*index)).0;
        sanitize_line(&format!("{sign} {}  ({})", title(state, *index), state.plan.items[*index].id))
    };
    unsettled.iter().map(line).collect()
}

/// Contacts and links.
pub(super) fn contacts(state: &State) -> Vec<String> {
    let plan = &state.plan;
    let contact = plan.contacts.iter().map(|contact| {
        let how: Vec<&str> = [&contact.via, &contact.url].into_iter().flatten().map(String::as_str).collect();
        format!("{}: {}", contact.role.as_deref().unwrap_or(&contact.name), how.join(", "))
    });
    let links = plan.links.iter().map(|link| format!("{}: {}", link.title, link.to));
    let all: Vec<String> = contact.chain(links).map(|line| sanitize_line(&line)).collect();
    if all.is_empty() { vec!["the runbook names no contacts and no links".to_owned()] } else { all }
}
