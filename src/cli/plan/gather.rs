//! What a plan says, ready to be written: every item with its command, every condition, everything that carries a source.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::book::Book;
use crate::cli::run::values::Planned;
use crate::engine::event::Resolved;
use crate::engine::plan::{
    Action, Carrier, Contact, Item, Limitation, Link, Notify, Pane, Plan, Program, Run, TriggerWhen, WaitFor,
};
use crate::engine::{PlanScope, State, resolve};
use crate::expr::Template;
use crate::words::{ItemId, Name, ProbeId, Value, short_duration};

/// A plan for people and programs.
#[derive(Debug, Serialize)]
pub struct Outline {
    /// The runbook as it was given.
    pub runbook: String,
    /// Its title.
    pub title: String,
    /// Its own version.
    pub version: Option<String>,
    /// What it is for.
    pub about: Option<String>,
    /// The system that is deployed.
    pub system: Option<String>,
    /// Versions before and after.
    pub change: Option<(String, String)>,
    /// Where it acts: kind and place.
    pub places: Vec<(String, String)>,
    /// Parameters in the runbook's order.
    pub parameters: Vec<Parameter>,
    /// Limitations that are on.
    pub limitations: Vec<Limitation>,
    /// What somebody should know before starting.
    pub cautions: Vec<String>,
    /// Phases with their sections, the rollback not among them.
    pub phases: Vec<Heading>,
    /// The rollback's headings.
    pub rollback: Option<Heading>,
    /// All items, in order; those of the rollback last.
    pub items: Vec<ItemLine>,
    /// Probes that are on.
    pub probes: Vec<ProbeLine>,
    /// Triggers.
    pub triggers: Vec<TriggerLine>,
    /// Panes.
    pub panes: Vec<Pane>,
    /// Links.
    pub links: Vec<Link>,
    /// Contacts.
    pub contacts: Vec<Contact>,
    /// Seconds of the watch.
    pub watch_seconds: Option<f64>,
    /// What the watch expects.
    pub watch: Vec<String>,
    /// Everything that carries a row id of the original, on or off: one list.
    pub sources: Vec<Carrier>,
}

/// A phase and its sections.
#[derive(Debug, Serialize)]
pub struct Heading {
    /// Its title; empty for the one phase of a runbook that has only steps.
    pub title: String,
    /// Row ids of the original.
    pub source: Vec<String>,
    /// Titles of its sections.
    pub sections: Vec<String>,
}

/// A parameter.
#[derive(Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its value as text; none when it is off, missing or a secret.
    pub value: Option<String>,
    /// Where its value is from.
    pub from: Option<String>,
    /// It applies and somebody has to give it.
    pub missing: bool,
    /// A condition switches it off.
    pub off: bool,
    /// It is shown and written nowhere.
    pub secret: bool,
    /// The form's question.
    pub ask: Option<String>,
}

/// A condition with its outcome.
#[derive(Debug, Serialize)]
pub struct Condition {
    /// As it is written.
    pub when: String,
    /// Settled at the start; none: when the item is reached.
    pub holds: Option<bool>,
}

/// An item.
#[derive(Debug, Serialize)]
pub struct ItemLine {
    /// Its id: answers and history hang on it.
    pub id: ItemId,
    /// `run`, `check`, `confirm`, …
    pub kind: &'static str,
    /// Its phase's title, `rollback` for the rollback.
    pub phase: String,
    /// Its section's title.
    pub section: Option<String>,
    /// Title of the group that it stands in.
    pub group: Option<String>,
    /// Its title.
    pub title: String,
    /// Row ids of the original.
    pub source: Vec<String>,
    /// Whether it applies; none: decided when it is reached.
    pub on: Option<bool>,
    /// All conditions that must hold.
    pub when: Vec<Condition>,
    /// The command's words; a script's are `bash` or `sh` and its text.
    pub command: Option<Vec<String>>,
    /// Why the command is not complete yet: what it waits for.
    pub incomplete: Option<String>,
    /// What it looks at, asks or waits for, in words.
    pub what: Option<String>,
    /// Probes of a check, a wait, a baseline.
    pub probes: Vec<ProbeId>,
    /// What must hold.
    pub expect: Vec<String>,
    /// It changes the world.
    pub changes: bool,
    /// What is dangerous about it.
    pub danger: Option<String>,
    /// Seconds that it may take.
    pub timeout: Option<f64>,
    /// Who owns it.
    pub owner: Option<Name>,
    /// It is never skipped.
    pub required: bool,
    /// Pins that it takes.
    pub pins: Vec<Name>,
    /// Items that undo it.
    pub undo: Vec<ItemId>,
    /// The item that it undoes.
    pub undoes: Option<ItemId>,
    /// Why it exists.
    pub why: Option<String>,
}

/// A probe.
#[derive(Debug, Serialize)]
pub struct ProbeLine {
    /// Its id.
    pub id: ProbeId,
    /// `http`, `tls`, …
    pub kind: &'static str,
    /// Seconds between looks; none: only when asked.
    pub every: Option<f64>,
    /// What is expected.
    pub expect: Vec<String>,
    /// The members of a group.
    pub members: Vec<ProbeId>,
}

/// A trigger.
#[derive(Debug, Serialize)]
pub struct TriggerLine {
    /// Its name.
    pub name: Name,
    /// How urgent.
    pub severity: &'static str,
    /// What fires it.
    pub when: String,
    /// Seconds that it must hold.
    pub for_seconds: f64,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// Gathers all of it.
pub fn outline(book: &Book, planned: &Planned, plan: &Arc<Plan>) -> Outline {
    let state = State::new(Arc::clone(plan));
    Outline {
        runbook: book.given.clone(),
        title: plan.title.clone(),
        version: plan.version.clone(),
        about: plan.about.clone(),
        system: plan.system.clone(),
        change: plan.change.clone(),
        places: plan
            .places
            .iter()
            .map(|p| (p.kind.key().to_owned(), p.is.clone()))
            .chain(plan.lease_place().map(|lock| ("lock".to_owned(), lock)))
            .collect(),
        parameters: parameters(book, planned, plan),
        limitations: plan.limitations.clone(),
        cautions: plan.cautions.clone(),
        phases: plan.phases.iter().map(heading).collect(),
        rollback: plan.rollback.as_ref().map(heading),
        items: (0..plan.items.len()).map(|index| item(&state, index)).collect(),
        probes: plan.probes.iter().map(probe).collect(),
        triggers: plan.triggers.iter().map(trigger).collect(),
        panes: plan.panes.clone(),
        links: plan.links.clone(),
        contacts: plan.contacts.clone(),
        watch_seconds: plan.watch.as_ref().map(|w| w.for_seconds),
        watch: plan.watch.iter().flat_map(|w| &w.expect).map(|e| e.source().to_owned()).collect(),
        sources: plan.sources.clone(),
    }
}

fn heading(phase: &crate::engine::plan::Phase) -> Heading {
    Heading {
        title: phase.title.clone(),
        source: phase.source.clone(),
        sections: phase.sections.iter().map(|s| s.title.clone()).collect(),
    }
}

fn parameters(book: &Book, planned: &Planned, plan: &Plan) -> Vec<Parameter> {
    let secret = |name: &Name| book.loaded.runbook.parameters.get(name).is_some_and(|p| p.is_secret());
    plan.parameters
        .iter()
        .map(|p| {
            let missing = planned.missing.contains(&p.name);
            let known = !missing && !secret(&p.name) && p.value != Value::NoData;
            Parameter {
                name: p.name.clone(),
                value: known.then(|| p.value.to_string()),
                from: planned.origins.get(&p.name).cloned(),
                missing,
                off: planned.off.contains(&p.name),
                secret: secret(&p.name),
                ask: p.ask.clone(),
            }
        })
        .collect()
}

fn item(state: &State, index: usize) -> ItemLine {
    let plan = &state.plan;
    let item = &plan.items[index];
    let scope = PlanScope::new(state, index);
    let phase = match plan.phases.get(item.phase) {
        Some(phase) => phase.title.clone(),
        None => "rollback".to_owned(),
    };
    let section = item.section.and_then(|s| plan.phase(item.phase)?.sections.get(s)).map(|s| s.title.clone());
    let when: Vec<Condition> =
        item.when.iter().map(|w| Condition { when: w.expr.source().to_owned(), holds: w.settled }).collect();
    let on = match (item.off(), when.iter().all(|w| w.holds == Some(true))) {
        (Some(_), _) => Some(false),
        (None, true) => Some(true),
        (None, false) => None,
    };
    let acting = match &item.action {
        Action::Run(run) => Some(&run.acting),
        _ => None,
    };
    let (command, incomplete) = command(state, index);
    let id = |i: &usize| plan.items.get(*i).map(|item| item.id.clone());
    ItemLine {
        id: item.id.clone(),
        kind: item.action.key(),
        phase,
        section: section.filter(|title| !title.is_empty()),
        group: item.group.and_then(|g| plan.groups.get(g)).map(|g| g.title.clone()),
        title: scope.title(),
        source: item.source.clone(),
        on,
        when,
        command,
        incomplete,
        what: what(item, &scope),
        probes: probes(item),
        expect: item.expect.iter().map(|e| e.source().to_owned()).collect(),
        changes: acting.is_some_and(|a| !a.reads_only),
        danger: acting.and_then(|a| a.danger.as_ref()).map(|d| filled(&d.text, &scope)),
        timeout: item.timeout,
        owner: item.owner.clone(),
        required: item.required,
        pins: item.captures.iter().filter(|c| c.spec.pin).map(|c| c.spec.name.clone()).collect(),
        undo: item.undo.iter().filter_map(id).collect(),
        undoes: item.undoes.as_ref().and_then(id),
        why: item.why.clone(),
    }
}

/// The command as far as it is known, and what it waits for.
fn command(state: &State, index: usize) -> (Option<Vec<String>>, Option<String>) {
    let Action::Run(Run { program, .. }) = &state.plan.items[index].action else { return (None, None) };
    match resolve(state, index) {
        Ok(started) => match started.what {
            Resolved::Argv(words) => (Some(words), None),
            Resolved::Script { shell, text } => (Some(vec![shell, text]), None),
            Resolved::Notice { .. } | Resolved::Watching => (None, None),
        },
        Err(why) => {
            let scope = PlanScope::new(state, index);
            let words = match program {
                Program::Argv(words) => words.iter().map(|w| filled(w, &scope)).collect(),
                Program::Script { shell, text } => vec![shell.clone(), text.clone()],
            };
            (Some(words), Some(why))
        }
    }
}

/// A text with what is known filled in; what is not known yet, or is off, stands as `<name>`.
fn filled(template: &Template, scope: &PlanScope<'_>) -> String {
    template.shown(scope)
}

fn what(item: &Item, scope: &PlanScope<'_>) -> Option<String> {
    Some(match &item.action {
        Action::Confirm(confirm) => filled(&confirm.ask, scope),
        Action::Record(record) => {
            let names: Vec<&str> = record.fields.iter().map(|f| f.name.as_str()).collect();
            format!("fields {}", names.join(", "))
        }
        Action::Notify(Notify { to, text, .. }) => {
            let to: Vec<&str> = to.iter().map(Name::as_str).collect();
            format!("to {}: {}", to.join(", "), filled(text, scope))
        }
        Action::Approve(approve) => {
            let by: Vec<&str> = approve.by.iter().map(Name::as_str).collect();
            let by = if by.is_empty() { "anybody but the operator".to_owned() } else { by.join(", ") };
            format!("{} of {by}, within {}", approve.count, short_duration(approve.within))
        }
        Action::Wait(wait) => match &wait.until {
            WaitFor::Condition(expr) => format!("until {}", expr.source()),
            WaitFor::Probes(probes) => {
                let probes: Vec<&str> = probes.iter().map(ProbeId::as_str).collect();
                format!("until {} {} in a row", probes.join(", "), wait.in_a_row)
            }
            WaitFor::Time(seconds) => short_duration(*seconds),
        },
        Action::Baseline(baseline) => format!("over {}", short_duration(baseline.over)),
        Action::Check(check) if check.probes.is_empty() => "everything it looks at is off".into(),
        Action::Check(_) | Action::Run(_) | Action::Tick => return None,
    })
}

fn probes(item: &Item) -> Vec<ProbeId> {
    match &item.action {
        Action::Check(check) => check.probes.clone(),
        Action::Baseline(baseline) => baseline.probes.clone(),
        Action::Wait(wait) => match &wait.until {
            WaitFor::Probes(probes) => probes.clone(),
            WaitFor::Condition(_) | WaitFor::Time(_) => vec![],
        },
        _ => vec![],
    }
}

fn probe(probe: &crate::engine::plan::Probe) -> ProbeLine {
    ProbeLine {
        id: probe.id.clone(),
        kind: probe.kind.key(),
        every: probe.every,
        expect: probe.expect.iter().map(|e| e.source().to_owned()).collect(),
        members: probe.members.clone(),
    }
}

fn trigger(trigger: &crate::engine::plan::Trigger) -> TriggerLine {
    TriggerLine {
        name: trigger.name.clone(),
        severity: trigger.severity.words(),
        when: match &trigger.when {
            TriggerWhen::Samples(expr) => expr.source().to_owned(),
            TriggerWhen::Manual(text) => text.clone(),
        },
        for_seconds: trigger.for_seconds,
        source: trigger.source.clone(),
    }
}
