//! What the loader has to say: where, what, and what to do about it.

use std::fmt;

use super::{At, Sources};

/// Whether a runbook with it can be flown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The runbook cannot be flown.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// A fault as it is found, before its line is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub at: At,
    /// How many characters the caret underlines; 0 is one.
    pub width: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// An error at a place.
    pub fn error(at: At, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, at, width: 0, message: message.into(), hint: None }
    }

    /// A warning at a place.
    pub fn warning(at: At, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(at, message) }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = Some(hint).filter(|h| !h.is_empty());
        self
    }

    /// The same with so many characters underlined.
    pub fn width(mut self, width: usize) -> Self {
        self.width = u32::try_from(width).unwrap_or(u32::MAX);
        self
    }
}

/// A fault with everything that a person needs to find and mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file's path as messages show it.
    pub file: String,
    /// Line, from 1; 0 when the fault is the file itself.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// The line as it stands in the file.
    pub source: String,
    /// How many characters the caret underlines, at least 1.
    pub width: u32,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem that stands in no line: an unreadable file, a parameter of the command line.
    pub fn nowhere(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line: 0,
            column: 0,
            message: message.into(),
            source: String::new(),
            width: 1,
            hint: None,
        }
    }

    /// A fault with its line looked up.
    pub fn of(fault: Fault, sources: &Sources) -> Self {
        let file = sources.file(fault.at);
        let source = file.map(|f| f.line(fault.at.line)).unwrap_or_default();
        let rest = source.chars().count().saturating_sub(fault.at.column.saturating_sub(1) as usize);
        Self {
            severity: fault.severity,
            file: file.map(|f| f.path.clone()).unwrap_or_default(),
            line: fault.at.line,
            column: fault.at.column,
            message: fault.message,
            width: fault.width.min(u32::try_from(rest).unwrap_or(u32::MAX)).max(1),
            source,
            hint: fault.hint,
        }
    }

    /// Faults as problems, by place, each said once.
    pub fn all(mut faults: Vec<Fault>, sources: &Sources) -> Vec<Self> {
        faults.sort_by(|a, b| (a.at, a.severity, &a.message).cmp(&(b.at, b.severity, &b.message)));
        faults.dedup_by(|b, a| a.at == b.at && a.message == b.message);
        faults.into_iter().map(|f| Self::of(f, sources)).collect()
    }

    /// The problem as a compiler says it; `color` uses the terminal's own colours.
    pub fn render(&self, color: bool) -> String {
        let paint = |code: &str, text: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
        let (word, tone) = match self.severity {
            Severity::Error => ("error", "1;31"),
            Severity::Warning => ("warning", "1;33"),
        };
        let place =
            if self.line == 0 { self.file.clone() } else { format!("{}:{}:{}", self.file, self.line, self.column) };
        let mut out = if place.is_empty() { String::new() } else { format!("{}: ", paint("1", &place)) };
        out.push_str(&format!("{}: {}", paint(tone, word), clean(&self.message)));
        if !self.source.is_empty() {
            let (line, column) = window(&self.source, self.column, self.width);
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let carets = "^".repeat(self.width.clamp(1, 60) as usize);
            let pad = " ".repeat(column.saturating_sub(1));
            out.push_str(&format!("\n{number} | {}\n{gutter} | {pad}{}", clean(&line), paint(tone, &carets)));
        }
        if let Some(hint) = &self.hint {
            let gutter = if self.source.is_empty() { 0 } else { self.line.to_string().len() };
            out.push_str(&format!("\n{} = {}: {}", " ".repeat(gutter), paint("1;36", "hint"), clean(hint)));
        }
        out
    }
}

/// The part of a long line that holds the column, and the column within it.
fn window(line: &str, column: u32, width: u32) -> (String, usize) {
    const FITS: usize = 120;
    let chars: Vec<char> = line.chars().collect();
    let column = column.max(1) as usize;
    if chars.len() <= FITS {
        return (line.to_owned(), column);
    }
    let from = if column + (width as usize).min(60) <= FITS { 0 } else { column.saturating_sub(FITS / 2) };
    let to = (from + FITS).min(chars.len());
    let mut shown: String = chars.get(from..to).unwrap_or_default().iter().collect();
    if to < chars.len() {
        shown.push('…');
    }
    if from > 0 {
        return (format!("…{shown}"), column - from + 1);
    }
    (shown, column)
}

/// Nothing of a runbook reaches the terminal as a control character.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::SourceFile;

    fn sources(text: &str) -> Sources {
        Sources { files: vec![SourceFile::new("dir/t.yaml", "t.yaml", text.as_bytes().to_vec())] }
    }

    #[test]
    fn a_problem_shows_its_line_with_a_caret_and_the_hint() {
        let sources = sources("a: 1\nbcd: 2\n");
        let at = At { file: 0, line: 2, column: 1, offset: 5 };
        let problem = Problem::of(Fault::error(at, "unknown key").hint("did you mean `bce`?").width(3), &sources);
        assert_eq!(
            problem.to_string(),
            "dir/t.yaml:2:1: error: unknown key\n2 | bcd: 2\n  | ^^^\n  = hint: did you mean `bce`?"
        );
        assert!(problem.render(true).contains("\x1b[1;31m^^^\x1b[0m"));
    }

    #[test]
    fn control_characters_of_a_runbook_do_not_reach_the_terminal() {
        let sources = sources("a: \x1b[31m\n");
        let at = At { file: 0, line: 1, column: 4, offset: 3 };
        let text = Problem::of(Fault::error(at, "bad \x1b[0m"), &sources).render(false);
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let line = format!("a: {}X{}\n", "b".repeat(500), "c".repeat(500));
        let sources = sources(&line);
        let at = At { file: 0, line: 1, column: 504, offset: 503 };
        let text = Problem::of(Fault::error(at, "here"), &sources).to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[1].chars().count() < 130);
        assert_eq!(rows[1].chars().nth(rows[2].find('^').unwrap()), Some('X'));
    }

    #[test]
    fn problems_are_sorted_by_place_and_said_once() {
        let sources = sources("a\nb\n");
        let at = |line| At { file: 0, line, column: 1, offset: line };
        let all =
            Problem::all(vec![Fault::error(at(2), "x"), Fault::error(at(1), "y"), Fault::error(at(2), "x")], &sources);
        assert_eq!(all.iter().map(|p| (p.line, p.message.as_str())).collect::<Vec<_>>(), [(1, "y"), (2, "x")]);
    }
}
