//! The kubernetes probe against the sandbox's API server and against a real one: the same looks, two worlds.
//!
//! [`seen_as_it_is`] is what both have in common. It takes an environment with a kubeconfig, and a namespace with one
//! deployment that gets rolled out and one secret.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/kube.rs"]
mod kube;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flightdeck::expr::{Expr, Template};
use flightdeck::probes::{Given, LookSpec, Looker};
use flightdeck::runbook::kinds::{Http, Kubernetes, KubernetesFigure, KubernetesOf, Logs, LogsFrom, ProbeKind, Via};
use flightdeck::sandbox::{self, Leash};
use flightdeck::words::{Look, Sample, Value};
use serde_json::json;

use kube::{Cluster, Played, not_run};

/// How long a named condition is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A probe with the kind's own expectations.
fn looker(env: &BTreeMap<String, String>, root: &str, look: Kubernetes) -> Looker {
    looker_of(env, root, ProbeKind::Kubernetes(look))
}

fn looker_of(env: &BTreeMap<String, String>, root: &str, kind: ProbeKind) -> Looker {
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A look as a step makes it.
fn look(env: &BTreeMap<String, String>, look: Kubernetes) -> Sample {
    runtime().block_on(looker(env, "/", look).look(true))
}

/// What is looked at, where: an environment with a kubeconfig, a namespace, a deployment and a secret with its key.
struct Place<'a> {
    env: &'a BTreeMap<String, String>,
    namespace: &'a str,
    deployment: &'a str,
    secret: (&'a str, &'a str),
}

impl Place<'_> {
    fn of(&self, of: KubernetesOf) -> Kubernetes {
        Kubernetes { of, namespace: Some(Template::plain(self.namespace)), ..Kubernetes::default() }
    }

    fn deployments(&self, of: KubernetesOf, names: &[&str]) -> Sample {
        look(self.env, Kubernetes { deployments: texts(names), ..self.of(of) })
    }
}

fn texts(list: &[&str]) -> Vec<Template> {
    list.iter().map(|text| Template::plain(*text)).collect()
}

fn list(sample: &Sample, field: &str) -> Vec<String> {
    match &sample.fields[field] {
        Value::List(items) => items.iter().map(ToString::to_string).collect(),
        other => panic!("`{field}` is {other:?}"),
    }
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LIMIT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What holds of every cluster, simulated or real, on which a deployment is rolled out.
fn seen_as_it_is(place: &Place<'_>) {
    let Place { env, deployment, .. } = *place;
    let rights = texts(&["patch deployments", "get secrets", "get pods/log", "create jobs.batch"]);
    let api = look(env, Kubernetes { may: rights, ..place.of(KubernetesOf::Api) });
    assert_eq!((api.look, &api.fields["reachable"]), (Look::Good, &Value::Bool(true)), "{api:?}");
    assert_eq!((list(&api, "denied"), &api.fields["namespace_found"]), (vec![], &Value::Bool(true)));
    assert!(matches!(&api.fields["version"], Value::Text(v) if v.starts_with("v1.")), "{api:?}");
    let nowhere = Kubernetes { namespace: Some(Template::plain("no-such-namespace")), ..place.of(KubernetesOf::Api) };
    assert_eq!(look(env, nowhere).fields["namespace_found"], Value::Bool(false));

    // Rolled out: complete, numbered, with its image; one that nobody has is missing, and never complete.
    let done = || place.deployments(KubernetesOf::Rollout, &[deployment]);
    until("the deployment is rolled out", || done().look == Look::Good);
    let rollout = done();
    let Value::Map(revision) = &rollout.fields["revision"] else { panic!("{rollout:?}") };
    assert!(matches!(revision[deployment], Value::Number(n) if n >= 1.0), "{rollout:?}");
    let Value::Map(images) = &rollout.fields["images"] else { panic!("{rollout:?}") };
    assert!(matches!(&images[deployment], Value::Text(image) if !image.is_empty()), "{rollout:?}");
    let lacks = place.deployments(KubernetesOf::Rollout, &[deployment, "no-such-deployment"]);
    assert_eq!((lacks.look, list(&lacks, "missing")), (Look::Bad, vec!["no-such-deployment".to_owned()]), "{lacks:?}");

    let pods = || place.deployments(KubernetesOf::Pods, &[deployment]);
    until("its pods are ready", || pods().look == Look::Good);
    assert!(matches!(pods().fields["ready"], Value::Number(n) if n >= 1.0));
    let missing = place.deployments(KubernetesOf::Pods, &[deployment, "no-such-deployment"]);
    assert_eq!((missing.look, list(&missing, "missing")), (Look::Bad, vec!["no-such-deployment".to_owned()]));
    let empty = Kubernetes { namespace: Some(Template::plain("no-such-namespace")), ..place.of(KubernetesOf::Pods) };
    assert_eq!(look(env, empty).look, Look::Bad, "no pod at all is not every pod ready");

    // Secrets: there with their keys; what is not there is named, a value never.
    let (secret, key) = place.secret;
    let asked = |names: &[&str]| look(env, Kubernetes { secrets: texts(names), ..place.of(KubernetesOf::Secrets) });
    let there = asked(&[secret, &format!("{secret}/{key}")]);
    assert_eq!(there.look, Look::Good, "{there:?}");
    let lacks = asked(&["no-such-secret", &format!("{secret}/no-such-key")]);
    assert_eq!((lacks.look, list(&lacks, "missing")), (Look::Bad, vec!["no-such-secret".to_owned()]), "{lacks:?}");
    assert_eq!(list(&lacks, "missing_keys"), [format!("{secret}/no-such-key")]);

    let environment = place.deployments(KubernetesOf::Environment, &[deployment]);
    assert_eq!(list(&environment, "secret_like"), [""; 0], "{environment:?}");
    let unseen =
        Kubernetes { namespace: Some(Template::plain("no-such-namespace")), ..place.of(KubernetesOf::Environment) };
    assert_eq!(look(env, unseen).look, Look::NoData, "no deployments are no clean ones");
    let events = look(env, place.of(KubernetesOf::Events));
    assert!(matches!(events.fields["count"], Value::Number(_)), "{events:?}");

    // Figures there are, or the reason why there are none.
    let used = look(env, Kubernetes { figure: KubernetesFigure::Memory, ..place.of(KubernetesOf::Stats) });
    match used.look {
        Look::Good => assert!(used.value.unwrap() > 1024.0, "{used:?}"),
        look => assert_eq!((look, used.hint.is_some()), (Look::NoData, true), "{used:?}"),
    }

    // Another context than the one that is pinned is never asked.
    let other = Kubernetes { context: Some(Template::plain("no-such-context")), ..place.of(KubernetesOf::Api) };
    let other = look(env, other);
    assert_eq!(other.look, Look::NoData, "{other:?}");
    assert!(other.why.unwrap().contains("`no-such-context`"));
}

/// The same kubeconfig with one line changed.
fn changed(env: &BTreeMap<String, String>, folder: &Path, begins: &str, becomes: &str) -> BTreeMap<String, String> {
    let file = Path::new(&env["KUBECONFIG"]);
    let authority = file.parent().unwrap().parent().unwrap().join("certs/ca.pem");
    let text = std::fs::read_to_string(file).unwrap().replace("../certs/ca.pem", authority.to_str().unwrap());
    let line = |line: &str| match line.trim_start().starts_with(begins) {
        true => format!("{}{becomes}\n", &line[..line.len() - line.trim_start().len()]),
        false => format!("{line}\n"),
    };
    let path = folder.join("kubeconfig");
    std::fs::write(&path, text.lines().map(line).collect::<String>()).unwrap();
    let mut env = env.clone();
    env.insert("KUBECONFIG".into(), path.to_str().unwrap().into());
    env
}

#[test]
fn the_sandbox_answers_as_a_cluster_does() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap().join("run");
    let scenario = sandbox::scenario("production").unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
    let overlay = sandbox::prepare(&dir.join("world"), &scenario, exe, &BTreeMap::new(), 1.0).unwrap();
    let mut command = std::process::Command::new(exe);
    command.arg("__world").arg(&dir);
    let world = Leash::hold(&dir, command).unwrap();
    let env = &overlay.env;
    let place = Place {
        env,
        namespace: "cryptoutil-prod",
        deployment: "cryptoutil-kms",
        secret: ("cryptoutil-kms-unseal", "unseal_1of5"),
    };
    seen_as_it_is(&place);

    // The namespace of the kubeconfig's context is taken where none is named.
    let all = look(env, Kubernetes { of: KubernetesOf::Pods, ..Kubernetes::default() });
    assert_eq!((all.look, &all.fields["ready"]), (Look::Good, &Value::Number(8.0)), "{all:?}");
    let used = look(env, Kubernetes { figure: KubernetesFigure::MemoryShare, ..place.of(KubernetesOf::Stats) });
    assert!((0.05..1.0).contains(&used.value.unwrap()), "{used:?}");
    let environment = look(env, place.of(KubernetesOf::Environment));
    assert!(list(&environment, "from_secrets").contains(&"cryptoutil-kms: POSTGRES_URL".to_owned()), "{environment:?}");

    // What the release's manifests hold and want is there, with every key.
    let manifests = Kubernetes {
        manifests: Some(Template::plain("deployments/kubernetes/*/*.yaml")),
        ..place.of(KubernetesOf::Secrets)
    };
    let wanted = runtime().block_on(looker(env, &overlay.root, manifests).look(true));
    assert_eq!((wanted.look, &wanted.fields["count"]), (Look::Good, &Value::Number(3.0)), "{wanted:?}");
    let of_deployments = place.deployments(KubernetesOf::Secrets, &["cryptoutil-kms"]);
    assert_eq!((of_deployments.look, &of_deployments.fields["count"]), (Look::Good, &Value::Number(1.0)));

    // A way into a pod: its admin listener, by the port that it has there; verified inside, and refused where none is.
    let into = |pod: &str, url: &str| {
        let file = |name: &str| Some(Template::plain(format!("certs/{name}")));
        let namespace = Some(Template::plain("cryptoutil-prod"));
        let kind = ProbeKind::Http(Http {
            url: Template::plain(url),
            ca: file("ca.pem"),
            cert: file("client.pem"),
            key: file("client.key"),
            via: Some(Via { pod: Some(Template::plain(pod)), namespace, ..Via::default() }),
            ..Http::default()
        });
        runtime().block_on(looker_of(env, &overlay.root, kind).look(true))
    };
    let live = into("deployment/cryptoutil-kms", "https://127.0.0.1:9090/admin/v1/livez");
    assert_eq!((live.look, &live.fields["status"]), (Look::Good, &Value::Number(200.0)), "{live:?}");
    let other = into("deployment/cryptoutil-kms", "https://other.example:9090/admin/v1/livez");
    assert_eq!(other.look, Look::Bad, "{other:?}");
    let refused = into("deployment/cryptoutil-kms", "https://127.0.0.1:9091/");
    assert_eq!((refused.look, refused.why.as_deref()), (Look::Bad, Some("connection refused")), "{refused:?}");
    assert_eq!(into("no-such-pod", "https://127.0.0.1:9090/").why.as_deref(), Some("there is no pod no-such-pod"));
    assert_eq!(into("deployment/no-such", "https://127.0.0.1:9090/").look, Look::Bad);

    // Elsewhere this login may do nothing.
    let elsewhere = Kubernetes {
        may: texts(&["patch deployments"]),
        namespace: Some(Template::plain("kube-system")),
        ..place.of(KubernetesOf::Api)
    };
    let elsewhere = look(env, elsewhere);
    assert_eq!((elsewhere.look, list(&elsewhere, "denied")), (Look::Bad, vec!["patch deployments".to_owned()]));

    // Logs of all its pods; those of a namespace without any are no clean ones.
    let logs = |namespace: &str, pattern: &str| {
        let kind = ProbeKind::Logs(Box::new(Logs {
            pattern: pattern.into(),
            from: LogsFrom::Kubernetes,
            namespace: Some(Template::plain(namespace)),
            deployments: texts(&["cryptoutil-kms"]),
            since: Some(Template::plain("24h")),
            ..Logs::default()
        }));
        runtime().block_on(looker_of(env, "/", kind).look(true))
    };
    let calm = logs("cryptoutil-prod", "panic: |SIGSEGV");
    assert_eq!(calm.look, Look::Good, "{calm:?}");
    let found = logs("cryptoutil-prod", "POST .*/encrypt");
    assert_eq!(found.look, Look::Bad, "{found:?}");
    assert!(list(&found, "lines")[0].starts_with("cryptoutil-kms-"), "{found:?}");
    assert_eq!(logs("kube-system", "panic").look, Look::NoData);

    // An expired login, a wrong port, an authority that is not ours: each its own words, and the token in none of them.
    let file = std::fs::read_to_string(&env["KUBECONFIG"]).unwrap();
    let token = file.lines().find_map(|line| line.trim().strip_prefix("token: ")).unwrap();
    let at = |begins: &str, becomes: &str, of| look(&changed(env, folder.path(), begins, becomes), place.of(of));
    let expired = at("token:", "token: some-other-token-of-yesterday", KubernetesOf::Api);
    assert_eq!((expired.look, &expired.fields["reachable"]), (Look::Bad, &Value::Bool(false)), "{expired:?}");
    assert!(expired.why.as_ref().unwrap().contains("login"), "{expired:?}");
    let unknown = at("token:", "token: some-other-token-of-yesterday", KubernetesOf::Pods);
    assert_eq!(unknown.look, Look::NoData, "{unknown:?}");
    let refused = at("server:", "server: https://127.0.0.1:1", KubernetesOf::Api);
    assert_eq!((refused.look, refused.why.as_deref()), (Look::Bad, Some("connection refused")), "{refused:?}");
    let foreign = at("certificate-authority:", "tls-server-name: other.example", KubernetesOf::Api);
    assert_eq!(foreign.look, Look::Bad, "{foreign:?}");
    assert!(foreign.why.as_ref().unwrap().contains("certificate"), "{foreign:?}");
    // A login command is run without a terminal, with the environment of the run's commands; what it says is not told.
    let failing =
        "exec: { apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'echo $SAID >&2; exit 3'] }";
    let mut failing = changed(env, folder.path(), "token:", failing);
    failing.insert("SAID".into(), "the-password".into());
    let failed = look(&failing, place.of(KubernetesOf::Api));
    assert_eq!(failed.look, Look::NoData, "{failed:?}");
    assert!(failed.why.as_ref().unwrap().contains("login command failed"), "{failed:?}");
    let answer = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}"#;
    let working = format!(
        "exec: {{ apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, \"printf '{}' $LOGIN\"] }}",
        answer.replace('"', "\\\"")
    );
    let mut working = changed(env, folder.path(), "token:", &working);
    working.insert("LOGIN".into(), token.into());
    let worked = look(&working, place.of(KubernetesOf::Api));
    assert_eq!(worked.look, Look::Good, "{worked:?}");
    for sample in [&expired, &unknown, &refused, &foreign, &failed, &worked] {
        assert!(!format!("{sample:?}").contains(token) && !format!("{sample:?}").contains("the-password"));
    }

    // A server that is gone: itself it is red, of what runs there nothing is known; one probe finds it again.
    let probe = looker(env, "/", place.of(KubernetesOf::Pods));
    let runtime = runtime();
    assert_eq!(runtime.block_on(probe.look(false)).look, Look::Good);
    world.end();
    assert_eq!(look(env, place.of(KubernetesOf::Api)).look, Look::Bad);
    assert_eq!(runtime.block_on(probe.look(false)).look, Look::NoData);
    let mut command = std::process::Command::new(exe);
    command.arg("__world").arg(&dir);
    let world = Leash::hold(&dir, command).unwrap();
    until("the API server is found again", || runtime.block_on(probe.look(false)).look == Look::Good);
    world.end();
}

/// A Service's selector, and whose pods its endpoints are. Pods on paper have no addresses of which the cluster could make
/// a slice, so it is written by hand, as for a Service without a selector.
fn who_stands_behind(cluster: &Cluster, place: &Place<'_>) {
    let pods: Vec<String> =
        cluster.pods("default").iter().filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.to_owned())).collect();
    let [one, two] = &pods[..] else { panic!("{pods:?}") };
    let endpoint = |pod: &str, address: &str, ready: bool| {
        json!({ "addresses": [address], "conditions": { "ready": ready },
            "targetRef": { "kind": "Pod", "name": pod, "namespace": "default" } })
    };
    let slice = |endpoints: serde_json::Value| {
        cluster.apply(&json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": { "name": "switch-1", "labels": { "kubernetes.io/service-name": "switch" } },
            "ports": [{ "port": 8080 }], "endpoints": endpoints,
        }));
    };
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "switch" }, "spec": { "ports": [{ "port": 8080 }] },
    }));
    let behind = |services: &[&str], deployments: &[&str]| {
        let of = Kubernetes {
            services: texts(services),
            deployments: texts(deployments),
            ..place.of(KubernetesOf::Service)
        };
        look(place.env, of)
    };
    let alone = behind(&["switch"], &[]);
    assert_eq!((alone.look, list(&alone, "unserved")), (Look::Bad, vec!["switch".to_owned()]), "{alone:?}");
    slice(json!([endpoint(one, "10.1.0.1", true), endpoint(two, "10.1.0.2", false)]));
    let served = behind(&["switch"], &["web"]);
    assert_eq!((served.look, &served.fields["ready"]), (Look::Good, &Value::Number(1.0)), "{served:?}");
    assert_eq!(list(&served, "not_ready"), std::slice::from_ref(two));
    slice(json!([endpoint(one, "10.1.0.1", true), endpoint("a-stranger", "10.1.0.3", true)]));
    let mixed = behind(&["switch", "no-such-service"], &["web"]);
    assert_eq!((mixed.look, list(&mixed, "others")), (Look::Bad, vec!["a-stranger".to_owned()]), "{mixed:?}");
    assert_eq!(list(&mixed, "missing"), ["no-such-service"]);
    // One with a selector tells it, and it changes with the runbook's own patch.
    cluster.kubectl(&["create", "service", "clusterip", "colours", "--tcp=8080"]);
    cluster.kubectl(&["patch", "service/colours", "-p", r#"{"spec":{"selector":{"app":"web","colour":"green"}}}"#]);
    let Value::Map(selectors) = &behind(&["colours"], &[]).fields["selector"] else { panic!("no selectors") };
    let Value::Map(labels) = &selectors["colours"] else { panic!("{selectors:?}") };
    assert_eq!(labels["colour"], Value::Text("green".into()));
}

#[test]
fn a_real_cluster_is_seen_as_it_is() {
    let mut cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(why) => return not_run("a_real_cluster_is_seen_as_it_is", &why),
    };
    cluster.node("paper");
    let _kubelet = cluster.kubelet(|pod| match pod["spec"]["containers"][0]["image"].as_str() {
        Some("web:3") => Played::crashing(4),
        Some("web:4") => Played::no_image(),
        _ => Played::ready(),
    });
    cluster.deploy("web", "web:1", 2, 10);
    cluster.kubectl(&["create", "secret", "generic", "db", "--from-literal=password=never-shown"]);
    let env = &cluster.env();
    let place = Place { env, namespace: "default", deployment: "web", secret: ("db", "password") };
    seen_as_it_is(&place);

    who_stands_behind(&cluster, &place);

    // A version that crashes: the pods say why at once, the rollout is stuck once its deadline has passed.
    let pods = || place.deployments(KubernetesOf::Pods, &["web"]);
    let rollout = || place.deployments(KubernetesOf::Rollout, &["web"]);
    cluster.kubectl(&["set", "image", "deployment/web", "web=web:3"]);
    until("the crash is seen", || pods().why.is_some_and(|why| why.contains("CrashLoopBackOff")));
    assert_eq!((pods().look, rollout().look), (Look::Bad, Look::Bad));
    until("the rollout is stuck", || list(&rollout(), "stuck").iter().any(|it| it.contains("web")));
    cluster.kubectl(&["rollout", "undo", "deployment/web"]);
    until("the way back is seen", || pods().look == Look::Good && rollout().look == Look::Good);
    cluster.kubectl(&["set", "image", "deployment/web", "web=web:4"]);
    until("the image is missed", || pods().why.is_some_and(|why| why.contains("ImagePullBackOff")));
    cluster.kubectl(&["rollout", "undo", "deployment/web"]);
    until("it is back", || pods().look == Look::Good && rollout().look == Look::Good);

    // Who may not patch is told so before a command is; what may not be read is neither there nor missing.
    let mut narrow = env.clone();
    narrow.insert("KUBECONFIG".into(), cluster.narrow().display().to_string());
    let rights = texts(&["get pods", "patch deployments", "get secrets"]);
    let denied = look(&narrow, Kubernetes { may: rights, ..place.of(KubernetesOf::Api) });
    assert_eq!(
        (denied.look, list(&denied, "denied")),
        (Look::Bad, vec!["patch deployments".to_owned(), "get secrets".to_owned()])
    );
    let unread = look(&narrow, Kubernetes { secrets: texts(&["db"]), ..place.of(KubernetesOf::Secrets) });
    assert_ne!(unread.look, Look::Good, "{unread:?}");
    assert!(!format!("{unread:?}").contains("never-shown"));

    // The API server is killed in the middle of a rollout: itself it is red, of the pods nothing is known; it comes back.
    cluster.kubectl(&["set", "image", "deployment/web", "web=web:2"]);
    cluster.stop_server();
    assert_eq!(look(env, place.of(KubernetesOf::Api)).look, Look::Bad);
    assert_eq!((pods().look, rollout().look), (Look::NoData, Look::NoData));
    cluster.start_server().unwrap();
    until("the rollout that went on is seen", || rollout().look == Look::Good && pods().look == Look::Good);
}
