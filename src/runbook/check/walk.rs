//! All steps of a runbook in order, each with what surrounds it.

use crate::expr::Expr;
use crate::runbook::model::{Action, Phase, Runbook, Section, Step};
use crate::words::Name;

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place<'a> {
    /// In a phase.
    Phase,
    /// In the rollback.
    Rollback,
    /// In a block.
    Block(&'a Name),
}

/// A step with what surrounds it.
#[derive(Clone, Debug)]
pub struct Visit<'a> {
    /// The step.
    pub step: &'a Step,
    /// Where it stands.
    pub place: Place<'a>,
    /// The phase, if it stands in one.
    pub phase: Option<&'a Phase>,
    /// The section, if it stands in one.
    pub section: Option<&'a Section>,
    /// The group that it stands in.
    pub group: Option<&'a Step>,
    /// The step that it undoes.
    pub undoes: Option<&'a Step>,
    /// The nearest `for_each` around it, its own first.
    pub for_each: Option<&'a Expr>,
    /// Seconds that it may take, by itself or by what surrounds it.
    pub timeout: Option<f64>,
}

impl<'a> Visit<'a> {
    /// Every condition that must hold for the step to apply, the outermost first.
    pub fn conditions(&self) -> Vec<&'a Expr> {
        let all = [
            self.phase.and_then(|p| p.when.as_ref()),
            self.section.and_then(|s| s.when.as_ref()),
            self.group.and_then(|g| g.when.as_ref()),
            self.undoes.and_then(|s| s.when.as_ref()),
            self.step.when.as_ref(),
        ];
        all.into_iter().flatten().collect()
    }

    /// A `for_each` that makes several items of it: its own, or its group's.
    pub fn is_repeated(&self) -> bool {
        self.for_each.is_some()
    }
}

/// All steps in the order of the flight: phases, then the rollback, then blocks; an undo after its step.
pub fn visits(runbook: &Runbook) -> Vec<Visit<'_>> {
    let mut all = vec![];
    let outer = runbook.defaults.timeout;
    for phase in &runbook.phases {
        phase_visits(phase, Place::Phase, outer, &mut all);
    }
    if let Some(rollback) = &runbook.rollback {
        phase_visits(rollback, Place::Rollback, outer, &mut all);
    }
    for (name, block) in &runbook.blocks {
        let blank = Visit {
            step: match block.steps.first() {
                Some(step) => step,
                None => continue,
            },
            place: Place::Block(name),
            phase: None,
            section: None,
            group: None,
            undoes: None,
            for_each: None,
            timeout: outer,
        };
        for step in &block.steps {
            step_visits(step, &blank, &mut all);
        }
    }
    all
}

fn phase_visits<'a>(phase: &'a Phase, place: Place<'a>, outer: Option<f64>, all: &mut Vec<Visit<'a>>) {
    let outer = phase.defaults.timeout.or(outer);
    for section in &phase.sections {
        for step in &section.steps {
            let around = Visit {
                step,
                place,
                phase: Some(phase),
                section: Some(section),
                group: None,
                undoes: None,
                for_each: None,
                timeout: section.defaults.timeout.or(outer),
            };
            step_visits(step, &around, all);
        }
    }
}

fn step_visits<'a>(step: &'a Step, around: &Visit<'a>, all: &mut Vec<Visit<'a>>) {
    let visit = Visit {
        step,
        for_each: step.for_each.as_ref().or(around.for_each),
        timeout: step.defaults.timeout.or(around.timeout),
        ..around.clone()
    };
    all.push(visit.clone());
    if let Action::Group { steps, .. } = &step.action {
        let inside = Visit { group: Some(step), ..visit.clone() };
        for step in steps {
            step_visits(step, &inside, all);
        }
    }
    // What undoes a step has its item, and its own time: a limit of the command is no limit of its undo.
    let back = Visit { undoes: Some(step), timeout: around.timeout, ..visit };
    for undo in &step.undo {
        step_visits(undo, &back, all);
    }
}
