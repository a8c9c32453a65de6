//! SARIF 2.1.0, as security scanners write it.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{Findings, Says, json};

/// Counts the results of all runs. Severity is the rule's `security-severity` (9, 7, 4: GitHub's bounds for critical,
/// high, medium) where there is one, else the level: error is high, warning medium, note low.
pub(super) fn read(text: &str) -> Result<Says, String> {
    let document = json(text)?;
    let runs = document["runs"].as_array().ok_or("no SARIF: it has no `runs`")?;
    if runs.is_empty() {
        return Err("no run in it: the tool scanned nothing".into());
    }
    let mut found = Findings::default();
    for run in runs {
        let failed = run["invocations"].as_array().is_some_and(|i| i.iter().any(|i| i["executionSuccessful"] == false));
        if failed {
            return Err("the tool says that its run did not succeed".into());
        }
        let extensions = run["tool"]["extensions"].as_array().into_iter().flatten();
        let parts = std::iter::once(&run["tool"]["driver"]).chain(extensions);
        let rules: HashMap<&str, &Json> = parts
            .flat_map(|part| part["rules"].as_array().into_iter().flatten())
            .filter_map(|rule| Some((rule["id"].as_str()?, rule)))
            .collect();
        // `results` may be absent only when nothing was scanned (SARIF 3.14.23).
        let results = run["results"].as_array().ok_or("a run without results: the tool scanned nothing")?;
        for result in results.iter().filter(|r| counts(r)) {
            let by_index = result["ruleIndex"].as_u64().and_then(|i| run["tool"]["driver"]["rules"].get(i as usize));
            let id = result["ruleId"].as_str().or_else(|| result["rule"]["id"].as_str()).unwrap_or_default();
            let rule = rules.get(id).copied().or(by_index);
            match severity(result, rule) {
                Some(Severity::Critical) => found.critical += 1,
                Some(Severity::High) => found.high += 1,
                Some(Severity::Medium) => found.medium += 1,
                Some(Severity::Low) => found.low += 1,
                None => {}
            }
        }
    }
    Ok(Says::Findings(found))
}

enum Severity {
    Critical,
    High,
    Medium,
    Low,
}

/// Results that a person accepted, that are gone, or that are no findings (`pass`, `notApplicable`) do not count.
fn counts(result: &Json) -> bool {
    let kind = result["kind"].as_str().unwrap_or("fail");
    let accepted = result["suppressions"]
        .as_array()
        .is_some_and(|list| list.iter().any(|s| !matches!(s["status"].as_str(), Some("rejected" | "underReview"))));
    !accepted && result["baselineState"] != "absent" && !matches!(kind, "pass" | "notApplicable" | "informational")
}

fn severity(result: &Json, rule: Option<&Json>) -> Option<Severity> {
    let score = |json: &Json| match &json["properties"]["security-severity"] {
        Json::String(text) => text.parse::<f64>().ok(),
        other => other.as_f64(),
    };
    if let Some(score) = score(result).or_else(|| rule.and_then(score)) {
        return match score {
            s if s >= 9.0 => Some(Severity::Critical),
            s if s >= 7.0 => Some(Severity::High),
            s if s >= 4.0 => Some(Severity::Medium),
            s if s > 0.0 => Some(Severity::Low),
            _ => None,
        };
    }
    let default = rule.and_then(|r| r["defaultConfiguration"]["level"].as_str());
    match result["level"].as_str().or(default).unwrap_or("warning") {
        "error" => Some(Severity::High),
        "warning" => Some(Severity::Medium),
        "note" => Some(Severity::Low),
        _ => None,
    }
}
