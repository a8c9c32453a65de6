//! One probe, ready to look: settings, expectations, limit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::ctx::Ctx;
use super::judge::{Given, judge};
use super::publish::{self, publish};
use super::seen::{Problem, Seen};
use super::{
    config, docker, file, git, http, kms, kubernetes, logs, oauth, openapi, port, postgres, prometheus, report, run,
    tcp, telemetry, tls,
};
use crate::expr::Expr;
use crate::runbook::kinds::{DockerOf, KubernetesOf, ProbeKind};
use crate::words::{ProbeId, Sample, Unit, short_duration};

/// How a probe looks; every text is filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct LookSpec {
    /// The kind and its settings.
    pub kind: ProbeKind,
    /// What must hold, the kind's default expectation among them.
    pub expect: Vec<Expr>,
    /// Values that the expectations use beside the fields.
    pub given: Given,
    /// The probe's `unit`, if it has one.
    pub unit: Option<Unit>,
    /// How long a look may take, real time.
    pub timeout: Duration,
    /// Folder that relative paths start from.
    pub root: PathBuf,
    /// Environment of commands: the whole of it, nothing is inherited.
    pub env: BTreeMap<String, String>,
}

/// One probe, ready to look.
#[derive(Debug)]
pub struct Looker {
    id: ProbeId,
    spec: Arc<LookSpec>,
    ctx: Ctx,
    /// The names of the kind's fields: in `expect` they hide other names, also when a look has no value for them.
    fields: Vec<&'static str>,
}

impl Looker {
    /// A probe with its settings.
    pub fn new(id: ProbeId, spec: Arc<LookSpec>) -> Self {
        let ctx = Ctx::new(spec.root.clone(), spec.env.clone(), spec.unit, spec.timeout);
        let fields = spec.kind.fields(spec.unit).types.iter().map(|(name, _)| *name).collect();
        Self { id, spec, ctx, fields }
    }

    /// The probe.
    pub fn id(&self) -> &ProbeId {
        &self.id
    }

    /// Its kind.
    pub fn kind(&self) -> &ProbeKind {
        &self.spec.kind
    }

    /// Looks once and judges. `up` is left 0: who asks knows the run's time. `asked` keeps long fields, for a step that
    /// captures from them. Within a tokio runtime only.
    pub async fn look(&self, asked: bool) -> Sample {
        let start = Instant::now();
        let seen = match tokio::time::timeout(self.ctx.timeout, self.see()).await {
            Ok(seen) => seen,
            Err(_) => self.silent(),
        };
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let judged = judge(&seen, &self.spec.expect, &self.fields, &self.spec.given, Utc::now());
        Sample {
            probe: self.id.clone(),
            up: 0,
            look: judged.look,
            value: seen.value.filter(|v| v.is_finite()),
            took,
            text: seen.text,
            fields: publish(seen.fields, if asked { publish::LONG } else { publish::SHORT }),
            why: judged.why,
            hint: judged.hint,
        }
    }

    async fn see(&self) -> Seen {
        let ctx = &self.ctx;
        match &self.spec.kind {
            ProbeKind::Http(spec) => http::look(spec, ctx).await,
            ProbeKind::Tls(spec) => tls::look(spec, ctx).await,
            ProbeKind::Tcp(spec) => tcp::look(spec, ctx).await,
            ProbeKind::Port(spec) => port::look(spec, ctx).await,
            ProbeKind::File(spec) => file::look(spec, ctx).await,
            ProbeKind::Config(spec) => config::look(spec, ctx).await,
            ProbeKind::Postgres(spec) => postgres::look(spec, ctx).await,
            ProbeKind::Prometheus(spec) => prometheus::look(spec, ctx).await,
            ProbeKind::Report(spec) => report::look(spec, ctx).await,
            ProbeKind::Openapi(spec) => openapi::look(spec, ctx).await,
            ProbeKind::Git(spec) => git::look(spec, ctx).await,
            ProbeKind::Docker(spec) => docker::look(spec, ctx).await,
            ProbeKind::Kubernetes(spec) => kubernetes::look(spec, ctx).await,
            ProbeKind::Oauth(spec) => oauth::look(spec, ctx).await,
            ProbeKind::Kms(spec) => kms::look(spec, ctx).await,
            ProbeKind::Logs(spec) => logs::look(spec, ctx).await,
            ProbeKind::Loki(spec) => telemetry::lines(spec, ctx).await,
            ProbeKind::Tempo(spec) => telemetry::traces(spec, ctx).await,
            ProbeKind::Grafana(spec) => telemetry::dashboards(spec, ctx).await,
            ProbeKind::Run(spec) => run::command(spec, ctx).await,
            ProbeKind::Script(spec) => run::script(spec, ctx).await,
            ProbeKind::AllOf(_) | ProbeKind::AnyOf(_) => {
                Problem::nothing("a group is not looked at: its members are").into()
            }
        }
    }

    /// The limit ran out.
    fn silent(&self) -> Seen {
        let limit = short_duration(self.ctx.timeout.as_secs_f64());
        let problem = match &self.spec.kind {
            ProbeKind::Http(_) | ProbeKind::Openapi(_) => Problem::failing(format!("no answer in {limit}"))
                .hint("it may hang, or a firewall drops the packets: is the process busy, is it the right port?"),
            ProbeKind::Tls(_) => Problem::failing(format!("no TLS handshake in {limit}"))
                .hint("does the port speak TLS at once? (a plain-text service waits for the client)"),
            ProbeKind::Tcp(_) => Problem::failing(format!("no connection in {limit}"))
                .hint("a firewall drops the packets, or the host is down"),
            ProbeKind::Postgres(_) => Problem::failing(format!("no answer in {limit}"))
                .hint("the server may hang, be out of connections, or the query waits for a lock"),
            ProbeKind::Run(_) | ProbeKind::Script(_) => {
                Problem::failing(format!("not done in {limit}; it was killed")).hint("raise the probe's `timeout:`")
            }
            ProbeKind::Docker(docker) if docker.of == DockerOf::Engine => {
                Problem::failing(format!("the engine did not answer in {limit}"))
                    .hint("it may hang: `systemctl status docker`, and its log")
            }
            ProbeKind::Docker(_) => Problem::nothing(format!("the engine did not answer in {limit}"))
                .hint("figures take the engine two seconds: is the probe's `timeout:` longer?"),
            ProbeKind::Kubernetes(look) if look.of == KubernetesOf::Api => {
                Problem::failing(format!("the Kubernetes API did not answer in {limit}"))
                    .hint("a firewall drops the packets, the VPN is down, or the API server hangs")
            }
            ProbeKind::Kubernetes(_) => Problem::nothing(format!("the Kubernetes API did not answer in {limit}"))
                .hint("is the VPN up? a look at `of: api` says whether the API server answers at all"),
            ProbeKind::Oauth(_) | ProbeKind::Kms(_) => {
                Problem::failing(format!("not done in {limit}")).hint("raise the probe's `timeout:`")
            }
            ProbeKind::Logs(_) => Problem::nothing(format!("not read in {limit}"))
                .hint("there may be much to read: raise the probe's `timeout:`"),
            ProbeKind::Grafana(grafana) if grafana.dashboard.is_none() => {
                Problem::failing(format!("Grafana did not answer in {limit}"))
            }
            ProbeKind::Loki(_) | ProbeKind::Tempo(_) | ProbeKind::Grafana(_) => {
                Problem::nothing(format!("no answer in {limit}"))
            }
            ProbeKind::Prometheus(_) => Problem::nothing(format!("Prometheus did not answer in {limit}")),
            ProbeKind::Port(_)
            | ProbeKind::File(_)
            | ProbeKind::Config(_)
            | ProbeKind::Report(_)
            | ProbeKind::Git(_)
            | ProbeKind::AllOf(_)
            | ProbeKind::AnyOf(_) => Problem::nothing(format!("not read in {limit}")),
        };
        problem.into()
    }
}
