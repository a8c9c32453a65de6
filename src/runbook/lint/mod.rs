//! What is not wrong, but somebody should look at: a registry of rules, a file a rule.

use std::path::Path;

use chrono::NaiveDate;

use super::{Fault, Loaded, Problem, load};

/// One rule.
struct Rule {
    /// What it looks for, in a sentence.
    #[allow(dead_code)]
    doc: &'static str,
    /// Looks for it.
    look: fn(&Loaded, NaiveDate, &mut Vec<Fault>),
}

/// All rules.
const RULES: &[Rule] = &[];

/// Warnings about a runbook without errors, sorted by place. `today` is the day that reviews are measured against.
pub fn lint(loaded: &Loaded, today: NaiveDate) -> Vec<Problem> {
    let mut faults = vec![];
    for rule in RULES {
        (rule.look)(loaded, today, &mut faults);
    }
    Problem::all(faults, &loaded.sources)
}

/// Loads and lints a file: everything that is to be said, as text, and whether the runbook can be flown.
pub fn lint_file(path: &Path, today: NaiveDate) -> (String, bool) {
    let (problems, ok) = match load(path) {
        Ok(loaded) => (lint(&loaded, today), true),
        Err(problems) => (problems, false),
    };
    let text = problems.iter().map(|problem| format!("{problem}\n\n")).collect();
    (text, ok)
}
