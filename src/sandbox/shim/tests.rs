//! The simulated commands from end to end: through the socket of a served world, as the symlinks call them.

use super::*;
use crate::sandbox::world::socket_path;
use crate::sandbox::world::testing::{Prepared, until};

/// A hundred times as fast: a start-up of 12 s takes 120 ms.
const SPEED: f64 = 100.0;

const KMS: &str = "docker compose -f deployments/compose/compose.yml --profile postgres";
const IDENTITY: &str = "docker compose -f deployments/identity/compose.yml --profile ci";

/// How a command ended.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

/// Runs a command line in the root folder, from another thread, as another process would.
async fn sh(world: &Prepared, line: &str) -> Ran {
    run_with(world, line, &[]).await
}

/// The same, with variables.
pub async fn run_with(world: &Prepared, line: &str, env: &[(&str, &str)]) -> Ran {
    let words = shlex::split(line).unwrap();
    let call = Call {
        name: words[0].clone(),
        args: words[1..].to_vec(),
        cwd: world.root(),
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        terminal: false,
    };
    let socket = socket_path(&world.dir());
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (vec![], vec![]);
        let code = client::run(&socket, call, &mut out, &mut err).unwrap();
        Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    });
    ran.await.unwrap()
}

/// Runs a command that must succeed.
async fn ok(world: &Prepared, line: &str) -> String {
    let ran = sh(world, line).await;
    assert_eq!(ran.code, 0, "{line}\n{}{}", ran.out, ran.err);
    ran.out
}

fn git(world: &Prepared, args: &[&str]) -> String {
    let output = std::process::Command::new("git").current_dir(world.root()).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn build(project: &str, revision: &str) -> String {
    format!(
        "{project} build --build-arg APP_VERSION=1.5.0 --build-arg VCS_REF={revision} --build-arg BUILD_DATE=2026-11-24T09:00:00Z"
    )
}

const PS: &str = "ps --all --format '{{.Service}}|{{.State}}|{{.Health}}|{{.ExitCode}}'";

#[tokio::test]
async fn the_compose_story_forward_and_back() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let version =
        || core.look(|s, now| s.serving(crate::sandbox::world::ports::Port::KmsApi, now).version().to_owned());
    let before = ok(&world, &format!("{KMS} {PS}")).await;
    assert!(before.contains("cryptoutil-postgres-1|running|healthy|0\n"), "{before}");
    assert!(before.contains("healthcheck-secrets|exited||0\n"), "{before}");
    assert!(before.contains("opentelemetry-collector-contrib|running||0\n"), "{before}");
    assert_eq!(before.lines().count(), 8, "{before}");
    assert_eq!(version(), "1.4.2");
    let inspect = async || -> serde_json::Value {
        serde_json::from_str(&ok(&world, "docker image inspect cryptoutil:dev").await).unwrap()
    };
    let old = inspect().await;
    let old_id = old[0]["Id"].as_str().unwrap().to_owned();
    let label = |image: &serde_json::Value, name: &str| {
        image[0]["Config"]["Labels"][format!("org.opencontainers.image.{name}")].as_str().unwrap().to_owned()
    };
    assert_eq!(label(&old, "revision"), git(&world, &["rev-parse", "v1.4.2^{commit}"]));
    assert_eq!(label(&old, "version"), "1.4.2");

    let head = git(&world, &["rev-parse", "HEAD"]);
    ok(&world, &build(KMS, &head)).await;
    let new = inspect().await;
    assert_ne!(new[0]["Id"], old[0]["Id"]);
    assert_eq!(label(&new, "revision"), head);
    assert_eq!(version(), "1.4.2", "a build changes nothing that runs");

    let up = sh(&world, &format!("{KMS} up -d --no-build")).await;
    assert_eq!(up.code, 0, "{}", up.err);
    for line in [
        " Container compose-cryptoutil-postgres-1-1  Recreated\n",
        " Container compose-cryptoutil-postgres-1-1  Healthy\n",
        " Container compose-cryptoutil-postgres-2-1  Started\n",
        " Container compose-grafana-otel-lgtm-1  Running\n",
        " Container compose-builder-cryptoutil-1  Exited\n",
    ] {
        assert!(up.err.contains(line), "no {line:?} in\n{}", up.err);
    }
    assert!(!up.err.contains("compose-postgres-1  Recreate"), "the database is left alone:\n{}", up.err);
    let right_after = ok(&world, &format!("{KMS} {PS}")).await;
    assert!(right_after.contains("cryptoutil-postgres-2|running|starting|0\n"), "{right_after}");
    until("all is healthy", async || !ok(&world, &format!("{KMS} {PS}")).await.contains("starting")).await;
    assert_eq!(version(), "1.5.0");
    let again = sh(&world, &format!("{KMS} up -d --no-build")).await;
    assert!(again.err.contains("compose-cryptoutil-postgres-1-1  Running\n"), "{}", again.err);
    assert!(!again.err.contains("Recreate"), "up again changes nothing:\n{}", again.err);

    // And back: down keeps the volumes, the tag goes to the old image, the files to the old commit.
    ok(&world, &format!("{KMS} down")).await;
    assert_eq!(ok(&world, &format!("{KMS} {PS}")).await, "");
    assert_eq!(version(), "");
    ok(&world, &format!("docker tag {old_id} cryptoutil:dev")).await;
    git(
        &world,
        &["checkout", "v1.4.2", "--", "deployments/compose", "deployments/kms/config", "deployments/telemetry"],
    );
    let keys = core.look(|s, _| s.keys.count());
    ok(&world, &format!("{KMS} up -d --no-build")).await;
    until("the old release is back", async || version() == "1.4.2").await;
    assert_eq!(core.look(|s, _| s.keys.count()), keys);
    ok(&world, &format!("{KMS} down -v")).await;
    assert_eq!(core.look(|s, _| s.keys.count()), 0, "`down -v` loses the keys");
}

#[tokio::test]
async fn compose_says_what_is_wrong() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    let ran = sh(&world, "docker compose -f nowhere/compose.yml --profile ci ps").await;
    assert_eq!(ran.code, 14);
    assert!(ran.err.contains("no such file or directory"), "{}", ran.err);
    let ran = sh(&world, "docker compose -f deployments/identity/compose.yml --profile production up -d").await;
    assert_eq!((ran.code, ran.err.as_str()), (1, "no service selected\n"));
    let ran = sh(&world, &format!("{KMS} pull")).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("pull access denied for cryptoutil"), "{}", ran.err);
    for service in ["postgres", "opentelemetry-collector-contrib", "grafana-otel-lgtm"] {
        let ran = sh(&world, &format!("{KMS} pull {service}")).await;
        assert_eq!((ran.code, ran.err), (0, format!(" {service}  Pulling\n {service}  Pulled\n")));
    }
    let ran = sh(&world, "docker image inspect cryptoutil:none").await;
    assert_eq!((ran.code, ran.out.as_str()), (1, "[]\n"));
    let ran = sh(&world, "docker compose up").await;
    assert_eq!((ran.code, ran.err.as_str()), (64, "docker compose up: not simulated\n"));
}

#[tokio::test]
async fn the_rest_of_docker() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    assert_eq!(ok(&world, "docker compose version --short").await, "2.39.1\n");
    assert_eq!(ok(&world, &format!("{KMS} config --quiet")).await, "");
    let images = ok(&world, &format!("{KMS} config --images")).await;
    assert_eq!(
        images.lines().collect::<Vec<_>>(),
        [
            "alpine:latest",
            "cryptoutil:dev",
            "grafana/otel-lgtm:latest",
            "otel/opentelemetry-collector-contrib:latest",
            "postgres:18"
        ]
    );
    for image in images.lines().chain(["cryptoutil-identity:dev"]) {
        ok(&world, &format!("docker image inspect {image}")).await;
    }
    let literal = regex::Regex::new("(?m)^ +[A-Za-z_]*(PASSWORD|SECRET|TOKEN|KEY)[A-Z_]*: ").unwrap();
    for project in [KMS, IDENTITY] {
        let config = ok(&world, &format!("{project} config")).await;
        for name in ["USER", "PASSWORD", "DB"] {
            assert!(config.contains(&format!(" POSTGRES_{name}_FILE: /run/secrets/")), "{config}");
        }
        assert!(literal.find_iter(&config).all(|m| m.as_str().contains("_FILE: ")), "{config}");
        assert!(!config.contains('{'), "block style: {config}");
    }
    let ids = ok(&world, &format!("{KMS} ps --all -q")).await;
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(ids.len(), 8);
    let inspected = ok(
        &world,
        &format!(
            "docker inspect --format '{{{{.Name}}}}|{{{{.RestartCount}}}}|{{{{.State.OOMKilled}}}}' {}",
            ids.join(" ")
        ),
    )
    .await;
    assert!(inspected.contains("/compose-cryptoutil-postgres-1-1|0|false\n"), "{inspected}");
    let stats = ok(&world, "docker stats --no-stream --format '{{.Name}}|{{.CPUPerc}}|{{.MemPerc}}'").await;
    let line = stats.lines().find(|l| l.starts_with("compose-cryptoutil-postgres-1-1|")).unwrap();
    let numbers: Vec<f64> = line.split('|').skip(1).map(|n| n.trim_end_matches('%').parse().unwrap()).collect();
    assert!(numbers[0] < 70.0 && numbers[1] < 80.0, "{line}");
    let ready = format!("{KMS} exec -T postgres pg_isready -U kms_prod -d kms_prod_db");
    assert_eq!(ok(&world, &ready).await, "/var/run/postgresql:5432 - accepting connections\n");
    core.change("test", crate::sandbox::state::Change::ContainerStopped("compose-postgres-1".into())).unwrap();
    assert_eq!(sh(&world, &ready).await.code, 1);
    let help = ok(&world, "docker run --rm cryptoutil-identity:dev identity authz --help").await;
    assert!(help.starts_with("Usage: cryptoutil identity authz"));
    let table = ok(&world, &format!("{IDENTITY} ps --all")).await;
    assert!(table.starts_with("NAME "), "{table}");
    assert!(table.contains("Up 3 days (healthy)"), "{table}");
}

#[tokio::test]
async fn logs_end_when_they_are_not_followed_and_go_on_when_they_are() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let since = core.wall(core.now() - 60_000).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let logs = ok(&world, &format!("{KMS} logs --no-color --since {since}")).await;
    assert!(logs.lines().count() > 5 && logs.contains("cryptoutil-postgres-1-1"), "{logs}");
    let words = shlex::split(&format!("{KMS} logs -f --tail=50")).unwrap();
    let call = Call { name: words[0].clone(), args: words[1..].to_vec(), cwd: world.root(), ..Call::default() };
    let (sender, receiver) = std::sync::mpsc::channel();
    let socket = socket_path(&world.dir());
    std::thread::spawn(move || {
        struct Lines(std::sync::mpsc::Sender<String>);
        impl io::Write for Lines {
            fn write(&mut self, text: &[u8]) -> io::Result<usize> {
                let shown = String::from_utf8_lossy(text).into_owned();
                self.0.send(shown).map(|()| text.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        client::run(&socket, call, &mut Lines(sender), &mut io::sink())
    });
    let wait = std::time::Duration::from_secs(10);
    let first = tokio::task::spawn_blocking(move || {
        let tail = receiver.recv_timeout(wait).unwrap();
        (tail, receiver.recv_timeout(wait).unwrap(), receiver)
    });
    let (tail, followed, receiver) = first.await.unwrap();
    let own = tail.lines().filter(|l| l.starts_with("cryptoutil-postgres-1-1 ")).count();
    assert!((1..=50).contains(&own), "{own}");
    assert!(!followed.is_empty(), "new lines come");
    drop(receiver);
}

#[tokio::test]
async fn the_kubectl_story_forward_and_back() {
    let world = Prepared::new(SPEED, &[("platform", "kubernetes")]);
    let (core, _serving) = world.serve().await;
    let ns = "-n cryptoutil-prod";
    assert_eq!(ok(&world, "kubectl config current-context").await, "flightdeck-training\n");
    assert_eq!(ok(&world, "kubectl get --raw /readyz").await, "ok");
    assert_eq!(ok(&world, &format!("kubectl auth can-i patch deployments {ns}")).await, "yes\n");
    assert_eq!(ok(&world, "kubectl get namespace cryptoutil-prod -o name").await, "namespace/cryptoutil-prod\n");
    // As the run's text of commands by hand has them: with the pinned context, which is no other's.
    let wide =
        ok(&world, &format!("kubectl get deployment/cryptoutil-kms --context flightdeck-training {ns} -o wide")).await;
    assert!(wide.lines().count() == 2 && wide.contains("cryptoutil:1.4.2"), "{wide}");
    let other = sh(&world, &format!("kubectl get pods --context other {ns}")).await;
    assert_eq!((other.code, other.err.as_str()), (1, "error: context \"other\" does not exist\n"));
    let deployment = async || -> serde_json::Value {
        serde_json::from_str(&ok(&world, &format!("kubectl get deployment/cryptoutil-kms {ns} -o json")).await).unwrap()
    };
    let before = deployment().await;
    assert_eq!(before.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").unwrap(), "1");
    assert_eq!(before.pointer("/spec/template/spec/containers/0/image").unwrap(), "cryptoutil:1.4.2");
    assert_eq!(before.pointer("/status/readyReplicas").unwrap(), 2);

    let diff = async |folder: &str| sh(&world, &format!("kubectl diff -f deployments/kubernetes/{folder}/ {ns}")).await;
    let deployments = diff("deployments").await;
    assert_eq!(deployments.code, 1);
    assert!(
        deployments.out.contains("+      - args:") || deployments.out.contains("+        image: cryptoutil:1.5.0"),
        "{}",
        deployments.out
    );
    assert_eq!(diff("configmaps").await.code, 1);
    assert_eq!(diff("secrets").await.code, 0, "the secrets are the same in both releases");
    let apply =
        async |folder: &str| ok(&world, &format!("kubectl apply -f deployments/kubernetes/{folder}/ {ns}")).await;
    assert_eq!(
        apply("configmaps").await,
        "configmap/cryptoutil-kms-config configured\nconfigmap/identity-config configured\n"
    );
    assert!(apply("secrets").await.contains("secret/cryptoutil-kms-database unchanged\n"));
    assert!(apply("deployments").await.starts_with("deployment.apps/cryptoutil-kms configured\n"));
    assert_eq!(diff("deployments").await.code, 0);

    let pods = async || ok(&world, &format!("kubectl get pods {ns} --no-headers")).await;
    assert!(pods().await.contains("0/1"), "a rollout is under way");
    let status = ok(&world, &format!("kubectl rollout status deployment/cryptoutil-kms {ns} --timeout=2m")).await;
    assert!(status.starts_with("Waiting for deployment \"cryptoutil-kms\" rollout to finish: 1 out of 2 new replicas have been updated...\n"), "{status}");
    assert!(status.ends_with("deployment \"cryptoutil-kms\" successfully rolled out\n"), "{status}");
    let after = deployment().await;
    assert_eq!(after.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").unwrap(), "2");
    let version =
        || core.look(|s, now| s.serving(crate::sandbox::world::ports::Port::KmsApi, now).version().to_owned());
    assert_eq!(version(), "1.5.0");
    until("all pods are there", async || {
        let pods = pods().await;
        pods.lines().count() == 8
            && pods.lines().all(|l| l.contains("   1/1     Running   0") || l.split_whitespace().nth(1) == Some("1/1"))
    })
    .await;

    assert_eq!(
        ok(&world, &format!("kubectl rollout undo deployment/cryptoutil-kms --to-revision=1 {ns}")).await,
        "deployment.apps/cryptoutil-kms rolled back\n"
    );
    ok(&world, &format!("kubectl rollout status deployment/cryptoutil-kms {ns} --timeout=2m")).await;
    assert_eq!(version(), "1.4.2");
    assert_eq!(deployment().await.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").unwrap(), "3");
    let again = ok(&world, &format!("kubectl rollout undo deployment/cryptoutil-kms --to-revision=3 {ns}")).await;
    assert!(again.contains("skipped rollback"), "{again}");
    let gone = sh(&world, &format!("kubectl rollout undo deployment/cryptoutil-kms --to-revision=1 {ns}")).await;
    assert_eq!((gone.code, gone.err.as_str()), (1, "error: unable to find specified revision 1 in history\n"));
}

#[tokio::test]
async fn the_rest_of_kubectl() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let ns = "-n cryptoutil-prod";
    let secrets = ok(&world, &format!("kubectl get -f deployments/kubernetes/secrets/ {ns} -o name")).await;
    assert_eq!(
        secrets.lines().collect::<Vec<_>>(),
        ["secret/cryptoutil-kms-database", "secret/cryptoutil-kms-unseal", "secret/identity-database"]
    );
    let path = r#"jsonpath={range .items[*].spec.template.spec.containers[*].env[*]}{.name}={.value}{"\n"}{end}"#;
    let environment = ok(&world, &format!("kubectl get deployments {ns} -o '{path}'")).await;
    assert!(environment.contains("LOG_LEVEL=INFO\nPOSTGRES_URL=\n"), "{environment}");
    let yaml = ok(&world, &format!("kubectl get deployments,configmaps {ns} -o yaml")).await;
    let list: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 6);
    let top = ok(&world, &format!("kubectl top pods {ns} --no-headers")).await;
    assert_eq!(top.lines().count(), 8);
    assert!(top.lines().all(|l| l.split_whitespace().nth(1).unwrap().ends_with('m') && l.ends_with("Mi")), "{top}");
    let since = core.wall(core.now() - 120_000).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    for name in ["cryptoutil-kms", "identity-authz", "identity-idp", "identity-rs"] {
        let logs =
            ok(&world, &format!("kubectl logs deployment/{name} {ns} --all-containers --since-time={since}")).await;
        assert!(!logs.is_empty(), "{name}");
    }
    let table = ok(&world, &format!("kubectl get deployments {ns}")).await;
    assert!(table.contains("2/2     2            2"), "{table}");
    let other = sh(&world, "kubectl apply -f deployments/kubernetes/configmaps/ -n other").await;
    assert_eq!((other.code, other.err.as_str()), (1, "Error from server (NotFound): namespaces \"other\" not found\n"));
    let none = sh(&world, "kubectl get pods -n other").await;
    assert_eq!((none.code, none.err.as_str()), (0, "No resources found in other namespace.\n"));
    let missing = sh(&world, &format!("kubectl apply -f nowhere/ {ns}")).await;
    assert_eq!((missing.code, missing.err.as_str()), (1, "error: the path \"nowhere/\" does not exist\n"));
    let late = sh(&world, &format!("kubectl rollout status deployment/none {ns} --timeout=2m")).await;
    assert!(late.err.contains("deployments.apps \"none\" not found"), "{}", late.err);
}

#[tokio::test]
async fn a_rollout_status_ends_at_its_limit() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    ok(&world, "kubectl apply -f deployments/kubernetes/deployments/ -n cryptoutil-prod").await;
    let ran = sh(&world, "kubectl rollout status deployment/identity-rs -n cryptoutil-prod --timeout=2s").await;
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: timed out waiting for the condition\n"));
}

#[tokio::test]
async fn tests_and_scans_write_what_their_readers_expect() {
    let world = Prepared::new(2_000.0, &[]);
    let (_core, _serving) = world.serve().await;
    let events =
        |text: &str| -> Vec<serde_json::Value> { text.lines().map(|l| serde_json::from_str(l).unwrap()).collect() };
    let passed = |events: &[serde_json::Value]| {
        events.iter().filter(|e| e["Action"] == "pass" && e.get("Test").is_some()).count()
    };
    let unit = events(&ok(&world, "go test -json ./...").await);
    assert!(passed(&unit) > 200 && unit.iter().all(|e| e["Action"] != "fail"));
    let tagged = events(&ok(&world, "go test -json -tags=integration ./internal/identity/integration/...").await);
    assert_eq!(passed(&tagged), 5);
    let untagged = events(&ok(&world, "go test -json ./internal/identity/integration/...").await);
    assert_eq!(passed(&untagged), 0, "without the tag nothing is tested, and it exits 0");
    let out = world.run_dir().join("files/cover.out");
    ok(&world, &format!("go test -count=1 -covermode=atomic -coverprofile={} ./...", out.display())).await;
    let cover = ok(&world, &format!("go tool cover -func={}", out.display())).await;
    assert_eq!(cover.lines().last().unwrap(), "total:\t\t\t\t\t\t(statements)\t\t95.8%");
    assert_eq!(sh(&world, "go tool cover -func=none.out").await.code, 1);
    let report = world.run_dir().join("files/gosec.json");
    ok(&world, &format!("gosec -quiet -no-fail -fmt=json -out={} ./...", report.display())).await;
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains("\"files\": 412"));
    assert!(!text.contains("\"severity\": \"HIGH\""));
    ok(&world, "go run ./cmd/workflow -workflows=dast -inputs=scan_profile=quick").await;
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(world.root().join("workflow-reports/dast").join(name)).unwrap())
            .unwrap()
    };
    assert!(read("zap-report.json")["site"][0]["alerts"].as_array().unwrap().iter().all(|a| a["riskcode"] != "3"));
    assert_eq!(read("nuclei.sarif")["version"], "2.1.0");
    assert_eq!(git(&world, &["status", "--porcelain"]), "", "reports leave the tree clean");
    assert_eq!(ok(&world, "act --version").await, "act version 0.2.82\n");
}

#[tokio::test]
async fn a_backup_wants_the_password_and_lists_its_tables() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    let port = world.address(crate::sandbox::world::ports::Port::Postgres);
    let port = port.split(':').nth(1).unwrap();
    let line = format!("pg_dump -Fc -h 127.0.0.1 -p {port} -U kms_prod -d kms_prod_db -f backup.dump");
    let none = sh(&world, &line).await;
    assert_eq!(none.code, 1);
    assert!(none.err.contains("no password supplied"), "{}", none.err);
    let wrong = run_with(&world, &line, &[("PGPASSWORD", "wrong")]).await;
    assert!(wrong.err.contains("password authentication failed"), "{}", wrong.err);
    let elsewhere = run_with(&world, &line.replace(port, "5999"), &[("PGPASSWORD", "x")]).await;
    assert!(elsewhere.err.contains("Connection refused"), "{}", elsewhere.err);
    let done = run_with(&world, &line, &[("PGPASSWORD", &world.secret("postgres_password"))]).await;
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert!(std::fs::metadata(world.root().join("backup.dump")).unwrap().len() > 100);
    let list = ok(&world, "pg_restore --list backup.dump").await;
    assert!(list.lines().filter(|l| l.contains("TABLE DATA")).count() >= 4, "{list}");
    assert_eq!(sh(&world, "pg_restore --list README.md").await.code, 1);
    let log = std::fs::read_to_string(world.dir().join("commands.jsonl")).unwrap();
    assert!(!log.contains(&world.secret("postgres_password")), "no secret in the log of commands");
}

#[tokio::test]
async fn a_world_that_was_killed_comes_back_the_same() {
    let world = Prepared::new(SPEED, &[]);
    let (core, serving) = world.serve().await;
    let head = git(&world, &["rev-parse", "HEAD"]);
    ok(&world, &build(KMS, &head)).await;
    ok(&world, &format!("{KMS} up -d --no-build")).await;
    ok(&world, "kubectl apply -f deployments/kubernetes/deployments/ -n cryptoutil-prod").await;
    let before = core.look(|s, _| s.clone());
    serving.abort();
    let _ = serving.await;
    drop(core);
    until("the sockets are free", async || {
        std::net::TcpListener::bind(world.address(crate::sandbox::world::ports::Port::Postgres)).is_ok()
    })
    .await;
    let (core, _serving) = world.serve().await;
    assert_eq!(core.look(|s, _| s.clone()), before);
    assert_eq!(ok(&world, "kubectl config current-context").await, "flightdeck-training\n");
}
