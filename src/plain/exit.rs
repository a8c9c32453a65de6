//! How a client ended.

use crate::engine::State;
use crate::engine::event::RunEnd;

/// How a client ended; [`Exit::code`] is the program's exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The run is completed, nothing failed.
    Completed,
    /// The run ended with so many failed items.
    Failed(u32),
    /// The run was ended early.
    Early,
    /// The run was rolled back.
    RolledBack,
    /// A person is needed, in words, and nobody here can answer.
    PersonNeeded(String),
    /// The journal or the disk, in words.
    Storage(String),
    /// The client left; the run goes on.
    Left,
    /// The host is gone or speaks another protocol, in words.
    HostGone(String),
    /// Interrupted twice; the run is paused and goes on.
    Interrupted,
}

impl Exit {
    /// The exit code that the command line promises.
    pub fn code(&self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Failed(_) | Self::Early => 1,
            Self::PersonNeeded(_) => 3,
            Self::RolledBack => 4,
            Self::Storage(_) => 5,
            Self::Left | Self::HostGone(_) => 6,
            Self::Interrupted => 130,
        }
    }

    /// How the run ended; none while it goes on.
    pub fn of_run(state: &State) -> Option<Self> {
        let ended = state.ended.as_ref()?;
        Some(match ended.how {
            RunEnd::Completed if ended.failed == 0 => Self::Completed,
            RunEnd::Completed => Self::Failed(ended.failed),
            RunEnd::Early => Self::Early,
            RunEnd::RolledBack => Self::RolledBack,
        })
    }
}
