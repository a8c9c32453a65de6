//! A POST of JSON.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;

use super::{Message, Notice, Tried};

/// How long one try may take.
const LIMIT: Duration = Duration::from_secs(10);
/// So much of the answer is kept.
const ANSWER: usize = 500;

/// Posts a message to an address.
pub(super) struct Post {
    pub url: String,
    pub shape: Shape,
}

/// What the receiver reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of the message.
    Plain,
    /// What Slack's incoming webhooks take.
    Slack,
}

impl Shape {
    fn body(self, message: &Message) -> serde_json::Value {
        match self {
            Self::Plain => json!({
                "source": "flightdeck",
                "key": message.key,
                "title": message.title,
                "text": message.text,
            }),
            Self::Slack => {
                // Slack reads `&`, `<` and `>` as its own signs; a mention in a value must not ring everybody.
                let safe = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let text = safe(&message.text);
                let text = match message.title.as_str() {
                    "" => text,
                    title => format!("*{}*\n{text}", safe(title)),
                };
                json!({ "text": text })
            }
        }
    }
}

impl Notice for Post {
    fn send<'a>(&'a self, message: &'a Message) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            match tokio::time::timeout(LIMIT, self.post(message)).await {
                Ok(tried) => tried,
                Err(_) => Tried::Later(format!("no answer in {} s", LIMIT.as_secs()), None),
            }
        })
    }
}

impl Post {
    /// No message holds the address: with Slack it is the secret.
    async fn post(&self, message: &Message) -> Tried {
        let url = match Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            Ok(_) => return Tried::Refused("the channel's address does not begin with http:// or https://".into()),
            Err(e) => return Tried::Refused(format!("the channel's address cannot be read: {e}")),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = match client(&url) {
            Ok(client) => client,
            Err(why) => return Tried::Refused(why),
        };
        let sent =
            client.post(url).header("Idempotency-Key", &message.key).json(&self.shape.body(message)).send().await;
        let mut response = match sent {
            Ok(response) => response,
            Err(e) => return Tried::Later(format!("{host}: {}", root_cause(&e)), None),
        };
        let status = response.status();
        let wish = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER {
                break;
            }
        }
        let said: String =
            String::from_utf8_lossy(&body).trim().chars().filter(|c| !c.is_control()).take(ANSWER).collect();
        let answer = if said.is_empty() { format!("{host}: {status}") } else { format!("{host}: {status}: {said}") };
        if status.is_success() {
            Tried::Taken(answer)
        } else if status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        {
            Tried::Later(answer, wish)
        } else {
            Tried::Refused(answer)
        }
    }
}

/// A client for one address, which trusts the system's CAs.
fn client(url: &Url) -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    if url.scheme() == "https" {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
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
    let bare = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let direct = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let builder = if direct { builder.no_proxy() } else { builder };
    builder.build().map_err(|e| root_cause(&e))
}

/// The innermost cause: the outer ones only say that something failed, with the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
