//! A real PostgreSQL server where the machine has one; else the test says that it did not run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::servers::{Does, answer, ca, closed_port, serve};
use super::*;
use crate::runbook::kinds::Postgres;

fn url(url: String, query: Option<&str>) -> ProbeKind {
    ProbeKind::Postgres(Postgres { url: some(url), query: query.map(text), ..Postgres::default() })
}

fn address(address: String) -> ProbeKind {
    ProbeKind::Postgres(Postgres { address: some(address), ..Postgres::default() })
}

const UP: &[&str] = &["connected"];

#[tokio::test]
async fn what_is_no_database_is_not_connected() {
    let closed = closed_port();
    for kind in [address(format!("127.0.0.1:{closed}")), url(format!("postgres://u:hush@127.0.0.1:{closed}/d"), None)] {
        let sample = look(spec(kind, UP)).await;
        assert_bad(&sample, "connection refused", "is the service started");
        assert!(!format!("{sample:?}").contains("hush"));
    }
    let web = serve(answer("200 OK", "", "")).await;
    let mut short = spec(address(web.at.to_string()), UP);
    short.timeout = Duration::from_millis(300);
    assert_eq!(look(short).await.look, Look::Bad);
    let hangs = serve(Does::Hangs).await;
    let mut short = spec(url(format!("postgres://u:p@{}/d", hangs.at), None), UP);
    short.timeout = Duration::from_millis(300);
    assert_bad(&look(short).await, "no answer in 300 ms", "");
    assert_nothing(&look(spec(url("mysql://u:hush@h/d".into(), None), UP)).await, "begins with `mysql:`");
}

struct Database {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Database {
    fn drop(&mut self) {
        // SIGQUIT: an immediate shutdown of the server and its children.
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let found = glob::glob("/usr/lib/postgresql/*/bin/initdb").ok()?.flatten().max()?;
    found.parent().map(Path::to_owned)
}

/// The server refuses to run as root: then it runs as the account `postgres`.
fn as_account(program: PathBuf) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return Some(Command::new(program));
    }
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find(|l| l.starts_with("postgres:"))?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Some(command)
}

fn start_database() -> Option<Database> {
    let bin = programs()?;
    let folder = tempfile::tempdir().ok()?;
    let open = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    open(folder.path());
    let data = folder.path().join("data");
    let password = folder.path().join("pw");
    std::fs::write(&password, "secret1").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut init = as_account(bin.join("initdb"))?;
    init.args(["-A", "scram-sha-256", "-U", "app", "--no-sync", "-D"])
        .arg(&data)
        .arg(format!("--pwfile={}", password.display()));
    let done = init.stdout(Stdio::null()).stderr(Stdio::piped()).output().ok()?;
    assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
    let pair = ca("db-ca").signs(&["localhost"], 30);
    std::fs::write(folder.path().join("server.crt"), &pair.cert).unwrap();
    // The key must be its account's own and closed to others: written by that account.
    let mut put = as_account("/bin/sh".into())?;
    put.args(["-c", "umask 077; printf %s \"$KEY\" > server.key"]).env("KEY", &pair.key).current_dir(folder.path());
    assert!(put.status().unwrap().success());
    let port = closed_port();
    let mut server = as_account(bin.join("postgres"))?;
    server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder.path());
    server.args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"]);
    for (name, file) in [("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")] {
        server.arg("-c").arg(format!("{name}={}", folder.path().join(file).display()));
    }
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let child = server.stdout(Stdio::null()).stderr(log).spawn().ok()?;
    Some(Database { child, port, folder })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_real_server_is_asked_with_and_without_tls() {
    let Some(database) = start_database() else {
        eprintln!("did not run: no PostgreSQL server on this machine");
        return;
    };
    let port = database.port;
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let sample = look(spec(address(format!("127.0.0.1:{port}")), UP)).await;
        if sample.look == Look::Good {
            assert!(sample.text.starts_with("accepts connections"), "{}", said(&sample));
            break;
        }
        let log = std::fs::read_to_string(database.folder.path().join("log")).unwrap_or_default();
        assert!(Instant::now() < limit, "{}\n{log}", said(&sample));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let at = |rest: &str| format!("postgres://app:secret1@localhost:{port}/postgres{rest}");

    let expect = ["connected", "role == 'primary'", "connections >= 1", "latency < 5s"];
    let sample = look(spec(url(at("?sslmode=disable"), None), &expect)).await;
    assert_good(&sample);
    assert!(sample.text.starts_with("primary, "), "{}", sample.text);
    let used =
        ["active >= 1", "idle >= 0", "max_connections == 100", "used < 50%", "size > 1MiB", "longest_transaction < 1m"];
    let sample = look(spec(url(at("?sslmode=disable"), None), &used)).await;
    assert_good(&sample);
    assert_nothing(&look(spec(url(at("?sslmode=disable"), None), &["lag < 1s"])).await, "no standby is seen");

    // A transaction that somebody left open is seen; an account without the right to see it says so, never 0.
    let (other, connection) = tokio_postgres::connect(&at("?sslmode=disable"), tokio_postgres::NoTls).await.unwrap();
    let other_runs = tokio::spawn(connection);
    other.batch_execute("create role nosy login password 'secret2'; begin; select 1").await.unwrap();
    assert_good(&look(spec(url(at("?sslmode=disable"), None), &["longest_transaction > 0ms", "idle == 0"])).await);
    other.batch_execute("commit").await.unwrap();
    let nosy = format!("postgres://nosy:secret2@localhost:{port}/postgres?sslmode=disable");
    let blind = look(spec(url(nosy.clone(), None), &["longest_transaction < 1m"])).await;
    assert_nothing(&blind, "grant it pg_read_all_stats");
    assert_good(&look(spec(url(nosy, None), &["connections > 1", "used > 0%", "size > 0MiB"])).await);
    drop(other);
    let _ = other_runs.await;

    let over_tls = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for mode in ["", "?sslmode=prefer", "?sslmode=require"] {
        assert_good(&look(spec(url(at(mode), Some(over_tls)), &["value", "rows == 1"])).await);
    }
    assert_good(&look(spec(url(at("?sslmode=disable"), Some(over_tls)), &["not value"])).await);
    let root = database.folder.path().join("other-ca.pem");
    std::fs::write(&root, ca("other").pem).unwrap();
    let refused = look(spec(url(at(&format!("?sslmode=verify-full&sslrootcert={}", root.display())), None), UP)).await;
    assert_bad(&refused, "CA that is not trusted", "");

    let sample = look(unit(Unit::S, spec(url(at(""), Some("select 90")), &["value < 2m"]))).await;
    assert_good(&sample);
    assert_eq!((sample.value, &sample.fields["value"]), (Some(90.0), &Value::Duration(90.0)));
    assert_nothing(&look(spec(url(at(""), Some("select 1 where false")), &["value < 2"])).await, "no row");
    assert_nothing(
        &look(spec(url(at(""), Some("select * from nowhere")), &["rows == 0"])).await,
        "\"nowhere\" does not exist",
    );
    assert_nothing(&look(spec(url(at(""), Some("create table t (a int)")), &["rows == 0"])).await, "read-only");

    let wrong = format!("postgres://app:wrong@127.0.0.1:{port}/postgres");
    assert_bad(&look(spec(url(wrong, None), UP)).await, "password authentication failed", "pg_hba");
    let missing = format!("postgres://app:secret1@127.0.0.1:{port}/nowhere");
    assert_bad(&look(spec(url(missing, None), UP)).await, "does not exist", "name right");
    let socket = format!("postgres://app:secret1@/postgres?host={}&port={port}", database.folder.path().display());
    assert_good(&look(spec(url(socket, None), UP)).await);
}
