//! Looks at services of a deployment against the sandbox, as a run there makes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flightdeck::expr::{Expr, Template};
use flightdeck::probes::{Given, LookSpec, Looker};
use flightdeck::runbook::kinds::{Auth, Grafana, Kms, Logs, LogsFrom, Loki, Oauth, Postgres, ProbeKind, Tempo};
use flightdeck::sandbox::{self, Leash};
use flightdeck::words::{Look, Sample, Value};

/// A world that stands.
struct World {
    env: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    root: PathBuf,
    _leash: Leash,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().canonicalize().unwrap().join("run");
        let scenario = sandbox::scenario("production").unwrap();
        let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
        let overlay = sandbox::prepare(&dir.join("world"), &scenario, exe, &BTreeMap::new(), 1.0).unwrap();
        let mut command = std::process::Command::new(exe);
        command.arg("__world").arg(&dir);
        let leash = Leash::hold(&dir, command).unwrap();
        Self {
            env: overlay.env,
            parameters: overlay.parameters,
            root: overlay.root.into(),
            _leash: leash,
            _folder: folder,
        }
    }

    fn https(&self, parameter: &str, path: &str) -> Template {
        Template::plain(format!("https://{}{path}", self.parameters[parameter]))
    }

    fn secret(&self, name: &str) -> Template {
        Template::plain(std::fs::read_to_string(self.root.join("secrets").join(name)).unwrap().trim())
    }

    /// A look as a step makes it, by the kind's own expectations.
    fn look(&self, kind: ProbeKind) -> Sample {
        let spec = LookSpec {
            expect: kind.fields(None).defaults.iter().map(|e| Expr::parse(e).unwrap()).collect(),
            kind,
            given: Given::new(),
            unit: None,
            timeout: Duration::from_secs(20),
            root: self.root.clone(),
            env: self.env.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Looker::new("p".into(), Arc::new(spec)).look(true))
    }

    fn ca(&self) -> Option<Template> {
        Some(Template::plain("certs/ca.pem"))
    }
}

#[test]
fn the_sandbox_lets_a_person_log_in_and_keeps_its_keys() {
    let world = World::new();
    let flow = || Oauth {
        url: world.https("authz_address", ""),
        login: Some(world.https("idp_address", "")),
        resource: Some(world.https("rs_address", "/api/v1/protected/resource")),
        client: Template::plain("flightdeck-smoke"),
        redirect: Template::plain("https://127.0.0.1:8093/callback"),
        user: Template::plain("flightdeck"),
        password: world.secret("smoke_password"),
        ca: world.ca(),
        ..Oauth::default()
    };
    let seen = world.look(ProbeKind::Oauth(Box::new(flow())));
    assert_eq!(seen.look, Look::Good, "{seen:?}");
    let wrong = world.look(ProbeKind::Oauth(Box::new(Oauth { password: Template::plain("guessed"), ..flow() })));
    assert_eq!(wrong.look, Look::Bad);
    let why = wrong.why.unwrap();
    assert!(why.starts_with("login: ") && why.contains("invalid username or password"), "{why}");
    // The authorization server does not serve the login that it redirects to.
    let alone = world.look(ProbeKind::Oauth(Box::new(Oauth { login: None, ..flow() })));
    assert!(alone.hint.as_deref().is_some_and(|hint| hint.contains("`login:`")), "{alone:?}");

    let kms = || Kms { url: world.https("kms_api_address", "/service/api/v1"), ca: world.ca(), ..Kms::default() };
    let seen = world.look(ProbeKind::Kms(Box::new(kms())));
    assert_eq!((seen.look, &seen.fields["removed"]), (Look::Good, &Value::Bool(false)), "{seen:?}");
    let other = world.look(ProbeKind::Kms(Box::new(Kms { path: Some(Template::plain("/elastic-keys")), ..kms() })));
    assert_eq!(other.look, Look::Bad);
    assert!(other.why.unwrap().starts_with("create: the KMS answers 404"));
}

#[test]
fn the_sandbox_writes_logs_and_telemetry() {
    let world = World::new();
    let minutes = |n: i64| Some(Template::plain(format!("{n}m")));
    let auth = || Auth { basic_auth: Some(world.secret("grafana_auth")), ..Auth::default() };
    let url = |parameter: &str| Template::plain(world.parameters[parameter].clone());

    let docker = |pattern: &str| Logs {
        pattern: pattern.into(),
        project: Some(Template::plain("compose")),
        since: minutes(24 * 60),
        ..Logs::default()
    };
    let look = |logs: Logs| world.look(ProbeKind::Logs(Box::new(logs)));
    let calm = look(docker("panic: |fatal error|SIGSEGV"));
    assert_eq!((calm.look, &calm.fields["matches"]), (Look::Good, &Value::Number(0.0)), "{calm:?}");
    assert!(matches!(calm.fields["read"], Value::Number(n) if n > 10.0), "{calm:?}");
    let found = look(Logs { services: vec![Template::plain("cryptoutil-postgres-1")], ..docker("POST .*/encrypt") });
    assert_eq!(found.look, Look::Bad, "{found:?}");
    let Value::List(lines) = &found.fields["lines"] else { panic!("{found:?}") };
    assert!(lines[0].to_string().starts_with("cryptoutil-postgres-1: INFO 200 POST"), "{lines:?}");
    let nobody = look(Logs { project: Some(Template::plain("nobody")), ..docker("x") });
    assert_eq!(nobody.look, Look::NoData, "no container is no clean log: {nobody:?}");

    let streams = |query: &str, pattern: &str| Logs {
        pattern: pattern.into(),
        from: LogsFrom::Loki,
        url: Some(url("loki_url")),
        query: Some(Template::plain(query)),
        since: minutes(5),
        login: auth(),
        ..Logs::default()
    };
    assert_eq!(look(streams("{service_name=~\"kms.*\"}", "panic")).look, Look::Good);
    let found = look(streams("{service_name=~\"kms.*\"}", "GET /health"));
    assert!(found.look == Look::Bad && found.value == Some(12.0), "two instances, six lines a minute: {found:?}");
    assert_eq!(look(streams("{service_name=~\"cryptoutil.*\"}", "panic")).look, Look::NoData);

    let loki = |query: &str| {
        let (query, since) = (Template::plain(query), minutes(15));
        world.look(ProbeKind::Loki(Loki { url: url("loki_url"), query, since, auth: auth() }))
    };
    let flow = loki("{service_name=~\"kms.*|identity.*\"}");
    assert!(flow.look == Look::Good && matches!(flow.fields["age"], Value::Duration(age) if age < 60.0), "{flow:?}");
    assert_eq!(loki("{service_name=~\"cryptoutil.*\"}").look, Look::Bad);
    let tempo = |query: &str| {
        let (query, since) = (Template::plain(query), minutes(15));
        world.look(ProbeKind::Tempo(Tempo { url: url("tempo_url"), query, since, auth: auth() }))
    };
    assert_eq!(tempo("{resource.service.name=~\"kms.*\"}").look, Look::Good);
    assert_eq!(tempo("{resource.service.name=~\"cryptoutil.*\"}").look, Look::Bad);

    let grafana = |dashboard: Option<&str>, auth: Auth| {
        let dashboard = dashboard.map(Template::plain);
        world.look(ProbeKind::Grafana(Grafana { url: url("grafana_url"), dashboard, auth }))
    };
    assert_eq!(grafana(None, Auth::default()).look, Look::Good, "health wants no login");
    let board = grafana(Some("cryptoutil-overview"), auth());
    assert_eq!((board.look, &board.fields["with_data"]), (Look::Good, &Value::Number(1.0)), "{board:?}");
    assert_eq!(grafana(Some("nobody"), auth()).look, Look::Bad);
    let wrong = Auth { basic_auth: Some(Template::plain("admin:guessed")), ..Auth::default() };
    assert_ne!(grafana(Some("cryptoutil-overview"), wrong).look, Look::Good);
}

#[test]
fn the_sandboxes_database_says_what_it_is_used_for() {
    let world = World::new();
    let secret = |name: &str| {
        let path = world.root.join("deployments/kms/secrets").join(format!("postgres_{name}.secret"));
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    };
    let url = format!(
        "postgres://{}:{}@{}:{}/{}?sslmode=disable",
        secret("username"),
        secret("password"),
        world.parameters["db_host"],
        world.parameters["db_port"],
        secret("database"),
    );
    let kind = ProbeKind::Postgres(Postgres { url: Some(Template::plain(url)), ..Postgres::default() });
    let fields: Vec<&str> = kind.fields(None).types.into_iter().map(|(name, _)| name).collect();
    let seen = world.look(kind);
    assert_eq!(seen.look, Look::Good, "{seen:?}");
    // All but a lag, which a primary without standbys does not have, and what only a query gives.
    let lacks: Vec<&str> = fields.into_iter().filter(|field| !seen.fields.contains_key(*field)).collect();
    assert_eq!(lacks, ["lag", "value", "rows"], "{seen:?}");
}
