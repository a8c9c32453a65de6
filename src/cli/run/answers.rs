//! The answers file: what an unattended run answers where it may not decide.

use crate::engine::Answers;

/// Answers as the run keeps them.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// By item id.
    pub answers: Answers,
}
