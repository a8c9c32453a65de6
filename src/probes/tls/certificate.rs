//! What a certificate says.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::trust::{provider, read_key, sha256_hex};

/// What a certificate says of itself.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Seconds of the epoch.
    pub not_before: i64,
    /// Seconds of the epoch.
    pub not_after: i64,
    /// Signed by its own key.
    pub self_signed: bool,
    /// sha256 of the certificate, lower-case hex.
    pub fingerprint: String,
    /// Its public key as it stands in it (SubjectPublicKeyInfo, DER).
    pub key: Vec<u8>,
}

impl Certificate {
    /// Reads one.
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(der).map_err(|e| format!("not readable as a certificate: {e}"))?;
        let own = parsed.subject() == parsed.issuer();
        Ok(Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            self_signed: own && parsed.verify_signature(None).is_ok(),
            fingerprint: sha256_hex(der),
            key: parsed.public_key().raw.to_vec(),
        })
    }

    /// Whether it is valid at a time, as to its dates.
    pub fn holds_at(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

/// The public key that belongs to a private key file (SubjectPublicKeyInfo, DER).
pub(super) fn public_key(path: &Path) -> Result<Vec<u8>, String> {
    let key =
        provider().key_provider.load_private_key(read_key(path)?).map_err(|e| format!("{}: {e}", path.display()))?;
    let public = key.public_key().ok_or_else(|| format!("{}: its public key cannot be read", path.display()))?;
    Ok(public.to_vec())
}

/// Whether a chain of signatures leads from the first of `chain` to a root, over the others of it.
pub(super) fn leads_to_root(chain: &[CertificateDer<'_>], roots: &[CertificateDer<'_>]) -> bool {
    let Some(mut at) = chain.first() else { return false };
    // Longer chains than this are a circle.
    for _ in 0..8 {
        if roots.contains(at) {
            return true;
        }
        let Ok((_, child)) = X509Certificate::from_der(at) else { return false };
        let signs = |der: &&CertificateDer<'_>| {
            X509Certificate::from_der(der).is_ok_and(|(_, parent)| {
                parent.subject() == child.issuer() && child.verify_signature(Some(parent.public_key())).is_ok()
            })
        };
        if roots.iter().any(|root| signs(&root)) {
            return true;
        }
        match chain.iter().filter(|c| *c != at).find(signs) {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

/// Whether there is anything to lead to.
pub(super) fn is_usable(roots: &[CertificateDer<'_>]) -> bool {
    let mut store = RootCertStore::empty();
    roots.iter().any(|r| store.add(r.clone().into_owned()).is_ok())
}
