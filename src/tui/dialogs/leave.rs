//! `q`: leave the run running, hand it over, or end it.

use super::{Deed, Field, Form, Menu};
use crate::engine::Want;
use crate::tui::facts;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::words::Actor;

/// The ways to leave.
pub fn leave(ctx: &Ctx<'_>) -> Menu {
    let state = &ctx.model.state;
    let mut intro = vec![];
    if let Some((index, _)) = ctx.model.running() {
        intro.push(format!("\"{}\" is running and goes on.", facts::title(ctx.model, index)));
    }
    let back = format!("the run goes on; come back with: {}", text::line(&ctx.options.come_back));
    let mut menu = Menu::new("leave", "Leave").intro(intro).way("leave it running", back, |_| vec![Deed::Leave]);
    let holds = state.control.holder.as_ref().is_none_or(|h| *h == ctx.options.who);
    if ctx.options.role == crate::link::Role::Observer {
        return menu;
    }
    if !holds {
        return menu.way("ask for control", "the one who has it is asked; 20 s without an answer is a yes", |_| {
            vec![Deed::CloseAll, Deed::Open(Box::new(super::Control::default()))]
        });
    }
    if state.begun.is_some() {
        menu = menu.way("hand over", "somebody else has control from then on", |ctx| {
            vec![Deed::Open(Box::new(hand_over(ctx)))]
        });
        if state.world_changed.is_some() && state.rollback.is_none() && state.plan.rollback.is_some() {
            menu = menu.way("roll back", "opens the cockpit: nothing starts before BEGIN", |_| {
                vec![Deed::CloseAll, Deed::Open(Box::new(super::Cockpit::default()))]
            });
        }
        menu = menu
            .way("end the run", "the only early end; asks for a reason", |ctx| vec![Deed::Open(Box::new(end(ctx)))]);
    }
    menu
}

/// Somebody asks for control: hand it over, or keep it.
pub fn asked(ctx: &Ctx<'_>) -> Option<Menu> {
    let (who, _) = ctx.model.state.control.asked.clone()?;
    let name = text::line(who.name());
    let menu = Menu::new("asked", format!("{name} asks for control"))
        .way("keep control", format!("{name} is told no"), |_| vec![Deed::Want(Want::DeclineControl)])
        .way("hand over", format!("{name} has control from then on"), move |_| {
            vec![Deed::Want(Want::HandOver { to: who.clone() })]
        });
    Some(menu)
}

fn hand_over(ctx: &Ctx<'_>) -> Form {
    let others: Vec<String> =
        ctx.model.live.clients.iter().map(|(who, _)| who.0.clone()).filter(|who| *who != ctx.options.who.0).collect();
    let asked = ctx.model.state.control.asked.as_ref().map(|(who, _)| who.0.clone());
    let first = asked.or_else(|| others.first().cloned()).unwrap_or_default();
    let hint =
        if others.is_empty() { "nobody else is attached now" } else { "attached now: choose with the arrow keys" };
    let mut field = Field::new("To whom?", hint, &text::line(&first));
    field.choices = others.iter().map(|o| text::line(o)).collect();
    Form::new("hand-over", "Hand over", vec![field], "hand over", |texts| {
        let to = texts.first().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).ok_or("a name is needed")?;
        Ok(Want::HandOver { to: Actor(to) })
    })
}

fn end(ctx: &Ctx<'_>) -> Form {
    let state = &ctx.model.state;
    let mut intro = vec![];
    match state.world_changed {
        None => intro.push("Nothing was changed in the system so far.".to_owned()),
        Some(_) => {
            intro.push("These changes stay. r (after Esc) opens the rollback:".to_owned());
            let changed = state.plan.items.iter().enumerate().filter(|(index, _)| {
                state.items.get(*index).is_some_and(|i| i.attempts.iter().any(|a| a.what.changes))
            });
            intro.extend(changed.map(|(index, _)| format!("  {}", facts::title(ctx.model, index))));
        }
    }
    let open: usize = (0..state.plan.phases.len()).map(|p| state.counts(p)).map(|c| c.all - c.settled).sum();
    intro.push(format!("{open} item{} not settled.", if open == 1 { " is" } else { "s are" }));
    Form::new("end", "End the run", vec![Field::new("Why does it end here?", "", "")], "end the run", |texts| {
        let reason =
            texts.first().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).ok_or("a reason is needed")?;
        Ok(Want::End { reason })
    })
    .intro(intro)
    .kept()
}
