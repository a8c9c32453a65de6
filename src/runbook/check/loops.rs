//! Groups of probes, triggers and blocks that lead back to themselves.

use std::collections::HashMap;

use crate::runbook::kinds::ProbeKind;
use crate::runbook::model::{Action, Runbook};
use crate::runbook::{At, Fault};
use crate::words::Name;

/// Groups of probes, triggers and blocks that lead back to themselves.
pub fn check(runbook: &Runbook, faults: &mut Vec<Fault>) {
    let probes = runbook.probes.iter().map(|(name, probe)| {
        let to = match &probe.spec.kind {
            ProbeKind::AllOf(members) | ProbeKind::AnyOf(members) => members.clone(),
            _ => vec![],
        };
        (name.clone(), (to, probe.at))
    });
    cycle(probes.collect(), "the group", "holds itself", faults);
    let triggers = runbook.triggers.iter().filter(|(name, t)| t.unless.as_ref() != Some(name));
    let triggers = triggers.map(|(name, t)| (name.clone(), (t.unless.iter().cloned().collect(), t.at)));
    cycle(triggers.collect(), "the trigger", "inhibits itself in the end", faults);
    let blocks = runbook.blocks.iter().map(|(name, block)| {
        let mut to = vec![];
        let mut collect = |steps: &[crate::runbook::model::Step]| {
            for step in steps {
                if let Action::Use(used) = &step.action {
                    to.push(used.block.clone());
                }
            }
        };
        collect(&block.steps);
        for step in &block.steps {
            if let Action::Group { steps, .. } = &step.action {
                collect(steps);
            }
            collect(&step.undo);
        }
        (name.clone(), (to, block.at))
    });
    cycle(blocks.collect(), "the block", "uses itself", faults);
}

/// Tells each name that a chain of edges leads back to.
fn cycle(edges: HashMap<Name, (Vec<Name>, At)>, what: &str, does: &str, faults: &mut Vec<Fault>) {
    let mut done: HashMap<&Name, bool> = HashMap::new();
    let mut names: Vec<&Name> = edges.keys().collect();
    names.sort();
    let mut found = vec![];
    for start in names {
        let mut path = vec![(start, 0usize)];
        while let Some((name, next)) = path.pop() {
            if next == 0 {
                if done.contains_key(name) {
                    continue;
                }
                done.insert(name, false);
            }
            match edges.get(name).and_then(|(to, _)| to.get(next)) {
                Some(to) => {
                    path.push((name, next + 1));
                    match done.get(to) {
                        Some(false) => found.push(to),
                        Some(true) => {}
                        None => path.push((to, 0)),
                    }
                }
                None => {
                    done.insert(name, true);
                }
            }
        }
    }
    for name in found {
        let at = edges.get(name).map_or(At::default(), |(_, at)| *at);
        faults.push(Fault::error(at, format!("{what} `{name}` {does}")));
    }
}
