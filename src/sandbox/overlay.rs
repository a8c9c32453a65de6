//! What the sandbox gives a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The world as a run sees it: where it is and what to set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlay {
    /// Name of the scenario.
    pub scenario: String,
    /// The folder in which the run's commands start: certificates, secrets, manifests, a git repository.
    pub root: PathBuf,
    /// Environment of the run's commands, laid over the operator's.
    pub env: BTreeMap<String, String>,
    /// Parameters of the runbook: addresses with the world's free ports, paths, releases.
    pub parameters: BTreeMap<String, String>,
    /// How much faster than real time the run's clock and the world's go.
    pub speed: f64,
    /// Seed of the world and of its second person.
    pub seed: u64,
    /// Where the receiver of notices writes them, one JSON object a line.
    pub notices: PathBuf,
}
