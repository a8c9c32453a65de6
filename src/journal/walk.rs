//! Walking over a journal's lines in order, proving each: its hash, its number, and that it follows from the line
//! before. Everything that reads a whole journal stands on this; no allocation a line.
//!
//! A run has one journal file, or two after a failed sync. The second's first line then says which line of the first
//! was the last one proven (`prev`, `seq` - 1); what lies behind that line in the first file was never acknowledged and
//! is skipped ("superseded").

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::disk::Disk;
use super::envelope::Raw;
use super::error::{Flaw, Place};
use crate::words::files;

/// One of the two journal files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Segment {
    /// `journal.jsonl`.
    #[default]
    First,
    /// `journal.2.jsonl`.
    Second,
}

impl Segment {
    pub fn name(self) -> &'static str {
        match self {
            Self::First => files::JOURNAL,
            Self::Second => files::JOURNAL_2,
        }
    }

    pub fn path(self, dir: &Path) -> PathBuf {
        dir.join(self.name())
    }
}

/// What the next line is.
pub(super) enum Step<'a> {
    /// Proven.
    Good(Raw<'a>),
    /// Not proven; the walk is over.
    Bad(Bad),
}

/// A line that is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub place: Place,
    pub flaw: Flaw,
    /// Whether it is what a cut-off write leaves: the journal's last line, without newline or with a bad hash.
    pub torn: bool,
    /// Where it starts in its file.
    pub offset: u64,
    /// How long it is, with its newline.
    pub bytes: u64,
}

pub(super) struct Walk<'d, D: Disk> {
    disk: &'d D,
    dir: PathBuf,
    reader: Option<Box<dyn BufRead + 'd>>,
    /// The number of the first file's last line that counts, when the second file says so.
    limit: Option<u64>,
    second_exists: bool,
    pub segment: Segment,
    /// Lines walked over in this segment.
    pub line: u64,
    /// Proven bytes of this segment.
    pub offset: u64,
    /// Proven bytes of the first file, once the walk is in the second.
    pub first_len: u64,
    pub seq: u64,
    pub hash: Digest,
    /// Bytes at the end of the first file that were never acknowledged.
    pub superseded: u64,
    buf: Vec<u8>,
    over: bool,
}

impl<'d, D: Disk> Walk<'d, D> {
    /// `None` when the folder holds no journal.
    pub fn new(disk: &'d D, dir: &Path) -> io::Result<Option<Self>> {
        let Some(first) = disk.reader(&Segment::First.path(dir))? else { return Ok(None) };
        let mut limit = None;
        let mut second_exists = false;
        if let Some(mut second) = disk.reader(&Segment::Second.path(dir))? {
            second_exists = true;
            let mut line = Vec::new();
            second.read_until(b'\n', &mut line)?;
            if let Some(Ok(raw)) = line.strip_suffix(b"\n").map(Raw::split) {
                limit = Some(raw.seq.saturating_sub(1));
            }
        }
        Ok(Some(Self {
            disk,
            dir: dir.to_owned(),
            reader: Some(first),
            limit,
            second_exists,
            segment: Segment::First,
            line: 0,
            offset: 0,
            first_len: 0,
            seq: 0,
            hash: Digest::ZERO,
            superseded: 0,
            buf: Vec::new(),
            over: false,
        }))
    }

    /// Reads the next line into the buffer; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            let Some(reader) = self.reader.as_mut() else { return Ok(false) };
            let at_limit = self.segment == Segment::First && self.limit == Some(self.seq);
            self.buf.clear();
            if !at_limit && reader.read_until(b'\n', &mut self.buf)? > 0 {
                return Ok(true);
            }
            if self.segment == Segment::Second || !self.second_exists {
                self.reader = None;
                return Ok(false);
            }
            if at_limit {
                self.superseded = io::copy(reader, &mut io::sink())?;
            }
            self.reader = self.disk.reader(&Segment::Second.path(&self.dir))?;
            self.segment = Segment::Second;
            self.first_len = self.offset;
            self.line = 0;
            self.offset = 0;
        }
    }

    /// The next line; `None` at the end and after a bad line.
    pub fn next(&mut self) -> io::Result<Option<Step<'_>>> {
        if self.over || !self.fill()? {
            self.over = true;
            return Ok(None);
        }
        self.line += 1;
        let bytes = self.buf.len() as u64;
        match check(&self.buf, self.seq, &self.hash) {
            Ok(raw) => {
                self.seq = raw.seq;
                self.hash = raw.hash;
                self.offset += bytes;
                Ok(Some(Step::Good(raw)))
            }
            Err(flaw) => {
                self.over = true;
                let mut torn = flaw.may_be_torn();
                // A first file that a second one continues had its end proven: nothing in it can be torn.
                torn &= self.segment == Segment::Second || self.limit.is_none();
                if torn && let Some(reader) = self.reader.as_mut() {
                    torn = reader.fill_buf()?.is_empty();
                }
                let place = Place { file: self.segment.name(), line: self.line };
                Ok(Some(Step::Bad(Bad { place, flaw, torn, offset: self.offset, bytes })))
            }
        }
    }
}

/// Proves one line (with its newline) against the line before.
pub(super) fn check<'a>(line: &'a [u8], seq: u64, hash: &Digest) -> Result<Raw<'a>, Flaw> {
    let text = line.strip_suffix(b"\n").ok_or(Flaw::Incomplete)?;
    let raw = Raw::split(text)?;
    if raw.seq != seq + 1 {
        return Err(Flaw::Seq { wanted: seq + 1, found: raw.seq });
    }
    if raw.prev != *hash {
        return Err(Flaw::Prev);
    }
    Ok(raw)
}
