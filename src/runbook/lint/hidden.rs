//! Fields that hide a name in `expect`.

use super::Lint;
use crate::expr::Names;
use crate::runbook::Fault;
use crate::runbook::check::step_fields;
use crate::runbook::model::{Use, UseOf, Want};

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    let runbook = &lint.loaded.runbook;
    for visit in lint.visits.iter().filter(|v| !v.step.expect.is_empty()) {
        let fields = step_fields(runbook, visit);
        tell(lint, &visit.step.uses, &|name| fields.contains_key(name), faults);
    }
    for probe in runbook.probes.values() {
        let fields = probe.spec.kind.fields(probe.spec.unit);
        tell(lint, &probe.uses, &|name| fields.types.iter().any(|(field, _)| *field == name), faults);
    }
}

fn tell(lint: &Lint<'_>, uses: &[Use], is_field: &dyn Fn(&str) -> bool, faults: &mut Vec<Fault>) {
    for each in uses.iter().filter(|u| u.want == Want::Expect) {
        let UseOf::Expr(expr) = &each.of else { continue };
        for used in expr.used() {
            let Some(name) = used.path.first() else { continue };
            if is_field(name) && lint.known.type_of(name).is_some() {
                let at = lint.loaded.sources.inside(each.at, expr.source(), used.span.start);
                let message = format!("`{name}` is the field of the look here, not what has this name elsewhere");
                faults.push(Fault::warning(at, message).width(name.len()).hint("give the other one another name"));
            }
        }
    }
}
