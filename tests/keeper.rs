//! The keeper as a process of its own: it outlives its host and its terminal.
//!
//! This test binary plays all parts: run again with the name of one of the `plays_…` tests and a run folder as
//! last argument, it becomes a keeper or a host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use flightdeck::keeper::protocol::{Exit, FromKeeper, Program, Spawn, ToKeeper};
use flightdeck::keeper::{Heard, KeeperClient, Leftover, leftovers, serve};
use flightdeck::words::files;
use rustix::process::{Pid, Signal, kill_process};

const LIMIT: Duration = Duration::from_secs(30);
const KEEPER: &[&str] = &["plays_keeper", "--exact", "--nocapture", "--test-threads=2"];
const HOST: &[&str] = &["plays_host", "--exact", "--nocapture", "--test-threads=2"];

/// The run folder, when this process was started to play a part.
fn part() -> Option<PathBuf> {
    let last = PathBuf::from(std::env::args_os().next_back()?);
    (last.is_absolute() && last.is_dir() && std::env::args_os().len() > 4).then_some(last)
}

#[test]
fn plays_keeper() {
    if let Some(run_dir) = part() {
        // The harness may have begun a line.
        println!();
        serve(&run_dir).unwrap();
    }
}

#[test]
fn plays_host() {
    if let Some(run_dir) = part() {
        let mut host = Host::of(start(&run_dir));
        host.spawn(1, "echo up; read line; echo \"got $line\"; exit 7");
        host.hear(|message| matches!(message, FromKeeper::Output { len, .. } if *len >= 4).then_some(()));
        println!("\nrunning");
        loop {
            std::thread::park();
        }
    }
}

fn start(run_dir: &Path) -> KeeperClient {
    let exe = std::env::current_exe().unwrap();
    KeeperClient::start(run_dir, &exe, KEEPER, vec!["correct-horse".into()]).unwrap()
}

struct Host {
    client: KeeperClient,
    heard: Receiver<Heard>,
}

impl Host {
    fn of(mut client: KeeperClient) -> Self {
        let (tell, heard) = channel();
        client.listen(move |it| drop(tell.send(it))).unwrap();
        Self { client, heard }
    }

    fn send(&self, message: ToKeeper) {
        self.client.send(&message).unwrap();
    }

    fn hear<T>(&mut self, mut pick: impl FnMut(&FromKeeper) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            match self.heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Heard::Said(message)) => {
                    if let Some(found) = pick(&message) {
                        return found;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn spawn(&mut self, attempt: u32, text: &str) -> u32 {
        self.send(ToKeeper::Spawn(Spawn {
            attempt,
            program: Program::Script { shell: "bash".into(), text: text.into(), name: "step".into(), strict: true },
            cwd: "/".into(),
            env: vec![("PATH".into(), std::env::var("PATH").unwrap())],
            cols: 120,
            rows: 40,
            capture_stdout: false,
        }));
        self.hear(|message| match message {
            FromKeeper::Started { pid, .. } => Some(*pid),
            FromKeeper::NotStarted { why, .. } => panic!("{why}"),
            _ => None,
        })
    }

    fn exit(&mut self, attempt: u32) -> Exit {
        self.hear(|message| match message {
            FromKeeper::Exited { attempt: it, exit } if *it == attempt => Some(exit.clone()),
            _ => None,
        })
    }
}

fn out(run_dir: &Path, attempt: u32) -> String {
    std::fs::read_to_string(run_dir.join(files::TERMINALS).join(files::out(attempt))).unwrap()
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Waits until no process has this number, or only a corpse.
fn wait_gone(number: u32) {
    let until = Instant::now() + LIMIT;
    while std::fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < until, "process {number} does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends the keeper the way a host does, and sees that it is gone with its socket.
fn leave(run_dir: &Path, host: &Host) {
    let keeper = host.client.hello().pid;
    host.send(ToKeeper::Leave);
    wait_gone(keeper);
    assert!(!run_dir.join(files::KEEPER_SOCK).exists());
    assert!(KeeperClient::connect(run_dir).unwrap().is_none());
}

#[test]
fn is_a_session_of_its_own_and_shrugs_at_a_lost_terminal() {
    let run = tempfile::tempdir().unwrap();
    let mut host = Host::of(start(run.path()));
    let keeper = host.client.hello().pid;
    assert!(flightdeck::journal::leads_a_session(keeper), "so it is not in the session of this test");
    for fd in 0..=1 {
        assert_eq!(std::fs::read_link(format!("/proc/{keeper}/fd/{fd}")).unwrap(), Path::new("/dev/null"));
    }
    let log = run.path().canonicalize().unwrap().join(files::KEEPER_LOG);
    assert_eq!(std::fs::read_link(format!("/proc/{keeper}/fd/2")).unwrap(), log);
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT] {
        kill_process(pid(keeper), signal).unwrap();
    }

    // Commands start with no signal ignored or blocked and no descriptor but the terminal, and the secret is masked.
    host.spawn(1, "grep -E '^Sig(Ign|Blk)' /proc/self/status; ls -m /proc/$$/fd; echo correct-horse");
    assert_eq!(host.exit(1).code, Some(0));
    let out = out(run.path(), 1);
    for line in out.lines().filter(|line| line.starts_with("Sig")) {
        let mask = u64::from_str_radix(line.rsplit('\t').next().unwrap().trim(), 16).unwrap();
        // Above are the real-time signals, which the C library uses for itself.
        assert_eq!(mask & 0x7fff_ffff, 0, "{out}");
    }
    assert!(out.ends_with("\n0, 1, 2\r\n*************\r\n"), "{out}");
    if let Ok(rollup) = std::fs::read_to_string(format!("/proc/{keeper}/smaps_rollup")) {
        println!("keeper: {}", rollup.lines().find(|line| line.starts_with("Pss:")).unwrap_or(""));
    }
    leave(run.path(), &host);
}

#[test]
fn a_second_keeper_is_turned_away_with_the_reason() {
    let run = tempfile::tempdir().unwrap();
    let host = Host::of(start(run.path()));
    let exe = std::env::current_exe().unwrap();
    let error = KeeperClient::start(run.path(), &exe, KEEPER, Vec::new()).err().unwrap().to_string();
    assert!(error.contains("another keeper serves this run"), "{error}");
    leave(run.path(), &host);
}

#[test]
fn what_is_no_keeper_is_said_to_be_none() {
    let run = tempfile::tempdir().unwrap();
    let error = KeeperClient::start(run.path(), Path::new("/bin/false"), &[], Vec::new()).err().unwrap().to_string();
    assert!(error.contains("did not become ready"), "{error}");
    let error = KeeperClient::start(run.path(), Path::new("/no/such"), &[], Vec::new()).err().unwrap().to_string();
    assert!(error.contains("/no/such"), "{error}");
}

#[test]
fn a_killed_host_loses_nothing() {
    let run = tempfile::tempdir().unwrap();
    let mut first = std::process::Command::new(std::env::current_exe().unwrap())
        .args(HOST)
        .arg(run.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = first.stdout.take().unwrap();
    read_until(&mut stdout, "\nrunning\n");
    first.kill().unwrap();
    first.wait().unwrap();
    adopt(run.path());
}

#[test]
fn a_closed_terminal_loses_nothing() {
    let run = tempfile::tempdir().unwrap();
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    let mut first = pty_process::blocking::Command::new(std::env::current_exe().unwrap())
        .args(HOST)
        .arg(run.path())
        .spawn(pts)
        .unwrap();
    read_until(&mut pty, "\nrunning\r\n");
    drop(pty);
    // SIGHUP takes the host, which has its default.
    first.wait().unwrap();
    adopt(run.path());
}

fn read_until(source: &mut impl Read, what: &str) {
    let mut said = Vec::new();
    let mut byte = [0u8; 1];
    while !said.ends_with(what.as_bytes()) {
        assert_eq!(source.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
        said.push(byte[0]);
    }
}

/// A second host finds the first one's command running, types into it and gets its exit.
fn adopt(run_dir: &Path) {
    let client = KeeperClient::connect(run_dir).unwrap().expect("the keeper lives");
    let running = client.hello().attempts.clone();
    assert_eq!(running.iter().map(|it| it.attempt).collect::<Vec<_>>(), [1]);
    assert!(
        matches!(leftovers(run_dir, 1).unwrap(), Leftover::Started { pid: Some(pid), .. } if pid == running[0].pid)
    );
    let mut host = Host::of(client);
    host.send(ToKeeper::Type { attempt: 1, bytes: b"it\r".to_vec() });
    assert_eq!(host.exit(1).code, Some(7));
    assert_eq!(out(run_dir, 1), "up\r\nit\r\ngot it\r\n");
    assert!(matches!(leftovers(run_dir, 1).unwrap(), Leftover::Ended { exit, .. } if exit.code == Some(7)));
    leave(run_dir, &host);
}

#[test]
fn a_killed_keeper_leaves_unknown_and_a_new_one_does_not_start_it_again() {
    let run = tempfile::tempdir().unwrap();
    let mut host = Host::of(start(run.path()));
    let command = host.spawn(1, "echo up; exec sleep 300");
    host.hear(|message| matches!(message, FromKeeper::Output { len, .. } if *len >= 4).then_some(()));
    let keeper = host.client.hello().pid;
    kill_process(pid(keeper), Signal::KILL).unwrap();
    assert!(matches!(host.heard.recv_timeout(LIMIT), Ok(Heard::Gone(_))));
    // Its terminal is gone with the keeper.
    wait_gone(command);
    assert!(run.path().join(files::KEEPER_SOCK).exists());
    assert!(KeeperClient::connect(run.path()).unwrap().is_none());
    assert!(matches!(leftovers(run.path(), 1).unwrap(), Leftover::Started { .. }));

    let mut host = Host::of(start(run.path()));
    host.send(ToKeeper::Spawn(Spawn {
        attempt: 1,
        program: Program::Argv(vec!["true".into()]),
        cwd: "/".into(),
        env: Vec::new(),
        cols: 80,
        rows: 24,
        capture_stdout: false,
    }));
    let why = host.hear(|message| match message {
        FromKeeper::NotStarted { why, .. } => Some(why.clone()),
        FromKeeper::Started { .. } => panic!("started a second time"),
        _ => None,
    });
    assert!(why.contains("already started"), "{why}");
    leave(run.path(), &host);
}
