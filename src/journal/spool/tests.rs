//! The spool's rows, segments, seals and rolling.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::row::Row;
use super::{Sealed, Spool, SpoolRead, read_rows};
use crate::journal::Digest;
use crate::words::{Look, ProbeId, Sample};

fn sample(probe: &str, up_ms: u64, value: Option<f64>, look: Look) -> Sample {
    Sample { probe: ProbeId::from(probe), up: up_ms * 1000 + 999, value, look, ..Sample::default() }
}

fn none(_: &str) -> bool {
    false
}

fn rows(dir: &Path) -> Vec<Row<'static>> {
    let mut rows = Vec::new();
    read_rows(dir, 0, |row| rows.push(Row { probe: row.probe.into_owned().into(), ..row })).unwrap();
    rows
}

fn text(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn samples_are_plain_lines_and_segments_are_sealed_with_their_hash() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, late) = Spool::open(dir.path(), none).unwrap();
    assert_eq!((late, spool.seal().unwrap()), (vec![], None));
    spool.append(&[sample("ready", 0, Some(0.012), Look::Good), sample("rate", 5, Some(12.0), Look::Bad)]).unwrap();
    spool
        .append(&[sample("ready", 1000, None, Look::NoData), sample("ready", 2000, Some(f64::NAN), Look::Bad)])
        .unwrap();
    let expected = "0,ready,0.012,good\n5,rate,12,bad\n1000,ready,,no_data\n2000,ready,,bad\n";
    assert_eq!(text(dir.path(), "0001.csv"), expected);
    let sealed = spool.seal().unwrap().unwrap();
    let counts = [(ProbeId::from("rate"), 1), (ProbeId::from("ready"), 3)].into();
    assert_eq!(sealed, Sealed { file: "0001.csv".into(), sha256: Digest::of(&[expected.as_bytes()]), counts });
    spool.append(&[sample("ready", 3000, Some(1e-7), Look::Good)]).unwrap();
    assert_eq!(text(dir.path(), "0002.csv"), "3000,ready,1e-7,good\n");
    assert_eq!(rows(dir.path()).len(), 5);
    let read = read_rows(dir.path(), 1001, |_| {}).unwrap();
    assert_eq!(read, SpoolRead { rows: 2, bad: 0 });
}

#[test]
fn a_killed_host_leaves_a_torn_line_that_the_next_cuts_off() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0001.csv");
    let whole = "0,ready,0.012,good\n5,rate,12,bad\n";
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].matches('\n').count();
        assert_eq!(read_rows(dir.path(), 0, |_| {}).unwrap(), SpoolRead { rows: lines as u64, bad: 0 }, "cut at {cut}");
        let (mut spool, late) = Spool::open(dir.path(), none).unwrap();
        assert!(late.is_empty());
        spool.append(&[sample("ready", 9, None, Look::Bad)]).unwrap();
        let sealed = spool.seal().unwrap().unwrap();
        let now = text(dir.path(), "0001.csv");
        assert_eq!(now.matches('\n').count(), lines + 1);
        assert_eq!(sealed.sha256, Digest::of(&[now.as_bytes()]), "the hash is of what is in the file");
        assert_eq!(sealed.counts.values().sum::<u64>(), lines as u64 + 1);
    }
}

#[test]
fn segments_that_the_journal_does_not_know_as_sealed_are_sealed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(dir.path(), none).unwrap();
    let mut all = Vec::new();
    for n in 0..3 {
        spool.append(&[sample("p", n, None, Look::Good)]).unwrap();
        all.push(spool.seal().unwrap().unwrap());
    }
    spool.append(&[sample("p", 9, None, Look::Good)]).unwrap();
    drop(spool);
    let (mut spool, late) = Spool::open(dir.path(), |name| name == "0001.csv").unwrap();
    assert_eq!(late, all[1..]);
    assert_eq!(spool.seal().unwrap().unwrap().file, "0004.csv");
    let (mut spool, late) = Spool::open(dir.path(), |_| true).unwrap();
    assert!(late.is_empty());
    spool.append(&[sample("p", 10, None, Look::Good)]).unwrap();
    assert!(dir.path().join("0005.csv").exists(), "a sealed segment is never written again");
}

#[test]
fn bad_lines_in_the_middle_are_counted_and_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "0,a,1,good\n\nx,a,1,good\n1,a,NaN,good\n1,a,1,great\n-1,a,1,bad\n2,a,inf,bad\n3,\"a,1,good\n4,a,1,good,\n5,a,,bad\n";
    fs::write(dir.path().join("0001.csv"), lines).unwrap();
    fs::write(dir.path().join("notes.txt"), "no spool").unwrap();
    assert_eq!(read_rows(dir.path(), 0, |_| {}).unwrap(), SpoolRead { rows: 2, bad: 8 });
    assert_eq!(read_rows(&dir.path().join("none"), 0, |_| {}).unwrap(), SpoolRead::default());
}

/// Two hours of one probe a second and another each ten, in segments of ten minutes.
fn two_hours(dir: &Path, cap: u64) -> Spool {
    let (mut spool, _) = Spool::with_cap(dir, none, cap).unwrap();
    for second in 0..7200u64 {
        let look = if second % 600 == 30 { Look::Bad } else { Look::Good };
        spool.append(&[sample("up", second * 1000, Some(second as f64), look)]).unwrap();
        if second % 10 == 0 {
            spool.append(&[sample("dark", second * 1000, None, Look::NoData)]).unwrap();
        }
        if second % 600 == 599 {
            spool.seal().unwrap().unwrap();
        }
    }
    spool
}

#[test]
fn past_the_cap_the_oldest_hour_becomes_minutes() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = two_hours(dir.path(), 100_000);
    let rolled = spool.roll().unwrap().unwrap();
    assert_eq!(rolled.file, "0001-0007.min.csv", "seven segments span an hour from the first sample to the last");
    assert_eq!((rolled.samples, rolled.minutes), (7 * 660, 2 * 70));
    assert_eq!(rolled.span_ms, (0, 4_199_000));
    assert_eq!(rolled.sha256, Digest::of(&[&fs::read(dir.path().join(&rolled.file)).unwrap()]));
    let rows = rows(dir.path());
    assert_eq!(rows.len(), 2 * 70 + 5 * 660);
    let first = |probe: &str| rows.iter().find(|r| r.probe == probe).unwrap();
    assert_eq!((first("up").value, first("up").look), (Some(29.5), Look::Bad), "mean and worst of the minute");
    assert_eq!((first("dark").value, first("dark").look), (None, Look::NoData));
    assert_eq!(rows.iter().filter(|r| r.up_ms == 60_000 && r.look == Look::Good).count(), 1);
    assert!(rows.windows(2).all(|w| w[0].up_ms <= w[1].up_ms), "still in order");
    assert_eq!(spool.roll().unwrap(), None, "what is left fits");
}

#[test]
fn rolling_stops_when_only_minutes_are_left_and_the_open_segment_is_spared() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = two_hours(dir.path(), 10);
    spool.append(&[sample("up", 7_200_000, Some(1.0), Look::Good)]).unwrap();
    assert_eq!(spool.roll().unwrap().unwrap().file, "0001-0007.min.csv");
    assert_eq!(spool.roll().unwrap().unwrap().file, "0008-0012.min.csv");
    assert_eq!(spool.roll().unwrap(), None);
    assert!(dir.path().join("0013.csv").exists());
    assert_eq!(spool.seal().unwrap().unwrap().file, "0013.csv");
    let (mut spool, late) = Spool::open(dir.path(), |name| name == "0013.csv").unwrap();
    assert!(late.is_empty());
    spool.append(&[sample("up", 7_300_000, Some(1.0), Look::Good)]).unwrap();
    assert!(dir.path().join("0014.csv").exists());
}

#[test]
fn killed_between_writing_the_minutes_and_removing_the_samples() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = two_hours(dir.path(), 100_000);
    let kept = fs::read(dir.path().join("0003.csv")).unwrap();
    spool.roll().unwrap().unwrap();
    let count = rows(dir.path()).len();
    fs::write(dir.path().join("0003.csv"), kept).unwrap();
    assert_eq!(rows(dir.path()).len(), count, "no sample counts twice");
    let (_spool, late) = Spool::open(dir.path(), |_| true).unwrap();
    assert!(late.is_empty() && !dir.path().join("0003.csv").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_row_comes_back_as_it_was(up_ms in any::<u64>(), probe in "[^\\p{C}]{0,12}",
                                  value in proptest::option::of(any::<f64>().prop_filter("finite", |f| f.is_finite())),
                                  look in prop_oneof![Just(Look::Good), Just(Look::Bad), Just(Look::NoData)]) {
        let row = Row { up_ms, probe: probe.into(), value, look };
        let mut line = Vec::new();
        row.write(&mut line);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        let back = Row::parse(&line);
        prop_assert_eq!(back.as_ref().and_then(|r| r.value).map(f64::to_bits), value.map(f64::to_bits));
        prop_assert_eq!(back, Some(row));
    }

    #[test]
    fn no_line_makes_the_reader_panic(line in "[0-9a-z,\".]{0,40}") {
        let _ = Row::parse(line.as_bytes());
    }

    #[test]
    fn a_probe_never_breaks_a_line(probe in any::<String>()) {
        let mut line = Vec::new();
        Row { up_ms: 1, probe: probe.into(), value: None, look: Look::Good }.write(&mut line);
        prop_assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
        prop_assert!(Row::parse(&line[..line.len() - 1]).is_some());
    }
}
