//! Cut, flipped, swapped, dropped, doubled and foreign lines.

use std::fs;
use std::path::Path;

use super::disk::MemDisk;
use super::{Ev, append, journal_of, note};
use crate::journal::read::read_on;
use crate::journal::{
    Digest, Flaw, Head, HeadCheck, Journal, ReadError, StorageError, encode, read, repair, repair_on, verify,
};
use crate::words::{Actor, RunId, files};

fn put(dir: &Path, bytes: &[u8]) {
    fs::write(dir.join(files::JOURNAL), bytes).unwrap();
}

fn sample() -> (tempfile::TempDir, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    drop(journal_of(dir.path(), &[&["first"], &["second", "third"], &["fourth"]]));
    let bytes = fs::read(dir.path().join(files::JOURNAL)).unwrap();
    (dir, bytes)
}

#[test]
fn cut_at_every_byte_a_journal_is_a_prefix_and_goes_on() {
    let (_kept, bytes) = sample();
    let dir = Path::new("/run");
    for cut in 0..=bytes.len() {
        let disk = MemDisk::with(&dir.join(files::JOURNAL), &bytes[..cut]);
        let whole = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        let rest = cut - bytes[..cut].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let found = read_on::<Ev, _>(&disk, dir).unwrap();
        assert_eq!(found.lines.len(), whole, "cut at {cut}");
        assert!(!found.read_only());
        assert_eq!(found.torn.as_ref().map_or(0, |t| t.bytes), rest as u64, "cut at {cut}");
        if rest > 0 {
            assert!(matches!(Journal::open_on(&disk, dir), Err(StorageError::Torn { .. })));
        }
        assert_eq!(repair_on(&disk, dir).unwrap(), found.torn);
        assert_eq!(disk.bytes(&dir.join(files::JOURNAL_TORN)), &bytes[cut - rest..cut]);
        assert_eq!(repair_on(&disk, dir).unwrap(), None);
        let mut journal = Journal::open_on(&disk, dir).unwrap();
        append(&mut journal, &[note("after")]).unwrap();
        let found = read_on::<Ev, _>(&disk.power_cut(0), dir).unwrap();
        assert_eq!((found.lines.len(), found.torn), (whole + 1, None));
        assert_eq!(found.lines[whole].ev, note("after"));
    }
}

#[test]
fn each_flipped_bit_is_found_in_its_line() {
    let (dir, bytes) = sample();
    let last = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    let mut line = 1;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            put(dir.path(), &flipped);
            let report = verify(dir.path()).unwrap();
            let (place, flaw) = report.first_bad.unwrap_or_else(|| panic!("bit {bit} of byte {at} is not found"));
            assert_eq!(place.line, line, "bit {bit} of byte {at}: {flaw}");
            assert_eq!(report.events, line - 1);
            // A flipped line break in the line before the last makes one last line of two.
            if line < last - 1 {
                assert!(!report.torn);
                assert_eq!(repair(dir.path()).unwrap(), None, "a bad line in the middle is never cut off");
                let found = read::<Ev>(dir.path()).unwrap();
                assert!(found.read_only() && found.torn.is_none());
                assert_eq!(found.lines.len() as u64, line - 1);
                assert_eq!(found.broken.unwrap().place, place);
            }
        }
        line += u64::from(bytes[at] == b'\n');
    }
}

#[test]
fn swapped_dropped_doubled_and_inserted_lines_are_named() {
    let (dir, bytes) = sample();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let first_bad = |lines: &[&[u8]]| {
        put(dir.path(), &lines.concat());
        let report = verify(dir.path()).unwrap();
        assert!(!report.torn, "whole lines are never taken for a torn write");
        report.first_bad.map(|(place, flaw)| (place.line, flaw))
    };
    for i in 0..lines.len() {
        let n = i as u64 + 1;
        let mut dropped = lines.clone();
        dropped.remove(i);
        let bad = first_bad(&dropped);
        if i + 1 == lines.len() {
            assert_eq!(bad, None, "a tail that is cut off between lines shows only against a head");
        } else {
            assert_eq!(bad, Some((n, Flaw::Seq { wanted: n, found: n + 1 })));
        }
        let mut doubled = lines.clone();
        doubled.insert(i, lines[i]);
        assert_eq!(first_bad(&doubled), Some((n + 1, Flaw::Seq { wanted: n + 1, found: n })));
        for j in i + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(i, j);
            assert_eq!(first_bad(&swapped).map(|b| b.0), Some(n));
        }
        // A line that is right in itself and has the right number, but was never written by this run.
        let mut forged = Vec::new();
        encode(&mut forged, n, &super::stamp(n), &Actor("eve".into()), &note("x"), &Digest::of(&[b"else"])).unwrap();
        let mut inserted = lines.clone();
        inserted.insert(i, &forged);
        assert_eq!(first_bad(&inserted), Some((n, Flaw::Prev)));
        let mut blank = lines.clone();
        blank.insert(i, b"\n");
        assert_eq!(first_bad(&blank), Some((n, Flaw::NoHash)));
    }
}

#[test]
fn a_rewritten_tail_follows_but_does_not_agree_with_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), &[&["a", "b", "c"]]);
    let (seq, hash) = journal.head();
    let write = |head: &Head| fs::write(dir.path().join(files::HEAD), head.to_text()).unwrap();
    assert_eq!(verify(dir.path()).unwrap().head, HeadCheck::None);
    let head = Head { run: RunId::from("2026-11-24T090211Z-x-1"), seq, hash };
    write(&head);
    assert_eq!(verify(dir.path()).unwrap().head, HeadCheck::Agrees { seq: 3 });
    assert!(verify(dir.path()).unwrap().is_sound());
    write(&Head { hash: Digest::of(&[b"other"]), ..head.clone() });
    assert_eq!(verify(dir.path()).unwrap().head, HeadCheck::Differs { seq: 3 });
    write(&Head { seq: 4, ..head.clone() });
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.head, HeadCheck::TailMissing { seq: 4 });
    assert!(report.first_bad.is_none() && !report.is_sound());
    fs::write(dir.path().join(files::HEAD), "something").unwrap();
    assert_eq!(verify(dir.path()).unwrap().head, HeadCheck::Foreign);
}

#[test]
fn a_newer_event_is_read_past_and_never_written_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_of(dir.path(), &[&["a"]]);
    let by = Actor("anna@ops1".into());
    let unknown_kind = serde_json::json!({"moon_landed": {"crew": 3}});
    let unknown_field = serde_json::json!({"note_added": {"text": "x", "mood": "good"}});
    let batch = [(super::stamp(1), by.clone(), &unknown_kind), (super::stamp(2), by, &unknown_field)];
    journal.append_all(&batch).unwrap();
    append(&mut journal, &[note("b")]).unwrap();
    let found = read::<Ev>(dir.path()).unwrap();
    let newer = found.newer.clone().unwrap();
    assert_eq!((newer.place.line, newer.count), (2, 2));
    assert!(newer.why.contains("moon_landed"), "{}", newer.why);
    assert!(found.read_only() && found.torn.is_none());
    assert!(found.why_read_only().unwrap().starts_with("journal.jsonl line 2: written by a newer"));
    assert_eq!(found.lines.iter().map(|l| l.seq).collect::<Vec<_>>(), [1, 4]);
    assert!(verify(dir.path()).unwrap().is_sound(), "verifying needs no knowledge of events");
}

#[test]
fn nothing_and_rubbish() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read::<Ev>(dir.path()), Err(ReadError::Missing(_))));
    assert!(matches!(Journal::open_for_append(dir.path()), Err(StorageError::Read(ReadError::Missing(_)))));
    put(dir.path(), b"");
    assert_eq!(read::<Ev>(dir.path()).unwrap().end.seq, 0);
    put(dir.path(), &[0; 5000]);
    let found = read::<Ev>(dir.path()).unwrap();
    assert_eq!(found.torn.unwrap().bytes, 5000);
    put(dir.path(), b"one\ntwo\n");
    assert!(read::<Ev>(dir.path()).unwrap().read_only());
    assert!(matches!(Journal::open_for_append(dir.path()), Err(StorageError::Broken { .. })));
    assert!(Journal::create(dir.path()).is_err(), "an existing journal is never made anew");
}

#[test]
fn a_journal_that_grew_since_it_was_read_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_of(dir.path(), &[&["a"]]);
    let end = read::<Ev>(dir.path()).unwrap().end;
    append(&mut journal, &[note("b")]).unwrap();
    assert!(matches!(Journal::open_at(dir.path(), &end), Err(StorageError::Changed { .. })));
    let end = read::<Ev>(dir.path()).unwrap().end;
    assert_eq!(Journal::open_at(dir.path(), &end).unwrap().head(), journal.head());
}
