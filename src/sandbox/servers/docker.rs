//! The Docker Engine's API, as far as the probes ask it: what the simulated `docker` says, told to a program.

use std::collections::HashMap;

use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http;
use super::leases::Locks;
use crate::sandbox::state::State;
use crate::sandbox::state::compose::{Container, Phase, timing};
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;

/// The version of the API that the simulated engine speaks.
const API: &str = "1.51";
/// Bytes in a MiB.
const MIB: f64 = 1024.0 * 1024.0;
/// What each container may have, MiB.
const LIMIT: f64 = 256.0;

/// The engine.
pub fn router(core: Core) -> Router {
    let routes = Router::new()
        .route("/_ping", get(|| async { http::text(200, "OK") }))
        .route("/version", get(version))
        .route("/info", get(info))
        .route("/containers/json", get(containers))
        .route("/containers/{id}/json", get(container))
        .route("/containers/{id}/logs", get(logs))
        .route("/containers/{id}/stats", get(stats))
        .route("/images/{*name}", get(image))
        .route("/volumes", get(volumes))
        .route("/volumes/create", post(make_volume))
        .route("/volumes/{name}", get(volume).delete(delete_volume));
    Router::new()
        .nest("/{version}", routes.clone())
        .merge(routes)
        .fallback(unknown)
        .layer(Extension(Locks::default()))
        .with_state(core)
}

fn refuse(status: u16, message: String) -> Response {
    http::json(status, &json!({ "message": message }))
}

async fn unknown(method: Method, uri: Uri, _: HeaderMap) -> Response {
    refuse(501, format!("not simulated: {method} {}", uri.path()))
}

async fn version() -> Response {
    http::json(
        200,
        &json!({ "Version": "28.5.1", "ApiVersion": API, "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64" }),
    )
}

async fn info(Shared(core): Shared<Core>) -> Response {
    let (all, running) = core.look(|s, now| {
        let containers = s.engine.containers.values();
        (containers.len(), containers.filter(|c| is_running(c, now)).count())
    });
    http::json(
        200,
        &json!({ "ID": "flightdeck-sandbox", "Name": "sandbox", "ServerVersion": "28.5.1", "Containers": all, "ContainersRunning": running }),
    )
}

/// `filters={"label":["com.docker.compose.project=NAME"]}`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    filters: String,
    all: String,
}

impl Asked {
    fn project(&self) -> Option<String> {
        let filters: HashMap<String, Value> = serde_json::from_str(&self.filters).ok()?;
        // Both shapes are taken by the real one: a list, and a map to true.
        let first = match filters.get("label")? {
            Value::Array(labels) => labels.first()?.as_str()?.to_owned(),
            Value::Object(labels) => labels.keys().next()?.clone(),
            _ => return None,
        };
        first.strip_prefix("com.docker.compose.project=").map(str::to_owned)
    }
}

fn is_running(container: &Container, now: Millis) -> bool {
    matches!(container.phase(now), Phase::Booting | Phase::Starting | Phase::Up)
}

/// State and exit code, as the API has them.
fn state(container: &Container, now: Millis) -> (&'static str, i32) {
    match container.phase(now) {
        Phase::Created => ("created", 0),
        Phase::Booting | Phase::Starting | Phase::Up => ("running", 0),
        Phase::Exited(code, _) => ("exited", code),
    }
}

fn labels(container: &Container) -> Value {
    json!({
        "com.docker.compose.project": container.project,
        "com.docker.compose.service": container.service,
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
    })
}

async fn containers(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    let project = asked.project();
    let all = ["1", "true"].contains(&asked.all.as_str());
    let list: Vec<Value> = core.look(|s, now| {
        let of = |c: &&Container| project.as_ref().is_none_or(|p| c.project == *p) && (all || is_running(c, now));
        let line = |c: &Container| {
            json!({
                "Id": c.id, "Names": [format!("/{}", c.name())], "Image": c.image, "ImageID": c.image_id,
                "Labels": labels(c), "State": state(c, now).0, "Created": core.wall(c.created).timestamp(),
            })
        };
        s.engine.containers.values().filter(of).map(line).collect()
    });
    http::json(200, &Value::Array(list))
}

fn find<'a>(state: &'a State, id: &str) -> Option<&'a Container> {
    state.engine.containers.values().find(|c| c.name() == id || (id.len() >= 12 && c.id.starts_with(id)))
}

async fn container(Shared(core): Shared<Core>, Path(path): Path<HashMap<String, String>>) -> Response {
    let id = path.get("id").map(String::as_str).unwrap_or_default();
    let shown = core.look(|s, now| find(s, id).map(|c| inspected(c, now, &core)));
    shown.map_or_else(|| refuse(404, format!("No such container: {id}")), |shown| http::json(200, &shown))
}

fn inspected(container: &Container, now: Millis, core: &Core) -> Value {
    let (status, exit_code) = state(container, now);
    let time = |at: Millis| core.wall(at).to_rfc3339_opts(SecondsFormat::Nanos, true);
    let mut value = json!({
        "Id": container.id, "Name": format!("/{}", container.name()), "Image": container.image_id,
        "Created": time(container.created), "RestartCount": 0,
        "State": {
            "Status": status, "Running": status == "running", "OOMKilled": false, "ExitCode": exit_code,
            "StartedAt": container.started.map(time).unwrap_or_else(|| "0001-01-01T00:00:00Z".into()),
        },
        // What stands in the environment of the simulated containers names files, never values.
        "Config": { "Image": container.image, "Labels": labels(container), "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"] },
    });
    if timing(&container.service).healthy.is_some() && status == "running" {
        let health = if container.phase(now) == Phase::Up { "healthy" } else { "starting" };
        value["State"]["Health"] = json!({ "Status": health, "FailingStreak": 0, "Log": [] });
    }
    value
}

/// `since` in seconds of the wall's time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Since {
    since: i64,
}

/// What a container wrote, each line with its time and behind the header of its stream (1 is standard output).
async fn logs(
    Shared(core): Shared<Core>,
    Path(path): Path<HashMap<String, String>>,
    Query(asked): Query<Since>,
) -> Response {
    let id = path.get("id").map(String::as_str).unwrap_or_default();
    let since = DateTime::from_timestamp(asked.since, 0).unwrap_or_default();
    // The engine keeps what it has; a world began a while ago.
    let from = if asked.since == 0 { Millis::MIN } else { core.at_wall(since) };
    let written = core.look(|s, now| find(s, id).map(|c| crate::sandbox::shim::container_lines(c, from, now)));
    let Some(written) = written else { return refuse(404, format!("No such container: {id}")) };
    let mut body = vec![];
    for (at, line) in written {
        let line = format!("{} {line}\n", core.wall(at).to_rfc3339_opts(SecondsFormat::Nanos, true));
        let length = u32::try_from(line.len()).unwrap_or_default().to_be_bytes();
        body.extend_from_slice(&[1, 0, 0, 0]);
        body.extend_from_slice(&length);
        body.extend_from_slice(line.as_bytes());
    }
    ([(axum::http::header::CONTENT_TYPE, "application/vnd.docker.multiplexed-stream")], body).into_response()
}

/// Two readings a second apart, for which the real one takes as long.
async fn stats(Shared(core): Shared<Core>, Path(path): Path<HashMap<String, String>>) -> Response {
    let id = path.get("id").map(String::as_str).unwrap_or_default();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let figures = core.look(|s, now| {
        let container = find(s, id)?;
        let name = container.name();
        let running = is_running(container, now);
        Some((s.cpu(&name, now) / 100.0, s.memory(&name, now) * MIB, running))
    });
    let Some((cpu, memory, running)) = figures else { return refuse(404, format!("No such container: {id}")) };
    if !running {
        return http::json(200, &json!({ "id": id, "cpu_stats": {}, "precpu_stats": {}, "memory_stats": {} }));
    }
    let second = 1e9;
    let reading = |used: f64, passed: f64| json!({ "cpu_usage": { "total_usage": used as u64 }, "system_cpu_usage": passed as u64, "online_cpus": 2 });
    let (now, before) = (Utc::now(), Utc::now() - TimeDelta::seconds(1));
    http::json(
        200,
        &json!({
            "id": id, "read": now, "preread": before,
            "precpu_stats": reading(second, 100.0 * second),
            "cpu_stats": reading(second + cpu * second, 102.0 * second),
            "memory_stats": { "usage": memory as u64, "limit": (LIMIT * MIB) as u64, "stats": { "inactive_file": 0 } },
        }),
    )
}

/// `/images/NAME/json`, where a name may hold slashes.
async fn image(Shared(core): Shared<Core>, Path(path): Path<HashMap<String, String>>, uri: Uri) -> Response {
    let rest = path.get("name").map(String::as_str).unwrap_or_default();
    let Some(name) = rest.strip_suffix("/json") else {
        return refuse(501, format!("not simulated: GET {}", uri.path()));
    };
    let shown = core.look(|s, _| {
        let image = s.engine.image(name)?;
        let tags = s.engine.tags.iter().filter(|(_, id)| **id == image.id).map(|(tag, _)| tag.clone()).collect();
        Some((image.clone(), tags))
    });
    let Some((image, tags)): Option<(_, Vec<String>)> = shown else {
        return refuse(404, format!("No such image: {name}"));
    };
    let built = core.wall(image.built).to_rfc3339_opts(SecondsFormat::Nanos, true);
    http::json(200, &crate::sandbox::shim::image_shown(&image, &tags, &built))
}

async fn volumes(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    let project = asked.project();
    let list: Vec<Value> = core.look(|s, _| {
        let of = |name: &&String| project.as_ref().is_none_or(|p| name.starts_with(&format!("{p}_")));
        let line = |name: &String| {
            let project = name.split('_').next().unwrap_or_default();
            json!({
                "Name": name, "Driver": "local", "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
                "Labels": { "com.docker.compose.project": project }, "Scope": "local", "Options": null,
            })
        };
        s.engine.volumes.iter().filter(of).map(line).collect()
    });
    http::json(200, &json!({ "Volumes": list, "Warnings": [] }))
}

/// Volumes that were made by name, with their labels; one that is there is given as it is.
async fn make_volume(Extension(made): Extension<Locks>, Json(wanted): Json<Value>) -> Response {
    let name = wanted["Name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        return refuse(400, "a volume needs a name here".into());
    }
    let fresh = json!({
        "Name": name, "Driver": "local", "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
        "Labels": wanted["Labels"], "Scope": "local", "Options": null,
    });
    http::json(201, &*made.all().entry(name).or_insert(fresh))
}

/// A name in a path, behind the version that may stand before it.
fn named(path: &HashMap<String, String>) -> String {
    path.get("name").cloned().unwrap_or_default()
}

async fn volume(Extension(made): Extension<Locks>, Path(path): Path<HashMap<String, String>>) -> Response {
    let name = named(&path);
    let found = made.all().get(&name).cloned();
    found.map_or_else(|| refuse(404, format!("get {name}: no such volume")), |volume| http::json(200, &volume))
}

async fn delete_volume(Extension(made): Extension<Locks>, Path(path): Path<HashMap<String, String>>) -> Response {
    let name = named(&path);
    match made.all().remove(&name) {
        Some(_) => axum::http::StatusCode::NO_CONTENT.into_response(),
        None => refuse(404, format!("get {name}: no such volume")),
    }
}
