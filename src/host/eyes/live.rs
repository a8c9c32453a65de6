//! The live column: figures as they are now.

use super::Eyes;
use crate::engine::State;
use crate::link::{Live, LiveProbe};
use crate::words::Stamp;

/// Figures of a sparkline.
const SPARK: usize = 40;
/// Run time that a sparkline shows, µs.
const SPARK_SPAN: u64 = 600_000_000;

impl Eyes {
    /// The live column; clients and the disk are filled in by others.
    pub fn live(&self, state: &State, now: Stamp) -> Live {
        let probes = state
            .plan
            .probes
            .iter()
            .filter_map(|probe| {
                let last = self.monitor.last(&probe.id)?;
                let series =
                    self.monitor.series(&probe.id).map(|s| s.spark(now.up, SPARK_SPAN, SPARK)).unwrap_or_default();
                Some(LiveProbe {
                    id: probe.id.clone(),
                    verdict: self.monitor.verdict(&probe.id),
                    look: last.look,
                    value: last.value,
                    text: last.text.clone(),
                    why: last.why.clone(),
                    hint: last.hint.clone(),
                    up: Some(last.up),
                    bad_since: self.bad_since.get(&probe.id).copied(),
                    series,
                })
            })
            .collect();
        let rows = self.rows.iter().map(|(item, row)| (item.0.clone(), row.missing()));
        let conditions = self.conditions.iter().filter(|(_, (_, _, until))| !until);
        let conditions = conditions.map(|(key, (item, _, _))| (item.0.clone(), self.monitor.explain(key, now.up)));
        Live { now: Some(now), probes, missing: rows.chain(conditions).collect(), ..Live::default() }
    }
}
