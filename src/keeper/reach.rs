//! Signals: to the foreground group, to the groups of a session, to everything that a command started.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::termios::tcgetpgrp;

use super::protocol::Stage;

/// How often a kill looks for processes that were born meanwhile.
const STOP_ROUNDS: u32 = 16;

/// Asks the command `leader` (which leads its session and is not reaped yet) to end.
///
/// # Errors
/// When nothing could be signalled although something is there.
pub(super) fn reach(master: impl AsFd, leader: Pid, stage: Stage) -> io::Result<()> {
    let foreground = tcgetpgrp(&master).ok();
    match stage {
        Stage::Interrupt => match foreground.map(|group| kill_process_group(group, Signal::INT)) {
            Some(Ok(())) => Ok(()),
            _ => there(kill_process_group(leader, Signal::INT)),
        },
        Stage::Terminate => {
            let mut groups = BTreeSet::from([number(leader)]);
            groups.extend(foreground.map(number));
            groups.extend(family(leader).iter().filter(|process| process.session == number(leader)).map(|it| it.group));
            let mut outcome = Ok(());
            for group in groups.into_iter().filter_map(Pid::from_raw) {
                outcome = outcome.and(there(kill_process_group(group, Signal::TERM)));
                // A stopped process hears nothing else.
                let _ = kill_process_group(group, Signal::CONT);
            }
            outcome
        }
        Stage::Kill => kill_family(leader),
    }
}

/// First everything is stopped, so that nothing forks and no orphan leaves the family by the death of its parent;
/// then it is killed.
fn kill_family(leader: Pid) -> io::Result<()> {
    let mut known = BTreeSet::from([number(leader)]);
    let _ = kill_process(leader, Signal::STOP);
    for _ in 0..STOP_ROUNDS {
        let found: Vec<_> = family(leader).iter().filter(|process| !process.dead).map(|process| process.pid).collect();
        let fresh: Vec<_> = found.into_iter().filter(|pid| known.insert(*pid)).filter_map(Pid::from_raw).collect();
        if fresh.is_empty() {
            break;
        }
        for pid in fresh {
            let _ = kill_process(pid, Signal::STOP);
        }
    }
    let mut outcome = Ok(());
    for pid in known.into_iter().filter_map(Pid::from_raw) {
        outcome = outcome.and(there(kill_process(pid, Signal::KILL)));
    }
    outcome
}

/// Nobody there is no error: it has ended by itself.
fn there(outcome: rustix::io::Result<()>) -> io::Result<()> {
    match outcome {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
    session: i32,
    dead: bool,
}

/// The members of the leader's session and whatever descends from one of them.
fn family(leader: Pid) -> Vec<Process> {
    let leader = number(leader);
    let mut others = everyone();
    let (mut members, rest): (Vec<_>, Vec<_>) =
        others.drain(..).partition(|process| process.session == leader || process.pid == leader);
    others = rest;
    let mut known: BTreeSet<i32> = members.iter().map(|process| process.pid).collect();
    loop {
        let (found, rest): (Vec<_>, Vec<_>) = others.drain(..).partition(|process| known.contains(&process.parent));
        others = rest;
        if found.is_empty() {
            return members;
        }
        known.extend(found.iter().map(|process| process.pid));
        members.extend(found);
    }
}

fn everyone() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
        })
        .collect()
}

/// `pid (any text) state ppid pgrp session …`, as proc(5) has it.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    let mut next = || fields.next()?.parse().ok();
    Some(Process { pid, parent: next()?, group: next()?, session: next()?, dead })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_confuse() {
        assert_eq!(
            parse(7, "7 (a) Z 9 (b) S 3 4 5 34816 7 4194304"),
            Some(Process { pid: 7, parent: 3, group: 4, session: 5, dead: false })
        );
        assert_eq!(parse(7, "7 (x) Z 3 4"), None);
    }

    #[test]
    fn this_process_is_among_everyone() {
        let me = rustix::process::getpid();
        assert!(everyone().iter().any(|process| process.pid == number(me) && !process.dead));
        assert!(family(me).iter().any(|process| process.pid == number(me)));
    }
}
