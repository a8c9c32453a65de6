//! Proving a run's folder: the chain, and every file that an event holds the hash of.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::load::{RecordError, Run, plan};
use crate::engine::Recorded;
use crate::engine::event::{Ended, Event};
use crate::journal::{Digest, HeadCheck, Place};
use crate::words::{Outcome, files};

/// Journals up to so many events are folded again to compare the record's files; longer ones would fill the memory.
const MOST_COMPARED: usize = 200_000;

/// Something that is not as the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the run's folder.
    pub file: String,
    /// What is wrong with it, in words.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

/// What a run's folder proved to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Events whose hash and place in the chain were proven.
    pub events: u64,
    /// The last proven event's hash.
    pub hash: Digest,
    /// Files whose hash was compared with what an event says.
    pub files: u64,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What a reader should know and what is no fault.
    pub notes: Vec<String>,
}

impl VerifyReport {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, file: impl Into<String>, what: impl Into<String>) {
        self.faults.push(Fault { file: file.into(), what: what.into() });
    }

    /// Compares a file with the sha256 that an event says.
    fn compare(&mut self, dir: &Path, file: String, wanted: &str, says: &str) {
        match hash(&dir.join(&file)) {
            Ok(Some((_, found))) if found == wanted => self.files += 1,
            Ok(Some((_, found))) => {
                self.files += 1;
                self.fault(file, format!("it was changed: its sha256 is {found}, {says} {wanted}"));
            }
            Ok(None) => self.fault(file, format!("it is missing; {says} {wanted}")),
            Err(error) => self.fault(file, format!("it cannot be read: {error}")),
        }
    }
}

/// Proves the journal of the run in `run_dir`, its head, and every file whose hash stands in it: plan, runbook,
/// answers, output of attempts, sealed samples; and that the record's files are what the journal gives. All faults are
/// in the report.
///
/// # Errors
///
/// There is no journal, or the disk refuses to read it.
pub fn verify(run_dir: &Path) -> Result<VerifyReport, RecordError> {
    let mut report = VerifyReport::default();
    chain(run_dir, &mut report)?;
    let mut said = Said::default();
    let mut hashes = vec![];
    let mut lines = vec![];
    let journal = crate::journal::read_each::<Event>(run_dir, |line| {
        said.take(&line.ev);
        if hashes.len() < MOST_COMPARED {
            hashes.push(line.hash);
            lines.push(Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev });
        } else {
            lines = Vec::new();
        }
    })?;
    if let Some(newer) = &journal.newer {
        let what =
            format!("{} events are of a newer flightdeck ({}): what they say was not checked", newer.count, newer.why);
        report.fault(newer.place.file, format!("line {}: {what}", newer.place.line));
    }
    files_of(run_dir, &said, &mut report);
    if lines.is_empty() && !hashes.is_empty() {
        report.notes.push(format!("more than {MOST_COMPARED} events: record.md and record.json were not compared"));
    } else if report.faults.is_empty() {
        records(run_dir, &said, &lines, &hashes, &mut report);
    }
    if run_dir.join(files::JOURNAL_TORN).exists() {
        report.notes.push(format!("{} holds what a cut-off write left behind; it never counted", files::JOURNAL_TORN));
    }
    Ok(report)
}

fn chain(run_dir: &Path, report: &mut VerifyReport) -> Result<(), RecordError> {
    let proven = crate::journal::verify(run_dir)?;
    (report.events, report.hash) = (proven.events, proven.hash);
    if let Some((Place { file, line }, flaw)) = &proven.first_bad {
        let torn = if proven.torn { "; a write was cut off there, `flightdeck resume` sets it aside" } else { "" };
        report.fault(*file, format!("line {line}: {flaw}{torn}"));
    }
    if proven.superseded > 0 {
        report.notes.push(format!(
            "{}: {} bytes behind a failed sync do not count; {} goes on",
            files::JOURNAL,
            proven.superseded,
            files::JOURNAL_2
        ));
    }
    match proven.head {
        HeadCheck::None => report.notes.push("no head file yet: a tail that was cut off would not be seen".to_owned()),
        HeadCheck::Agrees { .. } => report.files += 1,
        HeadCheck::TailMissing { seq } => {
            report.fault(
                files::HEAD,
                format!("it names event {seq}, which the journal does not have: its tail was cut off"),
            );
        }
        HeadCheck::Differs { seq } => {
            report.fault(files::HEAD, format!("event {seq} has another hash there: the journal was written anew"));
        }
        HeadCheck::Foreign => report.fault(files::HEAD, "it is no head of this run"),
    }
    Ok(())
}

/// What events say about files.
#[derive(Default)]
struct Said {
    manifest: BTreeMap<String, String>,
    answers: Option<String>,
    plan: Option<String>,
    attempts: BTreeMap<u32, Ended>,
    sealed: BTreeMap<String, String>,
    /// The program of the newest host.
    program: String,
}

impl Said {
    fn take(&mut self, event: &Event) {
        match event {
            Event::RunOpened(opened) => {
                self.manifest.clone_from(&opened.manifest);
                self.answers.clone_from(&opened.autopilot.answers);
            }
            Event::PlanFixed { sha256, .. } => self.plan = Some(sha256.clone()),
            Event::HostStarted { program, .. } => self.program.clone_from(program),
            Event::AttemptEnded(ended) => {
                self.attempts.insert(ended.attempt, (**ended).clone());
            }
            Event::SamplesSealed { file, sha256, .. } => {
                self.sealed.insert(file.clone(), sha256.clone());
            }
            _ => {}
        }
    }
}

fn files_of(run_dir: &Path, said: &Said, report: &mut VerifyReport) {
    for (name, sha256) in &said.manifest {
        let file = Path::new(files::RUNBOOK_DIR).join(files::kept(name)).display().to_string();
        report.compare(run_dir, file, sha256, "the run was opened with");
    }
    if let Some(sha256) = &said.answers {
        report.compare(run_dir, files::ANSWERS.to_owned(), sha256, "the run was opened with");
    }
    match &said.plan {
        Some(sha256) => report.compare(run_dir, files::PLAN.to_owned(), sha256, "the journal fixed"),
        None => report.notes.push("no plan was fixed".to_owned()),
    }
    for (attempt, ended) in &said.attempts {
        output(run_dir, *attempt, ended, report);
    }
    samples(run_dir, &said.sealed, report);
}

fn output(run_dir: &Path, attempt: u32, ended: &Ended, report: &mut VerifyReport) {
    let file = format!("{}/{}", files::TERMINALS, files::out(attempt));
    let says = format!("attempt {attempt} ended with");
    if ended.output_bytes == 0 && ended.output_sha256.is_empty() {
        // Of an unknown or never started attempt the journal knows no output.
        let known = !matches!(ended.outcome, Some(Outcome::Unknown | Outcome::NotStarted));
        match hash(&run_dir.join(&file)) {
            Ok(Some((bytes, _))) if bytes > 0 && known => {
                report.fault(file, format!("it has {bytes} bytes; {says} no output"));
            }
            _ => {}
        }
        return;
    }
    match hash(&run_dir.join(&file)) {
        Ok(Some((bytes, _))) if bytes != ended.output_bytes => {
            report.files += 1;
            report.fault(file, format!("it was changed: it has {bytes} bytes, {says} {}", ended.output_bytes));
        }
        _ => report.compare(run_dir, file, &ended.output_sha256, &says),
    }
}

fn samples(run_dir: &Path, sealed: &BTreeMap<String, String>, report: &mut VerifyReport) {
    let rolled = rolled(&run_dir.join(files::SAMPLES));
    let mut minutes = 0;
    for (file, sha256) in sealed {
        let number = file.strip_suffix(".csv").and_then(|number| number.parse::<u32>().ok());
        let gone = !run_dir.join(files::SAMPLES).join(file).exists();
        if gone && number.is_some_and(|number| rolled.iter().any(|(first, last)| (*first..=*last).contains(&number))) {
            minutes += 1;
            continue;
        }
        report.compare(run_dir, format!("{}/{file}", files::SAMPLES), sha256, "it was sealed with");
    }
    if minutes > 0 {
        report
            .notes
            .push(format!("{minutes} sealed files of samples were rolled to minutes: their hashes cannot be compared"));
    }
}

/// Segments that files of minutes (`NNNN-MMMM.min.csv`) stand for.
fn rolled(samples: &Path) -> Vec<(u32, u32)> {
    let names =
        std::fs::read_dir(samples).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let (first, last) = name.strip_suffix(".min.csv")?.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect()
}

/// A record's file, how it is made, and how it says up to which event it goes.
type Kind = (&'static str, fn(&Run) -> String, fn(&str) -> Option<u64>);

/// Compares `record.md` and `record.json` with what the journal gave when they were written. They are a projection, so
/// a difference is a fault only when this version of the program wrote them.
fn records(run_dir: &Path, said: &Said, lines: &[Recorded], hashes: &[Digest], report: &mut VerifyReport) {
    let Some(Ok(plan)) = said.plan.as_ref().map(|sha256| plan(run_dir, sha256)) else { return };
    let plan = std::sync::Arc::new(plan);
    let ours = concat!("flightdeck ", env!("CARGO_PKG_VERSION"));
    let kinds: [Kind; 2] =
        [(files::RECORD_MD, super::markdown, seq_of_markdown), (files::RECORD_JSON, super::json, seq_of_json)];
    for (file, render, seq_of) in kinds {
        let text = match std::fs::read_to_string(run_dir.join(file)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                report.fault(file, format!("it cannot be read: {error}"));
                continue;
            }
        };
        report.files += 1;
        // Numbers begin at 1 and have no gaps: that was proven.
        let until =
            seq_of(&text).and_then(|seq| usize::try_from(seq).ok()).filter(|seq| (1..=lines.len()).contains(seq));
        let same = until.is_some_and(|until| {
            let head = (until as u64, hashes[until - 1]);
            render(&Run::fold(std::sync::Arc::clone(&plan), lines[..until].to_vec(), head, vec![])) == text
        });
        match (same, said.program == ours) {
            (true, _) => {}
            (false, true) => {
                report.fault(file, "it was changed: the journal gives another record (`record export` writes it)")
            }
            (false, false) => report.notes.push(format!(
                "{file} is not what this version ({ours}) makes of the journal; {} wrote it",
                said.program
            )),
        }
    }
}

/// The last event's number in a record's own words.
fn seq_of_markdown(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(", up to event ")?;
    rest.split_once(' ')?.0.parse().ok()
}

fn seq_of_json(text: &str) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    json["chain"]["seq"].as_u64()
}

/// Length and sha256 of a file; none when it is not there.
fn hash(path: &Path) -> io::Result<Option<(u64, String)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some((length, Digest::from(hasher).to_string()))),
            count => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}
