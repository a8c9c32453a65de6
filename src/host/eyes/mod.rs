//! Looking: the sampler and the monitor, reconciled to what the engine wants; samples become intents.

mod conditions;
mod live;
mod looks;
mod seal;
mod specs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

pub(super) use seal::sealed_want;

use super::clock::RunClock;
use super::confine::Looking;
use super::input::Input;
use super::log;
use super::secrets::Secrets;
use crate::engine::plan::{Plan, Probe};
use crate::engine::{Event, State, Want, Wanted};
use crate::journal::Spool;
use crate::monitor::{Combine, How, Monitor, ProbeRule, Rule};
use crate::probes::{Answer, Sampler, WantedProbe};
use crate::runbook::kinds::ProbeKind;
use crate::words::{ItemId, Look, ProbeId, Sample, Verdict};

use conditions::Row;
use looks::{Round, Why};
use specs::Specs;

/// Real time after a host took over a run in which a look is not called too old: the first new ones are on their way.
const NEW_EYES: Duration = Duration::from_secs(5);

/// Sampler, monitor and spool of a run.
pub(in crate::host) struct Eyes {
    sampler: Option<Sampler>,
    inbox: Sender<Input>,
    monitor: Monitor,
    /// What the engine was told of each probe: what it does not know yet it is told with the next look.
    told: BTreeMap<ProbeId, Verdict>,
    spool: Option<Spool>,
    spool_failed: bool,
    last_seal: u64,
    specs: Specs,
    rules: bool,
    conditions: BTreeMap<String, (ItemId, u32, bool)>,
    rows: BTreeMap<ItemId, Row>,
    tokens: BTreeMap<u64, (ProbeId, Why)>,
    next_token: u64,
    /// Looks that were asked for before the sampler knew the probe.
    early: Vec<(ProbeId, Why)>,
    settling: BTreeMap<(ItemId, u32), Round>,
    /// Conditions that held already when they were first looked at.
    met_at_once: Vec<Want>,
    bad_since: BTreeMap<ProbeId, u64>,
    broken: BTreeSet<ProbeId>,
    opened: Instant,
    speed: f64,
}

impl Eyes {
    /// Eyes that are still closed: threads start with the first probe.
    pub fn new(inbox: Sender<Input>, speed: f64) -> Self {
        Self {
            sampler: None,
            inbox,
            monitor: Monitor::new(),
            told: BTreeMap::new(),
            spool: None,
            spool_failed: false,
            last_seal: 0,
            specs: Specs::default(),
            rules: false,
            conditions: BTreeMap::new(),
            rows: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next_token: 0,
            early: vec![],
            settling: BTreeMap::new(),
            met_at_once: vec![],
            bad_since: BTreeMap::new(),
            broken: BTreeSet::new(),
            opened: Instant::now(),
            speed,
        }
    }

    /// Learns the plan's probes; a run that is gone on with, before its old samples are taken in.
    pub fn learn(&mut self, plan: &Plan, up: u64) {
        if !std::mem::replace(&mut self.rules, true) {
            let rules = plan.probes.iter().map(|p| rule(p, self.speed)).collect();
            self.monitor.reconcile(rules, up);
            self.specs.learn(plan);
        }
    }

    /// Learns what an earlier host had told the engine, and the figures from before the change.
    pub fn recall(&mut self, state: &State) {
        self.told = state.probes.iter().map(|(probe, known)| (probe.clone(), known.verdict)).collect();
        self.baselines(state);
    }

    fn baselines(&mut self, state: &State) {
        for (probe, figure) in &state.baselines {
            self.monitor.set_baseline(probe.clone(), *figure);
        }
    }

    fn sampler(&mut self, clock: &RunClock) -> Option<&Sampler> {
        if self.sampler.is_none() {
            let clock = clock.clone();
            let inbox = self.inbox.clone();
            let on_answer = Arc::new(move |answer: Answer| {
                // The loop's end is this process's end.
                let _ = inbox.send(Input::Looked(answer));
            });
            match Sampler::start(self.speed, Arc::new(move || clock.up()), on_answer) {
                Ok(sampler) => self.sampler = Some(sampler),
                Err(error) => log(&format!("nothing can be looked at: {error}")),
            }
        }
        self.sampler.as_ref()
    }

    /// What looks are given has changed.
    pub fn fill_anew(&mut self) {
        self.specs.fill_anew();
    }

    /// Samples what the engine wants, and keeps an eye on its conditions; what holds already comes back.
    pub fn reconcile(
        &mut self,
        state: &State,
        wanted: &Wanted,
        secrets: &Secrets,
        root: &Path,
        env: Option<&Looking>,
        clock: &RunClock,
    ) -> Vec<Want> {
        if let Some(env) = env.filter(|_| state.ended.is_none() && !state.plan.probes.is_empty()) {
            self.learn(&state.plan, clock.up());
            if let Some(list) = self.specs.renew(state, wanted, secrets, root, env) {
                self.look_at(list, clock);
            }
            for (probe, why) in std::mem::take(&mut self.early) {
                self.ask(probe, why);
            }
        } else if self.specs.forget()
            && let Some(sampler) = &self.sampler
        {
            sampler.reconcile(vec![]);
        }
        self.reconcile_conditions(state, wanted, clock.up());
        std::mem::take(&mut self.met_at_once)
    }

    fn look_at(&mut self, list: Vec<Result<WantedProbe, (ProbeId, String)>>, clock: &RunClock) {
        let mut good = vec![];
        for probe in list {
            match probe {
                Ok(probe) => {
                    self.broken.remove(&probe.id);
                    good.push(probe);
                }
                Err((probe, why)) => {
                    if self.broken.insert(probe.clone()) {
                        self.no_look(probe, &why, clock.up());
                    }
                }
            }
        }
        if let Some(sampler) = self.sampler(clock) {
            sampler.reconcile(good);
        }
    }

    /// A probe whose texts cannot be filled in has no data, and says why.
    fn no_look(&self, probe: ProbeId, why: &str, up: u64) {
        let sample = Sample { probe, up, look: Look::NoData, why: Some(why.to_owned()), ..Sample::default() };
        let _ = self.inbox.send(Input::Looked(Answer { sample, tokens: vec![] }));
    }

    /// Time passes: looks grow old, flapping ends, the spool is sealed.
    pub fn tick(&mut self, state: &State, up: u64) -> Vec<Want> {
        let mut wants = vec![];
        if self.opened.elapsed() >= NEW_EYES || self.told.is_empty() {
            for change in self.monitor.tick(up) {
                wants.push(self.tell(change));
            }
        }
        for turned in self.monitor.judge_all(up) {
            wants.extend(self.turned(&turned.id, turned.turn));
        }
        wants.extend(self.seal_in_time(state, up));
        wants
    }

    /// Events that eyes remember: baselines, and what probes' texts are filled with.
    pub fn after_events(&mut self, state: &State, events: &[Event]) {
        self.specs.after_events(events);
        if events.iter().any(|e| matches!(e, Event::BaselineTaken { .. })) {
            self.baselines(state);
        }
    }

    /// The sampler's runtime, for other work that waits for the network.
    pub fn handle(&self) -> Option<tokio::runtime::Handle> {
        self.sampler.as_ref().and_then(Sampler::handle)
    }

    /// No more looks.
    pub fn stop(&mut self) {
        if let Some(sampler) = self.sampler.take() {
            sampler.stop();
        }
    }
}

/// The probes that are sampled themselves: members instead of groups.
fn leaves_of(plan: &Plan, probes: &[ProbeId], into: &mut Vec<ProbeId>, depth: usize) {
    for id in probes {
        match plan.probe(id) {
            Some(probe) if !probe.members.is_empty() && depth < 8 => leaves_of(plan, &probe.members, into, depth + 1),
            Some(_) if !into.contains(id) => into.push(id.clone()),
            _ => {}
        }
    }
}

fn rule(probe: &Probe, speed: f64) -> ProbeRule {
    let how = match &probe.kind {
        ProbeKind::AllOf(_) => How::Group { of: Combine::Worst, members: probe.members.clone() },
        ProbeKind::AnyOf(_) => How::Group { of: Combine::Best, members: probe.members.clone() },
        _ => How::Looked {
            rule: Rule {
                fail_after: probe.fail_after,
                pass_after: probe.pass_after,
                no_data_after: if probe.every.is_none() { 1 } else { 2 },
            },
            unit: probe.unit,
            every: probe.every.map(|s| (s * 1e6) as u64),
            slack: (probe.timeout * 1e6 * speed) as u64,
        },
    };
    ProbeRule { probe: probe.id.clone(), how }
}
