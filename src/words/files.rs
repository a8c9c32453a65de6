//! The names of a run's files, in one place.

use std::path::PathBuf;

/// Event log, one event a line.
pub const JOURNAL: &str = "journal.jsonl";
/// The event log's second file, after a failed sync of the first.
pub const JOURNAL_2: &str = "journal.2.jsonl";
/// A torn last line, set aside.
pub const JOURNAL_TORN: &str = "journal.torn";
/// The compiled plan.
pub const PLAN: &str = "plan.json";
/// The answers file as read.
pub const ANSWERS: &str = "answers.json";
/// The runbook's files as read, byte for byte.
pub const RUNBOOK_DIR: &str = "runbook";
/// Output, timing, and what is known of attempts.
pub const TERMINALS: &str = "terminals";
/// What commands are given of the run's own (a kubeconfig); goes when the run ends.
pub const PRIVATE: &str = "private";
/// The spool of samples.
pub const SAMPLES: &str = "samples";
/// Files that steps and pins save (`$run_dir`).
pub const FILES: &str = "files";
/// The sandbox's own folder.
pub const WORLD: &str = "world";
/// What remains and the resolved rollback, as plain commands.
pub const BY_HAND: &str = "by-hand.md";
/// The record for people.
pub const RECORD_MD: &str = "record.md";
/// The record for programs.
pub const RECORD_JSON: &str = "record.json";
/// The chain's head.
pub const HEAD: &str = "head";
/// Lock of the host (flock).
pub const LOCK: &str = "lock";
/// The host's socket.
pub const SOCK: &str = "sock";
/// The keeper's socket.
pub const KEEPER_SOCK: &str = "keeper.sock";
/// The host's own log.
pub const HOST_LOG: &str = "host.log";
/// The keeper's own log.
pub const KEEPER_LOG: &str = "keeper.log";
/// Where a run's secrets come from, for a resume; never their values.
pub const SECRETS: &str = "secrets.json";
/// One MiB kept for the journal's last words on a full disk.
pub const RESERVE: &str = "reserve";

/// `N.out`: redacted output bytes of an attempt, below `terminals/`.
pub fn out(attempt: u32) -> String {
    format!("{attempt}.out")
}

/// `N.tim`: "microseconds bytes" a chunk.
pub fn tim(attempt: u32) -> String {
    format!("{attempt}.tim")
}

/// `N.started`: made with O_EXCL before the spawn.
pub fn started(attempt: u32) -> String {
    format!("{attempt}.started")
}

/// `N.stdout`: the stdout of a capturing step, which is on a pipe.
pub fn stdout(attempt: u32) -> String {
    format!("{attempt}.stdout")
}

/// Where a runbook's file lies below `runbook/`, by its name as given: `..` is `_up`, an absolute path begins with `_root`.
pub fn kept(name: &str) -> PathBuf {
    let mut kept = PathBuf::new();
    if name.starts_with('/') {
        kept.push("_root");
    }
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        kept.push(if part == ".." { "_up" } else { part });
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn kept_files_stay_inside_the_folder() {
        assert_eq!(kept("../shared/x.sh"), Path::new("_up/shared/x.sh"));
        assert_eq!(kept("/etc/../x"), Path::new("_root/etc/_up/x"));
        assert_eq!(kept("./a.yaml"), Path::new("a.yaml"));
    }
}
