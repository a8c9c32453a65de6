//! Which bytes of a terminal stream are text, and which belong to an escape sequence.

/// What a byte is for somebody who reads the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A byte of text.
    Content,
    /// CR or LF outside of any sequence.
    Newline,
    /// Part of an escape sequence, or a control character that draws nothing.
    Skip,
}

/// Where the stream is: the states of the usual terminal parser that matter for telling text from sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Escape {
    /// Between sequences.
    #[default]
    Ground,
    /// After ESC.
    Esc,
    /// After ESC and an intermediate byte.
    Intermediate,
    /// Inside a control sequence (CSI).
    Csi,
    /// Inside a string: OSC (ended by BEL too), DCS, SOS, PM or APC.
    Text {
        /// BEL ends it.
        osc: bool,
    },
}

impl Escape {
    /// Takes one byte.
    pub(super) fn step(&mut self, byte: u8) -> Kind {
        match (*self, byte) {
            (Self::Ground, 0x1b) => *self = Self::Esc,
            (Self::Ground, b'\n' | b'\r') => return Kind::Newline,
            (Self::Ground, b'\t' | 0x20..=0x7e | 0x80..) => return Kind::Content,
            (Self::Ground, _) => {}
            // CAN and SUB end everything, ESC starts anew everywhere.
            (_, 0x18 | 0x1a) => *self = Self::Ground,
            (_, 0x1b) => *self = Self::Esc,
            (Self::Esc, b'[') => *self = Self::Csi,
            (Self::Esc, b']') => *self = Self::Text { osc: true },
            (Self::Esc, b'P' | b'X' | b'^' | b'_') => *self = Self::Text { osc: false },
            (Self::Esc, 0x20..=0x2f) => *self = Self::Intermediate,
            (Self::Esc | Self::Intermediate, 0x30..=0x7e) => *self = Self::Ground,
            (Self::Csi, 0x40..=0x7e) => *self = Self::Ground,
            (Self::Text { osc: true }, 0x07) => *self = Self::Ground,
            _ => {}
        }
        Kind::Skip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(bytes: &[u8]) -> Vec<u8> {
        let mut escape = Escape::default();
        bytes.iter().copied().filter(|b| escape.step(*b) == Kind::Content).collect()
    }

    #[test]
    fn sequences_are_not_text() {
        assert_eq!(text_of(b"a\x1b[1;31mb\x1b[0mc"), b"abc");
        assert_eq!(text_of(b"a\x1b]0;title\x07b\x1b]2;t\x1b\\c"), b"abc");
        assert_eq!(text_of(b"a\x1bPq\x07still\x1b\\b\x1b(Bc\x00\x07d"), b"abcd");
        assert_eq!(text_of(b"a\x1b[12\x18b\x1b[3\x1b[4mc"), b"abc");
    }
}
