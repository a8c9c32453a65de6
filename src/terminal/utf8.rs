//! Characters cut by the end of a chunk.

/// How many bytes at the end are the beginning of a character whose rest may still come: 0 to 3.
pub(super) fn unfinished(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    match bytes[from..].iter().rposition(|b| *b >= 0xc0) {
        Some(at) => match std::str::from_utf8(&bytes[from + at..]) {
            Err(error) if error.error_len().is_none() => bytes.len() - from - at,
            _ => 0,
        },
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_beginning_is_unfinished() {
        for (bytes, n) in [
            (b"".as_slice(), 0),
            (b"abc", 0),
            ("aé".as_bytes(), 0),
            (b"a\xc3", 1),
            (b"\xe2\x94", 2),
            (b"\xf0\x9f\x98", 3),
            ("😀".as_bytes(), 0),
            (b"\xff", 0),
            (b"\xe0\x80", 0),
            (b"\xc3\xc3", 1),
            (b"\x94\x94\x94\x94", 0),
        ] {
            assert_eq!(unfinished(bytes), n, "{bytes:x?}");
        }
    }
}
