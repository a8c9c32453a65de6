//! Which client a run gets, and what the program ends with.

use std::io::IsTerminal;
use std::path::Path;

use super::{Exit, Stop, note, person, prompt, terminal};
use crate::engine::event::RunEnd;
use crate::journal::runs_dir;
use crate::link::{self, ClientLink, Role};
use crate::plain;
use crate::tui::start::Session;
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
    /// Connects to the run in `folder` and stays until the run ends or the client leaves. `session`: the terminal, when
    /// the screens before the run have it.
    pub fn attach(&self, folder: &Path, session: Option<Session>) -> Result<Exit, Stop> {
        let link = link::connect(folder).map_err(|e| Stop::left(e.to_string()))?;
        match self.mode {
            Mode::Screen => self.screens(link, folder, session),
            Mode::Plain | Mode::Json => self.lines(link, folder),
        }
    }

    fn screens(&self, link: ClientLink, folder: &Path, session: Option<Session>) -> Result<Exit, Stop> {
        let id = Self::name_of(folder);
        let come_back = format!("flightdeck attach {id}");
        let options = tui::Options {
            who: self.who.clone(),
            role: self.role,
            ascii: terminal::is_ascii(),
            color: terminal::is_colored(),
            machine: person::machine(),
            come_back: come_back.clone(),
            go_on: format!("flightdeck resume {id}"),
            begin: self.begin.clone(),
        };
        let left = || note(&format!("The run goes on. Return to it with: {come_back}"));
        match tui::run_on(session.map(Session::hand_over), link, options).map_err(|e| Stop::usage(e.to_string()))? {
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

    fn lines(&self, link: ClientLink, folder: &Path) -> Result<Exit, Stop> {
        let json = self.mode == Mode::Json;
        let options = plain::Options {
            interactive: !json && self.role == Role::Operator && prompt::can_ask(),
            json,
            ascii: terminal::is_ascii(),
            color: !json && terminal::is_colored(),
            history: self.history,
            begin: self.begin.clone().map(|b| plain::Begin { target: b.target, accepted: b.accepted }),
            folder: Some(folder.to_owned()),
            ..plain::Options::standard(self.who.clone(), self.role)
        };
        let exit = plain::run(link, options).map_err(|e| Stop::disk(format!("the run is not shown any more: {e}")))?;
        Ok(match exit {
            plain::Exit::Completed => Exit::Completed,
            plain::Exit::Failed(_) | plain::Exit::Early => Exit::Failed,
            plain::Exit::RolledBack => Exit::RolledBack,
            plain::Exit::PersonNeeded(_) => Exit::Person,
            plain::Exit::Storage(_) => Exit::Disk,
            plain::Exit::Left | plain::Exit::HostGone(_) => Exit::Left,
            plain::Exit::Interrupted => Exit::Interrupted,
        })
    }

    /// What `attach` needs to find this run again: its name, or its folder when it is kept elsewhere.
    fn name_of(folder: &Path) -> String {
        let usual = runs_dir(None).ok();
        match folder.file_name() {
            Some(name) if usual.is_some() && folder.parent() == usual.as_deref() => name.to_string_lossy().into_owned(),
            _ => crate::words::shell_words(&[folder.display().to_string()]),
        }
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
