//! `kubectl rollout status`, `history`, `undo`.

use super::super::command::{Command, Ended};
use super::super::{ages, table};
use super::{is_namespace, no_deployment};
use crate::sandbox::state::Change;
use crate::sandbox::state::kube::{NoUndo, Status};

/// `rollout status deployment/NAME -n NS [--timeout=…]`, in the words of kubectl's status viewer.
pub async fn status(command: &mut Command<'_>) -> Ended {
    let name = command.given.get("name").to_owned();
    let limit = match (command.given.get("timeout"), ages::read(command.given.get("timeout"))) {
        ("", _) => None,
        (_, Some(limit)) => Some(limit).filter(|l| *l > 0),
        (text, None) => {
            let line =
                format!("error: invalid argument {text:?} for \"--timeout\" flag: time: invalid duration {text:?}");
            return command.fail(1, line).await;
        }
    };
    let begun = command.core.now();
    let mut said = String::new();
    loop {
        let known = is_namespace(command);
        let status = command.look(|s, now| s.cluster.deployments.get(&name).filter(|_| known).map(|d| d.status(now)));
        let Some(status) = status else { return no_deployment(command).await };
        let (line, done) = words(&name, status);
        if line != said {
            command.out(format!("{line}\n")).await?;
            said = line;
        }
        if done {
            return Ok(0);
        }
        if limit.is_some_and(|limit| command.core.now() - begun > limit) {
            return command.fail(1, "error: timed out waiting for the condition").await;
        }
        command.pause(200).await;
    }
}

fn words(name: &str, status: Status) -> (String, bool) {
    let waiting = format!("Waiting for deployment {name:?} rollout to finish:");
    let Status { desired, total, updated, available } = status;
    if updated < desired {
        (format!("{waiting} {updated} out of {desired} new replicas have been updated..."), false)
    } else if total > updated {
        (format!("{waiting} {} old replicas are pending termination...", total - updated), false)
    } else if available < updated {
        (format!("{waiting} {available} of {updated} updated replicas are available..."), false)
    } else {
        (format!("deployment {name:?} successfully rolled out"), true)
    }
}

/// `rollout history deployment/NAME -n NS`.
pub async fn history(command: &mut Command<'_>) -> Ended {
    let name = command.given.get("name").to_owned();
    let known = is_namespace(command);
    let numbers = command.look(|s, _| {
        let deployment = s.cluster.deployments.get(&name).filter(|_| known)?;
        let mut numbers: Vec<u64> = deployment.revisions.iter().map(|r| r.number).collect();
        numbers.sort_unstable();
        Some(numbers)
    });
    let Some(numbers) = numbers else { return no_deployment(command).await };
    let rows = numbers.iter().map(|n| vec![n.to_string(), "<none>".to_owned()]).collect();
    command.out(format!("deployment.apps/{name} \n{}\n", table::table(&["REVISION", "CHANGE-CAUSE"], rows))).await?;
    Ok(0)
}

/// `rollout undo deployment/NAME [--to-revision=N] -n NS`.
pub async fn undo(command: &mut Command<'_>) -> Ended {
    let name = command.given.get("name").to_owned();
    let to = match (command.given.get("revision"), command.given.get("revision").parse::<u64>()) {
        ("", _) => None,
        (_, Ok(n)) => Some(n),
        (text, Err(_)) => {
            let line = format!(
                "error: invalid argument {text:?} for \"--to-revision\" flag: strconv.ParseInt: parsing {text:?}: invalid syntax"
            );
            return command.fail(1, line).await;
        }
    };
    command.pause(180).await;
    let known = is_namespace(command);
    let target = command.look(|s, _| {
        let deployment = s.cluster.deployments.get(&name).filter(|_| known)?;
        Some(deployment.undo_target(to).map(|r| r.number))
    });
    match target {
        None => no_deployment(command).await,
        Some(Err(NoUndo::Unknown(n))) => {
            command.fail(1, format!("error: unable to find specified revision {n} in history")).await
        }
        Some(Err(NoUndo::NoHistory)) => {
            command.fail(1, format!("error: no rollout history found for deployment {name:?}")).await
        }
        Some(Err(NoUndo::Present(n))) => {
            let line =
                format!("deployment.apps/{name} skipped rollback (current template already matches revision {n})\n");
            command.out(line).await?;
            Ok(0)
        }
        Some(Ok(revision)) => {
            if let Err(message) = command.change(Change::RolledBack { name: name.clone(), revision }) {
                return command.fail(1, message).await;
            }
            command.out(format!("deployment.apps/{name} rolled back\n")).await?;
            Ok(0)
        }
    }
}
