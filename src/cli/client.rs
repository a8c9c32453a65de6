//! Which client a run gets, and what the program ends with.

use std::io::IsTerminal;
use std::path::Path;

use super::{Exit, Stop, note, person, print, terminal};
use crate::engine::Event;
use crate::engine::event::RunEnd;
use crate::host::program;
use crate::link::{self, ClientLink, FromClient, FromHost, PROTO, Role};
use crate::tui::{self, Begin};
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
    /// What was confirmed before there was a host: it begins the flight.
    pub begin: Option<Begin>,
    /// The run is new to this terminal: everything that happened is said.
    pub history: bool,
}

impl Client {
    /// Connects to the run in `folder` and stays until the run ends or the client leaves.
    pub fn attach(&self, folder: &Path) -> Result<Exit, Stop> {
        let link = link::connect(folder).map_err(|e| Stop::left(e.to_string()))?;
        match self.mode {
            Mode::Screen => self.screens(link, folder),
            Mode::Plain | Mode::Json => self.lines(link),
        }
    }

    fn screens(&self, link: ClientLink, folder: &Path) -> Result<Exit, Stop> {
        let id = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let come_back = format!("flightdeck attach {id}");
        let options = tui::Options {
            who: self.who.clone(),
            role: self.role,
            ascii: terminal::is_ascii(),
            color: terminal::is_colored(),
            machine: person::machine(),
            come_back: come_back.clone(),
            begin: self.begin.clone(),
        };
        let left = || note(&format!("The run goes on. Return to it with: {come_back}"));
        match tui::run(link, options).map_err(|e| Stop::usage(e.to_string()))? {
            tui::Exit::Ended { how, failed } => {
                note(&format!("The record: flightdeck record show {id}"));
                Ok(ended(how, failed))
            }
            tui::Exit::Left => {
                left();
                Ok(Exit::Left)
            }
            tui::Exit::Interrupted => {
                left();
                Ok(Exit::Interrupted)
            }
            tui::Exit::HostGone(why) => Err(Stop::left(format!("{why}; `flightdeck resume {id}` goes on"))),
        }
    }

    fn lines(&self, link: ClientLink) -> Result<Exit, Stop> {
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
                            Ok(Event::RunEnded { how, failed, .. }) => return Ok(ended(how, failed)),
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

/// The exit code of a run that ended.
fn ended(how: RunEnd, failed: u32) -> Exit {
    match how {
        RunEnd::Completed if failed == 0 => Exit::Completed,
        RunEnd::Completed | RunEnd::Early => Exit::Failed,
        RunEnd::RolledBack => Exit::RolledBack,
    }
}
