//! The lab's node: a kubelet that runs real containers, and leaves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/kube.rs"]
mod kube;
#[path = "lab/node.rs"]
mod node;

use kube::{Cluster, not_run};
use node::Node;
use serde_json::json;

#[test]
fn a_node_of_the_tests_own() {
    const TEST: &str = "a_node_of_the_tests_own";
    let cluster = match Cluster::for_nodes() {
        Ok(cluster) => cluster,
        Err(why) => return not_run(TEST, &why),
    };
    let node = match Node::start(&cluster) {
        Ok(node) => node,
        Err(why) => return not_run(TEST, &why),
    };
    // The image of the pod's own pause is good for a container too.
    let labels = json!({ "app": "web" });
    cluster.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "replicas": 2, "progressDeadlineSeconds": 10,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "automountServiceAccountToken": false, "enableServiceLinks": false, "dnsPolicy": "Default",
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "web", "image": "docker.io/lab/pause:1", "imagePullPolicy": "Never",
                        "command": ["/web", "say", "here I am"],
                        "readinessProbe": { "exec": { "command": ["/web", "health"] }, "periodSeconds": 1 },
                    }],
                },
            },
        },
    }));
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["logs", "deployment/web"]).trim(), "here I am");
    cluster.kubectl(&["exec", "deployment/web", "--", "/web", "health"]);
    // A version that never gets ready, with the reason in its container's own words, and the way back.
    cluster.kubectl(&["set", "env", "deployment/web", "LAB_HEALTH=not today"]);
    let failed = cluster.try_kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && said.contains("exceeded its progress deadline"), "{said}");
    cluster.kubectl(&["rollout", "undo", "deployment/web"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);

    let (roots, root, name) = (node.cgroup_roots(), node.root().to_owned(), node.name().to_owned());
    assert!(!roots.is_empty() && roots.iter().all(|folder| folder.exists()));
    drop(node);
    for folder in roots {
        assert!(!folder.exists(), "{} is left", folder.display());
    }
    assert!(!root.exists(), "{} is left", root.display());
    assert!(!std::path::Path::new("/sys/class/net").join(&name).exists(), "the bridge is left");
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let root = root.display().to_string();
    assert!(!mounts.contains(&root), "{mounts}");
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&words).contains(&root), "{} is left", process.path().display());
    }
}
