//! `completions`: what a shell completes.

use clap::CommandFactory;

use super::args::{Args, CompletionsArgs};
use super::{Exit, Stop, print};

/// `flightdeck completions`.
pub fn main(args: &CompletionsArgs) -> Result<Exit, Stop> {
    let mut text = vec![];
    clap_complete::generate(args.shell, &mut Args::command(), "flightdeck", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Completed)
}
