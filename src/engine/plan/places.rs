//! Where things stand in a plan, by id: made at the first question, no part of the plan's value.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::{Action, Plan};
use crate::words::{ItemId, ProbeId};

/// Made at the first question; a plan does not change after that.
#[derive(Clone, Default)]
pub(super) struct Places(OnceLock<Made>);

/// Places by id, and the few items that many events ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub items: HashMap<ItemId, usize>,
    pub probes: HashMap<ProbeId, usize>,
    /// From the first to behind the last item of each phase, the rollback's last.
    pub phases: Vec<Range<usize>>,
    pub sensed: Vec<usize>,
    pub pauses: Vec<usize>,
}

impl Places {
    pub fn of(&self, plan: &Plan) -> &Made {
        self.0.get_or_init(|| Made::new(plan))
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Places")
    }
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Made {
    fn new(plan: &Plan) -> Self {
        let mut made = Self { phases: vec![0..0; plan.phases.len() + 1], ..Self::default() };
        for (index, item) in plan.items.iter().enumerate() {
            made.items.entry(item.id.clone()).or_insert(index);
            if let Some(range) = made.phases.get_mut(item.phase) {
                *range = if range.start == range.end { index..index + 1 } else { range.start..index + 1 };
            }
            if matches!(item.action, Action::Check(_)) {
                made.sensed.push(index);
            }
            if item.pause_after {
                made.pauses.push(index);
            }
        }
        for (index, probe) in plan.probes.iter().enumerate() {
            made.probes.entry(probe.id.clone()).or_insert(index);
        }
        made
    }
}
