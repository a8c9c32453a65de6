//! A round trip through a key management service: make a key, add a material key, generate, encrypt, decrypt, compare;
//! and take the key away again, where the API has a way to.

use std::time::Duration;

use chrono::Utc;
use reqwest::Url;
use serde_json::{Value as Json, json};

use super::ctx::{Ctx, maybe, plain, short};
use super::http::{self, Answer};
use super::seen::{Means, Problem, Seen};
use crate::expr::Template;
use crate::runbook::kinds::{Http, Kms};
use crate::words::{Value, short_duration};

/// The legs, and the fields of how long each took.
const LEGS: [(&str, &str); 6] = [
    ("create", "create_latency"),
    ("material", "material_latency"),
    ("generate", "generate_latency"),
    ("encrypt", "encrypt_latency"),
    ("decrypt", "decrypt_latency"),
    ("compare", ""),
];

/// A leg by its name, and why it failed.
type Failed = (&'static str, Problem);

/// One round trip.
struct Trip<'a> {
    spec: &'a Kms,
    ctx: &'a Ctx,
    /// The address under which keys are.
    keys: Url,
    passed: Vec<(&'static str, Duration)>,
    failed: Vec<Failed>,
    until: tokio::time::Instant,
}

/// Looks once.
pub(super) async fn look(spec: &Kms, ctx: &Ctx) -> Seen {
    let keys = || -> Result<Url, Problem> {
        let base = http::address(plain(&spec.url)?)?;
        http::below(&base, maybe(spec.path.as_ref())?.unwrap_or("/elastickey"))
    };
    let keys = match keys() {
        Ok(keys) => keys,
        Err(problem) => return problem.into(),
    };
    let until = tokio::time::Instant::now() + ctx.timeout.mul_f64(0.95);
    let mut trip = Trip { spec, ctx, keys, passed: vec![], failed: vec![], until };
    let key = match trip.create().await {
        Ok(key) => key,
        Err(failed) => {
            trip.failed.push(failed);
            return trip.seen(None, None);
        }
    };
    trip.use_it(&key).await;
    let removed = trip.remove(&key).await;
    trip.seen(Some(key), removed)
}

impl Trip<'_> {
    /// Makes a key; its id.
    async fn create(&mut self) -> Result<String, Failed> {
        let text = |text: &Option<Template>, default: &str| -> Result<String, Failed> {
            let text = maybe(text.as_ref()).map_err(|p| ("create", p))?;
            Ok(text.unwrap_or(default).to_owned())
        };
        // Keys that stay are told apart, and found again, by their names.
        let name = format!("{}-{}", text(&self.spec.name, "flightdeck")?, Utc::now().format("%Y%m%d%H%M%S%6f"));
        let body = json!({
            "name": name,
            "description": "round trip of a deployment check",
            "algorithm": text(&self.spec.algorithm, "A256GCM/A256KW")?,
            "provider": "Internal",
            "import_allowed": false,
            "versioning_allowed": true,
        });
        let answer = self.post("create", self.keys.clone(), "application/json", body.to_string()).await?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let id = ["elastic_key_id", "id"].iter().find_map(|key| json[key].as_str()).filter(|id| !id.is_empty());
        let Some(id) = id else {
            return Err(("create", Problem::failing("the answer holds no elastic_key_id")));
        };
        self.passed.push(("create", answer.latency));
        Ok(id.to_owned())
    }

    /// Everything that a key is for.
    async fn use_it(&mut self, key: &str) {
        let material = self.material(key).await;
        self.note("material", material);
        let generated = self.generate(key).await;
        self.note("generate", generated);
        let clear = format!("flightdeck {}", Utc::now().to_rfc3339());
        let sealed = match self.encrypt(key, &clear).await {
            Ok((sealed, took)) => {
                self.passed.push(("encrypt", took));
                sealed
            }
            Err(failed) => return self.failed.push(failed),
        };
        match self.post("decrypt", self.of(key, "decrypt"), "text/plain", sealed).await {
            Err(failed) => self.failed.push(failed),
            Ok(answer) => {
                self.passed.push(("decrypt", answer.latency));
                if answer.body == clear.as_bytes() {
                    self.passed.push(("compare", Duration::ZERO));
                } else {
                    let problem = Problem::failing("what was decrypted is not what was encrypted");
                    self.failed.push(("compare", problem.hint("do not go on: data that it holds may not open again")));
                }
            }
        }
    }

    async fn material(&mut self, key: &str) -> Result<Duration, Failed> {
        let path = maybe(self.spec.material.as_ref()).map_err(|p| ("material", p))?.unwrap_or("materialkey").to_owned();
        let answer = self.post("material", self.of(key, &path), "application/json", "{}".into()).await?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        match ["material_key_id", "generate_date"].iter().find(|field| json[**field].as_str().is_none()) {
            Some(lacks) => Err(("material", Problem::failing(format!("the new material key has no {lacks}")))),
            None => Ok(answer.latency),
        }
    }

    async fn generate(&mut self, key: &str) -> Result<Duration, Failed> {
        let algorithm =
            maybe(self.spec.generate.as_ref()).map_err(|p| ("generate", p))?.unwrap_or("oct/256").to_owned();
        let mut url = self.of(key, "generate");
        url.query_pairs_mut().append_pair("alg", &algorithm);
        let answer = self.post("generate", url, "application/json", String::new()).await?;
        sealed("generate", &answer)?;
        Ok(answer.latency)
    }

    async fn encrypt(&mut self, key: &str, clear: &str) -> Result<(String, Duration), Failed> {
        let answer = self.post("encrypt", self.of(key, "encrypt"), "text/plain", clear.to_owned()).await?;
        let sealed = sealed("encrypt", &answer)?;
        if sealed.contains(clear) {
            return Err(("encrypt", Problem::failing("the clear text stands in the cipher text")));
        }
        Ok((sealed, answer.latency))
    }

    /// Takes the key away again. True when it is gone, false when the API has no way to or refuses, with why.
    async fn remove(&mut self, key: &str) -> Option<Result<(), String>> {
        let request = self.request("DELETE", &self.of(key, ""));
        Some(match self.send("create", &request).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => match answer.status.as_u16() {
                404 | 405 | 501 => Err("the API has no way to remove a key".into()),
                status => Err(format!("removing it answers {status}")),
            },
            Err((_, problem)) => Err(problem.why),
        })
    }

    fn note(&mut self, leg: &'static str, came: Result<Duration, Failed>) {
        match came {
            Ok(took) => self.passed.push((leg, took)),
            Err(failed) => self.failed.push(failed),
        }
    }

    /// An address of a key.
    fn of(&self, key: &str, what: &str) -> Url {
        let mut url = self.keys.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(key);
            segments.extend(what.split('/').filter(|part| !part.is_empty()));
        }
        url
    }

    fn request(&self, method: &str, url: &Url) -> Http {
        let spec = self.spec;
        Http {
            url: Template::plain(url.as_str()),
            method: Some(Template::plain(method)),
            ca: spec.ca.clone(),
            fingerprint: spec.fingerprint.clone(),
            cert: spec.cert.clone(),
            key: spec.key.clone(),
            basic_auth: spec.basic_auth.clone(),
            bearer: spec.bearer.clone(),
            ..Http::default()
        }
    }

    /// Posts a body, and wants success.
    async fn post(&mut self, leg: &'static str, url: Url, kind: &str, body: String) -> Result<Answer, Failed> {
        let mut request = self.request("POST", &url);
        request.body = Some(Template::plain(body));
        request.headers.insert("content-type".into(), Template::plain(kind));
        let answer = self.send(leg, &request).await?;
        if answer.status.is_success() { Ok(answer) } else { Err((leg, said(leg, &answer))) }
    }

    async fn send(&self, leg: &'static str, request: &Http) -> Result<Answer, Failed> {
        match tokio::time::timeout_at(self.until, http::fetch(request, self.ctx)).await {
            Ok(answer) => answer.map_err(|problem| (leg, problem)),
            Err(_) => Err((
                leg,
                Problem::failing("no answer in time")
                    .hint("a KMS whose pools of keys are empty is slow: raise `timeout:`, look at its pools"),
            )),
        }
    }

    fn seen(self, key: Option<String>, removed: Option<Result<(), String>>) -> Seen {
        let total: f64 = self.passed.iter().map(|(_, took)| took.as_secs_f64()).sum();
        let stays = removed.as_ref().is_some_and(Result::is_err);
        let mut text = format!("encrypted, decrypted, equal, {}", short_duration(total));
        if stays {
            text.push_str("; its key stays");
        }
        let mut seen = Seen::text(text).field("latency", Value::Duration(total)).value(total);
        for (leg, latency) in LEGS {
            let took = self.passed.iter().find(|(l, _)| *l == leg).map(|(_, took)| took.as_secs_f64());
            let failed = self.failed.iter().any(|(l, _)| *l == leg);
            seen = match took {
                Some(took) if latency.is_empty() => seen.field(leg, Value::Bool(true)).value(total.max(took)),
                Some(took) => seen.field(leg, Value::Bool(true)).field(latency, Value::Duration(took)),
                None if failed => seen.field(leg, Value::Bool(false)),
                None => seen.missing(leg, "the round trip did not get there"),
            };
        }
        if let Some(key) = key {
            seen = seen.field("key", Value::Text(key));
        }
        seen = match removed {
            Some(Ok(())) => seen.field("removed", Value::Bool(true)),
            Some(Err(why)) => seen.field("removed", Value::Bool(false)).missing("removed", why),
            None => seen.missing("removed", "no key was made"),
        };
        let Some((leg, first)) = self.failed.first() else { return seen };
        let words = |(leg, p): &Failed| format!("{leg}: {}", p.why);
        let nothing = self.failed.iter().find(|(_, p)| p.means == Means::Nothing);
        let mut told = match nothing {
            Some(failed) => Problem::nothing(words(failed)),
            None => Problem::failing(self.failed.iter().map(words).collect::<Vec<_>>().join("; ")),
        };
        told.hint = nothing.map_or(&first.hint, |(_, p)| &p.hint).clone();
        seen.text = format!("{leg} fails");
        seen.problem(told)
    }
}

/// A cipher text: a JWE in compact form, of five parts in base64url.
fn sealed(leg: &'static str, answer: &Answer) -> Result<String, Failed> {
    let text = String::from_utf8_lossy(&answer.body).trim().to_owned();
    let parts: Vec<&str> = text.split('.').collect();
    let is_of = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let whole = parts.len() == 5 && parts.iter().all(is_of) && [0, 2, 4].iter().all(|i| !parts[*i].is_empty());
    // What came may be the clear text: it is not repeated.
    if whole { Ok(text) } else { Err((leg, Problem::failing("the answer is no JWE of five parts"))) }
}

/// What the KMS said instead of what was wanted.
fn said(leg: &str, answer: &Answer) -> Problem {
    let status = answer.status.as_u16();
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = ["message", "error_description", "error"].iter().find_map(|key| json[key].as_str());
    let words = words.map(|w| format!(": {}", short(w, 120))).unwrap_or_default();
    let problem = Problem::failing(format!("the KMS answers {status}{words}"));
    let hint = match (leg, status) {
        (_, 401 | 403) => "it wants a session or a certificate: set `bearer:`, or `cert:` and `key:`",
        (_, 404) => "is `url:` the API's base with its context path, and `path:` where keys are?",
        (_, 429) => "the rate limit is used up (25 a second for services): look again in a moment",
        ("encrypt" | "decrypt", 500..) => {
            "with a healthy readyz: the unseal keys of the instances differ; is `dev: true` set somewhere?"
        }
        (_, 500..) => "its log says more; does it reach its database?",
        _ => return problem,
    };
    problem.hint(hint)
}
