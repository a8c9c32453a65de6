//! The shipped runbook on a real Kubernetes: a release that comes up, and one that does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/balancer.rs"]
mod balancer;
#[path = "lab/cluster.rs"]
mod cluster;
#[path = "lab/database.rs"]
mod database;
#[path = "lab/kube.rs"]
mod kube;
#[path = "lab/node.rs"]
mod node;
#[path = "lab/service.rs"]
mod service;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cluster::Lab;
use kube::not_run;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A flight that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(900);

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
        let file = File::create(&output).unwrap();
        let mut command = lab.flight(running, release, &answers(lab), &runs);
        let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
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

impl Drop for Flight {
    /// A flight that stopped for a person leaves its host there, parked: it is ended, and ends its keeper.
    fn drop(&mut self) {
        let name = self.folder.display().to_string();
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let pid = process.file_name().to_str().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
            if let (true, Some(pid)) = (String::from_utf8_lossy(&words).contains(&name), pid) {
                // It may have gone already.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
    }
}

/// Those of the sandbox, what is different on a real cluster without a metrics server, and what a rollback asks.
fn answers(lab: &Lab) -> PathBuf {
    let path = lab.base().join("answers.yaml");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/answers-sandbox.yaml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let tomorrow =
        (chrono::Utc::now() + chrono::TimeDelta::hours(20)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let more = format!(
        "start: cryptoutil-prod
pod_cpu_low: {{ skip: The lab has no metrics server }}
pod_memory_low: {{ skip: The lab has no metrics server }}
pod_memory_stable: {{ skip: The lab has no metrics server }}
rollback: It failed unattended
announce_rollback: true
incident_ticket: https://tickets.example.com/INC-7
analysis_scheduled: {{ fields: {{ on: \"{tomorrow}\", led_by: dana }} }}
reason_documented: {{ fields: {{ reason: It did not become ready }} }}
root_cause: Fewer than 3 of 5 keys open the root key
action_items: {{ fields: {{ actions: Unseal in staging first }} }}
debrief: \"{tomorrow}\"
improvements: None
testing_gaps: None
"
    );
    std::fs::write(&path, format!("{text}\n{more}")).unwrap();
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

/// Writes rows while something happens; those that were acknowledged, and how many were not.
fn meanwhile<T>(lab: &Lab, name: &str, doing: impl FnOnce() -> T) -> (T, Vec<Row>, usize) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut rows, mut refused) = (vec![], 0);
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                match write_row(lab, &format!("{name} {n}")) {
                    Ok(row) => rows.push(row),
                    Err(_) => refused += 1,
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            (rows, refused)
        });
        let ended = Ends(&stop);
        let done = doing();
        drop(ended);
        let (rows, refused) = writer.join().unwrap();
        (done, rows, refused)
    })
}

/// Stops the writer, also when what was done meanwhile has failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All rows are in the database, and their texts open: of many, some from all over.
fn all_there(lab: &Lab, rows: &[Row]) {
    let ids = lab.database.psql("select id from elastic_keys");
    for row in rows {
        assert!(ids.lines().any(|id| id == row.id), "{} is lost", row.text);
    }
    for row in rows.iter().step_by(rows.len() / 50 + 1).chain(rows.last()) {
        let opened = lab.ask(&format!("elastickey/{}/decrypt", row.id), "text/plain", &row.sealed);
        assert_eq!(opened.as_deref(), Ok(row.text.as_str()));
    }
}

#[test]
fn a_release_comes_up_and_a_bad_one_is_taken_back() {
    let lab = match Lab::start() {
        Ok(lab) => lab,
        Err(why) => return not_run("a_release_comes_up_and_a_bad_one_is_taken_back", &why),
    };
    lab.cluster.until("the first row is written", |_| write_row(&lab, "first").ok());
    let mut rows: Vec<Row> = (0..8).map(|n| write_row(&lab, &format!("before {n}")).unwrap()).collect();
    all_there(&lab, &rows);

    lab.release("1.5.0", "none");
    let begun = Instant::now();
    let (flight, written, refused) = meanwhile(&lab, "1.5.0", || Flight::fly(&lab, "1.4.2", "1.5.0"));
    let took = begun.elapsed();
    eprintln!("1.4.2 to 1.5.0: {took:?}; meanwhile {} rows were written and {refused} refused", written.len());
    rows.extend(written);
    assert_eq!(flight.exit, 0, "{}", flight.told());
    assert_eq!(flight.record()["outcome"]["how"], "completed");
    assert_eq!(lab.running(), ["docker.io/lab/kms:1.5.0"; 2]);
    all_there(&lab, &rows);

    // The next one never unseals: its pods run and are not ready. The runbook's own rollback brings back what ran.
    lab.release("1.6.0", "unready");
    let begun = Instant::now();
    let (flight, written, refused) = meanwhile(&lab, "1.6.0", || Flight::fly(&lab, "1.5.0", "1.6.0"));
    let took = begun.elapsed();
    let record = flight.record();
    assert_eq!(record["outcome"]["how"], "rolled_back", "{}", flight.told());
    let back = &record["went_back"];
    let seconds = back["seconds"].as_f64().unwrap_or_else(|| panic!("{back}"));
    eprintln!(
        "1.5.0 to 1.6.0 and back: {took:?}, healthy {seconds:.1} s after the decision (exit {}); meanwhile {} rows were \
         written and {refused} refused",
        flight.exit,
        written.len()
    );
    assert!(seconds < back["rto"].as_f64().unwrap(), "{back}");
    assert!(!written.is_empty());
    rows.extend(written);
    assert_eq!(lab.running(), ["docker.io/lab/kms:1.5.0"; 2]);
    all_there(&lab, &rows);
    lab.leaves_nothing();
}
