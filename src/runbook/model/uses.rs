//! Every text, expression and name of a part with its place, for checks and messages.

use super::super::At;
use crate::expr::{Expr, Template};

/// One text or expression as it stands in the runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The key it stands under: `run`, `when`, `title`, `url`.
    pub key: &'static str,
    /// Where it begins.
    pub at: At,
    /// What stands there.
    pub of: UseOf,
    /// What it must be.
    pub want: Want,
}

/// A text, an expression or a name.
#[derive(Clone, Debug, PartialEq)]
pub enum UseOf {
    /// A text with `${{ }}`.
    Text(Template),
    /// A bare expression.
    Expr(Expr),
    /// A name that refers to something.
    Name(String),
}

/// What a text or an expression must be, and what it may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A text without secrets: a title, a command, a notice.
    Shown,
    /// A text that may hold secrets: a probe's address, a channel, an environment value.
    Hidden,
    /// A condition.
    Truth,
    /// A condition over the fields of the step's own look, command or answer.
    Expect,
    /// A value of the step's own look, command or answer.
    Field,
    /// What a `for_each` goes over.
    Items,
    /// What is waited for: a condition over probes.
    Until,
    /// What fires a trigger: a condition over samples.
    Trigger,
}
