//! Steps that no choice of parameters reaches.

use super::Lint;
use crate::runbook::Fault;
use crate::runbook::check::{Choices, Found, MOST};

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    let choices = Choices::new(&lint.loaded.runbook);
    let mut told = std::collections::HashSet::new();
    for visit in lint.visits {
        let conditions = visit.conditions();
        if conditions.is_empty() {
            continue;
        }
        let at = visit.step.at;
        match choices.reach(&conditions) {
            Found::Yes => {}
            Found::No => {
                let all = conditions.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" and ");
                faults.push(Fault::warning(
                    at,
                    format!("no choice of parameters reaches `{}`: {all} never holds", visit.step.title),
                ));
            }
            Found::TooMany => {
                if told.insert(conditions.iter().map(|c| c.source()).collect::<Vec<_>>()) {
                    let message = format!(
                        "whether a choice of parameters reaches `{}` was not looked at: there are more than {MOST}",
                        visit.step.title
                    );
                    faults.push(Fault::warning(at, message));
                }
            }
        }
    }
}
