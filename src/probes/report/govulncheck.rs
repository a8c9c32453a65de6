//! `govulncheck -format json`: JSON messages one after the other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Findings, Says};

/// Counts vulnerabilities by how near they come: code that calls one is high, an imported package medium, a required
/// module low.
pub(super) fn read(text: &str) -> Result<Says, String> {
    let (mut config, mut nearest) = (false, BTreeMap::<String, u8>::new());
    for message in serde_json::Deserializer::from_str(text).into_iter::<Json>() {
        let message =
            message.map_err(|e| format!("no JSON of govulncheck ({e}): did it break off? was it `-format json`?"))?;
        config |= message["config"].is_object();
        let finding = &message["finding"];
        if let Some(id) = finding["osv"].as_str() {
            let frame = &finding["trace"][0];
            let near = match (frame["function"].as_str(), frame["package"].as_str()) {
                (Some(_), _) => 2,
                (None, Some(_)) => 1,
                (None, None) => 0,
            };
            let entry = nearest.entry(id.to_owned()).or_default();
            *entry = near.max(*entry);
        }
    }
    if !config {
        return Err("no report of govulncheck: it has no `config` message".into());
    }
    let count = |near| nearest.values().filter(|n| **n == near).count() as u64;
    Ok(Says::Findings(Findings { critical: 0, high: count(2), medium: count(1), low: count(0) }))
}
