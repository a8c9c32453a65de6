//! Whatever stands in a file, the loader answers with a runbook or with problems, and never panics.

use proptest::prelude::*;

use super::tests::data;
use super::{Memory, load_from};
use crate::runbook::lint;

/// Loads and lints bytes; every problem can be shown.
fn survive(bytes: Vec<u8>) {
    let files = Memory { files: [("t.yaml".to_owned(), bytes), ("smoke.sh".to_owned(), b"true\n".to_vec())].into() };
    match load_from(&files, "t.yaml") {
        Ok(loaded) => {
            let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
            lint(&loaded, today).iter().for_each(|p| assert!(!p.render(true).is_empty()));
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a runbook that is refused says why");
            problems.iter().for_each(|p| assert!(!p.render(true).is_empty()));
        }
    }
}

fn good() -> Vec<u8> {
    std::fs::read(data("everything.yaml")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(bytes);
    }

    #[test]
    fn any_text_of_yamls_own_characters(text in "[-a-z0-9 :#\\[\\]{}\"'|>&*!%@`\\n\\t$?,~é]{0,120}") {
        survive(format!("flightdeck: 1\ntitle: t\nsteps:\n  - {text}").into_bytes());
    }

    #[test]
    fn a_good_runbook_with_some_bytes_changed(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let mut bytes = good();
        for (index, byte, how) in changes {
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
        }
        survive(bytes);
    }

    #[test]
    fn a_good_runbook_with_a_word_moved(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let text = String::from_utf8(good()).unwrap();
        let mut words: Vec<&str> = text.split_inclusive(' ').collect();
        let word = words.remove(from.index(words.len()));
        words.insert(to.index(words.len()), word);
        survive(words.concat().into_bytes());
    }
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = String::from("flightdeck: 1\ntitle: t\nx-0: &a0 [lol, lol]\n");
    for i in 1..30 {
        text.push_str(&format!("x-{i}: &a{i} [*a{p}, *a{p}, *a{p}]\n", p = i - 1));
    }
    let files = Memory { files: [("t.yaml".to_owned(), text.into_bytes())].into() };
    let problems = load_from(&files, "t.yaml").unwrap_err();
    assert!(problems.iter().any(|p| p.message.contains("aliases make the file too")), "{problems:?}");
}
