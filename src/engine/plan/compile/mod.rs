//! From a runbook and the values of its parameters to a plan. Pure: nothing is looked at, nothing is run.

mod actions;
mod header;
mod known;
mod kubernetes;
mod probes;
mod steps;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use known::Given;

use self::known::{Here, Known};
use super::{Carrier, Plan, Probe};
use crate::runbook::model::Runbook;
use crate::words::{ProbeId, Value};

/// Why a plan could not be compiled, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CompileError(pub String);

/// The work of one compilation.
struct Compiler<'a> {
    runbook: &'a Runbook,
    known: Known,
    plan: Plan,
    /// Places of the probes: the plan's own index is made when it is whole.
    probe_places: HashMap<ProbeId, usize>,
}

/// Compiles a runbook that was loaded without errors.
pub fn compile(runbook: &Runbook, given: &Given) -> Result<Plan, CompileError> {
    let mut known = Known { names: runbook.parameters.keys().map(|n| n.0.clone()).collect(), ..Known::default() };
    known.names.extend(runbook.targets.keys().map(|n| n.0.clone()));
    known.values = given.values.iter().map(|(name, value)| (name.0.clone(), value.clone())).collect();
    let text = |t: &Option<String>| t.clone().map_or(Value::NoData, Value::Text);
    known.runbook = BTreeMap::from([
        ("title".to_owned(), Value::Text(runbook.title.clone())),
        ("system".to_owned(), text(&runbook.system)),
        ("version".to_owned(), text(&runbook.version)),
    ]);
    let seconds = |s: Option<f64>| s.map_or(Value::NoData, Value::Duration);
    known.objectives = BTreeMap::from([
        ("rto".to_owned(), seconds(runbook.objectives.rto)),
        ("rpo".to_owned(), seconds(runbook.objectives.rpo)),
    ]);
    let mut compiler = Compiler { runbook, known, plan: Plan::default(), probe_places: HashMap::new() };
    compiler.header(given)?;
    compiler.probes()?;
    compiler.panes_and_triggers()?;
    compiler.phases()?;
    let mut ids = HashSet::new();
    if let Some(twice) = compiler.plan.items.iter().find(|item| !ids.insert(&item.id)) {
        return Err(CompileError(format!("two items would be called `{}`: give one of their steps an `id`", twice.id)));
    }
    Ok(compiler.plan)
}

impl Compiler<'_> {
    fn here<'b>(&'b self, each: Option<&'b (String, String)>, locals: &'b BTreeMap<String, Value>) -> Here<'b> {
        Here { known: &self.known, each, locals }
    }

    fn add_probe(&mut self, probe: Probe) {
        self.probe_places.insert(probe.id.clone(), self.plan.probes.len());
        self.plan.probes.push(probe);
    }

    fn find_probe(&self, id: &ProbeId) -> Option<&Probe> {
        self.plan.probes.get(*self.probe_places.get(id)?)
    }

    fn carry(&mut self, sources: &[String], part: &str, name: &str) {
        self.plan.sources.extend(sources.iter().map(|source| Carrier {
            source: source.clone(),
            part: part.to_owned(),
            name: name.to_owned(),
        }));
    }
}
