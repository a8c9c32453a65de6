//! What the sampler is told of each probe, filled in; made again only when something that it is made of changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::plan::{Action, Plan, Probe};
use crate::engine::{Event, PlanScope, State, Status, Wanted};
use crate::expr::{Scope, Template};
use crate::host::confine::Looking;
use crate::host::secrets::Secrets;
use crate::probes::{LookSpec, WantedProbe};
use crate::runbook::kinds::ProbeKind;
use crate::words::{ProbeId, Value};

/// A probe for the sampler, or why it cannot be filled in.
pub(super) type Made = Result<WantedProbe, (ProbeId, String)>;

/// The specs as the sampler has them.
#[derive(Debug, Default)]
pub(super) struct Specs {
    made: Vec<Made>,
    /// Something that texts are filled with changed.
    stale: bool,
    /// Texts or expectations name what any event may change: steps, other probes.
    moving: bool,
    /// What `made` was made for.
    probes: Vec<ProbeId>,
    settling: BTreeSet<ProbeId>,
    secrets: Option<u64>,
}

impl Specs {
    /// Finds out whether the plan's probes name what moves.
    pub fn learn(&mut self, plan: &Plan) {
        self.stale = true;
        self.moving = plan.probes.iter().any(|probe| {
            let mut kind = probe.kind.clone();
            let texts: Vec<_> = kind.texts().into_iter().flat_map(|text| text.used()).collect();
            let expected = probe.expect.iter().flat_map(|e| e.used());
            texts.into_iter().chain(expected).any(|used| {
                let first = used.path.first().map(String::as_str).unwrap_or_default();
                first == "steps" || plan.probe(&ProbeId(first.to_owned())).is_some()
            })
        });
    }

    /// What looks are given has changed.
    pub fn fill_anew(&mut self) {
        self.stale = true;
    }

    /// Notes what texts may be filled with anew.
    pub fn after_events(&mut self, events: &[Event]) {
        self.stale |= events.iter().any(|event| {
            matches!(event, Event::ValueCaptured { .. } | Event::BaselineTaken { .. } | Event::RunBegun { .. })
                || matches!(event, Event::AttemptStarted(started) if started.changes)
        });
    }

    /// Nothing is looked at any more; whether something was.
    pub fn forget(&mut self) -> bool {
        self.secrets = None;
        !std::mem::take(&mut self.made).is_empty()
    }

    /// What the sampler is to be told; none when it knows already.
    pub fn renew(
        &mut self,
        state: &State,
        wanted: &Wanted,
        secrets: &Secrets,
        root: &Path,
        env: &Looking,
    ) -> Option<Vec<Made>> {
        let settling = settling(state);
        let same = self.secrets == Some(secrets.changes()) && self.probes == wanted.probes && self.settling == settling;
        if same && !self.stale && !self.moving {
            return None;
        }
        let asked: BTreeSet<&ProbeId> = wanted.probes.iter().chain(&settling).collect();
        // Probes that look only when asked are known to the sampler too, so that they can be asked.
        let made: Vec<Made> = state
            .plan
            .probes
            .iter()
            .filter(|p| p.members.is_empty() && !matches!(p.kind, ProbeKind::AllOf(_) | ProbeKind::AnyOf(_)))
            .filter(|p| p.every.is_none() || asked.contains(&p.id))
            .map(|probe| match spec(state, probe, secrets, root, env) {
                Ok(spec) => Ok(WantedProbe {
                    id: probe.id.clone(),
                    spec: Arc::new(spec),
                    every: probe.every.map(Duration::from_secs_f64),
                }),
                Err(why) => Err((probe.id.clone(), why)),
            })
            .collect();
        self.stale = false;
        self.secrets = Some(secrets.changes());
        self.probes.clone_from(&wanted.probes);
        self.settling = settling;
        if made == self.made {
            return None;
        }
        self.made.clone_from(&made);
        Some(made)
    }
}

/// Probes that say whether an attempt took effect of which nobody knows.
fn settling(state: &State) -> BTreeSet<ProbeId> {
    let mut all = vec![];
    for (index, item) in state.plan.items.iter().enumerate() {
        if let Action::Run(run) = &item.action
            && !run.acting.settle.is_empty()
            && state.status(index) == Status::Unknown
        {
            super::leaves_of(&state.plan, &run.acting.settle, &mut all, 0);
        }
    }
    all.into_iter().collect()
}

/// Everything a look needs, filled in: secrets too, so it is kept in memory only.
fn spec(state: &State, probe: &Probe, secrets: &Secrets, root: &Path, env: &Looking) -> Result<LookSpec, String> {
    let scope = PlanScope::of_probe(state, probe);
    let mut kind = probe.kind.clone();
    if let Some(since) = kind.since()
        && since.is_none()
    {
        // What a deployment did shows from its first change on.
        let from = state.world_changed.or(state.opened_at);
        *since = from.map(|stamp| Template::plain(stamp.at_text()));
    }
    for text in kind.texts() {
        *text = Template::plain(secrets.fill(text, &scope)?);
    }
    let mut env = match &kind {
        ProbeKind::Run(_) | ProbeKind::Script(_) => env.commands.clone()?,
        _ => env.apis.clone(),
    };
    if let ProbeKind::Script(script) = &kind {
        for (name, value) in crate::engine::script_values(state, &script.script, probe.each.as_ref()) {
            env.insert(name, value);
        }
        if let Value::Text(dir) = scope.member(&["run", "dir"]) {
            env.insert("run_dir".into(), dir);
        }
    }
    let mut names = BTreeMap::new();
    for used in probe.expect.iter().flat_map(|e| e.used()) {
        let path: Vec<&str> = used.path.iter().map(String::as_str).collect();
        let value = scope.member(&path);
        if value != Value::NoData {
            names.insert(used.path.join("."), value);
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
