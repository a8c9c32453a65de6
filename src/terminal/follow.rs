//! Reading an output file that grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::screen::{SCROLLBACK, Screen};

/// Bytes read by one poll at most, so that a flood never holds up whoever polls.
pub const POLL_BYTES: u64 = 256 * 1024;
/// Bytes before the end where reading begins when more than this is unread.
pub const TAIL_BYTES: u64 = 4 * 1024 * 1024;
/// How far a line break is looked for after skipping.
const RESYNC_BYTES: usize = 64 * 1024;

/// Follows an `N.out` file into a [`Screen`].
pub struct Follower {
    path: PathBuf,
    file: Option<File>,
    /// Bytes of the file that are in the screen, or were skipped.
    offset: u64,
    /// Questions asked before this offset are not answered.
    answering_from: u64,
    screen: Screen,
    buffer: Vec<u8>,
}

impl Follower {
    /// Follows the file from its beginning, or from 4 MiB before its end. It need not exist yet: a command without
    /// output has none. What the command asked its terminal before now was answered then, so it gets no answer again;
    /// for a command started just now use [`Follower::answering_from`].
    ///
    /// # Errors
    /// The file exists and cannot be opened.
    pub fn open(path: &Path, cols: u16, rows: u16) -> io::Result<Self> {
        let mut follower = Self {
            path: path.to_owned(),
            file: None,
            offset: 0,
            answering_from: 0,
            screen: Screen::new(cols, rows, SCROLLBACK),
            buffer: Vec::new(),
        };
        if let Some(file) = follower.file()? {
            follower.answering_from = file.metadata()?.len();
        }
        Ok(follower)
    }

    /// Answers what was asked from this offset of the file on (0: all of it).
    #[must_use]
    pub fn answering_from(mut self, offset: u64) -> Self {
        self.answering_from = offset;
        self
    }

    /// Reads on, up to `upto_len` bytes of the file (what the keeper said is written) and at most 256 KiB; true when the
    /// screen took something. Poll again while [`Follower::behind`] says there is more.
    ///
    /// # Errors
    /// Opening or reading fails; the next poll tries again.
    pub fn poll(&mut self, upto_len: u64) -> io::Result<bool> {
        if upto_len <= self.offset || self.file()?.is_none() {
            return Ok(false);
        }
        let skip = self.behind(upto_len) > TAIL_BYTES;
        if skip {
            let (cols, rows) = self.screen.size();
            self.screen = Screen::new(cols, rows, SCROLLBACK);
            self.offset = upto_len - TAIL_BYTES;
        }
        let want = self.behind(upto_len).min(POLL_BYTES);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let read = self.read(want, &mut buffer);
        let result = read.map(|()| {
            let start = if skip { line_start(&buffer) } else { 0 };
            self.take(&buffer, start);
            !buffer.is_empty()
        });
        self.buffer = buffer;
        result
    }

    /// Bytes written and not read yet.
    pub fn behind(&self, upto_len: u64) -> u64 {
        upto_len.saturating_sub(self.offset)
    }

    /// Bytes of the file that were read or skipped.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The screen.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The screen, for resizing, changed rows and replies.
    pub fn screen_mut(&mut self) -> &mut Screen {
        &mut self.screen
    }

    fn file(&mut self) -> io::Result<Option<&mut File>> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(self.file.as_mut())
    }

    fn read(&mut self, want: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
        let offset = self.offset;
        if let Some(file) = self.file()? {
            file.seek(SeekFrom::Start(offset))?;
            file.take(want).read_to_end(buffer)?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], start: usize) {
        let old = usize::try_from(self.answering_from.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let old = old.clamp(start, bytes.len());
        if old > start {
            self.screen.feed(&bytes[start..old]);
            drop(self.screen.replies());
        }
        self.screen.feed(&bytes[old..]);
        self.offset += bytes.len() as u64;
    }
}

/// Where to begin in the middle of an output: after the first line break, so not in the middle of a sequence.
fn line_start(bytes: &[u8]) -> usize {
    bytes.iter().take(RESYNC_BYTES).position(|b| *b == b'\n').map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::row::plain;
    use super::*;

    fn text(follower: &Follower) -> Vec<String> {
        let screen = follower.screen();
        let rows = screen.rows(0, screen.rows_total());
        rows.iter().map(plain).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn it_follows_a_file_that_comes_and_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.out");
        let mut follower = Follower::open(&path, 20, 5).unwrap().answering_from(0);
        assert!(!follower.poll(10).unwrap(), "no file, no output");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\r\ntw").unwrap();
        assert!(follower.poll(4).unwrap(), "only what the keeper vouches for");
        assert_eq!(text(&follower), ["one"]);
        assert_eq!((follower.offset(), follower.behind(7)), (4, 3));
        assert!(follower.poll(7).unwrap());
        assert!(!follower.poll(7).unwrap());
        file.write_all(b"o\x1b[6n").unwrap();
        assert!(follower.poll(99).unwrap(), "the file may be shorter than what was said");
        assert_eq!(text(&follower), ["one", "two"]);
        assert_eq!(follower.offset(), 12);
        assert_eq!(follower.screen_mut().replies(), b"\x1b[2;4R");
    }

    #[test]
    fn adopted_output_is_not_answered_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.out");
        std::fs::write(&path, b"x\x1b[6n").unwrap();
        let mut follower = Follower::open(&path, 20, 5).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"\x1b[c").unwrap();
        follower.poll(8).unwrap();
        assert_eq!(follower.screen_mut().replies(), b"\x1b[?6c");
    }

    #[test]
    fn a_flood_is_read_in_bounded_steps_from_near_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.out");
        let lines: String = (0..700_000).map(|n| format!("line {n:06}\r\n")).collect();
        std::fs::write(&path, &lines).unwrap();
        let len = lines.len() as u64;
        assert!(len > 2 * TAIL_BYTES);
        let mut follower = Follower::open(&path, 20, 5).unwrap();
        let mut polls = 0;
        while follower.behind(len) > 0 {
            let before = follower.offset().max(len - TAIL_BYTES);
            assert!(follower.poll(len).unwrap());
            assert!(follower.offset() - before <= POLL_BYTES);
            polls += 1;
        }
        assert_eq!(polls, TAIL_BYTES / POLL_BYTES);
        let shown = text(&follower);
        assert_eq!(shown.last().unwrap(), "line 699999");
        assert!(shown.iter().all(|line| line.len() == 11), "no line was cut");
    }
}
