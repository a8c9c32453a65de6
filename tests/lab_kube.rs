//! The lab's Kubernetes control plane: it starts, deploys, refuses, comes back, and leaves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/kube.rs"]
mod kube;

use kube::{Cluster, Played, not_run};
use serde_json::Value;

fn image(pod: &Value) -> &str {
    pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default()
}

#[test]
fn a_control_plane_of_the_tests_own() {
    let mut cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(why) => return not_run("a_control_plane_of_the_tests_own", &why),
    };
    assert!(cluster.kubectl(&["get", "ns"]).contains("kube-system"));
    let version: Value = serde_json::from_str(&cluster.kubectl(&["get", "--raw", "/version"])).unwrap();
    assert_eq!(version["gitVersion"], "v1.36.3");

    // Without a node the pods wait; with one they are bound, and run as far as the played kubelet says.
    cluster.deploy("web", "web:1", 2, 10);
    cluster.until("the pods are made", |c| (c.pods("default").len() == 2).then_some(()));
    cluster.node("paper");
    let kubelet = cluster.kubelet(|pod| match image(pod) {
        "web:3" => Played::crashing(4),
        "web:4" => Played::no_image(),
        _ => Played::ready(),
    });
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.kubectl(&["wait", "--for=condition=Available", "deployment/web", "--timeout=60s"]);

    // An update that comes up, one that crashes, and the way back.
    let update = |image: &str| cluster.kubectl(&["set", "image", "deployment/web", image]);
    update("web=web:2");
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    update("web=web:3");
    let failed = cluster.try_kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    assert!(!failed.status.success());
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("exceeded its progress deadline"), "{said}");
    let pods = cluster.pods("default");
    let bad = pods.iter().find(|pod| image(pod) == "web:3").unwrap();
    let container = &bad["status"]["containerStatuses"][0];
    assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(container["restartCount"], 4);
    cluster.kubectl(&["rollout", "undo", "deployment/web"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.until("only the good ones are left", |c| {
        let pods = c.pods("default");
        (pods.len() == 2 && pods.iter().all(|pod| image(pod) == "web:2")).then_some(())
    });

    // The narrow one sees pods of `default` and no secrets.
    let narrow = cluster.narrow().display().to_string();
    cluster.kubectl(&["--kubeconfig", &narrow, "get", "pods"]);
    let refused = cluster.try_kubectl(&["--kubeconfig", &narrow, "get", "secrets"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("Forbidden"), "{said}");

    // The server goes and comes back with all it knew.
    drop(kubelet);
    cluster.stop_server();
    assert!(!cluster.try_kubectl(&["get", "ns", "--request-timeout=2s"]).status.success());
    cluster.start_server().unwrap();
    assert_eq!(cluster.pods("default").len(), 2);

    let (pids, root) = (cluster.pids(), cluster.root().to_owned());
    assert_eq!(pids.len(), 4);
    drop(cluster);
    for pid in pids {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "process {pid} is left");
    }
    assert!(!root.exists());
}
