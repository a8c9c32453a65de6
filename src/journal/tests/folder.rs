//! The run's folder, its lock, its files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::journal::{Holder, Journal, LockError, RunFolder, boot_id, runs_dir, slug};
use crate::words::files;

fn at() -> chrono::DateTime<chrono::Utc> {
    "2026-11-24T09:02:11.4Z".parse().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_folder_is_made_private_and_named_by_time_title_and_chance() {
    let base = tempfile::tempdir().unwrap();
    let runs = base.path().join("state/flightdeck/runs");
    let folder = RunFolder::create(&runs, at(), "Production deployment").unwrap();
    let name = folder.id().0.clone();
    assert!(name.starts_with("2026-11-24T090211Z-production-deployment-"), "{name}");
    assert_eq!(name.len(), "2026-11-24T090211Z-production-deployment-".len() + 8);
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&runs), 0o700);
    for inner in [files::RUNBOOK_DIR, files::TERMINALS, files::SAMPLES, files::FILES] {
        assert_eq!(mode(&folder.join(inner)), 0o700, "{inner}");
    }
    assert_eq!(mode(&folder.make_dir(files::WORLD).unwrap()), 0o700);
    assert_ne!(RunFolder::create(&runs, at(), "Production deployment").unwrap().id().0, name);
    assert!(RunFolder::open(folder.path()).is_err(), "no journal yet");
    Journal::create(folder.path()).unwrap();
    assert_eq!(RunFolder::open(folder.path()).unwrap().id(), folder.id());
}

#[test]
fn slugs_are_plain() {
    assert_eq!(slug("Production deployment: KMS + Identity"), "production-deployment-kms-identity");
    assert_eq!(slug("  Ausrollen für Zürich — Ärger?  "), "ausrollen-fur-zurich-arger");
    assert_eq!(slug("../../etc"), "etc");
    assert_eq!(slug("\u{1b}[31m"), "31m");
    assert_eq!(slug("!!!"), "run");
    assert_eq!(slug(&"long titles ".repeat(20)), "long-titles-long-titles-long-titles-long-titles");
}

#[test]
fn a_named_folder_for_runs_is_used() {
    assert_eq!(runs_dir(Some(Path::new("/srv/runs"))).unwrap(), Path::new("/srv/runs"));
    assert!(runs_dir(Some(Path::new("runs"))).unwrap().is_absolute());
}

#[test]
fn files_are_replaced_whole() {
    let base = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(base.path(), at(), "x").unwrap();
    folder.write_atomic(files::BY_HAND, b"one").unwrap();
    let open = fs::File::open(folder.join(files::BY_HAND)).unwrap();
    fs::set_permissions(folder.join(files::BY_HAND), fs::Permissions::from_mode(0o666)).unwrap();
    folder.write_atomic(files::BY_HAND, b"second").unwrap();
    assert_eq!(fs::read(folder.join(files::BY_HAND)).unwrap(), b"second");
    assert_eq!(mode(&folder.join(files::BY_HAND)), 0o600);
    assert_eq!(std::io::read_to_string(open).unwrap(), "one", "who reads the old file reads it to its end");
    // What a crash left behind is in nobody's way.
    fs::write(folder.join(".by-hand.md.new"), "a long rest of an earlier write").unwrap();
    folder.write_atomic(files::BY_HAND, b"3").unwrap();
    assert_eq!(fs::read(folder.join(files::BY_HAND)).unwrap(), b"3");
    folder.write_atomic("files/report.json", b"{}").unwrap();
    for outside in ["../x", "/tmp/x", "files/../../x", ""] {
        assert_eq!(
            folder.write_atomic(outside, b"x").unwrap_err().kind(),
            std::io::ErrorKind::InvalidInput,
            "{outside}"
        );
    }
    assert!(folder.write_atomic("none/x", b"x").is_err());
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn one_host_a_run() {
    let base = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(base.path(), at(), "x").unwrap();
    assert!(!folder.is_locked().unwrap());
    let lock = folder.lock(1).unwrap();
    assert_eq!(mode(&folder.join(files::LOCK)), 0o600);
    assert!(folder.is_locked().unwrap());
    let mine = Holder { pid: std::process::id(), epoch: 1, boot_id: boot_id() };
    match folder.lock(2) {
        Err(LockError::Held(holder)) => assert_eq!(holder, Some(mine.clone())),
        other => panic!("{other:?}"),
    }
    assert_eq!(folder.holder(), Some(mine));
    drop(lock);
    // Other tests fork: a child holds the lock, too, until it becomes its program.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while folder.is_locked().unwrap() {
        assert!(std::time::Instant::now() < until, "the lock is not given back");
        std::thread::yield_now();
    }
    let _lock = folder.lock(2).unwrap();
    assert_eq!(folder.holder().unwrap().epoch, 2);
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over() {
    let base = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(base.path(), at(), "x").unwrap();
    // Another process holds the lock until it is killed: flock(1) says so by running a command.
    let script = r#"exec 9>>"$1" && flock -x 9 && echo locked && exec sleep 1000"#;
    let child = std::process::Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(folder.join(files::LOCK))
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return };
    let mut said = [0; 7];
    let has_flock = std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).is_ok();
    if !has_flock {
        eprintln!("skipped: no flock(1)");
        child.wait().unwrap();
        return;
    }
    assert!(folder.is_locked().unwrap());
    assert!(matches!(folder.lock(1), Err(LockError::Held(None))));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.is_locked().unwrap());
    folder.lock(1).unwrap();
}
