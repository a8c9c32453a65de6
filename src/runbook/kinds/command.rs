//! Steps that act: a command or a script, and everything that says how dangerous it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CommandText, ProbeRef};
use crate::expr::{Expr, Template};

/// One command, no shell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The command's words.
    pub command: CommandText,
    /// How it acts.
    pub acting: Acting,
}

/// A shell script; nothing is filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// The script's text.
    pub text: String,
    /// The file that it was read from, as the runbook names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How it acts.
    pub acting: Acting,
}

/// What steps that act have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acting {
    /// It changes nothing in the world.
    pub reads_only: bool,
    /// It may be run again.
    pub idempotent: bool,
    /// Repeats on failure.
    pub retry: Option<Retry>,
    /// Asked before it starts.
    pub danger: Option<Danger>,
    /// After it, a rollback loses data: what, in words.
    pub point_of_no_return: Option<Template>,
    /// The probe that passes only if the step took effect.
    pub settle: Option<ProbeRef>,
    /// The output is not shown and not kept.
    pub hide_output: bool,
    /// A stream ends well when this holds.
    pub until: Option<Expr>,
}

/// Repeats of an idempotent command.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How often it is tried again.
    pub times: u32,
    /// Seconds between two tries.
    pub every: f64,
}

/// What is asked before a dangerous step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Danger {
    /// What is dangerous about it.
    pub text: Template,
    /// What the operator types to confirm; none: the target's name.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<Template>,
}

/// Which shell reads a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shell {
    /// `bash`, with `set -euo pipefail`.
    #[default]
    Bash,
    /// `sh`, with `set -eu`.
    Sh,
}

/// What phases, sections, groups and steps may set for what is below them; the nearest wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// Seconds until a step is stopped.
    pub timeout: Option<f64>,
    /// Folder that commands run in, from the root.
    pub cwd: Option<Template>,
    /// Environment of commands; merged, the nearest wins.
    pub env: BTreeMap<String, Template>,
    /// Shell of scripts.
    pub shell: Option<Shell>,
    /// Contact that answers for it.
    pub owner: Option<crate::words::Name>,
}
