//! The simulated cluster: deployments with revisions and pods, and plain objects.
//!
//! A rollout is planned when it begins (one pod more than wanted, none fewer); what is seen at a time follows from
//! that plan, and another rollout in the middle of it starts from the pods that are there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names;
use crate::sandbox::world::clock::Millis;

/// From a pod's creation until its container runs.
pub const POD_RUNS: Millis = 1_800;
/// How long a pod takes to end.
const POD_ENDS: Millis = 2_000;

/// Variable by which a manifest makes what it runs faulty; `unready` is the one fault that there is.
pub const FAULT: &str = "CRYPTOUTIL_FAULT";
/// When a pod becomes ready that never does: a year after its creation.
const NEVER: Millis = 365 * 24 * 3_600_000;

/// One replica set: a template that has been rolled out.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its number; rolling back to a template gives it a new one.
    pub number: u64,
    /// `pod-template-hash`.
    pub hash: String,
    /// The pods' template (`spec.template`).
    pub template: Value,
    /// When its replica set was made.
    pub created: Millis,
}

/// One pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// `DEPLOYMENT-HASH-xxxxx`.
    pub name: String,
    /// Hash of its replica set.
    pub hash: String,
    /// When it was, or will be, created.
    pub created: Millis,
    /// When it becomes ready, if it is left alone.
    pub ready: Millis,
    /// When it is told to end.
    pub ends: Option<Millis>,
}

/// What a pod is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Not there: not yet, or not any more.
    Absent,
    /// Its container is being made.
    Creating,
    /// Runs, not ready.
    Running,
    /// Runs and is ready.
    Ready,
    /// Was told to end.
    Terminating,
}

impl Revision {
    /// Image of its first container, with the tag.
    pub fn image(&self) -> &str {
        self.template.pointer("/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether its pods never become ready: the variable [`FAULT`] of its first container says so.
    pub fn unready(&self) -> bool {
        let env = self.template.pointer("/spec/containers/0/env").and_then(Value::as_array);
        let is = |v: &Value, key: &str, text: &str| v.get(key).and_then(Value::as_str) == Some(text);
        env.into_iter().flatten().any(|v| is(v, "name", FAULT) && is(v, "value", "unready"))
    }

    /// The image's tag.
    pub fn version(&self) -> &str {
        self.image().rsplit_once(':').map_or("latest", |(_, tag)| tag)
    }
}

impl Pod {
    /// What it does at `now`.
    pub fn phase(&self, now: Millis) -> PodPhase {
        match self.ends {
            _ if now < self.created => PodPhase::Absent,
            Some(ends) if now >= ends + POD_ENDS => PodPhase::Absent,
            Some(ends) if now >= ends => PodPhase::Terminating,
            _ if now < self.created + POD_RUNS => PodPhase::Creating,
            _ if now < self.ready => PodPhase::Running,
            _ => PodPhase::Ready,
        }
    }
}

/// What a deployment's status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Pods wanted.
    pub desired: usize,
    /// Pods of any template that are not ending.
    pub total: usize,
    /// Pods of the newest template.
    pub updated: usize,
    /// Pods that are ready.
    pub available: usize,
}

impl Status {
    /// Nothing is left to do.
    pub fn complete(&self) -> bool {
        self.updated == self.desired && self.total == self.updated && self.available == self.updated
    }
}

/// Why a rollback was refused, or did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoUndo {
    /// No revision of that number.
    Unknown(u64),
    /// There is no earlier revision.
    NoHistory,
    /// The template of that revision is the present one.
    Present(u64),
}

/// One deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// Pods wanted.
    pub replicas: usize,
    /// Its replica sets; the one with the highest number is current.
    pub revisions: Vec<Revision>,
    /// All pods that were ever made.
    pub pods: Vec<Pod>,
    /// `metadata.generation`.
    pub generation: u64,
    /// When it was created.
    pub created: Millis,
    seed: u64,
    made: u64,
}

impl Deployment {
    /// A deployment without pods.
    pub fn new(seed: u64, name: &str, replicas: usize, created: Millis) -> Self {
        Self { name: name.to_owned(), replicas, revisions: vec![], pods: vec![], generation: 0, created, seed, made: 0 }
    }

    /// The current revision.
    pub fn current(&self) -> Option<&Revision> {
        self.revisions.iter().max_by_key(|r| r.number)
    }

    /// The revision of that number.
    pub fn revision(&self, number: u64) -> Option<&Revision> {
        self.revisions.iter().find(|r| r.number == number)
    }

    /// What a rollback to revision `to`, or to the one before the current, would go to.
    ///
    /// # Errors
    /// It is refused, or does nothing.
    pub fn undo_target(&self, to: Option<u64>) -> Result<&Revision, NoUndo> {
        let current = self.current().map_or(0, |r| r.number);
        let target = match to.filter(|n| *n > 0) {
            Some(n) => self.revision(n).ok_or(NoUndo::Unknown(n))?,
            None => self
                .revisions
                .iter()
                .filter(|r| r.number < current)
                .max_by_key(|r| r.number)
                .ok_or(NoUndo::NoHistory)?,
        };
        if target.number == current { Err(NoUndo::Present(current)) } else { Ok(target) }
    }

    /// Begins to roll out a template.
    pub fn roll(&mut self, template: &Value, at: Millis) {
        self.generation += 1;
        let number = self.current().map_or(0, |r| r.number) + 1;
        let hash = if let Some(known) = self.revisions.iter_mut().find(|r| r.template == *template) {
            known.number = number;
            known.hash.clone()
        } else {
            let hash = names::kube(&mut names::random(self.seed, &[&self.name, &template.to_string()]), 10);
            self.revisions.push(Revision { number, hash: hash.clone(), template: template.clone(), created: at });
            hash
        };
        self.replace_pods(&hash, at);
    }

    /// Ends pods one after the other, each when a new one is ready.
    fn replace_pods(&mut self, hash: &str, at: Millis) {
        // What an earlier rollout planned for later does not happen.
        self.pods.retain(|pod| pod.created <= at);
        for pod in &mut self.pods {
            pod.ends = pod.ends.filter(|ends| *ends <= at);
        }
        let keep: Vec<usize> =
            (0..self.pods.len()).filter(|i| self.pods[*i].hash == hash && self.pods[*i].ends.is_none()).collect();
        let mut old: Vec<usize> =
            (0..self.pods.len()).filter(|i| self.pods[*i].hash != hash && self.pods[*i].ends.is_none()).collect();
        let unready = self.revisions.iter().any(|r| r.hash == hash && r.unready());
        let mut next = at + 300;
        for _ in keep.len()..self.replicas {
            self.made += 1;
            let mut random = names::random(self.seed, &[&self.name, "pod", &self.made.to_string()]);
            let ready = next + POD_RUNS + if unready { NEVER } else { random.i64(4_500..7_500) };
            let name = format!("{}-{hash}-{}", self.name, names::kube(&mut random, 5));
            self.pods.push(Pod { name, hash: hash.to_owned(), created: next, ready, ends: None });
            if !old.is_empty() {
                let oldest = old.remove(0);
                self.pods[oldest].ends = Some(ready);
            }
            next = ready + 200;
        }
        for left in old {
            self.pods[left].ends = Some(next);
        }
    }

    /// Pods that are there at `now`.
    pub fn pods_at(&self, now: Millis) -> impl Iterator<Item = (&Pod, PodPhase)> {
        self.pods.iter().map(move |pod| (pod, pod.phase(now))).filter(|(_, phase)| *phase != PodPhase::Absent)
    }

    /// Its status at `now`.
    pub fn status(&self, now: Millis) -> Status {
        let current = self.current().map(|r| r.hash.clone()).unwrap_or_default();
        let mut status = Status { desired: self.replicas, total: 0, updated: 0, available: 0 };
        for (pod, phase) in self.pods_at(now) {
            if phase == PodPhase::Terminating {
                continue;
            }
            status.total += 1;
            status.updated += usize::from(pod.hash == current);
            status.available += usize::from(phase == PodPhase::Ready);
        }
        status
    }

    /// The template that answers requests at `now`: of the ready pods the newest.
    pub fn serving(&self, now: Millis) -> Option<&Revision> {
        let newest =
            self.pods_at(now).filter(|(_, phase)| *phase == PodPhase::Ready).max_by_key(|(pod, _)| pod.created)?;
        self.revisions.iter().find(|r| r.hash == newest.0.hash)
    }
}

/// The cluster's namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Deployments by name.
    pub deployments: BTreeMap<String, Deployment>,
    /// All objects as applied, deployments too: (kind as printed, name) → the object and when it was created.
    pub objects: BTreeMap<(String, String), (Value, Millis)>,
    /// What each Service selected from when on.
    pub selectors: BTreeMap<String, Vec<(Millis, Labels)>>,
}

/// Labels, of a selector or of pods.
pub type Labels = BTreeMap<String, String>;

/// The labels in an object of JSON.
pub fn labels(value: Option<&Value>) -> Labels {
    let map = value.and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

impl Cluster {
    /// A Service was applied or patched.
    pub fn select(&mut self, name: &str, service: &Value, at: Millis) {
        let selector = labels(service.pointer("/spec/selector"));
        self.selectors.entry(name.to_owned()).or_default().push((at, selector));
    }

    /// What a Service selects at `now`; none when there is no such Service.
    pub fn selector_at(&self, name: &str, now: Millis) -> Option<&Labels> {
        let all = self.selectors.get(name)?;
        all.iter().rev().find(|(at, _)| *at <= now).or(all.first()).map(|(_, selector)| selector)
    }

    /// Pods that a selector takes, with their deployment and what they do.
    pub fn pods_of<'a>(
        &'a self,
        selector: &'a Labels,
        now: Millis,
    ) -> impl Iterator<Item = (&'a Deployment, &'a Pod, PodPhase)> {
        let takes = move |d: &Deployment, pod: &Pod| {
            let template = d.revisions.iter().find(|r| r.hash == pod.hash).map(|r| &r.template);
            let labels = template.and_then(|t| t.pointer("/metadata/labels"));
            let has = |(name, value): (&String, &String)| {
                labels.and_then(|l| l.get(name)).and_then(Value::as_str) == Some(value.as_str())
            };
            !selector.is_empty() && selector.iter().all(has)
        };
        let all = self.deployments.values().flat_map(move |d| d.pods_at(now).map(move |(pod, phase)| (d, pod, phase)));
        all.filter(move |(d, pod, _)| takes(d, pod))
    }

    /// The template that answers for a selector at `now`: of the ready pods the newest.
    pub fn selected<'a>(&'a self, selector: &'a Labels, now: Millis) -> Option<&'a Revision> {
        let ready = self.pods_of(selector, now).filter(|(_, _, phase)| *phase == PodPhase::Ready);
        let (deployment, pod, _) = ready.max_by_key(|(_, pod, _)| pod.created)?;
        deployment.revisions.iter().find(|r| r.hash == pod.hash)
    }

    /// Deletes an object, a deployment with its pods.
    pub fn delete(&mut self, kind: &str, name: &str) {
        self.objects.remove(&(kind.to_owned(), name.to_owned()));
        match kind {
            "deployment.apps" => {
                self.deployments.remove(name);
            }
            "service" => {
                self.selectors.remove(name);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(version: &str) -> Value {
        serde_json::json!({ "spec": { "containers": [{ "image": format!("cryptoutil:{version}") }] } })
    }

    fn deployment() -> Deployment {
        let mut d = Deployment::new(5, "cryptoutil-kms", 2, -1_000_000);
        d.roll(&template("1.0.0"), -1_000_000);
        d
    }

    fn end(d: &Deployment) -> Millis {
        (0..200_000).step_by(100).find(|t| d.status(*t).complete()).unwrap()
    }

    #[test]
    fn a_settled_deployment_is_complete() {
        let d = deployment();
        assert_eq!(d.status(0), Status { desired: 2, total: 2, updated: 2, available: 2 });
        assert_eq!(d.serving(0).unwrap().image(), "cryptoutil:1.0.0");
        assert_eq!(d.current().unwrap().number, 1);
    }

    #[test]
    fn a_rollout_never_has_fewer_ready_pods_than_wanted() {
        let mut d = deployment();
        d.roll(&template("1.1.0"), 1_000);
        let end = end_after(&d, 1_000);
        assert!((12_000..30_000).contains(&end), "{end}");
        for t in (0..end).step_by(50) {
            let status = d.status(t);
            assert!(status.available >= 2 && status.total <= 3, "at {t}: {status:?}");
        }
        assert_eq!(d.current().unwrap().number, 2);
        assert_eq!(d.serving(end).unwrap().image(), "cryptoutil:1.1.0");
        assert_eq!(d.pods_at(end + 10_000).count(), 2);
    }

    fn end_after(d: &Deployment, from: Millis) -> Millis {
        (from..from + 200_000).step_by(100).find(|t| d.status(*t).complete()).unwrap()
    }

    #[test]
    fn an_undo_takes_the_known_template_and_a_new_number() {
        let mut d = deployment();
        d.roll(&template("1.1.0"), 0);
        let t = end(&d);
        let target = d.undo_target(Some(1)).unwrap().clone();
        d.roll(&target.template, t);
        assert_eq!(d.current().unwrap().number, 3);
        assert_eq!(d.revision(1), None, "the replica set took the new number");
        assert_eq!(d.serving(end_after(&d, t)).unwrap().image(), "cryptoutil:1.0.0");
        assert_eq!(d.undo_target(Some(3)), Err(NoUndo::Present(3)));
        assert_eq!(d.undo_target(Some(9)), Err(NoUndo::Unknown(9)));
        assert_eq!(d.undo_target(None).unwrap().number, 2, "a plain undo twice goes forward again");
    }

    #[test]
    fn an_undo_in_the_middle_keeps_the_old_pods() {
        let mut d = deployment();
        let old: Vec<String> = d.pods_at(0).map(|(p, _)| p.name.clone()).collect();
        d.roll(&template("1.1.0"), 0);
        d.roll(&template("1.0.0"), 4_000);
        let t = end_after(&d, 4_000) + 5_000;
        let now: Vec<String> = d.pods_at(t).map(|(p, _)| p.name.clone()).collect();
        assert_eq!(now, old);
        assert_eq!(deployment().undo_target(None), Err(NoUndo::NoHistory));
    }
}
