//! The rollback, resolved before it is needed: what it would undo, what stays, what it costs.

use super::plan::Action;
use super::state::{State, Status};
use crate::words::Name;

/// What going back would do now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WayBack {
    /// Items that would be flown, in order, without those that do not apply.
    pub steps: Vec<usize>,
    /// Items with an undo that were never begun: nothing to undo.
    pub untouched: Vec<usize>,
    /// Items that were begun, change the world and have no undo: what they did stays.
    pub stays: Vec<usize>,
    /// Points of no return that were begun, with what the runbook says is lost.
    pub no_return: Vec<(usize, String)>,
    /// Seconds to verified healthy, as far as it is known.
    pub needs: f64,
    /// How many of these steps have no usual time.
    pub untimed: usize,
}

/// The rollback's items in the order in which they are flown: undos only of what was begun.
pub fn steps(state: &State) -> Vec<usize> {
    let plan = &state.plan;
    plan.items_of(plan.rollback_phase()).filter(|(_, item)| state.is_flown(item)).map(|(index, _)| index).collect()
}

/// What going back would do now; of a rollback that was begun, what is left of it. None without a rollback.
pub fn way_back(state: &State) -> Option<WayBack> {
    let plan = &state.plan;
    plan.rollback.as_ref()?;
    let steps = steps(state).into_iter().filter(|index| state.status(*index) != Status::Off).collect();
    let mut way = WayBack { steps, ..WayBack::default() };
    for (index, item) in plan.items.iter().enumerate().filter(|(_, item)| item.phase < plan.rollback_phase()) {
        let Action::Run(run) = &item.action else { continue };
        match (state.was_begun(index), item.undo.is_empty()) {
            (true, no_undo) => {
                if let Some(lost) = &run.acting.point_of_no_return {
                    way.no_return.push((index, lost.clone()));
                }
                if no_undo && !run.acting.reads_only {
                    way.stays.push(index);
                }
            }
            (false, false) if state.status(index) != Status::Off => way.untouched.push(index),
            (false, _) => {}
        }
    }
    let last = way.steps.iter().rposition(|index| plan.items[*index].stops_clock);
    let timed = last.map_or(&way.steps[..], |last| &way.steps[..=last]);
    for index in timed.iter().filter(|index| !state.status(**index).is_settled()) {
        match usual(state, *index) {
            Some(seconds) => way.needs += seconds,
            // A look is there or comes by itself.
            None if matches!(plan.items[*index].action, Action::Check(_)) => {}
            None => way.untimed += 1,
        }
    }
    Some(way)
}

/// Seconds that an item usually takes: by earlier runs, else by its author.
pub fn usual(state: &State, index: usize) -> Option<f64> {
    let item = state.plan.items.get(index)?;
    let seen = state.opened.as_ref().and_then(|o| o.usual.get(item.id.as_str()));
    seen.map(|(median, _)| *median).or(item.usually)
}

/// Pins that an item's command names, in order.
pub fn pins_of(state: &State, index: usize) -> Vec<Name> {
    use super::plan::Program;
    let Some(Action::Run(run)) = state.plan.items.get(index).map(|i| &i.action) else { return vec![] };
    let Program::Argv(words) = &run.program else { return vec![] };
    let mut names: Vec<Name> = vec![];
    for used in words.iter().flat_map(|w| w.expressions()).flat_map(|(_, expr)| expr.used()) {
        if let [first, name, ..] = used.path.as_slice()
            && first == "pins"
            && !names.iter().any(|n| n.0 == *name)
        {
            names.push(Name(name.clone()));
        }
    }
    names
}
