//! One HTTP API of the telemetry's stores, and JSON from it.

use reqwest::Url;
use serde_json::Value as Json;

use super::super::ctx::{Ctx, maybe, short};
use super::super::http::{self, Answer};
use super::super::seen::Problem;
use crate::expr::Template;
use crate::runbook::kinds::{Auth, Http};

/// An API and how to log in to it.
pub(in crate::probes) struct Api<'a> {
    /// Its name, for words.
    pub name: &'static str,
    base: Url,
    auth: Auth,
    ctx: &'a Ctx,
}

impl<'a> Api<'a> {
    /// An API by its base address.
    pub fn new(name: &'static str, url: Option<&Template>, auth: &Auth, ctx: &'a Ctx) -> Result<Self, Problem> {
        let url = maybe(url)?.ok_or_else(|| Problem::nothing(format!("no address of {name} is given")))?;
        Ok(Self { name, base: http::address(url)?, auth: auth.clone(), ctx })
    }

    /// Gets a path with these parameters.
    pub async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Answer, Problem> {
        let mut url = http::below(&self.base, path)?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        http::fetch(&self.request(&url), self.ctx).await
    }

    /// Posts JSON to a path.
    pub async fn post(&self, path: &str, body: &Json) -> Result<Answer, Problem> {
        let mut request = self.request(&http::below(&self.base, path)?);
        request.method = Some(Template::plain("POST"));
        request.body = Some(Template::plain(body.to_string()));
        request.headers.insert("content-type".into(), Template::plain("application/json"));
        http::fetch(&request, self.ctx).await
    }

    /// The JSON of a path.
    pub async fn json(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Json, Problem> {
        self.read(&self.get(path, parameters).await?)
    }

    /// An answer's JSON; what is no success is told in the server's words.
    pub fn read(&self, answer: &Answer) -> Result<Json, Problem> {
        let body = String::from_utf8_lossy(&answer.body);
        let name = self.name;
        match (answer.status.as_u16(), serde_json::from_str::<Json>(&body)) {
            (_, _) if answer.cut => Err(Problem::nothing(format!("{name} answers with more than 1 MiB"))),
            (200, Ok(json)) => Ok(json),
            (200, Err(_)) => Err(Problem::nothing(format!("this is no {name}: it answers {}", short(&body, 60)))
                .hint("is `url:` the base address?")),
            (status @ (401 | 403), _) => {
                Err(Problem::failing(format!("{name} answers {status}")).hint("set `basic_auth:` or `bearer:`"))
            }
            (status, json) => {
                let json = json.unwrap_or_default();
                let words = json["message"].as_str().or_else(|| json["error"].as_str()).unwrap_or(&body);
                let words = Some(short(words, 120)).filter(|w| !w.is_empty()).map(|w| format!(": {w}"));
                Err(Problem::failing(format!("{name} answers {status}{}", words.unwrap_or_default())))
            }
        }
    }

    fn request(&self, url: &Url) -> Http {
        Http {
            url: Template::plain(url.as_str()),
            ca: self.auth.ca.clone(),
            basic_auth: self.auth.basic_auth.clone(),
            bearer: self.auth.bearer.clone(),
            ..Http::default()
        }
    }
}
