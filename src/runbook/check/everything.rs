//! Every text and expression of a runbook, wherever it stands, with the conditions around it.

use super::walk::{Place, Visit};
use crate::expr::Expr;
use crate::runbook::model::{Action, Runbook, TargetGroup, Use};
use crate::words::Name;

/// The texts of one part, and what must hold for it to apply.
pub struct PartUses<'a> {
    /// Its texts.
    pub uses: &'a [Use],
    /// Its conditions; of a step all those around it as well.
    pub conditions: Vec<&'a Expr>,
    /// The block that it stands in.
    pub block: Option<&'a Name>,
}

/// All parts of a runbook that have texts.
pub fn everything<'a>(runbook: &'a Runbook, visits: &[Visit<'a>]) -> Vec<PartUses<'a>> {
    let mut all = vec![];
    let mut add = |uses: &'a [Use], when: Option<&'a Expr>| {
        all.push(PartUses { uses, conditions: when.into_iter().collect(), block: None });
    };
    add(&runbook.uses, None);
    runbook.parameters.values().for_each(|p| add(&p.uses, p.when.as_ref()));
    runbook.guards.iter().for_each(|g| add(&g.uses, g.when.as_ref()));
    for group in runbook.targets.values() {
        match group {
            TargetGroup::Fixed { targets, .. } => targets.values().for_each(|t| add(&t.uses, t.when.as_ref())),
            TargetGroup::Each { target, .. } => add(&target.uses, target.when.as_ref()),
        }
    }
    runbook.contacts.values().for_each(|c| add(&c.uses, None));
    runbook.channels.values().for_each(|c| add(&c.uses, None));
    runbook.links.iter().for_each(|l| add(&l.uses, None));
    runbook.limitations.values().for_each(|l| add(&l.uses, l.when.as_ref()));
    runbook.probes.values().for_each(|p| add(&p.uses, p.when.as_ref()));
    runbook.panes.iter().for_each(|p| add(&p.uses, p.when.as_ref()));
    runbook.triggers.values().for_each(|t| add(&t.uses, None));
    runbook.watch.iter().for_each(|w| add(&w.uses, None));
    for phase in runbook.phases.iter().chain(&runbook.rollback) {
        all.push(PartUses { uses: &phase.uses, conditions: phase.when.iter().collect(), block: None });
        for section in &phase.sections {
            all.push(PartUses {
                uses: &section.uses,
                conditions: phase.when.iter().chain(&section.when).collect(),
                block: None,
            });
        }
    }
    for block in runbook.blocks.values() {
        for parameter in block.parameters.values() {
            all.push(PartUses { uses: &parameter.uses, conditions: vec![], block: None });
        }
    }
    for visit in visits {
        let block = match visit.place {
            Place::Block(name) => Some(name),
            _ => None,
        };
        all.push(PartUses { uses: &visit.step.uses, conditions: visit.conditions(), block });
    }
    all
}

/// All scripts of a runbook: names may stand in them as `$name`.
pub fn scripts<'a>(runbook: &'a Runbook, visits: &[Visit<'a>]) -> Vec<&'a str> {
    use crate::runbook::kinds::{CheckLook, ProbeKind};
    let of = |kind: &'a ProbeKind| match kind {
        ProbeKind::Script(script) => Some(script.script.as_str()),
        _ => None,
    };
    let mut all: Vec<&str> = runbook.probes.values().filter_map(|probe| of(&probe.spec.kind)).collect();
    for visit in visits {
        match &visit.step.action {
            Action::Script(script) => all.push(&script.text),
            Action::Check(check) => {
                if let CheckLook::Own(spec) = &check.look {
                    all.extend(of(&spec.kind));
                }
            }
            _ => {}
        }
    }
    all
}
