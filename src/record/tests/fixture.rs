//! A small plan and a run over it, written by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use crate::engine::event::{
    Answered, Autopilot, Ended, Env, Event, Resolved, Return, RunEnd, RunOpened, Settlement, Started, StopStage,
    StopWhy,
};
use crate::engine::plan::{Item, Limitation, Parameter, Phase, Plan, Probe, Section, Where};
use crate::engine::{Recorded, digest};
use crate::journal::Digest;
use crate::words::{Actor, ItemId, Look, Outcome, ProbeId, Proof, Sample, Stamp, Value, Verdict};

fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).unwrap()
}

fn with(mut base: Json, more: Json) -> Json {
    for (key, value) in more.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// An item: `more` over what all items have.
pub fn item(id: &str, title: &str, action: Json, more: Json) -> Item {
    let base = json!({
        "id": id, "phase": 0, "section": 0, "group": null, "title": title, "source": [], "why": null, "help": null,
        "owner": null, "when": [], "each": null, "locals": {}, "action": action, "timeout": null, "usually": null,
        "due": null, "required": false, "stops_clock": false, "captures": [], "expect": [], "undo": [], "undoes": null,
        "pause_after": false,
    });
    read(with(base, more))
}

/// A command's action.
pub fn run_action(words: &[&str]) -> Json {
    json!({ "run": {
        "program": { "argv": words }, "cwd": null, "env": {}, "reads_only": false, "idempotent": false, "retry": null,
        "danger": null, "point_of_no_return": null, "settle": [], "hide_output": false, "until": null,
        "capture_stdout": false,
    }})
}

fn probe(id: &str, title: &str, expect: &[&str]) -> Probe {
    read(json!({
        "id": id, "title": title, "each": null, "members": [], "every": 5.0, "timeout": 3.0, "expect": expect,
        "unit": "ms", "fail_after": 2, "pass_after": 2,
        "kind": { "file": { "path": "x" } },
    }))
}

pub fn plan() -> Plan {
    let mut plan = Plan::default();
    plan.title = "Production deployment".into();
    plan.system = Some("cryptoutil".into());
    plan.version = Some("1.0.0".into());
    plan.change = Some(("1.4.2".into(), "1.5.0".into()));
    plan.places = vec![
        read::<Where>(json!({ "kind": "environment", "is": "prod" })),
        read::<Where>(json!({ "kind": "git", "is": "v1.5.0" })),
    ];
    plan.parameters = vec![
        read::<Parameter>(json!({ "name": "release", "value": { "text": "1.5.0" }, "secret": null, "ask": null })),
        read::<Parameter>(
            json!({ "name": "db_url", "value": "no_data", "secret": "file secrets/postgres_url", "ask": null }),
        ),
    ];
    plan.limitations = vec![read::<Limitation>(json!({
        "name": "identity", "effect": "blocks", "text": "Identity servers are not integrated.",
        "workaround": "Deploy the KMS only.", "source": ["LIM-1"],
    }))];
    plan.contacts = vec![read(json!({
        "name": "on_call", "role": "On-call engineer", "via": "PagerDuty", "url": null, "people": [], "source": ["CON-1"],
    }))];
    plan.links = vec![read(
        json!({ "title": "Compose file", "to": "deployments/compose.yml", "missing_ok": false, "source": [] }),
    )];
    plan.triggers = vec![read(json!({
        "name": "health", "title": "Health", "severity": "critical", "when": { "samples": "ready is failing" },
        "for_seconds": 300.0, "clear_for": 60.0, "armed": null, "unless": null, "no_data_counts": false,
        "then": "rollback", "mode": "arm", "to": [], "source": ["TRG-1"],
    }))];
    plan.watch = Some(read(json!({ "for_seconds": 86400.0, "expect": ["ready is passing"], "source": ["WATCH"] })));
    plan.probes = vec![probe("ready", "KMS ready", &["status == 200"])];
    let phase = |title: &str, sections: &[&str]| Phase {
        title: title.into(),
        sections: sections.iter().map(|s| Section { title: (*s).into(), source: vec![] }).collect(),
        ..Phase::default()
    };
    plan.phases = vec![phase("Pre-Deployment", &["Validation"]), phase("Deployment", &["Kubernetes"])];
    plan.rollback = Some(phase("", &[]));
    let second = |more: Json| with(json!({ "phase": 1 }), more);
    let confirm =
        json!({ "confirm": { "ask": "Link to the change", "answer": "link", "pattern": null, "default": null } });
    plan.items = vec![
        item("reviewed", "Configuration reviewed", confirm, json!({ "source": ["PRE-1"], "why": "four eyes" })),
        item("dast", "DAST scan", run_action(&["act", "-j", "dast"]), json!({ "source": ["PRE-2"] })),
        item("kms_ready", "KMS is ready", json!({ "check": { "probes": ["ready"] } }), json!({ "source": ["PRE-3"] })),
        item(
            "released",
            "Release approved",
            json!({ "approve": { "by": [], "count": 1, "proof": "stated", "within": 600.0 } }),
            json!({ "required": true }),
        ),
        item("restore", "Restore tested", json!("tick"), json!({ "due": "watch_end" })),
        item(
            "apply",
            "Apply",
            run_action(&["kubectl", "apply", "-f", "my dir/"]),
            second(json!({ "source": ["DEP-1"] })),
        ),
        item("rollout", "Roll out kms", run_action(&["kubectl", "rollout", "status"]), second(json!({}))),
        item("logs", "Logs reviewed", json!("tick"), second(json!({}))),
        item(
            "undo",
            "Roll back kms",
            run_action(&["kubectl", "rollout", "undo"]),
            json!({ "phase": 2, "section": null, "undoes": 5 }),
        ),
    ];
    plan
}

/// An event at a second of the run.
pub fn at(seq: u64, seconds: f64, by: &str, event: Event) -> Recorded {
    let start: DateTime<Utc> = "2026-11-24T09:02:11.000421Z".parse().unwrap();
    let up = (seconds * 1e6) as u64;
    let stamp = Stamp { at: start + TimeDelta::microseconds(i64::try_from(up).unwrap()), up };
    Recorded { seq, stamp, by: Actor(by.into()), event }
}

pub fn opened() -> RunOpened {
    RunOpened {
        run: "2026-11-24T090211Z-production-deployment-01JDABCD".into(),
        program: "flightdeck 0.1.0".into(),
        operator: "anna@ops1".into(),
        manifest: BTreeMap::from([
            ("production.yaml".to_owned(), "aa".repeat(32)),
            ("common.yaml".to_owned(), "bb".repeat(32)),
        ]),
        runbook: "production.yaml".into(),
        workdir: "/srv".into(),
        dir: String::new(),
        environment: vec!["PATH".into()],
        values: BTreeMap::new(),
        speed: 1.0,
        overlay: None,
        autopilot: Autopilot::default(),
        usual: BTreeMap::new(),
    }
}

pub fn started(item: &str, attempt: u32, words: &[&str], edited: bool) -> Event {
    let what = Resolved::Argv(words.iter().map(|w| (*w).to_owned()).collect());
    let env = BTreeMap::from([("DB".to_owned(), Env::Secret("${{ db_url }}".into()))]);
    Event::AttemptStarted(Box::new(Started {
        item: item.into(),
        attempt,
        digest: digest(&what, "", &env),
        what,
        cwd: String::new(),
        env,
        capture_stdout: false,
        timeout: Some(120.0),
        changes: true,
        edited,
        from_file: false,
    }))
}

pub fn ended(item: &str, attempt: u32, outcome: Outcome, took: f64) -> Ended {
    Ended {
        item: item.into(),
        attempt,
        outcome: Some(outcome),
        exit: (outcome != Outcome::Unknown).then_some(i32::from(outcome != Outcome::Passed)),
        took: (took * 1e6) as u64,
        ..Ended::default()
    }
}

fn look(verdict: Verdict, seconds: f64, text: &str, why: Option<&str>) -> Event {
    let good = verdict == Verdict::Ok;
    Event::VerdictChanged {
        probe: ProbeId::from("ready"),
        verdict,
        sample: Box::new(Sample {
            probe: ProbeId::from("ready"),
            up: (seconds * 1e6) as u64,
            look: if good { Look::Good } else { Look::Bad },
            value: Some(0.014),
            took: 14_000,
            text: text.into(),
            why: why.map(str::to_owned),
            ..Sample::default()
        }),
    }
}

/// A flight with one of everything that a reader wants to know first.
pub fn events() -> Vec<Recorded> {
    let anna = "anna@ops1";
    let id = ItemId::from;
    let open = |item: &str| Event::ItemOpened { item: item.into() };
    let settled = |item: &str, how: &str| Settlement { item: item.into(), how: how.into() };
    let list: Vec<(f64, &str, Event)> = vec![
        (0.0, anna, Event::RunOpened(Box::new(opened()))),
        (0.1, "host", Event::HostStarted { epoch: 1, pid: 77, boot: "b".into(), program: "flightdeck 0.1.0".into() }),
        (
            0.2,
            "host",
            Event::ParameterSet {
                name: "release".into(),
                value: Value::Text("1.5.0".into()),
                secret: None,
                from: "-p".into(),
            },
        ),
        (0.3, "host", Event::TargetPinned { kind: "git".into(), is: "4f2a91c".into() }),
        (0.4, "host", Event::PlanFixed { sha256: "cc".repeat(32), items: 9 }),
        (
            2.0,
            anna,
            Event::LimitationAccepted { name: "identity".into(), reason: "pilot customer".into(), from_file: false },
        ),
        (3.0, anna, Event::RunBegun { operator: anna.into() }),
        (3.0, anna, Event::ControlTaken { epoch: 1, by: Actor(anna.into()), from: None, answered: true }),
        (3.0, anna, Event::PhaseOpened { phase: 0 }),
        (3.0, anna, open("reviewed")),
        (4.0, "host", look(Verdict::Bad, 4.0, "503 Service Unavailable", Some("status == 200 (503)"))),
        (
            3.9,
            anna,
            Event::ItemAnswered(Box::new(Answered {
                item: id("reviewed"),
                by: Some(Actor(anna.into())),
                fields: BTreeMap::from([("answer".to_owned(), Value::Text("https://change/17".into()))]),
                yes: true,
                fast: true,
                settled: true,
                ..Answered::default()
            })),
        ),
        (4.0, anna, open("dast")),
        (10.0, anna, Event::ItemSkipped { item: id("dast"), reason: "act not installed".into(), from_file: false }),
        (10.0, anna, open("kms_ready")),
        (14.0, "host", look(Verdict::Ok, 14.0, "14 ms", None)),
        (14.0, "host", open("released")),
        (
            15.0,
            anna,
            Event::ApprovalRequested {
                item: id("released"),
                of: vec!["anybody but the operator".into()],
                until: 615_000_000,
                text: "Production deployment\nRelease approved\n".into(),
                hash: "dd".repeat(32),
            },
        ),
        (20.0, anna, Event::RunPaused { reason: Some("coffee".into()), at: Some(id("released")) }),
        (80.0, anna, Event::RunContinued),
        (
            85.0,
            anna,
            Event::ItemAnswered(Box::new(Answered {
                item: id("released"),
                by: Some(Actor("lee".into())),
                yes: true,
                proof: Some(Proof::Stated),
                settled: true,
                says: Some("go".into()),
                ..Answered::default()
            })),
        ),
        (85.0, anna, open("restore")),
        (
            90.0,
            anna,
            Event::ItemDeferred {
                item: id("restore"),
                to: Return::WatchEnd,
                reason: "no window".into(),
                from_file: false,
            },
        ),
        (
            91.0,
            anna,
            Event::PhaseClosed {
                phase: 0,
                settlements: vec![settled("dast", "skipped"), settled("restore", "deferred")],
            },
        ),
        (91.0, anna, Event::PhaseOpened { phase: 1 }),
        (91.0, anna, open("apply")),
        (
            95.0,
            anna,
            Event::CommandEdited {
                item: id("apply"),
                what: Resolved::Argv(vec!["kubectl".into(), "apply".into(), "--server-side".into()]),
            },
        ),
        (96.0, anna, started("apply", 1, &["kubectl", "apply", "--server-side"], true)),
        (
            99.0,
            "host",
            Event::AttemptEnded(Box::new(Ended {
                why: Some("exit_code == 0 (1)".into()),
                output_bytes: 31,
                output_sha256: "ee".repeat(32),
                last_lines: vec!["error: connection refused".into()],
                ..ended("apply", 1, Outcome::Failed, 3.0)
            })),
        ),
        (110.0, anna, started("apply", 2, &["kubectl", "apply", "-f", "my dir/"], false)),
        (
            112.0,
            "host",
            Event::ValueCaptured {
                item: id("apply"),
                name: "revision".into(),
                key: None,
                pin: true,
                value: Value::Number(41.0),
            },
        ),
        (112.0, "host", Event::AttemptEnded(Box::new(ended("apply", 2, Outcome::Passed, 2.0)))),
        (112.0, "host", open("rollout")),
        (115.0, anna, started("rollout", 3, &["kubectl", "rollout", "status"], false)),
        (120.0, "host", look(Verdict::Bad, 120.0, "503 Service Unavailable", Some("status == 200 (503)"))),
        (
            120.0,
            "host",
            Event::CautionRaised { text: "\"KMS is ready\" is bad now: 503".into(), item: Some(id("kms_ready")) },
        ),
        (130.0, "host", Event::HostStarted { epoch: 2, pid: 99, boot: "b".into(), program: "flightdeck 0.1.0".into() }),
        (
            130.0,
            "host",
            Event::AttemptEnded(Box::new(Ended {
                why: Some("it was running when the host and its keeper died: nobody knows how it ended".into()),
                ..ended("rollout", 3, Outcome::Unknown, 15.0)
            })),
        ),
        (140.0, anna, Event::UnknownSettled { item: id("rollout"), attempt: 3, happened: true, by_probe: None }),
        (140.0, anna, open("logs")),
        (
            150.0,
            anna,
            Event::NoteAdded {
                text: "load is low tonight".into(),
                about: Some("02:00".into()),
                item: Some(id("logs")),
            },
        ),
        (160.0, anna, started("rollout", 4, &["kubectl", "rollout", "status"], false)),
        (
            161.0,
            anna,
            Event::StopRequested { item: id("rollout"), attempt: 4, stage: StopStage::Interrupt, why: StopWhy::Person },
        ),
        (
            162.0,
            "host",
            Event::AttemptEnded(Box::new(Ended {
                why: Some("stopped by a person".into()),
                ..ended("rollout", 4, Outcome::Cancelled, 2.0)
            })),
        ),
        (
            170.0,
            anna,
            Event::ItemOverridden {
                item: id("rollout"),
                reason: "seen by hand".into(),
                from_file: false,
                second: Some(Actor("lee".into())),
            },
        ),
        (
            180.0,
            anna,
            Event::RunEnded { how: RunEnd::Early, failed: 0, deferred: 1, reason: Some("window is over".into()) },
        ),
    ];
    list.into_iter().zip(1..).map(|((seconds, by, event), seq)| at(seq, seconds, by, event)).collect()
}

pub fn run() -> super::super::Run {
    let events = events();
    let head = (events.len() as u64, Digest::of(&[b"head"]));
    super::super::Run::fold(Arc::new(plan()), events, head, vec![])
}
