//! Lines out: a command's output, the client's own words.

use std::io::{self, Write};
use std::time::Instant;

use super::super::style::Tone;
use super::{ASKS_AFTER, Client};
use crate::terminal::{sanitize, sanitize_line};

impl Client {
    /// Says what the running command has written since.
    pub(super) fn follow_output(&mut self) -> io::Result<()> {
        if !self.has_caught_up() {
            return Ok(());
        }
        let Some((mut tail, since)) = self.tail.take() else { return Ok(()) };
        let mut lines = vec![];
        let before = tail.offset;
        // A flood is said in pieces, so that an interrupt comes through.
        for _ in 0..16 {
            match tail.poll(&mut |line| lines.push(line.to_owned())) {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            }
        }
        self.output(&lines)?;
        if tail.offset != before {
            self.unfinished = Some((tail.offset, Instant::now()));
        }
        // Behind an unfinished line it seems to ask.
        if let Some((_, since)) = self.unfinished
            && since.elapsed() >= ASKS_AFTER
            && let Some(partial) = tail.unfinished()
            && self.asked_partial.as_ref() != Some(&partial)
        {
            let hint = if self.interactive { "   (it seems to ask: `type TEXT`)" } else { "" };
            self.output(&[format!("{partial}{hint}")])?;
            self.asked_partial = Some(partial);
        }
        self.tail = Some((tail, since));
        Ok(())
    }

    /// Says the rest of a command's output, which is on disk before its end is known.
    pub(super) fn finish_output(&mut self) -> io::Result<()> {
        let Some((mut tail, since)) = self.tail.take() else { return Ok(()) };
        loop {
            let mut lines = vec![];
            let more = tail.poll(&mut |line| lines.push(line.to_owned()));
            self.output(&lines)?;
            if !matches!(more, Ok(true)) {
                break;
            }
        }
        let mut lines = vec![];
        tail.finish(&mut |line| lines.push(line.to_owned()));
        self.output(&lines)?;
        self.tail = Some((tail, since));
        Ok(())
    }

    pub(super) fn output(&mut self, lines: &[String]) -> io::Result<()> {
        let lines: Vec<String> =
            lines.iter().map(|line| self.style.line(None, Tone::Plain, &format!("  {line}"))).collect();
        self.write(&lines)
    }

    /// Lines that are clean.
    pub(super) fn write(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.at_prompt) {
            writeln!(self.out)?;
        }
        for line in lines {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// A word of the client's own: with `--json` it goes beside the lines.
    pub(super) fn tell(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let line = self.style.line(None, tone, &sanitize_line(text));
        if self.json {
            return writeln!(self.messages, "{}", line.trim());
        }
        self.write(&[line])
    }

    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        let lines: Vec<String> = sanitize(text).lines().map(|line| self.style.line(None, Tone::Plain, line)).collect();
        self.write(&lines)
    }
}
