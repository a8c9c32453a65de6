//! The probe kinds and their settings, as a runbook writes them.
//!
//! Every text may hold `${{ }}` until it was filled; [`ProbeKind::texts`] reaches all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Grafana, Kms, Kubernetes, Logs, Loki, Oauth, Tempo};
use crate::expr::Template;
use crate::words::Name;

/// One way of looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// One HTTP(S) request.
    Http(Http),
    /// A TLS handshake with an address, or certificate files.
    Tls(Tls),
    /// A TCP connection.
    Tcp(Tcp),
    /// Local ports and who holds them.
    Port(Port),
    /// Files by name or glob.
    File(FileProbe),
    /// A value inside a configuration text.
    Config(ConfigProbe),
    /// A PostgreSQL session and a query.
    Postgres(Postgres),
    /// A PromQL instant query.
    Prometheus(Prometheus),
    /// A report that a tool wrote.
    Report(Report),
    /// An OpenAPI document.
    Openapi(Openapi),
    /// A git folder.
    Git(Git),
    /// A Docker Engine and what runs on it.
    Docker(Docker),
    /// A Kubernetes cluster and what runs on it.
    Kubernetes(Kubernetes),
    /// The authorization-code flow, and what its token is good for.
    Oauth(Box<Oauth>),
    /// A round trip through a key management service.
    Kms(Box<Kms>),
    /// Lines of logs that match a pattern.
    Logs(Box<Logs>),
    /// Lines of Loki's streams.
    Loki(Loki),
    /// Traces of Tempo.
    Tempo(Tempo),
    /// Grafana, and a dashboard of it.
    Grafana(Grafana),
    /// A command, for what has no API.
    Run(RunProbe),
    /// A bash script, for what has no API.
    Script(ScriptProbe),
    /// The worst of those that are on.
    AllOf(Vec<Name>),
    /// The best of those that are on.
    AnyOf(Vec<Name>),
}

/// Settings that http and openapi share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Http {
    /// Address, `https://host:port/path`.
    pub url: Template,
    /// Request method; GET.
    pub method: Option<Template>,
    /// Request headers.
    pub headers: BTreeMap<String, Template>,
    /// Request body.
    pub body: Option<Template>,
    /// PEM file of the only CA to trust (default: the system's).
    pub ca: Option<Template>,
    /// sha256 of the server's certificate, hex, to trust instead of a CA.
    pub fingerprint: Option<Template>,
    /// Client certificate, PEM file.
    pub cert: Option<Template>,
    /// Client key, PEM file.
    pub key: Option<Template>,
    /// `user:password`.
    pub basic_auth: Option<Template>,
    /// Bearer token.
    pub bearer: Option<Template>,
    /// `Origin` header, for CORS.
    pub origin: Option<Template>,
    /// The way to a listener that this machine does not reach by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Keep the connection between looks. No runbook can say so: a new connection is part of what a look tests.
    #[serde(skip)]
    pub keep_alive: bool,
}

/// A way to a listener that this machine does not reach by itself: what is asked is the address as it is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Via {
    /// A pod by name, or `deployment/NAME`: one of its ready pods. Empty: the address is asked from here.
    pub pod: Option<Template>,
    /// Context of the kubeconfig.
    pub context: Option<Template>,
    /// Namespace.
    pub namespace: Option<Template>,
}

impl Via {
    fn texts(&mut self) -> impl Iterator<Item = &mut Template> {
        [&mut self.pod, &mut self.context, &mut self.namespace].into_iter().flatten()
    }
}

/// A TLS handshake, or certificate files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    /// `host:port`.
    pub address: Option<Template>,
    /// Glob of PEM files, instead of an address.
    pub files: Option<Template>,
    /// PEM file of the only CA to trust.
    pub ca: Option<Template>,
    /// PEM file of the private key that must match the certificate.
    pub key: Option<Template>,
    /// Name to verify, when it is not the address's host.
    pub server_name: Option<Template>,
}

/// A TCP connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tcp {
    /// `host:port`.
    pub address: Template,
}

/// Local ports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// Ports, each a number or a range `8080-8082`; a template may give a list joined by commas.
    pub ports: Vec<Template>,
    /// A word that stands in the command line of the processes that may hold them (the running release).
    pub owner: Option<Template>,
}

/// Files by name or glob.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileProbe {
    /// Path or glob.
    pub path: Template,
}

/// How a configuration text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigFormat {
    /// By the file's ending; YAML when there is none.
    #[default]
    Auto,
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// `NAME=value` lines.
    Env,
    /// `postgres://user:password@host:port/database?sslmode=…`.
    Dsn,
}

/// A value inside a configuration text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigProbe {
    /// File to read.
    pub file: Option<Template>,
    /// Text instead of a file.
    pub text: Option<Template>,
    /// How it is read.
    #[serde(rename = "as")]
    pub format: ConfigFormat,
}

/// A PostgreSQL session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Postgres {
    /// Connection URL.
    pub url: Option<Template>,
    /// `host:port`, instead of a URL: asks only whether a server answers there.
    pub address: Option<Template>,
    /// User, with `address`.
    pub user: Option<Template>,
    /// Password, with `address`.
    pub password: Option<Template>,
    /// One query; its first column of its first row is `value`.
    pub query: Option<Template>,
    /// The way to a server that this machine does not reach by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// A PromQL query: of now, or of a range of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prometheus {
    /// Base address of the API.
    pub url: Template,
    /// PromQL.
    pub query: Template,
    /// PEM file of the only CA to trust.
    pub ca: Option<Template>,
    /// `user:password`.
    pub basic_auth: Option<Template>,
    /// Bearer token.
    pub bearer: Option<Template>,
    /// Seconds up to now that are asked for; without, the value of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<f64>,
    /// Seconds between two points of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

/// Formats of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// SARIF 2.1.0.
    #[default]
    Sarif,
    /// `gosec -fmt json`.
    Gosec,
    /// ZAP's JSON report.
    Zap,
    /// `govulncheck -format json`.
    Govulncheck,
    /// `go test -json`.
    GoTest,
    /// A Go coverage profile, or the output of `go tool cover -func`.
    Coverage,
}

/// A report that a tool wrote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// File, or glob of files whose counts are added.
    pub path: Template,
    /// Its format.
    #[serde(rename = "as")]
    pub format: ReportFormat,
    /// A file, or an RFC 3339 time, that the report must be newer than.
    pub newer_than: Option<Template>,
}

/// An OpenAPI document, from an address (http's settings) or a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Openapi {
    /// File instead of an address.
    pub file: Option<Template>,
    /// The request.
    #[serde(flatten)]
    pub http: Http,
}

/// A git folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Git {
    /// The folder; the root by default.
    pub folder: Option<Template>,
}

/// What of a Docker Engine is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DockerOf {
    /// The engine itself.
    #[default]
    Engine,
    /// The containers of a Compose project.
    Project,
    /// Images that are there.
    Images,
    /// The environment of a project's containers.
    Environment,
    /// What a project's containers use.
    Stats,
    /// The volumes of a project: what `down -v` would destroy.
    Volumes,
}

/// Which figure of [`DockerOf::Stats`] is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DockerFigure {
    /// Processor time, of the container that uses most; 1 is one processor.
    #[default]
    Cpu,
    /// Memory of all containers.
    Memory,
    /// Memory against its limit, of the container that is nearest to it.
    MemoryShare,
    /// Restarts of all containers.
    Restarts,
}

/// A Docker Engine and what runs on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Docker {
    /// What is looked at.
    pub of: DockerOf,
    /// Compose project.
    pub project: Option<Template>,
    /// Services of the project that must be there; all that are there by default.
    pub services: Vec<Template>,
    /// Services of the project that end with 0 and stay ended.
    pub jobs: Vec<Template>,
    /// Images by name.
    pub images: Vec<Template>,
    /// Which figure is drawn.
    pub figure: DockerFigure,
}

/// A command without a shell, as the `run` action's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProbe {
    /// The command.
    pub command: CommandText,
    /// Folder to run in; the root by default.
    #[serde(default)]
    pub cwd: Option<Template>,
    /// Environment beside the run's.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
}

/// A bash script, as the `script` action's: nothing is filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptProbe {
    /// The script's text.
    pub script: String,
    /// `bash` or `sh`.
    #[serde(default)]
    pub shell: Option<String>,
    /// Folder to run in; the root by default.
    #[serde(default)]
    pub cwd: Option<Template>,
    /// Environment beside the run's.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
}

/// One command: its words, each a template that becomes exactly one argument.
///
/// A runbook's text is split into words as a shell would, *before* anything is filled in, so a value is never
/// more than one argument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandText {
    /// The words, the program first.
    pub words: Vec<Template>,
}

impl ProbeKind {
    /// The way that it takes, if it takes one.
    pub fn via(&mut self) -> Option<&mut Via> {
        match self {
            Self::Http(http) => http.via.as_mut(),
            Self::Openapi(openapi) => openapi.http.via.as_mut(),
            Self::Postgres(postgres) => postgres.via.as_mut(),
            _ => None,
        }
    }

    /// The kind's key in a runbook.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tls(_) => "tls",
            Self::Tcp(_) => "tcp",
            Self::Port(_) => "port",
            Self::File(_) => "file",
            Self::Config(_) => "config",
            Self::Postgres(_) => "postgres",
            Self::Prometheus(_) => "prometheus",
            Self::Report(_) => "report",
            Self::Openapi(_) => "openapi",
            Self::Git(_) => "git",
            Self::Docker(_) => "docker",
            Self::Kubernetes(_) => "kubernetes",
            Self::Oauth(_) => "oauth",
            Self::Kms(_) => "kms",
            Self::Logs(_) => "logs",
            Self::Loki(_) => "loki",
            Self::Tempo(_) => "tempo",
            Self::Grafana(_) => "grafana",
            Self::Run(_) => "run",
            Self::Script(_) => "script",
            Self::AllOf(_) => "all_of",
            Self::AnyOf(_) => "any_of",
        }
    }

    /// From when on it counts, of a kind that counts from a time on.
    pub fn since(&mut self) -> Option<&mut Option<Template>> {
        match self {
            Self::Logs(logs) => Some(&mut logs.since),
            Self::Loki(loki) => Some(&mut loki.since),
            Self::Tempo(tempo) => Some(&mut tempo.since),
            _ => None,
        }
    }

    /// Every text of the settings, to be read or filled in.
    pub fn texts(&mut self) -> Vec<&mut Template> {
        match self {
            Self::Http(http) => http.texts(),
            Self::Tls(t) => [&mut t.address, &mut t.files, &mut t.ca, &mut t.key, &mut t.server_name]
                .into_iter()
                .flatten()
                .collect(),
            Self::Tcp(t) => vec![&mut t.address],
            Self::Port(p) => p.ports.iter_mut().chain(&mut p.owner).collect(),
            Self::File(f) => vec![&mut f.path],
            Self::Config(c) => [&mut c.file, &mut c.text].into_iter().flatten().collect(),
            Self::Postgres(p) => {
                let own = [&mut p.url, &mut p.address, &mut p.user, &mut p.password, &mut p.query];
                own.into_iter().flatten().chain(p.via.iter_mut().flat_map(Via::texts)).collect()
            }
            Self::Prometheus(p) => {
                let mut texts = vec![&mut p.url, &mut p.query];
                texts.extend([&mut p.ca, &mut p.basic_auth, &mut p.bearer].into_iter().flatten());
                texts
            }
            Self::Report(r) => std::iter::once(&mut r.path).chain(&mut r.newer_than).collect(),
            Self::Openapi(o) => {
                let mut texts = o.http.texts();
                texts.extend(&mut o.file);
                texts
            }
            Self::Git(g) => g.folder.iter_mut().collect(),
            Self::Docker(d) => {
                d.project.iter_mut().chain(&mut d.services).chain(&mut d.jobs).chain(&mut d.images).collect()
            }
            Self::Kubernetes(k) => k.texts(),
            Self::Oauth(o) => o.texts(),
            Self::Kms(k) => k.texts(),
            Self::Logs(l) => l.texts(),
            Self::Loki(l) => l.texts(),
            Self::Tempo(t) => t.texts(),
            Self::Grafana(g) => g.texts(),
            Self::Run(r) => r.command.words.iter_mut().chain(&mut r.cwd).chain(r.env.values_mut()).collect(),
            Self::Script(s) => s.cwd.iter_mut().chain(s.env.values_mut()).collect(),
            Self::AllOf(_) | Self::AnyOf(_) => vec![],
        }
    }
}

impl Http {
    fn texts(&mut self) -> Vec<&mut Template> {
        let mut texts = vec![&mut self.url];
        texts.extend(self.headers.values_mut());
        texts.extend(
            [
                &mut self.method,
                &mut self.body,
                &mut self.ca,
                &mut self.fingerprint,
                &mut self.cert,
                &mut self.key,
                &mut self.basic_auth,
                &mut self.bearer,
                &mut self.origin,
            ]
            .into_iter()
            .flatten(),
        );
        texts.extend(self.via.iter_mut().flat_map(Via::texts));
        texts
    }
}
