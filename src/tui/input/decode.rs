//! From bytes to keys: UTF-8, CSI and SS3 sequences, bracketed paste, SGR mouse, focus.

use super::key::{Code, Input, Key, Mouse, MouseKind};

/// A sequence longer than this is noise.
const LONGEST: usize = 64;
/// A paste is handed on in pieces of at most this many bytes.
const PASTE: usize = 1 << 20;
const PASTE_END: &[u8] = b"\x1b[201~";

/// One input with the bytes that it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it means.
    pub input: Input,
    /// The bytes as they came.
    pub raw: Vec<u8>,
}

/// Takes bytes, gives inputs; keeps what is not complete yet.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    pasting: bool,
}

/// What the bytes at the front are.
enum Front {
    /// An input of so many bytes.
    Whole(Input, usize),
    /// The beginning of something.
    Part,
}

impl Decoder {
    /// Takes bytes and gives the inputs that are complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.bytes.extend_from_slice(bytes);
        let mut pieces = vec![];
        loop {
            if self.pasting {
                match self.paste() {
                    Some(piece) => pieces.push(piece),
                    None => break,
                }
                continue;
            }
            if self.bytes.starts_with(b"\x1b[200~") {
                self.bytes.drain(..6);
                self.pasting = true;
                continue;
            }
            if self.bytes.is_empty() {
                break;
            }
            match front(&self.bytes) {
                Front::Whole(input, length) => {
                    let raw = self.bytes.drain(..length).collect();
                    pieces.push(Piece { input, raw });
                }
                Front::Part => break,
            }
        }
        pieces
    }

    /// Something is kept that time decides: a lone ESC is the Esc key when nothing follows it at once.
    pub fn waits(&self) -> bool {
        !self.pasting && !self.bytes.is_empty()
    }

    /// Nothing followed: what is kept is what it is.
    pub fn flush(&mut self) -> Vec<Piece> {
        if !self.waits() {
            return vec![];
        }
        let raw = std::mem::take(&mut self.bytes);
        match raw.split_first() {
            Some((0x1b, [])) => vec![Piece { input: Input::Key(Key::plain(Code::Esc)), raw }],
            // ESC, then [ or O typed by hand: a key with Alt.
            Some((0x1b, [letter @ (b'[' | b'O')])) => {
                let key = Key { alt: true, ..Key::plain(Code::Char(char::from(*letter))) };
                vec![Piece { input: Input::Key(key), raw }]
            }
            _ => vec![Piece { input: Input::Other, raw }],
        }
    }

    fn paste(&mut self) -> Option<Piece> {
        if let Some(end) = self.bytes.windows(PASTE_END.len()).position(|w| w == PASTE_END) {
            let text: Vec<u8> = self.bytes.drain(..end).collect();
            self.bytes.drain(..PASTE_END.len());
            self.pasting = false;
            return Some(Piece { input: Input::Paste(text.clone()), raw: text });
        }
        if self.bytes.len() > PASTE {
            let keep = self.bytes.len() - PASTE_END.len();
            let text: Vec<u8> = self.bytes.drain(..keep).collect();
            return Some(Piece { input: Input::Paste(text.clone()), raw: text });
        }
        None
    }
}

fn front(bytes: &[u8]) -> Front {
    match bytes {
        [0x1b] => Front::Part,
        [0x1b, b'[', rest @ ..] => csi(rest),
        [0x1b, b'O', rest @ ..] => match rest {
            [] => Front::Part,
            [last, ..] => Front::Whole(ss3(*last), 3),
        },
        [0x1b, 0x1b, ..] => Front::Whole(Input::Key(Key::plain(Code::Esc)), 1),
        [0x1b, rest @ ..] => match front(rest) {
            Front::Whole(Input::Key(key), length) => Front::Whole(Input::Key(Key { alt: true, ..key }), length + 1),
            Front::Whole(_, length) => Front::Whole(Input::Other, length + 1),
            Front::Part => Front::Part,
        },
        [byte, ..] if *byte < 0x80 => Front::Whole(Input::Key(ascii(*byte)), 1),
        _ => utf8(bytes),
    }
}

fn ascii(byte: u8) -> Key {
    match byte {
        b'\r' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x08 | 0x7f => Key::plain(Code::Backspace),
        0 => Key::ctrl(' '),
        0x01..=0x1a => Key::ctrl(char::from(byte - 1 + b'a')),
        0x1b..=0x1f => Key::ctrl(char::from(byte - 0x1b + b'[')),
        _ => Key::plain(Code::Char(char::from(byte))),
    }
}

fn utf8(bytes: &[u8]) -> Front {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return Front::Whole(Input::Other, 1),
    };
    let there = bytes.len().min(length);
    let tail = bytes.get(1..there).unwrap_or_default();
    if let Some(bad) = tail.iter().position(|b| !(0x80..0xc0).contains(b)) {
        return Front::Whole(Input::Other, bad + 1);
    }
    if there < length {
        return Front::Part;
    }
    match std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.chars().next()) {
        // The one-byte CSI and its like are no text.
        Some(c) if !c.is_control() => Front::Whole(Input::Key(Key::plain(Code::Char(c))), length),
        _ => Front::Whole(Input::Other, length),
    }
}

fn ss3(last: u8) -> Input {
    let code = match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'P'..=b'S' => Code::F(last - b'P' + 1),
        _ => return Input::Other,
    };
    Input::Key(Key::plain(code))
}

/// A CSI sequence, behind `ESC [`.
fn csi(rest: &[u8]) -> Front {
    // The Linux console's function keys: ESC [ [ A.
    if let [b'[', tail @ ..] = rest {
        return match tail {
            [] => Front::Part,
            [last @ b'A'..=b'E', ..] => Front::Whole(Input::Key(Key::plain(Code::F(last - b'A' + 1))), 4),
            _ => Front::Whole(Input::Other, 3),
        };
    }
    let Some(end) = rest.iter().position(|b| (0x40..=0x7e).contains(b)) else {
        return match rest.iter().position(|b| !(0x20..0x40).contains(b)) {
            Some(bad) => Front::Whole(Input::Other, bad + 2),
            None if rest.len() > LONGEST => Front::Whole(Input::Other, rest.len() + 2),
            None => Front::Part,
        };
    };
    if let Some(bad) = rest[..end].iter().position(|b| !(0x20..0x40).contains(b)) {
        return Front::Whole(Input::Other, bad + 2);
    }
    let length = end + 3;
    let (parameters, last) = (&rest[..end], rest[end]);
    // The old mouse encoding puts three raw bytes behind; it is never asked for.
    if let Some(mouse) = parameters.strip_prefix(b"<") {
        return Front::Whole(sgr_mouse(mouse, last), length);
    }
    let numbers = numbers(parameters);
    let first = numbers.first().copied().unwrap_or(0);
    let modifiers = numbers.get(1).copied().unwrap_or(1).saturating_sub(1);
    let code = match last {
        b'I' if parameters.is_empty() => return Front::Whole(Input::Focus(true), length),
        b'O' if parameters.is_empty() => return Front::Whole(Input::Focus(false), length),
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'P'..=b'S' => Code::F(last - b'P' + 1),
        b'Z' => return Front::Whole(Input::Key(Key { shift: true, ..Key::plain(Code::Tab) }), length),
        b'u' => match unicode(first) {
            Some(code) => code,
            None => return Front::Whole(Input::Other, length),
        },
        b'~' => match tilde(first) {
            Some(code) => code,
            None => return Front::Whole(Input::Other, length),
        },
        _ => return Front::Whole(Input::Other, length),
    };
    let key = Key { code, shift: modifiers & 1 != 0, alt: modifiers & 2 != 0, ctrl: modifiers & 4 != 0 };
    Front::Whole(Input::Key(key), length)
}

fn numbers(parameters: &[u8]) -> Vec<u32> {
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    // `:` parts say more about a number (kitty's event kinds); the number itself comes first.
    text.split(';').map(|part| part.split(':').next().unwrap_or_default().parse().unwrap_or(0)).collect()
}

fn tilde(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23 | 24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

fn unicode(number: u32) -> Option<Code> {
    Some(match number {
        13 => Code::Enter,
        27 => Code::Esc,
        9 => Code::Tab,
        127 | 8 => Code::Backspace,
        _ => Code::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    })
}

fn sgr_mouse(parameters: &[u8], last: u8) -> Input {
    let numbers = numbers(parameters);
    let [button, x, y] = numbers[..] else { return Input::Other };
    let kind = match (button, last) {
        (0, b'M') => MouseKind::Press,
        (64, b'M') => MouseKind::WheelUp,
        (65, b'M') => MouseKind::WheelDown,
        _ => MouseKind::Other,
    };
    let cell = |n: u32| u16::try_from(n.saturating_sub(1)).unwrap_or(u16::MAX);
    Input::Mouse(Mouse { kind, x: cell(x), y: cell(y) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Input> {
        let mut decoder = Decoder::default();
        let mut all: Vec<Input> = decoder.feed(bytes).into_iter().map(|p| p.input).collect();
        all.extend(decoder.flush().into_iter().map(|p| p.input));
        all
    }

    fn one(bytes: &[u8]) -> Key {
        match keys(bytes).as_slice() {
            [Input::Key(key)] => *key,
            other => panic!("{bytes:?}: {other:?}"),
        }
    }

    #[test]
    fn keys_of_the_usual_terminals() {
        let plain = [
            (b"a".as_slice(), Code::Char('a')),
            ("é".as_bytes(), Code::Char('é')),
            ("漢".as_bytes(), Code::Char('漢')),
            (b"\r", Code::Enter),
            (b"\t", Code::Tab),
            (b"\x7f", Code::Backspace),
            (b"\x1b", Code::Esc),
            (b"\x1b[A", Code::Up),
            (b"\x1bOB", Code::Down),
            (b"\x1b[5~", Code::PageUp),
            (b"\x1b[1~", Code::Home),
            (b"\x1bOF", Code::End),
            (b"\x1b[24~", Code::F(12)),
            (b"\x1bOP", Code::F(1)),
            (b"\x1b[[A", Code::F(1)),
            (b"\x1b[21~", Code::F(10)),
            (b"\x1b[13u", Code::Enter),
        ];
        for (bytes, code) in plain {
            assert_eq!(one(bytes), Key::plain(code), "{bytes:?}");
        }
        assert_eq!(one(b"\x1d"), Key::ctrl(']'));
        assert_eq!(one(b"\n"), Key::ctrl('j'));
        assert_eq!(one(b"\x03"), Key::ctrl('c'));
        assert_eq!(one(b"\x1a"), Key::ctrl('z'));
        assert_eq!(one(b"\x1b\r"), Key { alt: true, ..Key::plain(Code::Enter) });
        assert_eq!(one(b"\x1b[1;5C"), Key { ctrl: true, ..Key::plain(Code::Right) });
        assert_eq!(one(b"\x1b[Z"), Key { shift: true, ..Key::plain(Code::Tab) });
    }

    #[test]
    fn sequences_in_any_pieces_and_bytes_kept_whole() {
        let stream = "x\u{1b}[1;2A漢\u{1b}[200~y\r\u{1d}\u{1b}[201~z\u{1b}[<64;10;5M\u{1b}[I".as_bytes();
        let mut whole = Decoder::default();
        let expected = whole.feed(stream);
        assert_eq!(expected.len(), 7);
        assert_eq!(expected[3].input, Input::Paste(b"y\r\x1d".to_vec()));
        assert_eq!(expected[5].input, Input::Mouse(Mouse { kind: MouseKind::WheelUp, x: 9, y: 4 }));
        for cut in 1..stream.len() {
            let mut decoder = Decoder::default();
            let mut got = decoder.feed(&stream[..cut]);
            got.extend(decoder.feed(&stream[cut..]));
            assert_eq!(got, expected, "cut at {cut}");
        }
        let raw: Vec<u8> =
            expected.iter().filter(|p| !matches!(p.input, Input::Paste(_))).flat_map(|p| p.raw.clone()).collect();
        assert_eq!(raw, "x\u{1b}[1;2A漢z\u{1b}[<64;10;5M\u{1b}[I".as_bytes());
    }

    #[test]
    fn a_lone_esc_waits_and_noise_ends() {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(b"\x1b").is_empty());
        assert!(decoder.waits());
        assert_eq!(decoder.flush()[0].input, Input::Key(Key::plain(Code::Esc)));
        assert_eq!(keys(b"\x1b\x1b[A"), [Input::Key(Key::plain(Code::Esc)), Input::Key(Key::plain(Code::Up))]);
        assert_eq!(
            keys(b"\xff\xc3(a"),
            [
                Input::Other,
                Input::Other,
                Input::Key(Key::plain(Code::Char('('))),
                Input::Key(Key::plain(Code::Char('a')))
            ]
        );
        assert_eq!(keys(b"\x1b[?62;1c"), [Input::Other]);
        assert_eq!(keys(b"\x1b[12\x03"), [Input::Other, Input::Key(Key::ctrl('c'))]);
    }

    #[test]
    fn a_paste_is_never_keys() {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(b"\x1b[200~yes\r").is_empty());
        assert!(!decoder.waits(), "time does not end a paste");
        let pieces = decoder.feed(b"no\r\x1b[201~");
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].input, Input::Paste(b"yes\rno\r".to_vec()));
    }
}
