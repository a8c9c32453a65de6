//! Looking: the sampler and the monitor, reconciled to what the engine wants; samples become intents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::clock::RunClock;
use super::input::Input;
use super::log;
use super::secrets::Secrets;
use crate::engine::plan::{Action, Plan, Probe};
use crate::engine::{Condition, ConditionKind, Event, PlanScope, State, Want, Wanted};
use crate::expr::{Scope, Template};
use crate::journal::Spool;
use crate::link::{Live, LiveProbe};
use crate::monitor::{Change, Combine, ConditionRule, How, Monitor, Need, ProbeRule, Rule, Turn};
use crate::probes::{Answer, LookSpec, Sampler, WantedProbe};
use crate::runbook::kinds::ProbeKind;
use crate::words::{ItemId, Look, ProbeId, Sample, Stamp, Value, Verdict};

/// Run time between two seals of the spool, µs (DESIGN.md, How many: a seal each 10 min).
const SEAL: u64 = 600_000_000;
/// Figures of a sparkline.
const SPARK: usize = 40;
/// Run time that a sparkline shows, µs.
const SPARK_SPAN: u64 = 600_000_000;

/// Why a fresh look was asked for.
#[derive(Clone, Debug)]
enum Why {
    /// An item, a close, a return.
    Asked,
    /// Whether an unknown attempt took effect.
    Settle(ItemId, u32),
}

/// A row of good looks that a wait needs.
#[derive(Debug)]
struct Row {
    condition: Condition,
    good: BTreeMap<ProbeId, u32>,
}

/// Sampler, monitor and spool of a run.
pub(super) struct Eyes {
    sampler: Option<Sampler>,
    inbox: Sender<Input>,
    monitor: Monitor,
    spool: Option<Spool>,
    last_seal: u64,
    wanted: Vec<WantedProbe>,
    rules: Vec<ProbeRule>,
    conditions: BTreeMap<String, (ItemId, u32, bool)>,
    rows: BTreeMap<ItemId, Row>,
    tokens: BTreeMap<u64, (ProbeId, Why)>,
    next_token: u64,
    early: Vec<(ProbeId, Why)>,
    bad_since: BTreeMap<ProbeId, u64>,
    broken: BTreeSet<String>,
    speed: f64,
}

impl Eyes {
    /// Eyes that are still closed: threads start with the first probe.
    pub fn new(inbox: Sender<Input>, speed: f64) -> Self {
        Self {
            sampler: None,
            inbox,
            monitor: Monitor::new(),
            spool: None,
            last_seal: 0,
            wanted: vec![],
            rules: vec![],
            conditions: BTreeMap::new(),
            rows: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next_token: 0,
            early: vec![],
            bad_since: BTreeMap::new(),
            broken: BTreeSet::new(),
            speed,
        }
    }

    /// Takes the spool of the run.
    pub fn keep(&mut self, spool: Spool) {
        self.spool = Some(spool);
    }

    /// Learns the plan's probes before old samples are taken in.
    pub fn learn(&mut self, plan: &Plan) {
        self.rules = plan.probes.iter().map(|p| rule(p, self.speed)).collect();
        self.monitor.reconcile(self.rules.clone(), 0);
    }

    /// What a new host reads again from the spool.
    pub fn remember(&mut self, sample: &Sample) {
        self.monitor.push(sample);
    }

    /// Sets figures from before the change.
    pub fn baselines(&mut self, state: &State) {
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

    /// Samples what the engine wants, and keeps an eye on its conditions.
    pub fn reconcile(
        &mut self,
        state: &State,
        wanted: &Wanted,
        secrets: &Secrets,
        root: &Path,
        env: &BTreeMap<String, String>,
        clock: &RunClock,
    ) {
        if state.begun.is_some() && state.ended.is_none() && !state.plan.probes.is_empty() {
            self.reconcile_probes(state, wanted, secrets, root, env, clock);
        } else if !self.wanted.is_empty() {
            self.wanted.clear();
            if let Some(sampler) = &self.sampler {
                sampler.reconcile(vec![]);
            }
        }
        self.reconcile_conditions(state, wanted, clock.up());
    }

    fn reconcile_probes(
        &mut self,
        state: &State,
        wanted: &Wanted,
        secrets: &Secrets,
        root: &Path,
        env: &BTreeMap<String, String>,
        clock: &RunClock,
    ) {
        let signature_same = self.rules.len() == state.plan.probes.len();
        if !signature_same {
            self.rules = state.plan.probes.iter().map(|p| rule(p, self.speed)).collect();
            self.monitor.reconcile(self.rules.clone(), clock.up());
        }
        // On-demand probes are known to the sampler too, so that they can be asked.
        let names: Vec<&Probe> = state
            .plan
            .probes
            .iter()
            .filter(|p| p.members.is_empty() && !matches!(p.kind, ProbeKind::AllOf(_) | ProbeKind::AnyOf(_)))
            .filter(|p| p.every.is_none() || wanted.probes.contains(&p.id))
            .collect();
        let mut list = vec![];
        for probe in names {
            match spec(state, probe, secrets, root, env) {
                Ok(spec) => {
                    self.broken.remove(probe.id.as_str());
                    list.push(WantedProbe {
                        id: probe.id.clone(),
                        spec: Arc::new(spec),
                        every: probe.every.map(Duration::from_secs_f64),
                    });
                }
                Err(why) => {
                    if self.broken.insert(probe.id.0.clone()) {
                        self.no_look(&probe.id, &why, clock.up());
                    }
                }
            }
        }
        let changed = list.len() != self.wanted.len()
            || list.iter().zip(&self.wanted).any(|(a, b)| a.id != b.id || *a.spec != *b.spec);
        if changed {
            self.wanted = list.clone();
            if let Some(sampler) = self.sampler(clock) {
                sampler.reconcile(list);
            }
        }
        for (probe, why) in std::mem::take(&mut self.early) {
            self.ask(probe, why);
        }
    }

    /// A probe whose texts cannot be filled in has no data, and says why.
    fn no_look(&self, probe: &ProbeId, why: &str, up: u64) {
        let sample =
            Sample { probe: probe.clone(), up, look: Look::NoData, why: Some(why.to_owned()), ..Sample::default() };
        let _ = self.inbox.send(Input::Looked(Answer { sample, tokens: vec![] }));
    }

    fn reconcile_conditions(&mut self, state: &State, wanted: &Wanted, up: u64) {
        let mut keep = BTreeSet::new();
        let mut rows = BTreeSet::new();
        for condition in &wanted.conditions {
            let key = format!("{}#{}", condition.item, condition.attempt);
            match &condition.kind {
                ConditionKind::Expr(expr, in_a_row) => {
                    self.keep_condition(state, condition, &key, expr, *in_a_row, false, up);
                    keep.insert(key);
                }
                ConditionKind::Until(expr) => {
                    self.keep_condition(state, condition, &key, expr, 1, true, up);
                    keep.insert(key);
                }
                ConditionKind::Probes(..) => {
                    rows.insert(condition.item.clone());
                    let new = self.rows.get(&condition.item).is_none_or(|r| r.condition.attempt != condition.attempt);
                    if new {
                        self.rows
                            .insert(condition.item.clone(), Row { condition: condition.clone(), good: BTreeMap::new() });
                    }
                }
                ConditionKind::Baseline(..) => {}
            }
        }
        self.rows.retain(|item, _| rows.contains(item));
        self.conditions.retain(|key, _| keep.contains(key));
        self.monitor.keep_conditions(|id| keep.contains(id));
    }

    #[expect(clippy::too_many_arguments, reason = "one condition's whole description")]
    fn keep_condition(
        &mut self,
        state: &State,
        condition: &Condition,
        key: &str,
        expr: &crate::expr::Expr,
        in_a_row: u32,
        until: bool,
        up: u64,
    ) {
        if self.conditions.contains_key(key) {
            return;
        }
        self.conditions.insert(key.to_owned(), (condition.item.clone(), condition.attempt, until));
        let index = state.index(&condition.item).unwrap_or_default();
        let rest = Arc::new(Frozen { values: given(state, index) });
        let rule = ConditionRule { expr: expr.clone(), need: Need::InARow(in_a_row), raw: false, rest };
        self.monitor.condition(key, rule, up);
    }

    /// A look was made: what it turns, meets and settles.
    pub fn looked(&mut self, state: &State, answer: Answer) -> Vec<Want> {
        let mut wants = vec![];
        let sample = answer.sample;
        if let Some(spool) = &mut self.spool
            && let Err(error) = spool.append(std::slice::from_ref(&sample))
        {
            log(&format!("{error}"));
        }
        match sample.look {
            Look::Bad => {
                self.bad_since.entry(sample.probe.clone()).or_insert(sample.up);
            }
            Look::Good => {
                self.bad_since.remove(&sample.probe);
            }
            Look::NoData => {}
        }
        // No data is where every probe begins, so it turns nothing: it is told once, or the item would seem to be busy.
        if sample.look == Look::NoData && state.probes.get(&sample.probe).is_none_or(|p| p.sample.is_none()) {
            wants.push(Want::Looked {
                probe: sample.probe.clone(),
                verdict: Verdict::NoData,
                sample: Box::new(sample.clone()),
            });
        }
        let changes = self.monitor.push(&sample);
        wants.extend(changes.into_iter().map(verdict));
        for token in answer.tokens {
            match self.tokens.remove(&token) {
                Some((probe, Why::Settle(item, attempt))) => {
                    wants.push(Want::SettleLooked {
                        item,
                        attempt,
                        good: sample.look == Look::Good,
                        text: sample.why.clone().unwrap_or_else(|| sample.text.clone()),
                    });
                    let _ = probe;
                }
                Some((probe, Why::Asked)) => wants.extend(self.told(state, &probe, &sample)),
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

    /// What was asked for is told even when it turned nothing: the item shows that it was looked at.
    fn told(&self, state: &State, probe: &ProbeId, sample: &Sample) -> Option<Want> {
        let verdict = self.monitor.verdict(probe);
        let on_demand = state.plan.probe(probe).is_some_and(|p| p.every.is_none());
        let known = state.probes.get(probe).is_some_and(|p| p.verdict == verdict && p.sample.is_some());
        (on_demand || !known).then(|| Want::Looked {
            probe: probe.clone(),
            verdict: if verdict == Verdict::NoData && sample.look == Look::Bad { Verdict::Bad } else { verdict },
            sample: Box::new(sample.clone()),
        })
        .filter(|_| on_demand || verdict != Verdict::NoData)
    }

    fn turned(&self, key: &str, turn: Turn) -> Option<Want> {
        let Turn::Fired { .. } = turn else { return None };
        let (item, attempt, until) = self.conditions.get(key)?.clone();
        Some(if until {
            Want::UntilMet { item, attempt }
        } else {
            Want::Met { item, attempt, why: String::new() }
        })
    }

    fn count(&mut self, sample: &Sample) -> Vec<Want> {
        let mut met = vec![];
        for (item, row) in &mut self.rows {
            let ConditionKind::Probes(probes, in_a_row) = &row.condition.kind else { continue };
            if !probes.contains(&sample.probe) || sample.up < row.condition.since {
                continue;
            }
            let good = row.good.entry(sample.probe.clone()).or_default();
            *good = if sample.look == Look::Good { *good + 1 } else { 0 };
            if probes.iter().all(|p| row.good.get(p).is_some_and(|n| n >= in_a_row)) {
                let why = format!("{} good {} times in a row", probes.len(), in_a_row);
                met.push(Want::Met { item: item.clone(), attempt: row.condition.attempt, why });
            }
        }
        met
    }

    /// Time passes: looks grow old, flapping ends, the spool is sealed.
    pub fn tick(&mut self, state: &State, up: u64) -> Vec<Want> {
        let mut wants: Vec<Want> = self.monitor.tick(up).into_iter().map(verdict).collect();
        for turned in self.monitor.judge_all(up) {
            wants.extend(self.turned(&turned.id, turned.turn));
        }
        if up.saturating_sub(self.last_seal) >= SEAL && state.begun.is_some() && state.ended.is_none() {
            self.last_seal = up;
            wants.extend(self.seal());
        }
        wants
    }

    /// Seals the present segment of the spool.
    pub fn seal(&mut self) -> Option<Want> {
        let sealed = match self.spool.as_mut()?.seal() {
            Ok(sealed) => sealed?,
            Err(error) => {
                log(&format!("{error}"));
                return None;
            }
        };
        Some(sealed_want(&sealed))
    }

    /// Events that eyes remember: baselines.
    pub fn after_events(&mut self, state: &State, events: &[Event]) {
        if events.iter().any(|e| matches!(e, Event::BaselineTaken { .. })) {
            self.baselines(state);
        }
    }

    /// Looks at these now.
    pub fn look(&mut self, probes: &[ProbeId], settle: Option<(ItemId, u32)>) {
        for probe in probes {
            let why = match &settle {
                Some((item, attempt)) => Why::Settle(item.clone(), *attempt),
                None => Why::Asked,
            };
            self.early.push((probe.clone(), why));
        }
    }

    /// One fresh look at an item's probes.
    pub fn look_at_item(&mut self, state: &State, item: &ItemId) {
        let Some(Action::Check(check)) = state.index(item).map(|i| &state.plan.items[i].action) else { return };
        let mut leaves = vec![];
        leaves_of(&state.plan, &check.probes, &mut leaves, 0);
        self.look(&leaves, None);
    }

    fn ask(&mut self, probe: ProbeId, why: Why) {
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

    /// The live column.
    pub fn live(&self, state: &State, now: Stamp) -> Live {
        let probes = state
            .plan
            .probes
            .iter()
            .filter_map(|probe| {
                let last = self.monitor.last(&probe.id)?;
                let series = self
                    .monitor
                    .series(&probe.id)
                    .map(|s| s.spark(now.up, SPARK_SPAN, SPARK))
                    .unwrap_or_default();
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
        let missing = self.rows.iter().map(|(item, row)| (item.0.clone(), self.missing(row))).chain(
            self.conditions.iter().filter(|(_, (_, _, until))| !until).map(|(key, (item, _, _))| {
                (item.0.clone(), self.monitor.explain(key, now.up))
            }),
        );
        Live { now: Some(now), probes, missing: missing.collect(), ..Live::default() }
    }

    fn missing(&self, row: &Row) -> String {
        let ConditionKind::Probes(probes, in_a_row) = &row.condition.kind else { return String::new() };
        let left: Vec<&str> = probes
            .iter()
            .filter(|p| row.good.get(*p).is_none_or(|n| n < in_a_row))
            .map(|p| p.as_str())
            .collect();
        format!("{} missing: {}", left.len(), left.join(", "))
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

/// The intent of a sealed segment.
pub(super) fn sealed_want(sealed: &crate::journal::Sealed) -> Want {
    Want::Sealed {
        file: sealed.file.clone(),
        sha256: String::from_utf8_lossy(&sealed.sha256.hex()).into_owned(),
        counts: sealed.counts.iter().map(|(p, n)| (p.0.clone(), *n)).collect(),
    }
}

fn verdict(change: Change) -> Want {
    Want::Verdict { probe: change.probe, verdict: change.verdict, sample: Box::new(change.sample) }
}

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

/// Everything a look needs, filled in: secrets too, so it is kept in memory only.
fn spec(
    state: &State,
    probe: &Probe,
    secrets: &Secrets,
    root: &Path,
    env: &BTreeMap<String, String>,
) -> Result<LookSpec, String> {
    let scope = PlanScope::of_probe(state, probe);
    let mut kind = probe.kind.clone();
    for text in kind.texts() {
        *text = Template::plain(secrets.fill(text, &scope)?);
    }
    let mut env = env.clone();
    if let ProbeKind::Script(script) = &kind {
        for (name, value) in crate::engine::script_values(state, &script.script, probe.each.as_ref()) {
            env.insert(name, value);
        }
        if let Value::Text(dir) = scope.member(&["run", "dir"]) {
            env.insert("run_dir".into(), dir);
        }
    }
    let mut names = BTreeMap::new();
    for expect in &probe.expect {
        for used in expect.used() {
            let path: Vec<&str> = used.path.iter().map(String::as_str).collect();
            let value = scope.member(&path);
            if value != Value::NoData {
                names.insert(used.path.join("."), value);
            }
        }
    }
    Ok(LookSpec {
        kind,
        expect: probe.expect.clone(),
        given: names,
        unit: Some(probe.unit),
        timeout: Duration::from_secs_f64(probe.timeout.max(0.05)),
        root: root.to_owned(),
        env,
    })
}

/// The values that a condition's names have when it begins.
fn given(state: &State, index: usize) -> BTreeMap<String, Value> {
    let scope = PlanScope::new(state, index);
    let mut values = BTreeMap::new();
    for parameter in &state.plan.parameters {
        values.insert(parameter.name.0.clone(), parameter.value.clone());
    }
    for name in ["item", "pins", "runbook", "objectives"] {
        values.insert(name.to_owned(), scope.value(name));
    }
    values
}

/// Values as they were.
struct Frozen {
    values: BTreeMap<String, Value>,
}

impl Scope for Frozen {
    fn value(&self, name: &str) -> Value {
        self.values.value(name)
    }

    fn member(&self, path: &[&str]) -> Value {
        match path {
            [name, choice] => match self.value(name) {
                list @ Value::List(_) => crate::expr::chosen(&list, choice),
                value => crate::expr::walk(value, &[choice]),
            },
            path => self.values.member(path),
        }
    }
}
