//! Looks: those of the schedule, and those that were asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Eyes, leaves_of};
use crate::engine::plan::{Action, Plan};
use crate::engine::{State, Status, Want};
use crate::host::log;
use crate::monitor::Change;
use crate::probes::Answer;
use crate::words::{ItemId, Look, ProbeId, Sample, Verdict};

/// Why a fresh look was asked for.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// An item, a close, a return.
    Asked,
    /// Whether an unknown attempt took effect.
    Settle(ItemId, u32),
}

/// A look at everything that tells whether an unknown attempt took effect: all must say so.
#[derive(Debug, Default)]
pub(super) struct Round {
    left: BTreeSet<ProbeId>,
    good: bool,
    said: Vec<String>,
}

impl Round {
    fn of(probes: &[ProbeId]) -> Self {
        Self { left: probes.iter().cloned().collect(), good: true, said: vec![] }
    }

    /// Takes a look in; whether it was the last one.
    fn take(&mut self, sample: &Sample) -> bool {
        if self.left.remove(&sample.probe) {
            self.good &= sample.look == Look::Good;
            let said = sample.why.as_ref().filter(|w| !w.is_empty()).unwrap_or(&sample.text);
            self.said.push(if said.is_empty() { sample.probe.0.clone() } else { format!("{}: {said}", sample.probe) });
        }
        self.left.is_empty()
    }
}

impl Eyes {
    /// A look was made: what it turns, meets and settles.
    pub fn looked(&mut self, state: &State, answer: Answer) -> Vec<Want> {
        let sample = answer.sample;
        self.spool(&sample);
        match sample.look {
            Look::Bad => {
                self.bad_since.entry(sample.probe.clone()).or_insert(sample.up);
            }
            Look::Good => {
                self.bad_since.remove(&sample.probe);
            }
            Look::NoData => {}
        }
        let mut wants: Vec<Want> = self.monitor.push(&sample).into_iter().map(|change| self.tell(change)).collect();
        wants.extend(self.tell_what_was_missed(&sample));
        wants.extend(self.first_without_data(state, &sample));
        for token in answer.tokens {
            match self.tokens.remove(&token) {
                Some((_, Why::Settle(item, attempt))) => wants.extend(self.settled(item, attempt, &sample)),
                Some((probe, Why::Asked)) => wants.extend(self.answered(state, &probe, &sample)),
                None => {}
            }
        }
        if self.monitor.could_turn(&sample.probe)
            && let Some(sampler) = &self.sampler
        {
            sampler.hurry(sample.probe.clone());
        }
        for turned in self.monitor.judge(&sample.probe, sample.up) {
            wants.extend(self.turned(&turned.id, turned.turn));
        }
        wants.extend(self.count(&sample));
        wants
    }

    /// A verdict for the engine.
    pub(super) fn tell(&mut self, change: Change) -> Want {
        self.told.insert(change.probe.clone(), change.verdict);
        Want::Verdict { probe: change.probe, verdict: change.verdict, sample: Box::new(change.sample) }
    }

    /// A verdict that turned just before an earlier host died is in the spool, but the engine does not know it.
    fn tell_what_was_missed(&mut self, sample: &Sample) -> Option<Want> {
        let verdict = self.monitor.verdict(&sample.probe);
        let told = self.told.get(&sample.probe).copied()?;
        // The first looks of a new host do not make a verdict yet.
        let undecided = verdict == Verdict::NoData && sample.look != Look::NoData;
        (told != verdict && !undecided)
            .then(|| self.tell(Change { probe: sample.probe.clone(), verdict, sample: sample.clone() }))
    }

    /// No data is where every probe begins, so it turns nothing: it is told once, or the item would seem to be busy.
    fn first_without_data(&mut self, state: &State, sample: &Sample) -> Option<Want> {
        let known = state.probes.get(&sample.probe).is_some_and(|p| p.sample.is_some());
        if known || sample.look != Look::NoData || self.told.contains_key(&sample.probe) {
            return None;
        }
        self.told.insert(sample.probe.clone(), Verdict::NoData);
        Some(Want::Looked { probe: sample.probe.clone(), verdict: Verdict::NoData, sample: Box::new(sample.clone()) })
    }

    /// What was asked for is told even when it turned nothing: the item shows that it was looked at.
    fn answered(&mut self, state: &State, probe: &ProbeId, sample: &Sample) -> Option<Want> {
        let verdict = self.monitor.verdict(probe);
        let on_demand = state.plan.probe(probe).is_some_and(|p| p.every.is_none());
        let known = state.probes.get(probe).is_some_and(|p| p.verdict == verdict && p.sample.is_some());
        if !on_demand && (known || verdict == Verdict::NoData) {
            return None;
        }
        // A single look of one that looks only when asked is all there is.
        let verdict = if verdict == Verdict::NoData && sample.look == Look::Bad { Verdict::Bad } else { verdict };
        self.told.insert(probe.clone(), verdict);
        Some(Want::Looked { probe: probe.clone(), verdict, sample: Box::new(sample.clone()) })
    }

    fn settled(&mut self, item: ItemId, attempt: u32, sample: &Sample) -> Option<Want> {
        let key = (item, attempt);
        if !self.settling.get_mut(&key)?.take(sample) {
            return None;
        }
        let round = self.settling.remove(&key)?;
        Some(Want::SettleLooked { item: key.0, attempt, good: round.good, text: round.said.join("; ") })
    }

    /// Looks at these now.
    pub fn look(&mut self, probes: &[ProbeId]) {
        self.early.extend(probes.iter().map(|probe| (probe.clone(), Why::Asked)));
    }

    /// Looks now whether an unknown attempt took effect.
    pub fn settle(&mut self, plan: &Plan, item: ItemId, attempt: u32, probes: &[ProbeId]) {
        let mut leaves = vec![];
        leaves_of(plan, probes, &mut leaves, 0);
        if leaves.is_empty() {
            return log(&format!("{item}: the probes that settle it are off"));
        }
        let why = Why::Settle(item.clone(), attempt);
        self.early.extend(leaves.iter().map(|probe| (probe.clone(), why.clone())));
        self.settling.insert((item, attempt), Round::of(&leaves));
    }

    /// One fresh look at an item's probes; of an unknown attempt, at what settles it.
    pub fn look_at_item(&mut self, state: &State, item: &ItemId) {
        let Some(index) = state.index(item) else { return };
        match &state.plan.items[index].action {
            Action::Check(check) => {
                let mut leaves = vec![];
                leaves_of(&state.plan, &check.probes, &mut leaves, 0);
                self.look(&leaves);
            }
            Action::Run(run) if state.status(index) == Status::Unknown && !run.acting.settle.is_empty() => {
                if let Some(attempt) = state.items[index].attempt() {
                    self.settle(&state.plan, item.clone(), attempt.number, &run.acting.settle);
                }
            }
            _ => {}
        }
    }

    pub(super) fn ask(&mut self, probe: ProbeId, why: Why) {
        let Some(sampler) = &self.sampler else { return };
        self.next_token += 1;
        self.tokens.insert(self.next_token, (probe.clone(), why));
        sampler.look_now(probe, self.next_token);
    }

    /// A baseline's figures, when its window is over.
    pub fn baseline(&self, state: &State, item: &ItemId, attempt: u32, up: u64) -> Want {
        let (mut figures, mut samples, mut why) = (BTreeMap::new(), BTreeMap::new(), None);
        if let Some(Action::Baseline(baseline)) = state.index(item).map(|i| &state.plan.items[i].action) {
            let mut leaves = vec![];
            leaves_of(&state.plan, &baseline.probes, &mut leaves, 0);
            for probe in leaves {
                match self.monitor.baseline(&probe, (baseline.over * 1e6) as u64, up) {
                    Ok(taken) => {
                        figures.insert(probe.clone(), taken.value);
                        samples.insert(probe, taken.samples as u32);
                    }
                    Err(error) => why = Some(error),
                }
            }
        }
        Want::Baseline { item: item.clone(), attempt, figures, samples, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_must_say_that_it_happened() {
        let sample = |probe: &str, look| Sample { probe: probe.into(), look, text: "seen".into(), ..Sample::default() };
        let mut round = Round::of(&["a".into(), "b".into()]);
        assert!(!round.take(&sample("a", Look::Good)));
        assert!(!round.take(&sample("a", Look::Bad)), "once a probe");
        assert!(round.take(&sample("b", Look::Good)));
        assert!(round.good);
        assert_eq!(round.said, ["a: seen", "b: seen"]);
        let mut round = Round::of(&["a".into(), "b".into()]);
        round.take(&sample("a", Look::NoData));
        assert!(round.take(&sample("b", Look::Good)));
        assert!(!round.good);
    }
}
