//! The settings of looks at logs and at the stores of telemetry.

use serde::{Deserialize, Serialize};

use crate::expr::Template;

/// How to log in to an HTTP API, and whom to trust.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Auth {
    /// PEM file of the only CA to trust.
    pub ca: Option<Template>,
    /// `user:password`.
    pub basic_auth: Option<Template>,
    /// Bearer token.
    pub bearer: Option<Template>,
}

/// Where logs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogsFrom {
    /// The containers of a Compose project.
    #[default]
    Docker,
    /// Streams of Loki.
    Loki,
}

/// Lines of logs that match a pattern.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logs {
    /// A regular expression; a line that matches counts.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Where logs are read.
    pub from: LogsFrom,
    /// Compose project.
    pub project: Option<Template>,
    /// Services of the project; all that have a container by default.
    pub services: Vec<Template>,
    /// Base address of Loki.
    pub url: Option<Template>,
    /// Streams of Loki, `{service_name=~"kms.*"}`.
    pub query: Option<Template>,
    /// From when on: a time, or a duration up to now. By default, since the first change began.
    pub since: Option<Template>,
    /// How to log in to Loki.
    #[serde(flatten)]
    pub login: Auth,
}

/// Lines of Loki's streams.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loki {
    /// Base address.
    pub url: Template,
    /// LogQL that gives lines.
    pub query: Template,
    /// From when on.
    pub since: Option<Template>,
    /// How to log in.
    #[serde(flatten)]
    pub auth: Auth,
}

/// Traces of Tempo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tempo {
    /// Base address.
    pub url: Template,
    /// TraceQL.
    pub query: Template,
    /// From when on.
    pub since: Option<Template>,
    /// How to log in.
    #[serde(flatten)]
    pub auth: Auth,
}

/// Grafana, and a dashboard of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grafana {
    /// Base address.
    pub url: Template,
    /// Uid of a dashboard.
    pub dashboard: Option<Template>,
    /// How to log in.
    #[serde(flatten)]
    pub auth: Auth,
}

impl Auth {
    fn texts(&mut self) -> impl Iterator<Item = &mut Template> {
        [&mut self.ca, &mut self.basic_auth, &mut self.bearer].into_iter().flatten()
    }
}

impl Logs {
    /// How to log in to Loki.
    pub fn auth(&self) -> Auth {
        self.login.clone()
    }

    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        let texts = [&mut self.project, &mut self.url, &mut self.query, &mut self.since];
        texts.into_iter().flatten().chain(&mut self.services).chain(self.login.texts()).collect()
    }
}

impl Loki {
    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        [&mut self.url, &mut self.query].into_iter().chain(&mut self.since).chain(self.auth.texts()).collect()
    }
}

impl Tempo {
    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        [&mut self.url, &mut self.query].into_iter().chain(&mut self.since).chain(self.auth.texts()).collect()
    }
}

impl Grafana {
    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        std::iter::once(&mut self.url).chain(&mut self.dashboard).chain(self.auth.texts()).collect()
    }
}
