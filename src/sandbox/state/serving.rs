//! Which release answers on a port, and how far its start is.

use super::compose::{Container, Phase};
use super::{Platform, State};
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::ports::Port;

/// What a caller meets on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serving {
    /// Nothing listens.
    Down,
    /// It listens but is not ready.
    Starting {
        /// Version of the release.
        version: String,
    },
    /// It is ready.
    Up {
        /// Version of the release.
        version: String,
    },
}

impl Serving {
    /// Whether it is ready.
    pub fn up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// Version of the release that answers.
    pub fn version(&self) -> &str {
        match self {
            Self::Down => "",
            Self::Starting { version } | Self::Up { version } => version,
        }
    }
}

/// What stands behind a port.
#[derive(Default)]
struct Behind {
    /// Compose project and service.
    container: Option<(&'static str, &'static str)>,
    /// Deployment, and the Service of the same name where the cluster has one.
    deployment: Option<&'static str>,
    /// The proxy's upstream, where a proxy runs.
    upstream: Option<&'static str>,
}

fn behind(port: Port) -> Option<Behind> {
    let of = |project, service| Behind { container: Some((project, service)), ..Behind::default() };
    let on = |project, service, deployment| Behind { deployment: Some(deployment), ..of(project, service) };
    let by = |project, service, deployment, upstream| Behind {
        upstream: Some(upstream),
        ..on(project, service, deployment)
    };
    Some(match port {
        Port::KmsApi => by("compose", "cryptoutil-postgres-1", "cryptoutil-kms", "kms_api"),
        Port::KmsAdmin => by("compose", "cryptoutil-postgres-1", "cryptoutil-kms", "kms_admin"),
        Port::Kms2Api | Port::Kms2Admin => of("compose", "cryptoutil-postgres-2"),
        Port::Authz => by("identity", "identity-authz", "identity-authz", "authz"),
        Port::Idp => by("identity", "identity-idp", "identity-idp", "idp"),
        Port::Rs => by("identity", "identity-rs", "identity-rs", "rs"),
        Port::BlueKmsApi | Port::BlueKmsAdmin => on("kms-blue", "cryptoutil-kms", "cryptoutil-kms-blue"),
        Port::BlueAuthz => on("identity-blue", "identity-authz", "identity-authz-blue"),
        Port::BlueIdp => on("identity-blue", "identity-idp", "identity-idp-blue"),
        Port::BlueRs => on("identity-blue", "identity-rs", "identity-rs-blue"),
        Port::GreenKmsApi | Port::GreenKmsAdmin => on("kms-green", "cryptoutil-kms", "cryptoutil-kms-green"),
        Port::GreenAuthz => on("identity-green", "identity-authz", "identity-authz-green"),
        Port::GreenIdp => on("identity-green", "identity-idp", "identity-idp-green"),
        Port::GreenRs => on("identity-green", "identity-rs", "identity-rs-green"),
        Port::Postgres => of("compose", "postgres"),
        Port::Grafana => of("compose", "grafana-otel-lgtm"),
        Port::Collector | Port::Otlp => of("compose", "opentelemetry-collector-contrib"),
        Port::Notices | Port::Mail | Port::Docker | Port::Kubernetes => return None,
    })
}

impl State {
    /// What a caller of `port` meets at `now`.
    pub fn serving(&self, port: Port, now: Millis) -> Serving {
        let Some(behind) = behind(port) else {
            return Serving::Up { version: String::new() };
        };
        if self.active == Platform::Kubernetes
            && let Some(name) = behind.deployment
            && let Some(serving) = self.in_cluster(name, now)
        {
            return serving;
        }
        if let Some(upstream) = behind.upstream
            && let Some(proxy) = self.engine.of("compose", "proxy")
        {
            return match proxy.phase(now) {
                Phase::Created | Phase::Booting | Phase::Exited(..) => Serving::Down,
                Phase::Starting | Phase::Up => self.through_proxy(upstream, now),
            };
        }
        let container = behind.container.and_then(|(project, service)| self.engine.of(project, service));
        container.map_or(Serving::Down, |container| self.of_container(container, now))
    }

    fn of_container(&self, container: &Container, now: Millis) -> Serving {
        let version = self.engine.version(container).to_owned();
        match container.phase(now) {
            Phase::Created | Phase::Booting | Phase::Exited(..) => Serving::Down,
            Phase::Starting => Serving::Starting { version },
            Phase::Up => Serving::Up { version },
        }
    }

    /// Who answers for a Service, or, where there is none of that name, for a deployment.
    fn in_cluster(&self, name: &str, now: Millis) -> Option<Serving> {
        let revision = match self.cluster.selector_at(name, now) {
            Some(selector) => self.cluster.selected(selector, now),
            None => self.cluster.deployments.get(name)?.serving(now),
        };
        Some(revision.map_or(Serving::Down, |r| Serving::Up { version: r.version().to_owned() }))
    }

    /// Who answers behind an upstream of the proxy: the container that publishes its port.
    fn through_proxy(&self, upstream: &str, now: Millis) -> Serving {
        let loaded = self.proxy.iter().rev().find(|(at, _)| *at <= now);
        let Some(port) = loaded.and_then(|(_, upstreams)| upstreams.get(upstream)) else { return Serving::Down };
        let published = format!(":{port}:");
        let container = self.engine.containers.values().find(|c| c.ports.iter().any(|p| p.contains(&published)));
        container.map_or(Serving::Down, |container| self.of_container(container, now))
    }
}
