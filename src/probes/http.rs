//! One HTTP request on a fresh connection.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, ORIGIN};
use reqwest::{Method, StatusCode, Url};

use super::ctx::{Ctx, maybe, plain, short};
use super::seen::{Problem, Seen};
use super::trust::{Trust, fingerprint};
use super::{causes, kubernetes, through};
use crate::expr::Template;
use crate::runbook::kinds::Http;
use crate::words::{Value, short_duration};

/// The most that is read of a body: 1 MiB. What is longer is cut, and the connection dropped.
pub(super) const BODY_CAP: usize = 1 << 20;

/// An answer, read as far as the cap.
pub(super) struct Answer {
    /// Status line.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`BODY_CAP`].
    pub body: Vec<u8>,
    /// Whether the body was longer.
    pub cut: bool,
    /// From before the connection to the end of the body.
    pub latency: Duration,
}

/// Makes the request.
pub(super) async fn fetch(spec: &Http, ctx: &Ctx) -> Result<Answer, Problem> {
    let text = plain(&spec.url)?;
    let url = address(text)?;
    let method = match maybe(spec.method.as_ref())? {
        Some(m) => Method::from_bytes(m.to_uppercase().as_bytes())
            .map_err(|_| Problem::nothing(format!("`{m}` is no HTTP method")))?,
        None => Method::GET,
    };
    let place = place(&url);
    let ready = ctx.clients.ready(&url, trust(spec, ctx)?, spec.keep_alive)?;
    let mut request = ready.client.request(method, url.clone()).headers(headers(spec)?);
    if let Some(pair) = maybe(spec.basic_auth.as_ref())? {
        let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
        request = request.basic_auth(user, Some(password));
    }
    if let Some(token) = maybe(spec.bearer.as_ref())? {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &spec.body {
        request = request.body(plain(body)?.to_owned());
    }
    let way = match &spec.via {
        Some(via) => kubernetes::way(via, url.port_or_known_default().unwrap_or(443), ctx).await?,
        None => None,
    };
    let start = Instant::now();
    let failed = |e: reqwest::Error| causes::failure(&e, &place, ready.leaf().as_deref());
    let (mut response, _open) = match way {
        Some((stream, way)) => {
            let (response, open) =
                through::send(request.build().map_err(failed)?, stream, way, trust(spec, ctx)?).await?;
            (response, Some(open))
        }
        None => (request.send().await.map_err(failed)?, None),
    };
    let (mut body, mut cut) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let room = BODY_CAP - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    let latency = start.elapsed();
    Ok(Answer { status: response.status(), headers: response.headers().clone(), body, cut, latency })
}

/// Looks once.
pub(super) async fn look(spec: &Http, ctx: &Ctx) -> Seen {
    match fetch(spec, ctx).await {
        Ok(answer) => seen(&answer),
        Err(problem) => problem.into(),
    }
}

/// An address, checked.
pub(super) fn address(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).map_err(|e| Problem::nothing(format!("`{}` is no address: {e}", short(text, 60))))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(Problem::nothing(format!("`{}:` is not spoken here", url.scheme())).hint("write http:// or https://"))
    }
}

/// An address below a base: a path that begins with `/` stands after the base's own, an address stands for itself.
pub(super) fn below(base: &Url, path: &str) -> Result<Url, Problem> {
    if path.contains("://") {
        return address(path);
    }
    let mut url = base.clone();
    let path = format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_query(None);
    match path.split_once('?') {
        Some((path, query)) => {
            url.set_path(path);
            url.set_query(Some(query));
        }
        None => url.set_path(&path),
    }
    Ok(url)
}

/// `host:port` of an address, for words.
pub(super) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn trust(spec: &Http, ctx: &Ctx) -> Result<Trust, Problem> {
    let path = |t: Option<&Template>| maybe(t).map(|t| t.map(|t| ctx.path(t)));
    let client = match (path(spec.cert.as_ref())?, path(spec.key.as_ref())?) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err(Problem::nothing("`cert` and `key` go together")),
    };
    let fingerprint = maybe(spec.fingerprint.as_ref())?.map(fingerprint).transpose()?;
    Ok(Trust { ca: path(spec.ca.as_ref())?, fingerprint, client })
}

fn headers(spec: &Http) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in &spec.headers {
        let bad = |_| Problem::nothing(format!("`{name}` is no header name"));
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(bad)?, header(name, plain(value)?)?);
    }
    if let Some(origin) = maybe(spec.origin.as_ref())? {
        headers.insert(ORIGIN, header("origin", origin)?);
    }
    Ok(headers)
}

fn header(name: &str, value: &str) -> Result<HeaderValue, Problem> {
    // The value may be a secret: it is not repeated.
    HeaderValue::from_str(value).map_err(|_| Problem::nothing(format!("the value of header `{name}` cannot be sent")))
}

/// The fields of an answer.
pub(super) fn seen(answer: &Answer) -> Seen {
    let code = answer.status.as_u16();
    let latency = answer.latency.as_secs_f64();
    let line = match answer.status.canonical_reason() {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    };
    let text = match code {
        200 => short_duration(latency),
        201..300 => format!("{line}, {}", short_duration(latency)),
        300..400 => match answer.headers.get("location").and_then(|l| l.to_str().ok()) {
            Some(to) => format!("{line} to {}", short(to, 60)),
            None => line,
        },
        _ => line,
    };
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let (json, no_json) = json(answer, &body);
    let mut seen = Seen::text(text)
        .field("status", Value::Number(f64::from(code)))
        .field("latency", Value::Duration(latency))
        .field("headers", header_fields(&answer.headers))
        .field("json", json)
        .field("body", Value::Text(body))
        .value(latency);
    if let Some(why) = no_json {
        seen = seen.missing("json", why);
    }
    seen
}

/// The body as JSON, or why it is none.
pub(super) fn json(answer: &Answer, body: &str) -> (Value, Option<String>) {
    if answer.cut {
        return (Value::NoData, Some("the body is longer than 1 MiB".into()));
    }
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(json) => (Value::from_json(&json), None),
        Err(_) if body.trim().is_empty() => (Value::NoData, Some("the body is empty".into())),
        Err(_) => (Value::NoData, Some(format!("the body is no JSON: {}", short(body, 60)))),
    }
}

/// Headers by lower-case name; those that hold a session are named, not shown.
fn header_fields(headers: &HeaderMap) -> Value {
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        let hidden = matches!(name.as_str(), "set-cookie" | "authorization" | "proxy-authenticate");
        let text = if hidden { "(hidden)".to_owned() } else { values.join(", ") };
        fields.insert(name.as_str().to_owned(), Value::Text(text));
    }
    Value::Map(fields)
}
