//! The shipped runbooks fly unattended in the sandbox, by the built program, from the first box to the closed record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "flights/blue_green.rs"]
mod blue_green;
#[path = "flights/traffic.rs"]
mod traffic;

use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How much faster than real time the run's clock goes. Programs, TLS and the disk stay as fast as they are: beyond
/// this, a busy machine of two cores answers more slowly than the runbook's limits allow.
const SPEED: &str = "20";
/// The same where two colours run, and are looked at.
const SPEED_OF_TWO: &str = "10";
/// The runbook's limits of latency are for a machine that does nothing else; tests share theirs with other tests.
const PATIENT: [&str; 2] = ["-p", "health_limit=10s"];
const PATIENT_IDENTITY: [&str; 4] = ["-p", "authorization_limit=10s", "-p", "token_limit=10s"];
/// A flight that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(600);
/// What a host that leaves may take to end its world and its keeper.
const LEAVING: Duration = Duration::from_secs(20);

#[test]
fn kms_on_compose() {
    let flight = Flight::of("production-deployment", Some("answers-sandbox"), &[]);
    let record = flight.completed(&[]);
    let by_hand = flight.read("by-hand.md");
    for line in [
        "docker compose -f deployments/compose/compose.yml --profile postgres down\n".to_owned(),
        format!("docker tag {} cryptoutil:dev\n", pin(&record, "image", "kms")),
        format!("docker tag {} postgres:18\n", pin(&record, "pulled_image", "postgres")),
        format!("git checkout {} -- deployments/compose ", text(&record, "/pins/previous_commit/value")),
        "wanted connected, value >= pins.keys_before (pins.keys_before is 8)\n".to_owned(),
    ] {
        assert!(by_hand.contains(&line), "{line} is missing in\n{by_hand}");
    }
    assert!(!by_hand.contains("kubectl"), "{by_hand}");
    // What the answers file decided says so, and names whom it names.
    let approved = item(&record, "release_approved");
    let last = approved["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["from_file"]), (&"alice".into(), &true.into()), "{approved}");
    // The new release runs, and opens what the old one encrypted.
    let notices = flight.read("world/notices.jsonl");
    let told: Vec<&str> = notices.lines().map(|l| if l.contains("\"/pager/") { "pager" } else { "team" }).collect();
    assert_eq!(told, ["team", "pager", "team"], "{notices}");
}

#[test]
fn kms_and_identity_on_compose() {
    let flight = Flight::of("production-deployment", Some("answers-sandbox"), &["-p", "components=kms,identity"]);
    let record = flight.completed(&[]);
    let by_hand = flight.read("by-hand.md");
    for line in [
        format!("docker tag {} cryptoutil:dev\n", pin(&record, "image", "kms")),
        format!("docker tag {} cryptoutil-identity:dev\n", pin(&record, "image", "identity")),
        format!("git checkout {} -- deployments/identity/", text(&record, "/pins/previous_commit/value")),
    ] {
        assert!(by_hand.contains(&line), "{line} is missing in\n{by_hand}");
    }
    let accepted = record["limitations"].to_string();
    assert!(accepted.contains("Training flight in a simulated world"), "{accepted}");
}

#[test]
fn kms_on_kubernetes() {
    let flight = Flight::of("production-deployment", Some("answers-sandbox"), &["-p", "platform=kubernetes"]);
    let record = flight.completed(&[]);
    kubernetes_way_back(&flight, &record, &[("kms", "cryptoutil-kms")]);
}

#[test]
fn kms_and_identity_on_kubernetes() {
    let choices = ["-p", "platform=kubernetes", "-p", "components=kms,identity"];
    let flight = Flight::of("production-deployment", Some("answers-sandbox"), &choices);
    let record = flight.completed(&[]);
    let services =
        [("kms", "cryptoutil-kms"), ("authz", "identity-authz"), ("idp", "identity-idp"), ("rs", "identity-rs")];
    kubernetes_way_back(&flight, &record, &services);
}

#[test]
fn first_flight() {
    let flight = Flight::of("first-flight", Some("answers-first-flight"), &["-p", "release=1.5.0"]);
    let record = flight.completed(&["does_not_apply", "talk_to_a_command"]);
    let by_hand = flight.read("by-hand.md");
    let line = format!("docker tag {} cryptoutil:dev\n", pin(&record, "image", "kms"));
    assert!(by_hand.contains(&line), "{line} is missing in\n{by_hand}");
}

#[test]
fn without_answers_the_first_item_of_a_person_ends_it() {
    let flight = Flight::of("production-deployment", None, &[]);
    assert_eq!(flight.exit, 3, "{}", flight.told());
    flight.leaves_nothing();
    flight.verifies();
    let record = flight.record();
    let configuration = item(&record, "configuration_approved");
    assert_eq!(configuration["outcome"], "open", "{configuration}");
    assert_eq!(record["counts"]["failed"], 0, "{}", record["counts"]);
    assert!(flight.read("by-hand.md").contains("Nothing was changed yet"), "{}", flight.told());
}

/// On Kubernetes the configuration goes back first, then each service to its pinned revision.
fn kubernetes_way_back(flight: &Flight, record: &Value, services: &[(&str, &str)]) {
    let by_hand = flight.read("by-hand.md");
    let configuration = by_hand.find("/previous/deployments/kubernetes/configmaps/ -n cryptoutil-prod\n");
    for (key, deployment) in services {
        let line = format!(
            "kubectl rollout undo deployment/{deployment} --to-revision={} -n cryptoutil-prod\n",
            pin(record, "revision", key)
        );
        let undo = by_hand.find(&line);
        assert!(undo.is_some() && configuration < undo, "{line} is missing, or stands first, in\n{by_hand}");
    }
    assert_eq!(by_hand.matches("kubectl rollout undo").count(), services.len(), "{by_hand}");
    assert!(!by_hand.contains("docker"), "{by_hand}");
}

/// A shipped runbook, or file of answers.
fn book(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("runbooks/{name}.yaml"))
}

/// A flight that was flown.
struct Flight {
    dir: tempfile::TempDir,
    exit: i32,
}

impl Flight {
    /// Flies a shipped runbook until the program ends.
    fn of(runbook: &str, answers: Option<&str>, choices: &[&str]) -> Self {
        Self::with(runbook, answers.map(book), choices, |_| {})
    }

    /// The same with another file of answers, and with something that is done again and again meanwhile.
    fn with(runbook: &str, answers: Option<PathBuf>, choices: &[&str], mut meanwhile: impl FnMut(&Self)) -> Self {
        let dir = tempfile::Builder::new().prefix("flight-").tempdir().unwrap();
        let mut flight = Self { dir, exit: -1 };
        let output = File::create(flight.dir.path().join("output")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        let speed = if choices.contains(&"strategy=blue-green") { SPEED_OF_TWO } else { SPEED };
        command.arg("run").arg(book(runbook)).args(["--sandbox", "--plain", "--yes", "--speed", speed]);
        command.args(answers.map(|file| ["--answers".into(), file.into_os_string()]).into_iter().flatten());
        command.arg("--runs").arg(flight.runs());
        if runbook == "production-deployment" {
            command.args(PATIENT);
        }
        command.args(choices);
        if choices.iter().any(|choice| choice.contains("identity")) {
            command.args(PATIENT_IDENTITY);
        }
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut client = command.spawn().unwrap();
        let begun = Instant::now();
        flight.exit = loop {
            if let Some(status) = client.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            meanwhile(&flight);
            if begun.elapsed() > LIMIT {
                client.kill().unwrap();
                client.wait().unwrap();
                panic!("not done after {LIMIT:?}:\n{}", flight.told());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        flight
    }

    fn runs(&self) -> PathBuf {
        self.dir.path().join("runs")
    }

    /// The run's folder, once its journal is there: from then on its world is made.
    fn begun(&self) -> Option<PathBuf> {
        let folder = std::fs::read_dir(self.runs()).ok()?.next()?.ok()?.path();
        folder.join("journal.jsonl").exists().then_some(folder)
    }

    fn folder(&self) -> PathBuf {
        let mut folders = std::fs::read_dir(self.runs()).unwrap().map(|entry| entry.unwrap().path());
        folders.next().unwrap_or_else(|| panic!("no run was made:\n{}", self.told()))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}\n{}", self.told()))
    }

    fn record(&self) -> Value {
        serde_json::from_str(&self.read("record.json")).unwrap()
    }

    /// The end of what the program said, for a failing test.
    fn told(&self) -> String {
        let output = std::fs::read_to_string(self.dir.path().join("output")).unwrap_or_default();
        let last: Vec<&str> = output.lines().rev().take(30).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Everything passed but these, which were skipped; the record proves itself; nothing is left running.
    fn completed(&self, skipped: &[&str]) -> Value {
        assert_eq!(self.exit, 0, "{}", self.told());
        self.leaves_nothing();
        self.verifies();
        let record = self.record();
        assert_eq!(record["outcome"]["how"], "completed", "{record}");
        for item in items(&record) {
            let wanted = if skipped.contains(&item["id"].as_str().unwrap()) { "skipped" } else { "passed" };
            let outcome = item["outcome"].as_str().unwrap();
            assert!(outcome == wanted || outcome == "does not apply", "{item}");
        }
        let counts = &record["counts"];
        assert_eq!(counts["skipped"], skipped.len(), "{counts}");
        assert!(counts["passed"].as_u64() > Some(30), "{counts}");
        let by_hand = self.read("by-hand.md");
        assert!(by_hand.contains("Nothing: all is settled.") && !by_hand.contains("${{"), "{by_hand}");
        record
    }

    fn verifies(&self) {
        let output = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
            .args(["record", "verify"])
            .arg(self.folder().file_name().unwrap())
            .arg("--runs")
            .arg(self.runs())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// No process of the run and no socket, a moment after the program has ended.
    fn leaves_nothing(&self) {
        let begun = Instant::now();
        loop {
            let left = (self.processes(), sockets(&self.folder()));
            if left.0.is_empty() && left.1.is_empty() {
                return;
            }
            assert!(begun.elapsed() < LEAVING, "left: {left:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Processes whose command line names this flight's folder.
    fn processes(&self) -> Vec<(i32, String)> {
        let name = self.dir.path().display().to_string();
        let entries =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        entries
            .filter_map(|entry| entry.parse::<i32>().ok())
            .filter_map(|pid| Some((pid, std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?)))
            .filter(|(_, line)| line.contains(&name))
            .collect()
    }
}

impl Drop for Flight {
    /// A flight that failed leaves its host there, parked: it is ended, and ends its world and keeper.
    fn drop(&mut self) {
        for (pid, _) in self.processes() {
            if let Some(pid) = Pid::from_raw(pid) {
                // It may have gone already.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        let begun = Instant::now();
        while !self.processes().is_empty() && begun.elapsed() < LEAVING {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn sockets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut found = vec![];
    for entry in entries.filter_map(Result::ok) {
        match entry.file_type() {
            Ok(kind) if kind.is_socket() => found.push(entry.path()),
            Ok(kind) if kind.is_dir() => found.extend(sockets(&entry.path())),
            _ => {}
        }
    }
    found
}

/// Items of the phases that were flown.
fn items(record: &Value) -> Vec<&Value> {
    let sections = record["phases"].as_array().unwrap().iter().flat_map(|p| p["sections"].as_array().unwrap());
    sections.flat_map(|s| s["items"].as_array().unwrap()).collect()
}

fn item<'a>(record: &'a Value, id: &str) -> &'a Value {
    items(record).into_iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no item {id}"))
}

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {}", record["pins"]))
}

/// What was pinned under a name for a key.
fn pin(record: &Value, name: &str, key: &str) -> String {
    match record.pointer(&format!("/pins/{name}/value/{key}")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        other => panic!("{name}[{key}] is {other:?} in {}", record["pins"]),
    }
}
