//! A real keeper on a thread of the test, with real commands.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::protocol::{Exit, FromKeeper, Program, Spawn, Stage, ToKeeper};
use super::tape::{Opener, full_disk, real_files};
use super::{Heard, KeeperClient, Leftover, leftovers};
use crate::words::files;

/// Nothing here takes long; this is only so that a defect ends.
const LIMIT: Duration = Duration::from_secs(30);

struct Rig {
    run: tempfile::TempDir,
    keeper: Option<JoinHandle<std::io::Result<()>>>,
    client: Option<KeeperClient>,
    heard: Receiver<Heard>,
    /// Answers `output` with `seen`, as a host that keeps up does.
    keeps_up: bool,
}

impl Rig {
    fn new() -> Self {
        Self::with(&[], real_files())
    }

    fn with(secrets: &[&str], opener: Opener) -> Self {
        let run = tempfile::tempdir().unwrap();
        let (path, secrets) = (run.path().to_owned(), secrets.iter().map(|it| (*it).to_owned()).collect());
        let keeper = std::thread::spawn(move || super::serve::serve_with(&path, secrets, opener));
        let mut rig = Self { run, keeper: Some(keeper), client: None, heard: channel().1, keeps_up: true };
        rig.connect();
        rig
    }

    fn connect(&mut self) {
        let until = Instant::now() + LIMIT;
        let mut client = loop {
            if let Some(client) = KeeperClient::connect(self.run.path()).unwrap() {
                break client;
            }
            assert!(Instant::now() < until, "no keeper came");
            std::thread::yield_now();
        };
        let (tell, heard) = channel();
        client.listen(move |it| drop(tell.send(it))).unwrap();
        (self.client, self.heard) = (Some(client), heard);
    }

    fn send(&self, message: ToKeeper) {
        self.client.as_ref().unwrap().send(&message).unwrap();
    }

    /// Waits for a message that `pick` takes.
    fn hear<T>(&self, what: &str, mut pick: impl FnMut(&FromKeeper) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left) {
                Ok(Heard::Said(message)) => {
                    if let FromKeeper::Output { attempt, len, .. } = message
                        && self.keeps_up
                    {
                        self.send(ToKeeper::Seen { attempt, len });
                    }
                    if let Some(found) = pick(&message) {
                        return found;
                    }
                }
                other => panic!("waiting for {what}: {other:?}"),
            }
        }
    }

    fn spawn(&self, attempt: u32, order: impl FnOnce(&mut Spawn)) {
        let mut spawn = Spawn {
            attempt,
            program: Program::Argv(vec!["true".into()]),
            cwd: "/".into(),
            env: vec![("PATH".into(), std::env::var("PATH").unwrap())],
            cols: 100,
            rows: 30,
            capture_stdout: false,
        };
        order(&mut spawn);
        self.send(ToKeeper::Spawn(spawn));
    }

    /// Starts a command and gives its process.
    fn start(&self, attempt: u32, argv: &[&str]) -> u32 {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        self.spawn(attempt, |order| order.program = Program::Argv(argv));
        self.started(attempt)
    }

    fn started(&self, attempt: u32) -> u32 {
        self.hear("a start", |message| match message {
            FromKeeper::Started { attempt: it, pid } if *it == attempt => Some(*pid),
            FromKeeper::NotStarted { why, .. } => panic!("not started: {why}"),
            _ => None,
        })
    }

    fn script(&self, attempt: u32, text: &str) -> u32 {
        let program = Program::Script { shell: "bash".into(), text: text.into(), name: "step".into(), strict: true };
        self.spawn(attempt, |order| order.program = program);
        self.started(attempt)
    }

    /// Waits for output of at least so many bytes, or another mood.
    fn output(&self, what: &str, pick: impl Fn(u64, bool, bool) -> bool) -> u64 {
        self.hear(what, |message| match message {
            FromKeeper::Output { len, unfinished_line, echo, .. } => {
                pick(*len, *unfinished_line, *echo).then_some(*len)
            }
            _ => None,
        })
    }

    fn exit(&self, attempt: u32) -> Exit {
        let exit = self.hear(&format!("the exit of {attempt}"), |message| match message {
            FromKeeper::Exited { attempt: it, exit } if *it == attempt => Some(exit.clone()),
            _ => None,
        });
        let bytes = self.out_bytes(attempt);
        assert_eq!(exit.out_len, bytes.len() as u64);
        assert_eq!(exit.out_sha256, Sha256::digest(&bytes).iter().map(|it| format!("{it:02x}")).collect::<String>());
        let timed: u64 = self
            .read(&files::tim(attempt))
            .lines()
            .map(|it| it.split_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum();
        assert_eq!(timed, exit.out_len);
        exit
    }

    fn path(&self, name: &str) -> PathBuf {
        self.run.path().join(files::TERMINALS).join(name)
    }

    fn out_bytes(&self, attempt: u32) -> Vec<u8> {
        std::fs::read(self.path(&files::out(attempt))).unwrap_or_default()
    }

    fn out(&self, attempt: u32) -> String {
        self.read(&files::out(attempt))
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    fn leftover(&self, attempt: u32) -> Leftover {
        leftovers(self.run.path(), attempt).unwrap()
    }
}

impl Drop for Rig {
    /// Every test also shows that the keeper ends by itself and takes its socket along.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let _ = self.client.as_ref().unwrap().send(&ToKeeper::Leave);
        self.keeper.take().unwrap().join().unwrap().unwrap();
        assert!(!self.run.path().join(files::KEEPER_SOCK).exists());
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < until, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_gone(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "))
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

#[test]
fn output_and_exit_code_are_on_disk_when_the_exit_is_told() {
    let rig = Rig::new();
    let pid =
        rig.start(1, &["sh", "-c", "printf '\\033[31mred\\033[0m\\n'; test -t 0 && test -t 1 && test -t 2 && exit 3"]);
    let exit = rig.exit(1);
    assert_eq!((exit.code, exit.signal, exit.lost, exit.left_behind), (Some(3), None, 0, false));
    assert_eq!(rig.out(1), "\x1b[31mred\x1b[0m\r\n");
    assert!(chrono::DateTime::parse_from_rfc3339(&exit.ended_at).is_ok() && exit.took_us > 0);
    let Leftover::Ended { boot_id, exit: on_disk } = rig.leftover(1) else { panic!() };
    assert_eq!((boot_id, on_disk), (super::boot_id().unwrap(), exit));
    assert!(is_gone(pid));

    rig.start(2, &["true"]);
    assert_eq!(rig.exit(2).code, Some(0));
    let names: BTreeSet<_> =
        std::fs::read_dir(rig.path("")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["1.out", "1.started", "1.tim", "2.started"].map(String::from)));
    rig.start(3, &["sh", "-c", "kill -9 $$"]);
    assert_eq!(rig.exit(3).signal, Some(9));
}

#[test]
fn environment_and_folder_are_exactly_the_given_ones() {
    let rig = Rig::new();
    let folder = rig.run.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    let order = |argv: &[&str], env: &[(&str, &str)]| {
        let program = Program::Argv(argv.iter().map(|it| (*it).to_owned()).collect());
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        let cwd = folder.clone();
        move |spawn: &mut Spawn| (spawn.program, spawn.env, spawn.cwd) = (program, env, cwd)
    };
    rig.spawn(1, order(&["/usr/bin/env"], &[("A", "1 $x"), ("B", "é")]));
    rig.exit(1);
    assert_eq!(rig.out(1).lines().collect::<BTreeSet<_>>(), BTreeSet::from(["A=1 $x", "B=é", "TERM=xterm-256color"]));
    rig.spawn(2, order(&["/usr/bin/env"], &[("TERM", "dumb")]));
    rig.exit(2);
    assert_eq!(rig.out(2), "TERM=dumb\r\n");
    rig.spawn(3, order(&["/bin/pwd"], &[]));
    rig.exit(3);
    assert_eq!(rig.out(3), format!("{folder}\r\n"));
}

#[test]
fn what_cannot_start_leaves_nothing_behind() {
    let rig = Rig::new();
    rig.spawn(1, |order| order.program = Program::Argv(vec!["kubectll".into(), "apply".into()]));
    let why = rig.hear("a refusal", |message| match message {
        FromKeeper::NotStarted { attempt: 1, why } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("kubectll: command not found"), "{why}");
    assert_eq!(rig.leftover(1), Leftover::NeverStarted);
}

#[test]
fn an_attempt_is_never_started_twice() {
    let rig = Rig::new();
    rig.start(1, &["echo", "once"]);
    rig.exit(1);
    rig.spawn(1, |order| order.program = Program::Argv(vec!["echo".into(), "twice".into()]));
    let why = rig.hear("a refusal", |message| match message {
        FromKeeper::NotStarted { attempt: 1, why } => Some(why.clone()),
        FromKeeper::Started { .. } => panic!("started twice"),
        _ => None,
    });
    assert!(why.contains("attempt 1 was already started"), "{why}");
    assert_eq!(rig.out(1), "once\r\n");
}

#[test]
fn a_strict_script_stops_at_its_line_and_names_itself() {
    let rig = Rig::new();
    rig.script(1, "echo one\n\nnosuchcommand_here\necho two\n");
    assert_eq!(rig.exit(1).code, Some(127));
    assert_eq!(rig.out(1), "one\r\nstep: line 3: nosuchcommand_here: command not found\r\n");
    rig.script(2, "false | true; echo not reached");
    assert_eq!((rig.exit(2).code, rig.out(2)), (Some(1), String::new()));
}

#[test]
fn a_prompt_is_answered_and_a_password_is_not_echoed() {
    let rig = Rig::new();
    rig.script(1, "read -p 'name? ' name; read -s -p 'word? ' word; echo; echo \"$name ${#word}\"");
    rig.output("the prompt", |len, unfinished, echo| len == 6 && unfinished && echo);
    rig.send(ToKeeper::Type { attempt: 1, bytes: b"anna\r".to_vec() });
    rig.output("the password prompt", |len, unfinished, echo| len >= 18 && unfinished && !echo);
    rig.send(ToKeeper::Type { attempt: 1, bytes: b"geheim\r".to_vec() });
    assert_eq!(rig.exit(1).code, Some(0));
    assert_eq!(rig.out(1), "name? anna\r\nword? \r\nanna 6\r\n");
}

#[test]
fn echo_that_goes_off_after_the_prompt_is_noticed_without_more_output() {
    let rig = Rig::new();
    let flag = rig.run.path().join("go");
    rig.script(
        1,
        &format!("printf 'pin? '; until test -e {}; do sleep 0.05; done; stty -echo; read x", flag.display()),
    );
    rig.output("the prompt", |len, _, echo| len == 5 && echo);
    // By now the first look after the output is over, in most cases; the later looks must do.
    std::fs::write(flag, "").unwrap();
    rig.output("no echo", |len, _, echo| len == 5 && !echo);
    rig.send(ToKeeper::Type { attempt: 1, bytes: b"\r".to_vec() });
    rig.exit(1);
}

#[test]
fn interrupt_is_what_ctrl_c_does() {
    let rig = Rig::new();
    rig.start(1, &["sleep", "300"]);
    rig.send(ToKeeper::Signal { attempt: 1, stage: Stage::Interrupt });
    assert_eq!(rig.exit(1).signal, Some(2));
    // Not a child of sh: one that hears it between fork and exec may lose it, on any terminal.
    rig.script(2, "echo up; read x");
    rig.output("the first line", |len, _, _| len >= 4);
    rig.send(ToKeeper::Type { attempt: 2, bytes: vec![3] });
    let exit = rig.exit(2);
    assert!(exit.signal == Some(2) || exit.code == Some(130), "{exit:?}");
    assert!(exit.took_us < 60_000_000);
}

#[test]
fn kill_takes_the_whole_family_of_one_that_ignores_the_rest() {
    let rig = Rig::new();
    let text = "trap '' INT TERM; setsid sleep 300 & echo $!; sleep 301 & echo $!; while true; do wait || true; done";
    rig.script(1, text);
    rig.output("two pids", |_, _, _| rig.out(1).lines().count() == 2);
    let pids: Vec<u32> = rig.out(1).lines().map(|it| it.trim().parse().unwrap()).collect();
    // The first has a session of its own a moment later.
    wait_until("setsid", || {
        std::fs::read(format!("/proc/{}/cmdline", pids[0])).is_ok_and(|it| it.starts_with(b"sleep"))
    });
    rig.send(ToKeeper::Signal { attempt: 1, stage: Stage::Interrupt });
    rig.send(ToKeeper::Signal { attempt: 1, stage: Stage::Terminate });
    rig.send(ToKeeper::Status);
    let running = rig.hear("hello", |message| match message {
        FromKeeper::Hello { attempts, .. } => Some(attempts.clone()),
        FromKeeper::Exited { exit, .. } => panic!("ended early: {exit:?}"),
        _ => None,
    });
    assert_eq!(running.len(), 1);
    rig.send(ToKeeper::Signal { attempt: 1, stage: Stage::Kill });
    assert_eq!(rig.exit(1).signal, Some(9));
    for pid in pids {
        wait_until("the family is gone", || is_gone(pid));
    }
}

#[test]
fn terminate_ends_a_stopped_command_too() {
    let rig = Rig::new();
    let pid = rig.start(1, &["sleep", "300"]);
    let it = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(it, rustix::process::Signal::STOP).unwrap();
    rig.send(ToKeeper::Signal { attempt: 1, stage: Stage::Terminate });
    assert_eq!(rig.exit(1).signal, Some(15));
}

#[test]
fn a_background_child_that_holds_the_terminal_does_not_hold_the_attempt() {
    let rig = Rig::new();
    rig.script(1, "trap '' HUP; sleep 300 & echo $!");
    let exit = rig.exit(1);
    assert_eq!((exit.code, exit.left_behind), (Some(0), true));
    let pid = rig.out(1).trim().parse().unwrap();
    assert!(!is_gone(pid));
    kill(pid);
    // One that never stops talking is cut off as well.
    rig.script(2, "trap '' HUP; (while true; do echo busy; sleep 0.02; done) & echo $! >&2");
    let exit = rig.exit(2);
    assert_eq!((exit.code, exit.left_behind), (Some(0), true));
    kill(rig.out(2).lines().find_map(|it| it.trim().parse().ok()).unwrap());
}

#[test]
fn a_terminal_that_everybody_left_is_read_again_when_it_is_reopened() {
    let rig = Rig::new();
    rig.script(1, "exec <&- >&- 2>&-; sleep 0.4; echo back >/dev/tty; sleep 0.4; exit 4");
    assert_eq!(rig.exit(1).code, Some(4));
    assert_eq!(rig.out(1), "back\r\n");
}

#[test]
fn size_is_given_and_changed() {
    let rig = Rig::new();
    rig.script(1, "stty size; read x; stty size");
    rig.output("the first size", |len, _, _| len >= 8);
    rig.send(ToKeeper::Size { attempt: 1, cols: 77, rows: 11 });
    rig.send(ToKeeper::Type { attempt: 1, bytes: b"\r".to_vec() });
    rig.exit(1);
    assert_eq!(rig.out(1), "30 100\r\n\r\n11 77\r\n");
}

#[test]
fn captured_stdout_is_a_pipe_and_is_shown_too() {
    let rig = Rig::with(&["correct-horse"], real_files());
    let text = "test ! -t 1; test -t 0; test -t 2; echo '{\"a\": 1}'; echo correct-horse; echo note >&2; exit 5";
    let program = Program::Script { shell: "bash".into(), text: text.into(), name: "step".into(), strict: true };
    rig.spawn(1, |order| (order.program, order.capture_stdout) = (program, true));
    let exit = rig.exit(1);
    assert_eq!((exit.code, exit.stdout_len, exit.stdout_truncated), (Some(5), Some(23), false));
    assert_eq!(rig.read(&files::stdout(1)), "{\"a\": 1}\n*************\n");
    let shown: BTreeSet<_> = rig.out(1).split("\r\n").map(str::to_owned).collect();
    assert_eq!(shown, BTreeSet::from(["{\"a\": 1}", "*************", "note", ""].map(String::from)));
}

#[test]
fn a_flood_is_held_by_a_host_that_lags_and_arrives_whole() {
    const SIZE: u64 = 8 << 20;
    let mut rig = Rig::new();
    rig.keeps_up = false;
    rig.start(1, &["sh", "-c", &format!("head -c {SIZE} /dev/zero | tr '\\0' x")]);
    let mut len = rig.output("more than the lag", |len, _, _| len > super::shared::LAG);
    for _ in 0..3 {
        rig.send(ToKeeper::Status);
        len = rig.hear("hello", |message| match message {
            FromKeeper::Hello { attempts, .. } => Some(attempts[0].out_len),
            FromKeeper::Exited { .. } => panic!("it was not held"),
            _ => None,
        });
    }
    assert!(len <= super::shared::LAG + (128 << 10), "{len}");
    rig.keeps_up = true;
    rig.send(ToKeeper::Seen { attempt: 1, len });
    let exit = rig.exit(1);
    assert_eq!((exit.code, exit.out_len), (Some(0), SIZE));
    assert!(rig.out_bytes(1).iter().all(|byte| *byte == b'x'));
}

#[test]
fn nobody_to_wait_for_holds_nothing_and_a_new_host_is_told() {
    let mut rig = Rig::new();
    rig.keeps_up = false;
    let flag = rig.run.path().join("go");
    let text =
        format!("head -c 3000000 /dev/zero; until test -e {}; do sleep 0.02; done; echo end; exit 6", flag.display());
    let pid = rig.script(1, &text);
    rig.output("output", |len, _, _| len > 0);
    rig.client = None;
    wait_until("the output is drained", || rig.out_bytes(1).len() == 3_000_000);
    rig.connect();
    let hello = rig.client.as_ref().unwrap().hello().clone();
    assert_eq!(
        (hello.proto, hello.pid, hello.boot_id.as_str()),
        (super::protocol::PROTO, std::process::id(), super::boot_id().unwrap().as_str())
    );
    assert_eq!((hello.attempts.len(), hello.attempts[0].pid), (1, pid));
    // The file may be a little ahead of what the desk knows.
    assert!((2 * super::shared::LAG..=3_000_000).contains(&hello.attempts[0].out_len), "{hello:?}");
    assert!(matches!(rig.leftover(1), Leftover::Started { pid: Some(it), .. } if it == pid));
    std::fs::write(flag, "").unwrap();
    assert_eq!(rig.exit(1).code, Some(6));

    // Ends while nobody is connected: the files tell.
    rig.script(2, "read x || true; exit 9");
    rig.send(ToKeeper::Type { attempt: 2, bytes: b"\r".to_vec() });
    rig.client = None;
    wait_until(
        "its end is on file",
        || matches!(rig.leftover(2), Leftover::Ended { exit, .. } if exit.code == Some(9)),
    );
    rig.connect();
    // The file is there a moment before the desk hears of it; then the new host is told.
    if !rig.client.as_ref().unwrap().hello().attempts.is_empty() {
        assert_eq!(rig.exit(2).code, Some(9));
    }
}

#[test]
fn a_new_host_takes_the_place_of_the_old_one() {
    let mut rig = Rig::new();
    rig.start(1, &["cat"]);
    let old = (rig.client.take().unwrap(), std::mem::replace(&mut rig.heard, channel().1));
    rig.connect();
    assert_eq!(rig.client.as_ref().unwrap().hello().attempts.len(), 1);
    loop {
        if let Heard::Gone(_) = old.1.recv_timeout(LIMIT).unwrap() {
            break;
        }
    }
    rig.send(ToKeeper::Type { attempt: 1, bytes: vec![4] });
    assert_eq!(rig.exit(1).code, Some(0));
}

#[test]
fn a_full_disk_holds_the_command_and_lets_it_go_on() {
    let room = Arc::new(AtomicUsize::new(10));
    let rig = Rig::with(&[], full_disk::with_room(&room));
    let pid = rig.start(1, &["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo; exit 2"]);
    let text = rig.hear("trouble", |message| match message {
        FromKeeper::Trouble { attempt: 1, text } => Some(text.clone()),
        _ => None,
    });
    assert!(text.contains("held") && text.contains("1.out"), "{text}");
    assert!(!is_gone(pid));
    room.store(usize::MAX, Ordering::SeqCst);
    rig.hear("recovery", |message| matches!(message, FromKeeper::Recovered { attempt: 1 }).then_some(()));
    let exit = rig.exit(1);
    assert_eq!((exit.code, exit.out_len, exit.lost), (Some(2), 300_002, 0));
}

#[test]
fn on_a_full_disk_the_operator_may_stop_or_go_on_unrecorded() {
    let room = Arc::new(AtomicUsize::new(40));
    let rig = Rig::with(&[], full_disk::with_room(&room));
    let trouble = |attempt: u32| {
        rig.hear("trouble", |message| {
            matches!(message, FromKeeper::Trouble { attempt: it, .. } if *it == attempt).then_some(())
        });
    };
    let big = "head -c 300000 /dev/zero | tr '\\0' x; exit 2";
    rig.start(1, &["sh", "-c", big]);
    trouble(1);
    rig.send(ToKeeper::Unrecorded { attempt: 1 });
    let exit = rig.hear("an exit", |message| match message {
        FromKeeper::Exited { attempt: 1, exit } => Some(exit.clone()),
        _ => None,
    });
    assert_eq!((exit.code, exit.out_len + exit.lost), (Some(2), 300_000));
    assert!(exit.out_len <= 40);

    rig.start(2, &["sh", "-c", big]);
    trouble(2);
    rig.send(ToKeeper::Signal { attempt: 2, stage: Stage::Terminate });
    let exit = rig.hear("an exit", |message| match message {
        FromKeeper::Exited { attempt: 2, exit } => Some(exit.clone()),
        _ => None,
    });
    assert_eq!((exit.signal, exit.out_len), (Some(15), 0));
    assert!(exit.lost > 0);
}

#[test]
fn secrets_never_reach_the_disk_whole_or_in_pieces() {
    let rig = Rig::with(&["correct-horse"], real_files());
    rig.script(1, "printf 'a correct-'; sleep 0.2; printf 'horse b\\n'; printf 'correct'");
    rig.exit(1);
    assert_eq!(rig.out(1), "a ************* b\r\ncorrect");
    rig.send(ToKeeper::Secrets { values: vec!["battery".into()] });
    rig.script(2, "echo battery; echo correct-horse");
    rig.exit(2);
    assert_eq!(rig.out(2), "*******\r\ncorrect-horse\r\n");
    rig.send(ToKeeper::Secrets { values: vec!["abc".into()] });
    let why = rig.hear("a refusal", |message| match message {
        FromKeeper::Refused { why } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("not taken") && !why.contains("abc"), "{why}");
    rig.script(3, "echo battery");
    rig.exit(3);
    assert_eq!(rig.out(3), "*******\r\n");
}

#[test]
fn a_held_beginning_of_a_secret_is_shown_but_not_written() {
    let rig = Rig::with(&["$x-secret"], real_files());
    rig.script(1, "printf 'go $'; read x; echo done");
    let held = rig.hear("held bytes", |message| match message {
        FromKeeper::Output { held, .. } if !held.is_empty() => Some(held.clone()),
        _ => None,
    });
    assert_eq!((held, rig.out(1).as_str()), (b"$".to_vec(), "go "));
    rig.send(ToKeeper::Type { attempt: 1, bytes: b"y\r".to_vec() });
    rig.exit(1);
    assert_eq!(rig.out(1), "go $y\r\ndone\r\n");
}

#[test]
fn nonsense_is_refused_and_does_no_harm() {
    let rig = Rig::new();
    rig.send(ToKeeper::Signal { attempt: 99, stage: Stage::Kill });
    rig.send(ToKeeper::Type { attempt: 99, bytes: vec![1] });
    rig.send(ToKeeper::Seen { attempt: 99, len: 1 });
    {
        use std::io::Write;
        let mut raw = super::door::knock(rig.run.path()).unwrap().unwrap();
        raw.write_all(b"{\"spawn\":\"s3cret-value\"}\n").unwrap();
        let mut said = String::new();
        let mut reader = std::io::BufReader::new(raw);
        std::io::BufRead::read_line(&mut reader, &mut said).unwrap();
        said.clear();
        std::io::BufRead::read_line(&mut reader, &mut said).unwrap();
        assert!(said.contains("refused") && !said.contains("s3cret"), "{said}");
    }
    let mut rig = rig;
    rig.connect();
    rig.start(1, &["true"]);
    assert_eq!(rig.exit(1).code, Some(0));
}

/// Prints what a step costs here; compare with `limit ptyjournal` of the bench, which also syncs twice.
#[test]
fn two_hundred_steps() {
    let rig = Rig::new();
    let begun = Instant::now();
    for attempt in 1..=200 {
        rig.start(attempt, &["true"]);
        assert_eq!(rig.exit(attempt).code, Some(0));
    }
    println!("200 steps of true: {:.2} ms a step", begun.elapsed().as_secs_f64() * 1000.0 / 200.0);
}
