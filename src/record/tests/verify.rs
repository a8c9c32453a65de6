//! Each kind of tampering is found and named.

use std::os::unix::fs::PermissionsExt as _;

use super::folder::{Flown, OUTPUT, flown, flown_by, read};
use crate::record::{RecordError, VerifyReport, json, load, markdown, verify};

fn after(tamper: impl FnOnce(&Flown)) -> VerifyReport {
    let flown = flown();
    tamper(&flown);
    verify(&flown.dir).unwrap()
}

/// The faults of a report as lines.
fn faults(report: &VerifyReport) -> String {
    report.faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[track_caller]
fn finds(what: &[&str], tamper: impl FnOnce(&Flown)) {
    let report = after(tamper);
    let text = faults(&report);
    assert!(!report.is_sound());
    assert!(what.iter().all(|what| text.contains(what)), "wanted {what:?} in:\n{text}");
}

#[test]
fn an_untouched_run_is_sound() {
    let report = after(|_| {});
    assert_eq!(faults(&report), "");
    // Head, two runbook files, answers, plan, two outputs, one segment, two records.
    assert_eq!((report.events, report.files, report.notes.len()), (13, 10, 0), "{report:?}");
    assert!(report.is_sound());
}

#[test]
fn a_changed_event() {
    finds(&["journal.jsonl: line 4: the line's bytes do not match its hash"], |f| {
        f.replace("journal.jsonl", "run_begun\":{\"operator\":\"anna", "run_begun\":{\"operator\":\"evil");
    });
}

#[test]
fn a_removed_event() {
    finds(&["journal.jsonl: line 7: the line has number 8, but number 7 is due"], |f| {
        let text = read(&f.path("journal.jsonl"));
        let kept: Vec<&str> = text.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 6).map(|(_, l)| l).collect();
        std::fs::write(f.path("journal.jsonl"), kept.concat()).unwrap();
    });
}

#[test]
fn a_tail_that_was_cut_off() {
    finds(&["head: it names event 13, which the journal does not have"], |f| {
        let text = read(&f.path("journal.jsonl"));
        let kept: Vec<&str> = text.split_inclusive('\n').take(12).collect();
        std::fs::write(f.path("journal.jsonl"), kept.concat()).unwrap();
    });
}

#[test]
fn a_torn_last_line() {
    finds(&["journal.jsonl: line 13: the line is not complete; a write was cut off there"], |f| {
        let text = read(&f.path("journal.jsonl"));
        std::fs::write(f.path("journal.jsonl"), &text[..text.len() - 20]).unwrap();
    });
}

#[test]
fn another_head() {
    finds(&["head: event 13 has another hash there"], |f| {
        let hash = read(&f.path("head")).lines().nth(3).unwrap().to_owned();
        f.replace("head", &hash, &"0".repeat(64));
    });
    finds(&["head: it is no head of this run"], |f| f.replace("head", "v1", "v9"));
}

#[test]
fn another_plan() {
    let tamper = |f: &Flown| f.replace("plan.json", "Apply", "Apple");
    finds(&["plan.json: it was changed", "the journal fixed"], tamper);
    let flown = flown();
    tamper(&flown);
    assert!(matches!(load(&flown.dir), Err(RecordError::OtherPlan { .. })));
}

#[test]
fn a_changed_or_missing_runbook() {
    finds(&["runbook/production.yaml: it was changed"], |f| {
        f.replace("runbook/production.yaml", "title: T", "title: U")
    });
    finds(&["runbook/_up/shared/common.yaml: it is missing"], |f| {
        std::fs::remove_file(f.path("runbook/_up/shared/common.yaml")).unwrap();
    });
}

#[test]
fn changed_answers() {
    finds(&["answers.json: it was changed"], |f| f.replace("answers.json", "true", "false"));
}

#[test]
fn changed_output_of_the_same_length() {
    finds(&["terminals/2.out: it was changed: its sha256 is", "attempt 2 ended with"], |f| {
        f.replace("terminals/2.out", "applied", "refused");
    });
}

#[test]
fn output_of_another_length_or_none() {
    finds(&["terminals/1.out: it was changed: it has 23 bytes, attempt 1 ended with 22"], |f| {
        f.replace("terminals/1.out", "ok", "nok");
    });
    finds(&["terminals/1.out: it is missing"], |f| std::fs::remove_file(f.path("terminals/1.out")).unwrap());
    finds(&["terminals/3.out: it has 22 bytes; attempt 3 ended with no output"], |f| {
        std::fs::write(f.path("terminals/3.out"), OUTPUT).unwrap();
    });
}

#[test]
fn changed_samples() {
    finds(&["samples/0001.csv: it was changed"], |f| f.replace("samples/0001.csv", "good", "bad"));
    finds(&["samples/0001.csv: it is missing"], |f| std::fs::remove_file(f.path("samples/0001.csv")).unwrap());
}

#[test]
fn samples_that_were_rolled_to_minutes_are_no_fault() {
    let report = after(|f| {
        std::fs::rename(f.path("samples/0001.csv"), f.path("samples/0001-0004.min.csv")).unwrap();
    });
    assert!(report.is_sound(), "{}", faults(&report));
    assert!(report.notes[0].contains("rolled to minutes"), "{:?}", report.notes);
}

#[test]
fn a_record_that_says_something_else() {
    finds(&["record.md: it was changed"], |f| f.replace("record.md", "enough", "all was well"));
    finds(&["record.json: it was changed"], |f| f.replace("record.json", "\"enough\"", "\"well\""));
    finds(&["record.json: it was changed"], |f| std::fs::write(f.path("record.json"), "{}").unwrap());
}

#[test]
fn a_record_of_another_version_is_only_noted() {
    let flown = flown_by("flightdeck 0.0.9");
    flown.replace("record.md", "enough", "plenty");
    let report = verify(&flown.dir).unwrap();
    assert!(report.is_sound(), "{}", faults(&report));
    assert!(report.notes.iter().any(|note| note.contains("flightdeck 0.0.9 wrote it")), "{:?}", report.notes);
}

#[test]
fn the_files_are_what_the_journal_gives_and_private() {
    let flown = flown();
    let run = load(&flown.dir).unwrap();
    assert_eq!(run.events, flown.events);
    assert_eq!(read(&flown.path("record.md")), markdown(&run));
    assert_eq!(read(&flown.path("record.json")), json(&run));
    for name in ["record.md", "record.json"] {
        let mode = std::fs::metadata(flown.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn a_folder_without_a_journal_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(verify(empty.path()), Err(RecordError::Journal(_))));
    assert!(load(empty.path()).unwrap_err().to_string().contains("is this a run's folder?"));
}
