//! The run's process: the only writer of its journal. It decides, appends, applies, carries out effects, publishes,
//! and reconciles samplers, timers and conditions to what the engine wants.

mod announce;
mod clients;
mod clock;
mod command;
mod confine;
mod control;
mod core;
mod disk;
mod effects;
mod environment;
mod eyes;
mod fresh;
mod guard;
mod hands;
mod input;
mod launch;
mod lease;
mod leave;
mod notices;
mod open;
mod refused;
mod resume;
mod secrets;
mod serve;
mod settings;
mod shown;
mod take;
mod telemetry;
mod typing;
mod world;

pub use hands::KEEPER;
pub use launch::{HOST, LaunchError, launch, launch_as};
pub use open::serve;
pub use settings::{Announce, Settings};
pub use world::{Outside, Question, Verdict, World};

/// Program and version, as the journal names it.
pub fn program() -> String {
    format!("flightdeck {}", env!("CARGO_PKG_VERSION"))
}

/// A line in the host's log, which is its stderr.
fn log(text: &str) {
    use std::io::Write;
    // Nobody is left to be told when the log is full.
    let _ = writeln!(std::io::stderr(), "{} {text}", chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ"));
}
