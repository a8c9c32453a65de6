//! Exports of a real folder.

use super::folder::{flown, read};
use crate::record::{Format, RecordError, export};

fn cast(attempt: Option<u32>) -> Result<Vec<String>, RecordError> {
    let flown = flown();
    let mut out = vec![];
    export(&flown.dir, Format::Cast, attempt, &mut out)?;
    Ok(String::from_utf8(out).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn one_attempt_or_all_of_them_are_a_recording() {
    let one = cast(Some(2)).unwrap();
    let head: serde_json::Value = serde_json::from_str(&one[0]).unwrap();
    assert_eq!((&head["version"], &head["title"]), (&2.into(), &"kubectl apply -f x".into()));
    assert_eq!(
        one[1..],
        [
            r#"[0.000000,"o","\u001b[0m\r\n$ kubectl apply -f x\r\n"]"#,
            r#"[0.500000,"o","applied\r\n"]"#,
            r#"[1.000000,"o","\u001b[32mok\u001b[0m\r\n"]"#
        ]
    );
    let all = cast(None).unwrap();
    let times: Vec<f64> =
        all[1..].iter().map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap().0).collect();
    // The third attempt has no output; between the first two a second is left.
    assert_eq!(times, [0.0, 0.5, 1.0, 2.0, 2.5, 3.0]);
}

#[test]
fn a_recording_that_is_not_there_is_named() {
    assert!(cast(Some(9)).unwrap_err().to_string().contains("no attempt 9"));
    assert!(cast(Some(3)).unwrap_err().to_string().contains("no output"));
}

#[test]
fn a_crash_left_half_of_the_timing() {
    let flown = flown();
    std::fs::write(flown.path("terminals/1.tim"), "500000 4\n900000 99").unwrap();
    std::fs::remove_file(flown.path("terminals/2.tim")).unwrap();
    let mut out = vec![];
    export(&flown.dir, Format::Cast, None, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let said: String = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap().2)
        .filter(|text| !text.contains('$'))
        .collect();
    assert_eq!(said, "applied\r\n\u{1b}[32mok\u{1b}[0m\r\n".repeat(2));
}

#[test]
fn records_are_exported_as_they_are_written() {
    let flown = flown();
    for (format, file) in [(Format::Md, "record.md"), (Format::Json, "record.json")] {
        let mut out = vec![];
        export(&flown.dir, format, None, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), read(&flown.path(file)));
    }
}
