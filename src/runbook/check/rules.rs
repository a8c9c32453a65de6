//! What steps may and may not be, beyond their keys.

use crate::runbook::Fault;
use crate::runbook::kinds::{AnswerType, Field, FieldType, WaitFor};
use crate::runbook::model::{Action, Runbook, TargetGroup};

use super::walk::{Place, Visit};

/// Rules that a step breaks by itself.
pub fn check(runbook: &Runbook, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    for visit in visits {
        step(visit, faults);
    }
    fields(runbook, visits, faults);
    let steps = runbook.phases.iter().flat_map(|p| &p.sections).any(|s| !s.steps.is_empty());
    if !steps {
        let at = runbook.phases.first().map(|p| p.at).unwrap_or_default();
        faults.push(Fault::error(at, "the runbook has no steps").hint("a plain line below `steps:` is a box to tick"));
    }
    for group in runbook.targets.values() {
        if let TargetGroup::Fixed { at, targets } = group
            && targets.is_empty()
        {
            faults.push(Fault::error(*at, "the target group is empty"));
        }
    }
}

fn step(visit: &Visit<'_>, faults: &mut Vec<Fault>) {
    let step = visit.step;
    let mut say = |message: &str, hint: &str| faults.push(Fault::error(step.at, message).hint(hint));
    match &step.action {
        Action::Group { steps, .. } => {
            if visit.group.is_some() {
                say("a group inside a group: groups are one level deep", "make a section, or a block, of it");
            }
            if steps.is_empty() {
                say("the group has no steps", "");
            }
        }
        Action::Wait(wait) if !matches!(wait.until, WaitFor::Seconds(_)) && visit.timeout.is_none() => {
            say("a `wait` without a limit may wait for ever", "give it a `timeout`");
        }
        _ => {}
    }
    if step.action.acting().is_some_and(|a| a.until.is_some()) && visit.timeout.is_none() {
        say("a stream (`until`) without a limit may run for ever", "give it a `timeout`");
    }
    if let Some(acting) = step.action.acting() {
        if acting.retry.is_some() && !acting.idempotent {
            say("`retry` repeats what may have happened: only an idempotent step is repeated", "write `idempotent: true`, if it is");
        }
        if acting.reads_only && (acting.danger.is_some() || acting.point_of_no_return.is_some()) {
            say("it only reads, and is dangerous as well: one of the two is wrong", "");
        }
        if acting.reads_only && !step.undo.is_empty() {
            say("it only reads, so there is nothing to undo", "take `reads_only` or `undo` away");
        }
    }
    if visit.undoes.is_some() {
        if step.action.acting().is_some() && visit.timeout.is_none() {
            say("an undo without a limit may hold the rollback for ever", "give it a `timeout`");
        }
        if !step.undo.is_empty() {
            say("an undo cannot be undone itself", "");
        }
    } else if visit.place == Place::Rollback && !step.undo.is_empty() {
        say("a step of the rollback has no undo", "");
    }
    let repeats = matches!(&step.action, Action::Group { pause_after: Some(_), .. });
    if repeats && step.for_each.is_none() {
        say("`pause_after` counts items, and there is no `for_each`", "");
    }
    if step.stops_clock && visit.place != Place::Rollback {
        say("`stops_clock` ends the RTO clock, which runs only in the rollback", "");
    }
    if let Action::Confirm(confirm) = &step.action
        && confirm.answer == AnswerType::None
        && (confirm.pattern.is_some() || !confirm.expect.is_empty())
    {
        say("there is no answer that `pattern` or `expect` could be about", "say which: `answer: text`");
    }
    let capturing = matches!(
        step.action,
        Action::Run(_) | Action::Script(_) | Action::Check(_) | Action::Confirm(_) | Action::Record(_)
    );
    let from_fields = step.captures.iter().any(|c| !matches!(c.of, crate::runbook::kinds::CaptureOf::Text(_)));
    if !capturing && from_fields {
        say("there is nothing to capture: this step runs, looks at and asks nothing", "");
    }
    if !capturing && !step.expect.is_empty() {
        say("there is nothing to expect of: this step runs, looks at and asks nothing", "");
    }
}

/// Parameters and fields whose limits fit their type.
fn fields(runbook: &Runbook, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    for (name, parameter) in &runbook.parameters {
        field(name.as_str(), &parameter.field, parameter.at, faults);
    }
    for block in runbook.blocks.values() {
        for (name, parameter) in &block.parameters {
            field(name.as_str(), &parameter.field, parameter.at, faults);
        }
    }
    for visit in visits {
        if let Action::Record(record) = &visit.step.action {
            for (name, of) in &record.fields {
                field(name.as_str(), of, visit.step.at, faults);
            }
        }
    }
}

fn field(name: &str, field: &Field, at: crate::runbook::At, faults: &mut Vec<Fault>) {
    let ordered = matches!(
        field.kind,
        FieldType::Number | FieldType::Duration | FieldType::Size | FieldType::Percent | FieldType::Time | FieldType::List | FieldType::SomeOf(_)
    );
    for (key, limit) in [("min", &field.min), ("max", &field.max)] {
        let Some(limit) = limit else { continue };
        if !ordered {
            faults.push(Fault::error(at, format!("`{key}` of `{name}`: such a value has no order")));
            continue;
        }
        let read_as = match field.kind {
            FieldType::List | FieldType::SomeOf(_) => crate::expr::As::Number,
            _ => crate::runbook::parameters::read_as(&field.kind),
        };
        if let Err(why) = crate::expr::parse_value(limit, read_as) {
            faults.push(Fault::error(at, format!("`{key}` of `{name}`: {why}")));
        }
    }
    if field.pattern.is_some() && !matches!(field.kind, FieldType::Text | FieldType::Url | FieldType::File | FieldType::Folder | FieldType::GitRef | FieldType::Secret | FieldType::List) {
        faults.push(Fault::error(at, format!("`pattern` of `{name}`: only texts match a pattern")));
    }
    if let FieldType::OneOf(choices) | FieldType::SomeOf(choices) = &field.kind {
        let mut seen = std::collections::HashSet::new();
        for choice in choices.iter().filter(|choice| !seen.insert(choice.as_str())) {
            faults.push(Fault::error(at, format!("`{name}` offers `{choice}` twice")));
        }
    }
    if let Some(default) = field.default.as_ref().and_then(|d| d.as_plain())
        && let Err(why) = crate::runbook::parameters::read(field, default)
    {
        faults.push(Fault::error(at, format!("the default of `{name}`: {why}")));
    }
    if field.kind == FieldType::Secret && field.default.is_some() {
        faults.push(Fault::error(at, format!("the secret `{name}` has a default, which stands in the runbook")).hint("read it: `from: { env: … }` or `from: { file: … }`"));
    }
}
