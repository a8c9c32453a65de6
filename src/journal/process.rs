//! Whether a process that wrote its number down is still the same process on the same boot.

use std::path::Path;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// This boot of the machine; empty when the system does not say.
pub fn boot_id() -> String {
    // It does not change while this process lives, and a board of many runs is compared with it.
    static HERE: OnceLock<String> = OnceLock::new();
    HERE.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|t| t.trim().to_owned()).unwrap_or_default()
    })
    .clone()
}

/// When a process was started, in clock ticks since boot: with the number it names a process for good, since numbers
/// are used again. `None` when there is no such process or it is not visible to this account.
pub fn started_ticks(pid: u32) -> Option<u64> {
    stat_field(pid, 22)
}

/// Whether a process leads a session of its own, as every command of a keeper does.
pub fn leads_a_session(pid: u32) -> bool {
    stat_field(pid, 6) == Some(u64::from(pid))
}

/// A number of `/proc/PID/stat` by its place in proc_pid_stat(5), which counts from 1. A session or group that is not
/// of this PID namespace reads as 0, which getsid(2) would return too and libraries take for impossible.
fn stat_field(pid: u32, place: usize) -> Option<u64> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The second field is the command in parentheses and may hold anything.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(place - 3)?.parse().ok()
}

/// Whether the process `pid`, started at `ticks` (if that is known) on the boot `boot`, lives.
pub fn is_alive(pid: u32, ticks: Option<u64>, boot: &str) -> bool {
    if boot != boot_id() {
        return false;
    }
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    match test_kill_process(number) {
        // Another account's process cannot be signalled, but it is there.
        Ok(()) | Err(Errno::PERM) => {}
        Err(_) => return false,
    }
    match (ticks, started_ticks(pid)) {
        (Some(then), Some(now)) => then == now,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_others_do_not() {
        let me = std::process::id();
        let ticks = started_ticks(me);
        assert!(ticks.is_some());
        assert!(is_alive(me, ticks, &boot_id()));
        assert!(is_alive(me, None, &boot_id()));
        assert!(!is_alive(me, ticks.map(|t| t + 1), &boot_id()), "the number was used again");
        assert!(!is_alive(me, ticks, "another boot"));
        assert!(!is_alive(0, None, &boot_id()));
        assert!(!is_alive(u32::MAX, None, &boot_id()));
    }

    #[test]
    fn a_leader_of_a_session_is_told_from_others() {
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(!leads_a_session(other.id()));
        other.kill().unwrap();
        other.wait().unwrap();
        let mut leader = std::process::Command::new("setsid")
            .args(["--wait", "sh", "-c"])
            .arg("echo $$; read x")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(leader.stdout.take().unwrap()), &mut line).unwrap();
        assert!(leads_a_session(line.trim().parse().unwrap()));
        drop(leader.stdin.take());
        leader.wait().unwrap();
        assert!(!leads_a_session(0));
    }
}
