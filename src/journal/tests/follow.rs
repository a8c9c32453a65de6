//! Following a journal while it is written.

use std::fs;
use std::io::Write as _;

use super::{Ev, append, journal_of, note};
use crate::journal::append::Trouble;
use crate::journal::{Follow, FollowError, Journal};
use crate::words::files;

#[test]
fn lines_come_verbatim_and_once_from_a_number_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_of(dir.path(), &[&["a", "b", "c"]]);
    let mut follow = Follow::from(dir.path(), 2).unwrap();
    let lines = follow.poll().unwrap();
    let all = fs::read_to_string(dir.path().join(files::JOURNAL)).unwrap();
    assert_eq!(lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(), all.lines().skip(1).collect::<Vec<_>>());
    assert_eq!(lines.iter().map(|l| l.seq).collect::<Vec<_>>(), [2, 3]);
    assert!(follow.poll().unwrap().is_empty());
    append(&mut journal, &[note("d")]).unwrap();
    let lines = follow.poll_lines::<Ev>().unwrap();
    assert_eq!(lines.iter().map(|l| &l.ev).collect::<Vec<_>>(), [&note("d")]);
}

#[test]
fn a_half_written_line_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal_of(dir.path(), &[&["a", "b"]]));
    let path = dir.path().join(files::JOURNAL);
    let all = fs::read(&path).unwrap();
    fs::write(&path, b"").unwrap();
    let mut follow = Follow::from(dir.path(), 1).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let mut got = Vec::new();
    for byte in &all {
        file.write_all(&[*byte]).unwrap();
        let lines = follow.poll().unwrap();
        assert_eq!(lines.len(), usize::from(*byte == b'\n'));
        got.extend(lines);
    }
    assert_eq!(got.len(), 2);
}

#[test]
fn the_second_file_is_found_and_withdrawn_lines_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_of(dir.path(), &[&["a", "b"]]);
    let mut in_time = Follow::from(dir.path(), 1).unwrap();
    assert_eq!(in_time.poll().unwrap().len(), 2);
    // A line that was written but whose sync failed.
    let path = dir.path().join(files::JOURNAL);
    let before = fs::read(&path).unwrap();
    append(&mut journal, &[note("lost")]).unwrap();
    let mut too_early = Follow::from(dir.path(), 1).unwrap();
    assert_eq!(too_early.poll().unwrap().len(), 3);
    let with_lost = fs::read(&path).unwrap();
    fs::write(&path, &before).unwrap();
    let mut journal = Journal::open_for_append(dir.path()).unwrap();
    fs::write(&path, &with_lost).unwrap();
    journal.trouble = Some(Trouble::Sync);
    journal.reopen_after_failure().unwrap();
    append(&mut journal, &[note("c")]).unwrap();
    append(&mut journal, &[note("d")]).unwrap();
    let evs: Vec<Ev> = in_time.poll_lines::<Ev>().unwrap().into_iter().map(|l| l.ev).collect();
    assert_eq!(evs, [note("c"), note("d")]);
    assert!(matches!(too_early.poll(), Err(FollowError::Superseded { from: 3 })));
    let mut late = Follow::from(dir.path(), 3).unwrap();
    assert_eq!(late.poll().unwrap().len(), 2);
}

#[test]
fn a_bad_line_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal_of(dir.path(), &[&["a", "b"]]));
    let path = dir.path().join(files::JOURNAL);
    let text = fs::read_to_string(&path).unwrap().replace("\"b\"", "\"B\"");
    fs::write(&path, text).unwrap();
    let why = Follow::from(dir.path(), 1).unwrap().poll().unwrap_err();
    assert_eq!(why.to_string(), "journal.jsonl line 2: the line's bytes do not match its hash");
}
