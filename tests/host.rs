//! The run's host: what clients, keeper and disk see of it, with the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::{Client, Run, lives, signal, wait_for};
use flightdeck::engine::{Event, Status, Want};
use flightdeck::link::{FromClient, FromHost, PROTO, Role};
use flightdeck::words::{Actor, Outcome};
use rustix::process::Signal;

const TICKS: &str = "
flightdeck: 1
title: Boxes
steps:
  - One
  - Two
";

/// Runs until the file `go` is there.
fn gate(title: &str) -> String {
    format!(
        "
flightdeck: 1
title: Gate
steps:
  - title: {title}
    script: |
      echo waiting
      until [ -e \"$WORK/go\" ]; do sleep 0.05; done
      echo done
"
    )
}

fn answer(item: &str, seen: u32) -> Want {
    Want::Answer { item: item.into(), seen, fields: Default::default() }
}

#[test]
fn a_flight_by_hand_is_acknowledged_after_its_events_and_leaves_a_record() {
    let mut run = Run::of(TICKS);
    let host = run.start();
    let mut anna = run.client();
    anna.begin();
    anna.done(answer("one", 0));
    let why = anna.refused(answer("one", 0));
    assert!(why.contains("settled") || why.contains("changed"), "{why}");
    anna.done(answer("two", 0));
    anna.ended();
    // Who is told that the run has ended finds its record, while the host is still there.
    assert!(lives(host));
    assert!(run.file("record.md").contains("Boxes"));
    anna.say(FromClient::Leave);
    anna.host_gone();
    run.wait_gone(host);
    run.verify();
    assert!(run.file("record.md").contains("Boxes"), "{}", run.file("record.md"));
    assert!(run.file("by-hand.md").contains("all is settled"));
    assert!(run.file("head").starts_with("flightdeck-head v1"));
    assert!(!run.folder.join("sock").exists());
}

#[test]
fn an_unattended_flight_has_one_sync_a_step() {
    let steps: String = (0..200).map(|n| format!("  - title: Step {n}\n    run: \"true\"\n")).collect();
    let mut run = Run::unattended(&format!("flightdeck: 1\ntitle: Many\nsteps:\n{steps}"));
    run.start();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes().len(), 200);
    assert!(run.outcomes().iter().all(|o| o.ends_with("passed")));
    // What is synced together is told together: the end of a step and the start of the next are one batch.
    let of = |event: &Event| match event {
        Event::AttemptStarted(_) => 's',
        Event::AttemptEnded(_) => 'e',
        _ => '.',
    };
    let shapes: Vec<String> = anna.batches.iter().map(|b| b.iter().map(of).filter(|c| *c != '.').collect()).collect();
    let syncs = shapes.iter().filter(|shape| !shape.is_empty()).count();
    assert!(syncs <= 201, "{syncs} syncs for 200 steps: {shapes:?}");
    assert!(anna.batches.len() <= 210, "{} batches", anna.batches.len());
    run.verify();
}

#[test]
fn typing_colours_and_sizes_reach_a_command_and_its_screen_comes_back() {
    let mut run = Run::of(
        "
flightdeck: 1
title: Terminal
steps:
  - title: Talk
    script: |
      stty size
      printf 'name? '
      read name
      printf 'hello \\033[31m%s\\033[0m\\n' \"$name\"
      stty size
      printf 'pw? '; stty -echo; read pw; stty echo; echo
      echo \"${#pw} characters\"
",
    );
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("talk");
    let attempt = anna.running();
    anna.show(attempt);
    anna.sees("24 80");
    anna.sees("name?");
    anna.say(FromClient::Size { cols: 100, rows: 30 });
    anna.types(attempt, "bob\r");
    anna.sees("hello bob");
    anna.sees("30 100");
    anna.sees("pw?");
    // A line that is not finished yet is no question; one behind which it is silent is.
    assert!(!anna.asks);
    let silent = std::time::Instant::now();
    anna.until("it seems to ask", |client| client.asks.then_some(()));
    assert!(silent.elapsed() > std::time::Duration::from_secs(2), "{:?}", silent.elapsed());
    anna.types(attempt, "secret7\r");
    anna.sees("7 characters");
    anna.ended();
    assert!(!anna.screen().iter().any(|row| row.contains("secret7")), "what is not echoed is not shown");
    let typed: u64 = anna
        .events
        .iter()
        .filter_map(|e| match &e.event {
            Event::TypedInto { bytes, .. } => Some(*bytes),
            _ => None,
        })
        .sum();
    assert_eq!(typed, 12, "what was typed is counted, not recorded");
    assert!(!run.file("journal.jsonl").contains("secret7"));
    // A client that comes late sees the same screen.
    let mut late = run.client();
    late.until("it is told everything", |c| c.state.ended.is_some().then_some(()));
    late.show(attempt);
    late.sees("hello bob");
    assert_eq!(late.screen(), anna.screen());
}

#[test]
fn a_program_that_asks_its_terminal_is_answered_when_nobody_looks() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Question
steps:
  - title: Ask
    timeout: 10s
    script: |
      stty raw -echo min 0 time 50
      printf '\033[6n'
      answer=$(head -c 6 | tr '\033' E)
      stty sane
      echo "answer $answer"
      case "$answer" in E*R) ;; *) exit 1 ;; esac
"#,
    );
    run.start();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["ask passed"]);
}

#[test]
fn what_a_command_leaves_running_is_told() {
    let mut run = Run::unattended(
        "flightdeck: 1\ntitle: Left\nsteps:\n  - { title: Leave, script: 'trap \"\" HUP; sleep 3 & echo gone' }\n",
    );
    run.start();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["leave passed"]);
    anna.event("it is told", |e| match e {
        Event::CautionRaised { text, .. } => text.contains("left running").then_some(()),
        _ => None,
    });
}

#[test]
fn a_line_without_end_and_a_flood_leave_short_events() {
    let mut run = Run::unattended(
        "
flightdeck: 1
title: Long
steps:
  - { title: Line, run: head -c 40000000 /dev/zero }
  - { title: After, run: 'true' }
",
    );
    run.start();
    let mut anna = run.client();
    anna.running();
    anna.show(1);
    anna.ended();
    assert_eq!(run.outcomes(), ["line passed", "after passed"]);
    let longest = run.file("journal.jsonl").lines().map(str::len).max().unwrap();
    assert!(longest < 40_000, "{longest} bytes in one event");
    assert_eq!(std::fs::metadata(run.folder.join("terminals/1.out")).unwrap().len(), 40_000_000);
    run.verify();
}

#[test]
fn commands_open_no_pager_unless_their_step_says_so() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Pagers
steps:
  - { title: Usual, script: 'echo "$PAGER $GIT_PAGER $SYSTEMD_PAGER"' }
  - { title: Own, script: 'echo "$PAGER $GIT_PAGER"', env: { PAGER: less } }
"#,
    );
    run.settings.environment.push(("PAGER".into(), "more".into()));
    run.start();
    run.client().ended();
    assert_eq!(run.file("terminals/1.out"), "cat cat cat\r\n");
    assert_eq!(run.file("terminals/2.out"), "less cat\r\n");
}

#[test]
fn a_flood_is_sent_as_few_pictures() {
    let mut run = Run::of(
        "
flightdeck: 1
title: Flood
steps:
  - title: Flood
    run: seq 1 400000
",
    );
    run.start();
    let mut anna = run.client();
    anna.begin();
    let want = anna.start_of("flood");
    let begun = Instant::now();
    anna.done(want);
    let attempt = anna.until("it was started", |c| (c.state.attempts == 1).then_some(1));
    anna.show(attempt);
    anna.ended();
    anna.sees("400000");
    let frames = begun.elapsed().as_millis() / 16 + 20;
    assert!((anna.pictures.0 as u128) < frames, "{} pictures in {:?}", anna.pictures.0, begun.elapsed());
    // The history above the screen can be asked for.
    let (first, _) = anna.rows.first_key_value().map(|(n, _)| (*n, ())).unwrap();
    let from = first.saturating_sub(100);
    anna.say(FromClient::Scroll { attempt, from, count: 50 });
    anna.until("rows above", |c| c.rows.contains_key(&from).then_some(()));
}

#[test]
fn a_host_that_is_asked_to_end_leaves_in_order_and_its_command_runs_on() {
    let mut run = Run::of(&gate("Wait"));
    let host = run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("wait");
    let keeper = wait_for("the command is started", || run.keeper_of(1));
    signal(host, Signal::TERM);
    anna.host_gone();
    assert!(anna.bye.is_some());
    run.wait_gone(host);
    assert!(matches!(run.events().last(), Some(Event::HostLeft { .. })), "it is the last event");
    assert!(lives(keeper));
    run.settings.environment.push(("DOCKER_HOST".into(), "unix:///x.sock".into()));
    run.settings.environment.push(("HOME".into(), "/elsewhere".into()));
    let host = run.resume();
    let mut anna = run.client();
    anna.event("another environment is told", |e| match e {
        Event::CautionRaised { text, .. } => {
            (text.contains("new DOCKER_HOST") && text.contains("HOME is /elsewhere, was ")).then_some(())
        }
        _ => None,
    });
    anna.event("the command is adopted", |e| matches!(e, Event::AttemptAdopted { .. }).then_some(()));
    std::fs::write(run.path("go"), "").unwrap();
    anna.ended();
    assert_eq!(run.outcomes(), ["wait passed"]);
    anna.show(1);
    anna.sees("done");
    assert!(lives(host));
    assert!(run.file("record.md").contains("another environment"), "the record shows it");
    run.verify();
}

#[test]
fn a_run_that_waits_for_a_person_before_the_first_change_needs_no_host() {
    let mut run = Run::unattended(
        "flightdeck: 1\ntitle: Person\nsteps:\n  - { title: Link, confirm: { ask: Which, answer: link } }\n  - Two\n",
    );
    let host = run.start();
    let mut anna = run.client();
    anna.event("a person is needed", |e| matches!(e, Event::PersonNeeded { .. }).then_some(()));
    assert!(lives(host), "somebody is there");
    anna.say(FromClient::Leave);
    run.wait_gone(host);
    assert!(matches!(run.events().last(), Some(Event::HostLeft { .. })));
    // It can be gone on with, by answering.
    run.resume();
    let mut anna = run.client();
    anna.until("the box is on it", |c| c.state.current.map(|_| ()));
    let fields = [("answer".to_owned(), "https://example.com/1".to_owned())].into();
    anna.done(Want::Answer { item: "link".into(), seen: 0, fields });
    anna.ended();
    run.verify();
}

#[test]
fn after_the_first_change_the_host_stays_and_watches() {
    let mut run = Run::unattended(
        "flightdeck: 1\ntitle: Person\nsteps:\n  - { title: Change, run: 'true' }\n  - { title: Link, confirm: { ask: Which, answer: link } }\n",
    );
    let host = run.start();
    let mut anna = run.client();
    anna.event("a person is needed", |e| matches!(e, Event::PersonNeeded { .. }).then_some(()));
    let left = Instant::now();
    anna.say(FromClient::Leave);
    // Longer than a parked host lingers.
    wait_for("three seconds", || (left.elapsed() > Duration::from_secs(3)).then_some(()));
    assert!(lives(host));
    assert!(!run.events().iter().any(|e| matches!(e, Event::HostLeft { .. })));
}

#[test]
fn one_has_control_others_watch_and_ask() {
    let mut run = Run::of(TICKS);
    run.start();
    let mut anna = run.client();
    anna.begin();
    let mut eve = Client::named(&run.folder, "eve@ops1", Role::Observer);
    eve.until("she is told everything", |c| c.state.begun.map(|_| ()));
    assert!(eve.refused(answer("one", 0)).contains("look on"));
    assert!(eve.refused(Want::TakeControl { epoch: 1 }).contains("look on"));
    let mut bob = Client::named(&run.folder, "bob@ops1", Role::Operator);
    bob.until("he is told everything", |c| c.state.begun.map(|_| ()));
    assert!(bob.refused(answer("one", 0)).contains("anna has control"));
    assert!(bob.refused(Want::TakeControl { epoch: 1 }).contains("ask first"));
    bob.done(Want::Note { text: "I am here".into(), about: None, item: None });
    bob.done(Want::AskControl);
    assert!(bob.refused(Want::TakeControl { epoch: 1 }).contains("s left"));
    anna.event("she is asked", |e| matches!(e, Event::ControlRequested { by, .. } if by.0 == "bob@ops1").then_some(()));
    anna.done(Want::HandOver { to: Actor("bob@ops1".into()) });
    bob.event("he has it", |e| matches!(e, Event::ControlHandedOver { .. }).then_some(()));
    let stale = anna.want_under(1, answer("one", 0));
    assert!(anna.answer(stale).unwrap_err().contains("bob has control"));
    bob.done(answer("one", 0));
    // Bob goes; Anna may take it without asking, and a new client of hers has it at once.
    bob.say(FromClient::Leave);
    bob.host_gone();
    anna.until("bob is gone", |c| {
        c.live.as_ref().is_some_and(|l| !l.clients.iter().any(|(who, _)| who.0 == "bob@ops1")).then_some(())
    });
    let epoch = anna.state.control.epoch;
    anna.done(Want::TakeControl { epoch });
    anna.done(answer("two", 0));
    anna.ended();
    run.verify();
}

#[test]
fn the_next_operator_has_control_at_once_when_nobody_is_there() {
    let mut run = Run::unattended(
        "flightdeck: 1\ntitle: Person\nsteps:\n  - { title: Change, run: 'true' }\n  - { title: Link, confirm: { ask: Which, answer: link } }\n",
    );
    run.start();
    let mut anna = run.client();
    anna.event("a person is needed", |e| matches!(e, Event::PersonNeeded { .. }).then_some(()));
    anna.say(FromClient::Leave);
    anna.host_gone();
    let mut bob = Client::named(&run.folder, "bob@ops1", Role::Operator);
    bob.event("control is his", |e| match e {
        Event::ControlTaken { by, from, .. } if by.0 == "bob@ops1" => {
            assert_eq!(from.as_ref().map(|f| f.0.as_str()), Some("anna@ops1"));
            Some(())
        }
        _ => None,
    });
}

#[test]
fn strangers_are_told_and_let_go() {
    let mut run = Run::of(TICKS);
    run.start();
    let hello = |proto, name: &str| FromClient::Hello {
        proto,
        program: "other 9".into(),
        events_from: 1,
        role: Role::Operator,
        name: Actor(name.into()),
    };
    for (message, word) in [(hello(PROTO + 1, "bob"), "protocol"), (hello(PROTO, "autopilot"), "no person")] {
        let mut stranger = Client::silent(&run.folder);
        stranger.say(message);
        stranger.host_gone();
        let Some(FromHost::Incompatible { why, .. }) = &stranger.welcome else { panic!("{:?}", stranger.welcome) };
        assert!(why.contains(word), "{why}");
        assert!(stranger.events.is_empty());
    }
    // One who says nothing first is not heard.
    let mut silent = Client::silent(&run.folder);
    silent.want_under(0, Want::Begin { target: None });
    let mut anna = run.client();
    anna.begin();
    silent.catch_up();
    assert!(silent.answers.is_empty() && silent.events.is_empty());
}

#[test]
fn what_a_script_hands_over_is_captured_and_secrets_are_masked() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Captures
parameters:
  password: { type: secret, from: { env: PASSWORD } }
defaults: { env: { PASSWORD: "${{ password }}" } }
steps:
  - title: Hand over
    script: |
      echo "colour=blue" >> "$FLIGHTDECK_OUTPUT"
      echo "word=$PASSWORD" >> "$FLIGHTDECK_OUTPUT"
      echo "it is $PASSWORD"
    capture: { colour: {}, word: {} }
  - title: Read
    run: echo ${{ colour }}
    capture: { seen: stdout }
    expect: "'blue' in stdout"
  - title: Look at all output
    run: printf '\033[32mgreen\033[0m\n'
    capture: { shown: { of: output, match: "(green)" } }
"#,
    );
    run.settings.secrets.insert("password".into(), "correct-horse".into());
    run.settings.secret_sources.insert("password".into(), "env PASSWORD".into());
    run.start();
    let mut anna = run.client();
    anna.until("it ends or stops", |c| {
        let over = |e: &Event| matches!(e, Event::RunEnded { .. } | Event::PersonNeeded { .. });
        c.events.iter().any(|r| over(&r.event)).then_some(())
    });
    assert_eq!(run.outcomes(), ["hand_over passed", "read passed", "look_at_all_output passed"]);
    let all = format!("{}{}", run.file("journal.jsonl"), run.file("terminals/1.out"));
    assert!(!all.contains("correct-horse"));
    assert!(all.contains("it is *************"));
    let captured = |name: &str| {
        run.events().iter().find_map(|e| match e {
            Event::ValueCaptured { name: n, value, .. } if n.as_str() == name => Some(value.to_string()),
            _ => None,
        })
    };
    assert_eq!(captured("colour").as_deref(), Some("blue"));
    assert_eq!(captured("word").as_deref(), Some("*************"));
    assert_eq!(captured("seen").as_deref().map(str::trim), Some("blue"));
}

#[test]
fn a_secret_is_asked_for_again_when_the_host_was_started_again() {
    let mut run = Run::of(
        r#"
flightdeck: 1
title: Secret
parameters:
  password: { type: secret, from: { env: PASSWORD } }
defaults: { env: { PASSWORD: "${{ password }}" } }
steps:
  - title: Use it
    script: test "$PASSWORD" = correct-horse
"#,
    );
    run.settings.secrets.insert("password".into(), "correct-horse".into());
    run.settings.secret_sources.insert("password".into(), "typed".into());
    let host = run.start();
    let mut anna = run.client();
    anna.begin();
    run.kill(host);
    run.settings.secrets.clear();
    run.resume();
    let mut anna = run.client();
    anna.until("the secret is asked for", |c| c.secrets.contains(&"password".to_owned()).then_some(()));
    anna.until("it has caught up", |c| c.state.current.map(|_| ()));
    let want = anna.start_of("use_it");
    let why = anna.refused(want);
    assert!(why.contains("`password`"), "{why}");
    anna.say(FromClient::Secret { name: "password".into(), value: "correct-horse".into() });
    anna.start("use_it");
    anna.ended();
    assert_eq!(run.outcomes(), ["use_it passed"]);
}

/// The run's commands see a kubeconfig whose context is `prod-eu`; what is given back switches it.
fn in_prod(run: &mut Run) -> impl Fn(&str) + use<> {
    let config = run.path("kubeconfig");
    run.settings.environment.push(("KUBECONFIG".into(), config.display().to_string()));
    let context = move |name: &str| {
        let cluster = |it| format!("- {{ name: {it}, cluster: {{ server: 'https://{it}' }} }}\n");
        let known = |it| format!("- {{ name: {it}, context: {{ cluster: {it}, user: \"\" }} }}\n");
        let (clusters, contexts) = (cluster("prod-eu") + &cluster("staging"), known("prod-eu") + &known("staging"));
        let text = format!("current-context: {name}\nclusters:\n{clusters}contexts:\n{contexts}");
        std::fs::write(&config, text).unwrap();
    };
    context("prod-eu");
    context
}

#[test]
fn a_place_that_was_switched_stops_starts_until_it_is_back() {
    let mut run = Run::of(
        r#"
flightdeck: 1
title: Place
where: { kube_context: prod-eu }
steps:
  - { title: Touch, run: touch touched }
"#,
    );
    let context = in_prod(&mut run);
    run.start();
    let mut anna = run.client();
    anna.begin_at("prod-eu");
    context("staging");
    let want = anna.start_of("touch");
    let why = anna.refused(want);
    assert!(why.contains("staging") && why.contains("prod-eu"), "{why}");
    assert!(!run.path("touched").exists());
    anna.event("it is told", |e| matches!(e, Event::TargetChanged { .. }).then_some(()));
    // The operator may ask for a look: nothing else comes of it.
    assert!(anna.refused(Want::CheckPlaces).contains("staging"));
    context("prod-eu");
    anna.done(Want::CheckPlaces);
    anna.event("it is seen to be back", |e| matches!(e, Event::TargetRestored { .. }).then_some(()));
    assert!(!anna.events.iter().any(|e| matches!(e.event, Event::RunPaused { .. } | Event::RunContinued)));
    anna.start("touch");
    anna.ended();
    assert!(run.path("touched").exists());
}

#[test]
fn a_switch_in_another_shell_does_not_reach_a_command_that_runs() {
    let mut run = Run::of(
        r#"
flightdeck: 1
title: Place
where: { kube_context: prod-eu, namespace: shop }
steps:
  - title: Apply
    script: |
      touch "$WORK/begun"
      until test -e "$WORK/switched"; do sleep 0.05; done
      cp "$KUBECONFIG" "$WORK/seen"
"#,
    );
    let context = in_prod(&mut run);
    run.start();
    let mut anna = run.client();
    anna.begin_at("shop");
    anna.start("apply");
    wait_for("it has begun", || run.path("begun").exists().then_some(()));
    context("staging");
    std::fs::write(run.path("switched"), "").unwrap();
    anna.ended();
    let seen: serde_json::Value = serde_json::from_str(&run.text("seen")).unwrap();
    assert_eq!(seen["current-context"], "prod-eu");
    assert_eq!(seen["contexts"].as_array().unwrap().len(), 1);
    assert_eq!(seen["contexts"][0]["context"]["namespace"], "shop");
    wait_for("nothing of it is left", || (!run.folder.join("private").exists()).then_some(()));
}

#[test]
fn a_switch_in_another_shell_does_not_reach_a_look_by_a_command() {
    let mut run = Run::of(
        r#"
flightdeck: 1
title: Place
where: { kube_context: prod-eu }
probes:
  there: { every: 200ms, script: "grep -o 'current-context[^,}]*' \"$KUBECONFIG\"; test -e \"$WORK/switched\"", expect: exit_code == 0 }
steps:
  - { title: There, check: there }
  - { title: By hand }
"#,
    );
    let context = in_prod(&mut run);
    run.start();
    let mut anna = run.client();
    anna.begin_at("prod-eu");
    context("staging");
    std::fs::write(run.path("switched"), "").unwrap();
    let seen = anna.event("it is seen", |e| match e {
        // Green only after the switch.
        Event::VerdictChanged { probe, verdict: flightdeck::words::Verdict::Ok, sample }
            if probe.as_str() == "there" =>
        {
            Some(format!("{:?}", sample.fields["stdout"]))
        }
        _ => None,
    });
    assert!(seen.contains("prod-eu") && !seen.contains("staging"), "{seen}");
}

#[test]
fn places_are_looked_at_again_before_a_retry() {
    let mut run = Run::of(
        r#"
flightdeck: 1
title: Place
where: { kube_context: prod-eu }
steps:
  - title: Apply
    script: |
      echo again >> "$WORK/ran"
      sed -i 's/^current-context.*/current-context: staging/' "$WORK/kubeconfig"
      test -e "$WORK/enough"
    idempotent: true
    retry: { times: 3, every: 200ms }
"#,
    );
    let context = in_prod(&mut run);
    run.start();
    let mut anna = run.client();
    anna.begin_at("prod-eu");
    anna.start("apply");
    anna.event("it is told", |e| matches!(e, Event::TargetChanged { .. }).then_some(()));
    assert_eq!(run.text("ran"), "again\n", "nothing was tried again elsewhere");
    std::fs::write(run.path("enough"), "").unwrap();
    context("prod-eu");
    anna.event("it is seen to be back", |e| matches!(e, Event::TargetRestored { .. }).then_some(()));
    anna.status("apply", &Status::Passed);
    assert_eq!(run.text("ran"), "again\nagain\n");
}

#[test]
fn waits_streams_and_checks_see_what_the_sampler_sees() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Eyes
probes:
  ready: { every: 300ms, file: { path: ready } , expect: count > 0 }
steps:
  - title: Make it so
    script: sleep 0.5; touch ready
  - title: Waits for it
    wait: ready
    timeout: 20s
  - title: Looks at a stream
    script: while true; do echo line; sleep 0.1; done
    until: ready is passing
    timeout: 20s
    reads_only: true
  - title: Is there
    check: ready
  - title: A moment
    wait: 300ms
  - title: Figures before
    baseline: { probes: [ready], over: 2s }
"#,
    );
    run.start();
    let mut anna = run.client();
    anna.until("it ends or stops", |c| {
        let over = |e: &Event| matches!(e, Event::RunEnded { .. } | Event::PersonNeeded { .. });
        c.events.iter().find(|r| over(&r.event)).map(|_| ())
    });
    assert!(anna.state.ended.is_some(), "{:?}", anna.state.person_needed);
    assert_eq!(
        run.outcomes(),
        [
            "make_it_so passed",
            "waits_for_it passed",
            "looks_at_a_stream passed",
            "a_moment passed",
            "figures_before passed"
        ]
    );
    run.verify();
}

#[test]
fn a_notice_goes_to_a_file_and_the_answer_is_evidence() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Notice
channels: { team: { file: notices.jsonl } }
steps:
  - { title: Tell, notify: { to: team, text: "it begins" } }
"#,
    );
    run.start();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["tell passed"]);
    assert!(run.text("notices.jsonl").contains("it begins"));
}

#[test]
fn output_that_is_to_be_hidden_is_neither_shown_nor_kept() {
    let mut run = Run::unattended(
        r#"
flightdeck: 1
title: Hidden
steps:
  - title: Whisper
    run: echo psst
    hide_output: true
    capture: { said: stdout }
"#,
    );
    run.start();
    let mut anna = run.client();
    anna.ended();
    assert_eq!(run.outcomes(), ["whisper passed"]);
    for name in ["terminals/1.out", "terminals/1.stdout", "terminals/1.tim"] {
        assert!(!run.folder.join(name).exists(), "{name}");
    }
    run.verify();
}

#[test]
fn a_stopped_command_goes_stage_by_stage() {
    let mut run = Run::of(
        "
flightdeck: 1
title: Stop
steps:
  - title: Stubborn
    script: |
      trap '' INT TERM
      echo deaf
      while true; do sleep 0.1; done
",
    );
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("stubborn");
    let attempt = anna.running();
    anna.show(attempt);
    anna.sees("deaf");
    for _ in 0..3 {
        anna.done(Want::Stop { item: "stubborn".into(), attempt });
    }
    anna.status("stubborn", &Status::Failed(Outcome::Cancelled));
    anna.done(Want::Skip { item: "stubborn".into(), reason: "it does not listen".into() });
    anna.ended();
}

#[test]
fn a_pause_holds_the_autopilot() {
    let mut run = Run::unattended(
        "flightdeck: 1\ntitle: Pause\nsteps:\n  - { title: First, run: sleep 0.4 }\n  - { title: Second, run: 'true' }\n",
    );
    run.start();
    let mut anna = run.client();
    anna.running();
    anna.done(Want::Pause { reason: None });
    anna.status("first", &Status::Passed);
    assert!(anna.state.running.is_empty());
    anna.done(Want::Note { text: "paused".into(), about: None, item: None });
    assert_eq!(anna.state.attempts, 1, "nothing new starts");
    anna.done(Want::Continue);
    anna.ended();
}

#[test]
fn a_simulated_system_that_dies_is_told_of_and_brought_back() {
    let mut run = Run::of(
        "
flightdeck: 1
title: World
steps:
  - { title: Before, run: docker compose version --short }
  - { title: After, run: docker compose version --short }
",
    );
    let scenario = flightdeck::sandbox::scenario("production").unwrap();
    let world = run.folder.join("world");
    let overlay = flightdeck::sandbox::prepare(&world, &scenario, common::exe(), &Default::default(), 1.0).unwrap();
    run.settings.overlay = Some(overlay);
    run.start();
    let mut anna = run.client();
    anna.begin();
    anna.start("before");
    anna.status("before", &Status::Passed);
    let world = run.process_of("__world").unwrap();
    run.kill(world);
    let cautions = |c: &Client| -> Vec<String> { c.state.cautions.iter().map(|c| c.text.clone()).collect() };
    anna.until("it is told", |c| cautions(c).iter().any(|t| t.contains("has died")).then_some(()));
    anna.until("it is back", |c| cautions(c).iter().any(|t| t.contains("is back")).then_some(()));
    assert_ne!(run.process_of("__world"), Some(world));
    anna.start("after");
    anna.ended();
    assert_eq!(run.outcomes(), ["before passed", "after passed"]);
    anna.say(FromClient::Leave);
    wait_for("its world is gone with the run", || run.process_of("__world").is_none().then_some(()));
}
