//! The shared folder, and those who do not play fair in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::process::geteuid;

use crate::journal::{Presence, PresenceBoard, PresenceError, boot_id};
use crate::words::RunId;

fn here(run: &str) -> Presence {
    Presence::here(RunId::from(run), "anna@ops1", "prod-eu", "PROD", "2026-11-24T09:02:11Z".parse().unwrap())
}

fn board() -> (tempfile::TempDir, std::path::PathBuf, PresenceBoard) {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("flightdeck-runs");
    let board = PresenceBoard::at(&dir);
    (base, dir, board)
}

#[test]
fn runs_see_each_other() {
    let (_base, dir, board) = board();
    assert!(board.others(None).is_empty());
    board.remove(&RunId::from("2026-a")).unwrap();
    board.publish(&here("2026-a")).unwrap();
    board.publish(&here("2026-b")).unwrap();
    let parked = Presence { doing: "parked".into(), ..here("2026-b") };
    board.publish(&parked).unwrap();
    let seen = board.others(Some(&RunId::from("2026-a")));
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0].presence, seen[0].uid, seen[0].alive), (&parked, geteuid().as_raw(), true));
    let mode = |p: &std::path::Path| fs::metadata(p).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&dir), 0o1777);
    for entry in fs::read_dir(&dir).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o644);
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "one file a run, nothing left over");
    board.remove(&RunId::from("2026-b")).unwrap();
    assert_eq!(board.others(None).len(), 1);
}

#[test]
fn the_dead_are_known() {
    let (_base, _dir, board) = board();
    board.publish(&Presence { boot_id: "an earlier boot".into(), ..here("a") }).unwrap();
    board.publish(&Presence { started: here("b").started.map(|t| t + 1), ..here("b") }).unwrap();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    board.publish(&Presence { pid: child.id(), started: None, boot_id: boot_id(), ..here("c") }).unwrap();
    let seen = board.others(None);
    assert_eq!(seen.iter().map(|s| s.alive).collect::<Vec<_>>(), [false, false, false]);
}

#[test]
fn what_cannot_be_believed_is_passed_over() {
    let (base, dir, board) = board();
    board.publish(&here("good")).unwrap();
    let uid = geteuid().as_raw();
    let name = |run: &str| dir.join(format!("{uid}-{run}.json"));
    let text = |run: &str| serde_json::to_string(&here(run)).unwrap();
    let elsewhere = base.path().join("elsewhere.json");
    fs::write(&elsewhere, text("linked")).unwrap();
    symlink(&elsewhere, name("linked")).unwrap();
    fs::write(base.path().join("hard"), text("hard")).unwrap();
    fs::hard_link(base.path().join("hard"), name("hard")).unwrap();
    fs::write(dir.join(format!("{}-other.json", uid + 1)), text("other")).unwrap();
    fs::write(name("renamed"), text("by-another-name")).unwrap();
    fs::write(name("long"), format!("{}{}", text("long"), " ".repeat(9000))).unwrap();
    fs::write(name("rubbish"), "{").unwrap();
    fs::write(name("binary"), [0xff; 100]).unwrap();
    fs::create_dir(name("folder")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(name("pipe")).status();
    assert!(pipe.is_ok_and(|s| s.success()));
    let seen = board.others(None);
    assert_eq!(seen.iter().map(|s| s.presence.run.0.as_str()).collect::<Vec<_>>(), ["good"]);
}

#[test]
fn texts_are_cut_and_cleaned() {
    let (_base, dir, board) = board();
    let evil = Presence { who: format!("a\u{1b}[2J\u{202e}\nb{}", "x".repeat(500)), ..here("run") };
    board.publish(&here("run")).unwrap();
    let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, serde_json::to_string(&evil).unwrap()).unwrap();
    let seen = board.others(None);
    let who = &seen[0].presence.who;
    assert!(who.starts_with("a[2Jbxxx") && who.chars().count() == 128, "{who}");
}

#[test]
fn an_unsafe_folder_is_refused() {
    let (base, dir, board) = board();
    let target = base.path().join("mine");
    fs::create_dir(&target).unwrap();
    symlink(&target, &dir).unwrap();
    let why = board.publish(&here("a")).unwrap_err();
    assert!(matches!(why, PresenceError::Unsafe { .. }), "{why}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    assert!(board.others(None).is_empty());
    fs::remove_file(&dir).unwrap();
    fs::write(&dir, "").unwrap();
    assert!(matches!(board.publish(&here("a")), Err(PresenceError::Unsafe { .. })));
    fs::remove_file(&dir).unwrap();
    // Our own folder with another mode is put right.
    fs::create_dir(&dir).unwrap();
    board.publish(&here("a")).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o7777, 0o1777);
}

#[test]
fn lines_of_dead_hosts_are_kept_for_a_while_only() {
    let (_base, _dir, board) = board();
    let now = chrono::Utc::now();
    let line =
        |name: &str, pid: u32, days: i64| Presence { pid, since: now - chrono::TimeDelta::days(days), ..here(name) };
    for presence in [line("old", u32::MAX, 8), line("new", u32::MAX, 1), line("long", std::process::id(), 30)] {
        board.publish(&presence).unwrap();
    }
    board.tidy(now);
    let seen = || board.others(None).into_iter().map(|s| s.presence.run.0).collect::<Vec<_>>();
    assert_eq!(seen(), ["long", "new"], "a living run stays however long it flies");
    for n in 0..70 {
        board.publish(&line(&format!("crashed-{n}"), u32::MAX, 2)).unwrap();
    }
    board.tidy(now);
    assert_eq!(seen().len(), 65);
    assert!(seen().contains(&"new".to_owned()), "the newest are kept");
}
