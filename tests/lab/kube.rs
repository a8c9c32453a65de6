//! A Kubernetes control plane of the test's own: etcd, API server, controller manager and scheduler on free loopback
//! ports below one temporary folder, ended with it. The three are upstream's, built by the go command from
//! `tests/lab/kube` into `target/lab/kube` when they are missing or changed (about ten minutes on two cores).
//!
//! By itself it has no kubelet: [`Cluster::node`] makes a node that only exists on paper, so that the scheduler binds
//! pods, and [`Cluster::play`] or a [`Kubelet`] says of pods what one would say. `node.rs` has a real one.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// How long a part may take to come up, or an object to be as it is waited for.
pub const LIMIT: Duration = Duration::from_secs(90);
/// Where the commands' sources stand.
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/kube");
/// The commands that are built.
const COMMANDS: [&str; 4] = ["apiserver", "controller-manager", "scheduler", "kubelet"];
/// What the commands say of their version; without it they say that they have none.
const FLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
                     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// Says which test was not run, and why; with `FLIGHTDECK_LAB=whole` nothing may be left out.
pub fn not_run(test: &str, why: &str) {
    assert!(std::env::var("FLIGHTDECK_LAB").as_deref() != Ok("whole"), "{test}: {why}");
    eprintln!("NOT RUN: {test}: {why}");
}

/// The folder of the built commands; in words why they cannot be had.
fn built() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("lab/kube");
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    // One builds, the others wait.
    let lock = File::create(folder.join("lock")).map_err(|e| e.to_string())?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|e| e.to_string())?;
    let mut hash = Sha256::new();
    hash.update(FLAGS);
    for name in ["go.mod", "go.sum"].map(str::to_owned).into_iter().chain(COMMANDS.map(|c| format!("{c}/main.go"))) {
        hash.update(fs::read(Path::new(MODULE).join(&name)).map_err(|e| format!("{name}: {e}"))?);
    }
    let wanted: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let stamp = folder.join("stamp");
    let there = COMMANDS.iter().all(|name| folder.join(name).is_file());
    if there && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    eprintln!("building the Kubernetes control plane: about ten minutes the first time");
    let mut to = folder.clone().into_os_string();
    to.push("/");
    let output = Command::new("nice")
        .args(["go", "build", "-p", "2", "-trimpath", "-ldflags", FLAGS, "-o"])
        .arg(to)
        .args(COMMANDS.map(|name| format!("./{name}")))
        .current_dir(MODULE)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("go cannot be started ({e}): tests/run installs it"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let why = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        return Err(format!("the go command cannot build the control plane: {why}"));
    }
    fs::write(&stamp, wanted).map_err(|e| e.to_string())?;
    Ok(folder)
}

/// A running control plane.
pub struct Cluster {
    folder: TempDir,
    commands: PathBuf,
    /// etcd, API server, controller manager, scheduler.
    parts: BTreeMap<&'static str, Child>,
    /// Of etcd and of the API server.
    ports: (u16, u16),
}

impl Cluster {
    /// Starts one for nodes on paper; in words why there can be none on this machine.
    pub fn start() -> Result<Self, String> {
        Self::begin(true)
    }

    /// Starts one for real nodes, whose heartbeat is watched.
    pub fn for_nodes() -> Result<Self, String> {
        Self::begin(false)
    }

    fn begin(paper: bool) -> Result<Self, String> {
        for (name, version) in [("etcd", "--version"), ("kubectl", "--help"), ("go", "version")] {
            let mut command = Command::new(name);
            if command.arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
                return Err(format!("there is no {name}: tests/run installs it where it can"));
            }
        }
        let commands = built()?;
        let folder = tempfile::Builder::new().prefix("fdkube-").tempdir().map_err(|e| e.to_string())?;
        let mut cluster = Self { folder, commands, parts: BTreeMap::new(), ports: (free_port(), free_port()) };
        cluster.write_identity();
        cluster.start_store()?;
        cluster.start_server()?;
        for name in ["controller-manager", "scheduler"] {
            let config = cluster.kubeconfig().display().to_string();
            let mut words = vec!["--leader-elect=false".to_owned(), "--secure-port=0".into()];
            words.push(format!("--kubeconfig={config}"));
            if name == "controller-manager" {
                if paper {
                    // The node on paper has no heartbeat.
                    words.push("--controllers=*,-node-lifecycle-controller".into());
                }
                words.push(format!("--service-account-private-key-file={}", cluster.path("sa.key").display()));
                words.push(format!("--root-ca-file={}", cluster.path("ca.crt").display()));
            }
            cluster.spawn(name, cluster.commands.join(name).as_os_str(), &words)?;
        }
        cluster.admit_narrow();
        Ok(cluster)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One of the built commands.
    pub fn command_path(&self, name: &str) -> PathBuf {
        self.commands.join(name)
    }

    /// The folder of everything that this cluster has.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The kubeconfig of one who may do everything; contexts `lab` (current) and `narrow`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// The kubeconfig of one who may read pods and deployments of `default` and nothing else.
    pub fn narrow(&self) -> PathBuf {
        self.path("narrow-kubeconfig")
    }

    /// The API server's address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.1)
    }

    /// The environment in which a command finds this cluster.
    pub fn env(&self) -> BTreeMap<String, String> {
        let of = |name: &str, value: String| (name.to_owned(), value);
        let path = std::env::var("PATH").unwrap_or_default();
        let home = self.folder.path().display().to_string();
        [of("PATH", path), of("HOME", home), of("KUBECONFIG", self.kubeconfig().display().to_string())].into()
    }

    /// Certificates, tokens and kubeconfigs.
    fn write_identity(&self) {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "the lab");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.0.0.1"].map(str::to_owned);
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
        let write = |name: &str, text: &str| fs::write(self.path(name), text).unwrap();
        // As whom the API server asks kubelets for logs, exec and port-forward.
        let mut client = CertificateParams::new(vec![]).unwrap();
        client.distinguished_name.push(rcgen::DnType::CommonName, "the lab's API server");
        client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let client_key = KeyPair::generate().unwrap();
        write("client.crt", &client.signed_by(&client_key, &ca).unwrap().pem());
        write("client.key", &client_key.serialize_pem());
        write("ca.crt", &ca.pem());
        write("api.crt", &certificate.pem());
        write("api.key", &key.serialize_pem());
        let accounts = KeyPair::generate().unwrap();
        write("sa.key", &accounts.serialize_pem());
        write("sa.pub", &accounts.public_key_pem());
        write("tokens.csv", "labtoken,admin,admin,\"system:masters\"\nnarrowtoken,narrow,narrow\n");
        let config = |current: &str| {
            let user = |name: &str, token: &str| json!({ "name": name, "user": { "token": token } });
            let context = |name: &str, user: &str| json!({ "name": name, "context": { "cluster": "lab", "user": user, "namespace": "default" } });
            json!({
                "apiVersion": "v1", "kind": "Config", "current-context": current,
                "clusters": [{ "name": "lab", "cluster": {
                    "server": self.url(), "certificate-authority": self.path("ca.crt") } }],
                "users": [user("admin", "labtoken"), user("narrow", "narrowtoken")],
                "contexts": [context("lab", "admin"), context("narrow", "narrow")],
            })
            .to_string()
        };
        write("kubeconfig", &config("lab"));
        write("narrow-kubeconfig", &config("narrow"));
    }

    fn spawn(&mut self, name: &'static str, program: &std::ffi::OsStr, words: &[String]) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(self.path(&format!("{name}.log"))).unwrap();
        let child = Command::new(program)
            .args(words)
            .env_remove("KUBECONFIG")
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{name}: {e}"))?;
        self.parts.insert(name, child);
        Ok(())
    }

    fn start_store(&mut self) -> Result<(), String> {
        let (own, peer) = (format!("http://127.0.0.1:{}", self.ports.0), format!("http://127.0.0.1:{}", free_port()));
        let words = [
            format!("--data-dir={}", self.path("etcd").display()),
            format!("--listen-client-urls={own}"),
            format!("--advertise-client-urls={own}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            "--unsafe-no-fsync".into(),
        ];
        self.spawn("etcd", "etcd".as_ref(), &words)
    }

    /// Starts the API server, also after [`Self::stop_server`], and waits until it is ready.
    pub fn start_server(&mut self) -> Result<(), String> {
        let file = |name: &str| self.path(name).display().to_string();
        let words = [
            format!("--etcd-servers=http://127.0.0.1:{}", self.ports.0),
            format!("--secure-port={}", self.ports.1),
            "--bind-address=127.0.0.1".into(),
            "--advertise-address=127.0.0.1".into(),
            format!("--tls-cert-file={}", file("api.crt")),
            format!("--tls-private-key-file={}", file("api.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=RBAC".into(),
            format!("--kubelet-client-certificate={}", file("client.crt")),
            format!("--kubelet-client-key={}", file("client.key")),
            format!("--kubelet-certificate-authority={}", file("ca.crt")),
            "--kubelet-preferred-address-types=Hostname".into(),
            format!("--service-account-key-file={}", file("sa.pub")),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            "--service-cluster-ip-range=10.0.0.0/24".into(),
            "--disable-admission-plugins=ServiceAccount".into(),
            "--allow-privileged=true".into(),
        ];
        self.spawn("apiserver", self.commands.join("apiserver").as_os_str(), &words)?;
        let begun = Instant::now();
        loop {
            if self.try_kubectl(&["get", "--raw", "/readyz"]).status.success()
                && self.try_kubectl(&["get", "namespace", "default"]).status.success()
            {
                return Ok(());
            }
            for name in ["etcd", "apiserver"] {
                let ended = self.parts.get_mut(name).and_then(|child| child.try_wait().ok().flatten());
                if ended.is_some() || begun.elapsed() > LIMIT {
                    let text = fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default();
                    let last = text.lines().last().unwrap_or_default().to_owned();
                    return Err(format!("{name} does not come up here: {last}"));
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Kills the API server; etcd and the others go on.
    pub fn stop_server(&mut self) {
        if let Some(child) = self.parts.remove("apiserver") {
            kill(child);
        }
    }

    /// Who the narrow one is, and what they may.
    fn admit_narrow(&self) {
        let rules = json!([
            { "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"] },
            { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"] },
        ]);
        let meta = json!({ "name": "narrow", "namespace": "default" });
        let rbac = "rbac.authorization.k8s.io";
        self.apply(&json!({ "apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": meta, "rules": rules }));
        self.apply(&json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": meta,
            "roleRef": { "apiGroup": rbac, "kind": "Role", "name": "narrow" },
            "subjects": [{ "apiGroup": rbac, "kind": "User", "name": "narrow" }],
        }));
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.env_clear().envs(self.env()).args(words).stdin(Stdio::null());
        command
    }

    /// Runs kubectl, whatever comes of it.
    pub fn try_kubectl(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs kubectl, which must succeed; what it printed. Its stderr may hold warnings.
    pub fn kubectl(&self, words: &[&str]) -> String {
        let output = self.try_kubectl(words);
        assert!(output.status.success(), "kubectl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The answer of `kubectl get … -o json`.
    pub fn get(&self, words: &[&str]) -> Value {
        let all = [&["get"], words, &["-o", "json"]].concat();
        serde_json::from_str(&self.kubectl(&all)).unwrap()
    }

    /// Applies an object.
    pub fn apply(&self, object: &Value) {
        self.apply_text(&object.to_string());
    }

    /// Applies what stands in a manifest.
    pub fn apply_text(&self, manifest: &str) {
        let mut command = self.command(&["apply", "-f", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(manifest.as_bytes()).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "kubectl apply: {said}");
    }

    /// A node that exists on paper: pods are bound to it, and nothing runs there.
    pub fn node(&self, name: &str) {
        self.apply(&json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name } }));
        let room = json!({ "cpu": "8", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi" });
        let ready = json!([{ "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "on paper" }]);
        let status = json!({ "status": { "capacity": room, "allocatable": room, "conditions": ready } }).to_string();
        self.kubectl(&["patch", "node", name, "--subresource=status", "--type=merge", "-p", &status]);
        // A new node is taken for not ready; who would take that back does not run.
        self.kubectl(&["patch", "node", name, "--type=merge", "-p", r#"{"spec":{"taints":null}}"#]);
    }

    /// A deployment of pods with one container `web`, labelled `app: NAME`.
    pub fn deploy(&self, name: &str, image: &str, replicas: u32, deadline: u32) {
        let labels = json!({ "app": name });
        self.apply(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": name, "namespace": "default" },
            "spec": {
                "replicas": replicas,
                "progressDeadlineSeconds": deadline,
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": {
                        "automountServiceAccountToken": false,
                        "terminationGracePeriodSeconds": 1,
                        "containers": [{ "name": "web", "image": image }],
                    },
                },
            },
        }));
    }

    /// The pods of a namespace.
    pub fn pods(&self, namespace: &str) -> Vec<Value> {
        self.get(&["pods", "-n", namespace])["items"].as_array().cloned().unwrap_or_default()
    }

    /// Says of a pod what a kubelet would say.
    pub fn play(&self, pod: &Value, state: &Played) {
        patch(&mut |words| self.command(words), pod, state);
    }

    /// A kubelet that is played: of each bound pod it says what `state` says, and lets those go that are being deleted.
    pub fn kubelet(&self, state: impl Fn(&Value) -> Played + Send + 'static) -> Kubelet {
        let env = self.env();
        let ends = Arc::new(AtomicBool::new(false));
        let end = ends.clone();
        let thread = std::thread::spawn(move || {
            let mut command = |words: &[&str]| {
                let mut command = Command::new("kubectl");
                command.env_clear().envs(&env).args(words).stdin(Stdio::null());
                command
            };
            while !end.load(Ordering::Relaxed) {
                keep(&mut command, &state);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Kubelet { ends, thread: Some(thread) }
    }

    /// Waits until something is so.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(begun.elapsed() < LIMIT, "{what}: not after {LIMIT:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The process ids of its parts.
    pub fn pids(&self) -> Vec<u32> {
        self.parts.values().map(Child::id).collect()
    }
}

impl Drop for Cluster {
    /// What they hold is thrown away: nothing needs an orderly end.
    fn drop(&mut self) {
        for child in std::mem::take(&mut self.parts).into_values() {
            kill(child);
        }
    }
}

fn kill(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A port of loopback that nobody holds.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What is said of a pod's containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// They pass their readiness probes.
    pub ready: bool,
    /// How often they were restarted.
    pub restarts: u32,
    /// They wait: reason and message, such as `CrashLoopBackOff` or `ImagePullBackOff`.
    pub waiting: Option<(&'static str, &'static str)>,
    /// The exit code of the one before.
    pub last_exit: Option<i32>,
}

impl Played {
    /// Runs and is ready.
    pub fn ready() -> Self {
        Self { ready: true, ..Self::default() }
    }

    /// Runs and is not ready.
    pub fn unready() -> Self {
        Self::default()
    }

    /// Ended so often, and waits for the next start.
    pub fn crashing(restarts: u32) -> Self {
        let waiting = Some(("CrashLoopBackOff", "back-off 10s restarting failed container"));
        Self { restarts, waiting, last_exit: Some(1), ready: false }
    }

    /// Its image cannot be had.
    pub fn no_image() -> Self {
        Self { waiting: Some(("ImagePullBackOff", "Back-off pulling image")), ..Self::default() }
    }

    fn status(&self, pod: &Value) -> Value {
        let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let begun = pod["status"]["startTime"].as_str().unwrap_or(&now).to_owned();
        let truth = |yes: bool| if yes { "True" } else { "False" };
        let condition = |name: &str, yes: bool| {
            let before = pod["status"]["conditions"].as_array().into_iter().flatten();
            let same = before.into_iter().find(|c| c["type"] == name && c["status"] == truth(yes));
            let since = same.and_then(|c| c["lastTransitionTime"].as_str()).unwrap_or(&now).to_owned();
            json!({ "type": name, "status": truth(yes), "lastTransitionTime": since })
        };
        let conditions: Vec<Value> =
            [("PodScheduled", true), ("Initialized", true), ("ContainersReady", self.ready), ("Ready", self.ready)]
                .map(|(name, yes)| condition(name, yes))
                .into();
        let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
        let containers: Vec<Value> = containers
            .map(|container| {
                let state = match self.waiting {
                    Some((reason, message)) => json!({ "waiting": { "reason": reason, "message": message } }),
                    None => json!({ "running": { "startedAt": begun } }),
                };
                let last = match self.last_exit {
                    Some(code) => json!({ "terminated": {
                        "exitCode": code, "reason": "Error", "startedAt": begun, "finishedAt": begun } }),
                    None => json!({}),
                };
                json!({
                    "name": container["name"], "image": container["image"],
                    "imageID": format!("sha256:{}", "0".repeat(64)),
                    "ready": self.ready, "started": self.waiting.is_none(), "restartCount": self.restarts,
                    "state": state, "lastState": last,
                })
            })
            .collect();
        let never_ran = self.waiting.is_some() && self.restarts == 0;
        json!({
            "phase": if never_ran { "Pending" } else { "Running" },
            "startTime": begun, "conditions": conditions, "containerStatuses": containers,
        })
    }
}

fn patch(command: &mut impl FnMut(&[&str]) -> Command, pod: &Value, state: &Played) {
    let text = |at: &str| pod["metadata"][at].as_str().unwrap_or_default().to_owned();
    let status = json!({ "status": state.status(pod) }).to_string();
    let (name, namespace) = (text("name"), text("namespace"));
    let words = ["patch", "pod", &name, "-n", &namespace, "--subresource=status", "--type=merge", "-p", &status];
    // A pod that is gone by now needs nothing said.
    let _ = command(&words).output();
}

/// One look at all pods.
fn keep(command: &mut impl FnMut(&[&str]) -> Command, state: &impl Fn(&Value) -> Played) {
    let Ok(output) = command(&["get", "pods", "--all-namespaces", "-o", "json"]).output() else { return };
    let Ok(all) = serde_json::from_slice::<Value>(&output.stdout) else { return };
    for pod in all["items"].as_array().into_iter().flatten() {
        let text = |at: &str| pod["metadata"][at].as_str().unwrap_or_default();
        if !text("deletionTimestamp").is_empty() {
            let words = ["delete", "pod", text("name"), "-n", text("namespace"), "--grace-period=0", "--force"];
            let _ = command(&words).output();
        } else if pod["spec"]["nodeName"].is_string() {
            let wanted = state(pod);
            let now = pod["status"]["containerStatuses"].clone();
            if wanted.status(pod)["containerStatuses"] != now {
                patch(command, pod, &wanted);
            }
        }
    }
}

/// A played kubelet; it ends with this.
pub struct Kubelet {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
