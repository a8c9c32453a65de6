//! What pods wrote.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod;
use kube::Error;
use kube::api::LogParams;

use super::super::ctx::Ctx;
use super::super::logs::timed;
use super::super::seen::Problem;
use super::cluster::Cluster;
use super::failure::is_absent;
use super::{names, pods};
use crate::runbook::kinds::Kubernetes;

/// The most that is read of a container in one look: 8 MiB. What is beyond, the next look reads.
const MOST: i64 = 8 << 20;

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probes) struct Container {
    /// Its pod.
    pub pod: String,
    name: String,
    /// It was started again: what it wrote before is kept beside.
    again: bool,
}

impl Container {
    /// What it is known by.
    pub fn key(&self) -> String {
        format!("{}/{}", self.pod, self.name)
    }
}

/// The logs of deployments, or of all pods of a namespace.
pub(in crate::probes) struct PodLog<'a> {
    cluster: Cluster<'a>,
    /// The containers that ran or run.
    pub containers: Vec<Container>,
}

impl<'a> PodLog<'a> {
    /// The logs of the deployments that are named.
    pub async fn of(place: &Kubernetes, ctx: &'a Ctx) -> Result<Self, Problem> {
        let names = names(&place.deployments)?;
        let cluster = Cluster::of(place, ctx).await?;
        let (found, missing) = pods::of(&cluster, names.as_deref()).await?;
        if let Some(missing) = missing.first() {
            return Err(Problem::nothing(format!("the deployment {missing} has no pod")));
        }
        let containers: Vec<Container> = found.iter().flat_map(started).collect();
        if containers.is_empty() {
            return Err(Problem::nothing(format!("no pod of {} has begun to run", cluster.namespace)));
        }
        Ok(Self { cluster, containers })
    }

    /// The look came to its end.
    pub fn keep(&self) {
        self.cluster.keep();
    }

    /// Reads what a container wrote from a time on, to about the second; each line with its time. Of one that was
    /// started again, what it wrote before too: a panic stands there.
    pub async fn read(
        &self,
        container: &Container,
        from: DateTime<Utc>,
        mut take: impl FnMut(DateTime<Utc>, &str),
    ) -> Result<(), Problem> {
        // The clocks of this machine and of the node may differ by a little.
        let back = (Utc::now() - from).num_seconds().max(0) + 5;
        let runs: &[bool] = if container.again { &[true, false] } else { &[false] };
        for previous in runs {
            let params = LogParams {
                container: Some(container.name.clone()),
                previous: *previous,
                since_seconds: Some(back),
                timestamps: true,
                limit_bytes: Some(MOST),
                ..LogParams::default()
            };
            let text = match self.cluster.objects::<Pod>().logs(&container.pod, &params).await {
                Ok(text) => text,
                Err(error) if is_nothing(&error) => continue,
                Err(error) => return self.cluster.told(Err(error)),
            };
            let mut at = from;
            for line in text.lines() {
                let (time, rest) = timed(line);
                at = time.unwrap_or(at);
                take(at, rest);
            }
        }
        Ok(())
    }
}

/// Containers of a pod that have begun to run, init containers too.
fn started(pod: &Pod) -> Vec<Container> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let Some(status) = &pod.status else { return vec![] };
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let all = lists.into_iter().flatten().flatten();
    let ran = all.filter(|c| {
        let waits = c.state.as_ref().is_some_and(|state| state.waiting.is_some());
        !waits || c.restart_count > 0
    });
    ran.map(|c| Container { pod: name.clone(), name: c.name.clone(), again: c.restart_count > 0 }).collect()
}

/// Whether an answer says that there is nothing to read: the pod is gone, its container not yet there or no more (400).
fn is_nothing(error: &Error) -> bool {
    is_absent(error) || matches!(error, Error::Api(status) if status.code == 400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn containers_that_ran_are_read_and_those_started_again_twice() {
        let status = |name: &str, restarts: u32, state: serde_json::Value| json!({ "name": name, "image": "", "imageID": "", "ready": false, "restartCount": restarts, "state": state });
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "name": "kms-1" },
            "status": {
                "initContainerStatuses": [status("init", 0, json!({ "terminated": { "exitCode": 0 } }))],
                "containerStatuses": [
                    status("kms", 0, json!({ "running": {} })),
                    status("loop", 3, json!({ "waiting": { "reason": "CrashLoopBackOff" } })),
                    status("late", 0, json!({ "waiting": { "reason": "ContainerCreating" } })),
                ],
            },
        }))
        .unwrap();
        let found: Vec<(String, bool)> = started(&pod).into_iter().map(|c| (c.key(), c.again)).collect();
        let of = |name: &str, again| (name.to_owned(), again);
        assert_eq!(found, [of("kms-1/init", false), of("kms-1/kms", false), of("kms-1/loop", true)]);
    }
}
