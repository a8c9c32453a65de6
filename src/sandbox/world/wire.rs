//! What a simulated command and the world say to each other: JSON, one object a line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A simulated command as it was called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The command's name: `docker`.
    pub name: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Folder that it was started in.
    pub cwd: PathBuf,
    /// The few variables that simulated commands read.
    pub env: BTreeMap<String, String>,
    /// Whether its stderr is a terminal, where progress may be redrawn.
    pub terminal: bool,
}

/// First line on a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hello {
    /// A simulated command.
    Call(Call),
    /// The host holds the world for as long as the connection stands.
    Hold,
    /// The world shall end.
    End,
}

/// What the world sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// The host's hold was noted, or the command begins.
    Held,
    /// Text for stdout.
    Out(String),
    /// Text for stderr.
    Err(String),
    /// A file that the command writes, relative to its folder.
    File {
        /// Path.
        path: PathBuf,
        /// Contents.
        text: String,
    },
    /// The command ends with this exit code.
    Exit(i32),
}
