//! Values taken out of what a step saw.

use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Template};

/// Where a captured value comes from, and how it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// The name it gets.
    pub name: crate::words::Name,
    /// It is a pin: written once, and what `undo` and `rollback` may use.
    pub pin: bool,
    /// Out of what.
    pub of: CaptureOf,
    /// A regex with one group, which is the value.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// A JSON pointer into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How the text is read.
    #[serde(rename = "as", default)]
    pub kind: CaptureType,
}

/// What a value is taken out of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureOf {
    /// A field of the look or command: `stdout`, `json.version`.
    Field(Expr),
    /// A text.
    Text(Template),
    /// The line `NAME=value` in the command's `$FLIGHTDECK_OUTPUT`, by the capture's name.
    Output,
}

/// How a captured text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureType {
    /// As it is: a field keeps its type, a text is a text.
    #[default]
    Plain,
    /// A text.
    Text,
    /// A number.
    Number,
    /// A percentage: `97.3%`, or `97.3`.
    Percent,
    /// A duration.
    Duration,
    /// A size.
    Size,
    /// A point in time.
    Time,
    /// `true` or `false`.
    Bool,
    /// A list: a line an item.
    List,
    /// JSON.
    Json,
    /// A version, to be compared part by part.
    Version,
    /// `go test -json`: counts of passed, failed and skipped tests.
    GoTest,
}
