//! How long items usually take, from earlier runs of the same runbook.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::Event;
use crate::journal::{RunEntry, list, read, slug};
use crate::words::Outcome;

/// How many earlier runs are looked at.
const RUNS: usize = 10;
/// A journal longer than this is passed over, events: starting must stay quick.
const LONGEST: u64 = 20_000;

/// Median seconds and how many, by item id, of the attempts that passed in the newest runs of this title. Simulated and
/// real runs are kept apart.
pub fn usual(runs: &Path, title: &str, simulated: bool) -> BTreeMap<String, (f64, u32)> {
    let part = format!("Z-{}-", slug(title));
    let mut took: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let is_one = |run: &RunEntry| {
        let overlay = run.first_line.as_deref().is_some_and(|line| !line.contains(r#""overlay":null"#));
        run.id.0.contains(&part) && run.seq <= LONGEST && overlay == simulated
    };
    for run in list(runs).unwrap_or_default().into_iter().filter(is_one).take(RUNS) {
        let Ok(journal) = read::<Event>(&run.path) else { continue };
        for line in journal.lines {
            if let Event::AttemptEnded(ended) = line.ev
                && ended.outcome == Some(Outcome::Passed)
            {
                took.entry(ended.item.0).or_default().push(ended.took as f64 / 1e6);
            }
        }
    }
    took.into_iter().map(|(item, all)| (item, median(all))).collect()
}

fn median(mut all: Vec<f64>) -> (f64, u32) {
    all.sort_by(f64::total_cmp);
    let middle = all.get(all.len() / 2).copied().unwrap_or_default();
    let below = all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    (f64::midpoint(below, middle), u32::try_from(all.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), (2.0, 3));
        assert_eq!(median(vec![4.0, 1.0]), (2.5, 2));
        assert_eq!(median(vec![]), (0.0, 0));
    }
}
