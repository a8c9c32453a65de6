//! The flightdeck binary: who it is called as, then the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    flightdeck::cli::main(std::env::args_os())
}
