//! Text from anywhere, made fit for cells: cleaned, wrapped, cut.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::terminal::{sanitize, sanitize_line};

/// The widest label that the rows of its text stand beside.
const LABEL: usize = 16;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Foreign text as one clean line.
pub fn line(text: &str) -> String {
    sanitize_line(text)
}

/// Foreign text as clean lines.
pub fn lines(text: &str) -> Vec<String> {
    sanitize(text).lines().map(str::to_owned).collect()
}

/// The front of a text, at most so many columns; `…` when something is left out.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    format!("{}…", take(text.graphemes(true), columns - 1))
}

/// A text cut in its middle, so that beginning and end are seen: `roll out iden… idp`.
pub fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns < 6 {
        return cut(text, columns);
    }
    let tail_room = columns / 3;
    let tail: String = take(text.graphemes(true).rev(), tail_room).graphemes(true).rev().collect();
    // A whole word at the end reads better than a piece of one.
    let tail = match tail.find(' ') {
        Some(at) if at + 1 < tail.len() => tail[at..].to_owned(),
        _ => tail,
    };
    let head = take(text.graphemes(true), columns - 1 - width(&tail));
    format!("{}…{tail}", head.trim_end())
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for grapheme in graphemes {
        let w = grapheme.width();
        if used + w > columns {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    out
}

/// A clean text in lines of at most `columns`; lines after the first begin with `indent` blanks. Words longer than a
/// line are broken, nothing is lost. Two blanks and more part columns: inside a line they stay.
pub fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    if width(text) <= columns {
        return vec![text.to_owned()];
    }
    let mut words = vec![];
    let mut blanks = 0;
    for word in text.split(' ') {
        if word.is_empty() {
            blanks += 1;
            continue;
        }
        words.push(format!("{}{word}", " ".repeat(if words.is_empty() { 0 } else { blanks })));
        blanks = 0;
    }
    fill(words, columns, indent)
}

/// A line in rows that keep its indentation; what stands behind a label and its gap stays under itself.
pub fn hanging(line: &str, columns: usize) -> Vec<String> {
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let inner = line.trim_start();
    let indent = line.len() - inner.len();
    let label = inner.find("  ").map(|at| at + inner[at..].len() - inner[at..].trim_start().len());
    let hang = label.map(|at| width(&inner[..at])).filter(|w| *w <= LABEL).unwrap_or(2);
    let rows = wrap(inner, columns.saturating_sub(indent), hang);
    rows.into_iter().map(|row| format!("{}{row}", " ".repeat(indent))).collect()
}

/// Whole words (which may hold blanks) in lines; a word is broken only when a line can't hold it.
pub fn fill(words: impl IntoIterator<Item = String>, columns: usize, indent: usize) -> Vec<String> {
    let columns = columns.max(4);
    let indent = indent.min(columns / 2);
    let mut lines: Vec<String> = vec![];
    let mut current = String::new();
    for word in words {
        let mut rest = word.as_str();
        let gap = usize::from(!current.trim().is_empty());
        if gap > 0 && width(&current) + gap + width(rest) > columns {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            rest = rest.trim_start();
        } else if gap > 0 {
            current.push(' ');
        }
        while width(&current) + width(rest) > columns {
            let mut piece = take(rest.graphemes(true), columns.saturating_sub(width(&current)).max(2));
            if piece.is_empty() {
                break;
            }
            // A quoted word that holds blanks is broken at one of them.
            if let Some(blank) = piece.rfind(' ').filter(|at| *at > piece.len() / 2) {
                piece.truncate(blank + 1);
            }
            current.push_str(&piece);
            rest = &rest[piece.len()..];
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
        }
        current.push_str(rest);
    }
    if !current.trim().is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

/// A word as a shell reads it back.
pub fn quote(word: &str) -> String {
    // An option with a value is no assignment: `--timeout=120s` is read better without quotes.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+:,./-=".contains(c);
    if word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), |q| q.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_keep_both_ends() {
        assert_eq!(cut("roll out", 20), "roll out");
        assert_eq!(cut("roll out identity", 9), "roll out…");
        let cut = cut_middle("roll out identity service idp", 18);
        assert_eq!(cut, "roll out iden… idp");
        for columns in 0..40 {
            assert!(width(&cut_middle("漢字漢字漢字漢字 and so on 漢字", columns)) <= columns, "{columns}");
        }
    }

    #[test]
    fn wrapping_loses_nothing() {
        let words = ["kubectl", "rollout", "status", "-n", "a b c", &"x".repeat(50)];
        for columns in 4..60 {
            let lines = fill(words.iter().map(|w| (*w).to_owned()), columns, 4);
            assert!(lines.iter().all(|l| width(l) <= columns), "{columns}: {lines:?}");
            let joined: String = lines.concat().split_whitespace().collect();
            assert_eq!(joined, words.concat().replace(' ', ""), "{columns}");
        }
        assert_eq!(wrap("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrap("", 8, 2), [""]);
        assert_eq!(wrap("a   b", 8, 2), ["a   b"], "what fits stays as it is");
        assert_eq!(wrap("a again   e edit   s skip", 18, 0), ["a again   e edit", "s skip"]);
        assert_eq!(fill(["'for i in 1 2 3; do'".to_owned()], 12, 2), ["'for i in 1 ", "  2 3; do'"]);
        assert_eq!(hanging("  x x   stop what runs", 16), ["  x x   stop", "        what", "        runs"]);
        assert_eq!(["--timeout=120s", "a=b", "--x=$y"].map(quote), ["--timeout=120s", "'a=b'", "'--x=$y'"]);
    }

    #[test]
    fn nothing_that_acts_is_left() {
        assert_eq!(line("a\x1b[2Jb\nc"), "a␛[2Jb c");
        assert_eq!(lines("a\n\x07b"), ["a", "␇b"]);
    }
}
