//! Which release answers on a port, and how far its start is.

use super::compose::Phase;
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

/// Compose project and service, and the deployment, behind a port.
fn behind(port: Port) -> Option<(&'static str, &'static str, Option<&'static str>)> {
    Some(match port {
        Port::KmsApi | Port::KmsAdmin => ("compose", "cryptoutil-postgres-1", Some("cryptoutil-kms")),
        Port::Kms2Api | Port::Kms2Admin => ("compose", "cryptoutil-postgres-2", None),
        Port::Authz => ("identity", "identity-authz", Some("identity-authz")),
        Port::Idp => ("identity", "identity-idp", Some("identity-idp")),
        Port::Rs => ("identity", "identity-rs", Some("identity-rs")),
        Port::Postgres => ("compose", "postgres", None),
        Port::Grafana => ("compose", "grafana-otel-lgtm", None),
        Port::Collector | Port::Otlp => ("compose", "opentelemetry-collector-contrib", None),
        Port::Notices | Port::Mail | Port::Docker | Port::Kubernetes => return None,
    })
}

impl State {
    /// What a caller of `port` meets at `now`.
    pub fn serving(&self, port: Port, now: Millis) -> Serving {
        let Some((project, service, deployment)) = behind(port) else {
            return Serving::Up { version: String::new() };
        };
        if self.active == Platform::Kubernetes
            && let Some(deployment) = deployment.and_then(|name| self.cluster.deployments.get(name))
        {
            return match deployment.serving(now) {
                Some(revision) => Serving::Up { version: revision.version().to_owned() },
                None => Serving::Down,
            };
        }
        let Some(container) = self.engine.of(project, service) else { return Serving::Down };
        let version = self.engine.version(container).to_owned();
        match container.phase(now) {
            Phase::Created | Phase::Booting | Phase::Exited(..) => Serving::Down,
            Phase::Starting => Serving::Starting { version },
            Phase::Up => Serving::Up { version },
        }
    }
}
