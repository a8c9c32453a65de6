//! Foreign text in Markdown: nothing in it may become structure, and no control byte gets through.

use chrono::{DateTime, Utc};

use crate::terminal::{sanitize, sanitize_line};
use crate::words::Stamp;

/// A text as it stands, in one line: what CommonMark or HTML would act on is escaped.
pub(super) fn plain(text: &str) -> String {
    let line = sanitize_line(text);
    let line = line.trim();
    let mut out = String::with_capacity(line.len() + 8);
    let mut before = ' ';
    let mut chars = line.chars().peekable();
    let mut only_digits = true;
    while let Some(c) = chars.next() {
        let at_start = out.is_empty();
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '&' | '|' | '#' => true,
            // Inside of a word it is only a letter.
            '_' => !(before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric())),
            // Lists and rules begin a text: `- x`, `+ x`, `---`, `1. x`, `1) x`.
            '-' | '+' => at_start && chars.peek().is_none_or(|next| *next == ' ' || *next == c),
            '.' | ')' => only_digits && !at_start && chars.peek().is_none_or(|next| *next == ' '),
            '!' => chars.peek() == Some(&'['),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        only_digits &= c.is_ascii_digit();
        out.push(c);
        before = c;
    }
    out
}

/// A text as inline code, in one line.
pub(super) fn code(text: &str) -> String {
    let line = sanitize_line(text);
    if line.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&line) + 1);
    // Blanks inside the fence keep a backtick at the text's end apart from it; a reader's program takes them away.
    let pad = if line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// A block of code, each line indented, with a newline at its end.
pub(super) fn block(language: &str, text: &str, indent: &str) -> String {
    let clean = sanitize(text);
    let fence = "`".repeat(longest_run(&clean).max(2) + 1);
    let mut out = format!("{indent}{fence}{language}\n");
    for line in clean.trim_end_matches('\n').split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            out.push_str(&format!("{indent}{line}\n"));
        }
    }
    out.push_str(&format!("{indent}{fence}\n"));
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Times of one record: the date is said once, and again where it is another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    day: Option<DateTime<Utc>>,
}

impl Clock {
    /// Times of a run that was opened then.
    pub fn of(opened: Option<Stamp>) -> Self {
        Self { day: opened.map(|stamp| stamp.at) }
    }

    /// `09:02:11Z`, or `2026-11-25 09:02:11Z` on another day.
    pub fn time(self, stamp: Stamp) -> String {
        if self.day.is_some_and(|day| day.date_naive() == stamp.at.date_naive()) {
            crate::words::utc_second(stamp.at)
        } else {
            date_time(stamp)
        }
    }
}

/// `2026-11-24 09:02:11Z`.
pub(super) fn date_time(stamp: Stamp) -> String {
    stamp.at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Seconds of a duration: below a minute as people say it, then as a clock.
pub(super) fn lasting(seconds: f64) -> String {
    if seconds < 59.5 { crate::words::short_duration(seconds) } else { crate::words::clock(seconds.round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_structure() {
        let cases = [
            ("plain words", "plain words"),
            ("deployment_name of a_b", "deployment_name of a_b"),
            ("_emphasis_ *strong*", "\\_emphasis\\_ \\*strong\\*"),
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("12) item", "12\\) item"),
            ("1.5.0", "1.5.0"),
            ("-p", "-p"),
            ("---", "\\---"),
            ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
            ("![x](http://e)", "\\!\\[x\\](http://e)"),
            ("a | b", "a \\| b"),
            ("&amp; `x`", "\\&amp; \\`x\\`"),
            ("two\nlines\r\nthree", "two lines three"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "␛\\[31mred␛\\[0m␇"),
            ("rm \u{202e}x", "rm \\<U+202E\\>x"),
        ];
        for (text, wanted) in cases {
            assert_eq!(plain(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn code_is_fenced_longer_than_what_is_in_it() {
        assert_eq!(code("ls -l"), "`ls -l`");
        assert_eq!(code("a `b` ``c``"), "``` a `b` ``c`` ```");
        assert_eq!(code("x\ny"), "`x y`");
        assert_eq!(code(" "), "(empty)");
        assert_eq!(block("sh", "echo\n\n```\nx\n", "  "), "  ````sh\n  echo\n\n  ```\n  x\n  ````\n");
    }
}
