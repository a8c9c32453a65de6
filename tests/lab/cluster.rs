//! A system to deploy to: a real Kubernetes with a node, the KMS of the lab in two pods behind a load balancer, its keys
//! in a real PostgreSQL, and a git repository with the manifests of its releases.
//!
//! Not real are Grafana and what is reached through it (the sandbox's world answers), the compiler and the scanner (its
//! simulated `go` and `gosec`), and there is no metrics server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flightdeck::sandbox::{self, Leash};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::balancer::Balancer;
use super::database::Database;
use super::kube::Cluster;
use super::node::Node;
use super::service;

/// Where the system runs.
pub const NAMESPACE: &str = "cryptoutil-prod";
/// What the runbook waits for in minutes is waited for in seconds here. Each must stand in it exactly once.
const SHORTER: [(&str, &str); 5] = [
    (
        "wait: growth(pod_memory, 2m) < 10%\n                in_a_row: 2\n                timeout: 90s",
        "wait: growth(pod_memory, 2m) < 10%\n                in_a_row: 2\n                timeout: 5s",
    ),
    ("probes: [p95, error_rate], over: 5m", "probes: [p95, error_rate], over: 30s"),
    (
        "wait: quantile(0.95, kms_live, 20) < health_limit and quantile(0.95, kms_ready, 20) < health_limit",
        "wait: quantile(0.95, kms_live, 5) < health_limit and quantile(0.95, kms_ready, 5) < health_limit",
    ),
    (
        "source: [\"${{ item.status_row }}\"]\n            wait: rollout[item]\n            in_a_row: 1\n            timeout: 130s",
        "source: [\"${{ item.status_row }}\"]\n            wait: rollout[item]\n            in_a_row: 1\n            timeout: 45s",
    ),
    // There is no metrics server: it is waited for in vain, and then skipped.
    (
        "wait: avg(pod_cpu, 5m) < 70%\n                in_a_row: 1\n                timeout: 10m",
        "wait: avg(pod_cpu, 5m) < 70%\n                in_a_row: 1\n                timeout: 10s",
    ),
];

/// All of it, in the order in which it has to end.
pub struct Lab {
    world: Option<Leash>,
    balancer: Balancer,
    /// The keys.
    pub database: Database,
    node: Node,
    /// The cluster.
    pub cluster: Cluster,
    folder: TempDir,
    /// The repository.
    root: PathBuf,
    env: Vec<(String, String)>,
    parameters: Vec<String>,
}

impl Lab {
    /// Sets up version 1.4.2; in words why this machine cannot.
    pub fn start() -> Result<Self, String> {
        let cluster = Cluster::for_nodes()?;
        let node = Node::start(&cluster)?;
        let program = service::program()?;
        for version in ["1.4.2", "1.5.0", "1.6.0"] {
            node.image(&format!("lab/kms:{version}"), &program, &["/service"]);
        }
        let folder = tempfile::Builder::new().prefix("fdfly-").tempdir().map_err(|e| e.to_string())?;
        let run = folder.path().canonicalize().map_err(|e| e.to_string())?.join("run");
        let scenario = sandbox::scenario("production").unwrap();
        let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
        let given = [("platform".to_owned(), "kubernetes".to_owned())].into();
        let overlay = sandbox::prepare(&run.join("world"), &scenario, exe, &given, 1.0).map_err(|e| e.to_string())?;
        let mut command = Command::new(exe);
        command.arg("__world").arg(&run);
        let world = Leash::hold(&run, command).map_err(|e| e.to_string())?;
        let root = PathBuf::from(&overlay.root);

        let secret =
            |name: &str| fs::read_to_string(root.join(format!("deployments/kms/secrets/{name}.secret"))).unwrap();
        let [user, password, name] = ["postgres_username", "postgres_password", "postgres_database"].map(secret);
        let database = Database::start(&user, &password, &name, &format!("127.0.0.1,{}", node.gateway()))?;
        let balancer = Balancer::start(&cluster.kubeconfig(), NAMESPACE, "cryptoutil-kms", &[8080, 9090]);

        // Real are kubectl, git, curl and PostgreSQL's; the world answers for what is not.
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for name in ["go", "gosec"] {
            std::os::unix::fs::symlink(exe, bin.join(name)).unwrap();
        }
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let mut env: Vec<(String, String)> =
            overlay.env.into_iter().filter(|(name, _)| name != "DOCKER_HOST").collect();
        env.retain(|(name, _)| name != "PATH" && name != "KUBECONFIG");
        env.extend([("PATH".into(), path), ("KUBECONFIG".into(), cluster.kubeconfig().display().to_string())]);
        let own = [
            "kms_api_address",
            "kms_admin_address",
            "db_port",
            "kube_context",
            "ports",
            "ports_owner",
            "release",
            "running",
        ];
        let mut parameters: Vec<String> = overlay
            .parameters
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        parameters.extend([
            format!("kms_api_address={}", balancer.address(0)),
            format!("kms_admin_address={}", balancer.address(1)),
            format!("db_port={}", database.port),
            "platform=kubernetes".into(),
            "dast=false".into(),
            // Two cores that others use as well.
            "health_limit=3s".into(),
        ]);
        let world = Some(world);
        let lab = Self { world, balancer, database, node, cluster, folder, root, env, parameters };
        lab.prepare();
        Ok(lab)
    }

    /// What was there before any release, and the oldest one.
    fn prepare(&self) {
        let cluster = &self.cluster;
        cluster.kubectl(&["create", "namespace", NAMESPACE]);
        let file = |name: &str| format!("--from-file={}", self.root.join("certs").join(name).display());
        let mut words = vec!["create", "secret", "generic", "kms-certs", "-n", NAMESPACE];
        let files = ["ca.pem", "server.pem", "server.key"].map(file);
        words.extend(files.iter().map(String::as_str));
        cluster.kubectl(&words);
        let auth = format!("--from-file=auth={}", self.root.join("secrets/swagger_auth").display());
        cluster.kubectl(&["create", "secret", "generic", "kms-swagger", "-n", NAMESPACE, &auth]);
        cluster.apply(&json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "cryptoutil-kms", "namespace": NAMESPACE },
            "spec": { "selector": { "app": "cryptoutil-kms" }, "ports": [
                { "name": "api", "port": 8080 }, { "name": "admin", "port": 9090 },
            ] },
        }));
        for entry in fs::read_dir(self.root.join("deployments/kubernetes/deployments")).unwrap().flatten() {
            fs::remove_file(entry.path()).unwrap();
        }
        let secrets = self.root.join("deployments/kubernetes/secrets/secrets.yaml");
        let url = self.database.url(&self.node.gateway().to_string());
        let real = |line: &str| match line.trim_start().starts_with("url: ") {
            true => format!("  url: {url}\n"),
            false => format!("{line}\n"),
        };
        let text: String = fs::read_to_string(&secrets).unwrap().lines().map(real).collect();
        fs::write(&secrets, text).unwrap();
        let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
        fs::create_dir_all(self.root.join("runbooks")).unwrap();
        for entry in
            fs::read_dir(house).unwrap().flatten().filter(|e| e.path().extension().is_some_and(|x| x == "yaml"))
        {
            let mut text = fs::read_to_string(entry.path()).unwrap();
            if entry.file_name() == "production-deployment.yaml" {
                for (long, short) in SHORTER {
                    assert_eq!(text.matches(long).count(), 1, "{long}");
                    text = text.replace(long, short);
                }
            }
            fs::write(self.root.join("runbooks").join(entry.file_name()), text).unwrap();
        }
        self.release("1.4.2", "none");
        for folder in ["configmaps", "secrets", "deployments"] {
            let folder = self.root.join("deployments/kubernetes").join(folder).display().to_string();
            cluster.kubectl(&["apply", "-n", NAMESPACE, "-f", &folder]);
        }
        cluster.kubectl(&["rollout", "status", "deployment/cryptoutil-kms", "-n", NAMESPACE, "--timeout=90s"]);
    }

    /// The repository at a release, with its tag.
    pub fn release(&self, version: &str, fault: &str) {
        let text = include_str!("cluster/deployment.yaml").replace("@release@", version).replace("@fault@", fault);
        fs::write(self.root.join("deployments/kubernetes/deployments/cryptoutil-kms.yaml"), text).unwrap();
        let config = self.root.join("deployments/kubernetes/configmaps/config.yaml");
        let line = |line: &str| match line.trim_start().starts_with("otlp-version:") {
            true => format!("  otlp-version: {version}\n"),
            false => format!("{line}\n"),
        };
        let text: String = fs::read_to_string(&config).unwrap().lines().map(line).collect();
        fs::write(&config, text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", &format!("Release {version}")]);
        self.git(&["tag", "-f", &format!("v{version}")]);
    }

    fn git(&self, words: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(&self.root).args([
            "-c",
            "user.name=release",
            "-c",
            "user.email=release@cryptoutil.example",
        ]);
        command.args(["-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null"]).args(words).stdin(Stdio::null());
        let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A folder for what the tests need beside.
    pub fn base(&self) -> &Path {
        self.folder.path()
    }

    /// The command that flies the runbook from one version to the next.
    pub fn flight(&self, running: &str, release: &str, answers: &Path, runs: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.arg("run").arg(self.root.join("runbooks/production-deployment.yaml")).args(["--plain", "--yes"]);
        command.arg("--answers").arg(answers).arg("--runs").arg(runs);
        for parameter in &self.parameters {
            command.args(["-p", parameter]);
        }
        command.args(["-p", &format!("running={running}"), "-p", &format!("release={release}")]);
        command.current_dir(&self.root).envs(self.env.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// A call of the public API; the body of a good answer.
    pub fn ask(&self, path: &str, kind: &str, body: &str) -> Result<String, String> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail", "--max-time", "5", "--cacert"]);
        command.arg(self.root.join("certs/ca.pem")).args([
            "-H",
            &format!("Content-Type: {kind}"),
            "--data-binary",
            body,
        ]);
        command.arg(format!("https://{}/service/api/v1/{path}", self.balancer.address(0)));
        let output = command.stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
    }

    /// The images of the deployment's pods that are ready.
    pub fn running(&self) -> Vec<String> {
        let pods = self.cluster.pods(NAMESPACE);
        let ready = |pod: &&Value| {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            pod["metadata"]["deletionTimestamp"].is_null()
                && conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
        };
        let mut images: Vec<String> = pods
            .iter()
            .filter(ready)
            .map(|pod| pod["spec"]["containers"][0]["image"].as_str().unwrap().to_owned())
            .collect();
        images.sort();
        images
    }

    /// Ends all of it, and looks whether something is left: processes, folders, devices, cgroups.
    pub fn leaves_nothing(self) {
        let folders = [self.folder.path(), self.node.root(), self.cluster.root()].map(Path::to_owned);
        let (roots, bridge) = (self.node.cgroup_roots(), self.node.name().to_owned());
        drop(self);
        for folder in folders.iter().chain(&roots) {
            assert!(!folder.exists(), "{} is left", folder.display());
        }
        assert!(!Path::new("/sys/class/net").join(&bridge).exists(), "the bridge {bridge} is left");
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            let left = folders.iter().any(|folder| words.contains(folder.to_str().unwrap()));
            assert!(!left, "{} is left: {words}", process.path().display());
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(world) = self.world.take() {
            world.end();
        }
    }
}
