//! Reviews that are overdue.

use chrono::NaiveDate;

use super::Lint;
use crate::runbook::Fault;
use crate::runbook::model::Runbook;

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    let runbook = &lint.loaded.runbook;
    if let Some(message) = overdue(runbook, lint.today) {
        faults.push(Fault::warning(runbook.reviewed_at, message).hint("review it, and write the day as `reviewed`"));
    }
    if runbook.review_every.is_some() && runbook.reviewed.is_none() {
        let message = "`review_every` is given, and no `reviewed`: nobody knows when it was reviewed last";
        faults.push(Fault::warning(runbook.reviewed_at, message));
    }
}

pub(super) fn overdue(runbook: &Runbook, today: NaiveDate) -> Option<String> {
    let (reviewed, every) = (runbook.reviewed?, runbook.review_every?);
    let days = every / 86_400.0;
    let age = (today - reviewed).num_days();
    (age as f64 > days).then(|| format!("the runbook was reviewed {age} days ago, and wants it every {days:.0}"))
}
