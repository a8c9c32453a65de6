//! Every simulated command of the shipped runbooks is answered, and every query of theirs.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::tests::{Ran, run_with};
use crate::sandbox::world::testing::Prepared;

const RUNBOOKS: [(&str, &str); 4] = [
    ("common.yaml", include_str!("../../../runbooks/common.yaml")),
    ("first-flight.yaml", include_str!("../../../runbooks/first-flight.yaml")),
    ("identity.yaml", include_str!("../../../runbooks/identity.yaml")),
    ("production-deployment.yaml", include_str!("../../../runbooks/production-deployment.yaml")),
];

/// What the runbooks' names stand for when a command is tried.
fn value(name: &str, world: &Prepared) -> Option<String> {
    let overlay = |name: &str| world.overlay.parameters[name].clone();
    Some(match name {
        "item_file" | "item.file" | "kms_compose" => "deployments/compose/compose.yml".into(),
        "item_profile" | "item.profile" | "kms_profile" => "postgres".into(),
        "item.image" | "image" => "cryptoutil:dev".into(),
        "item.service" => "postgres".into(),
        "item.deployment" | "item_deployment" | "item.app" | "item_app" => "cryptoutil-kms".into(),
        // The colour that runs in a world with two.
        "colour" | "pins.live_proxy" | "pins.live_service[item]" => "blue".into(),
        "expand_sql" => "deployments/migrations/expand.sql".into(),
        "pins.image[item]" | "pins.pulled_image[item]" => "postgres:18".into(),
        "pins.revision[item]" => "1".into(),
        "namespace" | "release" | "running" | "db_host" | "db_port" => overlay(name),
        "db_user" => world.secret("postgres_username"),
        "db_name" => world.secret("postgres_database"),
        "SINCE" => chrono::Utc::now().to_rfc3339(),
        "target_commit" | "commit" => "0123456789abcdef".into(),
        "run.started" | "run_started" => "2026-11-24T09:02:11.000421Z".into(),
        "run.dir" | "run_dir" => world.run_dir().join("files").to_string_lossy().into_owned(),
        _ => return None,
    })
}

/// All commands of ours in `run` and `script`, as they stand.
fn commands(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| commands(v, into)),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("run", Value::String(line)) => into.push(line.split_whitespace().collect::<Vec<_>>().join(" ")),
                    ("script", Value::String(script)) => from_script(script, into),
                    _ => commands(value, into),
                }
            }
        }
        _ => {}
    }
}

fn from_script(script: &str, into: &mut Vec<String>) {
    let names = super::NAMES.join("|");
    let begin = Regex::new(&format!(r"(?:^|[|(;&]|\b(?:if|then|do|xargs|!))\s*((?:{names})\s[^\n]*)")).unwrap();
    let script = Regex::new(r"\\\n\s*").unwrap().replace_all(script, "").into_owned();
    for line in script.lines().filter(|l| !l.trim_start().starts_with('#')) {
        for found in begin.captures_iter(line) {
            let command = cut(found.get(1).unwrap().as_str());
            // What xargs adds at the end are ids.
            let ids = if line.contains("xargs") { " compose-postgres-1" } else { "" };
            into.push(format!("{command}{ids}"));
        }
    }
}

/// Up to where the shell's own signs begin, outside of quotes.
fn cut(text: &str) -> &str {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '|' | '>' | '&' | ';' | ')') => return text[..at].trim_end(),
            _ => {}
        }
    }
    text.trim_end()
}

/// The command with its names filled in; a name that this test does not know is a failure of the test.
fn filled(command: &str, world: &Prepared) -> String {
    let names = Regex::new(r"\$\{\{\s*([^}]*?)\s*\}\}|\$\{?([A-Za-z_]\w*)\}?").unwrap();
    let known = |found: &regex::Captures<'_>| {
        let name = found.get(1).or(found.get(2)).unwrap().as_str();
        value(name, world).unwrap_or_else(|| panic!("what is `{name}` in: {command}"))
    };
    names.replace_all(command, known).into_owned()
}

#[tokio::test]
async fn every_command_of_the_shipped_runbooks_is_answered() {
    assert!(answered(Prepared::new(5_000.0, &[]), &RUNBOOKS, &super::NAMES).await > 40);
}

#[tokio::test]
async fn every_command_of_two_colours_is_answered() {
    let book = [("blue-green.yaml", include_str!("../../../runbooks/blue-green.yaml"))];
    let world = |platform| Prepared::new(5_000.0, &[("strategy", "blue-green"), ("platform", platform)]);
    assert!(answered(world("compose"), &book, &["docker"]).await > 6);
    assert!(answered(world("kubernetes"), &book, &["kubectl"]).await > 8);
}

/// How many commands of these names the runbooks hold, each of which is answered.
async fn answered(world: Prepared, books: &[(&str, &str)], names: &[&str]) -> usize {
    let (_core, _serving) = world.serve().await;
    let mut found = vec![];
    for (file, text) in books {
        let runbook: Value = serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        commands(&runbook, &mut found);
    }
    let ours = |line: &String| names.contains(&line.split(' ').next().unwrap_or_default());
    found.retain(ours);
    // What takes everything down comes last.
    found.sort_by_key(|line| (line.ends_with(" down") || line.contains(" delete "), line.clone()));
    found.dedup();
    let count = found.len();
    let password = world.secret("postgres_password");
    // What the runbook takes out of git with `git archive`.
    for folder in ["configmaps", "secrets"] {
        let place = format!("deployments/kubernetes/{folder}");
        let target = world.run_dir().join("files/previous").join(&place);
        std::fs::create_dir_all(&target).unwrap();
        for file in std::fs::read_dir(world.root().join(&place)).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), target.join(file.file_name())).unwrap();
        }
    }
    // What the runbook fills in for a colour.
    for (folder, file) in [("configmaps", "configmaps.yaml"), ("deployments", "cryptoutil-kms.yaml")] {
        let target = world.run_dir().join("files/colour").join(folder);
        std::fs::create_dir_all(&target).unwrap();
        let text = std::fs::read_to_string(world.root().join("deployments/kubernetes/blue-green").join(file)).unwrap();
        std::fs::write(target.join(file), text.replace("COLOUR", "blue")).unwrap();
    }
    for command in found {
        let line = filled(&command, &world);
        if line.contains("logs -f") {
            // It does not end by itself; tests.rs follows one.
            assert!(super::forms::find("docker", &shlex::split(&line).unwrap()[1..]).is_some(), "{line}");
            continue;
        }
        let Ran { code, out, err } = run_with(&world, &line, &[("PGPASSWORD", &password)]).await;
        assert!(code != super::NOT_SIMULATED && !err.contains("not simulated"), "{line}\n{out}{err}");
        // `diff` says 1 when there is a difference; everything else works in a healthy world.
        let diff = line.starts_with("kubectl diff") && code == 1;
        let again = err.contains("unable to find specified revision") || out.contains("skipped rollback");
        assert!(code == 0 || diff || again, "{line} ended with {code}\n{out}{err}");
    }
    count
}

#[test]
fn every_query_of_the_shipped_runbooks_is_known() {
    use crate::sandbox::servers::knows;
    let mut queries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    fn walk(value: &Value, kind: &str, into: &mut BTreeMap<String, Vec<String>>) {
        match value {
            Value::Array(list) => list.iter().for_each(|v| walk(v, kind, into)),
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("query", Value::String(query)) => into.entry(kind.into()).or_default().push(query.clone()),
                        ("prometheus" | "postgres" | "loki" | "tempo", _) => walk(value, key, into),
                        ("logs", _) => walk(value, "loki", into),
                        _ => walk(value, kind, into),
                    }
                }
            }
            _ => {}
        }
    }
    for (_, text) in RUNBOOKS {
        walk(&serde_yaml::from_str(text).unwrap(), "", &mut queries);
    }
    assert!(queries["prometheus"].len() >= 14 && queries["postgres"].len() >= 3, "{queries:?}");
    for (kind, queries) in queries {
        for query in queries {
            assert!(knows(&kind, &query), "{kind}: {query}");
        }
    }
}
