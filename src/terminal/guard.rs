//! What of a command's output reaches the emulator.
//!
//! The emulator keeps a string sequence (OSC) in memory until it ends, and lets `CSI Ps b` repeat a character 65,535
//! times for eight bytes. So strings stop here, none of them is needed by a pane but the title: DCS, APC, PM and SOS
//! are dropped, OSC is cut at a bound; and control sequences are passed on whole, with sane counts. Characters are passed
//! on whole too: the parser (vte 0.15) loses text after one that was cut (`é` in two, an ASCII letter, the beginning of
//! another). The states are those of the emulator's own parser, so both agree on where a sequence ends.

use super::utf8::unfinished;

/// An OSC longer than this is read no further; titles are much shorter.
const OSC_BYTES: usize = 1024;
/// A control sequence longer than this is dropped; the emulator takes 32 parameters at most.
const CSI_BYTES: usize = 256;
/// Text is handed on in pieces of at most this size: the parser's work on bytes that are no UTF-8 grows with the square.
const PIECE_BYTES: usize = 2048;

/// What the guard lets through.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pass<'a> {
    /// For the emulator.
    Bytes(&'a [u8]),
    /// `CSI count b`: the last character again.
    Repeat(u16),
    /// An operating system command without its ends, cut at a bound.
    Osc(&'a [u8]),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Esc,
    Intermediate,
    Csi,
    Osc,
    /// DCS (which 0x9c ends too), SOS, PM or APC.
    Text {
        dcs: bool,
    },
}

/// The state between two chunks.
#[derive(Debug, Default)]
pub(super) struct Guard {
    state: State,
    /// The sequence or OSC so far.
    held: Vec<u8>,
    /// The sequence is too long.
    over: bool,
    /// The beginning of a character of the text.
    cut: Vec<u8>,
}

impl Guard {
    /// Takes a chunk, hands on what may pass, in order.
    pub(super) fn feed(&mut self, bytes: &[u8], mut pass: impl FnMut(Pass<'_>)) {
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Ground && bytes[at] != 0x1b {
                at += self.text(&bytes[at..], &mut pass);
                continue;
            }
            self.step(bytes[at], &mut pass);
            at += 1;
        }
    }

    /// Takes text up to the next ESC or a bound; how many bytes.
    fn text(&mut self, bytes: &[u8], pass: &mut impl FnMut(Pass<'_>)) -> usize {
        if !self.cut.is_empty() {
            self.cut.extend_from_slice(&bytes[..1]);
            let whole = self.cut.len() - unfinished(&self.cut);
            if whole > 0 {
                pass(Pass::Bytes(&self.cut[..whole]));
                self.cut.drain(..whole);
            }
            return 1;
        }
        let text = &bytes[..bytes.len().min(PIECE_BYTES)];
        let end = text.iter().position(|b| *b == 0x1b).unwrap_or(text.len());
        let whole = end - unfinished(&text[..end]);
        if whole > 0 {
            pass(Pass::Bytes(&text[..whole]));
        }
        self.cut.extend_from_slice(&text[whole..end]);
        end
    }

    fn step(&mut self, byte: u8, pass: &mut impl FnMut(Pass<'_>)) {
        match (self.state, byte) {
            (State::Osc, 0x1b) => {
                pass(Pass::Osc(&self.held));
                self.start(State::Esc);
            }
            (_, 0x1b) => {
                if !self.cut.is_empty() {
                    self.cut.clear();
                    pass(Pass::Bytes("\u{fffd}".as_bytes()));
                }
                self.start(State::Esc);
            }
            (State::Ground, _) => {}
            (_, 0x18 | 0x1a) => self.state = State::Ground,

            (State::Osc, 0x07) => {
                pass(Pass::Osc(&self.held));
                self.state = State::Ground;
            }
            (State::Osc, 0x00..=0x1f) => {}
            (State::Osc, _) if self.held.len() < OSC_BYTES => self.held.push(byte),
            (State::Osc, _) => {}
            (State::Text { dcs: true }, 0x9c) => self.state = State::Ground,
            (State::Text { .. }, _) => {}

            // Inside of a sequence controls act at once, and bytes of no meaning are passed over.
            (_, 0x00..=0x1f) => pass(Pass::Bytes(&[byte])),
            (_, 0x7f..) => {}

            (State::Esc, b'[') => self.collect(byte, State::Csi),
            (State::Esc, b']') => self.start(State::Osc),
            (State::Esc, b'P') => self.start(State::Text { dcs: true }),
            (State::Esc, b'X' | b'^' | b'_') => self.start(State::Text { dcs: false }),
            (State::Esc | State::Intermediate, 0x20..=0x2f) => self.collect(byte, State::Intermediate),
            (State::Esc | State::Intermediate, _) => self.end(byte, pass),
            (State::Csi, 0x40..=0x7e) => self.end(byte, pass),
            (State::Csi, _) => self.collect(byte, State::Csi),
        }
    }

    fn start(&mut self, state: State) {
        self.state = state;
        self.over = false;
        self.held.clear();
        if state == State::Esc {
            self.held.push(0x1b);
        }
    }

    fn collect(&mut self, byte: u8, state: State) {
        self.state = state;
        if self.held.len() < CSI_BYTES {
            self.held.push(byte);
        } else {
            self.over = true;
        }
    }

    fn end(&mut self, byte: u8, pass: &mut impl FnMut(Pass<'_>)) {
        self.state = State::Ground;
        if self.over {
            return;
        }
        self.held.push(byte);
        match self.held.strip_prefix(b"\x1b[").and_then(|rest| rest.strip_suffix(b"b")) {
            Some(count) if count.iter().all(|b| b.is_ascii_digit() || matches!(b, b';' | b':')) => {
                let digits = count.split(|b| !b.is_ascii_digit()).next().unwrap_or_default();
                let count = digits.iter().fold(0u16, |n, b| n.saturating_mul(10).saturating_add(u16::from(b - b'0')));
                pass(Pass::Repeat(count.max(1)));
            }
            _ => pass(Pass::Bytes(&self.held)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passed: bytes joined, the others named.
    fn through(chunks: &[&[u8]]) -> String {
        let mut guard = Guard::default();
        let mut text = String::new();
        for chunk in chunks {
            guard.feed(chunk, |pass| match pass {
                Pass::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes).replace('\x1b', "^")),
                Pass::Repeat(n) => text.push_str(&format!("<rep {n}>")),
                Pass::Osc(osc) => text.push_str(&format!("<osc {}>", String::from_utf8_lossy(osc))),
            });
        }
        text
    }

    #[test]
    fn strings_stop_here_and_sequences_pass_whole() {
        assert_eq!(through(&[b"a\x1b[3", b"1mb\x1b", b"(0c"]), "a^[31mb^(0c");
        assert_eq!(through(&[b"a\x1b]0;ti", b"tle\x07b\x1b]2;x\x1b\\c"]), "a<osc 0;title>b<osc 2;x>^\\c");
        assert_eq!(
            through(&[b"a\x1bP1;2q###\x1b\\b\x1b_apc\x07\x1b\\c\x1b^pm\x18d\x1bXsos\x1b[1me"]),
            "a^\\b^\\cd^[1me"
        );
        assert_eq!(through(&[b"\x1b\x00]0;hidden\x07x"]), "\0<osc 0;hidden>x", "a control after ESC changes nothing");
        assert_eq!(through(&[b"\x1b[1\n2mx\x1b[\x18y"]), "\n^[12mxy");
        assert_eq!(through(&[b"x\x1b[65535b\x1b[b\x1b[0b\x1b[3;9b\x1b[?5b"]), "x<rep 65535><rep 1><rep 1><rep 3>^[?5b");
    }

    #[test]
    fn characters_pass_whole() {
        let mut pieces = Vec::new();
        let mut guard = Guard::default();
        for chunk in
            [b"x\xc3".as_slice(), b"\xa9a\xe2", b"\x94", b"\x82\xc3\xc3", b"\xa9\xf0\x9f", b"\x1b]0;\x07\x98\x80!"]
        {
            guard.feed(chunk, |pass| match pass {
                Pass::Bytes(bytes) => pieces.push(bytes.to_vec()),
                other => assert_eq!(other, Pass::Osc(b"0;")),
            });
        }
        let expected: [&[u8]; 8] =
            [b"x", "é".as_bytes(), b"a", "│".as_bytes(), b"\xc3", "é".as_bytes(), "\u{fffd}".as_bytes(), b"\x98\x80!"];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn endless_sequences_take_bounded_memory() {
        for start in ["\x1b]0;", "\x1bP", "\x1b[", "\x1b(", "\x1b_", "\x1b("] {
            let mut guard = Guard::default();
            guard.feed(start.as_bytes(), |_| {});
            for _ in 0..100 {
                guard.feed(&[b'!'; 10_000], |_| panic!("passed"));
            }
            assert!(guard.held.capacity() <= 4 * OSC_BYTES, "{start:?}");
        }
        assert_eq!(through(&[b"\x1b[", &[b'1'; 1000], b"mx"]), "x");
    }
}
