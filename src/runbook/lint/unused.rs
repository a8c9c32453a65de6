//! Names that nobody uses.

use std::collections::HashSet;

use super::Lint;
use crate::runbook::check::{everything, scripts};
use crate::runbook::kinds::{CheckLook, ProbeKind, WaitFor};
use crate::runbook::model::{Action, TargetGroup, Then, UseOf};
use crate::runbook::{At, Fault};

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    let runbook = &lint.loaded.runbook;
    let used = used(lint);
    let mut say = |at: At, word: &str, name: &str| {
        faults.push(
            Fault::warning(at, format!("nobody uses the {word} `{name}`"))
                .width(name.len())
                .hint("take it away, or use it"),
        );
    };
    for (name, parameter) in &runbook.parameters {
        if !used.names.contains(name.as_str()) {
            say(parameter.at, "parameter", name.as_str());
        }
    }
    for (name, probe) in &runbook.probes {
        if !used.names.contains(name.as_str()) {
            say(probe.at, "probe", name.as_str());
        }
    }
    for (name, block) in &runbook.blocks {
        if !used.blocks.contains(name.as_str()) {
            say(block.at, "block", name.as_str());
        }
    }
    for (name, channel) in &runbook.channels {
        if !used.channels.contains(name.as_str()) {
            say(channel.at, "channel", name.as_str());
        }
    }
    let mut pins: Vec<_> = lint.known.pins.iter().filter(|(name, _)| !used.pins.contains(name.as_str())).collect();
    pins.sort_by_key(|(_, made)| made.at);
    for (name, made) in pins {
        say(made.at, "pin", name);
    }
}

#[derive(Default)]
struct Used {
    names: HashSet<String>,
    pins: HashSet<String>,
    blocks: HashSet<String>,
    channels: HashSet<String>,
}

fn used(lint: &Lint<'_>) -> Used {
    let runbook = &lint.loaded.runbook;
    let mut used = Used::default();
    for part in everything(runbook, lint.visits) {
        for each in part.uses {
            let names = match &each.of {
                UseOf::Text(text) => text.used(),
                UseOf::Expr(expr) => expr.used(),
                UseOf::Name(_) => continue,
            };
            for name in names {
                match name.path.as_slice() {
                    [first, pin, ..] if first == "pins" => {
                        used.pins.insert(pin.clone());
                    }
                    [first] if first == "pins" => used.pins.extend(lint.known.pins.keys().cloned()),
                    [first, ..] => {
                        used.names.insert(first.clone());
                    }
                    [] => {}
                }
            }
        }
    }
    for script in scripts(runbook, lint.visits) {
        for name in variables(script) {
            if let Some(pin) = name.strip_prefix("pins_") {
                let of = lint.known.pins.keys().filter(|known| pin.starts_with(known.as_str()));
                used.pins.extend(of.cloned());
            }
            used.names.insert(name.to_owned());
        }
    }
    for group in runbook.targets.values() {
        if let TargetGroup::Each { parameter, .. } = group {
            used.names.insert(parameter.0.clone());
        }
    }
    of_probes(lint, &mut used);
    for trigger in runbook.triggers.values() {
        used.channels.extend(trigger.to.iter().map(|c| c.0.clone()));
        if let Then::Block(block) = &trigger.then {
            used.blocks.insert(block.0.clone());
        }
    }
    for visit in lint.visits {
        match &visit.step.action {
            Action::Use(block) => {
                used.blocks.insert(block.block.0.clone());
            }
            Action::Notify(notify) => used.channels.extend(notify.to.iter().map(|c| c.0.clone())),
            _ => {}
        }
    }
    used
}

fn of_probes(lint: &Lint<'_>, used: &mut Used) {
    let runbook = &lint.loaded.runbook;
    let mut group = |kind: &ProbeKind| {
        if let ProbeKind::AllOf(members) | ProbeKind::AnyOf(members) = kind {
            used.names.extend(members.iter().map(|m| m.0.clone()));
        }
    };
    runbook.probes.values().for_each(|probe| group(&probe.spec.kind));
    for visit in lint.visits {
        if let Action::Check(check) = &visit.step.action
            && let CheckLook::Own(spec) = &check.look
        {
            group(&spec.kind);
        }
    }
    let mut name = |probe: &crate::runbook::kinds::ProbeRef| {
        used.names.insert(probe.name.0.clone());
    };
    runbook.panes.iter().flat_map(|pane| &pane.probes).for_each(&mut name);
    for visit in lint.visits {
        match &visit.step.action {
            Action::Check(check) => {
                if let CheckLook::Probe(probe) = &check.look {
                    name(probe);
                }
            }
            Action::Wait(wait) => {
                if let WaitFor::Probe(probe) = &wait.until {
                    name(probe);
                }
            }
            Action::Baseline(baseline) => baseline.probes.iter().for_each(&mut name),
            action => {
                if let Some(settle) = action.acting().and_then(|a| a.settle.as_ref()) {
                    name(settle);
                }
            }
        }
    }
}

/// Names of variables in a script: `$name`, `${name…}`, and what programs in it read from the environment.
fn variables(script: &str) -> impl Iterator<Item = &str> {
    script.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
