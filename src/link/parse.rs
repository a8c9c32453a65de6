//! The journal line as a client reads it: the host has checked its chain, so only what is said matters here.

use serde::Deserialize;

use crate::engine::{Event, Recorded};
use crate::words::{Actor, Stamp};

/// Why a line was not understood.
#[derive(Debug, thiserror::Error)]
#[error("a line of the journal was not understood ({0}); a newer program may have written it")]
pub struct ParseError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Line {
    v: u64,
    seq: u64,
    at: chrono::DateTime<chrono::Utc>,
    up: u64,
    by: Actor,
    ev: Event,
}

/// Reads one journal line, with or without its newline. `prev` and `hash` are not looked at.
///
/// # Errors
/// It is no line of this format, or of an event that this program does not know.
pub fn parse(line: &str) -> Result<Recorded, ParseError> {
    let line: Line = serde_json::from_str(line.trim_end())?;
    if line.v != 1 {
        return Err(ParseError(serde::de::Error::custom(format!("format {} is not known", line.v))));
    }
    Ok(Recorded { seq: line.seq, stamp: Stamp { at: line.at, up: line.up }, by: line.by, event: line.ev })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_a_newer_one_refused() {
        let line = r#"{"v":1,"seq":2,"at":"2026-11-24T09:02:12.100007Z","up":1099586,"by":"anna@ops1","ev":{"note_added":{"text":"café"}},"prev":"00","hash":"71"}"#;
        let read = parse(line).unwrap();
        assert_eq!((read.seq, read.stamp.up, read.by.name()), (2, 1_099_586, "anna"));
        assert!(matches!(read.event, Event::NoteAdded { text, .. } if text == "café"));
        assert!(parse(&line.replace("\"v\":1", "\"v\":2")).unwrap_err().to_string().contains("format 2"));
        assert!(parse(&line.replace("note_added", "something_new")).is_err());
    }
}
