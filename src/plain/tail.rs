//! A command's output as lines, as they come: the file `terminals/N.out` is read on, sequences are taken out, what was
//! overwritten by a progress bar is said as it ended. Lines that are drawn again and again (`docker compose up` does, ten
//! times a second) are said again when other words stand in them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use alacritty_terminal::vte::{Params, Parser, Perform};

use crate::terminal::sanitize_line;
use crate::words::files;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// Characters of one line; a longer one is said in pieces.
const LONGEST: usize = 8_000;
/// Bytes before the end where an attempt that runs already is joined.
const JOIN: u64 = 4 << 10;
/// How far up a line can be drawn again.
const ABOVE: usize = 200;

/// Follows one attempt's output.
pub(super) struct Tail {
    pub attempt: u32,
    path: PathBuf,
    file: Option<File>,
    /// Bytes of the file that were read.
    pub offset: u64,
    /// Lines that were said.
    pub lines: u64,
    parser: Parser,
    text: Lines,
}

impl Tail {
    /// Follows an attempt's output from its beginning, or from shortly before its end.
    pub fn open(folder: &Path, attempt: u32, from_start: bool) -> Self {
        let path = folder.join(files::TERMINALS).join(files::out(attempt));
        let mut tail =
            Self { attempt, path, file: None, offset: 0, lines: 0, parser: Parser::new(), text: Lines::default() };
        if !from_start && let Ok(meta) = std::fs::metadata(&tail.path) {
            tail.offset = meta.len().saturating_sub(JOIN);
            tail.text.skip = tail.offset > 0;
        }
        tail
    }

    /// Reads at most 64 KiB more and takes the lines that were completed. True: there may be more.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn poll(&mut self, take: &mut dyn FnMut(&str)) -> io::Result<bool> {
        if self.file.is_none() {
            // A command without output has no file.
            match File::open(&self.path) {
                Ok(mut file) => {
                    file.seek(SeekFrom::Start(self.offset))?;
                    self.file = Some(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        let mut bytes = Vec::new();
        let read = file.take(CHUNK as u64).read_to_end(&mut bytes)?;
        self.offset += read as u64;
        self.parser.advance(&mut self.text, &bytes);
        for line in std::mem::take(&mut self.text.done) {
            self.lines += 1;
            take(&sanitize_line(&line));
        }
        Ok(read == CHUNK)
    }

    /// The unfinished last line: a question, perhaps.
    pub fn unfinished(&self) -> Option<String> {
        let line = self.text.line.trim_end();
        (!line.is_empty() && !self.text.skip).then(|| sanitize_line(line))
    }

    /// Takes the unfinished line as well: the command has ended.
    pub fn finish(&mut self, take: &mut dyn FnMut(&str)) {
        self.text.end_line(false);
        self.text.settle();
        for line in std::mem::take(&mut self.text.done) {
            self.lines += 1;
            take(&sanitize_line(&line));
        }
    }
}

/// Lines out of a stream of characters and controls.
#[derive(Default)]
struct Lines {
    line: String,
    /// Characters of `line`.
    length: usize,
    /// The carriage went back: the next character overwrites.
    returned: bool,
    /// A program that draws the whole screen: nothing of it is a line.
    alternate: bool,
    /// The first line is not whole.
    skip: bool,
    done: Vec<String>,
    /// The last lines on the terminal: as they are, and as they were said.
    above: VecDeque<(String, String)>,
    /// How many of them, from the last one up, are being drawn again.
    again: usize,
}

/// Whether other words stand in a line, not only another figure or the next picture of a spinner.
fn other_words(before: &str, now: &str) -> bool {
    let words = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphabetic() || "✔✓✗✘×!".contains(*c)).collect()
    };
    words(before) != words(now)
}

impl Lines {
    fn end_line(&mut self, even_empty: bool) {
        let line = std::mem::take(&mut self.line);
        (self.length, self.returned) = (0, false);
        if std::mem::take(&mut self.skip) {
            return;
        }
        let line = line.trim_end();
        if even_empty || !line.is_empty() {
            self.take(line.to_owned());
        }
    }

    fn take(&mut self, line: String) {
        let drawn = self.above.len().checked_sub(self.again).and_then(|at| self.above.get_mut(at));
        if let Some((is, said)) = drawn {
            self.again -= 1;
            if other_words(said, &line) {
                said.clone_from(&line);
                self.done.push(line.clone());
            }
            *is = line;
            return;
        }
        self.again = 0;
        self.above.push_back((line.clone(), line.clone()));
        if self.above.len() > ABOVE {
            self.above.pop_front();
        }
        self.done.push(line);
    }

    /// Says lines that were drawn again as they are now.
    fn settle(&mut self) {
        for (is, said) in &mut self.above {
            if is != said {
                said.clone_from(is);
                self.done.push(is.clone());
            }
        }
    }
}

impl Perform for Lines {
    fn print(&mut self, c: char) {
        if self.alternate {
            return;
        }
        if std::mem::take(&mut self.returned) {
            self.line.clear();
            self.length = 0;
        }
        self.line.push(c);
        self.length += 1;
        if self.length >= LONGEST {
            self.end_line(true);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            _ if self.alternate => {}
            b'\n' | 0x0b | 0x0c => self.end_line(true),
            b'\r' => self.returned = true,
            0x08 => {
                self.length -= usize::from(self.line.pop().is_some());
            }
            b'\t' => self.print('\t'),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _ignore: bool, action: char) {
        let first = params.iter().next().and_then(|p| p.first()).copied().unwrap_or(0);
        match (intermediates, action, first) {
            (b"?", 'h', 47 | 1047 | 1049) => {
                self.end_line(false);
                self.alternate = true;
                self.done.push("(a program draws the whole screen: not shown here)".to_owned());
            }
            (b"?", 'l', 47 | 1047 | 1049) => self.alternate = false,
            ([], 'A' | 'F', up) if !self.alternate => {
                self.end_line(false);
                self.again = (self.again + usize::from(up.max(1))).min(self.above.len());
            }
            // What jumps begins a new line here.
            ([], 'E' | 'H' | 'f', _) if !self.alternate => self.end_line(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> (Vec<String>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(files::TERMINALS)).unwrap();
        let path = folder.path().join(files::TERMINALS).join(files::out(1));
        let mut tail = Tail::open(folder.path(), 1, true);
        let mut said = vec![];
        assert!(!tail.poll(&mut |_| panic!("no file")).unwrap());
        let mut all = vec![];
        for chunk in chunks {
            all.extend_from_slice(chunk);
            std::fs::write(&path, &all).unwrap();
            while tail.poll(&mut |line| said.push(line.to_owned())).unwrap() {}
        }
        let rest = tail.unfinished();
        tail.finish(&mut |line| said.push(line.to_owned()));
        (said, rest)
    }

    #[test]
    fn output_comes_as_lines_without_sequences() {
        let chunks: &[&[u8]] = &[
            b"one\r\n\x1b[3",
            b"2mgreen\x1b[0m\r\n 10%\r 50%\r100%\r\n\r\nna\xc3",
            b"\xafve\x08e\x07\r\n\x1b]0;title\x07pass",
        ];
        let (said, rest) = lines(chunks);
        assert_eq!(said, ["one", "green", "100%", "", "naïve", "pass"]);
        assert_eq!(rest.as_deref(), Some("pass"));
    }

    #[test]
    fn a_program_that_draws_the_screen_is_not_a_text() {
        let (said, rest) = lines(&[b"before\r\n\x1b[?1049h\x1b[2J~\r\n~\r\n\x1b[?1049lafter\r\n"]);
        assert_eq!(said, ["before", "(a program draws the whole screen: not shown here)", "after"]);
        assert_eq!(rest, None);
    }

    #[test]
    fn lines_that_are_drawn_again_are_said_when_their_words_change() {
        let (said, _) = lines(&[
            b"begin\r\n[+] Running 0/2\r\n \xe2\xa0\x8b one  Starting 0.1s\r\n \xe2\xa0\x8b two  Created 0.1s\r\n",
            b"\x1b[3A\x1b[1G[+] Running 1/2\r\n \xe2\xa0\x99 one  Starting 0.2s\r\n \xe2\xa0\x8b two  Created 0.1s\r\n",
            b"\x1b[1A\x1b[1A\x1b[1A\x1b[?25l[+] Running 2/2\r\n \xe2\x9c\x94 one  Started 0.3s\r\n \xe2\xa0\x8b two  Created 0.1s\r\nafter\r\n",
        ]);
        let wanted = [
            "begin",
            "[+] Running 0/2",
            " \u{280b} one  Starting 0.1s",
            " \u{280b} two  Created 0.1s",
            " \u{2714} one  Started 0.3s",
            "after",
            "[+] Running 2/2",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn an_endless_line_is_said_in_pieces() {
        let (said, _) = lines(&[&[b'x'; 20_000]]);
        assert_eq!(said.iter().map(String::len).collect::<Vec<_>>(), [8000, 8000, 4000]);
    }

    #[test]
    fn a_running_attempt_is_joined_at_a_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(files::TERMINALS)).unwrap();
        let text: String = (0..2000).map(|n| format!("line {n}\r\n")).collect();
        std::fs::write(folder.path().join(files::TERMINALS).join(files::out(7)), &text).unwrap();
        let mut tail = Tail::open(folder.path(), 7, false);
        let mut said = vec![];
        while tail.poll(&mut |line| said.push(line.to_owned())).unwrap() {}
        assert_eq!(said.last().map(String::as_str), Some("line 1999"));
        assert!(
            said.len() > 300 && said.len() < 400 && said.iter().all(|line| line.starts_with("line ")),
            "{}",
            said.len()
        );
    }
}
