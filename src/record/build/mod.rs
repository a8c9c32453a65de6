//! From a run to its document.

mod attempts;
mod findings;
mod head;
mod items;
mod parts;

use super::document::{Chain, Document};
use super::load::Run;
use crate::engine::event::Event;

/// What a reader wants to know of a run. The same journal gives the same document.
pub fn document(run: &Run) -> Document {
    let (state, plan) = (&run.state, &run.state.plan);
    let opened = state.opened.clone().unwrap_or_default();
    let phases: Vec<_> = (0..plan.phases.len()).filter_map(|phase| items::phase(run, phase)).collect();
    Document {
        format: "flightdeck-record 1",
        outcome: head::outcome(run),
        run: opened.run.clone(),
        title: plan.title.clone(),
        about: plan.about.clone(),
        system: plan.system.clone(),
        change: plan.change.clone(),
        operator: head::operator(run),
        people: head::people(run),
        places: head::places(run),
        runbook: head::runbook(run),
        program: opened.program.clone(),
        training: opened.overlay.as_ref().map(|overlay| overlay.scenario.clone()),
        speed: opened.speed,
        autopilot: head::autopilot(run),
        opened: state.opened_at,
        begun: state.begun,
        ended: state.ended.as_ref().map(|ended| ended.stamp),
        last: state.now,
        seconds: head::seconds(run),
        counts: items::counts(&phases),
        damage: run.trouble.clone(),
        findings: findings::findings(run, &phases),
        limitations: parts::limitations(run),
        cautions: parts::cautions(run),
        notes: parts::notes(run),
        rollback: plan.rollback.as_ref().and_then(|_| items::phase(run, plan.rollback_phase())),
        went_back: parts::went_back(run),
        phases,
        notices: parts::notices(run),
        triggers: parts::triggers(run),
        watch: parts::watch(run),
        pins: state.pins.iter().map(|(name, value)| (name.0.clone(), value.into())).collect(),
        baselines: parts::baselines(run),
        parameters: parts::parameters(run),
        contacts: parts::contacts(run),
        links: parts::links(run),
        hosts: parts::hosts(run),
        chain: chain(run),
    }
}

fn chain(run: &Run) -> Chain {
    let mut chain = Chain { seq: run.head.0, hash: run.head.1.to_string(), ..Chain::default() };
    for recorded in &run.events {
        match &recorded.event {
            Event::SamplesSealed { file, sha256, .. } => {
                chain.samples.insert(file.clone(), sha256.clone());
            }
            Event::RunOpened(opened) => chain.answers_sha256.clone_from(&opened.autopilot.answers),
            _ => {}
        }
    }
    chain
}

/// An item's title as people read it; its id when the plan does not have it.
fn title(run: &Run, id: &crate::words::ItemId) -> String {
    match run.state.index(id) {
        Some(index) => crate::engine::PlanScope::new(&run.state, index).title(),
        None => id.0.clone(),
    }
}
