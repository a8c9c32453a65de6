//! What the main states look like, at both sizes.

use flightdeck::engine::Want;
use flightdeck::words::Verdict;
use insta::assert_snapshot;

use super::bench::Bench;

/// The same state at both sizes.
fn both(name: &str, bench: &mut Bench) {
    bench.resize(120, 36);
    assert_snapshot!(format!("{name}-120x36"), bench.text());
    bench.resize(80, 24);
    assert_snapshot!(format!("{name}-80x24"), bench.text());
}

#[test]
fn before_the_flight() {
    let mut bench = Bench::new(120, 36);
    both("begin", &mut bench);
    bench.press("\r");
    both("begin-form", &mut bench);
}

#[test]
fn an_open_command_then_running_then_failed() {
    let mut bench = Bench::deploying();
    both("danger-open", &mut bench);
    bench.press("\r");
    both("danger-prompt", &mut bench);
    bench.presses(&["cryptoutil-prod", "\r"]);
    bench.host.output(54, 12, &["service/cryptoutil-kms configured", "deployment.apps/cryptoutil-kms configured"]);
    bench.settle();
    bench.host.exit(0, &["deployment.apps/cryptoutil-kms configured"]);
    bench.settle();
    both("run-open", &mut bench);
    bench.presses(&["\r"]);
    bench.wait(20);
    bench.host.output(
        54,
        12,
        &[
            "Waiting for deployment \"cryptoutil-kms\" rollout to",
            "finish: 1 out of 3 new replicas have been updated...",
        ],
    );
    bench.host.look("idp", Verdict::Bad, 0.0, "503");
    bench.settle();
    both("running", &mut bench);
    bench.wait(41);
    bench.host.exit(1, &["error: deployment \"cryptoutil-kms\" exceeded its progress deadline"]);
    bench.settle();
    both("failed", &mut bench);
}

#[test]
fn people_and_sensed_items() {
    let mut bench = Bench::flying(120, 36);
    both("tick", &mut bench);
    bench.presses(&["\r", "\r"]);
    both("confirm-form", &mut bench);
    bench.press("\x1b");
    bench.host.look("idp", Verdict::Bad, 0.0, "503");
    bench.settle();
    bench.app.view.cursor = None;
    bench.presses(&["/", "identity", "\r"]);
    both("sensed-red", &mut bench);
    bench.presses(&["s"]);
    both("skip-menu", &mut bench);
    bench.presses(&["\x1b", "!"]);
    both("to-settle", &mut bench);
    bench.presses(&["\x1b", "p", "lunch", "\r"]);
    both("paused", &mut bench);
}

#[test]
fn closing_a_phase() {
    let mut bench = Bench::flying(120, 36);
    bench.answer_all_but_the_form();
    both("form-deferred-close", &mut bench);
    bench.press("\r");
    both("form-came-back", &mut bench);
    bench.presses(&["\x1b"]);
    let item = bench.host.state.plan.items[4].id.clone();
    bench.host.want("anna@ops1", None, Want::Skip { item, reason: "no window this time".into() }).unwrap();
    bench.settle();
    bench.press("\r");
    both("close-go", &mut bench);
}

#[test]
fn unknown_and_ended() {
    let mut bench = Bench::deploying();
    bench.presses(&["\r", "cryptoutil-prod", "\r"]);
    let (index, attempt) = bench.host.running();
    let item = bench.host.state.plan.items[index].id.clone();
    bench.host.own(Want::Lost { item, attempt, last_lines: vec!["applying…".into()] });
    bench.settle();
    assert_eq!(bench.host.state.status(index), flightdeck::engine::Status::Unknown);
    both("unknown", &mut bench);
    bench.press("\r");
    both("unknown-menu", &mut bench);
    bench.press("\x1b");
    bench.host.want("anna@ops1", None, Want::End { reason: "the window is over".into() }).unwrap();
    bench.settle();
    both("ended", &mut bench);
}

#[test]
fn whole_screens() {
    let mut bench = Bench::deploying();
    bench.press("?");
    both("help", &mut bench);
    bench.presses(&["\x1b", "r"]);
    both("rollback", &mut bench);
    bench.presses(&["\x1b", "m"]);
    both("metrics", &mut bench);
    bench.presses(&["\x1b", "q"]);
    both("leave", &mut bench);
    bench.presses(&["\x1b", "e"]);
    both("edit", &mut bench);
    bench.resize(50, 10);
    assert_snapshot!("too-small", bench.text());
}

#[test]
fn ascii() {
    let mut bench = Bench::deploying_with(|options| options.ascii = true);
    bench.resize(120, 36);
    assert!(bench.text().is_ascii(), "{}", bench.text());
    bench.resize(80, 24);
    assert_snapshot!("ascii-80x24", bench.text());
}

#[test]
fn a_wait_that_timed_out_names_the_figure() {
    let mut bench = Bench::deploying();
    bench.presses(&["\r", "cryptoutil-prod", "\r"]);
    bench.host.exit(0, &[]);
    bench.settle();
    bench.presses(&["\r"]);
    bench.host.exit(0, &[]);
    bench.host.look("idp", Verdict::Bad, 0.0, "503");
    let (index, attempt) = bench.host.running();
    let item = bench.host.state.plan.items[index].id.clone();
    // It may miss nothing and still have to hold for a while.
    bench.host.live.missing = vec![(item.0.clone(), String::new())];
    bench.host.say_live();
    bench.settle();
    let bottom = bench.bottom();
    assert!(bottom.contains(" left") && !bottom.trim_start().starts_with(','), "{bottom}");
    bench.host.live.missing = vec![(item.0.clone(), "1 missing: idp".into())];
    bench.host.say_live();
    bench.settle();
    bench.wait(2);
    both("waiting", &mut bench);
    bench.wait(120);
    bench.host.own(Want::TooLate { item, attempt, missed: "idp: status 503, wanted 200".into() });
    bench.settle();
    both("timed-out", &mut bench);
    bench.resize(120, 36);
    bench.press("a");
    assert!(bench.bottom().contains("⏎ again"), "{}", bench.bottom());
}

#[test]
fn somebody_asks_for_control() {
    let mut bench = Bench::deploying();
    bench.host.want("lee@ops2", None, Want::AskControl).unwrap();
    bench.settle();
    both("control-asked", &mut bench);
    bench.press("o");
    both("control-menu", &mut bench);
    bench.press("\r");
    assert!(bench.host.state.control.asked.is_none() && bench.host.state.control.declined.is_some());
    assert!(!bench.text().contains("asks for control"), "{}", bench.text());
}

#[test]
fn a_secret_is_needed() {
    let mut bench = Bench::deploying();
    bench.press("n");
    bench.press("half a");
    let now = bench.now;
    bench.app.take(flightdeck::link::FromHost::NeedSecret { name: "db_url".into() }, now);
    bench.press(" note");
    assert!(bench.text().contains("half a note"), "it steals nothing:\n{}", bench.text());
    bench.press("\x1b");
    both("secret-needed", &mut bench);
    bench.press("n");
    assert!(bench.text().contains("half a note"), "what was typed is kept:\n{}", bench.text());
    bench.press("\x1b");
    bench.press("g");
    both("secret-form", &mut bench);
    bench.presses(&["hunter22", "\r"]);
    assert!(!bench.text().contains("db_url") && !bench.text().contains("hunter22"), "{}", bench.text());
}

#[test]
fn a_command_that_seems_to_ask() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "\r", "\r"]);
    bench.host.asking("Proceed? [y/N] ", false);
    bench.settle();
    both("asks", &mut bench);
    assert!(bench.bottom().contains("t type  x x stop"), "what answers it is there at 80x24: {}", bench.bottom());
    bench.host.asking("Password: ", true);
    bench.settle();
    bench.press("t");
    both("typing-unseen", &mut bench);
    bench.presses(&["\x1d", "z"]);
    both("zoomed", &mut bench);
    bench.press("x");
    assert!(bench.bottom().contains("x again stops it. It changes nothing: it reads only"), "{}", bench.bottom());
}

#[test]
fn a_full_disk_holds_a_command() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "\r", "\r"]);
    let (index, attempt) = bench.host.running();
    bench.host.live.held = vec![(attempt, "no space left on device".into())];
    bench.host.say_live();
    bench.settle();
    both("held", &mut bench);
    bench.press("u");
    both("held-menu", &mut bench);
    bench.presses(&["j", "\r"]);
    let item = bench.host.state.plan.items[index].id.clone();
    assert!(bench.wants().contains(&Want::GoOnUnrecorded { item, attempt }), "{}", bench.text());
}

#[test]
fn the_host_is_gone() {
    let mut bench = Bench::deploying();
    bench.presses(&["j", "\r", "\r"]);
    bench.host.output(54, 12, &["Waiting for deployment"]);
    bench.settle();
    bench.app.lost(bench.now);
    bench.settle();
    both("host-gone", &mut bench);
}

#[test]
fn an_item_that_is_off_has_no_raw_template() {
    let mut bench = Bench::deploying();
    bench.presses(&["/", "idp_name", "\r"]);
    both("off", &mut bench);
}

#[test]
fn an_observer_finds_the_way_out() {
    let mut options = super::bench::options();
    options.role = flightdeck::link::Role::Observer;
    let mut host = super::double::Double::new(super::double::plan());
    host.want("lee@ops2", None, Want::Begin { target: Some("cryptoutil-prod".into()) }).unwrap();
    let mut bench = Bench::with(host, options, 80, 24);
    both("observer", &mut bench);
    bench.press("q");
    both("observer-leave", &mut bench);
}

#[test]
fn the_way_out_is_on_every_screen() {
    let mut bench = Bench::deploying();
    for key in ["", "?", "\x1b", "!", "\x1b", "m", "\x1b", "n", "\x1b", "s", "\x1b", "/", "\x1b", "q", "\x1b", "j"] {
        bench.press(key);
        for (cols, rows) in [(120, 36), (80, 24), (60, 16)] {
            bench.resize(cols, rows);
            let row = bench.bottom();
            assert!(["q leave", "Esc "].iter().any(|way| row.contains(way)), "after {key:?} at {cols}: {row}");
        }
    }
}
