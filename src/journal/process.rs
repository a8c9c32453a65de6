//! Whether a process that wrote its number down is still the same process on the same boot.

use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// This boot of the machine; empty when the system does not say.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|t| t.trim().to_owned()).unwrap_or_default()
}

/// When a process was started, in clock ticks since boot: with the number it names a process for good, since numbers
/// are used again. `None` when there is no such process or it is not visible to this account.
pub fn started_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The second field is the command in parentheses and may hold anything; the start is field 22 (proc_pid_stat(5)).
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
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
}
