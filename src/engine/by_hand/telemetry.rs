//! Looks at logs and at the stores of telemetry, as a person makes them: with docker and curl.

use std::fmt::Write as _;

use super::command::{partly, word};
use crate::expr::{Scope, Template};
use crate::runbook::kinds::{Auth, Grafana, Logs, LogsFrom, Loki, Tempo};

/// The command that shows the matching lines.
pub(super) fn logs(logs: &Logs, scope: &dyn Scope) -> String {
    let fill = |text: &Option<Template>| text.as_ref().map(|t| partly(t, scope));
    match logs.from {
        LogsFrom::Docker => {
            let mut line =
                format!("docker compose -p {} logs --no-color", word(&fill(&logs.project).unwrap_or_default()));
            if let Some(since) = fill(&logs.since) {
                let _ = write!(line, " --since {}", word(&since));
            }
            for service in &logs.services {
                let _ = write!(line, " {}", word(&partly(service, scope)));
            }
            let _ = write!(line, " | grep -E {}", word(&logs.pattern));
            line
        }
        LogsFrom::Loki => {
            let query = format!("{} |~ `{}`", fill(&logs.query).unwrap_or_default(), logs.pattern);
            lines(&fill(&logs.url).unwrap_or_default(), &query, &logs.login, scope)
        }
    }
}

/// The command that asks Loki for lines.
pub(super) fn loki(loki: &Loki, scope: &dyn Scope) -> String {
    lines(&partly(&loki.url, scope), &partly(&loki.query, scope), &loki.auth, scope)
}

/// The command that asks Tempo for traces.
pub(super) fn tempo(tempo: &Tempo, scope: &dyn Scope) -> String {
    let url = format!("{}/api/search", partly(&tempo.url, scope).trim_end_matches('/'));
    let query = format!("q={}", partly(&tempo.query, scope));
    format!("{} --get {} --data-urlencode {}", curl(&tempo.auth, scope), word(&url), word(&query))
}

/// The command that asks Grafana for its health, or for a dashboard.
pub(super) fn grafana(grafana: &Grafana, scope: &dyn Scope) -> String {
    let path = match &grafana.dashboard {
        Some(uid) => format!("api/dashboards/uid/{}", partly(uid, scope)),
        None => "api/health".into(),
    };
    let url = format!("{}/{path}", partly(&grafana.url, scope).trim_end_matches('/'));
    format!("{} {}", curl(&grafana.auth, scope), word(&url))
}

fn lines(url: &str, query: &str, auth: &Auth, scope: &dyn Scope) -> String {
    let url = format!("{}/loki/api/v1/query_range", url.trim_end_matches('/'));
    let query = format!("query={query}");
    format!("{} --get {} --data-urlencode {}", curl(auth, scope), word(&url), word(&query))
}

fn curl(auth: &Auth, scope: &dyn Scope) -> String {
    let mut line = String::from("curl --silent --show-error");
    for (option, value) in [("--cacert", &auth.ca), ("--user", &auth.basic_auth)] {
        if let Some(value) = value {
            let _ = write!(line, " {option} {}", word(&partly(value, scope)));
        }
    }
    if let Some(bearer) = &auth.bearer {
        let _ = write!(line, " --header {}", word(&format!("Authorization: Bearer {}", partly(bearer, scope))));
    }
    line
}
