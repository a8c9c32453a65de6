//! Export of an output as an asciicast (version 2), for players of terminal recordings.
//!
//! Format: <https://docs.asciinema.org/manual/asciicast/v2/>: a header line, then `[seconds, "o", text]` a line. It is
//! JSON text, so bytes that are no UTF-8 become U+FFFD; the `N.out` file stays the record.

use std::io::{self, BufRead, Read, Write};

use super::utf8::unfinished;

/// Bytes put into one event at most.
const EVENT_BYTES: usize = 64 * 1024;

/// What the header line says.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Header {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Start in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// What was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// Reading the output or its timing, or writing the cast.
    #[error("exporting the recording: {0}")]
    Io(#[from] io::Error),
    /// The timing file has a line that is not `microseconds bytes`.
    #[error("the timing file is damaged at line {line}; the output itself is still readable as text")]
    Timing {
        /// From 1.
        line: usize,
    },
}

/// Writes the asciicast of an output (`N.out`) with its timing (`N.tim`: a line `microseconds bytes` a chunk, the time
/// since the start).
///
/// A crash may leave one file longer than the other: chunks without output end the cast, output without timing is put
/// at the last time known, and a torn last line of the timing counts as not written.
///
/// # Errors
/// See [`CastError`].
pub fn export(mut out: impl Read, mut tim: impl BufRead, header: &Header, mut to: impl Write) -> Result<(), CastError> {
    let mut head = serde_json::Map::new();
    head.insert("version".into(), 2.into());
    if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(header) {
        head.extend(fields);
    }
    writeln!(to, "{}", serde_json::Value::Object(head))?;

    let mut events = Events { to, partial: Vec::new(), micros: 0 };
    let mut line = String::new();
    let mut number = 0;
    loop {
        line.clear();
        if tim.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            break;
        }
        number += 1;
        let (micros, bytes) = line
            .trim_end()
            .split_once(' ')
            .and_then(|(micros, bytes)| Some((micros.parse::<u64>().ok()?, bytes.parse::<u64>().ok()?)))
            .ok_or(CastError::Timing { line: number })?;
        events.micros = events.micros.max(micros);
        if events.copy(&mut out, bytes)? < bytes {
            break;
        }
    }
    events.copy(&mut out, u64::MAX)?;
    events.finish()
}

struct Events<W> {
    to: W,
    /// The beginning of a character whose rest is in the next chunk.
    partial: Vec<u8>,
    micros: u64,
}

impl<W: Write> Events<W> {
    /// Copies up to `bytes` bytes at the present time; how many there were.
    fn copy(&mut self, out: &mut impl Read, bytes: u64) -> Result<u64, CastError> {
        let mut done = 0;
        while done < bytes {
            let from = self.partial.len();
            let want = (bytes - done).min(EVENT_BYTES as u64);
            let read = out.by_ref().take(want).read_to_end(&mut self.partial)? as u64;
            done += read;
            if read < want && self.partial.len() == from {
                break;
            }
            let whole = self.partial.len() - unfinished(&self.partial);
            let text = String::from_utf8_lossy(&self.partial[..whole]).into_owned();
            self.partial.drain(..whole);
            self.event(&text)?;
            if read < want {
                break;
            }
        }
        Ok(done)
    }

    fn event(&mut self, text: &str) -> Result<(), CastError> {
        if !text.is_empty() {
            let text = serde_json::Value::from(text);
            writeln!(self.to, "[{}.{:06},\"o\",{text}]", self.micros / 1_000_000, self.micros % 1_000_000)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), CastError> {
        let rest = String::from_utf8_lossy(&self.partial).into_owned();
        self.event(&rest)?;
        Ok(self.to.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(out: &[u8], tim: &str) -> Result<Vec<String>, CastError> {
        let header = Header { width: 80, height: 24, timestamp: Some(1_795_510_931), title: Some("a \"b\"".into()) };
        let mut to = Vec::new();
        export(out, tim.as_bytes(), &header, &mut to)?;
        Ok(String::from_utf8(to).unwrap().lines().map(str::to_owned).collect())
    }

    #[test]
    fn chunks_become_events() {
        let lines = cast("one\r\né!\x1b[31m".as_bytes(), "1500 5\n2000000 1\n3000001 2\n3000001 5\n").unwrap();
        let head: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&head["version"], &head["width"], &head["title"]), (&2.into(), &80.into(), &"a \"b\"".into()));
        // The é is cut between two chunks and comes whole with the second.
        assert_eq!(
            lines[1..],
            [r#"[0.001500,"o","one\r\n"]"#, r#"[3.000001,"o","é!"]"#, r#"[3.000001,"o","\u001b[31m"]"#]
        );
        for line in &lines[1..] {
            serde_json::from_str::<(f64, String, String)>(line).unwrap();
        }
    }

    #[test]
    fn files_of_a_crash_are_exported_as_far_as_they_go() {
        assert_eq!(cast(b"abcdef", "1 2\n5 1").unwrap()[1..], [r#"[0.000001,"o","ab"]"#, r#"[0.000001,"o","cdef"]"#]);
        assert_eq!(
            cast(b"abc", "1 2\n5 100\n9 1\n").unwrap()[1..],
            [r#"[0.000001,"o","ab"]"#, r#"[0.000005,"o","c"]"#]
        );
        assert_eq!(
            cast(b"\xff\xe2\x82", "1 1\n2 2\n").unwrap()[1..],
            ["[0.000001,\"o\",\"\u{fffd}\"]", "[0.000002,\"o\",\"\u{fffd}\"]"]
        );
        assert_eq!(cast(b"", "").unwrap().len(), 1);
        assert!(matches!(cast(b"abc", "1 2\nx 1\n"), Err(CastError::Timing { line: 2 })));
    }
}
