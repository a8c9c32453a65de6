//! Looks as a person makes them: with curl, psql, openssl, or in words.

use std::fmt::Write as _;

use super::command::{partly, script, word};
use super::kubectl::{kubectl, through};
use super::{services, telemetry};
use crate::engine::plan::Probe;
use crate::engine::resolve::script_values;
use crate::engine::state::State;
use crate::expr::{Expr, Scope, Template};
use crate::runbook::kinds::{Docker, DockerOf, Http, Postgres, ProbeKind, Tls};
use crate::words::Value;

/// How a person looks.
pub(super) enum How {
    /// A command to type.
    Command(String),
    /// What to look at.
    Words(String),
}

/// How a person makes the look of a probe.
pub(super) fn how(state: &State, probe: &Probe, scope: &dyn Scope) -> How {
    let fill = |template: &Template| partly(template, scope);
    let maybe = |template: &Option<Template>| template.as_ref().map(fill);
    match &probe.kind {
        ProbeKind::Http(http) => How::Command(through(&http.via, &http.url, 443, curl(http, scope), scope)),
        ProbeKind::Openapi(openapi) => match &openapi.file {
            Some(file) => How::Words(format!("the file {}", fill(file))),
            None => {
                let http = &openapi.http;
                How::Command(through(&http.via, &http.url, 443, curl(http, scope), scope))
            }
        },
        ProbeKind::Prometheus(prometheus) => {
            let url = fill(&prometheus.url);
            let mut line = String::from("curl --silent --show-error --get");
            let options = [("--cacert", maybe(&prometheus.ca)), ("--user", maybe(&prometheus.basic_auth))];
            for (option, value) in options.into_iter().filter_map(|(o, v)| Some((o, v?))) {
                let _ = write!(line, " {option} {}", word(&value));
            }
            let path = if prometheus.range.is_some() { "query_range" } else { "query" };
            let _ = write!(line, " {}", word(&format!("{}/api/v1/{path}", url.trim_end_matches('/'))));
            let _ = write!(line, " --data-urlencode {}", word(&format!("query={}", fill(&prometheus.query))));
            if let Some(range) = prometheus.range {
                let step = prometheus.step.unwrap_or(range / 60.0).max(1.0);
                let _ = write!(
                    line,
                    " --data start=$(date -d '-{range} seconds' +%s) --data end=$(date +%s) --data step={step}"
                );
            }
            How::Command(line)
        }
        ProbeKind::Postgres(postgres) => {
            let line = psql(postgres, scope);
            How::Command(match postgres.url.as_ref().or(postgres.address.as_ref()) {
                Some(at) => through(&postgres.via, at, 5432, line, scope),
                None => line,
            })
        }
        ProbeKind::Tls(tls) => tls_look(tls, scope),
        ProbeKind::Tcp(tcp) => How::Words(format!("whether {} can be reached", fill(&tcp.address))),
        ProbeKind::Port(port) => {
            let ports: Vec<String> = port.ports.iter().map(fill).collect();
            How::Words(format!("who holds the ports {}", ports.join(", ")))
        }
        ProbeKind::File(file) => How::Command(format!("ls -l {}", fill(&file.path))),
        ProbeKind::Config(config) => match maybe(&config.file) {
            Some(file) => How::Words(format!("the file {file}")),
            None => How::Words("a text of the runbook".into()),
        },
        ProbeKind::Report(report) => How::Words(format!("the report {}", fill(&report.path))),
        ProbeKind::Git(git) => {
            let folder = maybe(&git.folder).unwrap_or_else(|| ".".into());
            How::Command(format!("git -C {0} rev-parse HEAD; git -C {0} status --short", word(&folder)))
        }
        ProbeKind::Docker(docker) => How::Command(docker_look(docker, scope)),
        ProbeKind::Kubernetes(look) => How::Command(kubectl(look, scope)),
        ProbeKind::Oauth(oauth) => How::Words(services::oauth(oauth, scope)),
        ProbeKind::Kms(kms) => How::Command(services::kms(kms, scope)),
        ProbeKind::Logs(logs) => How::Command(telemetry::logs(logs, scope)),
        ProbeKind::Loki(loki) => How::Command(telemetry::loki(loki, scope)),
        ProbeKind::Tempo(tempo) => How::Command(telemetry::tempo(tempo, scope)),
        ProbeKind::Grafana(grafana) => How::Command(telemetry::grafana(grafana, scope)),
        ProbeKind::Run(run) => {
            How::Command(run.command.words.iter().map(|w| word(&fill(w))).collect::<Vec<_>>().join(" "))
        }
        ProbeKind::Script(look) => {
            let mut line = String::new();
            for (name, value) in script_values(state, &look.script, probe.each.as_ref()) {
                let _ = write!(line, "{name}={} ", word(&value));
            }
            line.push_str(&script(look.shell.as_deref().unwrap_or("bash"), &look.script));
            How::Command(line)
        }
        ProbeKind::AllOf(_) | ProbeKind::AnyOf(_) => How::Words("its members".into()),
    }
}

/// What the names in these expectations stand for, so that a person can compare: ` (pins.keys_before is 8)`.
pub(super) fn known(expect: &[Expr], scope: &dyn Scope) -> String {
    let mut known: Vec<String> = vec![];
    for used in expect.iter().flat_map(Expr::used) {
        let path: Vec<&str> = used.path.iter().map(String::as_str).collect();
        let value = match (scope.member(&path), scope.value("item")) {
            (Value::Map(map), Value::Text(key)) if map.contains_key(&key) => map.get(&key).cloned().unwrap_or_default(),
            (value, _) => value,
        };
        if matches!(value, Value::NoData | Value::Map(_)) {
            continue;
        }
        let said = format!("{} is {value}", path.join("."));
        if !known.contains(&said) {
            known.push(said);
        }
    }
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}

fn curl(http: &Http, scope: &dyn Scope) -> String {
    let fill = |template: &Template| word(&partly(template, scope));
    let mut line = String::from("curl --silent --show-error --include");
    let options = [
        ("--request", &http.method),
        ("--cacert", &http.ca),
        ("--cert", &http.cert),
        ("--key", &http.key),
        ("--user", &http.basic_auth),
        ("--data", &http.body),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            let _ = write!(line, " {option} {}", fill(value));
        }
    }
    let headers = http.headers.iter().map(|(name, value)| (name.clone(), value));
    let origin = http.origin.iter().map(|value| ("Origin".to_owned(), value));
    for (name, value) in headers.chain(origin) {
        let _ = write!(line, " --header {}", word(&format!("{name}: {}", partly(value, scope))));
    }
    if let Some(bearer) = &http.bearer {
        let _ = write!(line, " --header {}", word(&format!("Authorization: Bearer {}", partly(bearer, scope))));
    }
    let _ = write!(line, " {}", fill(&http.url));
    line
}

fn psql(postgres: &Postgres, scope: &dyn Scope) -> String {
    let fill = |template: &Template| partly(template, scope);
    let to = match (&postgres.url, &postgres.address) {
        (Some(url), _) => fill(url),
        (None, Some(address)) => {
            let user = postgres.user.as_ref().map(|user| format!("{}@", fill(user))).unwrap_or_default();
            format!("postgres://{user}{}", fill(address))
        }
        (None, None) => String::new(),
    };
    let query = postgres.query.as_ref().map_or_else(|| "select 1".to_owned(), fill);
    format!("psql {} -Atc {}", word(&to), word(&query))
}

fn docker_look(docker: &Docker, scope: &dyn Scope) -> String {
    let fill = |template: &Template| word(&partly(template, scope));
    let project = docker.project.as_ref().map(fill).unwrap_or_default();
    let label = format!("--filter label=com.docker.compose.project={project}");
    let each = format!("docker ps --quiet --all {label} | xargs docker");
    match docker.of {
        DockerOf::Engine => "docker version".into(),
        DockerOf::Project => format!("docker compose -p {project} ps --all"),
        DockerOf::Images => {
            format!("docker image inspect {}", docker.images.iter().map(fill).collect::<Vec<_>>().join(" "))
        }
        // Names only: a value must not come on a screen.
        DockerOf::Environment => {
            format!("{each} inspect --format '{{{{range .Config.Env}}}}{{{{println .}}}}{{{{end}}}}' | cut -d= -f1")
        }
        DockerOf::Stats => format!("{each} stats --no-stream"),
        DockerOf::Volumes => format!("docker volume ls {label}"),
    }
}

fn tls_look(tls: &Tls, scope: &dyn Scope) -> How {
    let fill = |template: &Template| partly(template, scope);
    match (&tls.address, &tls.files) {
        (Some(address), _) => {
            let ca = tls.ca.as_ref().map(|ca| format!(" -CAfile {}", word(&fill(ca)))).unwrap_or_default();
            How::Command(format!("openssl s_client -connect {}{ca} </dev/null", word(&fill(address))))
        }
        (None, Some(files)) => How::Command(format!("openssl x509 -noout -subject -enddate -in {}", fill(files))),
        (None, None) => How::Words("its certificate".into()),
    }
}
