//! The forms and menus of the verbs: answer, skip, defer, override, reopen, edit, danger, note, pause.

use std::collections::BTreeMap;

use super::form::Made;
use super::{Deed, Field, Form, Menu};
use crate::engine::event::{Resolved, Return};
use crate::engine::plan::{Action, AnswerKind, Due, Effect};
use crate::engine::{PlanScope, Status, Want, resolve};
use crate::link::FromClient;
use crate::tui::enter::answered;
use crate::tui::facts;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::words::{Actor, Proof};

/// A reason that is not empty.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("a reason is needed".into()) } else { Ok(text.to_owned()) }
}

fn kind_words(kind: &AnswerKind) -> String {
    match kind {
        AnswerKind::None => String::new(),
        AnswerKind::Text => "text".into(),
        AnswerKind::Number => "a number".into(),
        AnswerKind::Percent => "a percentage, such as 95.2%".into(),
        AnswerKind::Date => "a date, such as 2026-11-24".into(),
        AnswerKind::Time => "a time, such as 2026-11-24T09:00Z".into(),
        AnswerKind::Duration => "a duration, such as 5m".into(),
        AnswerKind::Link => "a link, https://…".into(),
        AnswerKind::File => "a file that exists".into(),
        AnswerKind::Bool => "yes or no".into(),
        AnswerKind::OneOf(choices) => format!("one of {}", text::line(&choices.join(", "))),
    }
}

fn choices(kind: &AnswerKind) -> Vec<String> {
    match kind {
        AnswerKind::OneOf(choices) => choices.clone(),
        AnswerKind::Bool => vec!["yes".into(), "no".into()],
        _ => vec![],
    }
}

/// The form of a confirm or record.
pub fn answer(ctx: &Ctx<'_>, index: usize) -> Form {
    let item = &ctx.model.state.plan.items[index];
    let scope = PlanScope::new(&ctx.model.state, index);
    let mut intro: Vec<String> = vec![];
    let mut names: Vec<String> = vec![];
    let mut fields: Vec<Field> = vec![];
    match &item.action {
        Action::Confirm(confirm) => {
            let ask = text::line(&confirm.ask.shown(&scope));
            if confirm.answer == AnswerKind::None {
                intro.push(ask);
            } else {
                let text = answered(ctx, index, "answer")
                    .or_else(|| confirm.default.as_ref()?.fill(&scope).ok())
                    .unwrap_or_default();
                let mut field = Field::new(ask, kind_words(&confirm.answer), &text);
                field.choices = choices(&confirm.answer);
                fields.push(field);
                names.push("answer".into());
            }
        }
        Action::Record(record) => {
            for field in &record.fields {
                let ask = text::line(field.ask.as_deref().unwrap_or(field.name.as_str()));
                let text = answered(ctx, index, field.name.as_str())
                    .or_else(|| field.default.as_ref()?.fill(&scope).ok())
                    .unwrap_or_default();
                let optional = if field.optional { ", may stay empty" } else { "" };
                let mut made = Field::new(ask, format!("{}{optional}", kind_words(&field.answer)), &text);
                made.choices = choices(&field.answer);
                fields.push(made);
                names.push(field.name.0.clone());
            }
        }
        _ => {}
    }
    let wanted = facts::wanted(item);
    if !wanted.is_empty() {
        intro.push(format!("expects {wanted}"));
    }
    let (id, seen) = (item.id.clone(), ctx.seen(index));
    let verb = if names.is_empty() { "yes" } else { "answer" };
    Form::new("answer", facts::title(ctx.model, index), fields, verb, move |texts| {
        let fields: BTreeMap<String, String> = names.iter().cloned().zip(texts.iter().cloned()).collect();
        Ok(Want::Answer { item: id.clone(), seen, fields })
    })
    .intro(intro)
    .about(index)
}

/// The words of a danger.
pub fn danger(ctx: &Ctx<'_>, index: usize, words: &str, shown: &str) -> Form {
    let item = &ctx.model.state.plan.items[index];
    let mut intro = vec![facts::danger_text(ctx.model, index).unwrap_or_default()];
    if let Action::Run(run) = &item.action
        && let Some(why) = &run.acting.point_of_no_return
    {
        intro.push(format!("Point of no return: {}", text::line(why)));
    }
    let above = facts::unsettled_above(ctx.model, index);
    if !above.is_empty() {
        intro.push(format!("Out of order: not settled above it: {}", above.join(", ")));
    }
    let (id, seen, shown, wanted) = (item.id.clone(), ctx.seen(index), shown.to_owned(), words.to_owned());
    let field = Field::new(format!("Type {} to start it", text::line(words)), "", "");
    Form::new("danger", facts::title(ctx.model, index), vec![field], "start it", move |texts| {
        let typed = texts.first().map(|t| t.trim().to_owned()).unwrap_or_default();
        if typed != wanted {
            return Err(format!("that is not it: type {} to start, Esc goes back", text::line(&wanted)));
        }
        Ok(Want::Start { item: id.clone(), seen, shown: shown.clone(), typed: Some(typed), out_of_order: true })
    })
    .intro(intro)
}

fn reason_form(
    ctx: &Ctx<'_>,
    index: usize,
    name: &'static str,
    ask: &str,
    verb: &str,
    make: impl Fn(String) -> Want + 'static,
) -> Form {
    let fields = vec![Field::new(ask, "", "")];
    Form::new(name, facts::title(ctx.model, index), fields, verb, move |texts| {
        reason(texts.first().map(String::as_str).unwrap_or_default()).map(&make)
    })
    .about(index)
}

/// Skip, does not apply, override: only what is allowed here.
pub fn skip(ctx: &Ctx<'_>, index: usize) -> Result<Menu, String> {
    let item = &ctx.model.state.plan.items[index];
    let (id, required) = (item.id.clone(), item.required);
    let mut menu = Menu::new("skip", facts::title(ctx.model, index)).about(index);
    let status = ctx.model.status(index);
    let red = matches!(status, Status::Failed(_) | Status::NoData | Status::Unknown);
    if red {
        let id = id.clone();
        let detail = if required {
            "go past it; it is required, so a second person is named"
        } else {
            "go past it, red as it is, with a reason"
        };
        menu = menu.way("override", detail, move |ctx| {
            vec![Deed::Open(Box::new(override_form(ctx, index, id.clone(), required)))]
        });
    }
    if !required {
        let skipped = id.clone();
        menu = menu.way("skip", "leave it undone, with a reason", move |ctx| {
            let id = skipped.clone();
            let form = reason_form(ctx, index, "skip-reason", "Why is it skipped?", "skip", move |reason| Want::Skip {
                item: id.clone(),
                reason,
            });
            vec![Deed::Open(Box::new(form))]
        });
        menu = menu.way("does not apply", "it has no meaning here, with a reason", move |ctx| {
            let id = id.clone();
            let form =
                reason_form(ctx, index, "not-applicable", "Why does it not apply?", "does not apply", move |reason| {
                    Want::NotApplicable { item: id.clone(), reason }
                });
            vec![Deed::Open(Box::new(form))]
        });
    }
    if menu.is_empty() {
        return Err("it is required: it is never skipped, only overridden by two people once it is red".into());
    }
    Ok(menu)
}

fn override_form(ctx: &Ctx<'_>, index: usize, id: crate::words::ItemId, required: bool) -> Form {
    let mut fields = vec![Field::new("Why is it gone past?", "", "")];
    if required {
        fields.push(Field::new("Second person", "their name; never the operator", ""));
    }
    Form::new("override", facts::title(ctx.model, index), fields, "override", move |texts| {
        let reason = reason(texts.first().map(String::as_str).unwrap_or_default())?;
        let second = texts.get(1).map(|t| t.trim()).filter(|t| !t.is_empty()).map(|t| Actor(t.to_owned()));
        if required && second.is_none() {
            return Err("it is required: a second person's name is needed".into());
        }
        Ok(Want::Override { item: id.clone(), reason, second })
    })
    .about(index)
}

/// Where an item may be deferred to.
pub fn defer(ctx: &Ctx<'_>, index: usize) -> Result<Menu, String> {
    let item = &ctx.model.state.plan.items[index];
    let mut menu = Menu::new("defer", facts::title(ctx.model, index)).about(index);
    let mut to: Vec<(String, Return)> = vec![];
    if !matches!(item.action, Action::Run(_)) {
        to.push(("at this phase's close".into(), Return::PhaseClose));
    }
    match &item.due {
        None => {}
        Some(Due::Phase(phase)) => {
            let title = ctx.model.state.plan.phase(*phase).map(|p| text::line(&p.title)).unwrap_or_default();
            to.push((format!("at the close of {title}"), Return::Phase(*phase)));
        }
        Some(Due::WatchEnd) => to.push(("at the end of the watch".into(), Return::WatchEnd)),
        Some(Due::After(seconds)) => {
            let up = ctx.model.up(ctx.now) + (seconds.max(0.0) * 1e6) as u64;
            to.push((format!("in {}", crate::words::short_duration(*seconds)), Return::At(up)));
        }
    }
    for (words, to) in to {
        let id = item.id.clone();
        menu = menu.way(words, "it comes back there", move |ctx| {
            let (id, to) = (id.clone(), to.clone());
            let form = reason_form(ctx, index, "defer-reason", "Why is it deferred?", "defer", move |reason| {
                Want::Defer { item: id.clone(), to: to.clone(), reason }
            });
            vec![Deed::Open(Box::new(form))]
        });
    }
    if menu.is_empty() { Err("the runbook does not let this command be deferred (no `due`)".into()) } else { Ok(menu) }
}

/// Opens a settled item again.
pub fn reopen(ctx: &Ctx<'_>, index: usize) -> Form {
    let id = ctx.model.state.plan.items[index].id.clone();
    reason_form(
        ctx,
        index,
        "again",
        "Why again? What was answered or seen stays in the record",
        "again",
        move |reason| Want::Reopen { item: id.clone(), reason },
    )
}

/// A new attempt of a failed item: the same command once more, with its danger.
pub fn again(ctx: &Ctx<'_>, index: usize) -> Result<Deed, String> {
    let started = resolve(&ctx.model.state, index)?;
    match facts::danger_words(ctx.model, index) {
        Some(words) => Ok(Deed::Open(Box::new(danger(ctx, index, &words?, &started.digest)))),
        None => Ok(Deed::Want(Want::Start {
            item: started.item.clone(),
            seen: ctx.seen(index),
            shown: started.digest,
            typed: None,
            out_of_order: true,
        })),
    }
}

/// The command word by word, or the script.
pub fn edit(ctx: &Ctx<'_>, index: usize) -> Result<Form, String> {
    let started = resolve(&ctx.model.state, index)?;
    let (id, seen) = (started.item.clone(), ctx.seen(index));
    let title = format!("Edit: {}", facts::title(ctx.model, index));
    let intro = vec![
        "An edited command is a deviation and is checked as a new one. It starts only when you run it.".to_owned(),
    ];
    let form = match started.what {
        Resolved::Argv(words) => {
            let fields = words.iter().map(|w| Field::new("", "", w)).collect();
            Form::new("edit", title, fields, "take it", move |texts| {
                Ok(Want::Edit { item: id.clone(), seen, what: Resolved::Argv(texts.to_vec()) })
            })
            .words()
        }
        Resolved::Script { shell, text } => {
            let fields = vec![Field::new(format!("{} script", text::line(&shell)), "Ctrl-J begins a new line", &text)];
            Form::new("edit", title, fields, "take it", move |texts| {
                let text = texts.first().cloned().unwrap_or_default();
                Ok(Want::Edit { item: id.clone(), seen, what: Resolved::Script { shell: shell.clone(), text } })
            })
        }
        Resolved::Notice { .. } | Resolved::Watching => return Err("only a command can be edited".into()),
    };
    Ok(form.intro(intro).about(index))
}

/// A note, with the time it speaks of if that is another.
pub fn note(ctx: &Ctx<'_>) -> Form {
    let item = ctx.item().map(|index| ctx.model.state.plan.items[index].id.clone());
    let at = ctx.item().map(|index| format!(" at {}", facts::title(ctx.model, index))).unwrap_or_default();
    let fields = vec![
        Field::new("Note", "", ""),
        Field::new("Time it speaks of", "only when it is not now, such as 08:47Z", ""),
    ];
    Form::new("note", format!("Note{at}"), fields, "write it", move |texts| {
        let text = texts.first().map(|t| t.trim().to_owned()).unwrap_or_default();
        if text.is_empty() {
            return Err("an empty note is no note".into());
        }
        let about = texts.get(1).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(Want::Note { text, about, item: item.clone() })
    })
    .kept()
}

/// Takes over the lock at the target from a run whose host is dead.
pub fn take_over(ctx: &Ctx<'_>) -> Form {
    let fields = vec![Field::new("Why may it be taken over?", "recorded, here and at the target", "")];
    let lease = ctx.model.state.lease.as_ref();
    let mut intro: Vec<String> = lease.map(|lease| text::line(&lease.words())).into_iter().collect();
    if let Some(other) = lease.and_then(|lease| lease.other()) {
        intro.push(format!(
            "Its host no longer renews it. A command of the run {} may still run on its machine: ask {} or look there.",
            text::line(&other.run),
            text::line(&other.who)
        ));
    }
    Form::new("take-over", "Take the lock over", fields, "take it over", |texts| {
        let reason = reason(texts.first().map(String::as_str).unwrap_or_default())?;
        Ok(Want::TakeOver { reason })
    })
    .intro(intro)
}

/// Why they went back, said after BEGIN.
pub fn back_reason() -> Form {
    let field = Field::new("Why did you go back?", "it stands in the record and in the notices", "");
    Form::new("back-reason", "Reason of the rollback", vec![field], "that is why", |texts| {
        let reason = texts.first().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(Want::GiveReason { reason: reason.ok_or("a reason is needed")? })
    })
    .kept()
}

/// Pauses the run.
pub fn pause() -> Form {
    let fields = vec![Field::new("Why? (may stay empty)", "nothing new starts; no clock stops", "")];
    Form::new("pause", "Pause the run", fields, "pause", |texts| {
        let reason = texts.first().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(Want::Pause { reason })
    })
    .kept()
}

/// A command that a full disk holds: wait, or go on without keeping its output.
pub fn unrecorded(ctx: &Ctx<'_>, index: usize) -> Option<Menu> {
    let (_, attempt) = ctx.running()?;
    let why = ctx.model.held(attempt)?;
    let item = ctx.model.state.plan.items[index].id.clone();
    let menu = Menu::new("unrecorded", facts::title(ctx.model, index))
        .intro(vec![format!("It is held, since its output cannot be written: {}", text::line(why))])
        .about(index)
        .way("wait for the disk", "nothing is lost; free some room and it goes on by itself", |_| vec![Deed::Close])
        .way("go on unrecorded", "what it says from here on is not kept; the record says so", move |_| {
            vec![Deed::Want(Want::GoOnUnrecorded { item: item.clone(), attempt })]
        });
    Some(menu)
}

/// How an unknown attempt ended.
pub fn unknown(ctx: &Ctx<'_>, index: usize) -> Option<Menu> {
    let item = &ctx.model.state.items[index];
    let attempt = item.attempt()?.number;
    let id = ctx.model.state.plan.items[index].id.clone();
    let mut intro = vec!["It was running when the host died. Nothing is started by this.".to_owned()];
    let about = |c: &&crate::engine::Caution| c.item.as_ref() == Some(&id);
    intro.extend(ctx.model.state.cautions.iter().rev().find(about).map(|c| text::line(&c.text)));
    let settle = |happened: bool| {
        let id = id.clone();
        move |_: &Ctx<'_>| vec![Deed::Want(Want::Settle { item: id.clone(), attempt, happened })]
    };
    let menu = Menu::new("unknown", facts::title(ctx.model, index)).intro(intro).about(index);
    Some(
        menu.way("look first", "the output as far as it was written", |_| vec![Deed::Close, Deed::Zoom])
            .way("it happened", "the step took effect: it counts as passed", settle(true))
            .way("it did not", "the step did nothing: it is open again", settle(false)),
    )
}

/// An approval answered at this terminal, recorded as stated.
pub fn approval(ctx: &Ctx<'_>, index: usize) -> Option<Form> {
    let item = &ctx.model.state.plan.items[index];
    let request = ctx.model.state.items[index].request.as_ref()?;
    let mut intro = text::lines(&request.text);
    intro.push(format!("asked: {}", text::line(&request.of.join(", "))));
    let (id, hash) = (item.id.clone(), request.hash.clone());
    let mut yes = Field::new("Approve?", "yes or no", "");
    yes.choices = vec!["yes".into(), "no".into()];
    let fields = vec![
        Field::new("Who approves", "the approver's own name, typed by them; recorded as stated", ""),
        yes,
        Field::new("What do they say? (may stay empty)", "", ""),
    ];
    let form = Form::new("approval", facts::title(ctx.model, index), fields, "answer", move |texts| {
        let by = texts
            .first()
            .map(|t| t.trim().to_owned())
            .filter(|t| !t.is_empty())
            .ok_or("who approves? a name is needed")?;
        let yes = match texts.get(1).map(|t| t.trim().to_lowercase()).as_deref() {
            Some("yes" | "y") => true,
            Some("no" | "n") => false,
            _ => return Err("yes or no?".into()),
        };
        let says = texts.get(2).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(Want::Decide { item: id.clone(), hash: hash.clone(), yes, by: Actor(by), proof: Proof::Stated, says })
    });
    Some(form.intro(intro).about(index))
}

/// The start of the flight: what blocks is overridden first, then a real target's name is typed.
pub fn begin(ctx: &Ctx<'_>) -> Result<Form, Want> {
    let state = &ctx.model.state;
    let blocking =
        |l: &&crate::engine::plan::Limitation| l.effect == Effect::Blocks && !state.accepted.contains_key(&l.name);
    if let Some(limitation) = state.plan.limitations.iter().find(blocking) {
        let mut intro = vec![text::line(&limitation.text)];
        intro.extend(limitation.workaround.as_ref().map(|w| format!("Instead: {}", text::line(w))));
        let name = limitation.name.clone();
        let fields = vec![Field::new("This blocks the run. Why go on all the same?", "", "")];
        let form = Form::new("limitation", "Known limitation", fields, "override", move |texts| {
            let reason = reason(texts.first().map(String::as_str).unwrap_or_default())?;
            Ok(Want::AcceptLimitation { name: name.clone(), reason })
        });
        return Ok(form.intro(intro));
    }
    match state.plan.target_name() {
        Some(name) if !state.is_training() => {
            let mut intro = vec!["This is a real target.".to_owned()];
            intro.extend(state.plan.places.iter().map(|p| format!("{}  {}", p.kind.key(), text::line(&p.is))));
            let fields = vec![Field::new(format!("Type {} to start", text::line(name)), "", "")];
            let form = Form::new("begin", "Start the flight", fields, "start", |texts| {
                Ok(Want::Begin { target: texts.first().map(|t| t.trim().to_owned()) })
            });
            Ok(form.intro(intro))
        }
        _ => Err(Want::Begin { target: None }),
    }
}

/// A secret that the host needs again.
pub fn secret(name: &str) -> Form {
    let mut field =
        Field::new(format!("Secret {}", text::line(name)), "it goes to the host and is written nowhere", "");
    field.hidden = true;
    let name = name.to_owned();
    Form::making("secret", "A secret is needed", vec![field], "give it", move |texts| match texts.first() {
        Some(value) if !value.is_empty() => {
            Ok(Made::Send(Box::new(FromClient::Secret { name: name.clone(), value: value.clone() })))
        }
        _ => Err("an empty secret is none".into()),
    })
}
