//! An undo that is run twice must not return to the bad version: the shipped runbook's undos, run at a real Kubernetes
//! API and a real Docker Engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

#[path = "lab/engine.rs"]
mod engine;
#[path = "lab/kube.rs"]
mod kube;

use std::path::Path;

use flightdeck::runbook::load;
use flightdeck::runbook::model::{Action, Step};

/// The commands of the shipped runbook's undos that begin with these words, filled in by name.
fn undos(words: &[&str], values: &[(&str, &str)]) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/production-deployment.yaml");
    let loaded = load(&path).unwrap();
    let mut found = vec![];
    for phase in &loaded.runbook.phases {
        phase.sections.iter().flat_map(|s| &s.steps).for_each(|step| below(step, &mut found));
    }
    found.retain(|command| command.iter().zip(words).filter(|(a, b)| a == b).count() == words.len());
    assert!(!found.is_empty(), "no undo of the shipped runbook begins with {words:?}");
    let fill = |word: &String| {
        let mut word = word.clone();
        values.iter().for_each(|(name, value)| word = word.replace(&format!("${{{{ {name} }}}}"), value));
        assert!(!word.contains("${{"), "what is `{word}`?");
        word
    };
    found.iter().map(|command| command.iter().map(fill).collect()).collect()
}

fn below(step: &Step, into: &mut Vec<Vec<String>>) {
    for undo in &step.undo {
        if let Action::Run(run) = &undo.action {
            into.push(run.command.words.iter().map(|word| word.source().to_owned()).collect());
        }
    }
    if let Action::Group { steps, .. } = &step.action {
        steps.iter().for_each(|step| below(step, into));
    }
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().skip(1).map(String::as_str).collect()
}

#[test]
fn a_rollout_is_undone_to_the_pinned_revision_however_often() {
    let cluster = match kube::Cluster::start() {
        Ok(cluster) => cluster,
        Err(why) => return kube::not_run("a_rollout_is_undone_to_the_pinned_revision_however_often", &why),
    };
    cluster.deploy("web", "web:1", 1, 60);
    let image =
        || cluster.get(&["deployment", "web"])["spec"]["template"]["spec"]["containers"][0]["image"].to_string();
    let revision = || {
        let at = "/metadata/annotations/deployment.kubernetes.io~1revision";
        cluster.get(&["deployment", "web"]).pointer(at).and_then(|v| v.as_str().map(str::to_owned))
    };
    let pinned = cluster.until("it has a revision", |_| revision());
    cluster.kubectl(&["set", "image", "deployment/web", "web=web:2"]);
    cluster.until("the next revision", |_| revision().filter(|now| *now != pinned));
    let values = [("item.deployment", "web"), ("pins.revision[item]", pinned.as_str()), ("namespace", "default")];
    let found = undos(&["kubectl", "rollout", "undo"], &values);
    assert!(found.iter().all(|undo| *undo == found[0]), "one way for all: {found:?}");
    if let Some(undo) = found.first() {
        assert!(cluster.try_kubectl(&words(undo)).status.success(), "{undo:?}");
        assert_eq!(image(), "\"web:1\"");
        let after = cluster.until("going back is a revision, too", |_| revision().filter(|now| *now > pinned));
        // A second time, a third time: the number is gone, and nothing moves.
        for _ in 0..2 {
            let again = cluster.try_kubectl(&words(undo));
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(!again.status.success() && said.contains("revision"), "{said}");
            assert_eq!((image().as_str(), revision()), ("\"web:1\"", Some(after.clone())));
        }
        // What it is kept from: without the number the second one goes forward to the bad version.
        cluster.kubectl(&["rollout", "undo", "deployment/web"]);
        assert_eq!(image(), "\"web:2\"");
    }
}

#[test]
fn an_image_gets_its_pinned_id_back_however_often() {
    let engine = match engine::Engine::start() {
        Ok(engine) => engine,
        Err(why) => return engine::not_run("an_image_gets_its_pinned_id_back_however_often", &why),
    };
    let id = |name: &str| engine.docker(&["image", "inspect", "--format", "{{.Id}}", name]).trim().to_owned();
    engine.image("shop:dev", "version=1");
    let pinned = id("shop:dev");
    engine.image("shop:dev", "version=2");
    let bad = id("shop:dev");
    assert_ne!(pinned, bad);
    let values = [
        ("pins.image[item]", pinned.as_str()),
        ("pins.pulled_image[item]", pinned.as_str()),
        ("item.image", "shop:dev"),
    ];
    for undo in undos(&["docker", "tag"], &values) {
        engine.docker(&["tag", &bad, "shop:dev"]);
        for _ in 0..3 {
            engine.docker(&words(&undo));
            assert_eq!(id("shop:dev"), pinned, "{undo:?}");
        }
    }
}
