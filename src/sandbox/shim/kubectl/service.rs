//! `kubectl patch service`, `get service`, and `delete`.

use serde_json::Value;

use super::super::command::{Command, Ended};
use super::super::{ages, table};
use super::{is_namespace, no_namespace};
use crate::sandbox::read::manifests;
use crate::sandbox::state::Change;
use crate::sandbox::state::kube;

const SERVICE: &str = "service";

async fn no_service(command: &mut Command<'_>) -> Ended {
    let line = format!("Error from server (NotFound): services {:?} not found", command.given.get("name"));
    command.fail(1, line).await
}

/// `patch service/NAME -n NS -p PATCH`: maps are merged, what is null goes.
pub async fn patch_service(command: &mut Command<'_>) -> Ended {
    command.pause(120).await;
    let name = command.given.get("name").to_owned();
    let Ok(patch) = serde_json::from_str::<Value>(command.given.get("patch")) else {
        return command.fail(1, "error: unable to parse the patch: it is no JSON").await;
    };
    let key = (SERVICE.to_owned(), name.clone());
    let known = is_namespace(command);
    let found = command.look(|s, _| s.cluster.objects.get(&key).filter(|_| known).map(|(value, _)| value.clone()));
    let Some(old) = found else { return no_service(command).await };
    let mut new = old.clone();
    merge(&mut new, &patch);
    if new == old {
        command.out(format!("service/{name} patched (no change)\n")).await?;
        return Ok(0);
    }
    let change = Change::ObjectApplied { kind: SERVICE.to_owned(), name: name.clone(), value: new };
    if let Err(message) = command.change(change) {
        return command.fail(1, message).await;
    }
    command.out(format!("service/{name} patched\n")).await?;
    Ok(0)
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    for (key, value) in patch {
        if value.is_null() {
            if let Some(map) = into.as_object_mut() {
                map.remove(key);
            }
        } else {
            merge(&mut into[key.as_str()], value);
        }
    }
}

/// `get service/NAME -n NS -o wide`.
pub async fn get_service(command: &mut Command<'_>) -> Ended {
    command.pause(90).await;
    let name = command.given.get("name").to_owned();
    let key = (SERVICE.to_owned(), name.clone());
    let known = is_namespace(command);
    let found = command.look(|s, now| {
        let (value, created) = s.cluster.objects.get(&key).filter(|_| known)?;
        Some((kube::labels(value.pointer("/spec/selector")), now - created))
    });
    let Some((selector, age)) = found else { return no_service(command).await };
    let selector = selector.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",");
    let row = [&name, "ClusterIP", "10.96.0.17", "<none>", "8080/TCP", &ages::kubectl(age), &selector];
    let heads = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"];
    command.out(table::table(&heads, vec![row.map(str::to_owned).into()])).await?;
    Ok(0)
}

/// `delete deployment/NAME -n NS --ignore-not-found`.
pub async fn delete_deployment(command: &mut Command<'_>) -> Ended {
    let name = command.given.get("name").to_owned();
    delete(command, vec![("deployment.apps".to_owned(), name)]).await
}

/// `delete -f FILES -n NS --ignore-not-found`.
pub async fn delete_files(command: &mut Command<'_>) -> Ended {
    match manifests::read(&command.call.cwd, command.given.get("file")) {
        Ok(objects) => delete(command, objects.into_iter().map(|o| (o.kind, o.name)).collect()).await,
        Err(message) => command.fail(1, message).await,
    }
}

async fn delete(command: &mut Command<'_>, objects: Vec<(String, String)>) -> Ended {
    command.pause(150).await;
    if !is_namespace(command) {
        return no_namespace(command).await;
    }
    for key in objects {
        if !command.look(|s, _| s.cluster.objects.contains_key(&key)) {
            continue;
        }
        let (kind, name) = key;
        if let Err(message) = command.change(Change::ObjectDeleted { kind: kind.clone(), name: name.clone() }) {
            return command.fail(1, message).await;
        }
        let namespace = command.given.get("namespace").to_owned();
        command.out(format!("{kind} \"{name}\" deleted from {namespace} namespace\n")).await?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_is_merged_and_null_takes_away() {
        let mut object =
            json!({ "spec": { "selector": { "app": "kms", "colour": "blue", "old": "x" }, "ports": [1] } });
        merge(&mut object, &json!({ "spec": { "selector": { "colour": "green", "old": null } } }));
        assert_eq!(object, json!({ "spec": { "selector": { "app": "kms", "colour": "green" }, "ports": [1] } }));
    }
}
