//! Colours by meaning, glyphs, and their forms for terminals that have neither.

use ratatui::style::{Color, Modifier, Style};

use crate::engine::Status;
use crate::words::Verdict;

/// How things look here. Never colour alone: every meaning has a glyph or a word too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    /// Colours may be used (NO_COLOR is not set).
    pub color: bool,
    /// Only ASCII for frames, glyphs and key names.
    pub ascii: bool,
}

impl Theme {
    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// Red: critical only.
    pub fn critical(self) -> Style {
        self.colored(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Amber: cautions, what is not as wanted.
    pub fn caution(self) -> Style {
        self.colored(Color::Yellow)
    }

    /// Passed, ok.
    pub fn good(self) -> Style {
        self.colored(Color::Green)
    }

    /// Something goes on.
    pub fn busy(self) -> Style {
        self.colored(Color::Cyan)
    }

    /// Beside the point.
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Titles, keys.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row under the cursor.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The frame of what has the keys.
    pub fn focus(self) -> Style {
        self.colored(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The header's first word.
    pub fn world(self, training: bool) -> Style {
        let color = if training { Color::Cyan } else { Color::Magenta };
        self.colored(color).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// One of two texts: the second is the ASCII form.
    pub fn pick(self, text: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { text }
    }

    /// An item's glyph: one cell, in ASCII three.
    pub fn status(self, status: &Status, here: bool) -> (&'static str, Style) {
        if here && *status == Status::Open {
            return (self.pick("▶", "[>]"), self.focus());
        }
        match status {
            Status::Open => (self.pick("○", "[ ]"), Style::new()),
            Status::Busy => (self.pick("◐", "[~]"), self.busy()),
            Status::Passed => (self.pick("✓", "[x]"), self.good()),
            Status::Failed(_) => (self.pick("✕", "[F]"), self.critical()),
            Status::Skipped => (self.pick("⊘", "[S]"), self.caution()),
            Status::Deferred => (self.pick("↷", "[D]"), self.caution()),
            Status::Overridden => (self.pick("≈", "[O]"), self.caution()),
            Status::Unknown => (self.pick("?", "[?]"), self.caution()),
            Status::NoData => (self.pick("∅", "[n]"), self.caution()),
            Status::Off => (self.pick("·", "[-]"), self.faint()),
        }
    }

    /// A probe's glyph; `looked`: it was looked at at all.
    pub fn verdict(self, verdict: Verdict, looked: bool) -> (&'static str, Style) {
        if !looked {
            return (self.pick("◐", "[~]"), self.busy());
        }
        match verdict {
            Verdict::Ok => (self.pick("●", "[x]"), self.good()),
            Verdict::Bad => (self.pick("✕", "[F]"), self.critical()),
            Verdict::Flapping => (self.pick("≈", "[f]"), self.caution()),
            Verdict::NoData => (self.pick("∅", "[n]"), self.caution()),
        }
    }

    /// A key's name in the bottom row.
    pub fn key(self, key: &'static str) -> &'static str {
        match (self.ascii, key) {
            (true, "⏎") => "Enter",
            (true, "⇥") => "Tab",
            (true, "↑↓") => "Up/Dn",
            (true, "←→") => "Lt/Rt",
            _ => key,
        }
    }

    /// Marks of a sparkline, lowest first.
    pub fn sparks(self) -> &'static [char] {
        if self.ascii { &['_', '.', '-', '~', '=', '+', '*', '#'] } else { &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] }
    }
}

/// The ASCII form of the program's own signs, for the last pass over a frame in ASCII.
pub fn ascii_form(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "─" | "╌" => "-",
        "│" => "|",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
        "▸" | "▶" => ">",
        "▾" => "v",
        "·" => ".",
        "…" => "~",
        "→" => ">",
        "←" => "<",
        "↑" => "^",
        "↓" => "v",
        "⏎" => "E",
        "⇥" => "T",
        "↺" => "r",
        "●" | "✓" => "x",
        "○" => "o",
        "◐" => "~",
        "✕" => "F",
        "∅" => "n",
        "‖" => "=",
        "█" => "#",
        _ => return None,
    })
}
