use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::runbook::kinds::{CommandText, RunProbe, ScriptProbe};

fn run(words: &[&str]) -> ProbeKind {
    let command = CommandText { words: words.iter().map(|w| text(*w)).collect() };
    ProbeKind::Run(RunProbe { command, cwd: None, env: BTreeMap::new() })
}

fn script(script: &str) -> ProbeKind {
    ProbeKind::Script(ScriptProbe { script: script.into(), ..ScriptProbe::default() })
}

const OK: &[&str] = &["exit_code == 0"];

#[tokio::test]
async fn a_command_has_exit_code_stdout_and_json() {
    let sample = look(spec(run(&["echo", "{\"a\": 1}"]), &["exit_code == 0", "json.a == 1", "duration < 5s"])).await;
    assert_good(&sample);
    assert_eq!(sample.text, "{\"a\": 1}");
    let sample = look(spec(script("echo oh >&2; exit 3"), OK)).await;
    assert_eq!(sample.text, "exit 3: oh");
    assert_bad(&sample, "exit_code 3, wanted 0", "");
    let sample = look(unit(Unit::Ms, spec(script("echo 142"), OK))).await;
    assert_eq!((sample.value, sample.text.as_str()), (Some(0.142), "142 ms"));
}

#[tokio::test]
async fn a_script_stops_at_its_first_failure_and_knows_only_its_environment() {
    assert_bad(&look(spec(script("false | true; echo on"), OK)).await, "exit_code 1", "");
    assert_bad(&look(spec(script("echo $nowhere"), OK)).await, "exit_code 1", "");
    let sample = look(spec(script("echo \"${HOME-none}\""), &["stdout == 'none'"])).await;
    assert_good(&sample);
}

#[tokio::test]
async fn a_program_that_is_not_there_says_nothing() {
    assert_nothing(&look(spec(run(&["no-such-program-here"]), OK)).await, "`no-such-program-here` is not there");
}

#[tokio::test]
async fn at_the_limit_the_whole_group_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let kind = script("sleep 100 & echo $! > child; wait");
    let start = Instant::now();
    let mut slow = in_folder(folder.path(), spec(kind, OK));
    slow.timeout = Duration::from_millis(400);
    let sample = look(slow).await;
    assert_bad(&sample, "not done in 400 ms; it was killed", "timeout");
    assert!(start.elapsed() < Duration::from_secs(5));
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    gone(child.trim()).await;
}

#[tokio::test]
async fn children_left_behind_neither_hang_the_look_nor_stay() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let sample = look(in_folder(folder.path(), spec(script("sleep 100 & echo $! > child; echo done"), OK))).await;
    assert_good(&sample);
    assert_eq!(sample.fields["stdout"], Value::Text("done".into()));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    gone(std::fs::read_to_string(folder.path().join("child")).unwrap().trim()).await;
}

#[tokio::test]
async fn endless_output_is_cut_and_the_command_ends() {
    let sample = look(spec(script("head -c 5000000 /dev/zero | tr '\\0' x"), &["exit_code == 0"])).await;
    assert_good(&sample);
    let sample = look(spec(script("head -c 5000000 /dev/zero | tr '\\0' x"), &["json.a == 1"])).await;
    assert_nothing(&sample, "longer than 1 MiB");
}

/// Waits until a process is gone (or a zombie that nobody collects), at most 5 s.
async fn gone(pid: &str) {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
        if matches!(state, None | Some('Z' | 'X')) {
            return;
        }
        assert!(Instant::now() < until, "process {pid} is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
