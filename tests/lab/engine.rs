//! A Docker Engine of the test's own: its data, sockets and containers below one temporary folder, ended with it.

#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long the engine may take to answer, or to end.
const LIMIT: Duration = Duration::from_secs(60);

/// Says which test was not run, and why; with `FLIGHTDECK_LAB=whole` nothing may be left out.
pub fn not_run(test: &str, why: &str) {
    assert!(std::env::var("FLIGHTDECK_LAB").as_deref() != Ok("whole"), "{test}: {why}");
    eprintln!("NOT RUN: {test}: {why}");
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    folder: Option<TempDir>,
    root: PathBuf,
    child: Option<Child>,
    options: Vec<String>,
}

impl Engine {
    /// Starts one; in words why there can be none on this machine.
    pub fn start() -> Result<Self, String> {
        Self::start_with(vec![])
    }

    /// Starts one with more options for `dockerd`.
    pub fn start_with(options: Vec<String>) -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("an engine of its own needs root".into());
        }
        if Command::new("dockerd").arg("--version").stdout(Stdio::null()).status().is_err() {
            return Err("there is no dockerd: tests/run installs it".into());
        }
        let folder = tempfile::Builder::new().prefix("fdlab-").tempdir().map_err(|e| e.to_string())?;
        let root = folder.path().to_owned();
        Self { folder: Some(folder), root, child: None, options }.up()
    }

    fn up(mut self) -> Result<Self, String> {
        let log = self.root.join("dockerd.log");
        let file = File::create(&log).map_err(|e| e.to_string())?;
        let path = |name: &str| self.root.join(name);
        let child = Command::new("dockerd")
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"))
            .args(["--bridge", "none", "--iptables=false", "-H", &self.host()])
            .args(&self.options)
            // A registry on loopback is asked; one elsewhere never.
            .envs([("HTTPS_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "127.0.0.1"), ("HTTP_PROXY", "")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn();
        self.child = Some(child.map_err(|e| e.to_string())?);
        let begun = Instant::now();
        loop {
            if self
                .command(&["version"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|s| s.success())
            {
                return Ok(self);
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || begun.elapsed() > LIMIT {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let last = text.lines().last().unwrap_or_default().to_owned();
                return Err(format!("dockerd does not come up here: {last}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The address of its socket, as `DOCKER_HOST` wants it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.root.join("docker.sock").display())
    }

    /// The environment in which a command finds this engine.
    pub fn env(&self) -> BTreeMap<String, String> {
        let path = std::env::var("PATH").unwrap_or_default();
        [("PATH".to_owned(), path), ("DOCKER_HOST".to_owned(), self.host())].into()
    }

    /// The docker command for this engine.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(["-H", &self.host()]).args(words);
        command
    }

    /// Runs the docker command, which must succeed; what it printed.
    pub fn docker(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "docker {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the docker command; what it printed, if it succeeded.
    pub fn try_docker(&self, words: &[&str]) -> Option<String> {
        let output = self.command(words).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Builds an image from nothing but the lab's program.
    pub fn image(&self, tag: &str, label: &str) {
        let dir = self.root.join("image");
        fs::create_dir_all(&dir).unwrap();
        build(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/web.rs")), &dir.join("web"));
        let text = "FROM scratch\nCOPY web /web\nENTRYPOINT [\"/web\"]\nHEALTHCHECK --interval=1s --retries=1 CMD [\"/web\", \"health\"]\n";
        fs::write(dir.join("Dockerfile"), text).unwrap();
        let mut command = self.command(&["build", "--quiet", "--label", label, "--tag", tag]);
        let output = command.arg(&dir).env("DOCKER_BUILDKIT", "0").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts a container of a Compose project's service, as Compose labels it.
    pub fn run(&self, project: &str, service: &str, options: &[&str], words: &[&str]) {
        let label = |name: &str, value: &str| format!("com.docker.compose.{name}={value}");
        let (project, service) = (label("project", project), label("service", service));
        let mut all = vec!["run", "--detach", "--network", "none", "--label", &project, "--label", &service];
        all.extend(options);
        all.push("lab/web:1");
        all.extend(words);
        self.docker(&all);
    }

    /// Ends the engine; its data stays.
    pub fn stop(mut self) -> Self {
        self.end();
        self
    }

    /// Starts it again on the same data.
    pub fn again(self) -> Self {
        self.up().unwrap()
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let pid = rustix::process::Pid::from_child(&child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let begun = Instant::now();
        while child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if begun.elapsed() > LIMIT {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.folder.is_none() {
            return;
        }
        if self.child.is_some() {
            let ids = self.command(&["ps", "--all", "--quiet"]).output().map(|o| o.stdout).unwrap_or_default();
            let ids = String::from_utf8_lossy(&ids).into_owned();
            if !ids.trim().is_empty() {
                let _ = self.command(&["rm", "--force"]).args(ids.split_whitespace()).output();
            }
            // Their bridges are devices of the machine: they would outlive the engine.
            let _ = self.command(&["network", "prune", "--force"]).output();
        }
        self.end();
        drop(self.folder.take());
    }
}

/// Compiles a program without anything to link to at run time.
fn build(source: &Path, to: &Path) {
    let output = Command::new("rustc")
        .args(["-O", "-C", "target-feature=+crt-static", "-C", "panic=abort", "-o"])
        .arg(to)
        .arg(source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
