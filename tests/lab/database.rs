//! A PostgreSQL server of the test's own: its data and its socket below one temporary folder, ended with it.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::kube::free_port;

/// How long it may take to come up.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server with one account, who owns one database.
pub struct Database {
    folder: TempDir,
    child: Option<Child>,
    /// Its port.
    pub port: u16,
    user: String,
    password: String,
    name: String,
}

impl Database {
    /// Starts one on these addresses; in words why there can be none on this machine.
    pub fn start(user: &str, password: &str, name: &str, addresses: &str) -> Result<Self, String> {
        let none = || "there is no PostgreSQL server: tests/run installs it".to_owned();
        let bin = programs().ok_or_else(none)?;
        let folder = tempfile::Builder::new().prefix("fddb-").tempdir().map_err(|e| e.to_string())?;
        // Its account, which is not root's, works in here.
        open(folder.path(), 0o777);
        let (data, secret) = (folder.path().join("data"), folder.path().join("password"));
        fs::write(&secret, password).map_err(|e| e.to_string())?;
        open(&secret, 0o644);
        let mut init = as_account(&bin.join("initdb")).ok_or_else(none)?;
        init.args(["-A", "scram-sha-256", "--no-sync", "-U", user, "--pwfile"]).arg(&secret).arg("-D").arg(&data);
        let done = init.stdin(Stdio::null()).output().map_err(|e| format!("initdb: {e}"))?;
        if !done.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&done.stderr)));
        }
        let mut allow = as_account(Path::new("/bin/sh")).ok_or_else(none)?;
        allow.args(["-c", "echo 'host all all all scram-sha-256' >> data/pg_hba.conf"]).current_dir(folder.path());
        assert!(allow.status().unwrap().success());
        let port = free_port();
        let log = File::create(folder.path().join("log")).map_err(|e| e.to_string())?;
        let mut server = as_account(&bin.join("postgres")).ok_or_else(none)?;
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "fsync=off", "-k"]).arg(folder.path());
        server.args(["-c", &format!("listen_addresses={addresses}")]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = server.stderr(log).spawn().map_err(|e| format!("postgres: {e}"))?;
        let own = str::to_owned;
        let (user, password, name) = (own(user), own(password), own(name));
        let mut database = Self { folder, child: Some(child), port, user, password, name };
        database.wait()?;
        database.psql_in("postgres", &format!("create database \"{}\"", database.name));
        Ok(database)
    }

    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while !self.command("postgres", "select 1").output().is_ok_and(|o| o.status.success()) {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || begun.elapsed() > LIMIT {
                let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("PostgreSQL does not come up here: {}", text.lines().last().unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Its address with the account, as it is reached at `host`.
    pub fn url(&self, host: &str) -> String {
        format!("postgres://{}:{}@{host}:{}/{}?sslmode=disable", self.user, self.password, self.port, self.name)
    }

    fn command(&self, database: &str, query: &str) -> Command {
        let mut command = Command::new("psql");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-U",
            &self.user,
            "-d",
            database,
            "-Atc",
            query,
        ]);
        command.env("PGPASSWORD", &self.password).stdin(Stdio::null());
        command
    }

    fn psql_in(&self, database: &str, query: &str) -> String {
        let output = self.command(database, query).output().unwrap();
        assert!(output.status.success(), "psql {query}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The answer of a query.
    pub fn psql(&self, query: &str) -> String {
        self.psql_in(&self.name, query)
    }

    /// Ends it at once, as a crash would; it is not started again.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::QUIT);
        let _ = child.wait();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
    }
}

fn programs() -> Option<PathBuf> {
    let found = glob::glob("/usr/lib/postgresql/*/bin/initdb").ok()?.flatten().max()?;
    found.parent().map(Path::to_owned)
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The server refuses to run as root: then it runs as the account `postgres`.
fn as_account(program: &Path) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return Some(Command::new(program));
    }
    fs::read_to_string("/etc/passwd").ok()?.lines().find(|line| line.starts_with("postgres:"))?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Some(command)
}
