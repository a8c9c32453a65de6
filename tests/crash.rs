//! What survives when processes die at any moment (anchors/performance-and-reliability.md, section 4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::io::Write;

use common::{Client, Run, lives, signal, wait_for};
use flightdeck::engine::{Event, Status, Want};
use flightdeck::link::Role;
use flightdeck::words::Outcome;
use rustix::process::Signal;

/// Ten steps that take a moment and write down that they ran.
fn ten_steps() -> String {
    let steps: String = (1..=10)
        .map(|n| format!("  - title: Step {n}\n    script: |\n      echo {n} >> \"$WORK/ran\"\n      sleep 0.3\n      echo out {n}\n"))
        .collect();
    format!("flightdeck: 1\ntitle: Ten\nsteps:\n{steps}")
}

/// Runs until the file `go` is there; `settle` is a look at the file `applied`.
const GATE: &str = "
flightdeck: 1
title: Gate
probes:
  applied: { every: on_demand, file: { path: applied } }
steps:
  - title: Change
    script: |
      echo once >> \"$WORK/ran\"
      echo begun
      until [ -e \"$WORK/go\" ]; do sleep 0.05; done
      echo all of it
    settle: applied
  - title: After
    run: touch after
";

/// Everything that was acknowledged to a client is on disk, as it was told.
fn nothing_lost(run: &Run, clients: &[&Client]) {
    let events = run.events();
    for client in clients {
        for recorded in &client.events {
            let on_disk = events.get(recorded.seq as usize - 1);
            assert_eq!(on_disk, Some(&recorded.event), "event {} was told and is not on disk", recorded.seq);
        }
    }
}

/// Starts the run of [`GATE`] and waits until its first command has begun: the host and the keeper.
fn in_the_change(run: &mut Run) -> (u32, u32) {
    let host = run.start();
    run.client().running();
    wait_for("it has begun", || run.text("ran").contains("once").then_some(()));
    wait_for("its process is on file", || run.command_of(1));
    wait_for("its first line is on file", || run.file("terminals/1.out").contains("begun").then_some(()));
    (host, run.keeper_of(1).unwrap())
}

/// A run of [`GATE`] that has begun and waits for its operator: the host.
fn before_the_change() -> (Run, u32) {
    let mut run = Run::of(GATE);
    let host = run.start();
    run.client().begin();
    (run, host)
}

#[test]
fn a_host_killed_in_the_middle_of_each_of_ten_steps_loses_nothing() {
    let mut run = Run::unattended(&ten_steps());
    let mut host = run.start();
    let mut watchers = vec![];
    for step in 1..=10 {
        let mut anna = run.client();
        anna.until("the step runs", |c| c.state.running.iter().any(|(_, attempt)| *attempt == step).then_some(()));
        wait_for("its command runs", || run.command_of(step));
        run.kill(host);
        anna.catch_up();
        watchers.push(anna);
        host = run.resume();
    }
    let mut anna = run.client();
    anna.ended();
    let expected: Vec<String> = (1..=10).map(|n| format!("step_{n} passed")).collect();
    assert_eq!(run.outcomes(), expected);
    let ran: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
    assert_eq!(run.text("ran").lines().collect::<Vec<_>>(), ran, "each ran once");
    for n in 1..=10 {
        assert_eq!(run.file(&format!("terminals/{n}.out")), format!("out {n}\r\n"));
    }
    let adopted = run.events().iter().filter(|e| matches!(e, Event::AttemptAdopted { .. })).count();
    assert!(adopted >= 5, "{adopted} of 10 were still running when the next host came");
    nothing_lost(&run, &watchers.iter().collect::<Vec<_>>());
    run.verify();
}

#[test]
fn host_and_keeper_killed_leave_an_unknown_that_the_operator_settles() {
    let mut run = Run::unattended(GATE);
    let (host, keeper) = in_the_change(&mut run);
    let command = run.command_of(1).unwrap();
    run.kill(host);
    run.kill(keeper);
    wait_for("its terminal is gone and it with it", || (!lives(command)).then_some(()));
    run.resume();
    let mut anna = run.client();
    anna.status("change", &Status::Unknown);
    let ended = anna.event("it ended unknown", |e| match e {
        Event::AttemptEnded(ended) => Some(ended.clone()),
        _ => None,
    });
    assert_eq!(ended.outcome, Some(Outcome::Unknown));
    assert_eq!(ended.last_lines, ["begun"], "its last output is shown");
    // The look that would settle it says no: it stays unknown, and nothing starts it again.
    anna.event("the look is told", |e| {
        matches!(e, Event::CautionRaised { text, .. } if text.contains("took effect")).then_some(())
    });
    anna.event("a person is needed", |e| matches!(e, Event::PersonNeeded { .. }).then_some(()));
    assert_eq!((run.text("ran").lines().count(), anna.state.attempts), (1, 1));
    anna.done(Want::Settle { item: "change".into(), attempt: 1, happened: true });
    anna.ended();
    assert!(run.path("after").exists());
    assert_eq!(run.text("ran").lines().count(), 1, "never started a second time");
    run.verify();
}

#[test]
fn a_look_settles_what_nobody_saw_end() {
    let mut run = Run::unattended(GATE);
    let (host, keeper) = in_the_change(&mut run);
    std::fs::write(run.path("applied"), "").unwrap();
    run.kill(host);
    run.kill(keeper);
    run.resume();
    let mut anna = run.client();
    anna.ended();
    let by = run.events().iter().find_map(|e| match e {
        Event::UnknownSettled { happened, by_probe, .. } => Some((*happened, by_probe.clone())),
        _ => None,
    });
    let (happened, by) = by.unwrap();
    assert!(happened && by.unwrap().contains("applied"));
    assert_eq!(run.text("ran").lines().count(), 1);
    run.verify();
}

#[test]
fn a_settling_look_that_was_cut_off_is_made_again() {
    let mut run = Run::unattended(GATE);
    let (host, keeper) = in_the_change(&mut run);
    run.kill(host);
    run.kill(keeper);
    let host = run.resume();
    let mut anna = run.client();
    anna.status("change", &Status::Unknown);
    run.kill(host);
    // It took effect after all.
    std::fs::write(run.path("applied"), "").unwrap();
    run.resume();
    let mut anna = run.client();
    anna.ended();
    assert!(run.text("ran").lines().count() <= 1);
}

#[test]
fn what_was_written_down_but_never_started_is_free_to_start() {
    let mut run = Run::unattended(GATE);
    let (host, keeper) = in_the_change(&mut run);
    let command = run.command_of(1).unwrap();
    run.kill(host);
    run.kill(keeper);
    signal(command, Signal::KILL);
    // As if the host had died between the sync and the spawn: there is no trace of a start.
    for name in ["started", "out", "tim"] {
        let _ = std::fs::remove_file(run.folder.join(format!("terminals/1.{name}")));
    }
    let _ = std::fs::remove_file(run.path("ran"));
    std::fs::write(run.path("go"), "").unwrap();
    run.resume();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["change not started", "change passed", "after passed"]);
    assert_eq!(run.text("ran"), "once\n");
    run.verify();
}

#[test]
fn a_command_that_ended_while_nobody_watched_is_known() {
    let mut run = Run::unattended(GATE);
    let (host, _) = in_the_change(&mut run);
    run.kill(host);
    std::fs::write(run.path("go"), "").unwrap();
    wait_for("its end is on file", || run.file("terminals/1.started").contains("exit").then_some(()));
    run.resume();
    // The run ends before anybody comes; who comes then is still told.
    wait_for("the run has ended", || run.file("journal.jsonl").contains("run_ended").then_some(()));
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["change passed", "after passed"]);
    assert!(!run.events().iter().any(|e| matches!(e, Event::AttemptAdopted { attempt: 1, .. })));
    assert_eq!(run.file("terminals/1.out"), "begun\r\nall of it\r\n");
    run.verify();
}

#[test]
fn an_end_that_no_file_holds_is_known_to_the_next_host_as_long_as_the_keeper_lives() {
    let mut run = Run::of(GATE);
    let host = run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("change");
    wait_for("it has begun", || run.text("ran").contains("once").then_some(()));
    // As on a disk without room: no line can be added to its file.
    let started = run.folder.join("terminals/1.started");
    std::fs::rename(&started, run.path("aside")).unwrap();
    std::fs::create_dir(&started).unwrap();
    std::fs::write(run.path("go"), "").unwrap();
    anna.until("it is told", |c| {
        let (_, why) = c.live.as_ref()?.held.first()?;
        why.contains("exit cannot be written").then_some(())
    });
    anna.done(Want::Stop { item: "change".into(), attempt: 1 });
    run.kill(host);
    wait_for("the keeper gives the file up", || run.file("keeper.log").contains("could not be written").then_some(()));
    let host = run.resume();
    let mut anna = run.client();
    anna.status("change", &Status::Failed(Outcome::Cancelled));
    assert_eq!(run.outcomes(), ["change cancelled"], "what the keeper knows is not unknown");
    run.kill(host);
    run.resume();
    let mut anna = run.client();
    anna.until("the third host is there", |c| (c.state.host.epoch == 3).then_some(()));
    anna.done(Want::Skip { item: "change".into(), reason: "stopped".into() });
    anna.start("after");
    anna.ended();
    let late = run.events().iter().any(|e| matches!(e, Event::LateResultIgnored { .. }));
    assert!(!late, "what the journal has is no news");
    run.verify();
}

#[test]
fn a_keeper_killed_alone_leaves_its_command_unknown_and_the_run_goes_on() {
    let mut run = Run::of(GATE);
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("change");
    wait_for("it has begun", || run.text("ran").contains("once").then_some(()));
    let keeper = run.keeper_of(1).unwrap();
    run.kill(keeper);
    anna.status("change", &Status::Unknown);
    anna.done(Want::Settle { item: "change".into(), attempt: 1, happened: true });
    anna.start("after");
    anna.ended();
    assert_eq!(run.outcomes(), ["change unknown", "after passed"]);
}

#[test]
fn a_terminal_that_closes_takes_nothing_with_it() {
    let mut run = Run::unattended(GATE);
    // A shell with a terminal of its own starts the run, as a person would.
    let book = run.path("book.yaml");
    std::fs::write(&book, GATE).unwrap();
    let runs = run.work.path().join("shell-runs");
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    let mut client = pty_process::blocking::Command::new(common::exe())
        .args(["run", &book.display().to_string(), "--plain", "--yes", "--runs", &runs.display().to_string()])
        .env("WORK", run.work.path())
        .current_dir(run.work.path())
        .spawn(pts)
        .unwrap();
    let folder = wait_for("the run's folder is there", || {
        let found = std::fs::read_dir(&runs).ok()?.flatten().next()?.path();
        found.join("terminals/1.started").exists().then_some(found)
    });
    run.folder = folder;
    wait_for("it has begun", || run.text("ran").contains("once").then_some(()));
    // The terminal is gone: the client hears SIGHUP.
    let _ = pty.write_all(b"");
    drop(pty);
    wait_for("the client is gone", || client.try_wait().unwrap());
    let host: serde_json::Value = serde_json::from_str(&run.file("lock")).unwrap();
    let host = u32::try_from(host["pid"].as_u64().unwrap()).unwrap();
    run.own(host);
    assert!(lives(host));
    assert!(lives(run.command_of(1).unwrap()), "the command runs on");
    std::fs::write(run.path("go"), "").unwrap();
    wait_for("the command finishes", || run.file("terminals/1.started").contains("exit").then_some(()));
    wait_for("the run ends without anybody", || {
        run.events().iter().any(|e| matches!(e, Event::RunEnded { .. })).then_some(())
    });
    assert_eq!(run.file("terminals/1.out"), "begun\r\nall of it\r\n");
    run.verify();
}

#[test]
fn a_client_killed_in_a_step_changes_nothing_and_the_next_sees_all_output() {
    let mut run = Run::of(GATE);
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("change");
    let attempt = anna.running();
    anna.show(attempt);
    anna.sees("begun");
    drop(anna);
    std::fs::write(run.path("go"), "").unwrap();
    wait_for("it finishes", || (run.outcomes() == ["change passed"]).then_some(()));
    let mut late = run.client();
    late.status("change", &Status::Passed);
    late.show(attempt);
    late.sees("all of it");
    assert_eq!(late.screen(), ["begun", "all of it"]);
}

#[test]
fn a_second_host_is_refused_and_harms_nothing() {
    let (mut run, host) = before_the_change();
    let mut anna = run.client();
    anna.until("the flight has begun", |c| c.state.begun.map(|_| ()));
    run.settings.resume = true;
    let why = run.try_start().unwrap_err().to_string();
    assert!(why.contains(&host.to_string()), "it names who has the run: {why}");
    anna.start("change");
    std::fs::write(run.path("go"), "").unwrap();
    anna.status("change", &Status::Passed);
    run.verify();
    // The lock of a dead process is nothing.
    run.kill(host);
    run.resume();
    let mut anna = Client::named(&run.folder, "anna@ops1", Role::Operator);
    anna.status("change", &Status::Passed);
}

#[test]
fn a_torn_last_line_is_set_aside_and_told() {
    let (mut run, host) = before_the_change();
    run.kill(host);
    let path = run.folder.join("journal.jsonl");
    let whole = std::fs::read(&path).unwrap();
    let torn = b"{\"v\":1,\"seq\":99,\"at\":\"2026-11-";
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
    run.resume();
    let mut anna = run.client();
    let bytes = anna.event("it is told", |e| match e {
        Event::TailRepaired { bytes } => Some(*bytes),
        _ => None,
    });
    assert_eq!(bytes, torn.len() as u64);
    assert_eq!(std::fs::read(run.folder.join("journal.torn")).unwrap(), torn);
    assert!(std::fs::read(&path).unwrap().starts_with(&whole), "what was acknowledged stays");
    run.verify();
}

#[test]
fn a_journal_broken_in_the_middle_is_only_read() {
    let (mut run, host) = before_the_change();
    run.kill(host);
    let path = run.folder.join("journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let broken = text.replacen("\"title\"", "\"tytle\"", 1).replacen("anna@ops1", "eve@ops1", 1);
    assert_ne!(text, broken);
    std::fs::write(&path, &broken).unwrap();
    run.settings.resume = true;
    let error = run.try_start().unwrap_err();
    assert!(matches!(error, flightdeck::host::LaunchError::Disk(_)), "{error:?}");
    let why = error.to_string();
    assert!(why.contains("can only be read") && why.contains("journal.jsonl") && why.contains('1'), "{why}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), broken, "nothing was written");
}

#[test]
fn an_ended_run_is_not_gone_on_with() {
    let mut run = Run::unattended("flightdeck: 1\ntitle: Short\nsteps:\n  - One\n");
    let host = run.start();
    let mut anna = run.client();
    anna.ended();
    drop(anna);
    run.wait_gone(host);
    run.settings.resume = true;
    let error = run.try_start().unwrap_err();
    assert!(matches!(&error, flightdeck::host::LaunchError::Refused(why) if why.contains("ended")), "{error:?}");
}

/// A change whose undo waits for the file `go`.
const BACK: &str = "
flightdeck: 1
title: Back
objectives: { rto: 5m, rpo: 0s }
defaults: { timeout: 1m }
probes:
  healthy: { file: { path: healthy }, every: 1s }
steps:
  - title: Change
    id: change
    run: touch changed
    undo:
      title: Undo
      id: undo
      script: |
        echo undone >> \"$WORK/ran\"
        until [ -e \"$WORK/go\" ]; do sleep 0.05; done
        rm changed
  - { title: Bad, id: bad, run: \"false\" }
rollback:
  steps:
    - { title: Back, id: back, undo_steps: all }
    - { title: Cleared, id: cleared, run: touch cleared }
    - { title: Healthy, id: fine, wait: healthy, in_a_row: 1, timeout: 1m, stops_clock: true }
";

/// Flies [`BACK`] until its undo runs: the host and the keeper.
fn going_back(run: &mut Run) -> (u32, u32) {
    let host = run.start();
    let mut anna = run.client();
    anna.status("bad", &Status::Failed(Outcome::Failed));
    anna.done(Want::RollBack { reason: Some("it is bad".into()) });
    wait_for("the undo runs", || run.text("ran").contains("undone").then_some(()));
    let attempt = anna.until("it is told", |c| c.state.running.first().map(|(_, attempt)| *attempt));
    wait_for("its process is on file", || run.command_of(attempt));
    (host, run.keeper_of(attempt).unwrap())
}

#[test]
fn a_host_killed_in_the_rollback_goes_on_with_it_and_undoes_nothing_twice() {
    let mut run = Run::unattended(BACK);
    let (host, _) = going_back(&mut run);
    run.kill(host);
    run.resume();
    std::fs::write(run.path("go"), "").unwrap();
    wait_for("the next step started by itself", || run.path("cleared").exists().then_some(()));
    std::fs::write(run.path("healthy"), "x").unwrap();
    let mut anna = run.client();
    anna.event("it is healthy", |e| matches!(e, Event::RollbackVerified { .. }).then_some(()));
    anna.until("it ended", |c| c.state.ended.as_ref().map(|_| ()));
    assert_eq!(anna.state.ended.as_ref().map(|e| e.how), Some(flightdeck::engine::event::RunEnd::RolledBack));
    assert!(!run.path("changed").exists());
    assert_eq!(run.text("ran").lines().count(), 1, "undone once");
    run.verify();
}

#[test]
fn a_rollback_that_lost_host_and_keeper_waits_for_the_operator() {
    let mut run = Run::unattended(BACK);
    let (host, keeper) = going_back(&mut run);
    let command = run.command_of(run.state().attempts).unwrap();
    wait_for("what is left is plain commands", || run.file("by-hand.md").contains("- [ ] Undo").then_some(()));
    run.kill(host);
    run.kill(keeper);
    wait_for("its terminal is gone and it with it", || (!lives(command)).then_some(()));
    run.resume();
    let mut anna = run.client();
    anna.status("undo", &Status::Unknown);
    anna.event("a person is needed", |e| matches!(e, Event::PersonNeeded { .. }).then_some(()));
    assert!(!run.path("cleared").exists(), "nothing goes on over what nobody knows");
    let attempt = anna.state.attempts;
    anna.done(Want::Settle { item: "undo".into(), attempt, happened: true });
    wait_for("it goes on", || run.path("cleared").exists().then_some(()));
    std::fs::write(run.path("healthy"), "x").unwrap();
    anna.until("it ended", |c| c.state.ended.as_ref().map(|_| ()));
    run.verify();
}
