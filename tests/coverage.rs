//! The shipped runbooks carry the whole checklist: all 196 rows, in its order, and no row that a program can decide is
//! left to a person's word. Proved from the checklist's own table (`fixtures/checklist-items.csv`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use flightdeck::engine::plan::{Action, Given, Plan, Program, compile};
use flightdeck::runbook::kinds::FieldType;
use flightdeck::runbook::{Loaded, Memory, load, load_from};
use flightdeck::words::{Name, Value};

/// A row of the checklist.
#[derive(Debug)]
struct Row {
    id: String,
    section: String,
    kind: String,
    automatable: String,
}

fn rows() -> Vec<Row> {
    let path = manifest("tests/fixtures/checklist-items.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|h| h == name).unwrap();
    let (id, section, kind, automatable) = (at("id"), at("section"), at("kind"), at("automatable"));
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let text = |i: usize| record[i].to_owned();
            Row { id: text(id), section: text(section), kind: text(kind), automatable: text(automatable) }
        })
        .collect()
}

fn manifest(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn loaded(name: &str) -> Loaded {
    match load(&manifest("runbooks").join(name)) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{name}: {}", problems.iter().map(|p| format!("{p}\n\n")).collect::<String>()),
    }
}

/// The plan with defaults for all parameters but those given; what has no default is made up.
fn plan(loaded: &Loaded, given: &[(&str, &str)]) -> Plan {
    let mut values: BTreeMap<Name, Value> = BTreeMap::new();
    for (name, parameter) in &loaded.runbook.parameters {
        let default = parameter.field.default.as_ref().and_then(|d| d.as_plain()).unwrap_or("made-up");
        let text = given.iter().find(|(n, _)| *n == name.as_str()).map_or(default, |(_, v)| v);
        let value = match &parameter.field.kind {
            FieldType::Secret => continue,
            FieldType::Bool => Value::Bool(text == "true"),
            FieldType::List | FieldType::SomeOf(_) => {
                Value::List(text.split(',').map(|t| Value::Text(t.trim().into())).collect())
            }
            _ => Value::Text(text.into()),
        };
        values.insert(name.clone(), value);
    }
    compile(&loaded.runbook, &Given { values, ..Given::default() }).unwrap()
}

/// Everything on, on one platform, in place.
fn whole(platform: &str) -> Plan {
    whole_as(platform, "in-place")
}

/// Everything on, on one platform, by one strategy.
fn whole_as(platform: &str, strategy: &str) -> Plan {
    let colour = if strategy == "blue-green" { "green" } else { "none" };
    let given = [
        ("platform", platform),
        ("strategy", strategy),
        ("colour", colour),
        ("components", "kms,identity"),
        ("user_facing", "true"),
        ("dast", "true"),
    ];
    plan(&loaded("production-deployment.yaml"), &given)
}

const STRATEGIES: [&str; 2] = ["in-place", "blue-green"];
const PLATFORMS: [&str; 2] = ["compose", "kubernetes"];

/// Sections that the checklist does not have: the marker, and what its blue-green lacks.
const OURS: [&str; 7] = [
    "Proof for the way back",
    "Database schema",
    "Second colour on Docker Compose",
    "Second colour on Kubernetes",
    "Second colour without traffic",
    "Switch",
    "Back to the other colour",
];

/// What carries a row: `item`, `section`, `pane`, … and its name.
fn carriers(plans: &[Plan]) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut all: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for carrier in plans.iter().flat_map(|plan| &plan.sources) {
        all.entry(carrier.source.clone()).or_default().insert((carrier.part.clone(), carrier.name.clone()));
    }
    all
}

/// The program looks, or runs something and decides by what came of it.
fn decides(action: &Action) -> bool {
    matches!(action, Action::Run(_) | Action::Check(_) | Action::Wait(_) | Action::Baseline(_))
}

#[test]
fn every_row_is_carried_and_no_row_is_invented() {
    let plans = [whole("compose"), whole("kubernetes")];
    let carried: BTreeSet<String> = carriers(&plans).into_keys().collect();
    let wanted: BTreeSet<String> = rows().into_iter().map(|row| row.id).collect();
    assert_eq!(wanted.len(), 196);
    assert_eq!(wanted.difference(&carried).collect::<Vec<_>>(), Vec::<&String>::new(), "rows that nothing carries");
    assert_eq!(carried.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "sources that are no rows");
}

#[test]
fn every_row_is_carried_by_what_flies_whichever_strategy() {
    for strategy in STRATEGIES {
        let mut carried: BTreeSet<String> = BTreeSet::new();
        for plan in PLATFORMS.map(|platform| whole_as(platform, strategy)) {
            for item in plan.items.iter().filter(|item| item.off().is_none()) {
                carried.extend(item.source.iter().cloned());
                let mut group = item.group;
                while let Some(index) = group {
                    carried.extend(plan.groups[index].source.iter().cloned());
                    group = plan.groups[index].parent;
                }
                let phase = plan.phase(item.phase).unwrap();
                carried.extend(phase.source.iter().cloned());
                carried.extend(item.section.iter().flat_map(|s| phase.sections[*s].source.iter().cloned()));
            }
            // Links, panes, triggers and such are shown, not flown.
            let flown = ["item", "group", "section", "phase", "block"];
            let shown = plan.sources.iter().filter(|carrier| !flown.contains(&carrier.part.as_str()));
            carried.extend(shown.map(|carrier| carrier.source.clone()));
        }
        let left: Vec<String> = rows().into_iter().map(|row| row.id).filter(|id| !carried.contains(id)).collect();
        assert_eq!(left, Vec::<String>::new(), "{strategy}: rows that nothing carries");
    }
}

#[test]
fn in_place_is_said_to_be_no_blue_green_and_a_colour_is_wanted_where_there_are_two() {
    let limitations = |strategy: &str, colour: &str| -> Vec<String> {
        let loaded = loaded("production-deployment.yaml");
        let plan =
            plan(&loaded, &[("strategy", strategy), ("colour", colour), ("components", "kms"), ("dast", "true")]);
        plan.limitations.iter().map(|l| l.name.to_string()).collect()
    };
    assert_eq!(limitations("in-place", "none"), ["in_place"]);
    assert_eq!(limitations("blue-green", "green"), Vec::<String>::new());
    assert_eq!(limitations("blue-green", "none"), ["no_colour"]);
    assert_eq!(limitations("in-place", "blue"), ["in_place", "colour_in_place"]);
}

#[test]
fn going_back_to_the_other_colour_uses_pins_and_never_its_name() {
    for platform in PLATFORMS {
        for (colour, other) in [("blue", "green"), ("green", "blue")] {
            let given = [
                ("platform", platform),
                ("strategy", "blue-green"),
                ("colour", colour),
                ("components", "kms,identity"),
            ];
            let plan = plan(&loaded("production-deployment.yaml"), &given);
            let on = |item: &&flightdeck::engine::plan::Item| item.off().is_none();
            let changes = |item: &&flightdeck::engine::plan::Item| match &item.action {
                Action::Run(run) => !run.acting.reads_only,
                _ => false,
            };
            let back: Vec<_> =
                plan.items_of(plan.rollback_phase()).map(|(_, item)| item).filter(on).filter(changes).collect();
            assert!(!back.is_empty());
            let all = commands(&plan);
            for item in back {
                let (_, command) = all.iter().find(|(id, _)| *id == item.id.as_str()).unwrap();
                // As written: what is pinned stands as its name, what is chosen is filled in when it is flown.
                let command = command.replace("--profile blue-green", "");
                assert!(!command.contains(other), "{}: {command}", item.id);
            }
            // The proxy's link, and a Service each.
            let pinned = all.iter().filter(|(_, command)| command.contains("pins.live_")).count();
            assert_eq!(pinned, 1 + 4, "{platform}");
        }
    }
}

#[test]
fn rows_stand_in_the_order_and_under_the_phases_of_the_checklist() {
    for platform in ["compose", "kubernetes"] {
        let plan = whole(platform);
        let mut first: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (place, item) in plan.items.iter().enumerate() {
            let title = item.section.and_then(|s| Some(plan.phase(item.phase)?.sections.get(s)?.title.as_str()));
            if title.is_some_and(|title| OURS.contains(&title)) {
                continue;
            }
            let mut group = item.group;
            let mut sources: Vec<&String> = item.source.iter().collect();
            while let Some(index) = group {
                sources.extend(&plan.groups[index].source);
                group = plan.groups[index].parent;
            }
            let section = item.section.and_then(|s| plan.phase(item.phase)?.sections.get(s));
            sources.extend(section.iter().flat_map(|s| &s.source));
            for source in sources {
                // A heading stands where its first item stands.
                first.entry(source).or_insert((item.phase, place));
            }
        }
        for (phase, title) in ["Pre-Deployment", "Deployment", "Post-Deployment", "Rollback"].into_iter().enumerate() {
            assert_eq!(plan.phase(phase).unwrap().title, title);
            let mut last = (String::new(), 0);
            for row in rows().iter().filter(|row| row.section.split(" / ").next() == Some(title)) {
                if matches!(row.kind.as_str(), "trigger") || row.id.starts_with("INL-") {
                    continue;
                }
                let (at, place) =
                    *first.get(row.id.as_str()).unwrap_or_else(|| panic!("{} is carried by no item", row.id));
                assert_eq!(plan.phase(at).unwrap().title, title, "{} stands in another phase", row.id);
                assert!(place >= last.1, "{platform}: {} stands before {}", row.id, last.0);
                last = (row.id.clone(), place);
            }
        }
    }
}

#[test]
fn sections_have_the_checklists_headings() {
    let plan = whole("compose");
    let headings: Vec<&str> = plan
        .phases
        .iter()
        .chain(&plan.rollback)
        .flat_map(|phase| &phase.sections)
        .map(|section| section.title.as_str())
        .filter(|title| !OURS.contains(title))
        .collect();
    let mut wanted: Vec<String> = vec![];
    for row in rows() {
        let mut parts = row.section.split(" / ").skip(1);
        let heading = match (row.section.split(" / ").next(), parts.next(), parts.next()) {
            (Some("Pre-Deployment"), Some("Prerequisites"), Some(heading)) => heading,
            (Some("Deployment" | "Post-Deployment" | "Rollback"), Some(heading), _) => heading,
            _ => continue,
        };
        if heading != "Rollback Triggers" && !wanted.iter().any(|w| w == heading) {
            wanted.push(heading.to_owned());
        }
    }
    assert_eq!(headings, wanted);
}

#[test]
fn what_a_program_can_decide_is_not_left_to_a_persons_word() {
    let plans = [whole("compose"), whole("kubernetes")];
    let carried = carriers(&plans);
    let items: BTreeMap<&str, &Action> =
        plans.iter().flat_map(|p| &p.items).map(|i| (i.id.as_str(), &i.action)).collect();
    for row in rows() {
        let carriers = &carried[&row.id];
        let actions: Vec<&Action> =
            carriers.iter().filter(|(part, _)| part == "item").map(|(_, name)| items[name.as_str()]).collect();
        let elsewhere = carriers.iter().any(|(part, _)| part != "item");
        let by_program = actions.iter().any(|action| decides(action));
        let by_person = actions.iter().any(|action| !decides(action));
        match row.automatable.as_str() {
            "yes" => {
                assert!(by_program || elsewhere, "{} can be decided by the program, and is not: {carriers:?}", row.id)
            }
            "no" => assert!(by_person || elsewhere, "{} needs a person, and none is asked: {carriers:?}", row.id),
            "partly" => assert!(by_program || by_person || elsewhere, "{} is neither prepared nor asked", row.id),
            other => panic!("{}: automatable is {other}", row.id),
        }
        // Nowhere a bare tick: a row is evidence or it is nothing.
        assert!(!actions.iter().any(|action| matches!(action, Action::Tick)), "{} is a plain box", row.id);
    }
}

#[test]
fn a_heading_is_decided_by_what_stands_under_it() {
    // Rows that are roll-ups have no item of their own; under each there must be one that the program decides.
    let rows = rows();
    for platform in ["compose", "kubernetes"] {
        let plan = whole(platform);
        for (index, group) in plan.groups.iter().enumerate() {
            let under = |mut at: Option<usize>| loop {
                match at {
                    Some(group) if group == index => return true,
                    Some(group) => at = plan.groups[group].parent,
                    None => return false,
                }
            };
            let yes = group.source.iter().any(|s| rows.iter().any(|r| r.id == *s && r.automatable == "yes"));
            if yes {
                let decided = plan.items.iter().any(|item| under(item.group) && decides(&item.action));
                assert!(decided, "{platform}: nothing under \"{}\" is decided by the program", group.title);
            }
        }
    }
}

/// Every command line and script of a plan, with its item's id.
fn commands(plan: &Plan) -> Vec<(&str, String)> {
    let text = |program: &Program| match program {
        Program::Argv(words) => words.iter().map(|w| w.source()).collect::<Vec<_>>().join(" "),
        Program::Script { text, .. } => text.clone(),
    };
    plan.items
        .iter()
        .filter_map(|item| match &item.action {
            Action::Run(run) => Some((item.id.as_str(), text(&run.program))),
            _ => None,
        })
        .collect()
}

#[test]
fn the_traps_of_the_checklist_are_not_repeated() {
    let plans: Vec<Plan> = STRATEGIES.iter().flat_map(|s| PLATFORMS.map(|p| whole_as(p, s))).collect();
    for (id, command) in plans.iter().flat_map(commands) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        assert!(!(has("down") && (has("-v") || has("--volumes"))), "{id} deletes volumes: {command}");
        assert!(!(has("curl") && (has("-k") || has("--insecure"))), "{id} does not verify certificates: {command}");
        if has("rollout") && has("status") {
            assert!(command.contains("--timeout="), "{id} waits without limit: {command}");
        }
        if has("rollout") && has("undo") {
            assert!(command.contains("--to-revision="), "{id} goes back to whatever was before: {command}");
        }
        assert!(
            !command.contains('<') || command.contains("$(") || command.contains("< "),
            "{id} holds a placeholder: {command}"
        );
    }
    for item in plans.iter().flat_map(|plan| &plan.items) {
        match &item.action {
            Action::Run(run) => {
                assert!(item.timeout.is_some(), "{} has no limit", item.id);
                let Program::Argv(words) = &run.program else { continue };
                let words: Vec<&str> = words.iter().map(|w| w.source()).collect();
                let has = |word: &str| words.contains(&word);
                assert!(!(has("logs") && has("-f")) || run.acting.until.is_some(), "{} never ends", item.id);
                assert!(
                    !words.starts_with(&["go", "test"]) || !item.expect.is_empty(),
                    "{}: an empty test run would pass",
                    item.id
                );
            }
            Action::Wait(_) => assert!(item.timeout.is_some(), "{} waits without limit", item.id),
            _ => {}
        }
    }
}

#[test]
fn what_changes_the_world_has_a_way_back() {
    // The marker leaves a key behind, which the KMS cannot delete; a wider schema stays, which its step says; and the
    // image tag of a colour that nobody runs is built anew by the next deployment.
    let stays = ["make_marker", "widen_schema", "build_colour"];
    for plan in STRATEGIES.iter().flat_map(|s| PLATFORMS.map(|p| whole_as(p, s))) {
        for item in plan.items.iter().filter(|item| item.phase < plan.rollback_phase() && item.off().is_none()) {
            let Action::Run(run) = &item.action else { continue };
            let step = item.id.as_str().split('[').next().unwrap().rsplit('.').next().unwrap();
            if !run.acting.reads_only && !stays.contains(&step) {
                assert!(!item.undo.is_empty(), "{} changes the world and has no undo", item.id);
            }
        }
        assert!(plan.phases[1].needs_pins, "the deployment opens without its pins");
    }
}

#[test]
fn identity_is_blocked_unless_somebody_overrides_it() {
    use flightdeck::engine::plan::Effect;
    let blocking = |components: &str| {
        let plan = plan(&loaded("production-deployment.yaml"), &[("components", components)]);
        plan.limitations.iter().filter(|l| l.effect == Effect::Blocks).count()
    };
    assert_eq!(blocking("kms,identity"), 1);
    assert_eq!(blocking("kms"), 0);
}

#[test]
fn kms_alone_asks_nothing_about_identity() {
    let plan = plan(&loaded("production-deployment.yaml"), &[("components", "kms")]);
    for item in plan.items.iter().filter(|item| item.off().is_none()) {
        let text = format!("{:?}", item.action);
        for word in ["authz_address", "idp_address", "rs_address", "smoke_client", "identity_compose"] {
            assert!(!text.contains(word), "{} needs {word}, which has no value", item.id);
        }
    }
}

#[test]
fn the_answers_files_answer_what_a_person_would_be_asked() {
    for (book, answers, variants) in [
        (
            "production-deployment.yaml",
            "answers-sandbox.yaml",
            vec![
                ("compose", "kms"),
                ("compose", "kms,identity"),
                ("kubernetes", "kms"),
                ("kubernetes", "kms,identity"),
            ],
        ),
        ("first-flight.yaml", "answers-first-flight.yaml", vec![("compose", "kms")]),
    ] {
        let text = std::fs::read_to_string(manifest("runbooks").join(answers)).unwrap();
        let answers: BTreeMap<String, serde_json::Value> = serde_yaml::from_str(&text).unwrap();
        let loaded = loaded(book);
        let mut known: BTreeSet<String> = BTreeSet::new();
        for (platform, components) in variants {
            for (dast, strategy, colour) in [
                ("true", "in-place", "none"),
                ("false", "in-place", "none"),
                ("true", "blue-green", "green"),
                ("false", "blue-green", "blue"),
            ] {
                let given = [
                    ("platform", platform),
                    ("components", components),
                    ("dast", dast),
                    ("strategy", strategy),
                    ("colour", colour),
                    ("environment", "prod"),
                ];
                let plan = plan(&loaded, &given);
                for item in plan.items.iter().filter(|item| item.phase < plan.rollback_phase()) {
                    known.insert(item.id.to_string());
                    let asked = match &item.action {
                        Action::Confirm(_) | Action::Record(_) | Action::Approve(_) => true,
                        Action::Run(run) => run.acting.danger.is_some(),
                        _ => false,
                    };
                    if asked && item.off().is_none() {
                        assert!(answers.contains_key(item.id.as_str()), "{book}: {} has no answer", item.id);
                    }
                }
            }
        }
        for id in answers.keys().filter(|id| !id.starts_with("limitations.")) {
            assert!(known.contains(id), "{book} has no item {id}");
        }
    }
}

#[test]
fn the_first_flight_is_short_and_meets_every_kind_of_step() {
    let plan = plan(&loaded("first-flight.yaml"), &[]);
    let items: Vec<_> = plan.items.iter().filter(|i| i.phase < plan.rollback_phase()).collect();
    assert!((35..=45).contains(&items.len()), "{} items", items.len());
    let met: BTreeSet<&str> = items.iter().map(|item| item.action.key()).collect();
    let wanted = ["tick", "run", "script", "check", "wait", "confirm", "record", "notify", "approve", "baseline"];
    assert_eq!(met, wanted.into_iter().collect());
    assert!(items.iter().any(|i| matches!(&i.action, Action::Run(r) if r.acting.danger.is_some())));
}

#[test]
fn titles_can_be_read_at_a_glance() {
    for book in ["hello.yaml", "first-flight.yaml", "production-deployment.yaml"] {
        let plan =
            plan(&loaded(book), &[("components", "kms,identity"), ("strategy", "blue-green"), ("colour", "green")]);
        for item in &plan.items {
            let title = item.title.source().replace("${{ item }}", "postgres").replace("${{ colour }}", "green");
            let length = title.chars().count();
            assert!(length <= 50, "{book}: the title of {} has {length} characters", item.id);
        }
    }
}

#[test]
fn the_readmes_examples_read() {
    let text = std::fs::read_to_string(manifest("runbooks/README.md")).unwrap();
    let mut whole = 0;
    for block in text.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        serde_yaml::from_str::<serde_json::Value>(block).unwrap_or_else(|e| panic!("{e}\n{block}"));
        if block.starts_with("flightdeck:") {
            let files = Memory { files: BTreeMap::from([("example.yaml".to_owned(), block.as_bytes().to_vec())]) };
            if let Err(all) = load_from(&files, "example.yaml") {
                panic!("{}", all[0]);
            }
            whole += 1;
        }
    }
    assert!(whole > 0, "the page shows no whole runbook");
}
