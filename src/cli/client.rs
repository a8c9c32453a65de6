//! Which client a run gets, and what the program ends with.

use std::io::IsTerminal;
use std::path::Path;

use super::{Exit, Stop, print};
use crate::engine::Event;
use crate::engine::event::RunEnd;
use crate::host::program;
use crate::link::{self, FromClient, FromHost, PROTO, Role};
use crate::words::Actor;

/// How the run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Screens.
    Screen,
    /// Lines.
    Plain,
    /// The journal's lines.
    Json,
}

impl Mode {
    /// What the command line asks for; without a terminal it is lines.
    pub fn of(plain: bool, json: bool) -> Self {
        match (json, plain || !std::io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Plain,
            (false, false) => Self::Screen,
        }
    }
}

/// A client to be.
#[derive(Clone, Debug)]
pub struct Client {
    /// How the run is shown.
    pub mode: Mode,
    /// Who sits here.
    pub who: Actor,
    /// What they may do.
    pub role: Role,
    /// The run is new to this terminal: everything that happened is said.
    pub history: bool,
}

impl Client {
    /// Connects to the run in `folder` and stays until the run ends or the client leaves.
    pub fn attach(&self, folder: &Path) -> Result<Exit, Stop> {
        let link = link::connect(folder).map_err(|e| Stop::left(e.to_string()))?;
        let hello = FromClient::Hello {
            proto: PROTO,
            program: program(),
            events_from: 1,
            role: self.role,
            name: self.who.clone(),
        };
        let gone = || Stop::left("the host is gone: `flightdeck resume` goes on");
        link.to_host.send(hello).map_err(|_| gone())?;
        for message in &link.from_host {
            match message {
                FromHost::Events { lines } => {
                    for line in lines {
                        if self.mode == Mode::Json {
                            print(&format!("{line}\n"))?;
                        } else {
                            print(&format!("{line:.200}\n"))?;
                        }
                        match link::parse(&line).map(|r| r.event) {
                            Ok(Event::RunEnded { how: RunEnd::Completed, failed: 0, .. }) => return Ok(Exit::Completed),
                            Ok(Event::RunEnded { .. }) => return Ok(Exit::Failed),
                            Ok(Event::PersonNeeded { .. }) => return Ok(Exit::Person),
                            _ => {}
                        }
                    }
                }
                FromHost::Bye { .. } => break,
                _ => {}
            }
        }
        Err(gone())
    }
}
