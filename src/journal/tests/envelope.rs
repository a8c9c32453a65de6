//! The line's bytes.

use std::process::Command;

use proptest::prelude::*;

use super::{Ev, append, note, stamp};
use crate::journal::envelope::Raw;
use crate::journal::{Digest, Flaw, Journal, Line, StorageError, encode, read};
use crate::words::{Actor, Stamp};

fn line(seq: u64, at: &str, up: u64, ev: &Ev, prev: &Digest) -> (String, Digest) {
    let mut out = Vec::new();
    let stamp = Stamp { at: at.parse().unwrap(), up };
    let hash = encode(&mut out, seq, &stamp, &Actor("anna@ops1".into()), ev, prev).unwrap();
    (String::from_utf8(out).unwrap(), hash)
}

#[test]
fn the_worked_example_of_the_design() {
    let (first, hash) = line(1, "2026-11-24T09:02:11.000421Z", 0, &note("first"), &Digest::ZERO);
    let zeros = "0".repeat(64);
    assert_eq!(
        first,
        format!(
            "{{\"v\":1,\"seq\":1,\"at\":\"2026-11-24T09:02:11.000421Z\",\"up\":0,\"by\":\"anna@ops1\",\
             \"ev\":{{\"note_added\":{{\"text\":\"first\"}}}},\"prev\":\"{zeros}\",\"hash\":\"{hash}\"}}\n"
        )
    );
    assert!(hash.to_string().starts_with("9b4f1b84") && hash.to_string().ends_with("e4"), "{hash}");
    let (second, hash) = line(2, "2026-11-24T09:02:12.100007Z", 1_099_586, &note("café 2.0"), &hash);
    assert!(hash.to_string().starts_with("71b266a2") && hash.to_string().ends_with("05"), "{hash}");
    let read = Line::<Ev>::parse(&second).unwrap();
    assert_eq!((read.seq, read.stamp.up, &read.ev, read.hash), (2, 1_099_586, &note("café 2.0"), hash));
}

#[test]
fn stock_tools_agree() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path()).unwrap();
    let texts = ["first", "café 2.0", "a \"hash\":\"x\"} in it", "\u{7f} \u{1} \\ \n end"];
    for text in texts {
        append(&mut journal, &[note(text), Ev::Figure { value: 6.0, count: u64::MAX }]).unwrap();
    }
    // As DESIGN.md has it, for each line.
    let script = r#"set -e
bare() { sed -E 's/,"hash":"[0-9a-f]{64}"\}$/}/'; }
n=0
while IFS= read -r line; do
  n=$((n + 1))
  want=$(printf '%s' "$line" | sed -E 's/.*,"hash":"([0-9a-f]{64})"\}$/\1/')
  have=$(sed -n "${n}p" journal.jsonl | bare | tr -d '\n' | sha256sum | cut -d' ' -f1)
  [ "$want" = "$have" ] || { echo "line $n differs"; exit 1; }
done < journal.jsonl
echo "$n lines""#;
    let tools = ["bash", "sed", "sha256sum"];
    let has = |tool: &&str| Command::new(tool).arg("--version").output().is_ok();
    if !tools.iter().all(has) {
        eprintln!("skipped: bash, sed or sha256sum is missing");
        return;
    }
    let out = Command::new("bash").arg("-c").arg(script).current_dir(dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "8 lines\n", "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn what_cannot_be_a_line_is_refused_and_the_journal_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path()).unwrap();
    append(&mut journal, &[note("one")]).unwrap();
    let head = journal.head();
    let by = Actor("anna@ops1".into());
    let no_json = std::collections::BTreeMap::from([(vec![1u8], 1)]);
    let refused = journal.append_all(&[(stamp(2), by.clone(), &no_json)]);
    assert!(matches!(refused, Err(StorageError::Unwritable(_))), "{refused:?}");
    let far = Stamp { at: chrono::DateTime::<chrono::Utc>::MAX_UTC, up: 1 };
    let (good, bad) = (note("good"), note("far"));
    let refused = journal.append_all(&[(stamp(2), by.clone(), &good), (far, by, &bad)]);
    assert!(matches!(refused, Err(StorageError::Unwritable(_))), "{refused:?}");
    assert_eq!(journal.head(), head);
    append(&mut journal, &[note("two")]).unwrap();
    let read = read::<Ev>(dir.path()).unwrap();
    let texts: Vec<_> = read.lines.iter().map(|l| l.ev.clone()).collect();
    assert_eq!(texts, [note("one"), note("two")]);
}

#[test]
fn a_line_with_a_fitting_hash_must_still_have_the_shape() {
    let (good, _) = line(1, "2026-11-24T09:02:11.000421Z", 0, &note("x"), &Digest::ZERO);
    let body = &good[..good.len() - 76];
    let forged = |body: &str| {
        let hash = Digest::of(&[body.as_bytes(), b"}"]);
        Raw::split(format!("{body},\"hash\":\"{hash}\"}}").as_bytes()).and_then(|r| r.decode::<Ev>()).map(drop)
    };
    assert_eq!(forged(body), Ok(()));
    assert_eq!(forged(&body.replace("\"v\":1", "\"v\":2")), Err(Flaw::Version(2)));
    assert!(matches!(forged(&body.replace("\"seq\":1", "\"seq\":01")), Err(Flaw::Shape(_))));
    assert!(matches!(forged(&body.replace("\"seq\":1", "\"seq\":99999999999999999999999")), Err(Flaw::Shape(_))));
    assert!(matches!(forged(&body.replace("\"up\":0", "\"up\":-1")), Err(Flaw::Shape(_))));
    assert!(matches!(forged(&body.replace("2026-11", "2026-31")), Err(Flaw::Shape(_))));
    assert!(matches!(forged(&body.replace("anna@ops1\"", "anna@ops1\\\"")), Err(Flaw::Shape(_))));
    assert!(matches!(forged(&body.replace("{\"text\"", "{text")), Err(Flaw::Json(_))));
    assert!(matches!(forged(&body.replace("\"ev\":", "\"eve\":")), Err(Flaw::Shape(_))));
    assert!(matches!(forged("{"), Err(Flaw::Shape(_))));
    assert!(matches!(Raw::split(b""), Err(Flaw::NoHash)));
    let capitals =
        good.trim_end().rsplit_once("\"hash\":\"").map(|(a, b)| format!("{a}\"hash\":\"{}", b.to_uppercase()));
    assert!(matches!(Raw::split(capitals.unwrap().as_bytes()), Err(Flaw::NoHash)));
}

fn any_event() -> impl Strategy<Value = Ev> {
    prop_oneof![
        any::<String>().prop_map(|text| Ev::NoteAdded { text }),
        (any::<f64>().prop_filter("finite", |f| f.is_finite()), any::<u64>())
            .prop_map(|(value, count)| Ev::Figure { value, count }),
        Just(Ev::RunEnded),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_line_comes_back_as_it_was(ev in any_event(), by in any::<String>(), up in any::<u64>(),
                                   at in -60_000_000_000i64..250_000_000_000, micros in 0u32..1_000_000) {
        let at = chrono::DateTime::from_timestamp(at, micros * 1000).unwrap();
        let stamp = Stamp { at, up };
        let prev = Digest::of(&[b"before"]);
        let mut out = b"untouched".to_vec();
        let hash = encode(&mut out, 7, &stamp, &Actor(by.clone()), &ev, &prev).unwrap();
        let text = std::str::from_utf8(out.strip_prefix(b"untouched").unwrap()).unwrap();
        prop_assert_eq!(text.matches('\n').count(), 1);
        let line = Line::<Ev>::parse(text).unwrap();
        prop_assert_eq!(line, Line { v: 1, seq: 7, stamp, by: Actor(by), ev, prev, hash });
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Raw::split(&bytes).map(|r| r.decode::<Ev>());
        let hash = Digest::of(&[&bytes, b"}"]);
        let mut line = bytes;
        line.extend_from_slice(format!(",\"hash\":\"{hash}\"}}").as_bytes());
        let _ = Raw::split(&line).map(|r| (r.kind().map(str::len), r.decode::<Ev>()));
    }
}
