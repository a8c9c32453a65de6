use std::path::{Path, PathBuf};

use super::*;
use crate::runbook::Problem;

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata").join(name)
}

pub(super) fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

#[test]
fn the_first_days_runbook_loads() {
    let loaded = load(&data("first.yaml")).map_err(|p| told(&p)).unwrap();
    assert_eq!(loaded.runbook.phases[0].sections[0].steps.len(), 3);
}

#[test]
fn the_runbook_with_everything_loads() {
    let loaded = load(&data("everything.yaml")).map_err(|p| told(&p)).unwrap_or_else(|p| panic!("\n{p}"));
    assert_eq!(loaded.sources.files.len(), 3);
    assert_eq!(loaded.runbook.phases.len(), 2);
}

#[test]
fn zz_lint_env() {
    let Ok(paths) = std::env::var("FD_LINT") else { return };
    let today = chrono::NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
    for path in paths.split(':') {
        let (text, ok) = crate::runbook::lint_file(Path::new(path), today);
        println!("##### {path}: {ok}\n{text}");
    }
}

#[test]
#[ignore = "measures"]
fn ten_thousand_steps() {
    for n in [1_000, 10_000] {
        let mut text = String::from("flightdeck: 1\ntitle: Long\nparameters: { p: { one_of: [a, b] } }\ndefaults: { timeout: 10m }\nsteps:\n");
        for i in 0..n {
            text.push_str(&format!("  - title: Step number {i}\n    run: \"true ${{{{ p }}}}\"\n    when: p == 'a'\n    timeout: 5s\n"));
        }
        let files = Memory { files: [("t.yaml".to_owned(), text.into_bytes())].into() };
        let start = std::time::Instant::now();
        let loaded = load_from(&files, "t.yaml").map_err(|p| told(&p)).unwrap();
        println!("{n}: {:?}", start.elapsed());
        assert_eq!(loaded.runbook.phases[0].sections[0].steps.len(), n);
    }
}
