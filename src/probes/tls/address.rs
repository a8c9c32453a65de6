//! The chain that a server shows.

use std::sync::Arc;

use chrono::Utc;
use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::causes;
use super::super::ctx::{Ctx, maybe};
use super::super::seen::{Problem, Seen};
use super::super::tcp::host_port;
use super::super::trust::Trust;
use super::certificate::{Certificate, public_key};
use super::{days_until, days_words};
use crate::runbook::kinds::Tls;
use crate::words::Value;

/// Looks once: the whole chain is read also when it is refused.
pub(super) async fn look(address: &str, spec: &Tls, ctx: &Ctx) -> Result<Seen, Problem> {
    let (host, port) = host_port(address, Some(443))?;
    let place = format!("{host}:{port}");
    let name = maybe(spec.server_name.as_ref())?.unwrap_or(&host).to_owned();
    let server_name =
        ServerName::try_from(name.clone()).map_err(|_| Problem::nothing(format!("`{name}` is no server name")))?;
    let trust = Trust { ca: maybe(spec.ca.as_ref())?.map(|p| ctx.path(p)), ..Trust::default() };
    let (config, watcher) = trust.config_that_records()?;
    let connected = TcpStream::connect((host.as_str(), port)).await;
    let stream = match connected.map_err(|e| causes::io_failure(&e, &place)) {
        Ok(stream) => stream,
        Err(problem) => return Ok(refused(problem)),
    };
    let shaken = TlsConnector::from(Arc::new(config)).connect(server_name, stream).await;
    let version = match &shaken {
        Ok(stream) => stream.get_ref().1.protocol_version(),
        Err(_) => None,
    };
    let chain = watcher.chain();
    let certificates: Vec<Certificate> = chain.iter().filter_map(|der| Certificate::read(der).ok()).collect();
    let leaf = certificates.first().map(|c| c.fingerprint.clone());
    let failure = watcher
        .refusal()
        .map(|e| causes::tls_failure(&e, leaf.as_deref()))
        .or_else(|| shaken.as_ref().err().map(|e| causes::failure(e, &place, leaf.as_deref())));
    let (Some(own), false) = (certificates.first(), certificates.is_empty()) else {
        let problem = failure.unwrap_or_else(|| Problem::failing("the server showed no certificate"));
        return Ok(refused(problem));
    };
    let now = Utc::now().timestamp();
    let days = certificates.iter().map(|c| days_until(c.not_after, now)).fold(f64::INFINITY, f64::min);
    let mut seen = Seen::text(days_words(days))
        .field("valid", Value::Bool(failure.is_none()))
        .field("count", Value::Number(certificates.len() as f64))
        .field("days_left", Value::Number(days))
        .field("self_signed", Value::Bool(own.self_signed))
        .field("fingerprint", Value::Text(own.fingerprint.clone()))
        .field("subject", Value::Text(own.subject.clone()))
        .field("issuer", Value::Text(own.issuer.clone()))
        .value(days);
    match version {
        Some(ProtocolVersion::TLSv1_3) => seen = seen.field("version", Value::Text("TLS 1.3".into())),
        Some(ProtocolVersion::TLSv1_2) => seen = seen.field("version", Value::Text("TLS 1.2".into())),
        _ => seen = seen.missing("version", "the handshake was not finished"),
    }
    seen = match maybe(spec.key.as_ref())?.map(|p| public_key(&ctx.path(p))) {
        Some(Ok(key)) => seen.field("key_matches", Value::Bool(key == own.key)),
        Some(Err(why)) => seen.missing("key_matches", why),
        None => seen.missing("key_matches", "set `key:` to the private key's file"),
    };
    if let Some(problem) = failure {
        seen.text = problem.why.clone();
        seen = seen.problem(problem);
    }
    Ok(seen)
}

/// No certificate was seen: certainly not a valid one.
fn refused(problem: Problem) -> Seen {
    Seen::text(problem.why.clone())
        .field("valid", Value::Bool(false))
        .field("count", Value::Number(0.0))
        .problem(problem)
}
