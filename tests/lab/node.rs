//! A real node for the lab's Kubernetes: containerd and runc of Debian, upstream's kubelet, and a bridge for its pods.
//!
//! All of it lives in a mount and a process namespace of its own: whatever runs there ends with the first process, and
//! what was mounted goes with it. The bridge and the cgroups, which have no such home, are taken away by name.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::kube::{Cluster, LIMIT, free_port};

/// The node's name. The API server reaches a kubelet by the node's name here, and the kubelet listens on loopback only.
pub const NAME: &str = "localhost";
/// Where Debian has the CNI plugins.
const PLUGINS: &str = "/usr/lib/cni";
/// Where the cgroups are.
const CGROUPS: &str = "/sys/fs/cgroup";

/// A node that is ready.
pub struct Node {
    folder: TempDir,
    /// First of the namespaces; what it started ends with it.
    child: Option<Child>,
    /// The bridge, and the name of the cgroups.
    name: String,
    network: [u8; 3],
}

impl Node {
    /// Starts one and waits until it is ready; in words why there can be none on this machine.
    pub fn start(cluster: &Cluster) -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("a node needs root".into());
        }
        for name in ["containerd", "ctr", "runc", "ip", "unshare", "nsenter", "rustc"] {
            if !on_path(name) {
                return Err(format!("there is no {name}: tests/run installs it where it can"));
            }
        }
        if !Path::new(PLUGINS).join("bridge").is_file() {
            return Err("there are no CNI plugins: tests/run installs them where it can".into());
        }
        let folder = tempfile::Builder::new().prefix("fdnode-").tempdir().map_err(|e| e.to_string())?;
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let (pid, nth) = (std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let [_, _, high, low] = pid.wrapping_add(nth).to_be_bytes();
        let name = format!("fdn{pid:x}-{nth}");
        let mut node = Self { folder, child: None, name, network: [10, 200 + high % 50, low] };
        node.bridge()?;
        node.cgroups()?;
        node.write(cluster);
        let log = File::create(node.path("node.log")).map_err(|e| e.to_string())?;
        let child = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "/bin/sh", "-e"])
            .arg(node.path("start.sh"))
            .env_remove("KUBECONFIG")
            .current_dir(node.root())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn();
        node.child = Some(child.map_err(|e| format!("unshare: {e}"))?);
        node.wait("containerd does not come up", |node| {
            let there = node.ctr(&["version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
            there.is_ok_and(|status| status.success())
        })?;
        let program = node.build(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/web.rs")), "web");
        node.image("lab/pause:1", &program, &["/web", "serve"]);
        fs::write(node.path("go"), "").map_err(|e| e.to_string())?;
        node.wait("the kubelet's node does not become ready", |_| {
            let path = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
            let said = cluster.try_kubectl(&["get", "node", NAME, "-o", path]);
            said.status.success() && said.stdout == b"True"
        })?;
        Ok(node)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// The folder of everything that this node has.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The bridge's name, which is the cgroups' too.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The machine's address on the bridge, as the pods reach it.
    pub fn gateway(&self) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, 1)
    }

    /// The folders in which this node's cgroups lie: one a controller, or one.
    pub fn cgroup_roots(&self) -> Vec<PathBuf> {
        if Path::new(CGROUPS).join("cgroup.controllers").exists() {
            return vec![Path::new(CGROUPS).join(&self.name)];
        }
        let all = fs::read_dir(CGROUPS).into_iter().flatten().flatten().map(|e| e.path());
        all.filter(|path| path.join("cgroup.procs").exists() && !path.is_symlink())
            .map(|path| path.join(&self.name))
            .collect()
    }

    fn bridge(&self) -> Result<(), String> {
        let address = format!("{}/24", self.gateway());
        ip(&["link", "add", &self.name, "type", "bridge"])?;
        ip(&["addr", "add", &address, "dev", &self.name])?;
        ip(&["link", "set", &self.name, "up"])
    }

    fn cgroups(&self) -> Result<(), String> {
        for folder in self.cgroup_roots() {
            fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        Ok(())
    }

    /// Configurations, and what is started.
    fn write(&self, cluster: &Cluster) {
        let at = |name: &str| self.path(name).display().to_string();
        let write = |name: &str, text: &str| fs::write(self.path(name), text).unwrap();
        fs::create_dir_all(self.path("cni")).unwrap();
        let [a, b, c] = self.network;
        let range = json!({ "subnet": format!("{a}.{b}.{c}.0/24"), "rangeStart": format!("{a}.{b}.{c}.10") });
        let bridge = json!({
            "type": "bridge", "bridge": self.name, "isGateway": false, "ipMasq": false, "hairpinMode": true,
            "ipam": { "type": "host-local", "dataDir": at("addresses"), "ranges": [[range]] },
        });
        let network = json!({ "cniVersion": "0.4.0", "name": "lab", "plugins": [bridge, { "type": "loopback" }] });
        write("cni/10-lab.conflist", &network.to_string());
        let mut config = format!("version = 2\nroot = {:?}\nstate = {:?}\n", at("containerd"), at("state"));
        let _ = write!(config, "[grpc]\naddress = {:?}\n", at("containerd.sock"));
        // Without CAP_SYS_RESOURCE nobody may make a process harder to kill.
        let _ = write!(
            config,
            "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"docker.io/lab/pause:1\"\n\
             restrict_oom_score_adj = true\ndisable_apparmor = true\nnetns_mounts_under_state_dir = true\n\
             [plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = {PLUGINS:?}\nconf_dir = {:?}\n",
            at("cni"),
        );
        write("containerd.toml", &config);
        let none = json!({ "memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%",
            "imagefs.available": "0%", "imagefs.inodesFree": "0%" });
        let own = |name: &str| cluster.root().join(name).display().to_string();
        let kubelet = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "address": "127.0.0.1", "port": free_port(), "healthzPort": 0, "readOnlyPort": 0,
            "authentication": { "anonymous": { "enabled": false }, "webhook": { "enabled": false },
                "x509": { "clientCAFile": own("ca.crt") } },
            "authorization": { "mode": "AlwaysAllow" },
            "tlsCertFile": own("api.crt"), "tlsPrivateKeyFile": own("api.key"),
            "containerRuntimeEndpoint": format!("unix://{}", at("containerd.sock")),
            "cgroupDriver": "cgroupfs", "cgroupRoot": format!("/{}", self.name), "failCgroupV1": false,
            "failSwapOn": false, "enforceNodeAllocatable": [], "evictionHard": none,
            "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99, "resolvConf": "",
            "oomScoreAdj": 0, "podLogsDir": at("logs"), "volumePluginDir": at("plugins"),
            "nodeStatusUpdateFrequency": "2s", "makeIPTablesUtilChains": false,
        });
        write("kubelet.json", &kubelet.to_string());
        // What has its place on the whole machine gets one here: nothing of it is seen outside, and nothing is left.
        let mut script = String::from("mount -t proc proc /proc\n");
        for folder in ["/run", "/var/lib", "/var/log"] {
            let _ = writeln!(script, "mount -t tmpfs tmpfs {folder}");
        }
        let _ = writeln!(script, "containerd --config {} &", at("containerd.toml"));
        let _ = writeln!(script, "while ! [ -e {} ]; do sleep 0.1; done", at("go"));
        let _ = writeln!(
            script,
            "{} --config={} --kubeconfig={} --root-dir={} --cert-dir={} --hostname-override={NAME} --node-ip={} &",
            cluster.command_path("kubelet").display(),
            at("kubelet.json"),
            cluster.kubeconfig().display(),
            at("kubelet"),
            at("pki"),
            self.gateway(),
        );
        script.push_str("wait\n");
        write("start.sh", &script);
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) -> Result<(), String> {
        let begun = Instant::now();
        while !done(self) {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || begun.elapsed() > LIMIT {
                let text = fs::read_to_string(self.path("node.log")).unwrap_or_default();
                let bad = |line: &&str| {
                    line.starts_with('E')
                        || line.starts_with('F')
                        || line.contains("level=error")
                        || line.contains("rror:")
                };
                let last = text.lines().rfind(bad).or(text.lines().last()).unwrap_or_default().to_owned();
                return Err(format!("{what} here: {last}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn ctr(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command.arg("-a").arg(self.path("containerd.sock")).args(["-n", "k8s.io"]).args(words).stdin(Stdio::null());
        command
    }

    /// Compiles a program without anything to link to at run time.
    fn build(&self, source: &Path, name: &str) -> PathBuf {
        let to = self.path(name);
        let output = Command::new("rustc")
            .args(["-O", "-C", "target-feature=+crt-static", "-C", "panic=abort", "-o"])
            .arg(&to)
            .arg(source)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        to
    }

    /// Brings an image of one program and nothing else, which stands in it below its own name.
    pub fn image(&self, name: &str, program: &Path, command: &[&str]) {
        let work = tempfile::Builder::new().prefix("image-").tempdir_in(self.root()).unwrap();
        let at = |name: &str| work.path().join(name);
        tar(program.parent().unwrap(), &at("layer.tar"), &[program.file_name().unwrap().to_str().unwrap()]);
        let digest = Sha256::digest(fs::read(at("layer.tar")).unwrap());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let config = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
            // Each name is an image of its own, as each release would be.
            "config": { "Entrypoint": command, "Labels": { "name": name } },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
        });
        fs::write(at("config.json"), config.to_string()).unwrap();
        let manifest =
            json!([{ "Config": "config.json", "RepoTags": [format!("docker.io/{name}")], "Layers": ["layer.tar"] }]);
        fs::write(at("manifest.json"), manifest.to_string()).unwrap();
        tar(work.path(), &at("image.tar"), &["config.json", "manifest.json", "layer.tar"]);
        let file = at("image.tar").display().to_string();
        let output = self.ctr(&["images", "import", &file]).output().unwrap();
        assert!(output.status.success(), "ctr: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What containerd and the kubelet said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("node.log")).unwrap_or_default()
    }

    /// The id of its first process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Ends all that runs on it, and takes away what it left.
    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let begun = Instant::now();
        // The last process of a cgroup may need a moment.
        while !self.cgroup_roots().iter().all(|folder| gone(folder)) && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = ip(&["link", "del", &self.name]);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes away a cgroup and those below it; whether it is gone.
fn gone(folder: &Path) -> bool {
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(|path| path.is_dir());
    below.for_each(|path| {
        gone(&path);
    });
    fs::remove_dir(folder).is_ok() || !folder.exists()
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn ip(words: &[&str]) -> Result<(), String> {
    let output: Output =
        Command::new("ip").args(words).stdin(Stdio::null()).output().map_err(|e| format!("ip: {e}"))?;
    let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {}: {}", words.join(" "), said())) }
}

fn tar(folder: &Path, to: &Path, names: &[&str]) {
    let mut command = Command::new("tar");
    command.args(["--owner=0", "--group=0", "--numeric-owner", "-C"]).arg(folder).arg("-cf").arg(to).args(names);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
