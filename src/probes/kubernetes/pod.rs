//! How one pod stands, in the words that `kubectl get pods` has for it.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodStatus};

use super::super::ctx::short;

/// A pod whose container runs for so long after a restart counts as ready, in seconds: between two crashes it is ready
/// for a moment too (the kubelet's first delay is 10 s).
const SETTLED: i64 = 10;

/// How a pod stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It runs and is ready.
    Ready,
    /// It is not; why.
    NotReady(String),
    /// It did its work, or was told to end: nothing is expected of it.
    Over,
}

/// How it stands at `now`, in seconds since 1970.
pub(super) fn stand(pod: &Pod, now: i64) -> Stand {
    let status = pod.status.clone().unwrap_or_default();
    let phase = status.phase.as_deref().unwrap_or("Unknown");
    if phase == "Succeeded" || pod.metadata.deletion_timestamp.is_some() {
        return Stand::Over;
    }
    if let Some(why) = initial(pod, &status).or_else(|| main(&status)) {
        return Stand::NotReady(why);
    }
    match phase {
        "Running" => {}
        "Pending" => return Stand::NotReady(pending(&status)),
        other => return Stand::NotReady(status.reason.clone().unwrap_or_else(|| other.to_owned())),
    }
    if !holds(&status, "Ready") {
        let ready = containers(&status).filter(|container| container.ready).count();
        return Stand::NotReady(format!("{ready}/{} ready", containers(&status).count()));
    }
    let again = containers(&status).find(|container| container.restart_count > 0 && up(container, now) < SETTLED);
    match again {
        Some(container) => Stand::NotReady(format!("restarted {} times, just now again", container.restart_count)),
        None => Stand::Ready,
    }
}

/// How often its containers were started again.
pub(super) fn restarts(pod: &Pod) -> i32 {
    pod.status.iter().flat_map(containers).map(|container| container.restart_count).sum()
}

/// Whether one of its containers was ended for its memory last.
pub(super) fn out_of_memory(pod: &Pod) -> bool {
    let killed = |state: &Option<ContainerState>| {
        let ended = state.as_ref().and_then(|state| state.terminated.as_ref());
        ended.is_some_and(|ended| ended.reason.as_deref() == Some("OOMKilled"))
    };
    pod.status.iter().flat_map(containers).any(|c| killed(&c.state) || killed(&c.last_state))
}

fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    status.container_statuses.iter().flatten()
}

fn holds(status: &PodStatus, condition: &str) -> bool {
    status.conditions.iter().flatten().any(|c| c.type_ == condition && c.status == "True")
}

fn up(container: &ContainerStatus, now: i64) -> i64 {
    let running = container.state.as_ref().and_then(|state| state.running.as_ref());
    running.and_then(|running| running.started_at.as_ref()).map_or(i64::MAX, |at| now - at.0.as_second())
}

/// What keeps its init containers from being done.
fn initial(pod: &Pod, status: &PodStatus) -> Option<String> {
    // One that restarts always is a side car: it is never done, and its readiness is the pod's.
    let inits = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let side: Vec<&str> =
        inits.filter(|init| init.restart_policy.as_deref() == Some("Always")).map(|init| init.name.as_str()).collect();
    let all: Vec<&ContainerStatus> =
        status.init_container_statuses.iter().flatten().filter(|init| !side.contains(&init.name.as_str())).collect();
    let done = |init: &ContainerStatus| {
        init.state.as_ref().and_then(|s| s.terminated.as_ref()).is_some_and(|ended| ended.exit_code == 0)
    };
    let at = all.iter().position(|init| !done(init))?;
    let one = all.get(at)?;
    Some(match faulty(one) {
        Some(why) => format!("Init:{why}"),
        None => format!("Init:{at}/{}", all.len()),
    })
}

/// What is wrong with one of its containers.
fn main(status: &PodStatus) -> Option<String> {
    containers(status).find_map(faulty)
}

fn faulty(container: &ContainerStatus) -> Option<String> {
    let state = container.state.as_ref()?;
    let ended = |state: &ContainerState| {
        let ended = state.terminated.as_ref()?;
        let reason = ended.reason.as_deref().filter(|reason| !reason.is_empty() && *reason != "Error");
        let code = ended.exit_code;
        Some(reason.map_or_else(|| format!("exit {code}"), |reason| format!("{reason}, exit {code}")))
    };
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.as_deref().filter(|reason| *reason != "PodInitializing")?;
        let more = match reason {
            "CrashLoopBackOff" => {
                let last = container.last_state.as_ref().and_then(ended).unwrap_or_else(|| "exit unknown".into());
                Some(format!("{last}, {} restarts", container.restart_count))
            }
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
                Some(container.image.clone()).filter(|image| !image.is_empty())
            }
            // A secret or a key that is not there: it is named.
            "CreateContainerConfigError" => waiting.message.as_ref().map(|message| short(message, 80)),
            _ => None,
        };
        return Some(more.map_or_else(|| reason.to_owned(), |more| format!("{reason}: {more}")));
    }
    ended(state).filter(|_| state.terminated.is_some())
}

/// Why it waits for its place.
fn pending(status: &PodStatus) -> String {
    let scheduled = status.conditions.iter().flatten().find(|c| c.type_ == "PodScheduled" && c.status == "False");
    match scheduled {
        Some(condition) => {
            let reason = condition.reason.as_deref().unwrap_or("Unschedulable");
            match &condition.message {
                Some(message) => format!("{reason}: {}", short(message, 100)),
                None => reason.to_owned(),
            }
        }
        None => "Pending".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(status: Value) -> Stand {
        let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "p" }, "status": status })).unwrap();
        stand(&pod, 1_000)
    }

    fn running(ready: bool, containers: Value) -> Value {
        let ready = if ready { "True" } else { "False" };
        json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }], "containerStatuses": containers })
    }

    fn container(ready: bool, restarts: i32, state: Value, last: Value) -> Value {
        json!({ "name": "c", "image": "shop/kms:2", "imageID": "", "ready": ready, "restartCount": restarts,
                "state": state, "lastState": last })
    }

    #[test]
    fn a_pod_stands_as_kubectl_says() {
        let up = |at: &str| json!({ "running": { "startedAt": at } });
        let (old, new) = (up("1970-01-01T00:00:00Z"), up("1970-01-01T00:16:35Z"));
        let why = |status| match of(status) {
            Stand::NotReady(why) => why,
            other => format!("{other:?}"),
        };
        let one = |c: Value| json!([c]);
        assert_eq!(why(running(true, one(container(true, 0, new.clone(), json!({}))))), "Ready");
        assert_eq!(why(running(true, one(container(true, 3, old.clone(), json!({}))))), "Ready");
        assert_eq!(
            why(running(true, one(container(true, 3, new, json!({}))))),
            "restarted 3 times, just now again",
            "between two crashes it is ready for a moment"
        );
        assert_eq!(why(running(false, one(container(false, 0, old, json!({}))))), "0/1 ready");
        let crash = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 20s" } });
        let last = json!({ "terminated": { "exitCode": 2, "reason": "Error" } });
        assert_eq!(
            why(running(false, one(container(false, 4, crash.clone(), last)))),
            "CrashLoopBackOff: exit 2, 4 restarts"
        );
        let killed = json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled" } });
        assert_eq!(
            why(running(false, one(container(false, 1, crash, killed.clone())))),
            "CrashLoopBackOff: OOMKilled, exit 137, 1 restarts"
        );
        assert_eq!(why(running(false, one(container(false, 1, killed, json!({}))))), "OOMKilled, exit 137");
        let pending = |containers: Value| json!({ "phase": "Pending", "containerStatuses": containers });
        let pull = json!({ "waiting": { "reason": "ImagePullBackOff" } });
        assert_eq!(why(pending(one(container(false, 0, pull, json!({}))))), "ImagePullBackOff: shop/kms:2");
        let key =
            json!({ "waiting": { "reason": "CreateContainerConfigError", "message": "secret \"db\" not found" } });
        assert_eq!(
            why(pending(one(container(false, 0, key, json!({}))))),
            "CreateContainerConfigError: secret \"db\" not found"
        );
        let making = json!({ "waiting": { "reason": "ContainerCreating" } });
        assert_eq!(why(pending(one(container(false, 0, making, json!({}))))), "ContainerCreating");
        let nowhere = json!([{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                               "message": "0/1 nodes are available: 1 Insufficient cpu." }]);
        assert_eq!(
            why(json!({ "phase": "Pending", "conditions": nowhere })),
            "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."
        );
        assert_eq!(why(json!({ "phase": "Failed", "reason": "Evicted" })), "Evicted");
        assert_eq!(why(json!({})), "Unknown");
        assert_eq!(of(json!({ "phase": "Succeeded" })), Stand::Over);
    }

    #[test]
    fn an_init_container_that_is_not_done_is_the_reason() {
        let init = |state: Value| {
            json!({ "phase": "Pending",
                    "initContainerStatuses": [container(false, 2, state, json!({ "terminated": { "exitCode": 1 } }))],
                    "containerStatuses": [container(false, 0, json!({ "waiting": { "reason": "PodInitializing" } }), json!({}))] })
        };
        let crash = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        assert_eq!(of(init(crash)), Stand::NotReady("Init:CrashLoopBackOff: exit 1, 2 restarts".into()));
        assert_eq!(of(init(json!({ "running": {} }))), Stand::NotReady("Init:0/1".into()));
    }
}
