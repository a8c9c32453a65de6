//! The command line as clap reads it: names, options, help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

use crate::expr::{As, parse_value};
use crate::words::Value;

const CODES: &str = "\
Exit codes:
    0  completed
    1  ended with failed items, or ended early; `record verify` found a fault
    2  the command line or the runbook is wrong; nothing was started
    3  a person is needed here
    4  rolled back
    5  the journal or the disk
    6  left from the terminal: the run goes on (`flightdeck attach` returns to it)
  130  interrupted";

/// Flies you through a production deployment the way an electronic checklist flies a crew through a departure.
///
/// A runbook in YAML says what is done; flightdeck senses what it can, runs what you start, asks for what only you know,
/// and keeps a record. Without a subcommand it shows what there is to fly: `flightdeck train first-flight` touches
/// nothing real and is the place to begin.
#[derive(Debug, Parser)]
#[command(name = "flightdeck", version, max_term_width = 100, after_help = CODES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Folder of runs, for the start screen.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fly a runbook.
    #[command(after_help = "Examples:
  flightdeck run runbooks/production-deployment.yaml
  flightdeck run deploy.yaml -p release=1.5.0 --params prod.yaml
  flightdeck run deploy.yaml --plain                       lines instead of screens
  flightdeck run deploy.yaml --yes --answers answers.yaml  unattended; stops with 3 where a person is needed
  flightdeck run deploy.yaml --sandbox --speed 10          the same against a simulated system

A value for a parameter comes from -p, else the last --params file that has it, else the runbook's `from`, else its
default; the form before the start shows them all. `q`, a closed window or a lost ssh leave the run and its command
going: `flightdeck attach` returns to it.")]
    Run(RunArgs),
    /// Fly a training scenario in a simulated world; without a name, list them.
    #[command(after_help = "Examples:
  flightdeck train                          what there is
  flightdeck train first-flight             12 minutes, the place to begin
  flightdeck train first-flight --speed 10  waits and intervals ten times as fast

Nothing real is touched: the system, its commands and the second person are played by the program, and everything it
needs is in the binary.")]
    Train(TrainArgs),
    /// Return to a run that goes on: to the same line, with the command's screen.
    #[command(
        after_help = "RUN is any part of the run's name that only one has (`flightdeck runs` lists them), or the path of its
folder; without it, the newest run that is alive, else the only one that is parked: a parked run goes on when you return.
When somebody else has control you are told who, and they are asked; --observe looks on and changes nothing."
    )]
    Attach(AttachArgs),
    /// Go on with a run whose host has died or left; when it is alive, the same as attach.
    #[command(
        after_help = "A command that still runs is adopted; one that ended meanwhile is known by its file; what nobody knows is
shown as unknown, and is never started again by itself. Secrets are read again from where they came from, or asked for."
    )]
    Resume(ResumeArgs),
    /// List runs: flying, paused, parked, crashed, ended; those of other accounts on this machine too.
    Runs(RunsArgs),
    /// Check runbooks: all errors and warnings at once, with their places. Executes nothing.
    #[command(after_help = "Exit code 2 when a runbook has errors; warnings alone are 0.")]
    Lint(LintArgs),
    /// Show what a runbook would do with these parameters: every item, its command, what is off and why. Executes nothing.
    #[command(after_help = "Examples:
  flightdeck plan deploy.yaml -p release=1.5.0
  flightdeck plan deploy.yaml --json | jq '.items[] | select(.on == false) | .id'
  flightdeck plan --rollback 2026-11-24T09     the rollback of that run, as plain commands")]
    Plan(PlanArgs),
    /// Look at http(s) addresses again and again: state, latency, failures, the worst first. Needs no runbook.
    #[command(after_help = "Examples:
  flightdeck probe https://shop.example/health https://pay.example/health
  flightdeck probe --every 1s --ca ca.pem --file urls.txt
  flightdeck probe --plain --for 5m URL          what changes, a line each; 0 when all are ok at the end, else 1
  flightdeck probe --json URL | jq -c 'select(.look != \"good\")'

Every look is a new connection with a full, verified handshake, as in a run. An answer other than status 200 is bad.
A file of addresses has one a line; empty lines and lines that begin with # are left out.

Exit codes: 0 left with q, or --for is over and the last look at each was good; 1 --for is over and one was not;
2 the command line is wrong; 130 interrupted.")]
    Probe(ProbeArgs),
    /// Print the JSON Schema of runbooks, for editors.
    #[command(after_help = "Save it as flightdeck.schema.json and name it in a runbook's first line:
  # yaml-language-server: $schema=flightdeck.schema.json")]
    Schema,
    /// Show, verify or export the record of a run.
    Record(RecordArgs),
    /// Print a shell's completions: bash, zsh, fish, elvish, powershell.
    #[command(
        after_help = "For example: flightdeck completions bash > ~/.local/share/bash-completion/completions/flightdeck"
    )]
    Completions(CompletionsArgs),
}

/// `probe`.
#[derive(Clone, Debug, Default, Group)]
pub struct ProbeArgs {
    /// Addresses, or a file of them.
    #[arg(value_name = "URL", required_unless_present = "files")]
    pub urls: Vec<String>,
    /// A file of addresses, one a line; may be given more than once.
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How often each is looked at.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span)]
    pub every: Duration,
    /// How long a look may take.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = span)]
    pub timeout: Duration,
    /// End by itself after this time.
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub over: Option<Duration>,
    /// PEM file of the only CA to trust, instead of the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Keep connections open between looks: cheaper, but it no longer sees whether new ones are taken.
    #[arg(long)]
    pub keep_alive: bool,
    /// What changes, a line each. The default without a terminal.
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
    /// Every look as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// `lint`.
#[derive(Clone, Debug, Default, Group)]
pub struct LintArgs {
    /// The runbooks' files.
    #[arg(value_name = "RUNBOOK", required = true)]
    pub runbooks: Vec<PathBuf>,
}

/// `plan`.
#[derive(Clone, Debug, Default, Group)]
pub struct PlanArgs {
    /// The runbook's file.
    #[arg(value_name = "RUNBOOK", required_unless_present = "rollback", conflicts_with = "rollback")]
    pub runbook: Option<PathBuf>,
    /// The resolved rollback of a run, as plain commands.
    #[arg(long, value_name = "RUN")]
    pub rollback: Option<String>,
    /// Set a parameter of the runbook; may be given more than once.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// A YAML file of parameters, name to value; may be given more than once, the later one wins.
    #[arg(long = "params", value_name = "FILE")]
    pub param_files: Vec<PathBuf>,
    /// All of it, as JSON.
    #[arg(long, conflicts_with = "rollback")]
    pub json: bool,
    /// Folder of runs, instead of flightdeck/runs in your state folder.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// `record`.
#[derive(Clone, Debug, Group)]
pub struct RecordArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: RecordCommand,
}

/// The record's subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum RecordCommand {
    /// Show the record of a run.
    Show(OneRecord),
    /// Prove a run's journal: its chain, and every hash in it. Exit code 1 when something does not fit.
    Verify {
        /// Any part of the run's name that only one has, or the path of its folder.
        #[arg(value_name = "RUN")]
        run: String,
        /// Folder of runs, instead of flightdeck/runs in your state folder.
        #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
        runs: Option<PathBuf>,
    },
    /// Write the record of a run to stdout or a file, also the terminals as an asciicast.
    Export(ExportRecord),
}

/// Which record.
#[derive(Clone, Debug, Group)]
pub struct OneRecord {
    /// Any part of the run's name that only one has, or the path of its folder.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// How it is written.
    #[arg(long, value_enum, default_value = "md")]
    pub format: Format,
    /// Of a cast: only this attempt, as the record numbers them.
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Folder of runs, instead of flightdeck/runs in your state folder.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// What to export.
#[derive(Clone, Debug, Group)]
pub struct ExportRecord {
    /// Which.
    #[command(flatten)]
    pub which: OneRecord,
    /// The file to write, which must not exist; stdout without it.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Markdown, for people.
    Md,
    /// JSON, for programs.
    Json,
    /// The commands' terminals, as an asciicast (version 2).
    Cast,
}

/// `completions`.
#[derive(Clone, Debug, Group)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Which run, and how it is shown.
#[derive(Clone, Debug, Default, Group)]
pub struct WhichRun {
    /// Any part of the run's name that only one has; without it, the newest alive.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Lines instead of screens. The default without a terminal.
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
    /// The journal's lines on stdout, as they are written.
    #[arg(long)]
    pub json: bool,
    /// Folder of runs, instead of flightdeck/runs in your state folder.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// `attach`.
#[derive(Clone, Debug, Default, Group)]
pub struct AttachArgs {
    /// Which.
    #[command(flatten)]
    pub which: WhichRun,
    /// Look on; change nothing.
    #[arg(long)]
    pub observe: bool,
}

/// `resume`.
#[derive(Clone, Debug, Default, Group)]
pub struct ResumeArgs {
    /// Which.
    #[command(flatten)]
    pub which: WhichRun,
}

/// `runs`.
#[derive(Clone, Debug, Default, Group)]
pub struct RunsArgs {
    /// Everything that is known of them, as JSON.
    #[arg(long)]
    pub json: bool,
    /// Folder of runs, instead of flightdeck/runs in your state folder.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// `train`.
#[derive(Clone, Debug, Default, Group)]
pub struct TrainArgs {
    /// The scenario's name.
    pub scenario: Option<String>,
    /// How.
    #[command(flatten)]
    pub fly: FlyArgs,
}

/// How a run is flown; `run` and `train` have it in common.
#[derive(Clone, Debug, Default, Group)]
pub struct FlyArgs {
    /// Set a parameter of the runbook; may be given more than once.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// A YAML file of parameters, name to value; may be given more than once, the later one wins.
    #[arg(long = "params", value_name = "FILE")]
    pub param_files: Vec<PathBuf>,
    /// Lines instead of screens: for logs, dumb terminals and screen readers. The default without a terminal.
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
    /// The journal's lines on stdout, as they are written.
    #[arg(long)]
    pub json: bool,
    /// A YAML file of answers, item id to answer, for a flight without a person.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Start commands and tick boxes by itself. Never answers what asks for evidence, a danger, an approval, an
    /// override or a limitation: at these it stops with exit code 3.
    #[arg(long)]
    pub yes: bool,
    /// How much faster than real time a simulated run goes.
    #[arg(long, value_name = "N", value_parser = speed)]
    pub speed: Option<f64>,
    /// Folder of runs, instead of flightdeck/runs in your state folder.
    #[arg(long, value_name = "DIR", env = "FLIGHTDECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// `run`.
#[derive(Clone, Debug, Default, Group)]
pub struct RunArgs {
    /// The runbook's file.
    #[arg(value_name = "RUNBOOK")]
    pub runbook: PathBuf,
    /// How.
    #[command(flatten)]
    pub fly: FlyArgs,
    /// Against a simulated system: nothing leaves this machine. SCENARIO is one of `flightdeck train`.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true)]
    pub sandbox: Option<Option<String>>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}

/// A duration as runbooks write it, from 20 ms to a day.
fn span(text: &str) -> Result<Duration, String> {
    match parse_value(text, As::Duration)? {
        Value::Duration(seconds) if (0.02..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("from 20ms to 24h".into()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(speed) if speed.is_finite() && (0.1..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.1 to 1000".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
