//! What is not wrong, but somebody should look at: a registry of rules, a file a rule.

mod gauges;
mod hidden;
mod limits;
mod pins;
mod review;
mod unreached;
mod unused;

use std::path::Path;

use chrono::NaiveDate;

use super::check::{Known, Visit, visits};
use super::{Fault, Loaded, Problem, Severity, load};

/// What rules look at.
struct Lint<'a> {
    loaded: &'a Loaded,
    visits: &'a [Visit<'a>],
    known: &'a Known,
    today: NaiveDate,
}

/// One rule.
struct Rule {
    name: &'static str,
    doc: &'static str,
    look: fn(&Lint<'_>, &mut Vec<Fault>),
}

/// All rules.
const RULES: &[Rule] = &[
    Rule { name: "unused", doc: "A probe, block, channel, pin or parameter nobody uses.", look: unused::look },
    Rule { name: "limits", doc: "A command without a time limit.", look: limits::look },
    Rule { name: "review", doc: "A review of the runbook that is overdue.", look: review::look },
    Rule { name: "unreached", doc: "A step that no choice of parameters reaches.", look: unreached::look },
    Rule { name: "hidden", doc: "A field that hides a name in `expect`.", look: hidden::look },
    Rule {
        name: "pins",
        doc: "An undo that names no pin, and returns to the bad version when it is run twice.",
        look: pins::look,
    },
    Rule { name: "gauges", doc: "A check or condition on a probe that expects nothing.", look: gauges::look },
];

/// Names of all rules with what each looks for.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.name, rule.doc))
}

/// Warnings about a runbook without errors, sorted by place. `today` is the day that reviews are measured against.
pub fn lint(loaded: &Loaded, today: NaiveDate) -> Vec<Problem> {
    let visits = visits(&loaded.runbook);
    let known = Known::of(&loaded.runbook, &visits, &mut vec![]);
    let lint = Lint { loaded, visits: &visits, known: &known, today };
    let mut faults = vec![];
    for rule in RULES {
        (rule.look)(&lint, &mut faults);
    }
    Problem::all(faults, &loaded.sources)
}

/// The caution that a review is overdue, in words; none when it is not.
pub fn overdue(loaded: &Loaded, today: NaiveDate) -> Option<String> {
    review::overdue(&loaded.runbook, today)
}

/// Loads and lints a file: everything that is to be said, as text, and whether the runbook can be flown.
pub fn lint_file(path: &Path, today: NaiveDate) -> (String, bool) {
    let (problems, ok) = match load(path) {
        Ok(loaded) => (lint(&loaded, today), true),
        Err(problems) => (problems, false),
    };
    let mut text: String = problems.iter().map(|problem| format!("{problem}\n\n")).collect();
    let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    text.push_str(&format!("{}: {}, {}\n", path.display(), plural(errors, "error"), plural(warnings, "warning")));
    (text, ok)
}

#[cfg(test)]
mod tests;
