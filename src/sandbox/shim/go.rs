//! `go test` and `go tool cover`.

use std::io;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::command::{Command, Ended};
use crate::sandbox::state::names;
use crate::sandbox::world::socket::Gone;

/// Packages of the simulated repository with how many tests each has.
const PACKAGES: [(&str, usize); 14] = [
    ("cryptoutil/internal/common/config", 11),
    ("cryptoutil/internal/common/crypto/jose", 34),
    ("cryptoutil/internal/common/crypto/keygen", 19),
    ("cryptoutil/internal/common/pool", 9),
    ("cryptoutil/internal/common/telemetry", 7),
    ("cryptoutil/internal/identity/authz", 28),
    ("cryptoutil/internal/identity/idp", 31),
    ("cryptoutil/internal/identity/idp/userauth", 26),
    ("cryptoutil/internal/identity/rs", 12),
    ("cryptoutil/internal/kms/client", 8),
    ("cryptoutil/internal/kms/server/application", 14),
    ("cryptoutil/internal/kms/server/barrier", 17),
    ("cryptoutil/internal/kms/server/businesslogic", 22),
    ("cryptoutil/internal/kms/server/repository", 16),
];

/// The package whose tests stand behind `//go:build integration`.
const INTEGRATION: &str = "cryptoutil/internal/identity/integration";

/// Statements that the tests reach, of a thousand.
const COVERED: usize = 958;

const WORDS: [&str; 12] = [
    "HappyPath",
    "EmptyInput",
    "UnknownKey",
    "Expired",
    "Concurrent",
    "RoundTrip",
    "Tampered",
    "Rollback",
    "Defaults",
    "BadRequest",
    "Limits",
    "Restart",
];

/// `test -json [-tags=integration] PACKAGES`.
pub async fn test_json(command: &mut Command<'_>) -> Ended {
    let tagged = command.call.args.iter().any(|a| a == "-tags=integration");
    let pattern = if command.given.has("packages") { command.given.get("packages").to_owned() } else { "./...".into() };
    let packages: Vec<(&str, usize)> = PACKAGES
        .iter()
        .copied()
        // Without the tag the package builds, and holds no test: it passes, and has tested nothing.
        .chain([(INTEGRATION, if tagged { 5 } else { 0 })])
        .filter(|(package, _)| is_in(package, &pattern))
        .collect();
    if packages.is_empty() {
        return command.fail(1, format!("go: warning: {pattern:?} matched no packages")).await;
    }
    for (package, tests) in packages {
        test_package(command, package, tests).await?;
    }
    Ok(0)
}

/// Whether `./a/b/...` or `./a/b` takes a package of this module.
fn is_in(package: &str, pattern: &str) -> bool {
    let path = package.strip_prefix("cryptoutil/").unwrap_or(package);
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    match pattern.strip_suffix("...") {
        Some(prefix) => prefix.is_empty() || path == prefix.trim_end_matches('/') || path.starts_with(prefix),
        None => path == pattern,
    }
}

async fn test_package(command: &mut Command<'_>, package: &str, tests: usize) -> Result<(), Gone> {
    let mut random = names::random(command.core.settings().seed, &["go test", package]);
    let line = |fields: Value| {
        let mut event = json!({ "Time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true), "Package": package });
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        format!("{event}\n")
    };
    let mut text = line(json!({ "Action": "start" }));
    let mut spent = 0.0;
    for n in 0..tests {
        let name = format!("Test{}_{}", title(package), test_name(n));
        let seconds = f64::from(random.u32(1..9)) / 100.0;
        text.push_str(&line(json!({ "Action": "run", "Test": name })));
        text.push_str(&line(json!({ "Action": "output", "Test": name, "Output": format!("=== RUN   {name}\n") })));
        command.out(std::mem::take(&mut text)).await?;
        command.pause((seconds * 600.0) as i64).await;
        let output = format!("--- PASS: {name} ({seconds:.2}s)\n");
        text.push_str(&line(json!({ "Action": "output", "Test": name, "Output": output })));
        text.push_str(&line(json!({ "Action": "pass", "Test": name, "Elapsed": seconds })));
        spent += seconds;
    }
    let last = if tests == 0 { " [no tests to run]" } else { "" };
    text.push_str(&line(json!({ "Action": "output", "Output": "PASS\n" })));
    text.push_str(&line(json!({ "Action": "output", "Output": format!("ok  \t{package}\t{spent:.3}s{last}\n") })));
    text.push_str(&line(json!({ "Action": "pass", "Elapsed": spent })));
    command.out(text).await
}

fn test_name(n: usize) -> String {
    let word = WORDS[n % WORDS.len()];
    if n < WORDS.len() { word.to_owned() } else { format!("{word}{}", n / WORDS.len() + 1) }
}

fn title(package: &str) -> String {
    let last = package.rsplit('/').next().unwrap_or_default();
    let (first, rest) = last.split_at(usize::from(!last.is_empty()));
    format!("{}{rest}", first.to_uppercase())
}

/// `test -count=1 -covermode=atomic -coverprofile=FILE ./...`.
pub async fn test_coverage(command: &mut Command<'_>) -> Ended {
    let mut profile = String::from("mode: atomic\n");
    let share = 1000 / PACKAGES.len();
    let mut statement = 0;
    for (n, (package, _)) in PACKAGES.iter().enumerate() {
        command.pause(700).await;
        let statements = if n + 1 == PACKAGES.len() { 1000 - share * n } else { share };
        let mut covered = 0;
        for line in 0..statements {
            // Spread evenly, so that each package has about the share of the whole.
            let hit = (statement * COVERED) / 1000 != ((statement + 1) * COVERED) / 1000;
            covered += usize::from(hit);
            statement += 1;
            let at = 10 + line * 4;
            let file = package.rsplit('/').next().unwrap_or_default();
            profile.push_str(&format!("{package}/{file}.go:{at}.2,{}.3 1 {}\n", at + 2, u8::from(hit)));
        }
        let percent = covered as f64 / statements as f64 * 100.0;
        command.out(format!("ok  \t{package}\t0.7{n:02}s\tcoverage: {percent:.1}% of statements\n")).await?;
    }
    let file = command.given.get("profile").to_owned();
    command.file(&file, profile).await?;
    Ok(0)
}

/// `tool cover -func=FILE`: computed from the profile, whoever wrote it.
pub async fn cover_func(command: &mut Command<'_>) -> Ended {
    let file = command.given.get("profile").to_owned();
    let text = match std::fs::read_to_string(command.call.cwd.join(&file)) {
        Ok(text) => text,
        Err(error) => {
            let why = if error.kind() == io::ErrorKind::NotFound {
                "no such file or directory".into()
            } else {
                error.to_string()
            };
            return command.fail(1, format!("cover: open {file}: {why}")).await;
        }
    };
    let (mut all, mut hit, mut lines) = (0_u64, 0_u64, String::new());
    let mut files: Vec<(String, u64, u64)> = vec![];
    for line in text.lines().skip(1) {
        let Some((place, numbers)) = line.split_once(' ') else { continue };
        let Some((statements, count)) = numbers.split_once(' ') else { continue };
        let (Ok(statements), Ok(count)) = (statements.parse::<u64>(), count.parse::<u64>()) else { continue };
        let name = place.split(':').next().unwrap_or_default();
        let covered = if count > 0 { statements } else { 0 };
        all += statements;
        hit += covered;
        match files.last_mut().filter(|(last, _, _)| last == name) {
            Some((_, a, h)) => {
                *a += statements;
                *h += covered;
            }
            None => files.push((name.to_owned(), statements, covered)),
        }
    }
    if all == 0 {
        return command.fail(1, format!("cover: {file}: no statements")).await;
    }
    for (name, all, hit) in files {
        lines.push_str(&format!("{name}:10:\t\t{}\t\t{:.1}%\n", "(file)", hit as f64 / all as f64 * 100.0));
    }
    lines.push_str(&format!("total:\t\t\t\t\t\t(statements)\t\t{:.1}%\n", hit as f64 / all as f64 * 100.0));
    command.out(lines).await?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_the_packages_below_them() {
        assert!(is_in(INTEGRATION, "./internal/identity/integration/..."));
        assert!(is_in("cryptoutil/internal/kms/client", "./..."));
        assert!(is_in("cryptoutil/internal/kms/client", "./internal/kms/client"));
        assert!(!is_in("cryptoutil/internal/kms/client", "./internal/identity/..."));
    }
}
