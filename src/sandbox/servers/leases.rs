//! Locks at the simulated target, so that a run takes them there as at a real one: Leases of Kubernetes, and volumes
//! that carry labels. A world that comes back has none; a host that finds none takes its own again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// What somebody made, by name (Leases: `namespace/name`).
#[derive(Clone, Default)]
pub(super) struct Locks(Arc<Mutex<BTreeMap<String, Value>>>);

impl Locks {
    /// All of them.
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
