//! `kubectl apply`.

use super::super::command::{Command, Ended};
use super::{is_namespace, no_namespace};
use crate::sandbox::read::manifests;
use crate::sandbox::state::Change;

/// `apply -f FILES -n NS`.
pub async fn apply(command: &mut Command<'_>) -> Ended {
    let objects = match manifests::read(&command.call.cwd, command.given.get("file")) {
        Ok(objects) => objects,
        Err(message) => return command.fail(1, message).await,
    };
    if !is_namespace(command) {
        return no_namespace(command).await;
    }
    for object in objects {
        command.pause(160).await;
        let key = (object.kind.clone(), object.name.clone());
        let done = command.look(|s, _| match s.cluster.objects.get(&key) {
            None => "created",
            Some((value, _)) if *value == object.value => "unchanged",
            Some(_) => "configured",
        });
        if done != "unchanged" {
            let change =
                Change::ObjectApplied { kind: object.kind.clone(), name: object.name.clone(), value: object.value };
            if let Err(message) = command.change(change) {
                return command.fail(1, message).await;
            }
        }
        command.out(format!("{}/{} {done}\n", object.kind, object.name)).await?;
    }
    Ok(0)
}
