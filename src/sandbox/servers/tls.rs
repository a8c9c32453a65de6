//! The servers' certificates: the world's own authority, read from its root folder.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::sandbox::world::Core;
use crate::sandbox::world::settings::Settings;

/// What the HTTPS servers use.
pub struct Tls {
    /// TLS without a client certificate.
    pub server: TlsAcceptor,
    /// TLS 1.3 that wants a client certificate of the same authority, as the KMS's admin listener does.
    pub admin: TlsAcceptor,
}

impl Tls {
    /// Reads the certificates of a world.
    ///
    /// # Errors
    /// One is missing or does not read.
    pub fn read(core: &Core) -> io::Result<Self> {
        let certs = Settings::root(core.dir()).join("certs");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![certificate(&certs.join("server.pem"))?];
        let key_file = certs.join("server.key");
        let key = PrivateKeyDer::from_pem_file(&key_file).map_err(|e| invalid(&key_file, &e))?;
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(io::Error::other)?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&certs.join("ca.pem"))?).map_err(io::Error::other)?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(io::Error::other)?;
        let admin = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(io::Error::other)?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        Ok(Self { server: Arc::new(server).into(), admin: Arc::new(admin).into() })
    }
}

fn certificate(path: &Path) -> io::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_file(path).map_err(|e| invalid(path, &e))
}

fn invalid(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
}
