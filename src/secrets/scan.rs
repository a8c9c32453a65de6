//! Masking a stream.
//!
//! Two readings of the same bytes run side by side over one automaton. The *raw* one reads every byte, so it finds a
//! needle anywhere: in text, in a window title, even where a stray escape would eat its first letter. The *seen* one
//! reads what a person sees: escape sequences and controls are gone through, and so are line breaks, so colours in the
//! middle of a secret or a wrapped base64 block hide nothing. Bytes are held only while they may still become a needle.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Needles;
use super::automaton::{Automaton, ROOT};
use super::escape::{Escape, Kind};

/// At a line break, fewer seen bytes than this are let go instead of held: else a prompt would lose its last letter as
/// often as a needle begins with it. The match goes on, so at most two bytes of a wrapped secret stay readable.
const HELD_OVER_LINES: usize = 3;
/// Bytes of escape sequences that may stand inside a held beginning; more, and the beginning is let go.
const HELD_EXTRA: usize = 16 * 1024;
/// What is written instead of a secret byte.
const MASK: u8 = b'*';

/// The state of one stream.
#[derive(Default)]
pub(super) struct Scan {
    /// Bytes taken and not yet given out.
    held: Vec<u8>,
    /// Position in the stream of the first held byte.
    base: u64,
    raw: u32,
    seen: u32,
    /// Positions of the last seen bytes that may still become a needle.
    marks: VecDeque<u64>,
    escape: Escape,
}

impl Scan {
    pub(super) fn push(&mut self, automaton: &Automaton, bytes: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < bytes.len() {
            if self.raw == ROOT && self.seen == ROOT && self.escape == Escape::Ground {
                let quiet = automaton.quiet(&bytes[at..]);
                out.extend_from_slice(&bytes[at..at + quiet]);
                self.base += quiet as u64;
                at += quiet;
            }
            if let Some(byte) = bytes.get(at) {
                self.step(automaton, *byte, out);
                at += 1;
            }
        }
    }

    fn step(&mut self, automaton: &Automaton, byte: u8, out: &mut Vec<u8>) {
        let kind = self.escape.step(byte);
        self.raw = automaton.step(self.raw, byte);
        if kind == Kind::Content {
            self.seen = automaton.step(self.seen, byte);
        }
        let (raw_live, seen_live) = (automaton.live(self.raw), automaton.live(self.seen));
        let (raw_hit, seen_hit) = (automaton.hit(self.raw), automaton.hit(self.seen));
        if self.held.is_empty() && raw_live + raw_hit == 0 && (kind != Kind::Content || seen_live + seen_hit == 0) {
            out.push(byte);
            self.base += 1;
            return;
        }

        let position = self.base + self.held.len() as u64;
        self.held.push(byte);
        let from = self.held.len().saturating_sub(raw_hit);
        self.held[from..].fill(MASK);
        match kind {
            Kind::Skip => {}
            Kind::Newline if seen_live < HELD_OVER_LINES => self.marks.clear(),
            Kind::Newline => {}
            Kind::Content => {
                self.marks.push_back(position);
                for mark in self.marks.iter().rev().take(seen_hit) {
                    // Every mark is at or after `base`: bytes are given out only up to the first one.
                    if let Some(masked) = self.held.get_mut((mark - self.base) as usize) {
                        *masked = MASK;
                    }
                }
                let dead = self.marks.len().saturating_sub(seen_live);
                self.marks.drain(..dead);
            }
        }
        if self.held.len() > automaton.longest() + HELD_EXTRA {
            self.marks.clear();
        }

        let end = position + 1;
        let keep = (end - raw_live as u64).min(self.marks.front().copied().unwrap_or(end));
        let decided = keep.saturating_sub(self.base) as usize;
        out.extend(self.held.drain(..decided));
        self.base += decided as u64;
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.base += self.held.len() as u64;
        out.append(&mut self.held);
        self.marks.clear();
        (self.raw, self.seen, self.escape) = (ROOT, ROOT, Escape::Ground);
    }
}

/// Masks a stream of chunks, however they are cut.
pub struct Redactor {
    needles: Arc<Needles>,
    scan: Scan,
}

impl Redactor {
    /// A redactor at the start of a stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, scan: Scan::default() }
    }

    /// Takes a chunk and appends to `out` all that is decided: text as it came, secrets as `*`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.needles.is_empty() {
            out.extend_from_slice(bytes);
        } else {
            self.scan.push(&self.needles.automaton, bytes, out);
        }
    }

    /// The stream is over: gives out what is held, since it became no secret. A new stream may follow.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.scan.finish(out);
    }

    /// How many bytes are held, since they may be the beginning of a secret.
    pub fn held(&self) -> usize {
        self.scan.held.len()
    }

    /// The held bytes, for showing a short beginning early (the decision about them is still open).
    pub fn peek_held(&self) -> &[u8] {
        &self.scan.held
    }
}
