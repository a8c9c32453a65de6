//! Commands without a time limit.

use super::Lint;
use crate::runbook::Fault;

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    for visit in lint.visits {
        if visit.step.action.acting().is_some() && visit.timeout.is_none() {
            let message = format!("`{}` has no time limit", visit.step.title);
            faults.push(
                Fault::warning(visit.step.at, message)
                    .hint("give it a `timeout`, or all of them: `defaults: { timeout: 10m }`"),
            );
        }
    }
}
