//! Undos that destroy what the recovery point objective protects.

use std::sync::LazyLock;

use regex::Regex;

use super::walk::{Place, Visit};
use crate::runbook::Fault;
use crate::runbook::model::{Action, Runbook};

/// Commands that delete data, with what they delete.
const DESTROYERS: &[(&str, &str)] = &[
    (r"\bdown\b[^\n;|&]*\s(-v|--volumes)\b", "`down -v` deletes the volumes"),
    (r"\bvolume\s+(rm|prune)\b", "this deletes volumes"),
    (
        r"\bdelete\s+(pvc|pv|persistentvolumeclaims?|persistentvolumes?|namespaces?|ns)\b",
        "this deletes volumes of the cluster",
    ),
    (r"(?i)\bdrop\s+(database|schema|table)\b", "this drops data"),
    (r"\bdropdb\b", "this drops a database"),
    (r"(?i)\btruncate\s+table\b", "this empties a table"),
];

static RULES: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| DESTROYERS.iter().filter_map(|(p, why)| Some((Regex::new(p).ok()?, *why))).collect());

/// What a command deletes, in words; none when it deletes no data that we know of.
pub fn destroys(text: &str) -> Option<&'static str> {
    RULES.iter().find(|(rule, _)| rule.is_match(text)).map(|(_, why)| *why)
}

/// No undo and no step of the rollback deletes data when no data may be lost.
pub fn check(runbook: &Runbook, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    let Some(rpo) = runbook.objectives.rpo else { return };
    let back = |visit: &&Visit<'_>| visit.undoes.is_some() || visit.place == Place::Rollback;
    for visit in visits.iter().filter(back) {
        let text = match &visit.step.action {
            Action::Run(run) => run.command.words.iter().map(|w| w.source()).collect::<Vec<_>>().join(" "),
            Action::Script(script) => script.text.clone(),
            _ => continue,
        };
        let at = visit.step.uses.iter().find(|u| u.key == "run").map_or(visit.step.at, |u| u.at);
        if let Some(why) = destroys(&text) {
            let lost = if rpo == 0.0 {
                "no data".to_owned()
            } else {
                format!("no more than {}", crate::words::short_duration(rpo))
            };
            let message = format!("{why}, and `rpo` says that {lost} may be lost");
            faults.push(
                Fault::error(at, message)
                    .hint("go back without deleting data; restore a backup where data must change"),
            );
        }
    }
}
