//! Blue-green flights of the shipped runbook: blue runs, green is brought up beside it, and requests that are made all
//! the while tell who answers.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::traffic::{Traffic, versions};
use super::{Flight, book, item, items, text};

/// The release that runs, and the one that is deployed.
const OLD: &str = "1.4.2";
const NEW: &str = "1.5.0";

/// What a person would say in the rollback, beside what the shipped file says.
const GOING_BACK: &str = "
rollback: the new release is not well
incident_ticket: https://tickets.example.com/OPS-5121
analysis_scheduled: { fields: { on: 2026-12-01T09:00:00Z, led_by: dana } }
reason_documented: { fields: { reason: it was not well } }
root_cause: not known yet
action_items: { fields: { actions: none yet } }
debrief: { skip: not in a test }
improvements: none
testing_gaps: none
";

/// Flies with traffic on the public address; `fault` is done once, as soon as the world is there.
fn fly(platform: &str, answers: Option<PathBuf>, more: &[&str], fault: impl Fn(&Path)) -> (Flight, Vec<String>) {
    let chosen = format!("platform={platform}");
    let choices = [&["-p", &chosen, "-p", "strategy=blue-green"], more].concat();
    let mut traffic = None;
    let answers = answers.unwrap_or_else(|| book("answers-sandbox"));
    let flight = Flight::with("production-deployment", Some(answers), &choices, |flight| {
        if traffic.is_none()
            && let Some(run) = flight.begun()
        {
            fault(&run.join("world/root"));
            traffic = Some(Traffic::to(&run, "kms_api"));
        }
    });
    let answers = traffic.unwrap_or_else(|| panic!("no run was made:\n{}", flight.told())).answers();
    assert!(answers.len() > 50, "{} requests:\n{}", answers.len(), flight.told());
    (flight, versions(&answers))
}

/// The shipped answers, and what the rollback asks.
fn going_back(folder: &Path) -> PathBuf {
    let shipped = std::fs::read_to_string(book("answers-sandbox")).unwrap();
    let file = folder.join("answers.yaml");
    std::fs::write(&file, shipped + GOING_BACK).unwrap();
    file
}

/// Nothing of green is left, and blue was never touched: by what changed the world.
fn only_green_went(flight: &Flight) {
    let mut seen = 0;
    for line in flight.read("world/commands.jsonl").lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let change = entry["do"].to_string();
        let takes = ["container_created", "container_stopped", "container_removed", "object_deleted", "rolled_back"];
        let deploys = change.contains("object_applied") && change.contains("\"kind\":\"deployment.apps\"");
        if deploys || takes.iter().any(|word| change.starts_with(&format!("{{\"{word}"))) {
            seen += 1;
            assert!(change.contains("green"), "{line}");
        }
    }
    assert!(seen > 0, "green never came");
}

fn rolled_back(flight: &Flight) -> Value {
    assert_eq!(flight.exit, 4, "{}", flight.told());
    flight.leaves_nothing();
    flight.verifies();
    only_green_went(flight);
    let record = flight.record();
    assert_eq!(record["outcome"]["how"], "rolled_back", "{}", record["outcome"]);
    assert!(!record["went_back"]["verified"].is_null(), "{}", record["went_back"]);
    let stays = record["went_back"]["no_return"].to_string();
    assert!(stays.contains("Going back by the switch loses nothing"), "{stays}");
    for item in record["rollback"]["sections"].as_array().unwrap().iter().flat_map(|s| s["items"].as_array().unwrap()) {
        let outcome = item["outcome"].as_str().unwrap();
        let skipped = item["id"] == "debrief" && outcome == "skipped";
        assert!(["passed", "does not apply"].contains(&outcome) || skipped, "{item}");
    }
    record
}

fn outcome(record: &Value, id: &str) -> String {
    item(record, id)["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn everybody_is_switched_on_compose_and_nobody_waits() {
    let (flight, seen) = fly("compose", None, &[], |_| {});
    let record = flight.completed(&[]);
    assert_eq!(seen, [OLD, NEW]);
    only_green_went(&flight);
    assert_eq!(text(&record, "/pins/live_proxy/value"), "blue");
    let by_hand = flight.read("by-hand.md");
    for line in [
        "ln -sfn blue deployments/proxy/colours/live\n",
        "docker compose -f deployments/compose/compose.yml --profile blue-green exec -T proxy nginx -s reload\n",
        "docker compose -f deployments/blue-green/kms-green.yml --profile postgres down\n",
    ] {
        assert!(by_hand.contains(line), "{line} is missing in\n{by_hand}");
    }
    assert!(!by_hand.contains("kubectl") && !by_hand.contains("kms-blue.yml"), "{by_hand}");
    assert!(
        items(&record).iter().all(|item| item["id"] != "start_services[kms]" || item["outcome"] == "does not apply")
    );
    assert!(!record["limitations"].to_string().contains("in place"), "{}", record["limitations"]);
}

#[test]
fn everybody_is_switched_on_kubernetes_and_nobody_waits() {
    let (flight, seen) = fly("kubernetes", None, &[], |_| {});
    let record = flight.completed(&[]);
    assert_eq!(seen, [OLD, NEW]);
    only_green_went(&flight);
    assert_eq!(text(&record, "/pins/live_service/value/kms"), "blue");
    let by_hand = flight.read("by-hand.md");
    for line in [
        r#"kubectl patch service/cryptoutil-kms -n cryptoutil-prod -p '{"spec":{"selector":{"colour":"blue"}}}'"#,
        "kubectl delete deployment/cryptoutil-kms-green -n cryptoutil-prod --ignore-not-found\n",
    ] {
        assert!(by_hand.contains(line), "{line} is missing in\n{by_hand}");
    }
    assert!(!by_hand.contains("rollout undo") && !by_hand.contains("kms-blue "), "{by_hand}");
}

#[test]
fn nobody_meets_a_green_that_never_becomes_ready_on_compose() {
    let folder = tempfile::tempdir().unwrap();
    let (flight, seen) = fly("compose", Some(going_back(folder.path())), &[], |root| {
        let image = "    image: cryptoutil:green\n";
        edit(
            &root.join("deployments/blue-green/kms-green.yml"),
            image,
            &format!("{image}    environment: {{ CRYPTOUTIL_FAULT: unready }}\n"),
        );
    });
    let record = rolled_back(&flight);
    assert_eq!(seen, [OLD]);
    assert_eq!(outcome(&record, "on_compose.start_colour[kms]"), "passed");
    assert_eq!(outcome(&record, "compose_switch.switch_proxy"), "open");
}

#[test]
fn nobody_meets_a_green_that_never_becomes_ready_on_kubernetes() {
    let folder = tempfile::tempdir().unwrap();
    let (flight, seen) = fly("kubernetes", Some(going_back(folder.path())), &[], |root| {
        let env = "          env:\n";
        edit(
            &root.join("deployments/kubernetes/blue-green/cryptoutil-kms.yaml"),
            env,
            &format!("{env}            - name: CRYPTOUTIL_FAULT\n              value: unready\n"),
        );
    });
    let record = rolled_back(&flight);
    assert_eq!(seen, [OLD]);
    assert_eq!(outcome(&record, "on_kubernetes.apply_colour"), "passed");
    assert_eq!(outcome(&record, "kubernetes_switch.switch_service[kms]"), "open");
}

/// Something is wrong that shows only after the switch: health checks that nobody answers in one millisecond.
const TOO_FAST: [&str; 2] = ["-p", "health_limit=1ms"];

#[test]
fn everybody_is_switched_back_on_compose() {
    let folder = tempfile::tempdir().unwrap();
    let (flight, seen) = fly("compose", Some(going_back(folder.path())), &TOO_FAST, |_| {});
    let record = rolled_back(&flight);
    assert_eq!(seen, [OLD, NEW, OLD]);
    assert_eq!(outcome(&record, "compose_switch.switch_proxy"), "passed");
}

#[test]
fn everybody_is_switched_back_on_kubernetes() {
    let folder = tempfile::tempdir().unwrap();
    let (flight, seen) = fly("kubernetes", Some(going_back(folder.path())), &TOO_FAST, |_| {});
    let record = rolled_back(&flight);
    assert_eq!(seen, [OLD, NEW, OLD]);
    assert_eq!(outcome(&record, "kubernetes_switch.switch_service[kms]"), "passed");
}

fn edit(file: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old} in {}", file.display());
    std::fs::write(file, text.replace(old, new)).unwrap();
}
