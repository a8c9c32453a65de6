//! The benchmark behind `run`, which says what is measured and how. It is no test: `cargo test` leaves it alone.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a table is what it is for

mod flight;
mod volume;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A goal of the product, and what was measured.
struct Row {
    /// What.
    what: &'static str,
    /// The most that is allowed, in `unit`.
    limit: f64,
    /// What was measured, in `unit`.
    measured: f64,
    unit: &'static str,
    /// What stands behind the figure.
    how: String,
}

impl Row {
    fn is_met(&self) -> bool {
        self.measured <= self.limit
    }
}

/// The command line.
struct Wanted {
    parts: Vec<String>,
    rounds: usize,
}

const PARTS: [&str; 4] = ["steps", "memory", "load", "verify"];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says `--bench` when it is asked to measure; without it somebody only wants all targets to run.
    if !words.iter().any(|w| w == "--bench") {
        println!("not measured: run tests/bench/run");
        return ExitCode::SUCCESS;
    }
    words.retain(|w| w != "--bench");
    match wanted(words).and_then(|wanted| measure(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("not measured: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn wanted(words: Vec<String>) -> Result<Wanted> {
    let mut wanted = Wanted { parts: vec![], rounds: 7 };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => {
                wanted.rounds = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0).context("--rounds N")?;
            }
            part if PARTS.contains(&part) => wanted.parts.push(word),
            other => bail!("`{other}`? one of {}, --rounds N", PARTS.join(", ")),
        }
    }
    if wanted.parts.is_empty() {
        wanted.parts = PARTS.map(str::to_owned).to_vec();
    }
    Ok(wanted)
}

fn measure(wanted: &Wanted) -> Result<bool> {
    let place = std::env::var_os("BENCH_TMP").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::Builder::new().prefix("flightdeck-bench-").tempdir_in(&place)?;
    let mut rows = vec![];
    for part in &wanted.parts {
        rows.push(match part.as_str() {
            "steps" => flight::steps(folder.path(), wanted.rounds)?,
            "memory" => flight::memory(folder.path(), wanted.rounds.min(3))?,
            "load" => volume::load(wanted.rounds)?,
            _ => volume::verify(folder.path(), wanted.rounds.min(3))?,
        });
    }
    println!("| goal | at most | measured | | how |\n|---|---|---|---|---|");
    for row in &rows {
        let Row { what, limit, measured, unit, how } = row;
        let verdict = if row.is_met() { "PASS" } else { "**over**" };
        println!("| {what} | {limit} {unit} | {measured:.2} {unit} | {verdict} | {how} |");
    }
    Ok(rows.iter().all(Row::is_met))
}

/// The middle one, in seconds.
fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
}

/// `median (fastest-slowest) ms`.
fn spread(times: &[Duration]) -> String {
    let ms = |d: Option<&Duration>| d.map_or(f64::NAN, |d| d.as_secs_f64() * 1e3);
    format!("{:.0} ({:.0}-{:.0}) ms", median(times) * 1e3, ms(times.iter().min()), ms(times.iter().max()))
}
