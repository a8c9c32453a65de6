//! When a name has a value: parameters at the start, captures after their step, pins on the way back.

use std::collections::BTreeMap;

use super::known::Made;
use super::types::{Around, Time, Types};
use super::walk::{Place, Visit};
use crate::expr::{Fault, Type, Used};
use crate::runbook::model::Use;
use crate::words::Name;

impl Types<'_> {
    /// Rules about a name beyond its type: when it has a value, and what may use it.
    pub(super) fn used(
        &mut self,
        each: &Use,
        used: &Used,
        around: &Around<'_>,
        fields: Option<&BTreeMap<String, Type>>,
        clean: bool,
    ) {
        let Some(name) = used.path.first().map(String::as_str) else { return };
        if fields.is_some_and(|fields| fields.contains_key(name)) {
            return;
        }
        if around.block.is_some_and(|block| block.parameters.contains_key(&Name::from(name))) {
            return;
        }
        let fault = |message: String| Fault::new(used.span.clone(), message);
        if used.call == Some("baseline")
            && !self.baseline.contains(name)
            && self.runbook.probes.contains_key(&Name::from(name))
        {
            let wrong = fault(format!("no step takes a baseline of `{name}`"));
            return self
                .push(each, wrong.hint(format!("write a step with `baseline: {{ probes: [{name}], over: 5m }}`")));
        }
        if let Time::Start(before, groups) = around.time {
            let wrong = match self.runbook.parameters.get_index_of(&Name::from(name)) {
                Some(index) if index < before => None,
                Some(index) if index + 1 == self.runbook.parameters.len() || index >= before => {
                    Some(fault(format!("`{name}` stands below: a parameter may use those above it")))
                }
                Some(_) => None,
                None if matches!(name, "runbook" | "item" | "objectives" | "now") => None,
                None if name == "run"
                    && matches!(used.path.get(1).map(String::as_str), Some("id" | "operator" | "dir")) =>
                {
                    None
                }
                None if self.runbook.targets.get_index_of(&Name::from(name)).is_some_and(|index| index < groups)
                    && !self.known.group_has_secret(name) =>
                {
                    None
                }
                None if clean => Some(fault(format!("`{name}` has no value yet when this is read")).hint(
                    "only parameters and `runbook` are known at the start; to a target also the groups above it",
                )),
                None => None,
            };
            if let Some(wrong) = wrong {
                return self.push(each, wrong);
            }
            return;
        }
        let Some((index, visit)) = around.visit else { return };
        if name == "pins" {
            return;
        }
        if let Some(made) = self.known.captures.get(name) {
            self.capture(each, used, name, made, index, visit);
        }
    }

    /// A capture before it is made, or where only pins are.
    fn capture(&mut self, each: &Use, used: &Used, name: &str, made: &Made, index: usize, visit: &Visit<'_>) {
        if used.only_whether {
            return;
        }
        let back = visit.place == Place::Rollback || visit.undoes.is_some();
        let own = |a: &Visit<'_>| std::ptr::eq(a.step, visit.step);
        let wrong = if back && !made.in_rollback {
            let message = format!("`{name}` is no pin: an undo and the rollback use only what is pinned");
            Some(Fault::new(used.span.clone(), message).hint(format!("make it with `pin:`, and write `pins.{name}`")))
        } else if let Some(block) = &made.block {
            let same = matches!(visit.place, Place::Block(name) if name == block) && made.visit < index;
            let used_before = self.known.first_use.get(block).is_some_and(|first| *first < index);
            (!same && !used_before && !matches!(visit.place, Place::Block(_))).then(|| {
                Fault::new(
                    used.span.clone(),
                    format!("`{name}` is made in the block `{block}`, which is not used before this"),
                )
            })
        } else if made.visit > index && !matches!(visit.place, Place::Block(_)) {
            let message = format!("`{name}` is made later, in line {}", made.at.line);
            Some(Fault::new(used.span.clone(), message).hint("a capture is used after the step that makes it"))
        } else if made.visit == index && own(visit) && !matches!(each.key, "expect" | "until" | "capture" | "pin") {
            Some(Fault::new(
                used.span.clone(),
                format!("`{name}` is made by this step: it has no value before it ended"),
            ))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.push(each, wrong);
        }
    }
}
