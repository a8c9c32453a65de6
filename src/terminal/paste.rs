//! Pasted text on its way to a command.

/// What to type for a paste.
///
/// A command that asked for brackets gets them, and inside nothing that could end them early or act as a key: ESC,
/// Ctrl-C and the one-byte CSI are left out. Otherwise the bytes go as they are, line breaks as the Enter key (CR).
pub fn paste(bytes: &[u8], bracketed: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    if bracketed {
        out.extend_from_slice(b"\x1b[200~");
        let mut at = 0;
        while at < bytes.len() {
            match &bytes[at..] {
                [0x1b | 0x03, ..] => at += 1,
                [0xc2, 0x9b, ..] => at += 2,
                [byte, ..] => {
                    out.push(*byte);
                    at += 1;
                }
                [] => break,
            }
        }
        out.extend_from_slice(b"\x1b[201~");
        return out;
    }
    let mut before = 0;
    for byte in bytes {
        match byte {
            b'\n' if before == b'\r' => {}
            b'\n' => out.push(b'\r'),
            _ => out.push(*byte),
        }
        before = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        assert_eq!(paste(b"one\ntwo", true), b"\x1b[200~one\ntwo\x1b[201~");
        assert_eq!(paste(b"a\x1b[201~rm\x03\xc2\x9b201~\xc3\x9b", true), b"\x1b[200~a[201~rm201~\xc3\x9b\x1b[201~");
        assert_eq!(paste(b"\x1b\x1b[201~[201~", true), b"\x1b[200~[201~[201~\x1b[201~");
    }

    #[test]
    fn without_brackets_lines_end_with_enter() {
        assert_eq!(paste("a\nb\r\nc\rd é".as_bytes(), false), "a\rb\rc\rd é".as_bytes());
    }
}
