use std::path::Path;

use super::*;
use crate::runbook::load::Memory;
use crate::runbook::load_from;

fn json_of(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn data(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata").join(name)).unwrap()
}

fn loads(text: &str) -> bool {
    let files = Memory {
        files: [("t.yaml", text), ("common.yaml", "flightdeck: 1\n"), ("smoke.sh", "true\n")]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .collect(),
    };
    load_from(&files, "t.yaml").is_ok()
}

#[test]
fn the_schema_itself_is_a_schema_and_names_every_part() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    for part in ["runbook", "step", "probe", "trigger", "parameter", "capture"] {
        assert!(schema["$defs"][part].is_object(), "{part}");
    }
}

#[test]
fn good_runbooks_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for name in ["first.yaml", "everything.yaml", "common.yaml"] {
        let errors: Vec<String> =
            validator.iter_errors(&json_of(&data(name))).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn what_has_the_wrong_shape_fits_neither_the_schema_nor_the_loader() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let head = "flightdeck: 1\ntitle: t\n";
    for wrong in [
        "steps: no list\n",
        "steps: []\nphases: []\n",
        "steps:\n  - { title: a, name: b }\n",
        "steps:\n  - { title: a, run: x, script: y }\n",
        "steps:\n  - { title: a, run: x, timeout: 5 }\n",
        "steps:\n  - { title: a, retry: { times: 1, every: 1s } }\n",
        "steps:\n  - { title: a, confirm: { ask: b, answer: maybe } }\n",
        "steps:\n  - { title: a, check: { http: { uri: b } } }\n",
        "steps:\n  - { title: a, check: { kubernetes: { of: everything } } }\n",
        "steps:\n  - { title: a, check: { docker: { of: everything } } }\n",
        "steps:\n  - { title: a, check: { tcp: x, http: y } }\n",
        "steps:\n  - { run: x }\n",
        "steps: [a]\nprobes: { error-rate: { tcp: \"a:1\" } }\n",
        "steps: [a]\nparameters: { p: { type: string } }\n",
        "steps: [a]\ntriggers: { t: { when: x } }\n",
        "steps: [a]\nwhere: { cluster: x }\n",
        "steps:\n  - { title: a, required: yes please }\n",
        "steps:\n  - { title: a, check: p, in_a_row: 0 }\n",
        "steps: [a]\nreviewed: yesterday\n",
    ] {
        let text = format!("{head}{wrong}");
        assert!(!validator.is_valid(&json_of(&text)), "fits the schema: {wrong}");
        assert!(!loads(&text), "loads: {wrong}");
    }
    assert!(!loads(head), "an included file alone is no runbook");
    assert!(loads(&format!("{head}steps: [a]\n")));
    assert!(validator.is_valid(&json_of(&format!("{head}steps: [a]\nx-mine: {{ any: [thing] }}\n"))));
}

#[test]
fn every_shipped_runbook_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if path.extension().is_none_or(|e| e != "yaml") || !text.lines().any(|line| line.starts_with("flightdeck:")) {
            continue;
        }
        seen += 1;
        let json = json_of(&text);
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    assert!(seen > 0, "there are shipped runbooks");
}
