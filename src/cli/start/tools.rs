//! Which tools the runbooks here need, and which of them this machine has.

use std::collections::BTreeMap;
use std::path::Path;

use crate::runbook::Loaded;
use crate::runbook::model::{Action, Runbook, Step};

/// How many names are told.
const MOST: usize = 8;

/// In words: those that are there, the cluster that kubectl means, those that are not and how many steps need them.
pub fn words(books: &[Loaded]) -> String {
    let mut needed: BTreeMap<String, usize> = BTreeMap::new();
    for book in books {
        for program in programs(&book.runbook) {
            *needed.entry(program).or_default() += 1;
        }
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let there = |name: &str| path.split(':').any(|dir| Path::new(dir).join(name).is_file());
    let (have, lack): (Vec<_>, Vec<_>) = needed.into_iter().partition(|(name, _)| there(name));
    let mut words: Vec<String> = vec![];
    let names: Vec<&str> = have.iter().take(MOST).map(|(name, _)| name.as_str()).collect();
    if !names.is_empty() {
        words.push(names.join(" "));
    }
    for (name, steps) in lack.iter().take(MOST) {
        words.push(format!("no {name} ({steps} step{})", if *steps == 1 { "" } else { "s" }));
    }
    words.join("   ")
}

/// The programs of all commands, once for each step. A script's are not known.
fn programs(runbook: &Runbook) -> Vec<String> {
    let mut all = vec![];
    for phase in runbook.phases.iter().chain(&runbook.rollback) {
        for section in &phase.sections {
            section.steps.iter().for_each(|step| step_programs(step, &mut all));
        }
    }
    runbook.blocks.values().flat_map(|b| &b.steps).for_each(|step| step_programs(step, &mut all));
    all
}

fn step_programs(step: &Step, all: &mut Vec<String>) {
    match &step.action {
        Action::Run(run) => {
            let first = run.command.words.first().and_then(|word| word.as_plain());
            all.extend(first.filter(|name| !name.contains('/')).map(str::to_owned));
        }
        Action::Group { steps, .. } => steps.iter().for_each(|step| step_programs(step, all)),
        _ => {}
    }
    step.undo.iter().for_each(|step| step_programs(step, all));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::embedded;
    use crate::runbook::load_from;

    #[test]
    fn what_is_missing_names_its_steps() {
        let loaded = load_from(&embedded::files(), "production-deployment.yaml").unwrap();
        let all = programs(&loaded.runbook);
        assert!(all.iter().any(|p| p == "docker") && all.iter().any(|p| p == "kubectl"), "{all:?}");
        assert!(all.iter().all(|p| !p.contains(' ')), "{all:?}");
    }
}
