//! `kubectl get pods`, `top pods`, `logs`.

use chrono::{DateTime, Utc};

use super::super::command::{Command, Ended};
use super::super::{ages, compose, table};
use super::{is_namespace, no_deployment};
use crate::sandbox::state::kube::{POD_RUNS, Pod, PodPhase};
use crate::sandbox::world::clock::Millis;

/// `get pods -n NS [--no-headers]`.
pub async fn pods(command: &mut Command<'_>) -> Ended {
    command.pause(110).await;
    let rows: Vec<Vec<String>> = if is_namespace(command) {
        command.look(|s, now| {
            let all = s.cluster.deployments.values().flat_map(|d| d.pods_at(now));
            let mut rows: Vec<Vec<String>> = all.map(|(pod, phase)| row(pod, phase, now)).collect();
            rows.sort();
            rows
        })
    } else {
        vec![]
    };
    print(command, &["NAME", "READY", "STATUS", "RESTARTS", "AGE"], rows).await
}

async fn print(command: &mut Command<'_>, heads: &[&str], rows: Vec<Vec<String>>) -> Ended {
    if rows.is_empty() {
        let line = format!("No resources found in {} namespace.", command.given.get("namespace"));
        return command.fail(0, line).await;
    }
    let bare = command.given.has("bare");
    command.out(if bare { table::lines(rows) } else { table::table(heads, rows) }).await?;
    Ok(0)
}

fn row(pod: &Pod, phase: PodPhase, now: Millis) -> Vec<String> {
    let (ready, status) = match phase {
        PodPhase::Ready => ("1/1", "Running"),
        PodPhase::Running => ("0/1", "Running"),
        PodPhase::Creating => ("0/1", "ContainerCreating"),
        PodPhase::Terminating | PodPhase::Absent => ("1/1", "Terminating"),
    };
    [&pod.name, ready, status, "0", &ages::kubectl(now - pod.created)].map(str::to_owned).into()
}

/// `top pods -n NS [--no-headers]`.
pub async fn top(command: &mut Command<'_>) -> Ended {
    command.pause(160).await;
    let rows: Vec<Vec<String>> = if is_namespace(command) {
        command.look(|s, now| {
            let all = s.cluster.deployments.values().flat_map(|d| d.pods_at(now));
            let ready = all.filter(|(_, phase)| *phase == PodPhase::Ready);
            let mut rows: Vec<Vec<String>> = ready
                .map(|(pod, _)| {
                    // Half a core is the limit of a pod; `cpu` is in percent of one core.
                    let (cpu, memory) = (s.cpu(&pod.name, now) * 10.0 * 0.5, s.memory(&pod.name, now));
                    vec![pod.name.clone(), format!("{cpu:.0}m"), format!("{memory:.0}Mi")]
                })
                .collect();
            rows.sort();
            rows
        })
    } else {
        vec![]
    };
    print(command, &["NAME", "CPU(cores)", "MEMORY(bytes)"], rows).await
}

/// `logs deployment/NAME -n NS --all-containers --since-time=…`: of one of its pods, which it names first.
pub async fn logs(command: &mut Command<'_>) -> Ended {
    let (name, since) = (command.given.get("name").to_owned(), command.given.get("since").to_owned());
    let Ok(since) = DateTime::parse_from_rfc3339(&since) else {
        return command.fail(1, format!("error: invalid argument {since:?} for \"--since-time\" flag")).await;
    };
    let from = command.core.at_wall(since.with_timezone(&Utc));
    let known = is_namespace(command);
    let found = command.look(|s, now| {
        let deployment = s.cluster.deployments.get(&name).filter(|_| known)?;
        let mut pods: Vec<Pod> =
            deployment.pods_at(now).filter(|(_, p)| *p == PodPhase::Ready).map(|(pod, _)| pod.clone()).collect();
        pods.sort_by_key(|pod| -pod.created);
        Some((pods, now))
    });
    let Some((pods, now)) = found else { return no_deployment(command).await };
    let Some(pod) = pods.first() else {
        return command.fail(1, "error: timed out waiting for the condition").await;
    };
    if pods.len() > 1 {
        command.err(format!("Found {} pods, using pod/{}\n", pods.len(), pod.name)).await?;
    }
    let lines = compose::lines(&name, pod.created + POD_RUNS, pod.ready, from, now);
    let text: String = lines.into_iter().map(|(at, line)| format!("{} {line}\n", command.core.stamp(at))).collect();
    command.out(text).await?;
    Ok(0)
}
