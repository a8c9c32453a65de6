//! Ids of steps and phases: one of a kind each.

use std::collections::HashMap;

use super::walk::{Place, Visit};
use crate::expr::nearest;
use crate::runbook::kinds::is_name;
use crate::runbook::model::{Runbook, UseOf};
use crate::runbook::read::Unread;
use crate::runbook::{At, Fault};

/// Step ids are unique over the runbook, those of a block within it; phase ids among phases.
pub fn check(runbook: &Runbook, unread: &Unread, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    let mut seen: HashMap<(Option<&str>, &str), At> = HashMap::new();
    for visit in visits {
        let step = visit.step;
        let at = step.uses.iter().find(|each| each.key == "id").map_or(step.at, |each| each.at);
        if step.id_written && !is_name(&step.id) {
            faults.push(
                Fault::error(at, format!("`{}` cannot be an id: it is `[a-z][a-z0-9_]*`", step.id))
                    .hint("give it another `id`"),
            );
            continue;
        }
        if step.id.is_empty() {
            if unread.contains(&step.at) {
                continue;
            }
            faults.push(Fault::error(step.at, "no word is left of the title for an id").hint("give the step an `id`"));
            continue;
        }
        let space = match visit.place {
            Place::Block(name) => Some(name.as_str()),
            Place::Phase | Place::Rollback => None,
        };
        match seen.get(&(space, step.id.as_str())) {
            Some(first) => {
                let hint = if step.id_written { "ids are unique over the runbook" } else { "give one of them an `id`" };
                let message = format!("two steps have the id `{}`; the first stands in line {}", step.id, first.line);
                faults.push(Fault::error(at, message).hint(hint));
            }
            None => {
                seen.insert((space, step.id.as_str()), step.at);
            }
        }
    }
    for each in runbook.uses.iter().filter(|each| each.key == "steps") {
        let UseOf::Name(id) = &each.of else { continue };
        let base = id.split('[').next().unwrap_or_default();
        if !visits.iter().any(|visit| visit.step.id == base) {
            let near = nearest(base, visits.iter().map(|visit| visit.step.id.as_str()));
            let hint =
                near.map_or_else(|| "ids of steps stand here".to_owned(), |near| format!("did you mean `{near}`?"));
            faults.push(Fault::error(each.at, format!("no step has the id `{base}`")).width(id.len()).hint(hint));
        }
    }
    let mut phases: HashMap<&str, At> = HashMap::new();
    for phase in runbook.phases.iter().filter(|phase| phase.title.is_some()) {
        if phase.id.is_empty() || !is_name(&phase.id) {
            faults.push(
                Fault::error(phase.at, format!("`{}` cannot be a phase's id", phase.id)).hint("give the phase an `id`"),
            );
        } else if let Some(first) = phases.insert(&phase.id, phase.at) {
            let message = format!("two phases have the id `{}`; the first stands in line {}", phase.id, first.line);
            faults.push(Fault::error(phase.at, message).hint("give one of them an `id`"));
        }
    }
}
