//! The record for other programs: Markdown, JSON, a recording of the terminals.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;

use super::load::{RecordError, Run, load};
use crate::engine::Attempt;
use crate::engine::event::Resolved;
use crate::terminal::cast::{self, CastError, Header};
use crate::words::files;
use crate::words::shell_words;

/// Size of the recording: the journal does not hold that of the operator's terminal.
const SIZE: (u16, u16) = (120, 36);
/// Microseconds between the end of one attempt's recording and the next one's start; waiting is cut to this.
const BETWEEN: u64 = 1_000_000;

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The record as Markdown.
    Md,
    /// The record as JSON.
    Json,
    /// The terminals as an asciicast, version 2.
    Cast,
}

/// Writes a run's record to `to`. A cast holds the output of `attempt`, or that of all attempts one after the other,
/// each under its command; what was waited between them is cut to a second.
///
/// # Errors
///
/// The run cannot be read, has no such attempt or no output, or `to` cannot be written.
pub fn export(run_dir: &Path, format: Format, attempt: Option<u32>, to: &mut dyn Write) -> Result<(), RecordError> {
    let run = load(run_dir)?;
    let failed = RecordError::io("write", Path::new("the export"));
    match format {
        Format::Md => to.write_all(super::markdown(&run).as_bytes()).map_err(failed),
        Format::Json => to.write_all(super::json(&run).as_bytes()).map_err(failed),
        Format::Cast => recording(run_dir, &run, attempt, to),
    }
}

fn recording(run_dir: &Path, run: &Run, number: Option<u32>, to: &mut dyn Write) -> Result<(), RecordError> {
    let terminals = run_dir.join(files::TERMINALS);
    let mut attempts: Vec<&Attempt> = run.state.items.iter().flat_map(|item| &item.attempts).collect();
    attempts.sort_by_key(|attempt| attempt.number);
    attempts.retain(|attempt| number.is_none_or(|number| attempt.number == number));
    if attempts.is_empty() {
        return Err(RecordError::Missing(match number {
            Some(number) => format!("the run has no attempt {number}; `record show` lists them"),
            None => "nothing was started in this run: there is no recording".to_owned(),
        }));
    }
    attempts.retain(|attempt| terminals.join(files::out(attempt.number)).is_file());
    let Some(first) = attempts.first() else {
        return Err(RecordError::Missing("there is no output to export".to_owned()));
    };
    let timestamp = Some(first.started.at.timestamp());
    let title = Some(match number {
        Some(_) => command(first),
        None => run.state.plan.title.clone(),
    });
    let mut tape = Tape::default();
    let mut out: Box<dyn Read> = Box::new(std::io::empty());
    for attempt in &attempts {
        let banner = format!("\x1b[0m\r\n$ {}\r\n", crate::terminal::sanitize_line(&command(attempt))).into_bytes();
        let path = terminals.join(files::out(attempt.number));
        let file = File::open(&path).map_err(RecordError::io("read", &path))?;
        let length = file.metadata().map_err(RecordError::io("read", &path))?.len();
        tape.banner(banner.len() as u64);
        tape.attempt(&terminals.join(files::tim(attempt.number)), length)?;
        out = Box::new(out.chain(Cursor::new(banner)).chain(BufReader::new(file).take(length)));
    }
    let header = Header { width: SIZE.0, height: SIZE.1, timestamp, title };
    cast::export(out, Cursor::new(tape.text), &header, to).map_err(|error| match error {
        CastError::Io(source) => RecordError::io("export", &terminals)(source),
        CastError::Timing { .. } => RecordError::Missing(error.to_string()),
    })
}

fn command(attempt: &Attempt) -> String {
    match &attempt.what.what {
        Resolved::Argv(words) => shell_words(words),
        Resolved::Script { shell, text } => format!("{shell}: {}", text.lines().next().unwrap_or_default()),
        Resolved::Notice { .. } | Resolved::Watching => String::new(),
    }
}

/// The timing of several attempts as one.
#[derive(Default)]
struct Tape {
    text: String,
    /// The last chunk's time, µs.
    now: u64,
    begun: bool,
}

impl Tape {
    fn chunk(&mut self, bytes: u64) {
        if bytes > 0 {
            self.text.push_str(&format!("{} {bytes}\n", self.now));
        }
    }

    fn banner(&mut self, bytes: u64) {
        if std::mem::replace(&mut self.begun, true) {
            self.now += BETWEEN;
        }
        self.chunk(bytes);
    }

    /// Adds one attempt's chunks; exactly `length` bytes, whatever a crash left of its timing.
    fn attempt(&mut self, tim: &Path, length: u64) -> Result<(), RecordError> {
        let text = match std::fs::read_to_string(tim) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(RecordError::io("read", tim)(error)),
        };
        let (start, mut left) = (self.now, length);
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let chunk =
                line.split_once(' ').and_then(|(micros, bytes)| Some((micros.parse().ok()?, bytes.parse().ok()?)));
            let Some((micros, bytes)) = chunk else {
                return Err(RecordError::Missing(format!("{} is damaged: `{line}`", tim.display())));
            };
            let (micros, bytes): (u64, u64) = (micros, bytes);
            self.now = self.now.max(start.saturating_add(micros));
            let bytes = bytes.min(left);
            self.chunk(bytes);
            left -= bytes;
        }
        self.chunk(left);
        Ok(())
    }
}
