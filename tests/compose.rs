//! The shipped runbook on real Compose: a release that comes up, and one that does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/compose.rs"]
mod compose;
#[path = "lab/engine.rs"]
mod engine;
#[path = "lab/compose_faults.rs"]
mod faults;
#[path = "lab/service.rs"]
mod service;
#[path = "lab/telemetry.rs"]
mod telemetry;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use compose::Lab;
use engine::not_run;
use serde_json::{Value, json};

/// A flight that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(600);

/// Why it goes back.
const REASON: &str = "The release does not become ready";

/// A flight that was flown.
struct Flight {
    folder: PathBuf,
    output: PathBuf,
    exit: i32,
}

impl Flight {
    fn fly(lab: &Lab, running: &str, release: &str) -> Self {
        let runs = lab.base().join(format!("runs-{release}"));
        let output = lab.base().join(format!("output-{release}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.arg("run").arg(lab.root.join("runbooks/production-deployment.yaml")).args(["--plain", "--yes"]);
        command.arg("--answers").arg(answers(lab));
        command.arg("--runs").arg(&runs);
        for parameter in lab.parameters(running, release) {
            command.args(["-p", &parameter]);
        }
        let file = File::create(&output).unwrap();
        command.envs(lab.env()).stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        let exit = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            if begun.elapsed() > LIMIT {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("not done after {LIMIT:?}:\n{}", last(&output));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let folder = std::fs::read_dir(&runs).map(|mut all| all.next().unwrap().unwrap().path());
        let folder = folder.unwrap_or_else(|_| panic!("no run was made:\n{}", last(&output)));
        Self { folder, output, exit }
    }

    fn told(&self) -> String {
        last(&self.output)
    }

    fn record(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.folder.join("record.json")).unwrap()).unwrap()
    }
}

/// Those of the sandbox, and that it is meant.
fn answers(lab: &Lab) -> PathBuf {
    let path = lab.base().join("answers.yaml");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/answers-sandbox.yaml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let soon = (chrono::Utc::now() + chrono::TimeDelta::hours(20)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let back = format!(
        "rollback: {REASON}
announce_rollback: true
incident_ticket: https://tickets.example.com/OPS-5121
analysis_scheduled: {{ fields: {{ on: {soon}, led_by: dana }} }}
reason_documented: {{ fields: {{}} }}
root_cause: The release cannot open the root key
action_items: {{ fields: {{ actions: A test that starts with the production's unseal keys }} }}
debrief: {soon}
improvements: none
testing_gaps: none
"
    );
    std::fs::write(&path, format!("start: prod\n{text}{back}")).unwrap();
    path
}

fn last(output: &Path) -> String {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(60).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// A key that was made, a text, and what it was encrypted to.
struct Row {
    id: String,
    text: String,
    sealed: String,
}

/// Makes a key and encrypts a text, as a client of the system does.
fn write_row(lab: &Lab, text: &str) -> Result<Row, String> {
    let new = json!({ "name": text, "description": "", "algorithm": "A256GCM/A256KW", "versioning_allowed": true });
    let made: Value = serde_json::from_str(&lab.ask("elastickey", "application/json", &new.to_string())?).unwrap();
    let id = made["elastic_key_id"].as_str().unwrap().to_owned();
    let sealed = lab.ask(&format!("elastickey/{id}/encrypt"), "text/plain", text)?;
    Ok(Row { id, text: text.into(), sealed })
}

/// Writes rows while something happens; those that were acknowledged.
fn meanwhile<T>(lab: &Lab, name: &str, doing: impl FnOnce() -> T) -> (T, Vec<Row>) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut rows = vec![];
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                rows.extend(write_row(lab, &format!("{name} {n}")));
                std::thread::sleep(Duration::from_millis(200));
            }
            rows
        });
        let ended = Ends(&stop);
        let done = doing();
        drop(ended);
        (done, writer.join().unwrap())
    })
}

/// Stops the writer, also when what was done meanwhile has failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All rows are in the database, and every text opens.
fn all_there(lab: &Lab, rows: &[Row]) {
    let ids = lab.sql("select id from elastic_keys");
    for row in rows {
        assert!(ids.lines().any(|id| id == row.id), "{} is lost", row.text);
        let opened = lab.ask(&format!("elastickey/{}/decrypt", row.id), "text/plain", &row.sealed);
        assert_eq!(opened.as_deref(), Ok(row.text.as_str()));
    }
}

/// Two labs at once would be too much for a small machine.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_release_comes_up_and_a_bad_one_is_taken_back() {
    let _alone = alone();
    let lab = match Lab::start() {
        Ok(lab) => lab,
        Err(why) => return not_run("a_release_comes_up_and_a_bad_one_is_taken_back", &why),
    };
    lab.deploy("1.4.2");
    let mut rows: Vec<Row> = (0..8).map(|n| write_row(&lab, &format!("before {n}")).unwrap()).collect();
    all_there(&lab, &rows);

    lab.release("1.5.0", "none");
    let begun = Instant::now();
    let (flight, written) = meanwhile(&lab, "1.5.0", || Flight::fly(&lab, "1.4.2", "1.5.0"));
    eprintln!("1.4.2 to 1.5.0: {:?}, {} rows written meanwhile", begun.elapsed(), written.len());
    rows.extend(written);
    assert_eq!(flight.exit, 0, "{}", flight.told());
    assert_eq!(flight.record()["outcome"]["how"], "completed");
    all_there(&lab, &rows);
    assert_eq!(lab.running(), "1.5.0");

    // Alive, so that Compose takes it for healthy, but never ready.
    lab.release("1.6.0", "unready");
    let begun = Instant::now();
    let (flight, written) = meanwhile(&lab, "1.6.0", || Flight::fly(&lab, "1.5.0", "1.6.0"));
    rows.extend(written);
    assert_eq!(flight.exit, 4, "{}", flight.told());
    let record = flight.record();
    assert_eq!(record["outcome"]["how"], "rolled_back", "{}", record["outcome"]);
    let rollback = &record["went_back"];
    assert_eq!(rollback["reason"], REASON, "{rollback}");
    let rto = rollback["seconds"].as_f64().unwrap_or_else(|| panic!("not verified healthy: {rollback}"));
    eprintln!("1.6.0 and back: {:?}; from BEGIN to verified healthy: {rto:.1} s", begun.elapsed());
    assert!(rto < 300.0, "the recovery time objective is 5 minutes: {rto} s");
    assert_eq!(lab.running(), "1.5.0");
    all_there(&lab, &rows);
    // Nothing was written but what was acknowledged, and what the flights made themselves.
    let all: usize = lab.sql("select count(*) from elastic_keys").parse().unwrap();
    assert!((rows.len()..rows.len() + 12).contains(&all), "{all} rows, {} acknowledged", rows.len());

    let told: Vec<String> = lab.double.notices().into_iter().map(|(channel, _)| channel).collect();
    assert_eq!(told, ["team", "pager", "team", "team", "pager", "team", "pager"]);
    leaves_nothing(lab);
}

/// No process, folder, bridge or rule of the machine.
fn leaves_nothing(lab: Lab) {
    let (base, engine, bridge) = (lab.base(), lab.engine().root().to_owned(), lab.bridge().to_owned());
    let devices =
        || std::fs::read_dir("/sys/class/net").unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
    assert_eq!(devices().filter(|name| name.starts_with(&bridge)).count(), 2);
    drop(lab);
    for folder in [&base, &engine] {
        let left = compose::processes(folder);
        assert!(left.is_empty(), "processes {left:?} are left");
        assert!(!folder.exists(), "{} is left", folder.display());
    }
    let left: Vec<String> = devices().filter(|name| name.starts_with(&bridge)).collect();
    assert!(left.is_empty(), "{left:?} are left");
    let rules = Command::new("iptables").args(["--wait", "-S", "FORWARD"]).output();
    let rules = rules.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    assert!(!rules.contains(&bridge), "{rules}");
}
