//! Signs and colours.

use crate::engine::Status;
use crate::words::utc_second;

/// How lines look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// ASCII signs.
    pub ascii: bool,
    /// Colours.
    pub color: bool,
}

/// What a line is about, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing special.
    Plain,
    /// Went well.
    Good,
    /// Red: only what is bad.
    Bad,
    /// Amber: to be seen.
    Caution,
    /// Of less weight.
    Faint,
}

impl Style {
    /// The sign of a status (UX.md, item states), with its colour.
    pub fn status(self, status: &Status) -> (&'static str, Tone) {
        let (sign, ascii, tone) = match status {
            Status::Open => ("○", "[ ]", Tone::Plain),
            Status::Busy => ("◐", "[~]", Tone::Plain),
            Status::Passed => ("✓", "[x]", Tone::Good),
            Status::Failed(_) => ("✕", "[F]", Tone::Bad),
            Status::Skipped => ("⊘", "[S]", Tone::Caution),
            Status::Deferred => ("↷", "[D]", Tone::Caution),
            Status::Overridden => ("≈", "[O]", Tone::Caution),
            Status::Unknown => ("?", "[?]", Tone::Bad),
            Status::NoData => ("∅", "[n]", Tone::Caution),
            Status::Off => ("·", "[-]", Tone::Faint),
        };
        (if self.ascii { ascii } else { sign }, tone)
    }

    /// One of two signs.
    pub fn sign(self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { sign }
    }

    /// A line with its time in front. Every text from outside must have been cleaned before.
    pub fn line(self, at: Option<chrono::DateTime<chrono::Utc>>, tone: Tone, text: &str) -> String {
        let time = at.map_or_else(|| " ".repeat(9), utc_second);
        let text = if self.ascii { ascii(text) } else { text.to_owned() };
        let code = match tone {
            _ if !self.color => "",
            Tone::Plain => "",
            Tone::Good => "\x1b[32m",
            Tone::Bad => "\x1b[31m",
            Tone::Caution => "\x1b[33m",
            Tone::Faint => "\x1b[2m",
        };
        if code.is_empty() { format!("{time}  {text}") } else { format!("{time}  {code}{text}\x1b[0m") }
    }
}

/// Text for a locale that is not UTF-8: letters are written in Latin ones, the rest as `?`.
fn ascii(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { deunicode::deunicode_with_tofu(text, "?") }
}
