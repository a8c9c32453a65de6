//! `schema`: the JSON Schema of runbooks.

use super::{Exit, Stop, print};
use crate::runbook::schema;

/// `flightdeck schema`.
pub fn main() -> Result<Exit, Stop> {
    let mut text = serde_json::to_string_pretty(&schema())
        .map_err(|e| Stop::disk(format!("the schema cannot be written as JSON: {e}")))?;
    text.push('\n');
    print(&text)?;
    Ok(Exit::Completed)
}
