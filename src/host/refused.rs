//! Why a host did not start, as it tells the client that started it.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::journal::{ReadError, StorageError};

/// Why not: one line of JSON on the host's stdout, where a host that started says `ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}")]
pub(super) struct Refused {
    /// In words.
    pub why: String,
    /// It is the journal, the run's folder or the disk under them.
    pub disk: bool,
}

impl Refused {
    /// The journal, the run's folder or the disk.
    pub fn disk(why: impl Display) -> Self {
        Self { why: why.to_string(), disk: true }
    }

    /// As the line that is said. Line ends would end it.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| error.to_string())
    }

    /// What a host said that is not ready.
    pub fn parse(line: &str) -> Self {
        serde_json::from_str(line).unwrap_or_else(|_| line.to_owned().into())
    }
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, disk: false }
    }
}

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::disk(error)
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::disk(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        for refused in [Refused::disk("a\nb"), "parameter `x`: git failed".into()] {
            assert!(!refused.line().contains('\n'));
            assert_eq!(Refused::parse(&refused.line()), refused);
        }
        assert_eq!(Refused::parse("thread panicked"), "thread panicked".into());
    }
}
