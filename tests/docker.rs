//! The docker probe against the sandbox's engine and against a real one: the same looks, two worlds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/engine.rs"]
mod engine;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flightdeck::expr::{Expr, Template};
use flightdeck::probes::{Given, LookSpec, Looker};
use flightdeck::runbook::kinds::{Docker, DockerFigure, DockerOf, Logs, ProbeKind};
use flightdeck::sandbox::{self, Leash};
use flightdeck::words::{Look, Sample, Value};

/// How long a named condition is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A look by the kind's own expectations.
fn spec(env: &BTreeMap<String, String>, kind: ProbeKind) -> LookSpec {
    let fields = kind.fields(None);
    LookSpec {
        expect: fields.defaults.iter().map(|e| Expr::parse(e).unwrap()).collect(),
        kind,
        given: Given::new(),
        unit: None,
        timeout: Duration::from_secs(20),
        root: "/".into(),
        env: env.clone(),
    }
}

/// A look as a step makes it.
fn look(env: &BTreeMap<String, String>, docker: Docker) -> Sample {
    let spec = spec(env, ProbeKind::Docker(docker));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Looker::new("p".into(), Arc::new(spec)).look(true))
}

fn of(of: DockerOf) -> Docker {
    Docker { of, ..Docker::default() }
}

fn project(of: DockerOf, name: &str) -> Docker {
    Docker { of, project: Some(Template::plain(name)), ..Docker::default() }
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

#[test]
fn the_sandbox_answers_as_an_engine_does() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap().join("run");
    let scenario = sandbox::scenario("production").unwrap();
    let exe = Path::new(env!("CARGO_BIN_EXE_flightdeck"));
    let overlay = sandbox::prepare(&dir.join("world"), &scenario, exe, &BTreeMap::new(), 1.0).unwrap();
    let mut command = std::process::Command::new(exe);
    command.arg("__world").arg(&dir);
    let _world = Leash::hold(&dir, command).unwrap();
    let env = &overlay.env;

    let engine = look(env, of(DockerOf::Engine));
    assert_eq!((engine.look, &engine.fields["version"]), (Look::Good, &Value::Text("28.5.1".into())), "{engine:?}");
    assert!(engine.value.unwrap() > 0.0);

    // What runs before a deployment is whole; a service that nobody has is missing.
    let jobs = texts(&["healthcheck-secrets", "healthcheck-opentelemetry-collector-contrib", "builder-cryptoutil"]);
    let whole = look(env, Docker { jobs: jobs.clone(), ..project(DockerOf::Project, "compose") });
    assert_eq!(list(&whole, "unhealthy"), [""; 0], "{whole:?}");
    let lacks = Docker { services: texts(&["postgres", "redis"]), ..project(DockerOf::Project, "compose") };
    let lacks = look(env, lacks);
    assert_eq!((lacks.look, list(&lacks, "missing")), (Look::Bad, vec!["redis".to_owned()]), "{lacks:?}");
    let nobody = look(env, project(DockerOf::Project, "nobody"));
    assert_eq!((nobody.look, &nobody.fields["running"]), (Look::Bad, &Value::Number(0.0)), "{nobody:?}");

    let clean = look(env, project(DockerOf::Environment, "compose"));
    assert_eq!(clean.look, Look::Good, "{clean:?}");
    let unseen = look(env, project(DockerOf::Environment, "nobody"));
    assert_eq!(unseen.look, Look::NoData, "no containers are no clean ones: {unseen:?}");
    let used = look(env, Docker { figure: DockerFigure::Memory, ..project(DockerOf::Stats, "compose") });
    assert!(used.value.unwrap() > 1024.0 * 1024.0, "{used:?}");
    let volumes = look(env, project(DockerOf::Volumes, "compose"));
    assert!(list(&volumes, "volumes").iter().any(|name| name.contains("postgres")), "{volumes:?}");
    let images = look(env, Docker { images: texts(&["cryptoutil:dev", "nobody/nothing:1"]), ..of(DockerOf::Images) });
    assert_eq!((images.look, list(&images, "missing")), (Look::Bad, vec!["nobody/nothing:1".to_owned()]), "{images:?}");
}

/// Lines of real containers: counted once, however often one looks, shown without secrets.
fn logs_are_read(engine: &engine::Engine) {
    let logs = |since: &str| {
        ProbeKind::Logs(Box::new(Logs {
            pattern: "^panic: |fatal".into(),
            project: Some(Template::plain("chat")),
            since: Some(Template::plain(since)),
            ..Logs::default()
        }))
    };
    let looker = |since: &str| Looker::new("logs".into(), Arc::new(spec(&engine.env(), logs(since))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let one = looker("2020-01-01T00:00:00Z");
    let see = |looker: &Looker| runtime.block_on(looker.look(true));
    assert_eq!(see(&one).look, Look::NoData, "no container is no clean log");
    engine.run("chat", "calm", &["--no-healthcheck"], &["say", "starting", "\u{1b}[32mready\u{1b}[0m"]);
    until("the lines are there", || see(&one).fields.get("read") == Some(&Value::Number(2.0)));
    assert_eq!(see(&one).look, Look::Good, "{:?}", see(&one));
    engine.run("chat", "loud", &["--no-healthcheck"], &["say", "panic: lost, password=hunter2"]);
    until("the panic shows", || see(&one).look == Look::Bad);
    for _ in 0..3 {
        let seen = see(&one);
        assert_eq!((&seen.fields["matches"], &seen.fields["read"]), (&Value::Number(1.0), &Value::Number(3.0)));
        assert_eq!(list(&seen, "lines"), ["loud: panic: lost, password=***"]);
        assert_eq!(seen.value, Some(1.0), "one in the last minute");
    }
    // A window that moves is read anew; one that begins later holds nothing.
    assert_eq!(see(&looker("1h")).fields["matches"], Value::Number(1.0));
    assert_eq!(see(&looker("2099-01-01T00:00:00Z")).look, Look::NoData);
}

#[test]
fn a_real_engine_is_seen_as_it_is() {
    let engine = match engine::Engine::start() {
        Ok(engine) => engine,
        Err(why) => return engine::not_run("a_real_engine_is_seen_as_it_is", &why),
    };
    let env = &engine.env();
    let seen = look(env, of(DockerOf::Engine));
    assert_eq!(seen.look, Look::Good, "{seen:?}");

    engine.image("lab/web:1", "version=1.4.2");
    // Nothing stands yet: an empty project is not a healthy one.
    assert_eq!(look(env, project(DockerOf::Project, "lab")).look, Look::Bad);
    engine.run("lab", "web", &[], &["serve"]);
    engine.run("lab", "plain", &["--no-healthcheck"], &["serve"]);
    engine.run("lab", "init", &["--no-healthcheck"], &["exit", "0"]);
    let jobs = || texts(&["init"]);
    let standing = || look(env, Docker { jobs: jobs(), ..project(DockerOf::Project, "lab") });
    until("the project stands", || standing().look == Look::Good);
    let seen = standing();
    assert_eq!((&seen.fields["running"], list(&seen, "unchecked")), (&Value::Number(2.0), vec!["plain".to_owned()]));

    // A job that ended is a fault where nobody said that it is one.
    let seen = look(env, project(DockerOf::Project, "lab"));
    assert!(list(&seen, "unhealthy")[0].starts_with("init (ended with 0"), "{seen:?}");

    // What is sick, failed or crashes is named, each with its reason.
    engine.run("lab", "sick", &["-e", "LAB_HEALTH=the database is away"], &["serve"]);
    engine.run("lab", "broken", &["--no-healthcheck"], &["exit", "3"]);
    engine.run("lab", "loop", &["--no-healthcheck", "--restart", "always"], &["exit", "4"]);
    let broken = || look(env, Docker { jobs: texts(&["init", "broken"]), ..project(DockerOf::Project, "lab") });
    until("the faults show", || {
        let seen = broken();
        list(&seen, "unhealthy").len() == 2 && list(&seen, "jobs_failed").len() == 1
    });
    let seen = broken();
    assert_eq!((seen.look, list(&seen, "jobs_failed")), (Look::Bad, vec!["broken (exit 3)".to_owned()]));
    let unhealthy = list(&seen, "unhealthy");
    assert!(unhealthy.iter().any(|name| name.starts_with("sick (unhealthy: the database is away")), "{unhealthy:?}");
    assert!(unhealthy.iter().any(|name| name.starts_with("loop (resta")), "{unhealthy:?}");

    let images = look(env, Docker { images: texts(&["lab/web:1", "lab/none:1"]), ..of(DockerOf::Images) });
    assert_eq!(list(&images, "missing"), ["lab/none:1"]);
    let Value::Map(labels) = &images.fields["labels"] else { panic!("{images:?}") };
    let version = BTreeMap::from([("version".to_owned(), Value::Text("1.4.2".into()))]);
    assert_eq!(labels["lab/web:1"], Value::Map(version));

    // A value in the environment is named, never told.
    engine.run("secret", "leaky", &["-e", "DB_PASSWORD=hunter2", "-e", "KEY_FILE=/run/secrets/key"], &["serve"]);
    let seen = look(env, project(DockerOf::Environment, "secret"));
    assert_eq!((seen.look, list(&seen, "secret_like")), (Look::Bad, vec!["leaky: DB_PASSWORD".to_owned()]), "{seen:?}");
    assert!(!format!("{seen:?}").contains("hunter2"));

    logs_are_read(&engine);

    let used = look(env, Docker { figure: DockerFigure::Memory, ..project(DockerOf::Stats, "lab") });
    assert!(used.value.unwrap() > 10_000.0, "{used:?}");
    assert!(matches!(used.fields["cpu"], Value::Ratio(cpu) if (0.0..4.0).contains(&cpu)), "{used:?}");
    engine.docker(&["volume", "create", "--label", "com.docker.compose.project=lab", "lab_data"]);
    assert_eq!(list(&look(env, project(DockerOf::Volumes, "lab")), "volumes"), ["lab_data"]);

    // An engine that is gone: itself it is red, of what ran on it nothing is known; and it is found again.
    let engine = engine.stop();
    let (gone, unknown) = (look(env, of(DockerOf::Engine)), look(env, project(DockerOf::Project, "lab")));
    assert_eq!((gone.look, unknown.look), (Look::Bad, Look::NoData), "{gone:?} {unknown:?}");
    assert!(gone.hint.unwrap().contains("Docker"));
    let _engine = engine.again();
    until("the engine is found again", || look(env, of(DockerOf::Engine)).look == Look::Good);
}
