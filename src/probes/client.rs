//! One HTTP client a probe: no pool (but for `keep`), no redirects, our own trust; rebuilt when one of its files changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};

use super::seen::Problem;
use super::trust::{Trust, Watcher, provider, sha256_hex};

/// A client and what it was built from.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    trust: Trust,
    plain: bool,
    direct: bool,
    keep: bool,
    stamps: Vec<(PathBuf, Option<SystemTime>)>,
    /// The client.
    pub client: Client,
    watcher: Option<Arc<Watcher>>,
}

/// The client of the last look.
#[derive(Debug, Default)]
pub(super) struct ClientCache(Mutex<Option<Ready>>);

impl Ready {
    /// Fingerprint of the certificate that the server showed last.
    pub fn leaf(&self) -> Option<String> {
        self.watcher.as_ref()?.chain().first().map(|c| sha256_hex(c))
    }
}

impl ClientCache {
    /// The client for an address. Building one reads the CA file; it is kept while its files stay as they are.
    /// `keep`: a connection stays open for the next look.
    pub fn ready(&self, url: &Url, trust: Trust, keep: bool) -> Result<Ready, Problem> {
        let plain = url.scheme() == "http";
        let direct = is_loopback(url.host_str().unwrap_or_default());
        let stamps = stamps(&trust);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = kept.as_ref()
            && (&ready.trust, &ready.stamps) == (&trust, &stamps)
            && (ready.plain, ready.direct, ready.keep) == (plain, direct, keep)
        {
            return Ok(ready.clone());
        }
        let (config, watcher) = if plain { (no_tls()?, None) } else { trust.config().map(|(c, w)| (c, Some(w)))? };
        let client = match &watcher {
            // Without trust and without connections of its own one is as good as another: hundreds of probes share it.
            None if !keep => shared(direct, config)?,
            _ => build(config, direct, keep)?,
        };
        let ready = Ready { trust, plain, direct, keep, stamps, client, watcher };
        *kept = Some(ready.clone());
        Ok(ready)
    }
}

fn build(config: ClientConfig, direct: bool, keep: bool) -> Result<Client, Problem> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .pool_max_idle_per_host(usize::from(keep))
        .redirect(redirect::Policy::none())
        .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")));
    if direct {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| Problem::nothing(format!("no HTTP client: {e}")))
}

/// The one client for plain HTTP, with proxies and without.
fn shared(direct: bool, config: ClientConfig) -> Result<Client, Problem> {
    static CLIENTS: [OnceLock<Client>; 2] = [OnceLock::new(), OnceLock::new()];
    let kept = &CLIENTS[usize::from(direct)];
    match kept.get() {
        Some(client) => Ok(client.clone()),
        None => build(config, direct, false).map(|client| kept.get_or_init(|| client).clone()),
    }
}

/// Settings for plain HTTP: nobody is trusted, so nothing has to be read.
fn no_tls() -> Result<ClientConfig, Problem> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| Problem::nothing(e.to_string()))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// When each file was changed last.
fn stamps(trust: &Trust) -> Vec<(PathBuf, Option<SystemTime>)> {
    trust.files().map(|f| (f.to_owned(), f.metadata().and_then(|m| m.modified()).ok())).collect()
}

/// Whether a host is this machine, which no proxy stands before.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
