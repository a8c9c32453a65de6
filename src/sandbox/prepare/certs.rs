//! The world's own certificate authority, and what it signed.

use std::io;
use std::path::Path;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::sandbox::world::{make_dir, write_private};

/// Days that server and client certificates last: the longest that browsers accept.
const DAYS: i64 = 397;

/// Names that the server's certificate holds: loopback, and those inside the compose and cluster networks.
const SERVER_NAMES: [&str; 9] = [
    "127.0.0.1",
    "localhost",
    "cryptoutil-postgres-1",
    "cryptoutil-postgres-2",
    "cryptoutil-kms",
    "identity-authz",
    "identity-idp",
    "identity-rs",
    "postgres",
];

/// Writes `ca.pem`, `client.pem`, `client.key`, `server.pem` and `server.key` into `dir`.
///
/// # Errors
/// A file cannot be written, or the keys cannot be made.
pub fn write(dir: &Path, now: DateTime<Utc>) -> io::Result<()> {
    make_dir(dir)?;
    let ca = authority(now).map_err(io::Error::other)?;
    write_private(&dir.join("ca.pem"), ca.pem().as_bytes())?;
    for (name, subject, names, purpose) in [
        ("server", "cryptoutil", &SERVER_NAMES[..], ExtendedKeyUsagePurpose::ServerAuth),
        ("client", "flightdeck", &[][..], ExtendedKeyUsagePurpose::ClientAuth),
    ] {
        let (pem, key) = leaf(&ca, subject, names, purpose, now).map_err(io::Error::other)?;
        write_private(&dir.join(format!("{name}.pem")), pem.as_bytes())?;
        write_private(&dir.join(format!("{name}.key")), key.as_bytes())?;
    }
    Ok(())
}

fn authority(now: DateTime<Utc>) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = params(&[], "cryptoutil training CA", now, 3650)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(
    ca: &CertifiedIssuer<'_, KeyPair>,
    subject: &str,
    names: &[&str],
    purpose: ExtendedKeyUsagePurpose,
    now: DateTime<Utc>,
) -> Result<(String, String), rcgen::Error> {
    let mut params = params(names, subject, now, DAYS)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, ca)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn params(names: &[&str], subject: &str, now: DateTime<Utc>, days: i64) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, subject);
    params.distinguished_name.push(DnType::OrganizationName, "flightdeck training");
    let (from, to) = (now - TimeDelta::days(1), now + TimeDelta::days(days));
    params.not_before = date_time_ymd(from.year(), from.month() as u8, from.day() as u8);
    params.not_after = date_time_ymd(to.year(), to.month() as u8, to.day() as u8);
    Ok(params)
}
