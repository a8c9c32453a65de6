//! One line of the spool.

use std::borrow::Cow;
use std::io::Write as _;

use crate::words::{Look, Sample};

/// One sample as the spool keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Run time at the look's end, in milliseconds.
    pub up_ms: u64,
    /// The probe's id.
    pub probe: Cow<'a, str>,
    /// The figure, in the base unit of the probe; finite.
    pub value: Option<f64>,
    /// What the look alone said.
    pub look: Look,
}

impl<'a> Row<'a> {
    /// A sample's row.
    pub fn of(sample: &'a Sample) -> Self {
        Self {
            up_ms: sample.up / 1000,
            probe: Cow::Borrowed(sample.probe.as_str()),
            value: sample.value.filter(|v| v.is_finite()),
            look: sample.look,
        }
    }

    /// Writes the row with its newline.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let _ = write!(out, "{},", self.up_ms);
        write_probe(out, &self.probe);
        out.push(b',');
        if let Some(value) = self.value.filter(|v| v.is_finite()) {
            // `{:?}` is the shortest text that reads back as the same number; whole numbers need no `.0`.
            let _ = write!(out, "{value:?}");
            if out.ends_with(b".0") {
                out.truncate(out.len() - 2);
            }
        }
        out.extend_from_slice(match self.look {
            Look::Good => b",good\n",
            Look::Bad => b",bad\n",
            Look::NoData => b",no_data\n",
        });
    }

    /// Reads a line without its newline; `None` when it is not a row.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (up, rest) = line.split_once(',')?;
        if !up.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (probe, rest) = split_probe(rest)?;
        let (value, look) = rest.split_once(',')?;
        Some(Self {
            up_ms: up.parse().ok()?,
            probe,
            value: match value {
                "" => None,
                number => Some(number.parse().ok().filter(|v: &f64| v.is_finite())?),
            },
            look: match look {
                "good" => Look::Good,
                "bad" => Look::Bad,
                "no_data" => Look::NoData,
                _ => return None,
            },
        })
    }
}

fn write_probe(out: &mut Vec<u8>, probe: &str) {
    if !probe.contains(|c: char| c == ',' || c == '"' || c.is_control()) {
        out.extend_from_slice(probe.as_bytes());
        return;
    }
    out.push(b'"');
    for c in probe.chars() {
        match c {
            '"' => out.extend_from_slice(b"\"\""),
            // A line is a row.
            c if c.is_control() => out.push(b' '),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// The probe, and what stands behind its comma.
fn split_probe(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (probe, rest) = text.split_once(',')?;
        return Some((Cow::Borrowed(probe), rest));
    };
    let mut from = 0;
    loop {
        let quote = from + quoted[from..].find('"')?;
        let rest = &quoted[quote + 1..];
        if rest.starts_with('"') {
            from = quote + 2;
            continue;
        }
        let probe = &quoted[..quote];
        let probe = if probe.contains('"') { Cow::Owned(probe.replace("\"\"", "\"")) } else { Cow::Borrowed(probe) };
        return Some((probe, rest.strip_prefix(',')?));
    }
}
