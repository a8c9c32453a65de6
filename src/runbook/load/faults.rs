//! What the loader says about wrong runbooks: where, what, and what to do.

use super::tests::{data, told};
use super::{Memory, load, load_from};
use crate::runbook::Problem;

fn problems(text: &str) -> Vec<Problem> {
    let files = Memory {
        files: [("t.yaml", text), ("smoke.sh", "curl \"$url\"\n")].map(|(n, t)| (n.to_owned(), t.as_bytes().to_vec())).into(),
    };
    load_from(&files, "t.yaml").err().unwrap_or_default()
}

fn show(text: &str) -> String {
    told(&problems(text))
}

#[test]
fn ten_different_faults_are_ten_located_errors() {
    let problems = load(&data("ten_faults.yaml")).unwrap_err();
    for problem in &problems {
        assert!(problem.line > 0 && problem.column > 0 && !problem.source.is_empty(), "{problem}");
    }
    let text = told(&problems).replace(&data("").to_string_lossy().into_owned(), "");
    insta::assert_snapshot!(text);
    assert_eq!(problems.len(), 10);
}

#[test]
fn zz_show() {
    let Ok(path) = std::env::var("FD_SHOW") else { return };
    for text in std::fs::read_to_string(path).unwrap().split("=====\n") {
        println!("-----\n{text}\n>>>>>\n{}", show(text));
    }
}
