//! The sandbox's world as a process of its own: started by its host, joined again, killed, brought back, ended.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use flightdeck::engine::event::Overlay;
use flightdeck::sandbox::{self, Leash};

const BINARY: &str = env!("CARGO_BIN_EXE_flightdeck");

struct Run {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    overlay: Overlay,
}

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As long as a real run's folder: longer than a socket's address may be.
        let name = format!("2026-11-24T090211Z-{}", "production-deployment-".repeat(5));
        let dir = folder.path().canonicalize().unwrap().join(name);
        let scenario = sandbox::scenario("production").unwrap();
        let overlay =
            sandbox::prepare(&dir.join("world"), &scenario, Path::new(BINARY), &BTreeMap::new(), 50.0).unwrap();
        Self { _folder: folder, dir, overlay }
    }

    fn hold(&self) -> Leash {
        let mut command = Command::new(BINARY);
        command.arg("__world").arg(&self.dir);
        Leash::hold(&self.dir, command).unwrap()
    }

    /// A command as the run's keeper starts it: by the PATH, in the root folder.
    fn sh(&self, script: &str) -> Output {
        Command::new("bash")
            .args(["-c", script])
            .current_dir(&self.overlay.root)
            .envs(&self.overlay.env)
            .output()
            .unwrap()
    }

    fn out(&self, script: &str) -> String {
        let output = self.sh(script);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Processes whose command line holds the run's folder.
    fn processes(&self) -> Vec<u32> {
        let folder = self.dir.to_str().unwrap();
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(folder)
            })
            .collect()
    }

    fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_world_outlives_its_host_comes_back_after_a_kill_and_leaves_nothing() {
    let run = Run::new();
    let first = run.hold();
    let [world] = run.processes()[..] else { panic!("one process: {:?}", run.processes()) };
    assert_eq!(run.out("docker compose version --short"), "2.39.1\n");
    assert_eq!(run.sh("docker system prune -af").status.code(), Some(64));
    // The host is gone: the world goes on, and the next host finds it.
    drop(first);
    let second = run.hold();
    assert_eq!(run.processes(), [world]);

    run.out("kubectl apply -f deployments/kubernetes/deployments/ -n cryptoutil-prod");
    run.out("kubectl rollout status deployment/identity-rs -n cryptoutil-prod --timeout=2m");
    let revision = "kubectl rollout history deployment/identity-rs -n cryptoutil-prod";
    let before = run.out(revision);
    assert!(before.contains("\n2 "), "{before}");
    Command::new("kill").args(["-9", &world.to_string()]).status().unwrap();
    run.until("the world is gone", |_| !second.lives());
    // A command that is started meanwhile waits for the world that its host brings back.
    let (dir, env) = (run.overlay.root.clone(), run.overlay.env.clone());
    let meanwhile = std::thread::spawn(move || {
        Command::new("bash").args(["-c", "docker version"]).current_dir(dir).envs(env).output().unwrap()
    });
    drop(second);
    let third = run.hold();
    assert!(meanwhile.join().unwrap().status.success());
    assert_eq!(run.out(revision), before, "the same world");
    let admin = &run.overlay.parameters["kms_admin_address"];
    let curl = format!(
        "curl -sS --fail --cacert certs/ca.pem --cert certs/client.pem --key certs/client.key https://{admin}/admin/v1/readyz"
    );
    assert!(run.out(&curl).contains("\"db_type\":\"postgres\""), "on the same port");

    third.end();
    run.until("no process is left", |run| run.processes().is_empty());
    let sock = run.dir.join("world/sock");
    assert!(!sock.exists());
}

#[test]
fn a_command_without_a_world_says_so() {
    let run = Run::new();
    std::fs::remove_dir_all(run.dir.join("world/root/certs")).unwrap();
    let mut command = Command::new(BINARY);
    command.arg("__world").arg(&run.dir);
    let error = Leash::hold(&run.dir, command).unwrap_err().to_string();
    assert!(error.contains("certs/server.pem"), "{error}");
    let mut env = run.overlay.env.clone();
    env.insert("FLIGHTDECK_WORLD".into(), "/nonexistent/world/sock".into());
    let bin = Path::new(&run.overlay.root).join("bin/docker");
    let output = Command::new(bin).arg("version").envs(env).output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("world is not there"));
}
