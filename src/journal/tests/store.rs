//! The list of runs.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ev, append, note};
use crate::journal::{Found, Journal, Line, RunFolder, find, list};
use crate::words::files;

struct Runs {
    _base: tempfile::TempDir,
    dir: std::path::PathBuf,
    folders: Vec<RunFolder>,
}

fn runs(titles: &[&str]) -> Runs {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("runs");
    let start: DateTime<Utc> = "2026-11-24T09:02:11Z".parse().unwrap();
    let folders = titles.iter().enumerate().map(|(i, title)| {
        let folder = RunFolder::create(&dir, start + TimeDelta::days(i as i64), title).unwrap();
        let mut journal = Journal::create(folder.path()).unwrap();
        append(&mut journal, &[note(title), note(&"long ".repeat(i * 9000)), Ev::RunEnded]).unwrap();
        folder
    });
    Runs { folders: folders.collect(), dir, _base: base }
}

#[test]
fn the_list_is_newest_first_with_what_the_ends_say() {
    let runs = runs(&["first", "second", "third"]);
    fs::create_dir(runs.dir.join("something else")).unwrap();
    let _host = runs.folders[1].lock(1).unwrap();
    // A torn line at the end does not hide the event before it.
    let path = runs.folders[0].join(files::JOURNAL);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[b'x'; 40_000]);
    fs::write(&path, bytes).unwrap();
    let all = list(&runs.dir).unwrap();
    assert_eq!(
        all.iter().map(|r| &r.id).collect::<Vec<_>>(),
        runs.folders.iter().rev().map(|f| f.id()).collect::<Vec<_>>()
    );
    assert_eq!(all.iter().map(|r| r.alive).collect::<Vec<_>>(), [false, true, false]);
    for (run, title) in all.iter().rev().zip(["first", "second", "third"]) {
        assert!(!run.damaged);
        assert_eq!((run.seq, run.kind.as_deref()), (3, Some("run_ended")));
        assert_eq!(Line::<Ev>::parse(run.first_line.as_ref().unwrap()).unwrap().ev, note(title));
        assert_eq!(run.last.unwrap().up, 2 * 1_000_003);
        assert_eq!(run.opened.unwrap().up, 0);
    }
    assert!(list(&runs.dir.join("none")).unwrap().is_empty());
}

#[test]
fn a_run_is_found_by_a_part_of_its_name() {
    let runs = runs(&["alpha", "alpha", "beta"]);
    let id = |found: Found| match found {
        Found::One(run) => run.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(&id(find(&runs.dir, Some("bet")).unwrap()), runs.folders[2].id());
    assert_eq!(&id(find(&runs.dir, Some("2026-11-25")).unwrap()), runs.folders[1].id());
    assert_eq!(&id(find(&runs.dir, Some(runs.folders[0].path().to_str().unwrap())).unwrap()), runs.folders[0].id());
    match find(&runs.dir, Some("alpha")).unwrap() {
        Found::Several(several) => assert_eq!(several.len(), 2),
        other => panic!("{other:?}"),
    }
    assert_eq!(find(&runs.dir, Some("gamma")).unwrap(), Found::None);
    assert_eq!(find(&runs.dir, Some("../runs/gamma")).unwrap(), Found::None);
    assert_eq!(find(&runs.dir, None).unwrap(), Found::None);
    let _oldest = runs.folders[0].lock(1).unwrap();
    assert_eq!(&id(find(&runs.dir, None).unwrap()), runs.folders[0].id());
    let _newer = runs.folders[1].lock(1).unwrap();
    assert_eq!(&id(find(&runs.dir, None).unwrap()), runs.folders[1].id());
    // A whole name is meant even when it is a part of another.
    let whole = runs.dir.join("alpha");
    fs::create_dir(&whole).unwrap();
    fs::copy(runs.folders[2].join(files::JOURNAL), whole.join(files::JOURNAL)).unwrap();
    assert_eq!(id(find(&runs.dir, Some("alpha")).unwrap()).0, "alpha");
}

#[test]
fn the_second_file_and_damage_show() {
    let runs = runs(&["a", "b", "c"]);
    let journal = |i: usize| runs.folders[i].join(files::JOURNAL);
    let mut hosted = Journal::open_for_append(runs.folders[0].path()).unwrap();
    hosted.trouble = Some(crate::journal::append::Trouble::Sync);
    hosted.reopen_after_failure().unwrap();
    let entry = |i: usize| list(&runs.dir).unwrap().into_iter().rev().nth(i).unwrap();
    assert_eq!(entry(0).seq, 3, "the second file has no line yet");
    append(&mut hosted, &[note("d")]).unwrap();
    assert_eq!((entry(0).seq, entry(0).kind.as_deref()), (4, Some("note_added")));
    let text = fs::read_to_string(journal(1)).unwrap();
    fs::write(journal(1), text.replace("run_ended", "run_Ended")).unwrap();
    assert!(entry(1).damaged && entry(1).opened.is_some() && entry(1).seq == 0);
    fs::write(journal(2), "").unwrap();
    assert!(!entry(2).damaged && entry(2).opened.is_none());
}
