//! Certificates in PEM files.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;

use super::super::ctx::{Ctx, maybe};
use super::super::file::matches;
use super::super::seen::{Problem, Seen};
use super::super::trust::read_certificates;
use super::certificate::{Certificate, is_usable, leads_to_root, public_key};
use super::{days_until, days_words};
use crate::runbook::kinds::Tls;
use crate::words::Value;

/// Looks once, on a thread for files.
pub(super) async fn look(glob: &str, spec: &Tls, ctx: &Ctx) -> Result<Seen, Problem> {
    let pattern = ctx.path(glob);
    let root = ctx.root.clone();
    let ca = maybe(spec.ca.as_ref())?.map(|p| ctx.path(p));
    let key = maybe(spec.key.as_ref())?.map(|p| ctx.path(p));
    let shown = glob.to_owned();
    Ok(ctx
        .blocking(move || read(&pattern, &shown, &root, ca.as_deref(), key.as_deref()).unwrap_or_else(Seen::from))
        .await)
}

struct One {
    name: String,
    certificate: Certificate,
}

fn read(pattern: &Path, shown: &str, root: &Path, ca: Option<&Path>, key: Option<&Path>) -> Result<Seen, Problem> {
    let files = matches(pattern)?;
    let roots = match ca {
        Some(path) => Some(read_certificates(path).map_err(|e| Problem::nothing(format!("ca: {e}")))?),
        None => None,
    };
    if roots.as_ref().is_some_and(|r| !is_usable(r)) {
        return Err(Problem::nothing("ca: no usable CA certificate in it"));
    }
    let now = Utc::now().timestamp();
    let (mut all, mut leaves, mut faults): (Vec<One>, Vec<Certificate>, Vec<String>) = (vec![], vec![], vec![]);
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        if only_a_key(file) {
            continue;
        }
        let chain = match read_certificates(file) {
            Ok(chain) => chain,
            Err(why) => {
                faults.push(why.replace(&file.display().to_string(), &name));
                continue;
            }
        };
        let read: Result<Vec<_>, _> = chain.iter().map(Certificate::read).collect();
        match read {
            Ok(list) => {
                faults.extend(list.iter().filter_map(|c| date_fault(c, now)).map(|why| format!("{name}: {why}")));
                leaves.extend(list.first().cloned());
                all.extend(list.into_iter().map(|certificate| One { name: name.clone(), certificate }));
                faults.extend(chain_fault(&chain, roots.as_deref()).map(|why| format!("{name}: {why}")));
            }
            Err(why) => faults.push(format!("{name}: {why}")),
        }
    }
    let count = all.len();
    let Some(worst) = all.into_iter().min_by_key(|one| one.certificate.not_after) else {
        let problem = match faults.first() {
            Some(why) => Problem::failing(why),
            None if files.is_empty() => Problem::failing(format!("no file matches {shown}")),
            None => Problem::failing(format!("no certificate in {shown}")),
        };
        return Ok(Seen::text(problem.why.clone())
            .field("valid", Value::Bool(false))
            .field("count", Value::Number(0.0))
            .missing("days_left", "there is no certificate")
            .problem(problem));
    };
    let days = days_until(worst.certificate.not_after, now);
    let text = if count == 1 {
        days_words(days)
    } else {
        format!("{count} certificates, {} ({})", days_words(days), worst.name)
    };
    let mut seen = Seen::text(text)
        .field("valid", Value::Bool(faults.is_empty()))
        .field("count", Value::Number(count as f64))
        .field("days_left", Value::Number(days))
        .field("self_signed", Value::Bool(leaves.iter().any(|c| c.self_signed)))
        .field("fingerprint", Value::Text(worst.certificate.fingerprint))
        .field("subject", Value::Text(worst.certificate.subject))
        .field("issuer", Value::Text(worst.certificate.issuer))
        .missing("version", "files have no TLS version")
        .value(days);
    seen = match key.map(public_key) {
        Some(Ok(key)) => seen.field("key_matches", Value::Bool(leaves.iter().any(|c| c.key == key))),
        Some(Err(why)) => seen.missing("key_matches", why),
        None => seen.missing("key_matches", "set `key:` to the private key's file"),
    };
    if let Some(first) = faults.first() {
        let more = faults.len() - 1;
        let why = if more > 0 { format!("{first}; {more} more") } else { first.clone() };
        seen.text = why.clone();
        seen = seen.problem(Problem::failing(why));
    }
    Ok(seen)
}

/// A PEM file with a private key and no certificate lies beside certificates and is none.
fn only_a_key(file: &PathBuf) -> bool {
    std::fs::read_to_string(file).is_ok_and(|t| t.contains("PRIVATE KEY-----") && !t.contains("BEGIN CERTIFICATE-----"))
}

fn date_fault(certificate: &Certificate, now: i64) -> Option<String> {
    if certificate.holds_at(now) {
        return None;
    }
    let day =
        |s| DateTime::<Utc>::from_timestamp(s, 0).map_or_else(|| "?".into(), |t| t.format("%Y-%m-%d").to_string());
    Some(if now > certificate.not_after {
        format!("{} (on {})", days_words(days_until(certificate.not_after, now)), day(certificate.not_after))
    } else {
        format!("not valid before {}", day(certificate.not_before))
    })
}

fn chain_fault(chain: &[CertificateDer<'_>], roots: Option<&[CertificateDer<'_>]>) -> Option<String> {
    let roots = roots?;
    (!leads_to_root(chain, roots)).then(|| "not signed by the CA, nor over a chain in its file".to_owned())
}
