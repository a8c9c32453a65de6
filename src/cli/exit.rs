//! Exit codes, and why a command stopped.

use std::process::ExitCode;

/// What the program ends with. The numbers are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: completed, or done what was asked.
    Completed,
    /// 1: the run ended with failed items or early; `record verify` found a fault.
    Failed,
    /// 2: the command line or the runbook is wrong; nothing was started.
    Usage,
    /// 3: a person is needed here: an answer, an approval, a target that another run holds.
    Person,
    /// 4: the run was rolled back.
    RolledBack,
    /// 5: the journal or the disk.
    Disk,
    /// 6: left from the terminal, or the host died: the run goes on or can be resumed.
    Left,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Person => 3,
            Self::RolledBack => 4,
            Self::Disk => 5,
            Self::Left => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not go on: what happened, where, what to do next; and the code to end with.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Stop {
    /// What the program ends with.
    pub exit: Exit,
    text: String,
    bare: bool,
}

impl Stop {
    /// The command line or a runbook is wrong.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into(), bare: false }
    }

    /// A person is needed.
    pub fn person(text: impl Into<String>) -> Self {
        Self { exit: Exit::Person, ..Self::usage(text) }
    }

    /// The journal, a run's folder or the disk.
    pub fn disk(text: impl Into<String>) -> Self {
        Self { exit: Exit::Disk, ..Self::usage(text) }
    }

    /// The run goes on without this client.
    pub fn left(text: impl Into<String>) -> Self {
        Self { exit: Exit::Left, ..Self::usage(text) }
    }

    /// Problems that name their own place, as a compiler says them.
    pub fn problems(text: impl Into<String>) -> Self {
        Self { bare: true, ..Self::usage(text) }
    }

    /// It needs no program's name before it.
    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_public_ones() {
        let all = [
            (Exit::Completed, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::Person, 3),
            (Exit::RolledBack, 4),
            (Exit::Disk, 5),
            (Exit::Left, 6),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
