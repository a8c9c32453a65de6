//! Whom a look trusts: rustls settings from `ca`, `fingerprint`, `cert` and `key`, and a verifier that remembers the chain.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use super::seen::Problem;

/// Whom to trust, and who we say we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// PEM file of the only CA to trust; the system's without it.
    pub ca: Option<PathBuf>,
    /// sha256 of the server's certificate in lower-case hex, trusted instead of a CA.
    pub fingerprint: Option<String>,
    /// Client certificate and key, PEM files.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// The one crypto provider of the house.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// sha256 in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A fingerprint as people write it (`AB:CD:…`, `sha256:ab…`, spaces) as 64 lower-case hex digits.
pub(super) fn fingerprint(text: &str) -> Result<String, Problem> {
    let bare = text.trim().trim_start_matches("sha256:").trim_start_matches("SHA256:");
    let hex: String = bare.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_lowercase();
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(hex)
    } else {
        Err(Problem::nothing("`fingerprint` is no sha256")
            .hint("64 hex digits, as `openssl x509 -noout -fingerprint -sha256 -in FILE` prints them"))
    }
}

/// Certificates of a PEM file; none is an error.
pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {}", path.display(), io_words(&e)))?;
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match list {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(format!("{}: no PEM certificate in it", path.display())),
        Err(e) => Err(format!("{}: not readable as PEM: {e}", path.display())),
    }
}

/// The private key of a PEM file.
pub(super) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {}", path.display(), io_words(&e)))?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| format!("{}: no PEM private key in it", path.display()))
}

/// An I/O error in the words that people know.
pub(super) fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// The roots to trust: those of a CA file, or the system's (read once a process).
pub(super) fn roots(ca: Option<&Path>) -> Result<Arc<RootCertStore>, Problem> {
    static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let Some(path) = ca else {
        let store = SYSTEM.get_or_init(|| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(store)
        });
        if store.is_empty() {
            return Err(Problem::nothing("this machine has no trusted CAs").hint("set `ca:` to the CA's PEM file"));
        }
        return Ok(store.clone());
    };
    let mut store = RootCertStore::empty();
    for certificate in read_certificates(path).map_err(|e| Problem::nothing(format!("ca: {e}")))? {
        store.add(certificate).map_err(|e| Problem::nothing(format!("ca: {}: {e}", path.display())))?;
    }
    Ok(Arc::new(store))
}

impl Trust {
    /// The files whose change must be noticed.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let client = self.client.as_ref().map(|(cert, key)| [cert.as_path(), key.as_path()]);
        self.ca.as_deref().into_iter().chain(client.into_iter().flatten())
    }

    /// rustls settings, and the verifier that remembers what servers showed. Every handshake is a full one.
    pub fn config(&self) -> Result<(ClientConfig, Arc<Watcher>), Problem> {
        self.build(Strict::All)
    }

    /// The same, but a certificate of a trusted CA may be for another name (`sslmode=verify-ca`).
    pub fn config_but_for_names(&self) -> Result<(ClientConfig, Arc<Watcher>), Problem> {
        self.build(Strict::ButForNames)
    }

    /// Encrypts and checks nothing, as `sslmode=prefer` and `require` do.
    pub fn config_that_trusts_all() -> Result<(ClientConfig, Arc<Watcher>), Problem> {
        // No certificate has this fingerprint; the refusal is only noted.
        Self { fingerprint: Some(String::new()), ..Self::default() }.build(Strict::No)
    }

    /// The same, but a chain that does not hold is only remembered ([`Watcher::refusal`]), so that the rest of the
    /// handshake can be seen. For looking at certificates: nothing may be sent over such a connection.
    pub fn config_that_records(&self) -> Result<(ClientConfig, Arc<Watcher>), Problem> {
        self.build(Strict::No)
    }

    fn build(&self, strict: Strict) -> Result<(ClientConfig, Arc<Watcher>), Problem> {
        let check = match &self.fingerprint {
            Some(pin) => Check::Pin(pin.clone()),
            None => Check::Roots(
                WebPkiServerVerifier::builder_with_provider(roots(self.ca.as_deref())?, provider())
                    .build()
                    .map_err(|e| Problem::nothing(format!("ca: {e}")))?,
            ),
        };
        let watcher = Arc::new(Watcher { check, strict, chain: Mutex::default(), refusal: Mutex::default() });
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| Problem::nothing(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(watcher.clone());
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => builder
                .with_client_auth_cert(
                    read_certificates(cert).map_err(|e| Problem::nothing(format!("cert: {e}")))?,
                    read_key(key).map_err(|e| Problem::nothing(format!("key: {e}")))?,
                )
                .map_err(|e| Problem::nothing(format!("cert and key do not fit: {e}")))?,
        };
        // A resumed session would not show the certificate again.
        config.resumption = Resumption::disabled();
        Ok((config, watcher))
    }
}

/// What is refused in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strict {
    All,
    ButForNames,
    No,
}

#[derive(Debug)]
enum Check {
    Roots(Arc<WebPkiServerVerifier>),
    Pin(String),
}

/// A verifier that remembers the chain a server showed, also when it refuses it.
#[derive(Debug)]
pub(super) struct Watcher {
    check: Check,
    strict: Strict,
    chain: Mutex<Vec<CertificateDer<'static>>>,
    refusal: Mutex<Option<rustls::Error>>,
}

impl Watcher {
    /// The chain of the last handshake, the server's own certificate first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the last chain does not hold, if it does not.
    pub fn refusal(&self) -> Option<rustls::Error> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn check(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.check {
            Check::Roots(inner) => inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            Check::Pin(pin) => {
                let found = sha256_hex(end_entity);
                if found == *pin {
                    Ok(ServerCertVerified::assertion())
                } else {
                    Err(CertificateError::Other(OtherError(Arc::new(OtherCertificate { found }))).into())
                }
            }
        }
    }
}

/// The server's certificate is another than the pinned one.
#[derive(Debug)]
pub(super) struct OtherCertificate {
    found: String,
}

impl fmt::Display for OtherCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server's certificate is not the pinned one (it has {})", self.found)
    }
}

impl std::error::Error for OtherCertificate {}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|c| c.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        let checked = self.check(end_entity, intermediates, server_name, ocsp_response, now);
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = checked.as_ref().err().cloned();
        match (&checked, self.strict) {
            (_, Strict::No) => Ok(ServerCertVerified::assertion()),
            (
                Err(rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )),
                Strict::ButForNames,
            ) => Ok(ServerCertVerified::assertion()),
            _ => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
