//! `go test -json`: one event a line.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Says, Tests};

/// How a test or a package ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Passed,
    Failed,
    Skipped,
}

/// Counts tests (subtests too) by their last event. A test that began and did not end failed; a package that failed
/// without a failing test (it does not build, it panicked) is one failure.
pub(super) fn read(text: &str) -> Result<Says, String> {
    let mut tests: BTreeMap<(String, String), End> = BTreeMap::new();
    let mut packages: BTreeMap<String, End> = BTreeMap::new();
    let mut coverage: Vec<f64> = vec![];
    let mut events = 0_usize;
    for line in text.lines().map(str::trim).filter(|l| l.starts_with('{')) {
        // Compilers write plain lines between; a line that begins as JSON and is none was cut off.
        let event: Json = serde_json::from_str(line).map_err(|_| "a line is cut off: the tool broke off".to_owned())?;
        let Some(action) = event["Action"].as_str() else { continue };
        events += 1;
        let package = event["Package"].as_str().unwrap_or_default().to_owned();
        if action == "output" {
            coverage.extend(event["Output"].as_str().and_then(covered));
            continue;
        }
        let end = match action {
            "run" | "start" => End::Open,
            "pass" => End::Passed,
            "fail" | "build-fail" => End::Failed,
            "skip" => End::Skipped,
            _ => continue,
        };
        match event["Test"].as_str() {
            Some(test) => tests.insert((package, test.to_owned()), end),
            None => packages.insert(package, end),
        };
    }
    if events == 0 {
        return Err("no event of `go test -json` in it".into());
    }
    let count = |end| tests.values().filter(|e| **e == end).count() as u64;
    let failing =
        |package: &String| tests.iter().any(|((p, _), e)| p == package && matches!(e, End::Failed | End::Open));
    let broken = packages.iter().filter(|(p, e)| matches!(e, End::Failed | End::Open) && !failing(p)).count() as u64;
    let coverage = match coverage.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let failed = count(End::Failed) + count(End::Open) + broken;
    Ok(Says::Tests(Tests { passed: count(End::Passed), failed, skipped: count(End::Skipped), coverage }))
}

/// `coverage: 73.0% of statements` as a ratio.
fn covered(line: &str) -> Option<f64> {
    let (share, rest) = line.trim().strip_prefix("coverage: ")?.split_once('%')?;
    rest.starts_with(" of statements").then(|| share.parse::<f64>().ok().map(|p| p / 100.0))?
}
