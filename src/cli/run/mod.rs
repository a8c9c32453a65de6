//! `run`: fly a runbook.

mod answers;
mod open;
mod values;

use super::args::RunArgs;
use super::book::Book;
use super::client::{self, Mode};
use super::{Exit, Stop};

/// `flightdeck run`.
pub fn main(args: &RunArgs) -> Result<Exit, Stop> {
    let book = Book::open(&args.runbook)?;
    let mode = Mode::of(&args.fly);
    let opened = open::open(&book, args, mode)?;
    client::attach(&opened, mode)
}
