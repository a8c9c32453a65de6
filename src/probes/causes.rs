//! Network and TLS errors in the words of the person who must act on them.

use std::error::Error;
use std::io;

use chrono::{DateTime, Utc};
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

use super::seen::Problem;
use super::trust::{OtherCertificate, io_words};
use crate::words::short_duration;

/// The root cause of an error, in words; `place` is `host:port` or an address, for the hint.
pub(super) fn failure(error: &(dyn Error + 'static), place: &str, leaf: Option<&str>) -> Problem {
    let mut last: &(dyn Error + 'static) = error;
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return tls_failure(tls, leaf);
        }
        last = cause;
        next = match cause.downcast_ref::<io::Error>() {
            // What an I/O error wraps is not its source, but its source's elder.
            Some(io) => match io.get_ref() {
                Some(inner) => Some(inner as &(dyn Error + 'static)),
                None => return io_failure(io, place),
            },
            None => cause.source(),
        };
    }
    let text = last.to_string();
    if text.contains("failed to lookup address") || text.contains("Name or service not known") {
        return unknown_host(place);
    }
    if text.contains("connection closed before message completed") {
        return Problem::failing("the connection was closed without an answer")
            .hint("the process took the connection and dropped it: its log says why");
    }
    if text.contains("invalid HTTP") {
        return Problem::failing("the answer is no HTTP").hint("does the port speak TLS? write `https://`");
    }
    Problem::failing(text)
}

/// A name that no server knows.
fn unknown_host(place: &str) -> Problem {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    Problem::failing(format!("the name {host} is not known"))
        .hint("is it spelled right? does this machine reach its DNS server?")
}

/// An I/O error of a connection.
pub(super) fn io_failure(error: &io::Error, place: &str) -> Problem {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Problem::failing("connection refused")
            .hint(format!("nothing listens on {place}: is the service started, and is this its port?")),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Problem::failing("connection reset")
            .hint(format!("{place} took the connection and broke it off: its log says why")),
        io::ErrorKind::UnexpectedEof => Problem::failing("the connection was closed without an answer")
            .hint("the process took the connection and dropped it: its log says why"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Problem::failing("no route there").hint("is the VPN up? is the host up?")
        }
        io::ErrorKind::TimedOut => Problem::failing("the connection timed out"),
        _ if error.to_string().contains("failed to lookup address") => unknown_host(place),
        _ if error.raw_os_error() == Some(24) => {
            Problem::nothing("this process has too many open files").hint("raise `ulimit -n`, or look less often")
        }
        _ => Problem::failing(io_words(error)),
    }
}

/// What rustls refused, and what to do about it. `leaf` is the fingerprint of the server's own certificate.
pub(super) fn tls_failure(error: &rustls::Error, leaf: Option<&str>) -> Problem {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(cause) => certificate_failure(cause, leaf),
        E::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
                Problem::failing("the server wants a client certificate").hint("set `cert:` and `key:`")
            }
            AlertDescription::UnknownCA => Problem::failing("the server does not trust our client certificate's CA"),
            AlertDescription::ProtocolVersion => Problem::failing("no common TLS version (1.2 and 1.3 are offered)"),
            other => Problem::failing(format!("the server broke off the TLS handshake: {other:?}")),
        },
        E::InvalidMessage(_) => {
            Problem::failing("the server does not speak TLS").hint("is it plain HTTP? write `http://`")
        }
        E::PeerIncompatible(cause) => Problem::failing(format!("no common TLS settings: {cause:?}")),
        other => Problem::failing(format!("TLS failed: {other}")),
    }
}

/// Why a certificate does not hold.
pub(super) fn certificate_failure(cause: &CertificateError, leaf: Option<&str>) -> Problem {
    match cause {
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = short_duration(time.as_secs().saturating_sub(not_after.as_secs()) as f64);
            Problem::failing(format!("certificate expired {ago} ago ({})", day(*not_after)))
                .hint("renew it and restart or reload the server")
        }
        CertificateError::Expired => Problem::failing("certificate expired").hint("renew it"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Problem::failing(format!("certificate is not valid before {}", day(*not_before)))
                .hint("is this machine's clock right?")
        }
        CertificateError::UnknownIssuer => Problem::failing("certificate is signed by a CA that is not trusted")
            .hint(format!("set `ca:` to its CA's PEM file, or pin `fingerprint: {}`", leaf.unwrap_or("<sha256>"))),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|n| name_words(n)).collect();
            let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            Problem::failing(format!("certificate is for {names}, not for {}", expected.to_str()))
                .hint("use a name that is in it, or reissue it with this name as subjectAltName")
        }
        CertificateError::NotValidForName => Problem::failing("certificate is for another name"),
        CertificateError::Revoked => Problem::failing("certificate was revoked"),
        CertificateError::BadSignature => Problem::failing("certificate's signature is wrong"),
        CertificateError::BadEncoding => Problem::failing("certificate is damaged"),
        CertificateError::Other(inner) => {
            if let Some(other) = inner.0.downcast_ref::<OtherCertificate>() {
                return Problem::failing(other.to_string())
                    .hint("was it renewed? compare, then set the new `fingerprint:`");
            }
            if format!("{:?}", inner.0).contains("CaUsedAsEndEntity") {
                return Problem::failing("a CA certificate is used as the server's own").hint(format!(
                    "typical of `openssl req -x509`: pin `fingerprint: {}`, or reissue it with basicConstraints=CA:FALSE",
                    leaf.unwrap_or("<sha256>")
                ));
            }
            Problem::failing(format!("certificate does not hold: {:?}", inner.0))
        }
        other => Problem::failing(format!("certificate does not hold: {other}")),
    }
}

/// `DnsName("a")` as rustls lists names, bare.
fn name_words(name: &str) -> String {
    name.split('"').nth(1).unwrap_or(name).to_owned()
}

fn day(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|s| DateTime::<Utc>::from_timestamp(s, 0))
        .map_or_else(|| "?".into(), |t| t.format("%Y-%m-%d").to_string())
}
