//! Where something stands in the runbook's files.

use serde::{Deserialize, Serialize};

/// A place in one of the runbook's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At {
    /// Index of the file in [`Sources`](super::Sources); 0 is the runbook itself.
    pub file: u16,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset from the file's start.
    pub offset: u32,
}
