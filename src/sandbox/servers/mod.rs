//! The servers of the world: each listens while the service that it stands for runs.

mod api;
mod authz;
mod collector;
mod docker;
mod grafana;
mod http;
mod idp;
mod jira;
mod kms_admin;
mod kms_api;
mod kms_document;
mod kubernetes;
mod leases;
mod listen;
mod mail;
mod notices;
mod pagerduty;
mod port_forward;
mod postgres;
mod queries;
#[cfg(test)]
mod receivers;
mod rs;
mod sql;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::state::Serving;
use super::world::Core;
use super::world::ports::Port;
use tls::Tls;

/// Whether a query of a probe kind is answered, for the test of the shipped runbooks.
#[cfg(test)]
pub fn knows(kind: &str, query: &str) -> bool {
    use super::state::{Platform, State};
    match kind {
        "postgres" => sql::answer(&State::new(0, Platform::Compose), 0, query).is_some(),
        "prometheus" => {
            queries::figure(&queries::PROMETHEUS, query).or(queries::figure(&queries::LOKI, query)).is_some()
        }
        // A selector that takes a service of this world.
        "loki" | "tempo" => grafana::takes(query, "kms-postgresql-1"),
        _ => false,
    }
}

/// How often it is looked at which services run.
const LOOK: Duration = Duration::from_millis(40);

/// The listeners that stand now.
pub struct Listeners {
    core: Core,
    tls: Tls,
    standing: BTreeMap<Port, CancellationToken>,
    refused: BTreeMap<Port, String>,
}

impl Drop for Listeners {
    /// Ends all listeners and their connections.
    fn drop(&mut self) {
        for stop in self.standing.values() {
            stop.cancel();
        }
    }
}

impl Listeners {
    /// Reads the certificates; nothing listens yet.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn new(core: &Core) -> io::Result<Self> {
        let tls = Tls::read(core)?;
        Ok(Self { core: core.clone(), tls, standing: BTreeMap::new(), refused: BTreeMap::new() })
    }

    /// Keeps the listeners as the services are, for ever.
    pub async fn keep(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.reconcile().await;
        }
    }

    /// Makes listeners for services that run, and ends those of services that do not.
    pub async fn reconcile(&mut self) {
        for port in Port::ALL {
            let wanted = self.core.look(|state, now| state.serving(port, now)) != Serving::Down;
            match (wanted, self.standing.contains_key(&port)) {
                (true, false) => self.begin(port).await,
                (false, true) => {
                    if let Some(stop) = self.standing.remove(&port) {
                        stop.cancel();
                    }
                }
                _ => {}
            }
        }
    }

    async fn begin(&mut self, port: Port) {
        let number = self.core.settings().ports.of(port);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, number)).await {
            Ok(listener) => {
                self.refused.remove(&port);
                let stop = CancellationToken::new();
                self.standing.insert(port, stop.clone());
                self.serve(port, listener, stop);
            }
            Err(error) => {
                // Tried again at the next look; said once.
                let text = error.to_string();
                if self.refused.get(&port) != Some(&text) {
                    self.core.trouble(&format!("{port:?} cannot listen on 127.0.0.1:{number}: {text}"));
                    self.refused.insert(port, text);
                }
            }
        }
    }

    fn serve(&self, port: Port, listener: TcpListener, stop: CancellationToken) {
        let core = self.core.clone();
        let (server, admin) = (Some(self.tls.server.clone()), Some(self.tls.admin.clone()));
        match port {
            Port::KmsApi | Port::Kms2Api | Port::BlueKmsApi | Port::GreenKmsApi => {
                listen::serve(listener, server, kms_api::router(core, port), stop)
            }
            Port::KmsAdmin | Port::Kms2Admin | Port::BlueKmsAdmin | Port::GreenKmsAdmin => {
                listen::serve(listener, admin, kms_admin::router(core, port), stop);
            }
            Port::Authz | Port::BlueAuthz | Port::GreenAuthz => {
                listen::serve(listener, server, authz::router(core, port), stop);
            }
            Port::Idp | Port::BlueIdp | Port::GreenIdp => {
                listen::serve(listener, server, idp::router(core, port), stop);
            }
            Port::Rs | Port::BlueRs | Port::GreenRs => listen::serve(listener, server, rs::router(core, port), stop),
            Port::Grafana => listen::serve(listener, None, grafana::router(core), stop),
            Port::Collector => listen::serve(listener, None, collector::health(core), stop),
            Port::Otlp => listen::serve(listener, None, collector::otlp(), stop),
            Port::Notices => listen::serve(listener, None, notices::router(core), stop),
            Port::Mail => mail::serve(listener, self.tls.server.clone(), core, stop),
            Port::Docker => listen::serve(listener, None, docker::router(core), stop),
            Port::Kubernetes => listen::serve(listener, server, kubernetes::router(core), stop),
            Port::Postgres => postgres::serve(listener, core, stop),
        }
    }
}
