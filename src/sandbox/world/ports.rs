//! The world's ports on loopback: free ones, the same for the whole run.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Everything in the world that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// KMS API of the first instance.
    KmsApi,
    /// KMS admin listener of the first instance.
    KmsAdmin,
    /// KMS API of the second instance.
    Kms2Api,
    /// KMS admin listener of the second instance.
    Kms2Admin,
    /// OAuth authorization server.
    Authz,
    /// OIDC identity provider.
    Idp,
    /// Resource server.
    Rs,
    /// KMS API of the blue colour, past what switches.
    BlueKmsApi,
    /// KMS admin listener of the blue colour.
    BlueKmsAdmin,
    /// Authorization server of the blue colour.
    BlueAuthz,
    /// Identity provider of the blue colour.
    BlueIdp,
    /// Resource server of the blue colour.
    BlueRs,
    /// KMS API of the green colour, past what switches.
    GreenKmsApi,
    /// KMS admin listener of the green colour.
    GreenKmsAdmin,
    /// Authorization server of the green colour.
    GreenAuthz,
    /// Identity provider of the green colour.
    GreenIdp,
    /// Resource server of the green colour.
    GreenRs,
    /// PostgreSQL.
    Postgres,
    /// Grafana, and through it Prometheus, Loki and Tempo.
    Grafana,
    /// Health of the OpenTelemetry collector.
    Collector,
    /// OTLP over HTTP.
    Otlp,
    /// Receiver of notices.
    Notices,
    /// Receiver of mail.
    Mail,
    /// The Docker Engine's API.
    Docker,
    /// The Kubernetes API server.
    Kubernetes,
}

impl Port {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::KmsApi,
        Self::KmsAdmin,
        Self::Kms2Api,
        Self::Kms2Admin,
        Self::Authz,
        Self::Idp,
        Self::Rs,
        Self::BlueKmsApi,
        Self::BlueKmsAdmin,
        Self::BlueAuthz,
        Self::BlueIdp,
        Self::BlueRs,
        Self::GreenKmsApi,
        Self::GreenKmsAdmin,
        Self::GreenAuthz,
        Self::GreenIdp,
        Self::GreenRs,
        Self::Postgres,
        Self::Grafana,
        Self::Collector,
        Self::Otlp,
        Self::Notices,
        Self::Mail,
        Self::Docker,
        Self::Kubernetes,
    ];
}

/// A port number for each listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ports(BTreeMap<Port, u16>);

impl Ports {
    /// The number of a listener; 0, which nothing can reach, when it has none.
    pub fn of(&self, port: Port) -> u16 {
        self.0.get(&port).copied().unwrap_or_default()
    }

    /// Picks free ports.
    ///
    /// Below the range from which the system hands out ports by itself, so that they are still free when the world
    /// begins to listen, or listens again after it was killed.
    ///
    /// # Errors
    /// No free port was found.
    pub fn pick() -> io::Result<Self> {
        static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut random = fastrand::Rng::new();
        let mut ports = BTreeMap::new();
        let mut tries = 0;
        for port in Port::ALL {
            let number = loop {
                tries += 1;
                if tries > 2_000 {
                    return Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port between 20000 and 32000"));
                }
                let number = random.u16(20_000..32_000);
                if !taken.contains(&number) && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                    break number;
                }
            };
            taken.insert(number);
            ports.insert(port, number);
        }
        Ok(Self(ports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_a_port_of_its_own_for_each_listener() {
        let (one, two) = (Ports::pick().unwrap(), Ports::pick().unwrap());
        let all: BTreeSet<u16> = Port::ALL.iter().flat_map(|p| [one.of(*p), two.of(*p)]).collect();
        assert_eq!(all.len(), 2 * Port::ALL.len());
    }
}
