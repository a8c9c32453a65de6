//! `kubectl get` of objects.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::super::command::{Command, Ended};
use super::super::{ages, table};
use super::{is_namespace, no_deployment, no_namespace};
use crate::sandbox::read::manifests;
use crate::sandbox::state::names;
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;

/// The jsonpath of the shipped runbooks: each variable of each container.
const ENVIRONMENTS: &str = "{range .items[*].spec.template.spec.containers[*].env[*]}{.name}={.value}{\"\\n\"}{end}";

/// `get -f FILES -n NS -o name`.
pub async fn get_files(command: &mut Command<'_>) -> Ended {
    let objects = match manifests::read(&command.call.cwd, command.given.get("file")) {
        Ok(objects) => objects,
        Err(message) => return command.fail(1, message).await,
    };
    command.pause(120).await;
    if !is_namespace(command) {
        return no_namespace(command).await;
    }
    let mut missing = vec![];
    for object in objects {
        let there = command.look(|s, _| s.cluster.objects.contains_key(&(object.kind.clone(), object.name.clone())));
        if there {
            command.out(format!("{}/{}\n", object.kind, object.name)).await?;
        } else {
            missing.push(format!("Error from server (NotFound): {}s {:?} not found", object.kind, object.name));
        }
    }
    if missing.is_empty() { Ok(0) } else { command.fail(1, missing.join("\n")).await }
}

/// `get deployments[,configmaps] -n NS`, as a table, by jsonpath or as YAML.
pub async fn get_objects(command: &mut Command<'_>) -> Ended {
    command.pause(140).await;
    if !is_namespace(command) {
        let line = format!("No resources found in {} namespace.", command.given.get("namespace"));
        return command.fail(0, line).await;
    }
    if command.given.has("yaml") {
        let items: Vec<Value> = names_of(command, &["deployment.apps", "configmap"])
            .into_iter()
            .filter_map(|(kind, name)| live(command.core, &kind, &name))
            .collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items, "metadata": { "resourceVersion": "" } });
        return match serde_yaml::to_string(&list) {
            Ok(text) => {
                command.out(text).await?;
                Ok(0)
            }
            Err(error) => command.fail(1, format!("error: {error}")).await,
        };
    }
    if command.given.has("path") {
        if command.given.get("path") != ENVIRONMENTS {
            return command.not_simulated("this jsonpath").await;
        }
        let lines = environments(command);
        command.out(lines).await?;
        return Ok(0);
    }
    let rows = command.look(|s, now| {
        let row = |d: &crate::sandbox::state::kube::Deployment| {
            let status = d.status(now);
            vec![
                d.name.clone(),
                format!("{}/{}", status.available.min(status.desired), status.desired),
                status.updated.to_string(),
                status.available.to_string(),
                ages::kubectl(now - d.created),
            ]
        };
        s.cluster.deployments.values().map(row).collect()
    });
    command.out(table::table(&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], rows)).await?;
    Ok(0)
}

fn names_of(command: &Command<'_>, kinds: &[&str]) -> Vec<(String, String)> {
    command.look(|s, _| s.cluster.objects.keys().filter(|(kind, _)| kinds.contains(&kind.as_str())).cloned().collect())
}

fn environments(command: &Command<'_>) -> String {
    let mut text = String::new();
    for (kind, name) in names_of(command, &["deployment.apps"]) {
        let Some(object) = live(command.core, &kind, &name) else { continue };
        let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array).cloned();
        for variable in containers.iter().flatten().filter_map(|c| c.get("env")?.as_array()).flatten() {
            let of = |key| variable.get(key).and_then(Value::as_str).unwrap_or_default();
            text.push_str(&format!("{}={}\n", of("name"), of("value")));
        }
    }
    text
}

/// `get deployment/NAME -n NS -o json`.
pub async fn get_deployment(command: &mut Command<'_>) -> Ended {
    command.pause(90).await;
    let name = command.given.get("name").to_owned();
    let object = if is_namespace(command) { live(command.core, "deployment.apps", &name) } else { None };
    let Some(object) = object else { return no_deployment(command).await };
    let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
    text.push('\n');
    command.out(text).await?;
    Ok(0)
}

/// An object as the API server holds it: the manifest, and what the server adds.
pub fn live(core: &Core, kind: &str, name: &str) -> Option<Value> {
    let settings = core.settings();
    core.look(|s, now| {
        let (object, created) = s.cluster.objects.get(&(kind.to_owned(), name.to_owned()))?;
        let mut object = object.clone();
        let wall = |at: Millis| core.wall(at).to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut random = names::random(settings.seed, &[kind, name]);
        object["metadata"]["namespace"] = json!(settings.namespace);
        object["metadata"]["uid"] = json!(names::uuid(&mut random, 1_763_000_000_000));
        object["metadata"]["creationTimestamp"] = json!(wall(*created));
        object["metadata"]["resourceVersion"] = json!((840_000 + s.changes).to_string());
        if let Some(deployment) = s.cluster.deployments.get(name).filter(|_| kind == "deployment.apps") {
            let status = deployment.status(now);
            let number = deployment.current().map_or(0, |r| r.number).to_string();
            object["metadata"]["generation"] = json!(deployment.generation);
            object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!(number);
            object["status"] = json!({
                "observedGeneration": deployment.generation,
                "replicas": status.total,
                "updatedReplicas": status.updated,
                "readyReplicas": status.available,
                "availableReplicas": status.available,
                "conditions": [
                    { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable" },
                    { "type": "Progressing", "status": "True",
                      "reason": if status.complete() { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" } },
                ],
            });
        }
        Some(object)
    })
}
