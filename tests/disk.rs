//! A disk that is full in the middle of a flight: nothing is lost, nothing starts, it is said, and it goes on when there
//! is room. The disk is a small tmpfs in a mount namespace of its own, where the kernel gives one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Client, Run, wait_for};
use flightdeck::engine::{Event, Status, Want};
use flightdeck::words::Outcome;

/// Set in the process that has the small disk to itself: its mount point.
const DISK: &str = "FLIGHTDECK_TEST_DISK";

const BOOK: &str = "
flightdeck: 1
title: Full
steps:
  - title: Long
    script: |
      until [ -e \"$WORK/go\" ]; do sleep 0.05; done
      echo finished
  - title: Next
    run: touch next
";

/// Runs one of the tests below again in namespaces of its own with a small disk; false where the kernel refuses.
fn on_a_small_disk(test: &str) -> bool {
    let place = tempfile::tempdir().unwrap();
    let can = Command::new("unshare")
        .args(["-Urm", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !can {
        eprintln!("skipped: this kernel gives no user and mount namespace (the failing disk is tested in src/journal)");
        return false;
    }
    let script = r#"mount -t tmpfs -o size=4m,mode=0700 tmpfs "$1" && shift && exec "$@""#;
    let status = Command::new("unshare")
        .args(["-Urm", "--kill-child", "--fork", "sh", "-c", script, "sh"])
        .arg(place.path())
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--ignored"])
        .env(DISK, place.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} on the small disk: {status}");
    true
}

/// The small disk, when this is the process that has it.
fn disk() -> Option<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from)
}

/// A run on the small disk whose first step was started.
fn flying(disk: &Path, book: &str, first: &str) -> (Run, Client) {
    let work = tempfile::tempdir_in("/tmp").unwrap();
    let mut run = Run::in_folder(work, &disk.join("runs"), book);
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start(first);
    (run, anna)
}

/// Fills the disk to the last byte; the file.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = std::fs::File::create(&path).unwrap();
    for size in [64 << 10, 4096, 512, 1] {
        let block = vec![b'x'; size];
        while file.write_all(&block).is_ok() {}
    }
    path
}

#[test]
fn a_full_disk_loses_nothing_starts_nothing_says_so_and_goes_on() {
    on_a_small_disk("full_in_the_middle_of_a_flight");
}

#[test]
#[ignore = "only on the small disk that the test above makes"]
fn full_in_the_middle_of_a_flight() {
    let Some(disk) = disk() else { return };
    let (run, mut anna) = flying(&disk, BOOK, "long");
    wait_for("its command runs", || run.command_of(1));
    let ballast = fill(&disk);

    // A note that does not fit is refused, and everybody sees why.
    let why = anna.refused(Want::Note { text: "x".repeat(200_000), about: None, item: None });
    assert!(why.contains("journal cannot be written"), "{why}");
    anna.until("it is said", |c| c.live.as_ref().and_then(|l| l.disk_wait));
    let (said, text) = anna.until("what can be done by hand is shown", |c| c.by_hand.clone());
    assert!(!said.is_empty() && text.contains("touch next"), "{text}");
    let mut late = run.client();
    late.until("one who comes late is told too", |c| c.by_hand.clone());

    // The command ends meanwhile; nothing starts.
    std::fs::write(run.path("go"), "").unwrap();
    wait_for("the command is over", || run.command_of(1).filter(|pid| !common::lives(*pid)));
    let want = anna.start_of("next");
    let why = anna.refused(want);
    assert!(why.contains("nothing starts"), "{why}");
    // Also not when a few bytes of room are found: several tries later it is still so.
    let seconds = anna.until("it waits for longer", |c| c.live.as_ref().and_then(|l| l.disk_wait).filter(|s| *s >= 5));
    assert!(seconds >= 5);
    let want = anna.start_of("next");
    assert!(anna.refused(want).contains("nothing starts"));
    assert!(!run.path("next").exists());

    std::fs::remove_file(ballast).unwrap();
    anna.event("it goes on", |e| matches!(e, Event::StorageRecovered { .. }).then_some(()));
    anna.status("long", &Status::Passed);
    anna.done(Want::Note { text: "there is room".into(), about: None, item: None });
    anna.start("next");
    anna.ended();
    assert!(run.path("next").exists());
    assert_eq!(run.outcomes(), ["long passed", "next passed"]);
    assert_eq!(run.file("terminals/1.out"), "finished\r\n");
    let told: Vec<&Event> = anna.events.iter().map(|r| &r.event).collect();
    assert!(told.iter().any(|e| matches!(e, Event::StorageFailed { .. })));
    assert_eq!(run.events().iter().collect::<Vec<_>>(), told, "what was told is on disk, all of it");
    run.verify();
}

const LOUD: &str = "
flightdeck: 1
title: Loud
steps:
  - { title: Loud, run: head -c 9000000 /dev/zero }
  - { title: Louder, run: head -c 9000000 /dev/zero }
";

#[test]
fn a_loud_command_is_held_and_the_journal_has_room_for_what_the_operator_says_of_it() {
    on_a_small_disk("full_of_output");
}

#[test]
#[ignore = "only on the small disk that the test above makes"]
fn full_of_output() {
    let Some(disk) = disk() else { return };
    let (run, mut anna) = flying(&disk, LOUD, "loud");
    let held = |c: &Client, attempt: u32| {
        let held = c.live.as_ref()?.held.iter().find(|(a, _)| *a == attempt)?.1.clone();
        assert!(held.contains("1.out") && held.contains("no space left"), "{held}");
        Some(())
    };
    anna.until("it is held", |c| held(c, 1));
    assert!(anna.state.storage_failed.is_none(), "the journal is not out of room");
    anna.done(Want::GoOnUnrecorded { item: "loud".into(), attempt: 1 });
    anna.status("loud", &Status::Passed);
    let lost: u64 = anna.event("what is lost is said", |e| match e {
        Event::CautionRaised { text, .. } => text.strip_suffix(" bytes of its output could not be kept")?.parse().ok(),
        _ => None,
    });
    let kept = std::fs::metadata(run.folder.join("terminals/1.out")).unwrap().len();
    assert_eq!(kept + lost, 9_000_000);
    assert!(anna.refused(Want::GoOnUnrecorded { item: "loud".into(), attempt: 1 }).contains("ended already"));
    // The other way: it is stopped.
    anna.start("louder");
    anna.until("it is held", |c| c.live.as_ref()?.held.iter().any(|(a, _)| *a == 2).then_some(()));
    anna.done(Want::Stop { item: "louder".into(), attempt: 2 });
    anna.status("louder", &Status::Failed(Outcome::Cancelled));
    run.verify();
}

#[test]
fn what_runs_can_be_stopped_when_nothing_can_be_written_down() {
    on_a_small_disk("stopped_on_a_full_disk");
}

#[test]
#[ignore = "only on the small disk that the test above makes"]
fn stopped_on_a_full_disk() {
    let Some(disk) = disk() else { return };
    let (run, mut anna) = flying(&disk, BOOK, "long");
    let command = wait_for("its command runs", || run.command_of(1));
    let ballast = fill(&disk);
    assert!(anna.refused(Want::Note { text: "x".repeat(200_000), about: None, item: None }).contains("cannot be written"));
    let why = anna.refused(Want::Stop { item: "long".into(), attempt: 1 });
    assert!(why.contains("interrupted") && why.contains("written down as soon"), "{why}");
    wait_for("it is stopped", || (!common::lives(command)).then_some(()));
    std::fs::remove_file(ballast).unwrap();
    anna.event("that it was stopped is written down", |e| matches!(e, Event::StopRequested { .. }).then_some(()));
    anna.status("long", &Status::Failed(Outcome::Cancelled));
    run.verify();
}

#[test]
fn an_unattended_flight_waits_for_room_and_goes_on_by_itself() {
    on_a_small_disk("full_while_nobody_looks");
}

#[test]
#[ignore = "only on the small disk that the test above makes"]
fn full_while_nobody_looks() {
    let Some(disk) = disk() else { return };
    let steps: String = (0..6).map(|n| format!("  - {{ title: Step {n}, run: sleep 0.1 }}\n")).collect();
    let book = format!("{BOOK}{steps}");
    let work = tempfile::tempdir_in("/tmp").unwrap();
    let mut run = Run::in_folder(work, &disk.join("runs"), &book);
    run.settings.autopilot = flightdeck::engine::event::Autopilot { yes: true, answers: None };
    run.start();
    wait_for("its command runs", || run.command_of(1));
    let ballast = fill(&disk);
    std::fs::write(run.path("go"), "").unwrap();
    // The last page of the journal may still have room for a word about the output that has none.
    let mut anna = run.client();
    anna.until("it is said", |c| {
        let held = |e: &Event| matches!(e, Event::CautionRaised { text, .. } if text.contains("no space left"));
        let waits = c.live.as_ref().is_some_and(|l| l.disk_wait.is_some());
        (waits || c.events.iter().any(|r| held(&r.event))).then_some(())
    });
    assert!(!run.path("next").exists(), "nothing was started");
    std::fs::remove_file(ballast).unwrap();
    anna.ended();
    let outcomes = run.outcomes();
    assert_eq!(outcomes.len(), 8);
    assert!(outcomes.iter().all(|o| o.ends_with(Outcome::Passed.words())), "{outcomes:?}");
    run.verify();
}
