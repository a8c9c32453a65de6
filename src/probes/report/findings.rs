//! gosec's and ZAP's own JSON.

use super::{Findings, Says, json};

/// `gosec -fmt json`: `Issues[].severity` HIGH, MEDIUM, LOW; what is marked `nosec` or suppressed does not count.
pub(super) fn gosec(text: &str) -> Result<Says, String> {
    let document = json(text)?;
    let stats = &document["Stats"];
    if !stats.is_object() {
        return Err("no report of gosec: it has no `Stats`".into());
    }
    if stats["files"].as_u64().unwrap_or(0) == 0 {
        return Err("gosec scanned no file".into());
    }
    if let Some((file, _)) = document["Golang errors"].as_object().and_then(|errors| errors.iter().next()) {
        return Err(format!("gosec could not read all of the code ({file})"));
    }
    let mut found = Findings::default();
    for issue in document["Issues"].as_array().into_iter().flatten() {
        let accepted = issue["nosec"] == true || issue["suppressions"].as_array().is_some_and(|s| !s.is_empty());
        if accepted {
            continue;
        }
        match issue["severity"].as_str() {
            Some("LOW") => found.low += 1,
            Some("MEDIUM") => found.medium += 1,
            // An unknown word is not taken lightly.
            _ => found.high += 1,
        }
    }
    Ok(Says::Findings(found))
}

/// ZAP's JSON report: one finding an alert, `riskcode` 3 high, 2 medium, 1 low, 0 for information.
pub(super) fn zap(text: &str) -> Result<Says, String> {
    let document = json(text)?;
    // One site alone is an object.
    let sites = match &document["site"] {
        serde_json::Value::Array(sites) => sites.iter().collect(),
        site @ serde_json::Value::Object(_) => vec![site],
        _ => return Err("no report of ZAP: it has no `site`".into()),
    };
    if sites.is_empty() {
        return Err("ZAP saw no site: was the target up?".into());
    }
    let mut found = Findings::default();
    for alert in sites.iter().flat_map(|site| site["alerts"].as_array().into_iter().flatten()) {
        let code = &alert["riskcode"];
        match code.as_str().and_then(|c| c.parse::<i64>().ok()).or_else(|| code.as_i64()) {
            Some(3) => found.high += 1,
            Some(2) => found.medium += 1,
            Some(1) => found.low += 1,
            Some(0) => {}
            _ => return Err(format!("an alert has the unknown risk {code}")),
        }
    }
    Ok(Says::Findings(found))
}
