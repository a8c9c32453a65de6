//! Large inputs: a runbook of 10,000 steps, a journal of 1,000,000 events.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use flightdeck::engine::Event;
use flightdeck::engine::event::{Ended, Resolved, Started};
use flightdeck::journal::{self, Journal};
use flightdeck::runbook::{Memory, load_from};
use flightdeck::words::{Actor, ItemId, Outcome, Stamp};

use super::{Row, median, spread};

const STEPS: usize = 10_000;
const EVENTS: u64 = 1_000_000;
/// Events that are made and appended at once.
const BATCH: u64 = 10_000;

/// A runbook from its bytes to a checked model.
pub fn load(rounds: usize) -> Result<Row> {
    let mut text = String::from(
        "flightdeck: 1\ntitle: Ten thousand\nparameters: { p: { one_of: [a, b] } }\ndefaults: { timeout: 10m }\nsteps:\n",
    );
    for i in 0..STEPS {
        write!(
            text,
            "  - title: Step number {i}\n    run: \"true ${{{{ p }}}}\"\n    when: p == 'a'\n    timeout: 5s\n"
        )?;
    }
    let files = Memory { files: [("book.yaml".to_owned(), text.into_bytes())].into() };
    let mut times = vec![];
    for _ in 0..rounds {
        let start = Instant::now();
        let loaded = load_from(&files, "book.yaml")
            .map_err(|p| anyhow!("it does not load: {}", p.first().map(ToString::to_string).unwrap_or_default()))?;
        times.push(start.elapsed());
        let steps: usize = loaded.runbook.phases.iter().flat_map(|p| &p.sections).map(|s| s.steps.len()).sum();
        ensure!(steps == STEPS, "{steps} steps were read");
    }
    Ok(Row {
        what: "load 10,000 steps",
        limit: 100.0,
        measured: median(&times) * 1e3,
        unit: "ms",
        how: format!("read and checked, median of {rounds}: {}", spread(&times)),
    })
}

/// A journal, every line of it proven.
pub fn verify(folder: &Path, rounds: usize) -> Result<Row> {
    let dir = folder.join("million");
    std::fs::create_dir(&dir)?;
    let mut journal = Journal::create(&dir)?;
    let by = Actor("anna@ops1".into());
    for batch in 0..EVENTS / BATCH {
        let events: Vec<Event> = (batch * BATCH..(batch + 1) * BATCH).map(event).collect();
        let lines: Vec<(Stamp, Actor, &Event)> =
            (batch * BATCH..).zip(&events).map(|(n, event)| (stamp(n), by.clone(), event)).collect();
        journal.append_all(&lines)?;
    }
    drop(journal);
    let bytes = std::fs::metadata(dir.join("journal.jsonl"))?.len();
    let (mut times, mut reads) = (vec![], vec![]);
    for _ in 0..rounds {
        let start = Instant::now();
        let report = journal::verify(&dir)?;
        times.push(start.elapsed());
        ensure!(report.first_bad.is_none() && report.events == EVENTS, "{} events were proven", report.events);
        let start = Instant::now();
        let mut ended = 0;
        journal::read_each::<Event>(&dir, |line| ended += u64::from(matches!(line.ev, Event::AttemptEnded(_))))?;
        reads.push(start.elapsed());
        ensure!(ended == EVENTS / 3, "{ended} ends were read");
    }
    Ok(Row {
        what: "verify 1,000,000 events",
        limit: 3.0,
        measured: median(&times),
        unit: "s",
        how: format!(
            "{} MB, median of {rounds}: {}; proven and parsed {}",
            bytes / 1_000_000,
            spread(&times),
            spread(&reads)
        ),
    })
}

fn stamp(n: u64) -> Stamp {
    let up = n * 40_000;
    Stamp { at: chrono::DateTime::UNIX_EPOCH + Duration::from_micros(1_795_000_000_000_000 + up), up }
}

/// The events of steps, one after the other: opened, started, ended.
fn event(n: u64) -> Event {
    let item = ItemId(format!("apply_the_manifests_{}", n / 3));
    let attempt = (n / 3) as u32 + 1;
    match n % 3 {
        0 => Event::ItemOpened { item },
        1 => Event::AttemptStarted(Box::new(Started {
            item,
            attempt,
            what: Resolved::Argv(
                ["kubectl", "apply", "-f", "deploy/production", "--server-side"].map(str::to_owned).into(),
            ),
            cwd: String::new(),
            env: Default::default(),
            capture_stdout: false,
            timeout: Some(60.0),
            changes: true,
            digest: "9b4f1b84c1d2e3f49b4f1b84c1d2e3f49b4f1b84c1d2e3f49b4f1b84c1d2e3f4".into(),
            edited: false,
            from_file: false,
        })),
        _ => Event::AttemptEnded(Box::new(Ended {
            item,
            attempt,
            outcome: Some(Outcome::Passed),
            exit: Some(0),
            output_bytes: 42,
            output_sha256: "71b266a205c1d2e371b266a205c1d2e371b266a205c1d2e371b266a205c1d2e3".into(),
            last_lines: vec!["deployment.apps/kms serverside-applied".into()],
            took: 38_000,
            ..Ended::default()
        })),
    }
}
