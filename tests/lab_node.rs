//! The lab's node: a kubelet that runs real containers, and leaves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/database.rs"]
mod database;
#[path = "lab/kube.rs"]
mod kube;
#[path = "lab/node.rs"]
mod node;
#[path = "lab/service.rs"]
mod service;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::expr::{Expr, Template};
use flightdeck::probes::{Given, LookSpec, Looker};
use flightdeck::runbook::kinds::{Http, Postgres, ProbeKind, Via};
use flightdeck::sandbox;
use flightdeck::words::{Look, Value};

use database::Database;
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

/// A probe with the kind's own expectations.
fn looker(env: &BTreeMap<String, String>, root: &str, kind: ProbeKind) -> Looker {
    let fields = kind.fields(None);
    let spec = LookSpec {
        expect: fields.defaults.iter().map(|e| Expr::parse(e).unwrap()).collect(),
        kind,
        given: Given::new(),
        unit: None,
        timeout: Duration::from_secs(10),
        root: root.into(),
        env: env.clone(),
    };
    Looker::new("p".into(), Arc::new(spec))
}

fn some(text: &str) -> Option<Template> {
    Some(Template::plain(text))
}

fn via(pod: &str) -> Option<Via> {
    Some(Via { pod: some(pod), ..Via::default() })
}

/// A listener that binds only its pod's own loopback is looked at through the API server, verified as anywhere else.
#[test]
fn a_way_into_a_pod() {
    const TEST: &str = "a_way_into_a_pod";
    let mut cluster = match Cluster::for_nodes() {
        Ok(cluster) => cluster,
        Err(why) => return not_run(TEST, &why),
    };
    let node = match Node::start(&cluster) {
        Ok(node) => node,
        Err(why) => return not_run(TEST, &why),
    };
    let program = match service::program() {
        Ok(program) => program,
        Err(why) => return not_run(TEST, &why),
    };
    let mut database = match Database::start("kms", "secret-of-kms", "keys", "127.0.0.1") {
        Ok(database) => database,
        Err(why) => return not_run(TEST, &why),
    };
    // Certificates as the sandbox has them: their names are loopback's.
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap().join("world");
    let scenario = sandbox::scenario("production").unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
    let root = sandbox::prepare(&dir, &scenario, exe, &BTreeMap::new(), 1.0).unwrap().root;
    node.image("lab/kms:1", &program, &["/service"]);
    let file = |name: &str| format!("--from-file={root}/certs/{name}");
    let files = ["ca.pem", "server.pem", "server.key"].map(file);
    let mut words = vec!["create", "secret", "generic", "certs"];
    words.extend(files.iter().map(String::as_str));
    cluster.kubectl(&words);
    let labels = json!({ "app": "kms" });
    cluster.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "kms", "namespace": "default" },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "automountServiceAccountToken": false, "enableServiceLinks": false, "dnsPolicy": "Default",
                    "terminationGracePeriodSeconds": 1,
                    "volumes": [{ "name": "certs", "secret": { "secretName": "certs" } }],
                    "containers": [{
                        "name": "kms", "image": "docker.io/lab/kms:1", "imagePullPolicy": "Never",
                        "env": [{ "name": "CERTS", "value": "/certs" }, { "name": "ADMIN_ADDRESS", "value": "127.0.0.1:9090" }],
                        "volumeMounts": [{ "name": "certs", "mountPath": "/certs" }],
                        "readinessProbe": { "exec": { "command": ["/service", "ready"] }, "periodSeconds": 1 },
                    }],
                },
            },
        },
    }));
    // One that shares the machine's network: its loopback is the machine's, where the database listens.
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "beside", "namespace": "default" },
        "spec": {
            "hostNetwork": true, "automountServiceAccountToken": false, "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1,
            "containers": [{ "name": "beside", "image": "docker.io/lab/pause:1", "imagePullPolicy": "Never" }],
        },
    }));
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod/beside", "--timeout=60s"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let env = cluster.env();
    let http = |url: &str, pod: &str| Http {
        url: Template::plain(url),
        ca: some("certs/ca.pem"),
        cert: some("certs/client.pem"),
        key: some("certs/client.key"),
        via: via(pod),
        ..Http::default()
    };
    let at = |http: Http, env: &BTreeMap<String, String>| {
        runtime.block_on(looker(env, &root, ProbeKind::Http(http)).look(true))
    };
    const READY: &str = "https://127.0.0.1:9090/admin/v1/readyz?a=b";

    // It answers 503 until it is ready (it has no database at all then), with the reason in its own words.
    let unready = cluster.until("the listener answers", |_| {
        Some(at(http(READY, "deployment/kms"), &env)).filter(|sample| sample.fields.contains_key("status"))
    });
    assert!(matches!(unready.fields["status"], Value::Number(_)), "{unready:?}");
    cluster.kubectl(&["exec", "deployment/kms", "--", "/service", "fault", "none"]);
    let live = at(http("https://127.0.0.1:9090/admin/v1/livez", "deployment/kms"), &env);
    assert_eq!(live.look, Look::Good, "{live:?}");
    let Value::Map(body) = &live.fields["json"] else { panic!("{live:?}") };
    assert_eq!(body["probe"], Value::Text("liveness".into()));
    let pod = cluster.pods("default").iter().find(|pod| pod["metadata"]["labels"]["app"] == "kms").unwrap()["metadata"]
        ["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let named = at(http("https://localhost:9090/admin/v1/livez", &pod), &env);
    assert_eq!(named.look, Look::Good, "{named:?}");

    // Whom it trusts, and who trusts it, is as strict as from anywhere.
    let stranger = Http { cert: None, key: None, ..http(READY, "deployment/kms") };
    let stranger = at(stranger, &env);
    assert_eq!(stranger.look, Look::Bad, "{stranger:?}");
    assert!(stranger.why.as_ref().unwrap().contains("client certificate"), "{stranger:?}");
    let other = at(http("https://other.example:9090/admin/v1/livez", "deployment/kms"), &env);
    assert_eq!(other.look, Look::Bad, "{other:?}");
    assert!(other.why.as_ref().unwrap().contains("certificate"), "{other:?}");
    let foreign = Http { ca: None, ..http(READY, "deployment/kms") };
    let foreign = at(foreign, &env);
    assert_eq!(foreign.look, Look::Bad, "{foreign:?}");

    // Nobody on that port, no such pod, no pod at all; not allowed, and no way to the cluster, say nothing of the service.
    let refused = at(http("https://127.0.0.1:9099/", "deployment/kms"), &env);
    assert_eq!((refused.look, refused.why.as_deref()), (Look::Bad, Some("connection refused")), "{refused:?}");
    let gone = at(http(READY, "no-such-pod"), &env);
    assert_eq!((gone.look, gone.why.as_deref()), (Look::Bad, Some("there is no pod no-such-pod")), "{gone:?}");
    let none = at(http(READY, "deployment/no-such"), &env);
    assert_eq!((none.look, none.why.as_deref()), (Look::Bad, Some("no pod of no-such runs")), "{none:?}");
    let mut narrow = env.clone();
    narrow.insert("KUBECONFIG".into(), cluster.narrow().display().to_string());
    let denied = at(http(READY, "deployment/kms"), &narrow);
    assert_eq!(denied.look, Look::NoData, "{denied:?}");
    assert!(denied.why.as_ref().unwrap().contains("not allowed"), "{denied:?}");

    // A database there: with a login, and only asked whether it answers.
    let postgres = |postgres: Postgres| runtime.block_on(looker(&env, &root, ProbeKind::Postgres(postgres)).look(true));
    let login = Postgres {
        url: some(&database.url("127.0.0.1")),
        query: some("select 40 + 2"),
        via: via("beside"),
        ..Postgres::default()
    };
    let logged_in = postgres(login.clone());
    assert_eq!((logged_in.look, &logged_in.fields["value"]), (Look::Good, &Value::Number(42.0)), "{logged_in:?}");
    let address = format!("127.0.0.1:{}", database.port);
    let asked = postgres(Postgres { address: some(&address), via: via("beside"), ..Postgres::default() });
    assert_eq!(asked.look, Look::Good, "{asked:?}");
    let wrong = database.url("127.0.0.1").replace("secret-of-kms", "secret-of-others");
    let wrong = postgres(Postgres { url: some(&wrong), via: via("beside"), ..Postgres::default() });
    assert_eq!(wrong.look, Look::Bad, "{wrong:?}");
    assert!(!format!("{wrong:?}").contains("secret-of-others"), "{wrong:?}");
    database.stop();
    let ended = postgres(login);
    assert_eq!((ended.look, ended.why.as_deref()), (Look::Bad, Some("connection refused")), "{ended:?}");

    // One look and the next, while the API server goes and comes back.
    let kept = looker(&env, &root, ProbeKind::Http(http("https://127.0.0.1:9090/admin/v1/livez", "deployment/kms")));
    assert_eq!(runtime.block_on(kept.look(false)).look, Look::Good);
    cluster.stop_server();
    let away = runtime.block_on(kept.look(false));
    assert_eq!(away.look, Look::NoData, "{away:?}");
    cluster.start_server().unwrap();
    let back = cluster.until("it is seen again", |_| {
        Some(runtime.block_on(kept.look(false))).filter(|sample| sample.look == Look::Good)
    });
    assert!(back.why.is_none(), "{back:?}");
}
