//! `record`: show, prove and export what is kept of a run.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::args::{ExportRecord, Format, OneRecord, RecordArgs, RecordCommand};
use super::runs::find_run;
use super::{Exit, Stop, print};
use crate::record::{self, RecordError, VerifyReport};
use crate::terminal::sanitize_line;

/// `flightdeck record`.
pub fn main(args: &RecordArgs) -> Result<Exit, Stop> {
    match &args.command {
        RecordCommand::Show(which) => export(which, None),
        RecordCommand::Export(ExportRecord { which, output }) => export(which, output.as_deref()),
        RecordCommand::Verify { run, runs } => verify(run, runs.as_deref()),
    }
}

fn export(which: &OneRecord, output: Option<&Path>) -> Result<Exit, Stop> {
    let entry = find_run(which.runs.as_deref(), Some(&which.run))?;
    if which.attempt.is_some() && which.format != Format::Cast {
        return Err(Stop::usage("--attempt is for --format cast: a record is of the whole run"));
    }
    let format = match which.format {
        Format::Md => record::Format::Md,
        Format::Json => record::Format::Json,
        Format::Cast => record::Format::Cast,
    };
    let mut to: Box<dyn Write> = match output {
        None => Box::new(io::stdout().lock()),
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            Box::new(file.map_err(|e| Stop::usage(format!("{} cannot be made: {e}", path.display())))?)
        }
    };
    let mut to = BufWriter::new(&mut to);
    let written = record::export(&entry.path, format, which.attempt, &mut to)
        .and_then(|()| to.flush().map_err(|source| RecordError::Io { doing: "write", path: "the export".into(), source }));
    match written {
        // A reader that has seen enough (`| head`) is no fault.
        Err(RecordError::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => Ok(Exit::Completed),
        Err(RecordError::Missing(what)) => Err(Stop::usage(format!("{}: {what}", entry.id))),
        Err(error) => Err(Stop::disk(format!("{}: {error}", entry.id))),
        Ok(()) => Ok(Exit::Completed),
    }
}

fn verify(run: &str, runs: Option<&Path>) -> Result<Exit, Stop> {
    let entry = find_run(runs, Some(run))?;
    let report = record::verify(&entry.path).map_err(|e| Stop::disk(format!("{}: {e}", entry.id)))?;
    print(&told(&entry.id.0, &report))?;
    Ok(if report.is_sound() { Exit::Completed } else { Exit::Failed })
}

fn told(id: &str, report: &VerifyReport) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        let _ = writeln!(text, "FAULT  {}", sanitize_line(&fault.to_string()));
    }
    for note in &report.notes {
        let _ = writeln!(text, "note   {}", sanitize_line(note));
    }
    let verdict = if report.is_sound() { "sound" } else { "NOT SOUND" };
    let _ = writeln!(
        text,
        "{id}: {verdict}; {} events in the chain, {} files compared, head {}",
        report.events, report.files, report.hash
    );
    text
}
