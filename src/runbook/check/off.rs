//! Parameters that may be off, used where they may have no value.

use std::collections::HashMap;

use super::choices::{Choices, Found};
use super::everything::everything;
use super::walk::{Place, Visit};
use crate::expr::Expr;
use crate::runbook::model::{Action, Runbook, UseOf};
use crate::runbook::{Fault, Sources};
use crate::words::Name;

/// A parameter whose `when` is off has no value: what uses it must be off as well.
pub fn check(runbook: &Runbook, visits: &[Visit<'_>], sources: &Sources, faults: &mut Vec<Fault>) {
    if runbook.parameters.values().all(|p| p.when.is_none()) {
        return;
    }
    let choices = Choices::new(runbook);
    let mut users: HashMap<&Name, Vec<Vec<&Expr>>> = HashMap::new();
    for visit in visits.iter().filter(|v| !matches!(v.place, Place::Block(_))) {
        if let Action::Use(used) = &visit.step.action {
            users.entry(&used.block).or_default().push(visit.conditions());
        }
    }
    for part in everything(runbook, visits) {
        for each in part.uses {
            let (used, text) = match &each.of {
                UseOf::Name(_) => continue,
                UseOf::Text(text) if text.as_plain().is_some() => continue,
                UseOf::Text(text) => (text.used(), text.source()),
                UseOf::Expr(expr) => (expr.used(), expr.source()),
            };
            for used in used.iter().filter(|used| !used.only_whether) {
                let Some(name) = used.path.first().map(|n| Name::from(n.as_str())) else { continue };
                if part.block.and_then(|b| runbook.blocks.get(b)).is_some_and(|b| b.parameters.contains_key(&name)) {
                    continue;
                }
                let Some(off) = runbook.parameters.get(&name).and_then(|p| p.when.as_ref()) else { continue };
                let open = |conditions: &[&Expr]| choices.reach_without(conditions, off) == Found::Yes;
                let open = match part.block {
                    None => open(&part.conditions),
                    Some(block) => users.get(block).into_iter().flatten().any(|around| {
                        let all: Vec<&Expr> = around.iter().chain(&part.conditions).copied().collect();
                        open(&all)
                    }),
                };
                if open {
                    let at = sources.inside(each.at, text, used.span.start);
                    let message = format!("`{name}` may have no value here: it is on only `when: {off}`");
                    let fault = Fault::error(at, message).width(used.span.len());
                    faults.push(fault.hint("put what uses it under the same `when`"));
                }
            }
        }
    }
}
