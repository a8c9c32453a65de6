//! `gosec`, `act`, and the DAST workflow.

use chrono::{SecondsFormat, Utc};
use serde_json::json;

use super::command::{Command, Ended};
use crate::sandbox::world::clock::Millis;

/// `act --version`.
pub async fn act(command: &mut Command<'_>) -> Ended {
    command.out("act version 0.2.82\n").await?;
    Ok(0)
}

/// `gosec -quiet -no-fail -fmt=json -out=FILE ./...`: two findings, none of them high.
pub async fn gosec(command: &mut Command<'_>) -> Ended {
    command.pause(9_000).await;
    let issue = |rule: &str, severity: &str, details: &str, file: &str, line: u32, cwe: &str| {
        json!({
            "severity": severity, "confidence": "HIGH", "cwe": { "id": cwe, "url": format!("https://cwe.mitre.org/data/definitions/{cwe}.html") },
            "rule_id": rule, "details": details, "file": file, "code": "", "line": line.to_string(), "column": "2",
            "nosec": false, "suppressions": null,
        })
    };
    let report = json!({
        "Golang errors": {},
        "Issues": [
            issue("G404", "MEDIUM", "Use of weak random number generator", "internal/common/pool/pool_test_helper.go", 41, "338"),
            issue("G104", "LOW", "Errors unhandled", "internal/common/telemetry/shutdown.go", 88, "703"),
        ],
        "Stats": { "files": 412, "lines": 61_874, "nosec": 17, "found": 2 },
        "GosecVersion": "2.22.10",
    });
    let file = command.given.get("out").to_owned();
    command.file(&file, pretty(&report)).await?;
    Ok(0)
}

/// Stages of the DAST workflow: what is printed and how long it takes.
const STAGES: [(&str, Millis); 9] = [
    ("[DAST/dast] 🚀  Start image=catthehacker/ubuntu:act-latest", 4_000),
    ("[DAST/dast] ⭐ Run Main Build the application", 21_000),
    ("[DAST/dast]   ✅  Success - Main Build the application", 500),
    ("[DAST/dast] ⭐ Run Main Start the application", 9_000),
    ("[DAST/dast]   ✅  Success - Main Start the application", 500),
    ("[DAST/dast] ⭐ Run Main ZAP baseline and API scan", 74_000),
    ("[DAST/dast]   ✅  Success - Main ZAP baseline and API scan", 500),
    ("[DAST/dast] ⭐ Run Main Nuclei scan", 38_000),
    ("[DAST/dast]   ✅  Success - Main Nuclei scan", 500),
];

/// `go run ./cmd/workflow -workflows=dast -inputs=scan_profile=quick`.
pub async fn dast(command: &mut Command<'_>) -> Ended {
    command.out("Running workflow: dast (scan_profile=quick)\n").await?;
    for (line, takes) in STAGES {
        command.out(format!("{line}\n")).await?;
        command.pause(takes).await;
    }
    let now = Utc::now();
    let alert = |name: &str, risk: u8, words: &str, count: u32| json!({ "pluginid": "10000", "alert": name, "name": name, "riskcode": risk.to_string(), "confidence": "2", "riskdesc": words, "count": count.to_string(), "instances": [] });
    let zap = json!({
        "@programName": "ZAP", "@version": "2.16.1", "@generated": now.to_rfc2822(),
        "created": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "site": [{
            "@name": "https://127.0.0.1:8080", "@host": "127.0.0.1", "@port": "8080", "@ssl": "true",
            "alerts": [
                alert("Strict-Transport-Security Disabled", 1, "Low (High)", 2),
                alert("Storable and Cacheable Content", 0, "Informational (Medium)", 4),
            ],
        }],
    });
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "Nuclei", "version": "3.4.10", "rules": [{
                "id": "tls-version", "shortDescription": { "text": "TLS version" }, "properties": { "security-severity": "0.0" },
            }] } },
            "results": [{
                "ruleId": "tls-version", "level": "note", "message": { "text": "TLS 1.3 is offered" },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "127.0.0.1:8080" } } }],
            }],
        }],
    });
    command.file("workflow-reports/dast/zap-report.json", pretty(&zap)).await?;
    command.file("workflow-reports/dast/nuclei.sarif", pretty(&sarif)).await?;
    command.out("[DAST/dast] 🏁  Job succeeded\nReports: workflow-reports/dast\n").await?;
    Ok(0)
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
