//! The command line as people and scripts meet it: the built binary, its output and its exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_flightdeck");
/// The longest that a condition is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder with runbooks and runs of its own.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn runs(&self) -> PathBuf {
        self.path().join("runs")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with these words, its runs in this place, without a terminal.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(words).current_dir(self.path()).env("FLIGHTDECK_RUNS", self.runs()).env("NO_COLOR", "1");
        command.stdin(Stdio::null());
        command
    }

    fn flightdeck(&self, words: &[&str]) -> Ended {
        Ended::of(self.command(words).output().unwrap())
    }

    /// The folders of all runs.
    fn folders(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = std::fs::read_dir(self.runs())
            .map(|dir| dir.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        all.sort();
        all
    }

    fn json(&self, words: &[&str]) -> Value {
        let ended = self.flightdeck(words);
        assert_eq!(ended.code, 0, "{words:?}: {}", ended.err);
        serde_json::from_str(&ended.out).unwrap()
    }
}

impl Drop for Place {
    /// Ends what a test left flying or parked: a host stays with its run.
    fn drop(&mut self) {
        let output = self.command(&["runs", "--json"]).output();
        let runs: Value = output.ok().and_then(|o| serde_json::from_slice(&o.stdout).ok()).unwrap_or_default();
        for run in runs["runs"].as_array().into_iter().flatten().filter(|run| run["alive"] == true) {
            for pid in [&run["host_pid"], &run["keeper_pid"]].into_iter().filter_map(Value::as_u64) {
                let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
            }
        }
    }
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    fn is(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    fn says(&self, wanted: &str) -> &Self {
        assert!(self.out.contains(wanted) || self.err.contains(wanted), "{wanted:?} in\n{}\n{}", self.out, self.err);
        self
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn shipped(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks").join(name).display().to_string()
}

const THREE: &str = "\
flightdeck: 1
title: Three steps
defaults: { timeout: 20s }
steps:
  - Take a breath
  - { title: What time is it, run: date -u, reads_only: true }
  - { title: Which machine is this, script: 'echo \"I am $(uname -s)\"', reads_only: true }
";

// ---- help ------------------------------------------------------------------------------------------------------------

#[test]
fn help_says_what_there_is_and_every_exit_code() {
    let place = Place::new();
    let help = place.flightdeck(&["--help"]);
    help.is(0);
    for word in ["run", "train", "attach", "resume", "runs", "lint", "plan", "schema", "record", "completions"] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(word)), "{word} in\n{}", help.out);
    }
    for code in ["0  completed", "3  a person is needed", "6  left from the terminal", "130  interrupted"] {
        help.says(code);
    }
    place.flightdeck(&["run", "--help"]).is(0).says("--answers").says("Examples:");
    assert!(!help.out.contains("__host"), "hidden subcommands are hidden");
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let place = Place::new();
    place.flightdeck(&["fly"]).is(2);
    place.flightdeck(&["run"]).is(2);
    place.flightdeck(&["run", "x.yaml", "-p", "novalue"]).is(2).says("NAME=VALUE");
    place.flightdeck(&["run", "x.yaml", "--plain", "--json"]).is(2);
    place.flightdeck(&[]).is(2).says("terminal");
    let book = place.write("three.yaml", THREE).display().to_string();
    place.flightdeck(&["run", &book, "--speed", "10"]).is(2).says("--sandbox");
    assert!(place.folders().is_empty(), "nothing was started");
}

#[test]
fn completions_are_for_the_shell() {
    let place = Place::new();
    place.flightdeck(&["completions", "bash"]).is(0).says("_flightdeck");
    place.flightdeck(&["completions", "fish"]).is(0).says("complete -c flightdeck");
}

// ---- lint, schema, plan -----------------------------------------------------------------------------------------------

#[test]
fn ten_faults_are_ten_located_errors() {
    let place = Place::new();
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata/ten_faults.yaml");
    let book = place.write("ten.yaml", &std::fs::read_to_string(faults).unwrap());
    let ended = place.flightdeck(&["lint", "ten.yaml"]);
    ended.is(2).says("ten.yaml: 10 errors, 0 warnings");
    let located = ended.out.lines().filter(|line| line.starts_with("ten.yaml:") && line.contains(": error: ")).count();
    assert_eq!(located, 10, "{}", ended.out);
    let run = place.flightdeck(&["run", &book.display().to_string(), "--plain", "--yes"]);
    run.is(2).says("10 errors: nothing was started");
    assert!(place.folders().is_empty());
}

#[test]
fn several_runbooks_are_linted_and_counted_together() {
    let place = Place::new();
    place.write("good.yaml", THREE);
    place.write("bad.yaml", "flightdeck: 1\ntitel: x\nsteps:\n  - Look\n");
    place.flightdeck(&["lint", "good.yaml"]).is(0).says("good.yaml: 0 errors, 0 warnings");
    let both = place.flightdeck(&["lint", "good.yaml", "bad.yaml", "missing.yaml"]);
    both.is(2).says("bad.yaml:2:1: error").says("title").says("missing.yaml: error").says("all 3:");
}

#[test]
fn the_schema_is_json() {
    let schema = Place::new().json(&["schema"]);
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"));
}

#[test]
fn a_plan_lists_items_commands_conditions_and_executes_nothing() {
    let place = Place::new();
    let book = place.write(
        "p.yaml",
        "\
flightdeck: 1
title: Plan me
parameters:
  kind: { one_of: [small, large], default: small }
  name: { ask: A name }
  commit: { from: { run: touch executed } }
  token: { type: secret, from: { env: NO_SUCH_TOKEN } }
defaults: { timeout: 5s }
steps:
  - { title: Touch, id: touch, run: 'touch ${{ name }}', source: [ROW-1] }
  - { title: Only large, id: large, when: kind == 'large', run: 'true' }
  - { title: Use it, id: use_it, script: 'echo $commit', env: { T: '${{ token }}' } }
",
    );
    let book = book.display().to_string();
    let text = place.flightdeck(&["plan", &book]);
    text.is(0).says("MISSING  A name").says("off: needs kind == 'large'").says("Missing to fly it: name");
    let plan = place.json(&["plan", &book, "-p", "name=two words", "--json"]);
    let item = |id: &str| plan["items"].as_array().unwrap().iter().find(|i| i["id"] == id).unwrap().clone();
    assert_eq!(item("touch")["command"], serde_json::json!(["touch", "two words"]), "one argument");
    assert_eq!((item("touch")["kind"].as_str(), item("touch")["on"].as_bool()), (Some("run"), Some(true)));
    assert_eq!(item("large")["on"], false);
    assert_eq!(item("large")["when"][0]["when"], "kind == 'large'");
    assert_eq!(plan["sources"][0]["source"], "ROW-1");
    assert!(!place.path().join("executed").exists() && !place.path().join("two words").exists());
    place.flightdeck(&["plan", &book, "-p", "nmae=x"]).is(2).says("did you mean `name`?");
}

#[test]
fn the_shipped_runbooks_plan_without_any_value_given() {
    let place = Place::new();
    for name in ["hello.yaml", "first-flight.yaml", "production-deployment.yaml"] {
        place.flightdeck(&["plan", &shipped(name)]).is(0).says("items fly");
    }
}

// ---- run ---------------------------------------------------------------------------------------------------------------

#[test]
fn three_steps_fly_and_leave_a_sound_record() {
    let place = Place::new();
    let book = place.write("three.yaml", THREE).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(0).says("I am Linux");
    let folders = place.folders();
    let [folder] = folders.as_slice() else { panic!("{folders:?}") };
    let kept = std::fs::read_to_string(folder.join("runbook/three.yaml")).unwrap();
    assert_eq!(kept, THREE);
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    wait_for("the record", || folder.join("record.md").exists().then_some(()));
    place.flightdeck(&["record", "show", &id]).is(0).says("Three steps").says("What time is it");
    place.flightdeck(&["record", "verify", "three-steps"]).is(0).says("sound");
    place.flightdeck(&["record", "export", &id, "--format", "cast"]).is(0).says("I am Linux");
    let record: Value =
        serde_json::from_str(&place.flightdeck(&["record", "show", &id, "--format", "json"]).out).unwrap();
    assert!(record.is_object());
    let journal = folder.join("journal.jsonl");
    let forged = std::fs::read_to_string(&journal).unwrap().replacen("take_a_breath", "take_a_breach", 1);
    std::fs::write(&journal, forged).unwrap();
    place.flightdeck(&["record", "verify", &id]).is(1).says("NOT SOUND");
}

#[test]
fn the_journals_lines_come_verbatim_and_nothing_else() {
    let place = Place::new();
    let book = place.write("three.yaml", THREE).display().to_string();
    let ended = place.flightdeck(&["run", &book, "--json", "--yes"]);
    ended.is(0);
    let journal = std::fs::read_to_string(place.folders()[0].join("journal.jsonl")).unwrap();
    assert!(journal.starts_with(&ended.out), "{}", ended.out);
    assert!(ended.out.lines().last().unwrap().contains("run_ended"));
}

#[test]
fn a_missing_parameter_is_named_with_its_question() {
    let place = Place::new();
    let text = "flightdeck: 1\ntitle: T\nparameters: { release: { ask: Version to deploy } }\nsteps:\n  - \"Deploy ${{ release }}\"\n";
    let book = place.write("p.yaml", text).display().to_string();
    place
        .flightdeck(&["run", &book, "--plain", "--yes"])
        .is(2)
        .says("release: Version to deploy")
        .says("-p NAME=VALUE");
    assert!(place.folders().is_empty());
    place.flightdeck(&["run", &book, "--plain", "--yes", "-p", "release=1.5.0"]).is(0).says("Deploy 1.5.0");
}

#[test]
fn the_line_wins_over_files_and_the_later_file_over_the_earlier() {
    let place = Place::new();
    let text = "\
flightdeck: 1
title: T
parameters: { a: { default: x }, b: { default: x }, c: { default: x }, d: { default: x } }
steps:
  - { title: 'Say ${{ a }}/${{ b }}/${{ c }}/${{ d }}' }
";
    let book = place.write("p.yaml", text).display().to_string();
    place.write("one.yaml", "b: one\nc: one\nd: one\n");
    place.write("two.yaml", "c: two\nd: two\n");
    let words = ["run", &book, "--plain", "--yes", "-p", "d=line", "--params", "one.yaml", "--params", "two.yaml"];
    place.flightdeck(&words).is(0).says("Say x/one/two/line");
    place.write("bad.yaml", "e: x\n");
    place.flightdeck(&["run", &book, "--plain", "--yes", "--params", "bad.yaml"]).is(2).says("bad.yaml:1:1");
}

#[test]
fn a_question_with_evidence_needs_a_person_and_an_answers_file_gives_it() {
    let place = Place::new();
    let text = "\
flightdeck: 1
title: Ask me
steps:
  - { title: The change, id: the_change, confirm: { ask: Link to the change, answer: link } }
  - What the program confirms by itself
";
    let book = place.write("q.yaml", text).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(3).says("The change");
    place.write("answers.yaml", "the_change: https://example.com/1\n");
    place.flightdeck(&["run", &book, "--plain", "--yes", "--answers", "answers.yaml"]).is(0);
    let filed = place.folders().into_iter().find(|folder| folder.join("answers.json").exists()).unwrap();
    let record = place.flightdeck(&["record", "show", &filed.display().to_string()]);
    let from_file = |line: &&str| line.contains("(from the answers file)");
    assert_eq!(record.out.lines().filter(from_file).count(), 1, "{}", record.out);
    let answers: Value = serde_json::from_slice(&std::fs::read(filed.join("answers.json")).unwrap()).unwrap();
    assert_eq!(answers["the_change"]["answer"], "https://example.com/1");
    place.write("typo.yaml", "the_chnage: https://example.com/1\n");
    let typo = place.flightdeck(&["run", &book, "--plain", "--yes", "--answers", "typo.yaml"]);
    typo.is(2).says("typo.yaml:1:1").says("did you mean `the_change`?");
    assert_eq!(place.folders().len(), 2, "the typo started nothing");
}

#[test]
fn a_failed_step_under_yes_needs_a_person() {
    let place = Place::new();
    let book = place
        .write("f.yaml", "flightdeck: 1\ntitle: F\nsteps:\n  - { title: Fails, run: 'false', timeout: 5s }\n")
        .display()
        .to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(3).says("Fails");
    let runs = place.json(&["runs", "--json"]);
    assert_eq!(runs["runs"][0]["standing"], "parked");
}

#[test]
fn a_secret_is_in_no_file_of_the_run() {
    let place = Place::new();
    let text = "\
flightdeck: 1
title: Secretive
parameters: { token: { type: secret, from: { env: CLI_TEST_TOKEN } } }
steps:
  - { title: Use it, script: 'echo token=$T', env: { T: '${{ token }}' }, reads_only: true, timeout: 5s }
";
    let book = place.write("s.yaml", text).display().to_string();
    let mut command = place.command(&["run", &book, "--plain", "--yes"]);
    let ended = Ended::of(command.env("CLI_TEST_TOKEN", "correct-horse-battery").output().unwrap());
    ended.is(0).says("token=*********************");
    assert!(!ended.out.contains("correct-horse"));
    let folder = place.folders().pop().unwrap();
    let grep = Command::new("grep").args(["-r", "correct-horse"]).arg(&folder).output().unwrap();
    assert!(grep.stdout.is_empty(), "{}", String::from_utf8_lossy(&grep.stdout));
    let sources = std::fs::read_to_string(folder.join("secrets.json")).unwrap();
    assert!(sources.contains("CLI_TEST_TOKEN"), "{sources}");
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(2).says("token");
}

#[test]
fn a_command_gives_a_parameter_at_the_start() {
    let place = Place::new();
    let text = "\
flightdeck: 1
title: C
parameters: { word: { from: { run: 'echo given' } } }
steps:
  - { title: 'The word is ${{ word }}' }
";
    let book = place.write("c.yaml", text).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(0).says("The word is given");
}

// ---- sandbox -----------------------------------------------------------------------------------------------------------

#[test]
fn training_is_listed_and_a_sandbox_leaves_nothing_running() {
    let place = Place::new();
    place.flightdeck(&["train"]).is(0).says("first-flight").says("12 min");
    place.flightdeck(&["train", "no-such"]).is(2).says("first-flight");
    let book = place.write("three.yaml", THREE).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes", "--sandbox", "--speed", "10"]).is(0);
    let folder = place.folders().pop().unwrap();
    wait_for("the end of the world", || (!folder.join("world/sock").exists()).then_some(()));
    place.flightdeck(&["run", &book, "--plain", "--yes", "--sandbox=nothing"]).is(2).says("no scenario `nothing`");
    assert_eq!(place.folders().len(), 1, "what was not started leaves no folder");
}

// ---- runs, attach, resume ------------------------------------------------------------------------------------------------

const SLOW: &str = "\
flightdeck: 1
title: Slow
where: { environment: PLACE }
steps:
  - { title: Wait, script: 'echo begun; while [ ! -e go ]; do sleep 0.05; done; echo gone', reads_only: true, timeout: 60s }
  - { title: After, run: 'true', reads_only: true, timeout: 5s }
";

/// A run that waits in its first step until the file `go` is there.
struct Slow {
    place: Place,
    client: std::process::Child,
    book: String,
    _reader: std::thread::JoinHandle<usize>,
}

impl Slow {
    fn start() -> Self {
        let place = Place::new();
        // A target of its own, so that tests do not lock one another out.
        let target = format!("cli-test-{}-{}", std::process::id(), place.path().file_name().unwrap().to_string_lossy());
        let book = place.write("slow.yaml", &SLOW.replace("PLACE", &target)).display().to_string();
        place.write("answers.yaml", &format!("start: {target}\n"));
        let mut client = place
            .command(&["run", &book, "--json", "--yes", "--answers", "answers.yaml"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("attempt_started"));
        assert!(started, "the command was not started");
        // Somebody reads on: a client whose reader is gone leaves.
        let reader = std::thread::spawn(move || lines.map_while(Result::ok).count());
        Self { place, client, book, _reader: reader }
    }

    fn seen(&self) -> Value {
        self.place.json(&["runs", "--json"])["runs"][0].clone()
    }

    fn go(&self) {
        self.place.write("go", "");
    }
}

fn kill(pid: &Value) {
    let pid = pid.as_u64().unwrap().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

#[test]
fn a_run_whose_client_and_host_die_is_resumed() {
    let mut slow = Slow::start();
    slow.client.kill().unwrap();
    slow.client.wait().unwrap();
    let seen = slow.seen();
    assert_eq!((seen["standing"].as_str(), seen["alive"].as_bool()), (Some("flying"), Some(true)), "{seen}");
    assert!(seen["keeper_pid"].is_u64(), "{seen}");
    kill(&seen["host_pid"]);
    let seen = wait_for("the host's end", || Some(slow.seen()).filter(|seen| seen["alive"] == false));
    assert_eq!(seen["standing"], "crashed");
    slow.place.flightdeck(&["attach", "slow"]).is(2).says("flightdeck resume");
    slow.go();
    let resumed = slow.place.flightdeck(&["resume", "--json"]);
    resumed.is(0).says("attempt_ended").says("run_ended");
    let started = resumed.out.matches("attempt_started").count();
    assert_eq!(started, 2, "the waiting command was started once");
    slow.place.flightdeck(&["record", "verify", "slow"]).is(0);
    slow.place.flightdeck(&["resume", "slow"]).is(2).says("has ended");
}

#[test]
fn who_returns_to_a_parked_run_needs_no_other_command_than_attach() {
    let place = Place::new();
    let text = "flightdeck: 1\ntitle: Boxes\nsteps:\n  - One\n  - Two\n";
    let book = place.write("boxes.yaml", text).display().to_string();
    // Flown by hand; who began it leaves before anything was changed.
    place.flightdeck(&["run", &book, "--plain"]).is(3).says("flightdeck attach");
    let journal = std::fs::read_to_string(place.folders()[0].join("journal.jsonl")).unwrap();
    assert!(journal.contains(r#""person_needed":{"item":"one""#), "the journal says for what it waits: {journal}");
    let seen = || place.json(&["runs", "--json"])["runs"][0].clone();
    wait_for("its host is gone", || (seen()["alive"] == false).then_some(()));
    assert_eq!(seen()["standing"], "parked");
    place.flightdeck(&["attach", "--observe", "--plain"]).is(2).says("attach");
    place.flightdeck(&["attach", "--plain"]).is(3).says("One");
    // At once again: the host that stays for a moment, or leaves just now, is no hindrance.
    place.flightdeck(&["attach", "boxes", "--plain"]).is(3).says("One");
    place.flightdeck(&["resume", "boxes", "--plain"]).is(3).says("One");
}

#[test]
fn a_held_target_refuses_a_second_run_and_can_be_looked_at() {
    let mut slow = Slow::start();
    let second = slow.place.flightdeck(&["run", &slow.book, "--plain", "--yes", "--answers", "answers.yaml"]);
    second.is(3).says("is held by another run").says("attach");
    let mut observer = slow.place.command(&["attach", "--observe", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(observer.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("run_opened"));
    slow.go();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("run_ended")));
    assert_eq!(observer.wait().unwrap().code(), Some(0));
    assert_eq!(slow.client.wait().unwrap().code(), Some(0));
    let again = slow.place.flightdeck(&["run", &slow.book, "--plain", "--yes", "--answers", "answers.yaml"]);
    again.is(0);
    assert_eq!(slow.place.folders().len(), 2, "the refused one left no folder");
}

#[test]
fn a_real_target_needs_its_name() {
    let place = Place::new();
    let target = format!("cli-test-named-{}", std::process::id());
    let book = place.write("slow.yaml", &SLOW.replace("PLACE", &target)).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(3).says(&target);
}

#[test]
fn an_unknown_run_is_said_so() {
    let place = Place::new();
    place.flightdeck(&["attach"]).is(2).says("flightdeck runs");
    for words in [["attach", "x"], ["resume", "x"]] {
        place.flightdeck(&words).is(2).says("flightdeck runs");
    }
    place.flightdeck(&["record", "show", "x"]).is(2);
    place.flightdeck(&["plan", "--rollback", "x"]).is(2);
    place.flightdeck(&["runs"]).is(0).says("No runs in");
    let book = place.write("three.yaml", THREE).display().to_string();
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(0);
    place.flightdeck(&["run", &book, "--plain", "--yes"]).is(0);
    place.flightdeck(&["record", "show", "three"]).is(2).says("part of 2 runs");
    let newest = place.folders().pop().unwrap().display().to_string();
    place.flightdeck(&["plan", "--rollback", &newest]).is(0).says("no rollback");
}

#[test]
fn a_hidden_subcommand_without_its_folder_ends_in_order() {
    let place = Place::new();
    for word in ["__host", "__keeper", "__world"] {
        place.flightdeck(&[word]).is(5).says(word);
        place.flightdeck(&[word, "/no/such/folder"]).is(5);
    }
}

/// An address that is answered with this status, by threads that end with the test's process.
fn web(status: &'static str) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nok\n").as_bytes());
        }
    });
    url
}

#[test]
fn addresses_are_probed_without_a_runbook() {
    let place = Place::new();
    let (good, bad) = (web("200 OK"), web("503 Service Unavailable"));
    place.write("urls", &format!("# all\n{good}\n{bad}\nhttp://127.0.0.1:1/\n"));
    let ended = place.flightdeck(&["probe", "--every", "50ms", "--for", "600ms", "--plain", "--file", "urls"]);
    ended.is(1);
    let text = &ended.out;
    assert!(text.contains(&format!("{bad}  status 503")) && text.contains("connection refused"), "{text}");
    assert!(text.contains("1 ok, 2 bad of 3"), "{text}");
    assert!(!text.contains(&format!("{good} ")), "what is good from the start is no news: {text}");
    let ended = place.flightdeck(&["probe", "--every", "50ms", "--for", "400ms", "--json", &good]);
    ended.is(0);
    let looks: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(looks.len() >= 3, "{looks:?}");
    assert!(looks.iter().all(|look| look["look"] == "good" && look["status"] == 200 && look["url"] == good.as_str()));
    for words in [&["probe"][..], &["probe", "--plain", "shop"], &["probe", "--every", "soon", &good]] {
        place.flightdeck(words).is(2);
    }
    assert!(place.folders().is_empty(), "a probe leaves nothing");
}
