//! Whole flights: the built program against the floor, and what its three processes keep in memory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use flightdeck::journal;

use super::{Row, median, spread};

const STEPS: u64 = 200;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);
/// How long host and keeper may take to be gone after the client.
const PATIENCE: Duration = Duration::from_secs(20);

/// 200 steps beside the floor, taken in turn.
pub fn steps(folder: &Path, rounds: usize) -> Result<Row> {
    let floor = std::env::var_os("FLOOR").context("the floor was not built: use tests/bench/run")?;
    let book = book(folder)?;
    let (mut ours, mut floors) = (vec![], vec![]);
    for round in 0..rounds {
        let start = Instant::now();
        let status = Command::new(&floor).arg(STEPS.to_string()).arg(folder.join("floor.journal")).status()?;
        floors.push(start.elapsed());
        ensure!(status.success(), "the floor ended with {status}");
        let mut flight = Flight::begin(folder, &format!("steps{round}"), &book)?;
        ours.push(flight.wait()?);
        flight.settle(|_| {})?;
        flight.prove()?;
    }
    Ok(Row {
        what: "200 steps of `true`",
        limit: 1.3,
        measured: median(&ours) / median(&floors),
        unit: "x the floor",
        how: format!("medians of {rounds} runs in turn: {}, floor {}", spread(&ours), spread(&floors)),
    })
}

/// The highest sum of Pss of the three processes of a flight.
pub fn memory(folder: &Path, rounds: usize) -> Result<Row> {
    let book = book(folder)?;
    let mut most = [0; 4];
    let mut looks = 0;
    for round in 0..rounds {
        let mut flight = Flight::begin(folder, &format!("memory{round}"), &book)?;
        let mut look = |pids: [Option<u32>; 3]| {
            let [client, host, keeper] = pids.map(|pid| pid.and_then(pss).unwrap_or(0));
            looks += 1;
            if client + host + keeper > most[0] {
                most = [client + host + keeper, client, host, keeper];
            }
        };
        while flight.client.try_wait()?.is_none() {
            look(flight.processes());
            std::thread::sleep(LOOK);
        }
        flight.settle(look)?;
        flight.prove()?;
    }
    let [sum, client, host, keeper] = most.map(|kib| kib as f64 / 1024.0);
    Ok(Row {
        what: "memory of that flight",
        limit: 40.0,
        measured: sum,
        unit: "MiB",
        how: format!(
            "Pss: client {client:.1}, host {host:.1}, keeper {keeper:.1}; highest of {looks} looks in {rounds} runs"
        ),
    })
}

fn book(folder: &Path) -> Result<PathBuf> {
    let mut text = "flightdeck: 1\ntitle: Bench\nsteps:\n".to_owned();
    for i in 0..STEPS {
        text.push_str(&format!("  - {{ title: Step {i}, run: \"true\", timeout: 1m }}\n"));
    }
    let path = folder.join("book200.yaml");
    fs::write(&path, text)?;
    Ok(path)
}

/// A flight in a folder of its own.
struct Flight {
    client: Child,
    start: Instant,
    runs: PathBuf,
    host: Option<u32>,
    keeper: Option<u32>,
}

impl Flight {
    fn begin(folder: &Path, name: &str, book: &Path) -> Result<Self> {
        let runs = folder.join(name);
        fs::create_dir(&runs)?;
        let errors = File::create(runs.with_extension("stderr"))?;
        let start = Instant::now();
        let client = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
            .arg("run")
            .arg(book)
            .args(["--plain", "--yes", "--runs"])
            .arg(&runs)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()?;
        Ok(Self { client, start, runs, host: None, keeper: None })
    }

    /// Until the client ends; how long it took.
    fn wait(&mut self) -> Result<Duration> {
        let status = self.client.wait()?;
        let took = self.start.elapsed();
        let said = fs::read_to_string(self.runs.with_extension("stderr")).unwrap_or_default();
        ensure!(status.success(), "flightdeck ended with {status}: {said}");
        Ok(took)
    }

    /// Client, host and keeper, as far as they are there.
    fn processes(&mut self) -> [Option<u32>; 3] {
        if self.keeper.is_none() {
            let runs = self.runs.display().to_string();
            for (pid, parent, words) in ours(&runs) {
                match words.get(1).map(String::as_str) {
                    Some("__host") if parent == self.client.id() => self.host = Some(pid),
                    Some("__keeper") if self.host == Some(parent) => self.keeper = Some(pid),
                    _ => {}
                }
            }
        }
        [Some(self.client.id()), self.host, self.keeper]
    }

    /// Until host and keeper are gone too, so that they disturb nobody who comes after.
    fn settle(&mut self, mut look: impl FnMut([Option<u32>; 3])) -> Result<()> {
        self.wait()?;
        let until = Instant::now() + PATIENCE;
        let runs = self.runs.display().to_string();
        while !ours(&runs).is_empty() {
            ensure!(Instant::now() < until, "host or keeper is still there after {PATIENCE:?}");
            look([None, self.host, self.keeper]);
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// The flight was whole: a sound journal with a start and an end of every step.
    fn prove(&self) -> Result<()> {
        let Some(run) = fs::read_dir(&self.runs)?.flatten().map(|e| e.path()).find(|p| p.is_dir()) else {
            bail!("no run was left in {}", self.runs.display());
        };
        let report = journal::verify(&run)?;
        let text = fs::read_to_string(run.join("journal.jsonl"))?;
        let count = |kind: &str| text.matches(&format!("\"ev\":{{\"{kind}\":")).count() as u64;
        let counts = (count("attempt_started"), count("attempt_ended"));
        ensure!(report.first_bad.is_none() && counts == (STEPS, STEPS), "not the flight that was meant: {counts:?}");
        Ok(())
    }
}

/// Processes whose command line ends in a path below `runs`: pid, parent, words.
fn ours(runs: &str) -> Vec<(u32, u32, Vec<String>)> {
    let Ok(all) = fs::read_dir("/proc") else { return vec![] };
    let mut found: Vec<_> = all
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let words: Vec<String> = line
                .split(|b| *b == 0)
                .filter(|w| !w.is_empty())
                .map(|w| String::from_utf8_lossy(w).into_owned())
                .collect();
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            words.last()?.starts_with(runs).then_some((pid, parent, words))
        })
        .collect();
    found.sort();
    found
}

/// Proportional set size, KiB.
fn pss(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
}
