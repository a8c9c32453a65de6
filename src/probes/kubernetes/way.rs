//! A way into a pod: a port of its own loopback, forwarded by the API server as `kubectl port-forward` does, but to no
//! port of this machine.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Error;
use kube::api::Portforwarder;
use tokio::io::DuplexStream;

use super::super::causes;
use super::super::ctx::{Ctx, maybe};
use super::super::seen::Problem;
use super::cluster::Cluster;
use super::failure::is_absent;
use super::{is_name, pod, pods};
use crate::runbook::kinds::{Kubernetes, Via};

/// How long the pod's own word is waited for after the stream broke off.
const WORD: Duration = Duration::from_millis(300);

/// A way that is open; it closes when this goes.
pub(in crate::probes) struct Way {
    forwarder: Portforwarder,
    /// The pod at its end.
    pub pod: String,
    port: u16,
}

/// Opens the way to a port of a pod; `None` where none is named.
pub(in crate::probes) async fn way(via: &Via, port: u16, ctx: &Ctx) -> Result<Option<(DuplexStream, Way)>, Problem> {
    let Some(named) = maybe(via.pod.as_ref())? else { return Ok(None) };
    let place = Kubernetes { context: via.context.clone(), namespace: via.namespace.clone(), ..Kubernetes::default() };
    let cluster = Cluster::of(&place, ctx).await.map_err(Problem::as_nothing)?;
    let pod = chosen(named, &cluster).await?;
    let opened = cluster.objects::<Pod>().portforward(&pod, &[port]).await;
    let mut forwarder = match opened {
        Err(error) if is_absent(&error) => return Err(Problem::failing(format!("the pod {pod} is gone"))),
        other => cluster.told(other).map_err(Problem::as_nothing)?,
    };
    cluster.keep();
    let stream = forwarder.take_stream(port).ok_or_else(|| Problem::nothing("no way to that port"))?;
    Ok(Some((stream, Way { forwarder, pod, port })))
}

impl Way {
    /// Why the stream broke off: the pod's own word where there is one.
    pub async fn failure(
        mut self,
        error: &(dyn std::error::Error + Send + Sync + 'static),
        place: &str,
        leaf: Option<&str>,
    ) -> Problem {
        let word = match self.forwarder.take_error(self.port) {
            Some(word) => tokio::time::timeout(WORD, word).await.ok().flatten(),
            None => None,
        };
        match word {
            Some(word) if word.contains("refused") => Problem::failing("connection refused")
                .hint(format!("in {} nothing listens on {place}: does it run, and is this its port?", self.pod)),
            Some(word) => Problem::failing(format!("no connection in {}: {}", self.pod, last(&word))),
            None => causes::failure(error, &format!("{place} in {}", self.pod), leaf),
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

/// The end of a chain of errors, where its cause stands.
fn last(word: &str) -> String {
    super::super::ctx::short(word.trim().rsplit("desc = ").next().unwrap_or(word), 120)
}

/// The pod of that name; of a deployment the newest of its ready ones, else the newest that runs.
async fn chosen(named: &str, cluster: &Cluster<'_>) -> Result<String, Problem> {
    let deployment = ["deployment/", "deployments/", "deploy/"].iter().find_map(|kind| named.strip_prefix(kind));
    let name = deployment.unwrap_or_else(|| named.trim_start_matches("pod/"));
    if !is_name(name) {
        return Err(Problem::nothing(format!("`{named}` is no pod")).hint("write NAME of a pod, or deployment/NAME"));
    }
    if deployment.is_none() {
        return match cluster.objects::<Pod>().get(name).await {
            Ok(_) => Ok(name.to_owned()),
            Err(Error::Api(status)) if status.code == 404 => Err(Problem::failing(format!("there is no pod {name}"))),
            Err(error) => cluster.told(Err(error)).map_err(Problem::as_nothing),
        };
    }
    let names = [name.to_owned()];
    let (found, _) = pods::of(cluster, Some(&names)).await.map_err(Problem::as_nothing)?;
    best(&found, chrono::Utc::now().timestamp()).ok_or_else(|| {
        Problem::failing(format!("no pod of {name} runs")).hint("`kubectl get pods` says what became of them")
    })
}

/// The newest ready pod, else the newest that runs.
fn best(found: &[Pod], now: i64) -> Option<String> {
    let runs = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        phase == Some("Running") && pod.metadata.deletion_timestamp.is_none()
    };
    let rank = |pod: &&Pod| {
        let made = pod.metadata.creation_timestamp.as_ref().map(|at| at.0.as_second());
        (pod::stand(pod, now) == pod::Stand::Ready, made, pod.metadata.name.clone())
    };
    found.iter().filter(runs).max_by_key(rank)?.metadata.name.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, made: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": { "name": name, "creationTimestamp": made },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
        }))
        .unwrap()
    }

    #[test]
    fn a_ready_pod_goes_before_a_newer_one_that_is_not() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let both = [pod("a", old, "True"), pod("b", new, "False")];
        assert_eq!(best(&both, 0).as_deref(), Some("a"));
        assert_eq!(best(&[pod("a", old, "True"), pod("b", new, "True")], 0).as_deref(), Some("b"));
        assert_eq!(best(&both[1..], 0).as_deref(), Some("b"));
        let mut leaving = pod("c", new, "True");
        leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp.clone();
        assert_eq!(best(&[leaving], 0), None);
        let mut waiting = pod("d", new, "False");
        waiting.status.as_mut().unwrap().phase = Some("Pending".into());
        assert_eq!(best(&[waiting], 0), None);
    }

    #[test]
    fn of_a_chain_of_errors_the_cause_is_told() {
        assert_eq!(last("an error: rpc error: code = Unknown desc = dial: no\n"), "dial: no");
    }
}
