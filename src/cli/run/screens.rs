//! The screens before a flight: the form of its values, then the plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flight::Flight;
use super::values::{self, Planned, Texts};
use crate::cli::book::Book;
use crate::cli::{Stop, plan};
use crate::engine::event::Overlay;
use crate::engine::plan::Effect;
use crate::runbook::kinds::{Field, FieldType};
use crate::runbook::parameters::read;
use crate::tui::Begin;
use crate::tui::start::{Blocked, Decided, Form, FormData, Left, PlanBefore, PlanData, Session, Shown, Values};
use crate::words::Name;

/// What came of the screens.
pub enum Asked {
    /// Start, with this.
    Start(Begin),
    /// Nothing is started.
    Back,
    /// A signal ended it.
    Interrupted,
}

/// Shows form and plan until the flight is to be started or is given up. Training asks for no values unless one is
/// missing.
pub fn ask(session: &mut Session, flight: &mut Flight<'_>, form: bool) -> Result<Asked, Stop> {
    let has_form = form || !values::unanswered(&flight.resolved()).is_empty();
    loop {
        if has_form {
            match fill(session, flight)? {
                Left::Answered(true) => {}
                Left::Answered(false) => return Ok(Asked::Back),
                Left::Interrupted => return Ok(Asked::Interrupted),
            }
            flight.make_world()?;
        }
        let data = plan_data(flight, has_form)?;
        match session.show(&mut PlanBefore::new(data)).map_err(|e| Stop::usage(e.to_string()))? {
            Left::Answered(Decided::Start(begin)) => return Ok(Asked::Start(begin)),
            Left::Answered(Decided::Back) if has_form => {}
            Left::Answered(Decided::Back) => return Ok(Asked::Back),
            Left::Interrupted => return Ok(Asked::Interrupted),
        }
    }
}

/// Shows the form; false: it was left.
fn fill(session: &mut Session, flight: &mut Flight<'_>) -> Result<Left<bool>, Stop> {
    let resolved = flight.resolved();
    // With values missing there may be no plan yet; the header then says what it can.
    let world = flight.plan(&resolved).map(|plan| flight.world(&plan)).unwrap_or_else(|_| "flightdeck".into());
    let given = resolved.origins.values().filter(|origin| *origin == "sandbox").count();
    let mut intro = vec!["Values of this run. Nothing starts here; the plan comes first.".to_owned()];
    if flight.overlay().is_some() {
        intro.push(format!("The sandbox gives {given} more: addresses, ports, names. Nothing leaves this machine."));
    }
    let asked = AskedValues { book: flight.book, texts: &flight.texts, overlay: flight.overlay() };
    let data = FormData {
        world,
        training: flight.scenario.is_some(),
        title: flight.book.loaded.runbook.title.clone(),
        intro,
        name: flight.operator.name().to_owned(),
        typed: flight.texts.typed.clone(),
        values: &asked,
    };
    match session.show(&mut Form::new(data)).map_err(|e| Stop::usage(e.to_string()))? {
        Left::Answered(Some(filled)) => {
            flight.fill(&filled.name, filled.typed);
            Ok(Left::Answered(true))
        }
        Left::Answered(None) => Ok(Left::Answered(false)),
        Left::Interrupted => Ok(Left::Interrupted),
    }
}

fn plan_data(flight: &Flight<'_>, has_form: bool) -> Result<PlanData, Stop> {
    let resolved = flight.resolved();
    values::refuse_problems(&resolved)?;
    let plan = flight.plan(&resolved)?;
    flight.refuse_held(&plan)?;
    let training = flight.scenario.is_some();
    let blocked = plan.limitations.iter().filter(|l| l.effect == Effect::Blocks);
    let blocked = blocked.map(|l| Blocked { name: l.name.clone(), text: l.text.clone(), workaround: l.workaround.clone() });
    Ok(PlanData {
        world: flight.world(&plan),
        training,
        title: plan.title.clone(),
        blocked: blocked.collect(),
        target: plan.target_name().filter(|_| !training).map(str::to_owned),
        has_form,
        plan: plan::written(flight.book, &Planned::of(&flight.book.loaded.runbook, &resolved), &Arc::new(plan)),
    })
}

/// What the form shows of a runbook's parameters.
struct AskedValues<'a> {
    book: &'a Book,
    texts: &'a Texts,
    overlay: Option<&'a Overlay>,
}

impl Values for AskedValues<'_> {
    fn look(&self, typed: &BTreeMap<Name, String>) -> Vec<Shown> {
        let texts = Texts { typed: typed.clone(), ..self.texts.clone() };
        let resolved = texts.resolve(self.book, self.overlay);
        let runbook = &self.book.loaded.runbook;
        let commands = values::commands(runbook, &resolved).unwrap_or_default();
        let missing = values::unanswered(&resolved);
        let mut shown = vec![];
        for (name, parameter) in &runbook.parameters {
            let origin = resolved.origins.get(name).cloned().unwrap_or_default();
            if resolved.off.contains(name) || origin == "sandbox" {
                continue;
            }
            let field = &parameter.field;
            let text = match resolved.secrets.0.get(name) {
                Some(secret) => secret.clone(),
                None => resolved.values.get(name).map(ToString::to_string).unwrap_or_default(),
            };
            let error = match typed.get(name) {
                Some(text) => read(field, text).err(),
                None => resolved.problems.iter().find(|p| p.message.contains(&format!("`{name}`"))).map(|p| p.message.clone()),
            };
            let missing = missing.contains(&name) && error.is_none();
            shown.push(Shown {
                name: name.clone(),
                ask: field.ask.as_ref().map_or_else(|| name.0.clone(), |ask| ask.source().to_owned()),
                hint: hint(field),
                choices: choices(field),
                secret: parameter.is_secret(),
                text,
                origin,
                error,
                missing,
                command: commands.get(name).map(|words| crate::words::shell_words(words)),
            });
        }
        shown
    }
}

fn choices(field: &Field) -> Vec<String> {
    match &field.kind {
        FieldType::OneOf(all) => all.clone(),
        FieldType::Bool => vec!["true".into(), "false".into()],
        _ => vec![],
    }
}

/// What may be typed, in words.
fn hint(field: &Field) -> String {
    let kind = match &field.kind {
        FieldType::Text => "text".to_owned(),
        FieldType::Number => "a number".into(),
        FieldType::Bool => "true or false".into(),
        FieldType::Duration => "a duration such as 90s, 5m, 24h".into(),
        FieldType::Size => "a size such as 512MiB".into(),
        FieldType::Percent => "a percentage such as 95%".into(),
        FieldType::Time => "a day or time, YYYY-MM-DD or with THH:MM:SSZ".into(),
        FieldType::Url => "an address with https:// or the like".into(),
        FieldType::File => "a file's path".into(),
        FieldType::Folder => "a folder's path".into(),
        FieldType::GitRef => "a commit, branch or tag".into(),
        FieldType::List => "a list, separated by commas".into(),
        FieldType::Secret => "a secret, at least 6 characters; written nowhere".into(),
        FieldType::OneOf(_) => "one of these".into(),
        FieldType::SomeOf(all) => format!("any of {}, separated by commas", all.join(", ")),
    };
    let mut words = vec![kind];
    words.extend(field.pattern.as_ref().map(|pattern| format!("like {pattern}")));
    words.extend(field.min.as_ref().map(|min| format!("at least {min}")));
    words.extend(field.max.as_ref().map(|max| format!("at most {max}")));
    if field.optional {
        words.push("may stay empty".into());
    }
    words.join(", ")
}
