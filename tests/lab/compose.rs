//! Real Compose to deploy to: an engine and a registry of the test's own, a git repository with releases of the lab's
//! service, PostgreSQL in a container, and a Prometheus that reads the service's metrics.
//!
//! Not real are Grafana, Loki and Tempo (`telemetry.rs` says what is behind them), and gosec and the DAST scan, which no
//! package holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flightdeck::sandbox;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::engine::Engine;
use super::service;
use super::telemetry::Double;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(120);
/// What the compose files start, in folders of the repository.
const FILES: [(&str, &str); 3] = [
    ("deployments/compose/compose.yml", include_str!("compose/compose.yml")),
    ("deployments/telemetry/compose.yml", include_str!("compose/telemetry.yml")),
    ("deployments/kms/Dockerfile.kms", include_str!("compose/Dockerfile.kms")),
];
/// A program with tests: all of it is covered, and only `-tags=integration` finds the integration test.
const GO: [(&str, &str); 4] = [
    ("internal/keys/keys.go", "package keys\n\n// Bits of a key.\nfunc Bits(bytes int) int { return 8 * bytes }\n"),
    (
        "internal/keys/keys_test.go",
        "package keys\n\nimport \"testing\"\n\nfunc TestBits(t *testing.T) {\n\tif Bits(32) != 256 {\n\t\tt.Fail()\n\t}\n}\n",
    ),
    ("internal/identity/integration/doc.go", "package integration\n"),
    (
        "internal/identity/integration/flow_test.go",
        "//go:build integration\n\npackage integration\n\nimport \"testing\"\n\nfunc TestFlow(t *testing.T) {}\n",
    ),
];
/// What the runbook waits for in minutes is waited for in seconds here. Each must stand in it exactly once.
const SHORTER: [(&str, &str, &str); 5] = [
    ("production-deployment", "probes: [p95, error_rate], over: 5m", "probes: [p95, error_rate], over: 15s"),
    (
        "production-deployment",
        "quantile(0.95, kms_live, 20) < health_limit and quantile(0.95, kms_ready, 20) < health_limit",
        "quantile(0.95, kms_live, 5) < health_limit and quantile(0.95, kms_ready, 5) < health_limit",
    ),
    ("production-deployment", "wait: avg(cpu, 5m) < 70%", "wait: avg(cpu, 1m) < 70%"),
    (
        "production-deployment",
        "timeout: 3m\n            until: health is passing",
        "timeout: 1m\n            until: health is passing",
    ),
    (
        "production-deployment",
        "wait: health\n            in_a_row: 2\n            timeout: 2m",
        "wait: health\n            in_a_row: 2\n            timeout: 30s",
    ),
];

/// A system that was deployed by hand, once: version 1.4.2.
pub struct Lab {
    engine: Option<Engine>,
    children: Vec<Child>,
    /// Before `folder`: it is closed first.
    pub double: Double,
    folder: TempDir,
    /// The repository.
    pub root: PathBuf,
    parameters: BTreeMap<String, String>,
    /// The compose plugin's folder, as `DOCKER_CONFIG` names it.
    config: PathBuf,
}

impl Lab {
    /// Sets all up; in words why it can't be had on this machine.
    pub fn start() -> Result<Self, String> {
        for program in ["docker-registry", "prometheus", "go", "git", "curl", "pg_dump"] {
            if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
                return Err(format!("there is no {program}: tests/run installs it"));
            }
        }
        let folder = tempfile::Builder::new().prefix("fdcompose-").tempdir().map_err(|e| e.to_string())?;
        let base = folder.path().canonicalize().unwrap();
        let config = base.join("docker");
        fs::create_dir_all(config.join("cli-plugins")).unwrap();
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab/cli-plugins/docker-compose");
        if plugin.exists() {
            symlink(&plugin, config.join("cli-plugins/docker-compose")).unwrap();
        }
        let version =
            Command::new("docker").args(["compose", "version", "--short"]).env("DOCKER_CONFIG", &config).output();
        let version = version.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
        if !version.starts_with("2.") {
            return Err(format!("there is no Compose 2 ({version}): tests/run installs it"));
        }

        let world = base.join("world");
        let scenario = sandbox::scenario("production").unwrap();
        let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
        let overlay = sandbox::prepare(&world, &scenario, exe, &BTreeMap::new(), 1.0).map_err(|e| e.to_string())?;
        let root = PathBuf::from(&overlay.root);
        let mut parameters = overlay.parameters;
        let ports: Vec<String> = parameters["ports"].split(',').map(str::to_owned).collect();
        // Those of Identity, which is not deployed here.
        for (name, port) in ["metrics", "metrics2", "prometheus"].into_iter().zip(&ports[4..]) {
            parameters.insert(format!("port_{name}"), port.clone());
        }
        parameters.insert("port_registry".into(), free().to_string());
        for (name, port) in ["kms_api", "kms2_api", "kms_admin", "kms2_admin"].into_iter().zip(&ports) {
            parameters.insert(format!("port_{name}"), port.clone());
        }
        let mirror = format!("http://127.0.0.1:{}", parameters["port_registry"]);
        let engine = Engine::start_with(vec!["--registry-mirror".into(), mirror])?;

        let port = |url: &str| url.trim_end_matches('/').rsplit(':').next().unwrap_or_default().to_owned();
        let notices = fs::read_to_string(root.join("secrets/team_webhook")).unwrap();
        let notices = port(notices.rsplit_once("/team").unwrap().0);
        let (grafana, collector) = (port(&parameters["grafana_url"]), port(&parameters["collector_url"]));
        parameters.insert("port_collector".into(), collector);
        parameters.insert("port_postgres".into(), parameters["db_port"].clone());
        parameters.insert("bridge".into(), format!("fd{}-", parameters["port_registry"]));
        let double = Double::start(&grafana, &notices, &parameters["port_prometheus"], &engine.host());

        let mut lab = Self { engine: Some(engine), children: vec![], double, folder, root, parameters, config };
        lab.forward("--insert");
        lab.registry(&base)?;
        lab.images(&base)?;
        lab.prometheus(&base)?;
        lab.repository()?;
        Ok(lab)
    }

    fn port(&self, name: &str) -> &str {
        &self.parameters[&format!("port_{name}")]
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// How the names of its networks' bridges begin.
    pub fn bridge(&self) -> &str {
        &self.parameters["bridge"]
    }

    /// Lets containers of one engine talk, where another engine once told the machine to forward nothing.
    fn forward(&self, verb: &str) {
        let bridges = format!("{}+", self.bridge());
        let words = ["--wait", verb, "FORWARD", "-i", &bridges, "-o", &bridges, "-j", "ACCEPT"];
        // Without iptables there is no such rule either.
        let _ = Command::new("iptables").args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    fn registry(&mut self, base: &Path) -> Result<(), String> {
        let (port, data) = (self.port("registry").to_owned(), base.join("registry"));
        let text = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: '127.0.0.1:{port}' }}\n",
            data.display()
        );
        fs::write(base.join("registry.yml"), text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(base.join("registry.yml"));
        self.child(command, base.join("registry.log"), &port)
    }

    /// Ends the registry.
    pub fn registry_down(&mut self) {
        end(&mut self.children.remove(0));
    }

    /// Starts it again on the same data.
    pub fn registry_up(&mut self) {
        self.registry(&self.base()).unwrap();
        self.children.rotate_right(1);
    }

    /// Ends the engine; its data stays.
    pub fn engine_down(&mut self) {
        self.engine = self.engine.take().map(Engine::stop);
    }

    /// Starts it again on the same data.
    pub fn engine_up(&mut self) {
        self.engine = self.engine.take().map(Engine::again);
    }

    fn prometheus(&mut self, base: &Path) -> Result<(), String> {
        let port = self.port("prometheus").to_owned();
        let targets: Vec<String> = [self.port("metrics"), self.port("metrics2"), self.double.port()]
            .map(|port| format!("'127.0.0.1:{port}'"))
            .into();
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs: [{{ job_name: kms, static_configs: [{{ targets: [{}] }}] }}]\n",
            targets.join(", ")
        );
        fs::write(base.join("prometheus.yml"), text).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", base.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", base.join("prometheus").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        self.child(command, base.join("prometheus.log"), &port)
    }

    /// Starts a server, and waits for its port.
    fn child(&mut self, mut command: Command, log: PathBuf, port: &str) -> Result<(), String> {
        let file = File::create(&log).map_err(|e| e.to_string())?;
        let out = file.try_clone().map_err(|e| e.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(file).spawn().map_err(|e| e.to_string())?;
        self.children.push(child);
        let port: u16 = port.parse().unwrap();
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = self.children.last_mut().is_some_and(|child| child.try_wait().is_ok_and(|e| e.is_some()));
            if ended || begun.elapsed() > LIMIT {
                let text = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("{command:?} does not come up here: {}", text.lines().last().unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Pushes what the system pulls to the registry, which the engine asks in place of the public one.
    fn images(&self, base: &Path) -> Result<(), String> {
        let tools = base.join("tools");
        for (path, text) in [("api/health", "{\"database\":\"ok\"}"), ("index.html", "{\"status\":\"ok\"}")] {
            write(&tools.join("www").join(path), text);
        }
        fs::create_dir_all(tools.join("bin")).unwrap();
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().find(|path| {
            Command::new("ldd")
                .arg(path)
                .output()
                .is_ok_and(|o| !String::from_utf8_lossy(&o.stdout).contains("libc.so"))
                && Path::new(path).exists()
        });
        let busybox = busybox.ok_or("there is no static busybox: tests/run installs it")?;
        fs::copy(busybox, tools.join("bin/busybox")).unwrap();
        fs::copy(service::program()?, tools.join("service")).unwrap();
        let postgres = base.join("postgres");
        self.postgres_tree(&postgres, Path::new(busybox))?;
        for (tree, tags) in [
            (
                &tools,
                &["library/alpine:latest", "grafana/otel-lgtm:latest", "otel/opentelemetry-collector-contrib:latest"][..],
            ),
            (&postgres, &["library/postgres:18"][..]),
        ] {
            let entry = if tree == &postgres { "ENTRYPOINT [\"/bin/sh\", \"/entry.sh\"]\n" } else { "" };
            let text = format!(
                "FROM scratch\nCOPY . /\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV PATH=/usr/lib/postgresql/bin:/bin\n{entry}"
            );
            write(&tree.join("Dockerfile"), &text);
            for tag in tags {
                let there = format!("127.0.0.1:{}/{tag}", self.port("registry"));
                let mut build = self.engine().command(&["build", "--quiet", "--tag", &there]);
                ran(build.arg(tree).env("DOCKER_BUILDKIT", "0"))?;
                self.engine().docker(&["push", "--quiet", &there]);
                // Only the registry has it now: it must be pulled.
                self.engine().docker(&["rmi", &there]);
            }
        }
        Ok(())
    }

    /// The machine's own PostgreSQL, with the libraries that it needs.
    fn postgres_tree(&self, tree: &Path, busybox: &Path) -> Result<(), String> {
        let found = glob::glob("/usr/lib/postgresql/*/bin/initdb").unwrap().flatten().max();
        let bin = found.ok_or("there is no initdb: tests/run installs it")?.parent().unwrap().to_owned();
        let version = bin.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let mut needed = String::new();
        let mut take = |from: &Path, to: &Path| {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).map_err(|e| format!("{}: {e}", from.display()))?;
            needed += &String::from_utf8_lossy(&Command::new("ldd").arg(from).output().unwrap().stdout);
            Ok::<_, String>(())
        };
        let inside = |path: &Path| tree.join(path.strip_prefix("/").unwrap());
        for program in ["initdb", "postgres", "pg_isready", "psql", "pg_dump", "pg_restore"] {
            take(&bin.join(program), &inside(&bin).join(program))?;
        }
        for library in ["plpgsql.so", "dict_snowball.so"] {
            let path = bin.parent().unwrap().join("lib").join(library);
            take(&path, &inside(&path))?;
        }
        take(Path::new("/usr/bin/setpriv"), &tree.join("sbin/setpriv"))?;
        take(busybox, &tree.join("bin/busybox"))?;
        for library in needed.split_whitespace().filter(|word| word.starts_with('/')) {
            let (from, to) = (Path::new(library), inside(Path::new(library)));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).map_err(|e| format!("{library}: {e}"))?;
        }
        let share = format!("usr/share/postgresql/{version}");
        fs::create_dir_all(tree.join("usr/share/postgresql")).unwrap();
        ran(Command::new("cp").arg("-r").arg(Path::new("/").join(&share)).arg(tree.join(&share)))?;
        symlink(format!("{version}/bin"), tree.join("usr/lib/postgresql/bin")).unwrap();
        write(&tree.join("etc/passwd"), "root:x:0:0::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\n");
        write(&tree.join("entry.sh"), include_str!("compose/postgres.sh"));
        fs::create_dir_all(tree.join("tmp")).unwrap();
        Ok(())
    }

    /// The sandbox's repository (certificates, secrets, configuration) with what is deployed for real.
    fn repository(&self) -> Result<(), String> {
        let root = &self.root;
        fs::remove_dir_all(root.join(".git")).unwrap();
        fs::remove_dir_all(root.join("bin")).unwrap();
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::copy(service::program()?, root.join("bin/service")).unwrap();
        let url = root.join("deployments/kms/secrets/postgres_url.secret");
        // Between two containers of one engine.
        write(&url, &fs::read_to_string(&url).unwrap().replace("sslmode=require", "sslmode=disable"));
        fs::set_permissions(&url, fs::Permissions::from_mode(0o600)).unwrap();
        for (path, text) in GO {
            write(&root.join(path), text);
        }
        for name in ["production-deployment", "common", "identity"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("runbooks/{name}.yaml"));
            let mut text = fs::read_to_string(from).unwrap();
            for (_, long, short) in SHORTER.iter().filter(|(of, ..)| *of == name) {
                assert_eq!(text.matches(long).count(), 1, "the runbook has changed: {long}");
                text = text.replace(long, short);
            }
            write(&root.join(format!("runbooks/{name}.yaml")), &text);
        }
        let gosec = "#!/bin/sh\n# In place of gosec, which no package holds: a report of nothing found.\nfor word; do\n  case $word in -out=*) printf '{\"Issues\":[],\"Stats\":{\"files\":2,\"lines\":9,\"nosec\":0,\"found\":0}}\\n' > \"${word#-out=}\" ;; esac\ndone\n";
        let program = self.base().join("bin/gosec");
        write(&program, gosec);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.release("1.4.2", "none");
        Ok(())
    }

    /// Writes, commits and tags a release, which comes with faults; its commit.
    pub fn release(&self, version: &str, faults: &str) -> String {
        for (path, text) in FILES {
            let mut text = text.replace("@release@", version).replace("@fault@", faults);
            for (name, value) in &self.parameters {
                text = text.replace(&format!("@{name}@"), value);
            }
            assert!(!text.contains("@port"), "{path}: a port is not known");
            write(&self.root.join(path), &text);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", &format!("Release {version}")]);
        self.git(&["tag", &format!("v{version}")]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Deploys a release by hand, as if somebody had done it before.
    pub fn deploy(&self, version: &str) {
        let commit = self.git(&["rev-parse", &format!("v{version}")]);
        let arguments = [format!("APP_VERSION={version}"), format!("VCS_REF={}", commit.trim())];
        self.compose(&["build", "--build-arg", &arguments[0], "--build-arg", &arguments[1]]);
        if let Err(error) = self.try_compose(&["up", "-d", "--no-build"]) {
            panic!("{error}\n{}", self.compose(&["logs", "--tail", "20"]));
        }
    }

    pub fn base(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn git(&self, words: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .current_dir(&self.root)
            .args(["-c", "user.name=release", "-c", "user.email=release@example.com", "-c", "commit.gpgSign=false"])
            .args(words)
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        ran(&mut command).unwrap()
    }

    /// `docker compose` in the repository; what it printed.
    pub fn compose(&self, words: &[&str]) -> String {
        self.try_compose(words).unwrap()
    }

    /// The same, when it may fail.
    pub fn try_compose(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new("docker");
        command
            .args(["compose", "--progress", "quiet", "-f", "deployments/compose/compose.yml", "--profile", "postgres"])
            .args(words);
        ran(command.current_dir(&self.root).envs(self.env()))
    }

    /// The environment in which an operator would work.
    pub fn env(&self) -> BTreeMap<String, String> {
        let mut env = self.engine().env();
        let path = format!("{}:{}", self.base().join("bin").display(), env["PATH"]);
        for (name, value) in [
            ("PATH", path),
            ("DOCKER_CONFIG", self.config.display().to_string()),
            ("GOTOOLCHAIN", "local".into()),
            ("GOFLAGS", "-mod=mod".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("NO_PROXY", "127.0.0.1,localhost".into()),
            ("no_proxy", "127.0.0.1,localhost".into()),
        ] {
            env.insert(name.into(), value);
        }
        env
    }

    /// The parameters of a flight from one release to another.
    pub fn parameters(&self, running: &str, release: &str) -> Vec<String> {
        let mut all = self.parameters.clone();
        all.retain(|name, _| {
            name != "bridge" && !name.starts_with("port_") && !name.starts_with("kube") && name != "namespace"
        });
        all.retain(|name, _| !["authz_address", "idp_address", "rs_address"].contains(&name.as_str()));
        for (name, value) in [
            ("running", running),
            ("release", release),
            ("platform", "compose"),
            ("components", "kms"),
            ("environment", "prod"),
            ("dast", "false"),
            ("ports_owner", "docker-proxy"),
            ("health_limit", "10s"),
        ] {
            all.insert(name.into(), value.into());
        }
        let held = ["kms_api", "kms2_api", "kms_admin", "kms2_admin", "postgres", "collector"];
        all.insert("ports".into(), held.map(|name| self.port(name)).join(","));
        all.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Asks an instance's API; the body of a success.
    pub fn ask(&self, path: &str, kind: &str, body: &str) -> Result<String, String> {
        let url = format!("https://127.0.0.1:{}/service/api/v1/{path}", self.port("kms_api"));
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail", "--max-time", "3", "--noproxy", "*", "--cacert"]);
        command.arg(self.root.join("certs/ca.pem")).args([
            "-H",
            &format!("content-type: {kind}"),
            "--data-binary",
            body,
            &url,
        ]);
        ran(&mut command)
    }

    /// The release that the first instance's container runs, by its image's label.
    pub fn running(&self) -> String {
        let label = "{{ index .Config.Labels \"org.opencontainers.image.version\" }}";
        self.engine().docker(&["inspect", "--format", label, "compose-cryptoutil-postgres-1-1"]).trim().to_owned()
    }

    /// User, database, and the password as a variable.
    fn login(&self) -> [String; 3] {
        let secret = |name: &str| {
            fs::read_to_string(self.root.join(format!("deployments/kms/secrets/postgres_{name}.secret"))).unwrap()
        };
        [secret("username"), secret("database"), format!("PGPASSWORD={}", secret("password"))]
    }

    /// What the database says.
    pub fn sql(&self, query: &str) -> String {
        let [user, database, password] = self.login();
        let words = ["exec", "-T", "-e", &password, "postgres", "psql", "-U", &user, "-d", &database, "-Atc", query];
        self.compose(&words).trim().to_owned()
    }

    /// Lets a script run beside the database, with its user as `$0` and its name as `$1`.
    pub fn crowd(&self, script: &str) {
        let [user, database, password] = self.login();
        self.compose(&["exec", "-d", "-e", &password, "postgres", "sh", "-c", script, &user, &database]);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A flight that failed leaves its host there, parked.
        for pid in processes(&self.base()) {
            if !self.children.iter().any(|child| child.id().cast_signed() == pid.as_raw_nonzero().get()) {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        drop(self.engine.take());
        self.forward("--delete");
        self.children.iter_mut().for_each(end);
    }
}

/// Ends a server.
fn end(child: &mut Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let begun = Instant::now();
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if begun.elapsed() > LIMIT {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes whose command line names a folder.
pub fn processes(folder: &Path) -> Vec<Pid> {
    let name = folder.display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let named = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&name)
    };
    pids.filter(named).filter_map(Pid::from_raw).collect()
}

/// A port that is free now.
fn free() -> u16 {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs a command that must succeed; what it printed.
fn ran(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if !status.success() {
        return Err(format!("{command:?}: {}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)));
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
