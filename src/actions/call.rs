//! One request of HTTP with JSON, and its answer.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url, redirect};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// So many bytes of the answer are read.
const BODY: usize = 256 << 10;
/// So many characters of it are told.
const TOLD: usize = 500;

/// One try to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// Taken, with the receiver's answer.
    Taken(String),
    /// Not taken; another try may help, after the receiver's wish in seconds, if it has one.
    Later(String, Option<u64>),
    /// Not taken, and never will be.
    Refused(String),
}

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Auth {
    /// Nobody in particular.
    #[default]
    None,
    /// A user and a password.
    Basic(String, String),
    /// The holder of a token.
    Bearer(String),
}

/// A request.
#[derive(Clone, Default)]
pub(super) struct Request {
    pub method: Method,
    pub url: String,
    /// The same for each try of one notice.
    pub key: Option<String>,
    pub auth: Auth,
    /// More headers, name and value.
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
    /// A file of CAs to trust beside the system's.
    pub ca: Option<PathBuf>,
}

/// What came back.
pub(super) struct Answer {
    pub host: String,
    pub status: StatusCode,
    pub json: Value,
    wish: Option<u64>,
    said: String,
}

impl Answer {
    /// The answer in a line: host, status, the beginning of the body.
    pub fn line(&self) -> String {
        self.line_with(&self.said)
    }

    /// Host and status, and this instead of the body.
    pub fn line_with(&self, said: &str) -> String {
        let Self { host, status, .. } = self;
        if said.is_empty() { format!("{host}: {status}") } else { format!("{host}: {status}: {}", told(said)) }
    }

    /// What a status means for a notice: success took it, a server in trouble may take it later, all else never will.
    pub fn tried(&self, line: String) -> Tried {
        if self.status.is_success() {
            Tried::Taken(line)
        } else if self.status.is_server_error()
            || matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        {
            Tried::Later(line, self.wish)
        } else {
            Tried::Refused(line)
        }
    }
}

/// Makes a request. No message holds the address: with a webhook it is the secret.
///
/// # Errors
/// There was no answer; as a try that may or may not be made again.
pub(super) async fn call(request: Request) -> Result<Answer, Tried> {
    match tokio::time::timeout(LIMIT, answer(request)).await {
        Ok(answer) => answer,
        Err(_) => Err(Tried::Later(format!("no answer in {} s", LIMIT.as_secs()), None)),
    }
}

async fn answer(request: Request) -> Result<Answer, Tried> {
    let url = match Url::parse(&request.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return Err(refused("the address does not begin with http:// or https://")),
        Err(e) => return Err(Tried::Refused(format!("the address cannot be read: {e}"))),
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let client = client(&url, request.ca.as_deref()).await.map_err(Tried::Refused)?;
    let mut sending = client.request(request.method, url);
    if let Some(key) = &request.key {
        sending = sending.header("Idempotency-Key", key);
    }
    for (name, value) in &request.headers {
        sending = sending.header(name, value);
    }
    sending = match &request.auth {
        Auth::None => sending,
        Auth::Basic(user, password) => sending.basic_auth(user, Some(password)),
        Auth::Bearer(token) => sending.bearer_auth(token),
    };
    if let Some(body) = &request.body {
        sending = sending.json(body);
    }
    let mut response = sending.send().await.map_err(|e| Tried::Later(format!("{host}: {}", root_cause(&e)), None))?;
    let status = response.status();
    let wish = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > BODY {
            break;
        }
    }
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Answer { host, status, json, wish, said: told(&String::from_utf8_lossy(&body)) })
}

/// The beginning of what a receiver said, as one line.
pub(super) fn told(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TOLD).collect()
}

fn refused(why: &str) -> Tried {
    Tried::Refused(why.to_owned())
}

/// A client for one address, which trusts the system's CAs and those of a file.
async fn client(url: &Url, ca: Option<&Path>) -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    if url.scheme() == "https" {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca {
            roots.add_parsable_certificates(certificates(path).await?);
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(url.host_str().unwrap_or_default()) { builder.no_proxy() } else { builder };
    builder.build().map_err(|e| root_cause(&e))
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let said = |why: String| format!("`ca` {}: {why}", path.display());
    let pem = tokio::fs::read(path).await.map_err(|e| said(e.to_string()))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let all = all.map_err(|e| said(e.to_string()))?;
    if all.is_empty() { Err(said("no certificate stands in it".into())) } else { Ok(all) }
}

/// Whether a host is this machine: then no proxy stands between.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether an address leads to this machine.
pub fn is_loopback_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
}

/// The innermost cause: the outer ones only say that something failed, with the address.
pub(super) fn root_cause(error: &dyn Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
