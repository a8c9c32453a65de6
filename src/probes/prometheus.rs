//! A PromQL query: of now, or of a range of time.

use chrono::Utc;

use super::ctx::{Ctx, plain, short};
use super::http::{self, Answer};
use super::seen::{Problem, Seen};
use crate::expr::Template;
use crate::runbook::kinds::{Http, Prometheus};
use crate::words::{Unit, Value};

/// Points of a range without a `step`.
const POINTS: f64 = 60.0;

/// Looks once. Whatever goes wrong is no data: a metrics server that is down says nothing about what it measures.
pub(super) async fn look(spec: &Prometheus, ctx: &Ctx) -> Seen {
    match ask(spec, ctx).await {
        Ok(seen) => seen,
        Err(problem) => problem.as_nothing().into(),
    }
}

async fn ask(spec: &Prometheus, ctx: &Ctx) -> Result<Seen, Problem> {
    let mut url = http::address(plain(&spec.url)?)?;
    let path = if spec.range.is_some() { "query_range" } else { "query" };
    let path = format!("{}/api/v1/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.query_pairs_mut().append_pair("query", plain(&spec.query)?);
    if let Some(range) = spec.range {
        let end = Utc::now().timestamp_micros() as f64 / 1e6;
        let step = spec.step.unwrap_or(range / POINTS).max(1.0);
        for (name, value) in [("start", end - range), ("end", end), ("step", step)] {
            url.query_pairs_mut().append_pair(name, &format!("{value:.3}"));
        }
    }
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
    if data["resultType"] == "matrix" {
        return range(one_series(&data["result"])?, unit);
    }
    let pair = match data["resultType"].as_str() {
        Some("scalar") => &data["result"],
        Some("vector") => &one_series(&data["result"])?["value"],
        other => {
            let kind = other.unwrap_or("nothing");
            return Err(Problem::nothing(format!("the query gives {kind}, wanted one number")));
        }
    };
    let (figure, time) = figure_of(pair)?;
    let value = unit.value(figure);
    let base = value.figure().unwrap_or(figure);
    Ok(Seen::text(unit.show(base)).field("value", value).field("age", age(time)).value(base))
}

/// The figures of a range: what stands in it, oldest first. Where Prometheus has none there is no point.
fn range(series: &serde_json::Value, unit: Unit) -> Result<Seen, Problem> {
    let points: Vec<(f64, f64)> =
        series["values"].as_array().into_iter().flatten().filter_map(|pair| figure_of(pair).ok()).collect();
    let (Some((first, _)), Some((last, time))) = (points.first(), points.last()) else {
        return Err(Problem::nothing("the range holds no figure").hint("0/0 gives NaN: there was no traffic"));
    };
    let figures = || points.iter().map(|(figure, _)| *figure);
    let (min, max) = (figures().fold(f64::INFINITY, f64::min), figures().fold(f64::NEG_INFINITY, f64::max));
    let avg = figures().sum::<f64>() / points.len() as f64;
    let value = unit.value(*last);
    let base = value.figure().unwrap_or(*last);
    let of = |figure: f64| unit.value(figure);
    let shown = |figure: f64| unit.show(of(figure).figure().unwrap_or(figure));
    let text = format!("{}, {} to {} in {} points", unit.show(base), shown(min), shown(max), points.len());
    let fields = [("min", of(min)), ("max", of(max)), ("avg", of(avg)), ("first", of(*first)), ("value", value)];
    let seen = fields.into_iter().fold(Seen::text(text), |seen, (name, value)| seen.field(name, value));
    Ok(seen.field("points", Value::Number(points.len() as f64)).field("age", age(*time)).value(base))
}

/// The only series of an answer.
fn one_series(result: &serde_json::Value) -> Result<&serde_json::Value, Problem> {
    match result.as_array().map(Vec::as_slice) {
        Some([one]) => Ok(one),
        None | Some([]) => Err(Problem::nothing("no series matches the query")
            .hint("is the name right? is the target scraped? (a rate without traffic has no series)")),
        Some(many) => Err(Problem::nothing(format!("{} series match, wanted one", many.len()))
            .hint("put sum(…), max(…) or avg(…) around the query")),
    }
}

/// How old a moment is, in seconds since 1970.
fn age(time: f64) -> Value {
    Value::Duration((Utc::now().timestamp_micros() as f64 / 1e6 - time).max(0.0))
}

/// A figure and its moment.
fn figure_of(pair: &serde_json::Value) -> Result<(f64, f64), Problem> {
    let raw = pair[1].as_str().unwrap_or_default();
    let figure = raw.parse::<f64>().ok().filter(|f| f.is_finite());
    match (figure, pair[0].as_f64()) {
        (Some(figure), Some(time)) => Ok((figure, time)),
        _ => Err(Problem::nothing(format!("the value is {raw}")).hint("0/0 gives NaN: there was no traffic")),
    }
}
