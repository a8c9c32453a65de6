use std::path::{Path, PathBuf};

use super::*;
use crate::runbook::Problem;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata").join(name)
}

fn told(problems: &[Problem]) -> String {
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
