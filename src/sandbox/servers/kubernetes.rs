//! The Kubernetes API, as far as the probes ask it: what the simulated `kubectl` says, told to a program.

use std::collections::HashMap;

use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::leases::Locks;
use super::{http, port_forward};
use crate::sandbox::shim::{kube_object, service_lines};
use crate::sandbox::state::kube::{Deployment, POD_RUNS, Pod, PodPhase};
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;

/// The version that the simulated API server has.
const VERSION: &str = "v1.34.1";

/// The API server. Each request needs the token of the world's kubeconfig.
pub fn router(core: Core) -> Router {
    Router::new()
        .route("/readyz", get(|| async { http::text(200, "ok") }))
        .route("/version", get(version))
        .route("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", post(review))
        .route("/api/v1/namespaces/{namespace}", get(namespace))
        .route("/api/v1/namespaces/{namespace}/pods", get(pods))
        .route("/api/v1/namespaces/{namespace}/pods/{name}/log", get(log))
        .route("/api/v1/namespaces/{namespace}/pods/{name}", get(pod))
        .route("/api/v1/namespaces/{namespace}/pods/{name}/portforward", get(forward))
        .route("/api/v1/namespaces/{namespace}/events", get(|| async { listed("EventList", "v1", vec![]) }))
        .route("/api/v1/namespaces/{namespace}/secrets/{name}", get(secret))
        .route("/api/v1/namespaces/{namespace}/services/{name}", get(service))
        .route("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", get(slices))
        .route("/apis/apps/v1/namespaces/{namespace}/deployments", get(deployments))
        .route("/apis/apps/v1/namespaces/{namespace}/deployments/{name}", get(deployment))
        .route("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", post(make_lease))
        .route(
            "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}",
            get(lease).put(put_lease).delete(delete_lease),
        )
        .route("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", get(metrics))
        .fallback(unknown)
        .layer(Extension(Locks::default()))
        .layer(middleware::from_fn_with_state(core.clone(), known))
        .with_state(core)
}

/// A failure as the API server tells it.
fn refuse(code: u16, reason: &str, message: &str) -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code,
    });
    http::json(code, &status)
}

async fn known(Shared(core): Shared<Core>, request: Request, next: Next) -> Response {
    let token = core.settings().secret("kube_token");
    if !token.is_empty() && http::bearer(request.headers()).as_deref() == Some(token) {
        return next.run(request).await;
    }
    refuse(401, "Unauthorized", "Unauthorized")
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let message =
        format!("the server could not find the requested resource ({method} {} is not simulated)", uri.path());
    refuse(404, "NotFound", &message)
}

async fn version() -> Response {
    let value = json!({
        "major": "1", "minor": "34", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2025-09-09T19:43:15Z", "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
    });
    http::json(200, &value)
}

/// In its namespace the world's login may do everything, elsewhere nothing: as `kubectl auth can-i` says.
async fn review(Shared(core): Shared<Core>, Json(mut review): Json<Value>) -> Response {
    let asked = review.pointer("/spec/resourceAttributes/namespace").and_then(Value::as_str).unwrap_or_default();
    let allowed = asked == core.settings().namespace;
    review["status"] = json!({ "allowed": allowed });
    http::json(201, &review)
}

/// Where an object is asked for.
#[derive(Deserialize)]
struct At {
    namespace: String,
    #[serde(default)]
    name: String,
}

impl At {
    fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn is_ours(&self, core: &Core) -> bool {
        self.namespace == core.settings().namespace
    }
}

async fn namespace(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    if !at.is_ours(&core) {
        return refuse(404, "NotFound", &format!("namespaces {:?} not found", at.namespace));
    }
    let value = json!({
        "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": at.namespace }, "status": { "phase": "Active" },
    });
    http::json(200, &value)
}

fn listed(kind: &str, version: &str, items: Vec<Value>) -> Response {
    let list =
        json!({ "kind": kind, "apiVersion": version, "metadata": { "resourceVersion": "840000" }, "items": items });
    http::json(200, &list)
}

async fn secret(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let found = if at.is_ours(&core) { kube_object(&core, "secret", &at.name) } else { None };
    let gone = || refuse(404, "NotFound", &format!("secrets {:?} not found", at.name));
    found.map_or_else(gone, |object| http::json(200, &object))
}

async fn service(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let found = if at.is_ours(&core) { kube_object(&core, "service", &at.name) } else { None };
    let gone = || refuse(404, "NotFound", &format!("services {:?} not found", at.name));
    found.map_or_else(gone, |object| http::json(200, &object))
}

/// What the cluster found behind a Service: one slice with the pods that its selector takes.
async fn slices(
    Shared(core): Shared<Core>,
    Path(at): Path<At>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let selector = asked.get("labelSelector").map(String::as_str).unwrap_or_default();
    let Some(name) = selector.strip_prefix("kubernetes.io/service-name=") else {
        return refuse(400, "BadRequest", "only kubernetes.io/service-name=NAME is simulated");
    };
    let found = if at.is_ours(&core) { kube_object(&core, "service", name) } else { None };
    if found.is_none() {
        return listed("EndpointSliceList", "discovery.k8s.io/v1", vec![]);
    }
    let endpoints: Vec<Value> = core.look(|s, now| {
        let Some(selector) = s.cluster.selector_at(name, now) else { return vec![] };
        let shown = |(n, (_, pod, phase)): (usize, (&Deployment, &Pod, PodPhase))| {
            json!({
                "addresses": [format!("10.244.0.{}", n + 2)],
                "conditions": {
                    "ready": phase == PodPhase::Ready, "serving": phase == PodPhase::Ready,
                    "terminating": phase == PodPhase::Terminating,
                },
                "targetRef": { "kind": "Pod", "name": pod.name, "namespace": at.namespace },
            })
        };
        s.cluster.pods_of(selector, now).enumerate().map(shown).collect()
    });
    let slice = json!({
        "metadata": {
            "name": format!("{name}-x7k2p"), "namespace": at.namespace,
            "labels": { "kubernetes.io/service-name": name },
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": [{ "port": 8080, "protocol": "TCP" }],
    });
    listed("EndpointSliceList", "discovery.k8s.io/v1", vec![slice])
}

fn no_lease(name: &str) -> Response {
    refuse(404, "NotFound", &format!("leases.coordination.k8s.io {name:?} not found"))
}

async fn lease(Extension(leases): Extension<Locks>, Path(at): Path<At>) -> Response {
    let found = leases.all().get(&at.key()).cloned();
    found.map_or_else(|| no_lease(&at.name), |lease| http::json(200, &lease))
}

/// Objects have a version that grows with each write, as the real ones.
fn versioned(mut lease: Value, before: u64) -> Value {
    lease["metadata"]["resourceVersion"] = json!((before + 1).to_string());
    lease
}

fn version_of(lease: &Value) -> u64 {
    lease["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or(840_000)
}

async fn make_lease(
    Shared(core): Shared<Core>,
    Extension(leases): Extension<Locks>,
    Path(namespace): Path<String>,
    Json(lease): Json<Value>,
) -> Response {
    let name = lease["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let at = At { namespace, name };
    if !at.is_ours(&core) {
        return refuse(404, "NotFound", &format!("namespaces {:?} not found", at.namespace));
    }
    let mut all = leases.all();
    if all.contains_key(&at.key()) {
        return refuse(409, "AlreadyExists", &format!("leases.coordination.k8s.io {:?} already exists", at.name));
    }
    let made = versioned(lease, 840_000);
    all.insert(at.key(), made.clone());
    http::json(201, &made)
}

async fn put_lease(Extension(leases): Extension<Locks>, Path(at): Path<At>, Json(lease): Json<Value>) -> Response {
    let mut all = leases.all();
    let Some(before) = all.get(&at.key()).map(version_of) else { return no_lease(&at.name) };
    if lease["metadata"].get("resourceVersion").is_some() && version_of(&lease) != before {
        return refuse(
            409,
            "Conflict",
            "the object has been modified; please apply your changes to the latest version",
        );
    }
    let made = versioned(lease, before);
    all.insert(at.key(), made.clone());
    http::json(200, &made)
}

async fn delete_lease(Extension(leases): Extension<Locks>, Path(at): Path<At>) -> Response {
    match leases.all().remove(&at.key()) {
        Some(_) => {
            http::json(200, &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }))
        }
        None => no_lease(&at.name),
    }
}

async fn deployment(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let found = if at.is_ours(&core) { kube_object(&core, "deployment.apps", &at.name) } else { None };
    let gone = || refuse(404, "NotFound", &format!("deployments.apps {:?} not found", at.name));
    found.map_or_else(gone, |object| http::json(200, &object))
}

async fn deployments(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let names: Vec<String> = match at.is_ours(&core) {
        true => core.look(|s, _| s.cluster.deployments.keys().cloned().collect()),
        false => vec![],
    };
    let items = names.iter().filter_map(|name| kube_object(&core, "deployment.apps", name)).collect();
    listed("DeploymentList", "apps/v1", items)
}

async fn pods(
    Shared(core): Shared<Core>,
    Path(at): Path<At>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let selector = asked.get("labelSelector").map(String::as_str).unwrap_or_default();
    let mut items = each_pod(&core, &at, |deployment, pod, phase, _| shown(&core, deployment, pod, phase));
    items.retain(|pod| selects(selector, &pod["metadata"]["labels"]));
    listed("PodList", "v1", items)
}

async fn pod(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let found = each_pod(&core, &at, |deployment, pod, phase, _| {
        (pod.name == at.name).then(|| shown(&core, deployment, pod, phase))
    });
    let gone = || refuse(404, "NotFound", &format!("pods {:?} not found", at.name));
    found.into_iter().flatten().next().map_or_else(gone, |object| http::json(200, &object))
}

/// A port of a pod; of one that does not run yet there is none.
async fn forward(
    Shared(core): Shared<Core>,
    Path(at): Path<At>,
    Query(asked): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let found = each_pod(&core, &at, |deployment, pod, phase, _| {
        (pod.name == at.name).then(|| (deployment.name.clone(), phase))
    });
    let Some(port) = asked.get("ports").and_then(|ports| ports.parse().ok()) else {
        return refuse(400, "BadRequest", "one port is forwarded here");
    };
    match found.into_iter().flatten().next() {
        None => refuse(404, "NotFound", &format!("pods {:?} not found", at.name)),
        Some((_, PodPhase::Creating)) => {
            refuse(500, "InternalError", "unable to forward port because pod is not running")
        }
        Some((deployment, _)) => {
            port_forward::forward(request, port, port_forward::inside(&core.settings().ports, &deployment, port))
        }
    }
}

fn each_pod<T>(core: &Core, at: &At, show: impl Fn(&Deployment, &Pod, PodPhase, Millis) -> T) -> Vec<T> {
    if !at.is_ours(core) {
        return vec![];
    }
    let found: Vec<(Deployment, Pod, PodPhase, Millis)> = core.look(|s, now| {
        let of = |d: &Deployment| {
            d.pods_at(now).map(|(pod, phase)| (d.clone(), pod.clone(), phase, now)).collect::<Vec<_>>()
        };
        s.cluster.deployments.values().flat_map(of).collect()
    });
    found.iter().map(|(deployment, pod, phase, now)| show(deployment, pod, *phase, *now)).collect()
}

/// `app=kms,tier=web`.
fn selects(selector: &str, labels: &Value) -> bool {
    selector.split(',').filter(|one| !one.is_empty()).all(|one| {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        labels.get(name).and_then(Value::as_str) == Some(value.trim_start_matches('='))
    })
}

/// A pod as the API server holds it.
fn shown(core: &Core, deployment: &Deployment, pod: &Pod, phase: PodPhase) -> Value {
    let time = |at: Millis| core.wall(at).to_rfc3339_opts(SecondsFormat::Secs, true);
    let template =
        deployment.revisions.iter().find(|r| r.hash == pod.hash).map(|r| r.template.clone()).unwrap_or_default();
    let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    labels["pod-template-hash"] = json!(pod.hash);
    let ready = matches!(phase, PodPhase::Ready | PodPhase::Terminating);
    let state = match phase {
        PodPhase::Creating => json!({ "waiting": { "reason": "ContainerCreating" } }),
        _ => json!({ "running": { "startedAt": time(pod.created + POD_RUNS) } }),
    };
    let container = template.pointer("/spec/containers/0").cloned().unwrap_or_default();
    let truth = |so: bool| if so { "True" } else { "False" };
    let mut value = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": pod.name, "namespace": core.settings().namespace, "labels": labels,
            "creationTimestamp": time(pod.created),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{}-{}", deployment.name, pod.hash),
                "uid": "", "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": template.get("spec").cloned().unwrap_or_default(),
        "status": {
            "phase": if phase == PodPhase::Creating { "Pending" } else { "Running" },
            "conditions": [
                { "type": "PodScheduled", "status": "True" },
                { "type": "Initialized", "status": "True" },
                { "type": "ContainersReady", "status": truth(ready) },
                { "type": "Ready", "status": truth(ready) },
            ],
            "startTime": time(pod.created),
            "containerStatuses": [{
                "name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
                "started": phase != PodPhase::Creating, "restartCount": 0, "state": state, "lastState": {},
            }],
        },
    });
    if let Some(ends) = pod.ends.filter(|_| phase == PodPhase::Terminating) {
        value["metadata"]["deletionTimestamp"] = json!(time(ends));
    }
    value
}

/// What a pod wrote in the last seconds, each line with its time.
async fn log(Shared(core): Shared<Core>, Path(at): Path<At>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let seconds: i64 = asked.get("sinceSeconds").and_then(|s| s.parse().ok()).unwrap_or(i64::from(u32::MAX));
    let from = core.at_wall(Utc::now() - chrono::TimeDelta::seconds(seconds.clamp(0, i64::from(u32::MAX))));
    let mut found = each_pod(&core, &at, |deployment, pod, phase, now| {
        let runs = phase != PodPhase::Creating;
        let lines = || service_lines(&deployment.name, pod.created + POD_RUNS, pod.ready, from, now);
        (pod.name == at.name).then(|| if runs { Ok(lines()) } else { Err(()) })
    });
    found.retain(Option::is_some);
    match found.pop().flatten() {
        None => refuse(404, "NotFound", &format!("pods {:?} not found", at.name)),
        Some(Err(())) => {
            let message = format!("container in pod {:?} is waiting to start: ContainerCreating", at.name);
            refuse(400, "BadRequest", &message)
        }
        Some(Ok(lines)) => {
            let stamp = |at: Millis| core.wall(at).to_rfc3339_opts(SecondsFormat::Nanos, true);
            let text: String = lines.into_iter().map(|(at, line)| format!("{} {line}\n", stamp(at))).collect();
            http::text(200, text)
        }
    }
}

/// The figures of `kubectl top pods`.
async fn metrics(Shared(core): Shared<Core>, Path(at): Path<At>) -> Response {
    let names = each_pod(&core, &at, |deployment, pod, phase, _| {
        (phase == PodPhase::Ready).then(|| (pod.name.clone(), deployment.name.clone()))
    });
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let figures = |(name, container): (String, String)| {
        // Half a core is the limit of a pod; `cpu` is in percent of one core.
        let (cpu, memory) = core.look(|s, now| (s.cpu(&name, now) * 10.0 * 0.5, s.memory(&name, now)));
        json!({
            "metadata": { "name": name, "namespace": at.namespace }, "timestamp": now, "window": "15s",
            "containers": [{
                "name": container,
                "usage": { "cpu": format!("{:.0}n", cpu * 1e6), "memory": format!("{:.0}Ki", memory * 1024.0) },
            }],
        })
    };
    let items = names.into_iter().flatten().map(figures).collect();
    listed("PodMetricsList", "metrics.k8s.io/v1beta1", items).into_response()
}
