//! Logs of containers and pods: lines that follow from when they were started and from the simulated load.

use chrono::{DateTime, Utc};

use super::super::command::{Command, Ended};
use super::{project, refuse};
use crate::sandbox::state::compose::{Container, Phase};
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::socket::Gone;

/// An access line each so often.
const EACH: Millis = 10_000;
/// How often a followed log is looked at, in real time.
const FOLLOW: std::time::Duration = std::time::Duration::from_millis(150);

/// What a service writes when it starts: after so many milliseconds, this.
fn start_lines(service: &str) -> &'static [(Millis, &'static str)] {
    match service {
        name if name.contains("kms") || name.starts_with("cryptoutil-postgres") => &[
            (200, "INFO starting cryptoutil kms"),
            (900, "INFO database connected db_type=postgres"),
            (1_600, "INFO migrations applied"),
            (2_900, "INFO unsealed root keys mode=3-of-5"),
            (3_900, "INFO admin listener is listening on https://0.0.0.0:9090"),
            (4_000, "INFO public listener is listening on https://0.0.0.0:8080"),
            (9_500, "INFO key pools filled, service is ready"),
        ],
        "postgres" | "identity-postgres" => &[
            (300, "LOG:  starting PostgreSQL 18.0 (Debian 18.0-1.pgdg13+3) on x86_64-pc-linux-gnu"),
            (500, "LOG:  listening on IPv4 address \"0.0.0.0\", port 5432"),
            (1_500, "LOG:  database system is ready to accept connections"),
        ],
        name if name.starts_with("identity") => &[
            (200, "INFO starting cryptoutil identity"),
            (1_100, "INFO database connected db_type=postgres"),
            (2_500, "INFO listening on https://0.0.0.0:8080"),
            (6_500, "INFO service is ready"),
        ],
        "grafana-otel-lgtm" => &[
            (1_000, "Starting grafana, loki, prometheus, tempo"),
            (12_000, "The OpenTelemetry collector and the Grafana LGTM stack are up and running."),
        ],
        "opentelemetry-collector-contrib" => &[
            (300, "info\tservice@v0.139.0/service.go:222\tStarting otelcol-contrib..."),
            (900, "info\tservice@v0.139.0/service.go:245\tEverything is ready. Begin running and processing data."),
        ],
        name if name.starts_with("healthcheck-open") => &[(3_900, "{\"status\":\"Server available\"}")],
        name if name.starts_with("healthcheck") => {
            &[(600, "-r-------- 1 root root 48 /run/secrets/postgres_url.secret")]
        }
        _ => &[(300, "image is here")],
    }
}

/// What a service writes while it works, in turn.
fn work_lines(service: &str) -> &'static [&'static str] {
    match service {
        name if name.contains("kms") || name.starts_with("cryptoutil-postgres") => &[
            "INFO 200 POST /service/api/v1/elastickey/:id/encrypt 8.4ms",
            "INFO 200 POST /service/api/v1/elastickey/:id/decrypt 9.1ms",
            "INFO 200 POST /service/api/v1/elastickey/:id/encrypt 7.9ms",
            "INFO 200 POST /service/api/v1/elastickey/:id/generate 31.0ms",
        ],
        "identity-authz" => &["INFO 302 GET /oauth2/v1/authorize 6ms", "INFO 200 POST /oauth2/v1/token 18ms"],
        "identity-idp" => &["INFO 302 POST /oidc/v1/login 142ms", "INFO 200 GET /oidc/v1/userinfo 4ms"],
        "identity-rs" => &["INFO 200 GET /api/v1/protected/resource 3ms"],
        "opentelemetry-collector-contrib" => &["info\tMetrics\t{\"resource metrics\": 3, \"data points\": 412}"],
        _ => &[],
    }
}

/// Lines of a service that was started at `started` and became ready at `ready`, written from `from` up to before `to`.
pub fn lines(service: &str, started: Millis, ready: Millis, from: Millis, to: Millis) -> Vec<(Millis, String)> {
    let begin = start_lines(service).iter().map(|(after, text)| (started + after, (*text).to_owned()));
    let mut lines: Vec<(Millis, String)> = begin.filter(|(at, _)| (from..to).contains(at)).collect();
    let work = work_lines(service);
    if !work.is_empty() {
        let first = (from.max(ready) - ready + EACH - 1) / EACH;
        let each = (first..).map(|n| (ready + n * EACH, n)).take_while(|(at, _)| *at < to);
        lines.extend(each.map(|(at, n)| (at, work[n as usize % work.len()].to_owned())));
    }
    lines
}

/// `logs -f --tail=N`, `logs --tail=N [SERVICE]`, `logs --no-color --since TIME`.
pub async fn logs(command: &mut Command<'_>) -> Ended {
    let (project, profiles) = match project(command) {
        Ok(found) => found,
        Err(error) => return refuse(command, error).await,
    };
    let only = command.given.get("service").to_owned();
    let services: Vec<String> = project
        .active(&profiles)
        .into_iter()
        .map(|s| s.name.clone())
        .filter(|name| only.is_empty() || *name == only)
        .collect();
    if services.is_empty() {
        return command.fail(1, format!("no such service: {only}")).await;
    }
    let since = command.given.get("since").to_owned();
    let from = match (since.as_str(), DateTime::parse_from_rfc3339(&since)) {
        ("", _) => None,
        (_, Ok(time)) => Some(command.core.at_wall(time.with_timezone(&Utc))),
        (_, Err(_)) => return command.not_simulated(&format!("--since {since}")).await,
    };
    let tail = match (command.given.get("tail"), command.given.get("tail").parse::<usize>()) {
        ("" | "all", _) => usize::MAX,
        (_, Ok(n)) => n,
        (text, Err(_)) => {
            let line = format!("Error response from daemon: invalid tail value: {text}");
            return command.fail(1, line).await;
        }
    };
    let width = services.iter().map(String::len).max().unwrap_or_default() + 2;
    // A line is written for its own moment: what is later than this comes when it is followed.
    let mut until = command.core.now();
    let shown = written(command.core, &project.name, &services, from, until, tail);
    print(command, shown, width).await?;
    while command.given.has("follow") {
        tokio::time::sleep(FOLLOW).await;
        let now = command.core.now();
        let new = written(command.core, &project.name, &services, Some(until), now, usize::MAX);
        until = now;
        print(command, new, width).await?;
    }
    Ok(0)
}

type Written = Vec<(Millis, String, String)>;

async fn print(command: &mut Command<'_>, lines: Written, width: usize) -> Result<(), Gone> {
    if lines.is_empty() {
        return Ok(());
    }
    let text: String = lines
        .into_iter()
        .map(|(at, service, line)| {
            let at = command.core.stamp(at);
            format!("{:width$}  | {at} {line}\n", format!("{service}-1"))
        })
        .collect();
    command.out(text).await
}

/// What the services' containers wrote, in order of time.
fn written(core: &Core, project: &str, services: &[String], from: Option<Millis>, to: Millis, tail: usize) -> Written {
    let mut all: Written = vec![];
    for service in services {
        let container = core.look(|s, _| s.engine.of(project, service).cloned());
        let Some((container, started)) = container.and_then(|c| c.started.map(|at| (c, at))) else { continue };
        let end = end(&container, to);
        let ready = container.healthy_at().unwrap_or(started + 1_000);
        // Without a beginning, no more than what a tail shows.
        let begin = from.unwrap_or(if end - started > 600_000 { end - 600_000 } else { started });
        let mut own = lines(service, started, ready, begin, end);
        let cut = own.len().saturating_sub(tail);
        all.extend(own.drain(cut..).map(|(at, line)| (at, service.clone(), line)));
    }
    all.sort();
    all
}

/// What a container wrote from a time on, as its engine keeps it.
pub fn container_lines(container: &Container, from: Millis, now: Millis) -> Vec<(Millis, String)> {
    let Some(started) = container.started else { return vec![] };
    let ready = container.healthy_at().unwrap_or(started + 1_000);
    lines(&container.service, started, ready, from.max(started), end(container, now))
}

/// A container that has ended writes no more.
fn end(container: &Container, to: Millis) -> Millis {
    match container.phase(to) {
        Phase::Exited(_, at) => at.min(to),
        _ => to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_neighbouring_spans_are_those_of_the_whole() {
        let whole = lines("cryptoutil-postgres-1", 1_000, 12_000, 0, 100_000);
        let mut parts = lines("cryptoutil-postgres-1", 1_000, 12_000, 0, 33_333);
        parts.extend(lines("cryptoutil-postgres-1", 1_000, 12_000, 33_333, 100_000));
        assert_eq!(whole, parts);
        assert!(whole.len() > 12, "{whole:?}");
    }

    #[test]
    fn nothing_that_a_search_for_faults_would_find() {
        let faults = regex::Regex::new("(?i)panic|error|fatal|tls:|x509:|SIGSEGV|OOM").unwrap();
        for service in [
            "cryptoutil-kms",
            "postgres",
            "identity-authz",
            "identity-idp",
            "identity-rs",
            "grafana-otel-lgtm",
            "opentelemetry-collector-contrib",
        ] {
            for (_, line) in lines(service, 0, 10_000, 0, 200_000) {
                assert!(!faults.is_match(&line), "{line}");
            }
        }
    }
}
