//! What can only be seen when the whole runbook was read: ids, names, references, types.

mod choices;
mod destroys;
mod everything;
mod ids;
mod known;
mod loops;
mod off;
mod refs;
mod rules;
mod timing;
mod types;
mod walk;

pub use choices::{Choices, Found, MOST};
pub use destroys::destroys;
pub use everything::{everything, scripts};
pub use known::{Known, step_fields};
pub use walk::{Place, Visit, visits};

use super::model::Runbook;
use super::read::Unread;
use super::{Fault, Sources};

/// Checks a whole runbook; every fault is told. What stands in `unread` parts is passed over: it has been told.
pub fn check(runbook: &Runbook, unread: &Unread, sources: &Sources, faults: &mut Vec<Fault>) {
    let visits = visits(runbook);
    ids::check(runbook, unread, &visits, faults);
    let known = Known::of(runbook, &visits, faults);
    refs::check(runbook, unread, &known, &visits, faults);
    rules::check(runbook, unread, &visits, faults);
    destroys::check(runbook, &visits, faults);
    types::check(runbook, unread, &known, &visits, sources, faults);
    off::check(runbook, &visits, sources, faults);
}
