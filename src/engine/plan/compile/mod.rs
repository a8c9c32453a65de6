//! From a runbook and the values of its parameters to a plan. Pure: nothing is looked at, nothing is run.

mod actions;
mod header;
mod known;
mod probes;
mod steps;

use std::collections::BTreeMap;

pub use known::Given;

use self::known::{Here, Known};
use super::{Carrier, Plan};
use crate::runbook::model::Runbook;
use crate::words::Value;

/// Why a plan could not be compiled, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CompileError(pub String);

/// The work of one compilation.
struct Compiler<'a> {
    runbook: &'a Runbook,
    known: Known,
    plan: Plan,
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
    let mut compiler = Compiler { runbook, known, plan: Plan::default() };
    compiler.header(given)?;
    compiler.probes()?;
    compiler.panes_and_triggers()?;
    compiler.phases()?;
    Ok(compiler.plan)
}

impl Compiler<'_> {
    fn here<'b>(&'b self, each: Option<&'b (String, String)>, locals: &'b BTreeMap<String, Value>) -> Here<'b> {
        Here { known: &self.known, each, locals }
    }

    fn carry(&mut self, sources: &[String], part: &str, name: &str) {
        self.plan.sources.extend(sources.iter().map(|source| Carrier {
            source: source.clone(),
            part: part.to_owned(),
            name: name.to_owned(),
        }));
    }
}
