//! Local ports and who holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::ctx::{Ctx, maybe, plain};
use super::seen::{Problem, Seen};
use super::trust::io_words;
use crate::runbook::kinds::Port;
use crate::words::Value;

/// At most so many ports are asked for at once.
const MOST: usize = 4096;

/// Looks once. Nothing is bound: a port that we took, even for a moment, could be one that a service wants just then.
pub(super) async fn look(spec: &Port, ctx: &Ctx) -> Seen {
    let asked = spec.ports.iter().map(plain).collect::<Result<Vec<_>, _>>().and_then(|texts| ports(&texts));
    let asked = asked.and_then(|ports| Ok((ports, maybe(spec.owner.as_ref())?.map(str::to_owned))));
    match asked {
        Ok((ports, owner)) => ctx.blocking(move || read(&ports, owner.as_deref())).await,
        Err(problem) => problem.into(),
    }
}

/// `8080`, `8080-8082`, `8080,8090`.
fn ports(texts: &[&str]) -> Result<BTreeSet<u16>, Problem> {
    let mut ports = BTreeSet::new();
    for part in texts.iter().flat_map(|t| t.split([',', ' '])).filter(|p| !p.is_empty()) {
        let wrong =
            || Problem::nothing(format!("`{part}` is no port")).hint("a number from 1 to 65535, or `8080-8082`");
        let number = |t: &str| t.trim().parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(wrong);
        match part.split_once('-') {
            Some((from, to)) if number(from)? <= number(to)? => ports.extend(number(from)?..=number(to)?),
            Some(_) => return Err(wrong()),
            None => ports.extend([number(part)?]),
        }
    }
    match ports.len() {
        0 => Err(Problem::nothing("no port is asked for")),
        n if n > MOST => Err(Problem::nothing(format!("{n} ports are too many, at most {MOST}"))),
        _ => Ok(ports),
    }
}

/// Who listens on a port.
#[derive(Debug)]
struct Holder {
    port: u16,
    uid: u32,
    process: Option<Process>,
}

#[derive(Clone, Debug)]
struct Process {
    pid: u32,
    name: String,
    command: String,
}

impl Holder {
    fn words(&self) -> String {
        match &self.process {
            Some(p) => format!("{}: {} (pid {})", self.port, p.name, p.pid),
            None => format!("{}: a process of account {} that we may not see", self.port, self.uid),
        }
    }

    /// Whether the owner's word stands in its command line. One that cannot be read is not known to be ours.
    fn is_of(&self, owner: &str) -> bool {
        self.process.as_ref().is_some_and(|p| p.command.contains(owner))
    }
}

fn read(ports: &BTreeSet<u16>, owner: Option<&str>) -> Seen {
    let listening = match listeners(ports) {
        Ok(list) => list,
        Err(problem) => return problem.into(),
    };
    let inodes: BTreeSet<u64> = listening.iter().map(|(_, _, inode)| *inode).collect();
    let processes = if inodes.is_empty() { BTreeMap::new() } else { holders(&inodes) };
    let mut held: Vec<Holder> = vec![];
    for (port, uid, inode) in listening {
        let process = processes.get(&inode).cloned();
        // One process that listens on IPv4 and IPv6 is one holder.
        let pid = process.as_ref().map(|p| p.pid);
        if !held.iter().any(|h| h.port == port && h.process.as_ref().map(|p| p.pid) == pid) {
            held.push(Holder { port, uid, process });
        }
    }
    held.sort_by_key(|h| h.port);
    let foreign: Vec<&Holder> = held.iter().filter(|h| !owner.is_some_and(|o| h.is_of(o))).collect();
    let list = |holders: &[&Holder]| Value::List(holders.iter().map(|h| Value::Text(h.words())).collect());
    let count = ports.len();
    let text = match (foreign.first(), held.len()) {
        (Some(one), _) if foreign.len() == 1 => one.words(),
        (Some(one), _) => format!("{}; {} more", one.words(), foreign.len() - 1),
        (None, 0) if count == 1 => "free".into(),
        (None, 0) => format!("{count} ports free"),
        (None, n) => format!("{n} of {count} held by {}", owner.unwrap_or("us")),
    };
    let all: Vec<&Holder> = held.iter().collect();
    Seen::text(text).field("foreign", list(&foreign)).field("held", list(&all)).value(foreign.len() as f64)
}

/// Listening sockets of `/proc/net/tcp` and `tcp6` on these ports: port, account, inode.
fn listeners(ports: &BTreeSet<u16>) -> Result<Vec<(u16, u32, u64)>, Problem> {
    let v4 = fs::read_to_string("/proc/net/tcp").map_err(|e| {
        Problem::nothing(format!("/proc/net/tcp: {}", io_words(&e))).hint("ports are only seen on Linux")
    })?;
    // IPv6 may be switched off.
    let v6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Ok(v4.lines().chain(v6.lines()).filter_map(listener).filter(|(port, _, _)| ports.contains(port)).collect())
}

/// One line of `/proc/net/tcp` (proc(5)): `sl local rem st tx:rx tr:when retrnsmt uid timeout inode`; state 0A is LISTEN.
fn listener(line: &str) -> Option<(u16, u32, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if *words.get(3)? != "0A" {
        return None;
    }
    let (_, port) = words.get(1)?.rsplit_once(':')?;
    Some((u16::from_str_radix(port, 16).ok()?, words.get(7)?.parse().ok()?, words.get(9)?.parse().ok()?))
}

/// The processes that hold these sockets, as far as we may look into them.
fn holders(inodes: &BTreeSet<u64>) -> BTreeMap<u64, Process> {
    let mut found = BTreeMap::new();
    let Ok(proc) = fs::read_dir("/proc") else { return found };
    for entry in proc.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else { continue };
        for file in files.flatten() {
            let Ok(target) = fs::read_link(file.path()) else { continue };
            let inode =
                target.to_str().and_then(|t| t.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            if let Some(inode) = inode.filter(|i| inodes.contains(i) && !found.contains_key(i)) {
                found.insert(inode, process(pid));
            }
        }
    }
    found
}

fn process(pid: u32) -> Process {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ").trim().to_owned();
    let name = String::from_utf8_lossy(&read("comm")).trim().to_owned();
    Process { pid, name, command }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn ports_are_numbers_ranges_and_lists() {
        let all = |texts: &[&str]| ports(texts).map(|p| p.into_iter().collect::<Vec<_>>());
        assert_eq!(all(&["8080-8082", "9090,9091"]).unwrap(), [8080, 8081, 8082, 9090, 9091]);
        for bad in ["0", "70000", "9-8", "http", ""] {
            assert!(all(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_holder_of_a_port_is_named_and_told_from_the_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = BTreeSet::from([port]);
        let us = process(std::process::id());
        let seen = read(&asked, None);
        assert_eq!(seen.value, Some(1.0));
        assert!(seen.text.contains(&format!("(pid {})", us.pid)), "{}", seen.text);
        let word = us.command.split_whitespace().next().unwrap();
        let seen = read(&asked, Some(word));
        assert_eq!(seen.fields["foreign"], Value::List(vec![]));
        assert!(matches!(&seen.fields["held"], Value::List(held) if held.len() == 1));
        drop(listener);
        assert_eq!(read(&asked, None).text, "free");
    }
}
