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
        LogsFrom::Kubernetes => {
            let option = |name: &str, value: &Option<Template>| {
                fill(value).map(|value| format!(" {name} {}", word(&value))).unwrap_or_default()
            };
            let place = format!("{}{}", option("--context", &logs.context), option("-n", &logs.namespace));
            let since = fill(&logs.since).map(|since| format!(" --since-time={}", word(&since))).unwrap_or_default();
            let one = |what: &str| format!("kubectl logs{what}{place}{since} --all-containers");
            let all: Vec<String> = match logs.deployments.as_slice() {
                [] => vec![format!("kubectl get pods -o name{place} | xargs -n 1 {}", one(""))],
                names => names
                    .iter()
                    .map(|n| one(&format!(" {}", word(&format!("deployment/{}", partly(n, scope))))))
                    .collect(),
            };
            format!("({}) | grep -E {}", all.join("; "), word(&logs.pattern))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::words::Value;

    fn some(text: &str) -> Option<Template> {
        Some(Template::plain(text))
    }

    #[test]
    fn logs_are_looked_at_with_the_command_of_their_platform() {
        let scope: BTreeMap<String, Value> = BTreeMap::new();
        let of = |from, look: Logs| logs(&Logs { from, pattern: "panic: |fatal".into(), ..look }, &scope);
        let since = some("2026-11-24T09:00:00Z");
        let project = Logs { project: some("compose"), since: since.clone(), ..Logs::default() };
        assert_eq!(
            of(LogsFrom::Docker, project),
            "docker compose -p compose logs --no-color --since 2026-11-24T09:00:00Z | grep -E 'panic: |fatal'"
        );
        let pods = Logs { namespace: some("prod"), since, ..Logs::default() };
        assert_eq!(
            of(LogsFrom::Kubernetes, pods.clone()),
            "(kubectl get pods -o name -n prod | xargs -n 1 kubectl logs -n prod \
             --since-time=2026-11-24T09:00:00Z --all-containers) | grep -E 'panic: |fatal'"
        );
        let kms = Logs { deployments: vec![Template::plain("kms")], since: None, ..pods };
        assert_eq!(
            of(LogsFrom::Kubernetes, kms),
            "(kubectl logs deployment/kms -n prod --all-containers) | grep -E 'panic: |fatal'"
        );
        let streams = Logs { url: some("http://l/"), query: some("{a=\"b\"}"), ..Logs::default() };
        assert_eq!(
            of(LogsFrom::Loki, streams),
            "curl --silent --show-error --get http://l/loki/api/v1/query_range --data-urlencode \
             'query={a=\"b\"} |~ `panic: |fatal`'"
        );
    }
}
