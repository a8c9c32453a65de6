//! The disk refuses at every call, once and for ever; then the machine is killed, or loses its power.

use std::path::Path;

use rustix::io::Errno;

use super::disk::{Fault, MemDisk};
use super::{Ev, append, note};
use crate::journal::read::read_on;
use crate::journal::{Disk, Journal, RealDisk, StorageError, read, repair_on, verify};
use crate::words::files;

const DIR: &str = "/run";
const FAULTS: [Fault; 6] = [
    Fault::Error(Errno::NOSPC),
    Fault::Half(Errno::NOSPC),
    Fault::Error(Errno::IO),
    Fault::Half(Errno::IO),
    Fault::Error(Errno::DQUOT),
    Fault::Error(Errno::ROFS),
];

fn texts(disk: &MemDisk) -> Vec<Ev> {
    let found = read_on::<Ev, _>(disk, Path::new(DIR)).unwrap();
    assert!(!found.read_only(), "{:?}", found.why_read_only());
    found.lines.into_iter().map(|l| l.ev).collect()
}

/// What a machine shows after trouble: everything acknowledged, in order, then at most one batch that was under way;
/// and it goes on from there, and what it then acknowledges survives a power cut too.
fn must_hold(disk: &MemDisk, acknowledged: &[Ev], under_way: &[&[Ev]]) {
    let dir = Path::new(DIR);
    let found = texts(disk);
    assert!(found.starts_with(acknowledged), "lost: {acknowledged:?}\nfound: {found:?}");
    let more = &found[acknowledged.len()..];
    let known = more.is_empty() || under_way.iter().any(|batch| batch.starts_with(more));
    assert!(known, "under way: {under_way:?}\nfound: {found:?}");
    repair_on(disk, dir).unwrap();
    let mut journal = Journal::open_on(disk, dir).unwrap();
    append(&mut journal, &[note("resumed"), Ev::RunEnded]).unwrap();
    let expected: Vec<Ev> = found.into_iter().chain([note("resumed"), Ev::RunEnded]).collect();
    assert_eq!(texts(&disk.power_cut(0)), expected);
}

fn every_end(disk: &MemDisk, acknowledged: &[Ev], under_way: &[&[Ev]]) {
    must_hold(&disk.killed(), acknowledged, under_way);
    let unsynced = disk.unsynced();
    for extra in [0, 1, unsynced / 2, unsynced.saturating_sub(1), unsynced] {
        must_hold(&disk.power_cut(extra), acknowledged, under_way);
    }
}

fn batches() -> Vec<Vec<Ev>> {
    (0..5).map(|i| (0..=i % 3).map(|j| note(&format!("batch {i}, event {j}"))).collect()).collect()
}

/// Flies a run over a disk that fails the `nth` call. Returns whether anything failed.
fn fly(nth: u64, fault: Fault, for_ever: bool) -> bool {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    disk.fail(nth, fault, for_ever);
    let mut acknowledged = Vec::new();
    for batch in batches() {
        let mut tries = 0;
        loop {
            match append(&mut journal, &batch) {
                Ok(appended) => {
                    assert_eq!(appended.last_seq as usize, acknowledged.len() + batch.len());
                    break;
                }
                Err(why) => assert!(matches!(why, StorageError::Io { .. }), "{why}"),
            }
            assert!(matches!(append(&mut journal, &batch), Err(StorageError::Failed)), "nothing starts meanwhile");
            every_end(&disk, &acknowledged, &[&batch]);
            while journal.reopen_after_failure().is_err() {
                every_end(&disk, &acknowledged, &[&batch]);
                tries += 1;
                if tries == 3 {
                    disk.heal();
                }
                assert!(tries < 5, "a disk that is well again lets the run go on");
            }
            every_end(&disk, &acknowledged, &[&batch]);
        }
        acknowledged.extend(batch);
        every_end(&disk, &acknowledged, &[]);
    }
    disk.heal();
    assert_eq!(texts(&disk), acknowledged);
    assert_eq!(journal.head().0 as usize, acknowledged.len());
    disk.failed() > 0
}

#[test]
fn no_failing_call_loses_an_acknowledged_event() {
    for fault in FAULTS {
        for for_ever in [false, true] {
            let mut nth = 1;
            while fly(nth, fault, for_ever) {
                nth += 1;
            }
            assert!(nth > 10, "the run makes at least two calls a batch, {nth} were failed");
        }
    }
}

#[test]
fn a_failed_sync_twice_in_a_row_and_again_later() {
    for second in 1..40 {
        let (disk, dir) = (MemDisk::new(), Path::new(DIR));
        let mut journal = Journal::create_on(&disk, dir).unwrap();
        append(&mut journal, &[note("kept")]).unwrap();
        let mut acknowledged = vec![note("kept")];
        // The second call of an append is its sync.
        disk.fail(2, Fault::Half(Errno::IO), false);
        // Until something is acknowledged behind it, the failed batch may come back: it was on its way.
        let mut lost = vec![note("lost"), note("lost too")];
        append(&mut journal, &lost).unwrap_err();
        disk.fail(second, Fault::Half(Errno::IO), false);
        for n in 0..4 {
            let batch = [note(&format!("after {n}"))];
            let mut tries = 0;
            while journal.has_failed() || append(&mut journal, &batch).is_err() {
                every_end(&disk, &acknowledged, &[&lost, &batch]);
                let _ = journal.reopen_after_failure();
                tries += 1;
                assert!(tries < 6, "call {second}");
            }
            lost.clear();
            acknowledged.extend(batch);
            every_end(&disk, &acknowledged, &[]);
        }
        assert_eq!(journal.file_name(), files::JOURNAL_2);
    }
}

#[test]
fn after_a_failed_sync_the_second_file_continues_the_last_proven_line() {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    append(&mut journal, &[note("a"), note("b")]).unwrap();
    let proven = journal.head();
    let before = disk.bytes(&dir.join(files::JOURNAL));
    disk.fail(2, Fault::Error(Errno::IO), false);
    let why = append(&mut journal, &[note("c")]).unwrap_err();
    assert!(why.to_string().starts_with("cannot sync /run/journal.jsonl"), "{why}");
    let left = disk.bytes(&dir.join(files::JOURNAL));
    assert!(left.len() > before.len(), "the failed line can still be read: it is in the cache");
    let reopened = journal.reopen_after_failure().unwrap();
    assert_eq!((reopened.file, reopened.seq, reopened.hash), (files::JOURNAL_2, proven.0, proven.1));
    assert!(!journal.has_reserve(), "the reserve was freed for the last words");
    append(&mut journal, &[note("d")]).unwrap();
    assert!(journal.has_reserve(), "and taken again when there was room");
    assert_eq!(disk.bytes(&dir.join(files::JOURNAL)), left, "the first file is left as it is");
    let found = read_on::<Ev, _>(&disk, dir).unwrap();
    assert_eq!(found.superseded as usize, left.len() - before.len());
    assert_eq!(found.lines[2].prev, proven.1);
    assert_eq!(
        found.lines.iter().map(|l| (l.seq, l.ev.clone())).collect::<Vec<_>>(),
        [(1, note("a")), (2, note("b")), (3, note("d"))]
    );
}

#[test]
fn a_full_disk_is_cut_back_and_goes_on_in_the_same_file() {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    for round in 1..4 {
        append(&mut journal, &[note("a")]).unwrap();
        disk.fail(1, Fault::Half(Errno::NOSPC), false);
        assert!(append(&mut journal, &[note("b")]).unwrap_err().is_full());
        assert_eq!(journal.reopen_after_failure().unwrap().file, files::JOURNAL);
        assert_eq!(texts(&disk).len(), round);
    }
}

#[test]
fn acknowledged_events_that_vanished_are_said_to_be_lost() {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    append(&mut journal, &[note("a"), note("b")]).unwrap();
    disk.fail(2, Fault::Error(Errno::IO), false);
    append(&mut journal, &[note("c")]).unwrap_err();
    let file = disk.open(&dir.join(files::JOURNAL)).unwrap().unwrap();
    disk.set_len(&file, 300).unwrap();
    let why = journal.reopen_after_failure().unwrap_err();
    assert!(matches!(why, StorageError::Lost { acknowledged: 2, found: 1, .. }), "{why}");
    assert!(matches!(append(&mut journal, &[note("c")]), Err(StorageError::Failed)));
}

#[test]
fn a_power_cut_at_every_byte_of_an_unsynced_batch() {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    append(&mut journal, &[note("kept")]).unwrap();
    let batch = [note("one"), note("two"), note("three")];
    disk.fail(2, Fault::Error(Errno::IO), false);
    append(&mut journal, &batch).unwrap_err();
    for extra in 0..=disk.unsynced() {
        must_hold(&disk.power_cut(extra), &[note("kept")], &[&batch]);
    }
}

#[test]
fn lost_sectors_of_an_unsynced_batch_never_take_an_acknowledged_event_with_them() {
    let (disk, dir) = (MemDisk::new(), Path::new(DIR));
    let mut journal = Journal::create_on(&disk, dir).unwrap();
    append(&mut journal, &[note("kept"), note("kept too")]).unwrap();
    let synced = disk.bytes(&dir.join(files::JOURNAL)).len();
    let batch: Vec<Ev> = (0..8).map(|n| note(&format!("event {n}"))).collect();
    disk.fail(2, Fault::Error(Errno::IO), false);
    append(&mut journal, &batch).unwrap_err();
    let whole = disk.power_cut(usize::MAX / 2);
    let len = whole.bytes(&dir.join(files::JOURNAL)).len();
    for sector in synced / 512..=len / 512 {
        let torn = whole.killed();
        let file = torn.open(&dir.join(files::JOURNAL)).unwrap().unwrap();
        let (from, to) = ((sector * 512).max(synced), ((sector + 1) * 512).min(len));
        torn.write_at(&file, from as u64, &vec![0; to - from]).unwrap();
        let found = read_on::<Ev, _>(&torn, dir).unwrap();
        assert!(found.lines.len() >= 2 && found.lines.len() < 10);
        assert!(found.torn.is_some() || found.broken.is_some());
    }
}

#[test]
fn the_real_disk_goes_through_the_same_steps() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o7777;
    let mut journal = Journal::create(dir.path()).unwrap();
    assert!(journal.has_reserve());
    assert_eq!(std::fs::metadata(dir.path().join(files::RESERVE)).unwrap().len(), 1024 * 1024);
    append(&mut journal, &[note("a")]).unwrap();
    journal.trouble = Some(crate::journal::append::Trouble::Sync);
    assert!(matches!(append(&mut journal, &[note("b")]), Err(StorageError::Failed)));
    assert_eq!(journal.reopen_after_failure().unwrap().file, files::JOURNAL_2);
    append(&mut journal, &[note("b")]).unwrap();
    assert_eq!(journal.last_written(), std::fs::read(dir.path().join(files::JOURNAL_2)).unwrap());
    for name in [files::JOURNAL, files::JOURNAL_2, files::RESERVE] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_sound() && report.events == 2);
    // A torn line in the second file.
    let path = dir.path().join(files::JOURNAL_2);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"v\":1,\"seq");
    std::fs::write(&path, &bytes).unwrap();
    let torn = repair_on(&RealDisk, dir.path()).unwrap().unwrap();
    assert_eq!((torn.place.file, torn.place.line, torn.bytes), (files::JOURNAL_2, 2, 11));
    assert_eq!(mode(files::JOURNAL_TORN), 0o600);
    let mut journal = Journal::open_for_append(dir.path()).unwrap();
    assert_eq!((journal.file_name(), journal.head().0), (files::JOURNAL_2, 2));
    append(&mut journal, &[note("c")]).unwrap();
    assert_eq!(read::<Ev>(dir.path()).unwrap().lines.len(), 3);
}
