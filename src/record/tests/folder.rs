//! A real run's folder, small.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::fixture::{at, ended, opened, plan, started};
use crate::engine::event::{Autopilot, Ended, Event, RunEnd, RunOpened};
use crate::engine::{Recorded, State};
use crate::journal::{Head, Journal, RunFolder};
use crate::record::load::sha256;
use crate::record::write_files;
use crate::words::{Actor, Outcome, Stamp, files};

pub const OUTPUT: &[u8] = b"applied\r\n\x1b[32mok\x1b[0m\r\n";
pub const SAMPLES: &[u8] = b"1000,ready,0.014,good\n";
const RUNBOOK: &[u8] = b"flightdeck: 1\ntitle: T\n";
const SHARED: &[u8] = b"parameters: {}\n";
const ANSWERS: &[u8] = b"{\"reviewed\":true}";

/// A folder whose run was flown with two attempts.
pub struct Flown {
    _runs: TempDir,
    pub dir: PathBuf,
    pub events: Vec<Recorded>,
}

/// Events of the run in a folder, with the hashes of its files.
fn events(plan_json: &[u8], program: &str) -> Vec<Recorded> {
    let run = RunOpened {
        manifest: BTreeMap::from([
            ("production.yaml".to_owned(), sha256(RUNBOOK)),
            ("../shared/common.yaml".to_owned(), sha256(SHARED)),
        ]),
        autopilot: Autopilot { yes: true, answers: Some(sha256(ANSWERS)) },
        ..opened()
    };
    let anna = "anna@ops1";
    let output = |attempt, outcome, took| Ended {
        output_bytes: OUTPUT.len() as u64,
        output_sha256: sha256(OUTPUT),
        last_lines: vec!["applied".into(), "ok".into()],
        ..ended("apply", attempt, outcome, took)
    };
    let host = Event::HostStarted { epoch: 1, pid: 7, boot: "b".into(), program: program.into() };
    let list = [
        (0.0, anna, Event::RunOpened(Box::new(run))),
        (0.1, anna, Event::PlanFixed { sha256: sha256(plan_json), items: 9 }),
        (0.2, "host", host),
        (1.0, anna, Event::RunBegun { operator: anna.into() }),
        (1.0, anna, Event::PhaseOpened { phase: 0 }),
        (2.0, anna, started("apply", 1, &["kubectl", "apply"], false)),
        (3.0, "host", Event::AttemptEnded(Box::new(output(1, Outcome::Failed, 1.0)))),
        (4.0, anna, started("apply", 2, &["kubectl", "apply", "-f", "x"], false)),
        (6.5, "host", Event::AttemptEnded(Box::new(output(2, Outcome::Passed, 2.5)))),
        (7.0, anna, started("rollout", 3, &["true"], false)),
        (7.1, "host", Event::AttemptEnded(Box::new(ended("rollout", 3, Outcome::Passed, 0.1)))),
        (
            8.0,
            "host",
            Event::SamplesSealed { file: "0001.csv".into(), sha256: sha256(SAMPLES), counts: BTreeMap::new() },
        ),
        (9.0, anna, Event::RunEnded { how: RunEnd::Early, failed: 0, deferred: 0, reason: Some("enough".into()) }),
    ];
    list.into_iter().zip(1..).map(|((seconds, by, event), seq)| at(seq, seconds, by, event)).collect()
}

/// Makes the folder, as host and keeper leave it behind.
pub fn flown() -> Flown {
    flown_by(concat!("flightdeck ", env!("CARGO_PKG_VERSION")))
}

/// Like [`flown`], by another version of the program.
pub fn flown_by(program: &str) -> Flown {
    let runs = tempfile::tempdir().unwrap();
    let opened_at = at(1, 0.0, "x", Event::RunContinued).stamp.at;
    let folder = RunFolder::create(runs.path(), opened_at, "T").unwrap();
    let plan_json = serde_json::to_vec(&plan()).unwrap();
    folder.make_dir("runbook/_up/shared").unwrap();
    let put = |name: &str, bytes: &[u8]| folder.write_atomic(name, bytes).unwrap();
    put(files::PLAN, &plan_json);
    put("runbook/production.yaml", RUNBOOK);
    put("runbook/_up/shared/common.yaml", SHARED);
    put(files::ANSWERS, ANSWERS);
    put("samples/0001.csv", SAMPLES);
    for attempt in [1, 2] {
        put(&format!("terminals/{attempt}.out"), OUTPUT);
        put(&format!("terminals/{attempt}.tim"), b"500000 9\n1000000 13\n");
    }
    let events = events(&plan_json, program);
    let mut journal = Journal::create(folder.path()).unwrap();
    let batch: Vec<(Stamp, Actor, &Event)> = events.iter().map(|e| (e.stamp, e.by.clone(), &e.event)).collect();
    journal.append_all(&batch).unwrap();
    let (seq, hash) = journal.head();
    Head { run: folder.id().clone(), seq, hash }.write(&folder).unwrap();
    let mut state = State::new(std::sync::Arc::new(plan()));
    events.iter().for_each(|recorded| state.apply(recorded));
    write_files(folder.path(), &state).unwrap();
    Flown { dir: folder.path().to_owned(), _runs: runs, events }
}

impl Flown {
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Replaces a text in a file; it must be there.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = read(&self.path(name));
        assert!(text.contains(from), "{name} holds no {from:?}:\n{text}");
        std::fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }
}

pub fn read(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}
