use std::path::{Path, PathBuf};

use super::*;
use crate::runbook::Problem;
use crate::runbook::kinds::{CaptureOf, CheckLook, Every, ItemRef, ProbeKind, WaitFor};
use crate::runbook::model::{Action, Due, Effect, Runbook, Step, TargetGroup, TriggerWhen, UndoSteps, WhereKind};
use crate::words::{Name, Unit};

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata").join(name)
}

pub(super) fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

/// Loads a runbook of these lines below its head, with `common.yaml` and `smoke.sh` beside it.
pub(super) fn loaded(body: &str) -> Loaded {
    load_from(&files(&format!("flightdeck: 1\ntitle: t\n{body}")), "t.yaml").unwrap_or_else(|p| panic!("{}", told(&p)))
}

pub(super) fn files(text: &str) -> Memory {
    let common = "flightdeck: 1\ncontacts: { dba: { role: Database administrator } }\n";
    let all = [("t.yaml", text), ("common.yaml", common), ("smoke.sh", "curl \"$url\"\n")];
    Memory { files: all.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into() }
}

fn everything() -> Loaded {
    load(&data("everything.yaml")).unwrap_or_else(|p| panic!("{}", told(&p)))
}

fn step<'a>(runbook: &'a Runbook, id: &str) -> &'a Step {
    fn find<'a>(steps: &'a [Step], id: &str) -> Option<&'a Step> {
        steps.iter().find_map(|step| match &step.action {
            _ if step.id == id => Some(step),
            Action::Group { steps, .. } => find(steps, id),
            _ => find(&step.undo, id),
        })
    }
    let sections = runbook.phases.iter().chain(&runbook.rollback).flat_map(|p| &p.sections);
    sections.flat_map(|s| find(&s.steps, id)).next().unwrap_or_else(|| panic!("no step {id}"))
}

#[test]
fn the_first_days_runbook_loads() {
    let loaded = load(&data("first.yaml")).map_err(|p| told(&p)).unwrap();
    let steps = &loaded.runbook.phases[0].sections[0].steps;
    assert_eq!(
        steps.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(),
        ["tell_the_team_in_the_chat", "restart_nginx", "the_site_answers"]
    );
    assert_eq!(steps.iter().map(|s| s.action.key()).collect::<Vec<_>>(), ["tick", "run", "check"]);
    assert_eq!(loaded.runbook.phases[0].title, None);
}

#[test]
fn the_head_of_the_runbook_with_everything() {
    let runbook = everything().runbook;
    assert_eq!(
        (runbook.system.as_deref(), runbook.version.as_deref(), runbook.root.as_str()),
        (Some("cryptoutil"), Some("1.0.0"), "..")
    );
    assert_eq!(
        (runbook.objectives.rto, runbook.objectives.rpo, runbook.objectives.source.len()),
        (Some(300.0), Some(0.0), 2)
    );
    assert_eq!(runbook.review_every, Some(30.0 * 86400.0));
    assert_eq!((runbook.defaults.timeout, runbook.probe_defaults.every), (Some(600.0), Some(Every::Seconds(10.0))));
    assert_eq!(
        runbook.parameters.keys().map(Name::as_str).collect::<Vec<_>>(),
        ["environment", "platform", "components", "release", "namespace", "commit", "db_url", "slack_hook"]
    );
    assert!(runbook.parameters[&Name::from("db_url")].is_secret());
    assert_eq!(
        runbook.guards.iter().map(|g| g.kind).collect::<Vec<_>>(),
        [WhereKind::Environment, WhereKind::KubeContext, WhereKind::Namespace]
    );
    let TargetGroup::Fixed { targets, .. } = &runbook.targets[&Name::from("services")] else {
        panic!("no fixed group")
    };
    assert_eq!(targets["kms"].fields.len(), 4);
    assert_eq!(
        runbook.contacts.keys().map(Name::as_str).collect::<Vec<_>>(),
        ["on_call", "release_manager", "database_admin"]
    );
    assert_eq!(runbook.limitations[&Name::from("identity_not_integrated")].effect, Effect::Blocks);
    let rate = &runbook.probes[&Name::from("error_rate")];
    assert_eq!((rate.spec.unit, rate.source.len()), (Some(Unit::Ratio), 0));
    assert!(
        matches!(&runbook.probes[&Name::from("health")].spec.kind, ProbeKind::AllOf(members) if members.len() == 3)
    );
    assert_eq!(runbook.probes[&Name::from("applied")].spec.every, Some(Every::OnDemand));
    assert!(matches!(runbook.triggers[&Name::from("security")].when, TriggerWhen::Manual(_)));
    assert_eq!(runbook.triggers[&Name::from("errors")].unless, Some(Name::from("health_failing")));
    assert_eq!(runbook.watch.unwrap().expect.len(), 2);
}

#[test]
fn the_steps_of_the_runbook_with_everything() {
    let loaded = everything();
    let runbook = &loaded.runbook;
    let apply = step(runbook, "apply");
    let Action::Run(run) = &apply.action else { panic!("no run") };
    assert_eq!(run.command.words.len(), 6);
    assert_eq!(run.acting.settle.as_ref().map(ToString::to_string).as_deref(), Some("applied"));
    assert_eq!(run.acting.danger.as_ref().and_then(|d| d.typed.as_ref()).map(|t| t.source()), Some("${{ namespace }}"));
    assert_eq!(apply.undo[0].id, "roll_back");
    let Action::Run(back) = &apply.undo[0].action else { panic!("no run") };
    assert_eq!(back.command.words[4].source(), "--to-revision=${{ pins.revision[item] }}");
    let saved = step(runbook, "revision_of_saved");
    assert!(saved.captures[0].pin && matches!(saved.captures[0].of, CaptureOf::Field(_)));
    let ready = step(runbook, "ready");
    let Action::Check(check) = &ready.action else { panic!("no check") };
    assert!(matches!(&check.look, CheckLook::Probe(probe) if probe.item == Some(ItemRef::Item)));
    assert_eq!(check.hold, Some(30.0));
    let Action::Wait(wait) = &step(runbook, "all_healthy_twice").action else { panic!("no wait") };
    assert!(matches!(&wait.until, WaitFor::Probe(probe) if probe.name.as_str() == "health") && wait.in_a_row == 2);
    assert_eq!(step(runbook, "debrief_held").due, Some(Due::Within(48.0 * 3600.0)));
    assert!(step(runbook, "healthy_again").stops_clock);
    assert!(matches!(&step(runbook, "undo_what_was_started").action, Action::UndoSteps(UndoSteps::All)));
    let smoke = &runbook.blocks[&Name::from("smoke")].steps[0];
    let Action::Script(script) = &smoke.action else { panic!("no script") };
    assert_eq!((script.text.as_str(), script.file.as_deref()), ("curl --fail \"$url\"\n", Some("./smoke.sh")));
    assert_eq!(
        runbook.phases.iter().map(|p| (p.id.as_str(), p.needs_pins)).collect::<Vec<_>>(),
        [("pre_deployment", false), ("deployment", true)]
    );
}

#[test]
fn every_file_is_kept_byte_for_byte_under_its_name() {
    let loaded = everything();
    let names: Vec<&str> = loaded.sources.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["everything.yaml", "common.yaml", "smoke.sh"]);
    for file in &loaded.sources.files {
        assert_eq!(file.bytes, std::fs::read(data(&file.name)).unwrap());
    }
    // The pinned copy of a run loads the same way.
    let copy = Memory { files: loaded.sources.files.iter().map(|f| (f.name.clone(), f.bytes.clone())).collect() };
    let again = load_from(&copy, "everything.yaml").unwrap();
    assert_eq!(again.runbook.phases, loaded.runbook.phases);
}

#[test]
fn a_block_with_parameters_is_handed_its_values() {
    let loaded = loaded(
        "blocks:\n  greet:\n    parameters: { who: { type: text }, secret_word: { type: secret, optional: true } }\n    steps:\n      - { title: Greet, run: \"echo ${{ who }}\" }\nsteps:\n  - { title: Hello, use: greet, with: { who: anna } }\n",
    );
    let block = &loaded.runbook.blocks[&Name::from("greet")];
    assert_eq!((block.parameters.len(), block.steps.len()), (2, 1));
    let Action::Use(used) = &loaded.runbook.phases[0].sections[0].steps[0].action else { panic!("no use") };
    assert_eq!(used.with[&Name::from("who")].source(), "anna");
}

#[test]
fn anchors_below_x_keys_and_merges_are_for_the_author() {
    let loaded = loaded(
        "x-quick: &quick { timeout: 5s, reads_only: true }\nsteps:\n  - { <<: *quick, title: a, run: \"true\" }\n",
    );
    let step = &loaded.runbook.phases[0].sections[0].steps[0];
    assert_eq!(step.defaults.timeout, Some(5.0));
    assert!(step.action.acting().is_some_and(|a| a.reads_only));
}

#[test]
fn a_rollback_may_be_a_list_of_steps() {
    let loaded = loaded("steps: [a]\nrollback:\n  - Call the team\n  - { title: Back, run: ./back.sh }\n");
    assert_eq!(loaded.runbook.rollback.unwrap().sections[0].steps.len(), 2);
}

#[test]
fn a_file_that_two_files_include_is_brought_in_once() {
    let mut files = files("flightdeck: 1\ntitle: t\ninclude: [a.yaml, common.yaml]\nsteps: [x]\n");
    files.files.insert("a.yaml".into(), b"include: [common.yaml]\n".to_vec());
    let loaded = load_from(&files, "t.yaml").unwrap_or_else(|p| panic!("{}", told(&p)));
    assert_eq!(loaded.sources.files.len(), 3);
    assert_eq!(loaded.runbook.contacts.len(), 1);
}

#[test]
fn a_runbook_that_cannot_be_read_is_one_problem() {
    let problems = load(Path::new("/nonexistent/x.yaml")).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(
        problems[0].to_string(),
        "/nonexistent/x.yaml: error: the runbook cannot be read: there is no such file"
    );
}

/// What the plan pins comes back from JSON as it was.
#[test]
fn specs_survive_being_written_as_json() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    }
    fn steps(all: &[Step]) -> usize {
        all.iter()
            .map(|step| {
                step.captures.iter().for_each(same);
                same(&step.defaults);
                match &step.action {
                    Action::Run(run) => same(run),
                    Action::Script(script) => same(script),
                    Action::Check(check) => same(check),
                    Action::Wait(wait) => same(wait),
                    Action::Confirm(confirm) => same(confirm),
                    Action::Record(record) => same(record),
                    Action::Notify(notify) => same(notify),
                    Action::Approve(approve) => same(approve),
                    Action::Baseline(baseline) => same(baseline),
                    Action::Group { steps: inner, .. } => return 1 + steps(inner),
                    Action::Tick | Action::Use(_) | Action::UndoSteps(_) => {}
                }
                1 + steps(&step.undo)
            })
            .sum()
    }
    let runbook = everything().runbook;
    runbook.probes.values().for_each(|probe| same(&probe.spec));
    runbook.channels.values().for_each(|channel| same(&channel.channel));
    runbook.parameters.values().for_each(|parameter| same(&parameter.field));
    let sections = runbook.phases.iter().chain(&runbook.rollback).flat_map(|p| &p.sections);
    assert_eq!(sections.map(|s| steps(&s.steps)).sum::<usize>(), 19);
}
