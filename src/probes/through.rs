//! One HTTP request over a stream that is already there, with TLS inside: who answers is verified as anywhere else.

use std::sync::Arc;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::header::{HOST, HeaderValue, USER_AGENT};
use reqwest::{Body, Request, Response, Url};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::http::place;
use super::kubernetes::Way;
use super::seen::Problem;
use super::trust::{Trust, sha256_hex};

/// What has to live until the answer is read.
pub(super) struct Open {
    _connection: AbortOnDropHandle<()>,
    _way: Way,
}

/// Makes the request through `stream`, at whose end `way` says what went wrong there.
pub(super) async fn send(
    request: Request,
    stream: DuplexStream,
    way: Way,
    trust: Trust,
) -> Result<(Response, Open), Problem> {
    let url = request.url().clone();
    let place = place(&url);
    if url.scheme() == "http" {
        return speak(request, stream, way, &place, None).await;
    }
    let (config, watcher) = trust.config()?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name(&url)?, stream).await;
    let leaf = watcher.chain().first().map(|c| sha256_hex(c));
    match connected {
        Ok(stream) => speak(request, stream, way, &place, leaf).await,
        Err(error) => Err(way.failure(&error, &place, leaf.as_deref()).await),
    }
}

async fn speak(
    request: Request,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    way: Way,
    place: &str,
    leaf: Option<String>,
) -> Result<(Response, Open), Problem> {
    let wrong = |e: &dyn std::fmt::Display| Problem::nothing(format!("the request cannot be made: {e}"));
    let url = request.url().clone();
    let mut request: hyper::Request<Body> = request.try_into().map_err(|e: reqwest::Error| wrong(&e))?;
    let after = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    *request.uri_mut() = after.parse().map_err(|e: hyper::http::uri::InvalidUri| wrong(&e))?;
    let host = match url.port() {
        Some(_) => place,
        None => url.host_str().unwrap_or_default(),
    };
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|e| wrong(&e))?);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("flightdeck/", env!("CARGO_PKG_VERSION"))));
    let (mut sender, connection) = match http1::handshake(TokioIo::new(stream)).await {
        Ok(made) => made,
        Err(error) => return Err(way.failure(&error, place, leaf.as_deref()).await),
    };
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // Its error reaches the request that waits for it.
        let _ = connection.await;
    }));
    match sender.send_request(request).await {
        Ok(answer) => Ok((answer.map(Body::wrap).into(), Open { _connection: connection, _way: way })),
        Err(error) => Err(way.failure(&error, place, leaf.as_deref()).await),
    }
}

/// The name that the certificate must have: the address's host.
pub(super) fn name(url: &Url) -> Result<ServerName<'static>, Problem> {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(|_| Problem::nothing(format!("`{host}` is no host's name")))
}
