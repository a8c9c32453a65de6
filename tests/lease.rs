//! The lock at the target, in real runs: a second deployment is refused and shown the first, a dead run's lock is taken
//! over with a reason, and the one who lost it starts nothing more. On a real Kubernetes API and a real Docker Engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

mod common;
#[path = "lab/engine.rs"]
mod engine;
#[path = "lab/kube.rs"]
mod kube;

use std::collections::BTreeMap;

use common::{Client, Run, wait_for};
use flightdeck::engine::{Event, LeaseHolder, Status, Want};
use flightdeck::link::Role;

/// A step that changes something, and one behind it.
fn book(place: &str) -> String {
    format!(
        "flightdeck: 1\ntitle: Shop deployment\nsystem: shop\nchange: {{ from: 1.4.0, to: 1.5.0 }}\nwhere: {{ {place} }}\n\
         defaults: {{ timeout: 5m }}\nsteps:\n  - {{ title: Change, run: 'true' }}\n  - {{ title: Next, run: 'true' }}\n"
    )
}

fn run(text: &str, who: &str, env: &BTreeMap<String, String>) -> Run {
    let mut run = Run::of(text);
    run.settings.operator = who.into();
    run.settings.environment.retain(|(name, _)| !env.contains_key(name));
    run.settings.environment.extend(env.clone());
    run
}

fn taken(client: &mut Client) {
    client.event("the lock is taken", |e| matches!(e, Event::LeaseTaken { .. }).then_some(()));
}

fn theirs(event: &Event) -> Option<LeaseHolder> {
    match event {
        Event::LeaseRefused { by, .. } | Event::LeaseLost { by, .. } => Some(by.clone()),
        _ => None,
    }
}

/// What every target does: anna flies and dies, bob is refused, waits, takes over, ends; anna comes back.
fn two_deployments(text: &str, target: Option<&str>, env: &BTreeMap<String, String>, shown: impl Fn() -> String) {
    let begin = |client: &mut Client| match target {
        Some(target) => client.begin_at(target),
        None => client.begin(),
    };
    let mut first = run(text, "anna@ops1", env);
    let host = first.start();
    let mut anna = first.client();
    begin(&mut anna);
    // Wanted before it is known whose the lock is: it waits, and starts.
    anna.start("change");
    taken(&mut anna);
    let here = shown();
    assert!(here.contains("anna@ops1") && here.contains("Shop deployment 1.5.0"), "{here}");

    let mut second = run(text, "bob@ops2", env);
    second.start();
    let mut bob = Client::named(&second.folder, "bob@ops2", Role::Operator);
    begin(&mut bob);
    let by = bob.event("the second is refused", theirs);
    assert_eq!((by.who.as_str(), by.purpose.as_str(), by.dead), ("anna@ops1", "Shop deployment 1.5.0", false));
    assert!(first.folder.display().to_string().ends_with(&by.run), "{by:?}");
    let start = bob.start_of("change");
    let why = bob.refused(start);
    assert!(why.contains("anna@ops1") && why.contains("its host lives"), "{why}");
    assert!(bob.refused(Want::TakeOver { reason: "x".into() }).contains("lives"));
    assert!(second.outcomes().is_empty(), "nothing was started");

    // Renewed: it still lives after as long as a lock is good for without.
    let before = shown();
    wait_for("it is renewed", || (shown() != before).then_some(()));
    first.kill(host);
    let dead = bob.event("the first is dead", |e| theirs(e).filter(|by| by.dead));
    assert_eq!(dead.who, "anna@ops1");
    bob.done(Want::TakeOver { reason: "ops1 is gone, anna called".into() });
    taken(&mut bob);
    let here = shown();
    assert!(here.contains("bob@ops2") && here.contains("ops1 is gone"), "{here}");
    bob.start("change");

    first.resume();
    let mut anna = first.client();
    let by = anna.event("the first has lost it", theirs);
    assert_eq!(by.who, "bob@ops2");
    let start = anna.start_of("next");
    let why = anna.refused(start);
    assert!(why.contains("taken over by bob@ops2"), "{why}");

    bob.status("change", &Status::Passed);
    bob.start("next");
    bob.ended();
    drop(bob);
    wait_for("it is given back, and anna has it again", || {
        let here = shown();
        (here.contains("anna@ops1") && !here.contains("bob@ops2")).then_some(())
    });
    second.verify();
    assert!(second.events().iter().any(|e| matches!(e, Event::LeaseReleased { .. })));
    let record = second.file("record.md");
    assert!(record.contains("ops1 is gone, anna called") && record.contains("Place, lock"), "{record}");
    anna.until("her place is as before", |c| c.state.moved.is_empty().then_some(()));
    anna.until("she is asked to look first", |c| c.state.paused.is_some().then_some(()));
    anna.done(Want::Continue);
    anna.start("next");
    anna.ended();
    drop(anna);
    wait_for("nothing is left at the target", || shown().is_empty().then_some(()));
    first.verify();
}

#[test]
fn one_deployment_at_a_time_in_kubernetes() {
    let cluster = match kube::Cluster::start() {
        Ok(cluster) => cluster,
        Err(why) => return kube::not_run("one_deployment_at_a_time_in_kubernetes", &why),
    };
    let text = book("kube_context: lab, namespace: default");
    two_deployments(&text, Some("default"), &cluster.env(), || {
        let found = cluster.try_kubectl(&["get", "lease", "flightdeck-shop", "-n", "default", "-o", "json"]);
        String::from_utf8(found.stdout).unwrap()
    });

    // Who may not write Leases is told, and flies without.
    let mut narrow = cluster.env();
    narrow.insert("KUBECONFIG".into(), cluster.narrow().display().to_string());
    let mut run = run(&book("kube_context: narrow, namespace: default"), "kim@ops3", &narrow);
    run.start();
    let mut kim = Client::named(&run.folder, "kim@ops3", Role::Operator);
    kim.begin_at("default");
    kim.start("change");
    let why = kim.event("there is none", |e| match e {
        Event::LeaseMissing { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("not allowed") && why.contains("leases"), "{why}");
    assert!(kim.state.cautions.iter().any(|c| c.text.contains("no lock at the target")));
    kim.status("change", &Status::Passed);
    kim.start("next");
    kim.ended();
    assert!(run.file("record.md").contains("flown without the Lease flightdeck-shop"), "{}", run.file("record.md"));
}

#[test]
fn one_deployment_at_a_time_on_a_docker_engine() {
    let engine = match engine::Engine::start() {
        Ok(engine) => engine,
        Err(why) => return engine::not_run("one_deployment_at_a_time_on_a_docker_engine", &why),
    };
    let text = book(&format!("docker_host: '{}'", engine.env()["DOCKER_HOST"]));
    two_deployments(&text, None, &engine.env(), || {
        let names = engine.docker(&["volume", "ls", "-q", "--filter", "name=flightdeck-shop"]);
        match names.split_whitespace().collect::<Vec<_>>() {
            none if none.is_empty() => String::new(),
            // Between two signs of life there is none for a moment.
            some => some.iter().filter_map(|name| engine.try_docker(&["volume", "inspect", name])).collect(),
        }
    });
}
