//! Going on with a run: its plan and its journal, nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::clock::RunClock;
use super::fresh::sha256;
use super::open::Start;
use crate::engine::plan::Plan;
use crate::engine::{Event, Recorded, State};
use crate::journal::{Journal, RunFolder, read, repair};
use crate::words::files;

/// Variables that differ from terminal to terminal and say nothing of where commands act; and prefixes of such.
const OF_A_TERMINAL: &[&str] = &[
    "_",
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_AGENT_INFO",
    "GPG_TTY",
    "HISTFILE",
    "HOSTTYPE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LESS",
    "LESSCLOSE",
    "LESSOPEN",
    "LINES",
    "LS_COLORS",
    "MAIL",
    "MOTD_SHOWN",
    "OLDPWD",
    "PAGER",
    "PWD",
    "SHLVL",
    "STY",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "TMUX",
    "TMUX_PANE",
    "VTE_VERSION",
    "WAYLAND_DISPLAY",
    "WINDOW",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_",
    "SSH_",
    "TERM_",
    "SUDO_",
    "KITTY_",
    "WEZTERM_",
    "ITERM_",
    "LC_",
];

/// Reads a run again, with a torn last line set aside. The caller holds the run's lock.
///
/// # Errors
/// In words: the journal is broken or a newer program's, the plan is not the one that was fixed, the run has ended.
pub(super) fn resume(folder: &RunFolder) -> Result<Start, String> {
    let torn = repair(folder.path()).map_err(|e| e.to_string())?.map(|t| t.bytes);
    let plan_json = std::fs::read_to_string(folder.join(files::PLAN)).map_err(|e| format!("{}: {e}", files::PLAN))?;
    let plan: Plan = serde_json::from_str(&plan_json).map_err(|e| format!("{}: {e}", files::PLAN))?;
    let journal_read = read::<Event>(folder.path()).map_err(|e| e.to_string())?;
    if let Some(why) = journal_read.why_read_only() {
        return Err(format!("this run can only be read: {why}"));
    }
    let mut state = State::new(Arc::new(plan));
    for line in journal_read.lines {
        state.apply(&Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev });
    }
    if let Some(sha) = &state.plan_sha256
        && *sha != sha256(plan_json.as_bytes())
    {
        return Err(format!("{} is not the plan that the journal fixed: the run can only be read", files::PLAN));
    }
    if let Some(ended) = &state.ended {
        return Err(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at)));
    }
    let last = state.now.ok_or("the journal is empty")?;
    let clock = RunClock::after(last, state.speed());
    let journal = Journal::open_at(folder.path(), &journal_read.end).map_err(|e| e.to_string())?;
    Ok(Start { journal, state, plan_json, clock, torn })
}

/// How the environment differs from the one that the run was opened with, in words: names only, and none that every
/// terminal sets for itself.
pub(super) fn other_environment(before: &[String], now: &BTreeMap<String, String>) -> Option<String> {
    let counts = |name: &&String| !OF_A_TERMINAL.iter().any(|t| *name == t || t.ends_with('_') && name.starts_with(t));
    let before: BTreeSet<&String> = before.iter().filter(counts).collect();
    let now: BTreeSet<&String> = now.keys().filter(counts).collect();
    let names = |set: Vec<&&String>| set.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
    let gone: Vec<_> = before.difference(&now).collect();
    let new: Vec<_> = now.difference(&before).collect();
    let mut words = vec![];
    if !gone.is_empty() {
        words.push(format!("without {}", names(gone)));
    }
    if !new.is_empty() {
        words.push(format!("new {}", names(new)));
    }
    (!words.is_empty())
        .then(|| format!("commands have another environment since the host was started again: {}", words.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_sets_is_no_difference() {
        let before = ["PATH", "KUBECONFIG", "TMUX", "SSH_TTY", "TERM"].map(str::to_owned);
        let now = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), String::new())).collect::<BTreeMap<_, _>>();
        assert_eq!(other_environment(&before, &now(&["PATH", "KUBECONFIG", "TERM", "COLUMNS", "LC_ALL"])), None);
        let text = other_environment(&before, &now(&["PATH", "DOCKER_HOST"])).unwrap();
        assert!(text.ends_with("without KUBECONFIG; new DOCKER_HOST"), "{text}");
    }
}
