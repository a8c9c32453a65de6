//! Checks and conditions on probes that expect nothing, and so are never red.

use super::Lint;
use crate::runbook::Fault;
use crate::runbook::kinds::{CheckLook, ProbeKind, ProbeSpec, WaitFor};
use crate::runbook::model::Action;

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    let probes = &lint.loaded.runbook.probes;
    for visit in lint.visits {
        let (key, name, spec) = match &visit.step.action {
            Action::Check(check) => match &check.look {
                CheckLook::Probe(probe) => ("check", probe.to_string(), probes.get(&probe.name).map(|p| &p.spec)),
                CheckLook::Own(spec) => ("check", spec.kind.key().to_owned(), Some(spec.as_ref())),
            },
            Action::Wait(wait) => match &wait.until {
                WaitFor::Probe(probe) => ("wait", probe.to_string(), probes.get(&probe.name).map(|p| &p.spec)),
                _ => continue,
            },
            _ => continue,
        };
        if spec.is_some_and(is_gauge) && visit.step.expect.is_empty() {
            let message = format!("`{key}: {name}` expects nothing: it passes with any figure");
            faults.push(Fault::warning(visit.step.at, message).hint("say what is expected: `expect: value < …`"));
        }
    }
}

fn is_gauge(spec: &ProbeSpec) -> bool {
    let group = matches!(spec.kind, ProbeKind::AllOf(_) | ProbeKind::AnyOf(_));
    !group && spec.expect.is_empty() && spec.kind.fields(spec.unit).defaults.is_empty()
}
