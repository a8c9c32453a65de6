//! The journal line: how an event is written, and how a line is taken apart again.
//!
//! `hash` is the sha256 of the line's bytes as written without `,"hash":"…"`, which is always the last member; `prev`
//! is inside the hashed bytes. Nothing is ever re-serialised to check a hash.

use std::io::Write as _;

use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::digest::Digest;
use super::error::{Flaw, StorageError};
use crate::words::{Actor, Stamp};

/// The format of a line that this program writes.
pub const VERSION: u64 = 1;

/// Bytes of `,"hash":"<64>"}`.
const HASH_TAIL: usize = 9 + 64 + 2;
/// Bytes of `,"prev":"<64>"`.
const PREV_TAIL: usize = 9 + 64 + 1;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<E> {
    /// The line's format.
    pub v: u64,
    /// The event's number, from 1, without gaps.
    pub seq: u64,
    /// Wall time and run time.
    pub stamp: Stamp,
    /// Who.
    pub by: Actor,
    /// What.
    pub ev: E,
    /// The hash of the line before; zeros for the first.
    pub prev: Digest,
    /// The hash of this line.
    pub hash: Digest,
}

/// Writes one line with its newline at the end of `out` and returns its hash. On an error `out` is as it was.
///
/// # Errors
///
/// [`StorageError::Unwritable`] when the event does not serialise to one line of JSON, or its year does not fit.
pub fn encode<E: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    seq: u64,
    stamp: &Stamp,
    by: &Actor,
    ev: &E,
    prev: &Digest,
) -> Result<Digest, StorageError> {
    let start = out.len();
    let result = encode_body(out, seq, stamp, by, ev, prev);
    if let Err(why) = result {
        out.truncate(start);
        return Err(StorageError::Unwritable(why));
    }
    let hash = Digest::of(&[&out[start..]]);
    out.pop();
    out.extend_from_slice(b",\"hash\":\"");
    out.extend_from_slice(&hash.hex());
    out.extend_from_slice(b"\"}\n");
    Ok(hash)
}

fn encode_body<E: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    seq: u64,
    stamp: &Stamp,
    by: &Actor,
    ev: &E,
    prev: &Digest,
) -> Result<(), String> {
    // Outside these years the text would have another width and could not be read back.
    if !(0..=9999).contains(&stamp.at.year()) {
        return Err(format!("the clock says year {}", stamp.at.year()));
    }
    write!(out, "{{\"v\":{VERSION},\"seq\":{seq},\"at\":\"{}\",\"up\":{},\"by\":", stamp.at_text(), stamp.up)
        .map_err(|e| e.to_string())?;
    serde_json::to_writer(&mut *out, &by.0).map_err(|e| e.to_string())?;
    out.extend_from_slice(b",\"ev\":");
    let ev_start = out.len();
    serde_json::to_writer(&mut *out, ev).map_err(|e| e.to_string())?;
    if out[ev_start..].contains(&b'\n') {
        return Err("it holds a line break outside a text".into());
    }
    out.extend_from_slice(b",\"prev\":\"");
    out.extend_from_slice(&prev.hex());
    out.extend_from_slice(b"\"}");
    Ok(())
}

/// A line taken apart and proven against its own hash; nothing is copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// The whole line without its newline.
    pub text: &'a [u8],
    pub seq: u64,
    pub at: &'a [u8],
    pub up: u64,
    /// A JSON string, with its quotes.
    pub by: &'a [u8],
    /// A JSON document.
    pub ev: &'a [u8],
    pub prev: Digest,
    pub hash: Digest,
}

impl<'a> Raw<'a> {
    /// Takes a line (without newline) apart and proves its hash.
    pub fn split(text: &'a [u8]) -> Result<Self, Flaw> {
        let cut = text.len().checked_sub(HASH_TAIL).ok_or(Flaw::NoHash)?;
        let (body, tail) = text.split_at(cut);
        let hash = tail
            .strip_prefix(b",\"hash\":\"")
            .and_then(|t| t.strip_suffix(b"\"}"))
            .and_then(Digest::from_hex)
            .ok_or(Flaw::NoHash)?;
        if Digest::of(&[body, b"}"]) != hash {
            return Err(Flaw::Hash);
        }
        let mut scan = Scan { rest: body };
        scan.literal(b"{\"v\":", "no `v`")?;
        match scan.number("`v` is not a number")? {
            VERSION => {}
            other => return Err(Flaw::Version(other)),
        }
        scan.literal(b",\"seq\":", "no `seq`")?;
        let seq = scan.number("`seq` is not a number")?;
        scan.literal(b",\"at\":", "no `at`")?;
        let at = scan.string("`at` is not a text")?;
        scan.literal(b",\"up\":", "no `up`")?;
        let up = scan.number("`up` is not a number")?;
        scan.literal(b",\"by\":", "no `by`")?;
        let by = scan.string("`by` is not a text")?;
        scan.literal(b",\"ev\":", "no `ev`")?;
        let cut = scan.rest.len().checked_sub(PREV_TAIL).ok_or(Flaw::Shape("no `prev`"))?;
        let (ev, tail) = scan.rest.split_at(cut);
        let prev = tail
            .strip_prefix(b",\"prev\":\"")
            .and_then(|t| t.strip_suffix(b"\""))
            .and_then(Digest::from_hex)
            .ok_or(Flaw::Shape("no `prev`"))?;
        Ok(Self { text, seq, at: &at[1..at.len() - 1], up, by, ev, prev, hash })
    }

    /// Wall and run time.
    pub fn stamp(&self) -> Result<Stamp, Flaw> {
        let at = std::str::from_utf8(self.at).map_err(|_| Flaw::Shape("`at` is not a time"))?;
        let at = DateTime::parse_from_rfc3339(at).map_err(|_| Flaw::Shape("`at` is not a time"))?;
        Ok(Stamp { at: at.with_timezone(&Utc), up: self.up })
    }

    /// Who.
    pub fn actor(&self) -> Result<Actor, Flaw> {
        serde_json::from_slice(self.by).map_err(|_| Flaw::Shape("`by` is not a text"))
    }

    /// The event's kind: the name of its only member, or the bare text of an event without fields.
    pub fn kind(&self) -> Option<&'a str> {
        let mut scan = Scan { rest: self.ev.strip_prefix(b"{").unwrap_or(self.ev) };
        let name = scan.string("").ok()?;
        std::str::from_utf8(&name[1..name.len() - 1]).ok()
    }

    /// Whether the event is JSON at all.
    pub fn check_json(&self) -> Result<(), Flaw> {
        match serde_json::from_slice::<serde::de::IgnoredAny>(self.ev) {
            Ok(_) => Ok(()),
            Err(e) => Err(Flaw::Json(e.to_string())),
        }
    }

    /// The line with its event, or, in the inner error, why this program does not know the event.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<Result<Line<E>, String>, Flaw> {
        let (stamp, by) = (self.stamp()?, self.actor()?);
        let ev = match serde_json::from_slice(self.ev) {
            Ok(ev) => ev,
            Err(e) if e.is_data() => {
                // `is_data` also stands for an unknown field before a place where the JSON is bad.
                self.check_json()?;
                return Ok(Err(e.to_string()));
            }
            Err(e) => return Err(Flaw::Json(e.to_string())),
        };
        Ok(Ok(Line { v: VERSION, seq: self.seq, stamp, by, ev, prev: self.prev, hash: self.hash }))
    }
}

impl<E: DeserializeOwned> Line<E> {
    /// Reads one line of a journal, with or without its newline, and proves its hash.
    ///
    /// # Errors
    ///
    /// What is wrong with it; [`Flaw::Json`] also for an event that this program does not know.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let raw = Raw::split(text.strip_suffix('\n').unwrap_or(text).as_bytes())?;
        raw.decode()?.map_err(Flaw::Json)
    }
}

struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn literal(&mut self, text: &[u8], why: &'static str) -> Result<(), Flaw> {
        self.rest = self.rest.strip_prefix(text).ok_or(Flaw::Shape(why))?;
        Ok(())
    }

    fn number(&mut self, why: &'static str) -> Result<u64, Flaw> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        if number.is_empty() || (number.len() > 1 && number[0] == b'0') {
            return Err(Flaw::Shape(why));
        }
        number.iter().try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0'))).ok_or(Flaw::Shape(why))
    }

    /// A JSON string with its quotes.
    fn string(&mut self, why: &'static str) -> Result<&'a [u8], Flaw> {
        let mut escaped = false;
        if self.rest.first() != Some(&b'"') {
            return Err(Flaw::Shape(why));
        }
        for (i, b) in self.rest.iter().enumerate().skip(1) {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let (text, rest) = self.rest.split_at(i + 1);
                    self.rest = rest;
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(Flaw::Shape(why))
    }
}
