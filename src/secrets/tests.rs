use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "Tr0ub4dor&3 \"x/é'";

fn needles(values: &[&str]) -> Arc<Needles> {
    Arc::new(Needles::new(values.iter().map(|v| (*v).to_owned())).unwrap())
}

fn stream(needles: &Arc<Needles>, chunks: &[&[u8]]) -> Vec<u8> {
    let mut redactor = Redactor::new(Arc::clone(needles));
    let mut out = Vec::new();
    for chunk in chunks {
        redactor.push(chunk, &mut out);
    }
    redactor.finish(&mut out);
    assert_eq!(redactor.held(), 0);
    out
}

/// Every text byte that is not part of a sequence, without line breaks.
fn seen(bytes: &[u8]) -> Vec<u8> {
    let mut escape = escape::Escape::default();
    bytes.iter().copied().filter(|b| escape.step(*b) == escape::Kind::Content).collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn short_and_huge_values_are_refused_without_being_shown() {
    let refused = Needles::new(["long enough".to_owned(), " ab12 \n".to_owned()]).unwrap_err();
    assert_eq!(refused, Refused { index: 1, why: Why::TooShort(4) });
    assert!(refused.to_string().starts_with("secret number 2 is refused: it has 4 characters"));
    assert!(!refused.to_string().contains("ab12"));
    let refused = Needles::new(["x".repeat(MAX_BYTES + 1)]).unwrap_err();
    assert_eq!(refused.why, Why::TooLong(MAX_BYTES + 1));
    assert!(Needles::new(["ünïcöd".to_owned()]).is_ok());
    assert!(!format!("{:?}", needles(&[SECRET])).contains("Tr0u"));
}

#[test]
fn every_usual_encoding_is_masked_and_the_rest_stays() {
    let needles = needles(&[SECRET]);
    let hex = |upper: bool| -> String {
        SECRET.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect()
    };
    let spellings = [
        SECRET.to_owned(),
        serde_json::to_string(SECRET).unwrap(),
        serde_json::to_string(&serde_json::to_string(SECRET).unwrap()).unwrap(),
        // Python's json.dumps, Go's encoding/json
        "\"Tr0ub4dor&3 \\\"x/\\u00e9'\"".to_owned(),
        "\"Tr0ub4dor\\u00263 \\\"x/é'\"".to_owned(),
        // encodeURIComponent, Python's quote and quote_plus
        "Tr0ub4dor%263%20%22x%2F%C3%A9'".to_owned(),
        "Tr0ub4dor%263%20%22x/%C3%A9%27".to_owned(),
        "Tr0ub4dor%263+%22x%2F%C3%A9%27".to_owned(),
        "tr: Tr0ub4dor%263%20%22x%2f%c3%a9%27".to_owned(),
        hex(true),
        hex(false),
        // set -x, printf %q, SQL
        "+ login 'Tr0ub4dor&3 \"x/é'\\'''".to_owned(),
        "$'Tr0ub4dor&3 \"x/\\303\\251\\''".to_owned(),
        "Tr0ub4dor\\&3\\ \\\"x/é\\'".to_owned(),
        "'Tr0ub4dor&3 \"x/é'''".to_owned(),
    ];
    for spelling in spellings {
        let text = format!("before {spelling} after");
        let masked = needles.redact(&text);
        assert_eq!(masked.len(), text.len(), "{masked}");
        assert!(masked.starts_with("before ") && masked.ends_with(" after"), "{masked}");
        assert!(masked.contains("**************"), "{spelling} became {masked}");
        for piece in ["Tr0ub4", "ub4dor", "dor&3", "5472", "3472"] {
            assert!(!masked.contains(piece), "{piece} in {masked}");
        }
    }
}

#[test]
fn base64_is_found_at_each_offset_and_wrapped() {
    let secret = "correct horse battery staple >>>??? and a little more to make it long enough to be wrapped";
    let needles = needles(&[secret]);
    for offset in 0..3 {
        for tail in ["", "z", "zz", "zzz"] {
            let clear = format!("{}{secret}{tail}", "a".repeat(offset + 3));
            for text in [STANDARD.encode(&clear), URL_SAFE.encode(&clear)] {
                let masked = needles.redact(&text);
                let open = masked.trim_end_matches('=').bytes().filter(|b| *b != b'*').count();
                // What depends on the neighbours as well cannot be matched: two characters a side at most, besides those
                // of the neighbours themselves.
                assert!(open <= 4 + 4 + 4 + 2, "{open} of {masked}");

                let wrapped: String =
                    text.as_bytes().chunks(76).map(|l| format!("{}\r\n", std::str::from_utf8(l).unwrap())).collect();
                let masked = needles.redact(&wrapped);
                assert_eq!(masked.len(), wrapped.len());
                assert_eq!(masked.matches("\r\n").count(), wrapped.matches("\r\n").count());
                assert!(masked.bytes().filter(u8::is_ascii_alphanumeric).count() <= 14, "{masked}");
            }
        }
    }
}

#[test]
fn lines_and_leaves_of_a_structured_value_are_masked() {
    let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\nab\n-----END KEY-----\n";
    let needles = needles(&[pem, "{\"user\":\"svc\",\"deep\":[{\"token\":\"line-one\\nline-two\"}]}"]);
    assert_eq!(needles.redact("x hkiG9w0BAQEFAASC y"), "x **************** y");
    assert_eq!(needles.redact("line-two and line-one"), "******** and ********");
    assert_eq!(needles.redact("-----BEGIN KEY-----"), "-----BEGIN KEY-----", "armour is no secret");
    // Whole, as a terminal shows it: with CR LF, and the short line inside.
    let shown = pem.replace('\n', "\r\n");
    let masked = needles.redact(&shown);
    assert_eq!(masked.len(), shown.len());
    assert!(!masked.contains("ab"), "{masked}");
}

#[test]
fn escape_sequences_inside_are_gone_through_and_kept() {
    let needles = needles(&["hunter2-hunter2"]);
    let out = stream(&needles, &[b"a\x1b[1mhunt\x1b[31;1me", b"r2\x1b]0;t\x07-hun\x1b", b"[0mter2\x1b[0m!"]);
    assert_eq!(out, b"a\x1b[1m****\x1b[31;1m***\x1b]0;t\x07****\x1b[0m****\x1b[0m!");
    // In a title, in a string that nobody draws, after an escape that would eat its first letter.
    for around in [["\x1b]0;", "\x07"], ["\x1bPq", "\x1b\\"], ["\x1b[", ""], ["\x1b", ""]] {
        let text = format!("{}hunter2-hunter2{}", around[0], around[1]);
        assert_eq!(stream(&needles, &[text.as_bytes()]), text.replace("hunter2-hunter2", "***************").as_bytes());
    }
}

#[test]
fn bytes_are_held_only_while_they_may_become_a_secret() {
    let mut redactor = Redactor::new(needles(&["secret-value"]));
    let mut out = Vec::new();
    redactor.push(b"plain se", &mut out);
    assert_eq!((out.as_slice(), redactor.held(), redactor.peek_held()), (b"plain ".as_slice(), 2, b"se".as_slice()));
    redactor.push(b"t", &mut out);
    assert_eq!((out.as_slice(), redactor.held()), (b"plain set".as_slice(), 0));
    redactor.push(b" secret-value", &mut out);
    assert_eq!((out.as_slice(), redactor.held()), (b"plain set ************".as_slice(), 0));
    // A line that ends like the beginning of a secret is not kept back, and the match still goes on.
    redactor.push(b"\nyes\r\n", &mut out);
    assert_eq!(redactor.held(), 0);
    redactor.push(b"ecret-value", &mut out);
    assert!(out.ends_with(b"yes\r\n***********"), "{}", String::from_utf8_lossy(&out));
    // An endless string inside of a beginning is not held for ever.
    redactor.push(b"secret\x1b]0;", &mut out);
    for _ in 0..64 {
        redactor.push(&[b'x'; 1024], &mut out);
        assert!(redactor.held() <= 12 + 16 * 1024 + 16);
    }
}

#[test]
fn without_needles_everything_passes() {
    let none = Arc::new(Needles::none());
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(stream(&none, &[&all, &all]), [all.clone(), all].concat());
    assert!(matches!(none.mask_text("x"), std::borrow::Cow::Borrowed("x")));
    assert!(matches!(needles(&["something"]).mask_text("some other thing"), std::borrow::Cow::Borrowed(_)));
}

/// Text with the secret in it, and with sequences strewn over it; then cut anywhere.
#[derive(Clone, Debug)]
enum Piece {
    Secret,
    Part(usize),
    Text(String),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => Just(Piece::Secret),
        2 => (0usize..12).prop_map(Piece::Part),
        3 => "[a-d0-2é \\t]{0,8}".prop_map(Piece::Text),
        1 => Just(Piece::Text("\r\n".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_split_and_no_colour_leaks(
        secret in "[abc01]{6,12}",
        pieces in prop::collection::vec(piece(), 0..12),
        strewn in prop::collection::vec((any::<prop::sample::Index>(), 0usize..7), 0..20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut text = Vec::new();
        for piece in &pieces {
            match piece {
                Piece::Secret => text.extend_from_slice(secret.as_bytes()),
                Piece::Part(n) => text.extend_from_slice(&secret.as_bytes()[..(*n).min(secret.len() - 1)]),
                Piece::Text(t) => text.extend_from_slice(t.as_bytes()),
            }
        }
        let clean = text.clone();
        for (at, which) in &strewn {
            let sequence: &[u8] = [
                b"\x1b[31m".as_slice(), b"\x1b[0m", b"\x1b[38;2;1;2;3m", b"\x1b]0;title\x07", b"\x1b(B", b"\x00", b"\x1b]8;;x\x1b\\",
            ][*which];
            // Between sequences only, so that the reading of the whole stays the same.
            let mut escape = escape::Escape::default();
            let places: Vec<usize> = std::iter::once(0)
                .chain(text.iter().enumerate().filter_map(|(i, b)| {
                    escape.step(*b);
                    (escape == escape::Escape::Ground).then_some(i + 1)
                }))
                .collect();
            let at = places[at.index(places.len())];
            text.splice(at..at, sequence.iter().copied());
        }
        let needles = needles(&[&secret]);

        let whole = stream(&needles, &[&text]);
        prop_assert_eq!(whole.len(), text.len());
        prop_assert!(!contains(&seen(&whole), secret.as_bytes()), "{:?}", String::from_utf8_lossy(&whole));
        prop_assert!(!contains(&whole, secret.as_bytes()));
        // Only masks differ, and sequences are untouched.
        prop_assert!(whole.iter().zip(&text).all(|(a, b)| a == b || *a == b'*'));

        // However it is cut, the same comes out.
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&text[from..cut]);
            from = cut;
        }
        chunks.push(&text[from..]);
        prop_assert_eq!(&stream(&needles, &chunks), &whole);

        // Without sequences: exactly the bytes of occurrences are masked.
        let plain = stream(&needles, &[&clean]);
        let mut expected = seen(&clean);
        let original = expected.clone();
        for at in 0..(original.len() + 1).saturating_sub(secret.len()) {
            if original[at..].starts_with(secret.as_bytes()) {
                expected[at..at + secret.len()].fill(b'*');
            }
        }
        if !clean.contains(&b'\n') {
            prop_assert_eq!(seen(&plain), expected);
        }
    }

    #[test]
    fn bytes_of_every_kind_keep_their_length(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..400) {
        let needles = needles(&[SECRET]);
        let at = at.min(bytes.len());
        prop_assert_eq!(stream(&needles, &[&bytes[..at], &bytes[at..]]).len(), bytes.len());
    }
}
