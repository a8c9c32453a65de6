//! The command line, a file a subcommand.
//!
//! [`main`] is the whole program: it answers for a simulated command when it is called by the name of one, serves a run's
//! host, keeper or world when it is called with a hidden subcommand, and else does what the command line says. Everything
//! that another room must not know (which surroundings a run has, where runbooks come from, who the operator is) is put
//! together here and handed over as data.

mod args;
mod attach;
mod book;
mod client;
mod completions;
mod embedded;
mod exit;
mod hidden;
mod lint;
mod other_version;
mod person;
mod plan;
mod probe;
mod prompt;
mod record;
mod resume;
mod run;
mod runs;
mod schema;
mod start;
mod terminal;
mod train;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
pub use exit::{Exit, Stop};

/// The program: from its arguments to its exit code.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    if let Some(code) = hidden::main(&args) {
        return code;
    }
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and is no error; a closed pipe is nobody's loss.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Completed }.into();
        }
    };
    match carry_out(args) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            say_error(&stop);
            stop.exit.into()
        }
    }
}

fn carry_out(args: Args) -> Result<Exit, Stop> {
    match args.command {
        Some(Command::Run(args)) => run::main(&args),
        Some(Command::Train(args)) => train::main(&args),
        Some(Command::Attach(args)) => attach::main(&args),
        Some(Command::Resume(args)) => resume::main(&args),
        Some(Command::Runs(args)) => runs::main(&args),
        Some(Command::Lint(args)) => lint::main(&args),
        Some(Command::Plan(args)) => plan::main(&args),
        Some(Command::Probe(args)) => probe::main(&args),
        Some(Command::Record(args)) => record::main(&args),
        Some(Command::Schema) => schema::main(),
        Some(Command::Completions(args)) => completions::main(&args),
        None => start::main(args.runs.as_deref()),
    }
}

/// Tells what went wrong on stderr.
fn say_error(stop: &Stop) {
    use std::io::Write;
    let mut stderr = std::io::stderr();
    // Nobody is left to be told when stderr is closed.
    let _ = writeln!(stderr, "{}{stop}", if stop.is_bare() { "" } else { "flightdeck: " });
}

/// A line for the person at the terminal, beside what stdout is for.
fn note(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes what the command was asked for to stdout. A closed pipe (`| head`) ends it quietly.
fn print(text: &str) -> Result<(), Stop> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stop::disk(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
