//! A PromQL instant query.

use chrono::Utc;

use super::ctx::{Ctx, plain, short};
use super::http::{self, Answer};
use super::seen::{Problem, Seen};
use crate::expr::Template;
use crate::runbook::kinds::{Http, Prometheus};
use crate::words::{Unit, Value};

/// Looks once. Whatever goes wrong is no data: a metrics server that is down says nothing about what it measures.
pub(super) async fn look(spec: &Prometheus, ctx: &Ctx) -> Seen {
    match ask(spec, ctx).await {
        Ok(seen) => seen,
        Err(problem) => problem.as_nothing().into(),
    }
}

async fn ask(spec: &Prometheus, ctx: &Ctx) -> Result<Seen, Problem> {
    let mut url = http::address(plain(&spec.url)?)?;
    let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.query_pairs_mut().append_pair("query", plain(&spec.query)?);
    let request = Http {
        url: Template::plain(url.as_str()),
        ca: spec.ca.clone(),
        basic_auth: spec.basic_auth.clone(),
        bearer: spec.bearer.clone(),
        ..Http::default()
    };
    let answer = http::fetch(&request, ctx).await?;
    read(&answer, ctx.unit.unwrap_or_default())
}

fn read(answer: &Answer, unit: Unit) -> Result<Seen, Problem> {
    let body = String::from_utf8_lossy(&answer.body);
    let json: serde_json::Value = serde_json::from_str(&body).map_err(|_| match answer.status.as_u16() {
        200 => Problem::nothing(format!("this is no Prometheus: it answers {}", short(&body, 60)))
            .hint("is `url:` the base address?"),
        code => Problem::nothing(format!("Prometheus answers {code}")),
    })?;
    if json["status"] != "success" {
        let why = json["error"].as_str().map_or_else(|| answer.status.to_string(), |e| short(e, 120));
        return Err(Problem::nothing(format!("Prometheus refuses the query: {why}")));
    }
    let data = &json["data"];
    let pair = match data["resultType"].as_str() {
        Some("scalar") => &data["result"],
        Some("vector") => match data["result"].as_array().map(Vec::as_slice) {
            Some([one]) => &one["value"],
            None | Some([]) => {
                return Err(Problem::nothing("no series matches the query")
                    .hint("is the name right? is the target scraped? (a rate without traffic has no series)"));
            }
            Some(many) => {
                return Err(Problem::nothing(format!("{} series match, wanted one", many.len()))
                    .hint("put sum(…), max(…) or avg(…) around the query"));
            }
        },
        other => {
            let kind = other.unwrap_or("nothing");
            return Err(Problem::nothing(format!("the query gives {kind}, wanted one number")));
        }
    };
    let raw = pair[1].as_str().unwrap_or_default();
    let figure = raw.parse::<f64>().ok().filter(|f| f.is_finite());
    let (Some(figure), Some(time)) = (figure, pair[0].as_f64()) else {
        return Err(Problem::nothing(format!("the value is {raw}")).hint("0/0 gives NaN: there was no traffic"));
    };
    let value = unit.value(figure);
    let base = value.figure().unwrap_or(figure);
    let age = (Utc::now().timestamp_micros() as f64 / 1e6 - time).max(0.0);
    Ok(Seen::text(unit.show(base)).field("value", value).field("age", Value::Duration(age)).value(base))
}
