//! What steps may and may not be, beyond their keys.

use std::collections::HashSet;

use crate::expr::{As, parse_value};
use crate::runbook::kinds::{AnswerType, CaptureOf, Field, FieldType, WaitFor};
use crate::runbook::model::{Action, Runbook, TargetGroup, Use, UseOf};
use crate::runbook::parameters::{read, read_as};
use crate::runbook::read::Unread;
use crate::runbook::{At, Fault};

use super::walk::{Place, Visit};

/// Rules that a step breaks by itself.
pub fn check(runbook: &Runbook, unread: &Unread, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    for visit in visits.iter().filter(|visit| !unread.contains(&visit.step.at)) {
        step(visit, faults);
    }
    fields(runbook, visits, faults);
    let steps = runbook.phases.iter().flat_map(|p| &p.sections).any(|s| !s.steps.is_empty());
    if let (false, Some(first)) = (steps, runbook.phases.first()) {
        let at = first.at;
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
            say(
                "`retry` repeats what may have happened: only an idempotent step is repeated",
                "write `idempotent: true`, if it is",
            );
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
    let from_fields = step.captures.iter().any(|c| !matches!(c.of, CaptureOf::Text(_)));
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
        field(name.as_str(), &parameter.field, parameter.at, &parameter.uses, faults);
    }
    for block in runbook.blocks.values() {
        for (name, parameter) in &block.parameters {
            field(name.as_str(), &parameter.field, parameter.at, &parameter.uses, faults);
        }
    }
    for visit in visits {
        if let Action::Record(record) = &visit.step.action {
            for (name, of) in &record.fields {
                field(name.as_str(), of, visit.step.at, &visit.step.uses, faults);
            }
        }
    }
}

fn field(name: &str, field: &Field, at: At, uses: &[Use], faults: &mut Vec<Fault>) {
    // Of several fields of one form the text tells which one is meant.
    let place = |key: &str, text: &str| {
        let is = |each: &&Use| match &each.of {
            UseOf::Name(name) => name == text,
            UseOf::Text(template) => template.source() == text,
            UseOf::Expr(_) => false,
        };
        uses.iter().filter(|each| each.key == key).find(is).map_or(at, |each| each.at)
    };
    let ordered = matches!(
        field.kind,
        FieldType::Number
            | FieldType::Duration
            | FieldType::Size
            | FieldType::Percent
            | FieldType::Time
            | FieldType::List
            | FieldType::SomeOf(_)
    );
    let lists = matches!(field.kind, FieldType::List | FieldType::SomeOf(_));
    for (key, limit) in [("min", &field.min), ("max", &field.max)] {
        let Some(limit) = limit else { continue };
        let mut say =
            |message: String| faults.push(Fault::error(place(key, limit), message).width(limit.chars().count()));
        if !ordered {
            say(format!("`{key}` of `{name}`: such a value has no order"));
        } else if let Err(why) = parse_value(limit, if lists { As::Number } else { read_as(&field.kind) }) {
            say(format!("`{key}` of `{name}`: {why}"));
        }
    }
    let texts = FieldType::Text == field.kind
        || matches!(
            field.kind,
            FieldType::Url
                | FieldType::File
                | FieldType::Folder
                | FieldType::GitRef
                | FieldType::Secret
                | FieldType::List
        );
    if field.pattern.is_some() && !texts {
        faults.push(Fault::error(at, format!("`pattern` of `{name}`: only texts match a pattern")));
    }
    if let FieldType::OneOf(choices) | FieldType::SomeOf(choices) = &field.kind {
        let mut seen = HashSet::new();
        for choice in choices.iter().filter(|choice| !seen.insert(choice.as_str())) {
            faults.push(Fault::error(at, format!("`{name}` offers `{choice}` twice")));
        }
    }
    let Some(default) = &field.default else { return };
    let spot = place("default", default.source());
    if field.kind == FieldType::Secret {
        let message = format!("the secret `{name}` has a default, which stands in the runbook");
        faults.push(Fault::error(spot, message).hint("read it: `from: { env: … }` or `from: { file: … }`"));
    } else if let Some(text) = default.as_plain()
        && let Err(why) = read(field, text)
    {
        faults.push(Fault::error(spot, format!("the default of `{name}`: {why}")).width(text.chars().count()));
    }
}
