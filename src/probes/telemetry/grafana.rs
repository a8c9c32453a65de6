//! Grafana itself, and whether a dashboard exists and its panels have data.

use serde_json::{Value as Json, json};

use super::super::ctx::{Ctx, maybe, short};
use super::super::seen::{Problem, Seen};
use super::Api;
use crate::runbook::kinds::Grafana;
use crate::words::{Value, short_duration};

/// The most panels of a dashboard that are asked for.
const PANELS: usize = 40;

/// Looks once: without a dashboard at Grafana's own health.
pub(super) async fn look(spec: &Grafana, ctx: &Ctx) -> Seen {
    let api = match Api::new("Grafana", Some(&spec.url), &spec.auth, ctx) {
        Ok(api) => api,
        Err(problem) => return problem.into(),
    };
    let seen = match health(&api).await {
        Ok(seen) => seen,
        Err(problem) => {
            return Seen::text(problem.why.clone()).field("healthy", Value::Bool(false)).problem(problem);
        }
    };
    match maybe(spec.dashboard.as_ref()) {
        Ok(None) => seen,
        Ok(Some(uid)) => dashboard(&api, uid, seen).await,
        Err(problem) => problem.into(),
    }
}

async fn health(api: &Api<'_>) -> Result<Seen, Problem> {
    let answer = api.get("/api/health", &[]).await?;
    let latency = answer.latency.as_secs_f64();
    let json = api.read(&answer)?;
    let Some(database) = json["database"].as_str() else {
        return Err(Problem::failing("this is no Grafana: its health has no word for its database")
            .hint("is `url:` the base address?"));
    };
    let version = json["version"].as_str().unwrap_or_default().to_owned();
    let seen = Seen::text(format!("Grafana {version}, {}", short_duration(latency)))
        .field("healthy", Value::Bool(database == "ok"))
        .field("version", Value::Text(version))
        .field("latency", Value::Duration(latency))
        .value(latency);
    Ok(match database {
        "ok" => seen,
        other => seen.problem(Problem::failing(format!("Grafana's database: {}", short(other, 60)))),
    })
}

async fn dashboard(api: &Api<'_>, uid: &str, seen: Seen) -> Seen {
    let unknown = |seen: Seen, why: &str| {
        ["title", "panels", "with_data", "without_data"].into_iter().fold(seen, |seen, field| seen.missing(field, why))
    };
    let found = match api.get(&format!("/api/dashboards/uid/{uid}"), &[]).await {
        Ok(answer) if answer.status.as_u16() == 404 => {
            let why = format!("no dashboard has the uid {uid}");
            let hint = "the page /d/… opens for any uid; import the dashboard, or correct the uid";
            return unknown(seen.field("found", Value::Bool(false)), &why).problem(Problem::failing(why).hint(hint));
        }
        Ok(answer) => api.read(&answer),
        Err(problem) => Err(problem),
    };
    let board = match found {
        Ok(mut json) => json["dashboard"].take(),
        // Whether it exists is not known: a refusal is no absence.
        Err(problem) => {
            let why = problem.why.clone();
            return unknown(seen.missing("found", why.clone()), &why).problem(problem.as_nothing());
        }
    };
    let title = board["title"].as_str().unwrap_or(uid).to_owned();
    let mut panels = vec![];
    collect(&board["panels"], &mut panels);
    let seen = seen
        .field("found", Value::Bool(true))
        .field("title", Value::Text(title.clone()))
        .field("panels", Value::Number(panels.len() as f64));
    let (mut with, mut without) = (0_usize, vec![]);
    let default = default_source(api, &panels).await;
    for panel in panels.iter().take(PANELS) {
        match has_data(api, &board, panel, default.as_deref()).await {
            Ok(true) => with += 1,
            Ok(false) => without.push(panel["title"].as_str().unwrap_or("(no title)").to_owned()),
            Err(problem) => {
                let why = problem.why.clone();
                let seen = ["with_data", "without_data"].into_iter().fold(seen, |s, f| s.missing(f, why.clone()));
                return Seen { text: title, ..seen }.problem(problem.as_nothing());
            }
        }
    }
    let text = format!("{title}: {with} of {} panels have data", with + without.len());
    Seen { text, ..seen }
        .field("with_data", Value::Number(with as f64))
        .field("without_data", Value::List(without.into_iter().map(Value::Text).collect()))
        .value(with as f64)
}

/// The panels that ask something, those in rows too.
fn collect<'j>(list: &'j Json, panels: &mut Vec<&'j Json>) {
    for panel in list.as_array().into_iter().flatten() {
        collect(&panel["panels"], panels);
        if panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()) {
            panels.push(panel);
        }
    }
}

/// The uid of the default data source, where a panel needs it.
async fn default_source(api: &Api<'_>, panels: &[&Json]) -> Option<String> {
    if panels.iter().all(|panel| source(panel, &Json::Null).is_some()) {
        return None;
    }
    let list = api.json("/api/datasources", &[]).await.ok()?;
    let list = list.as_array()?;
    let default = list.iter().find(|s| s["isDefault"] == true).or_else(|| list.first())?;
    default["uid"].as_str().map(str::to_owned)
}

/// The data source that a target or its panel names; a variable names none.
fn source<'j>(panel: &'j Json, target: &'j Json) -> Option<&'j str> {
    [&target["datasource"]["uid"], &panel["datasource"]["uid"]]
        .into_iter()
        .find_map(Json::as_str)
        .filter(|uid| !uid.is_empty() && !uid.contains('$') && !uid.starts_with("--"))
}

/// Whether any query of a panel gave a value in the last five minutes.
async fn has_data(api: &Api<'_>, board: &Json, panel: &Json, default: Option<&str>) -> Result<bool, Problem> {
    let targets = panel["targets"].as_array().into_iter().flatten();
    let queries: Vec<Json> = targets
        .zip(1..)
        .filter(|(target, _)| target["hide"] != true)
        .filter_map(|(target, n)| {
            let mut query = target.clone();
            query["datasource"] = json!({ "uid": source(panel, target).or(default)? });
            query["refId"] = json!(format!("q{n}"));
            query["intervalMs"] = json!(15_000);
            query["maxDataPoints"] = json!(100);
            for key in ["expr", "query"] {
                if let Some(text) = target[key].as_str() {
                    query[key] = json!(filled(text, board));
                }
            }
            Some(query)
        })
        .collect();
    if queries.is_empty() {
        return Ok(false);
    }
    let answer = api.post("/api/ds/query", &json!({ "from": "now-5m", "to": "now", "queries": queries })).await?;
    // A query that its store refuses is told with 400 or 207 beside the others' results.
    let json = match answer.status.as_u16() {
        400 | 207 => serde_json::from_slice(&answer.body).unwrap_or_default(),
        _ => api.read(&answer)?,
    };
    let results = json["results"].as_object().into_iter().flatten();
    Ok(results.flat_map(|(_, result)| result["frames"].as_array().into_iter().flatten()).any(|frame| {
        let columns = frame["data"]["values"].as_array();
        columns
            .is_some_and(|c| c.iter().any(|column| column.as_array().is_some_and(|v| v.iter().any(|v| !v.is_null()))))
    }))
}

/// A query with the dashboard's variables filled in as they stand at first; those of Grafana's own it fills in itself.
fn filled(text: &str, board: &Json) -> String {
    let mut text = text.to_owned();
    for variable in board["templating"]["list"].as_array().into_iter().flatten() {
        let Some(name) = variable["name"].as_str() else { continue };
        let now = match &variable["current"]["value"] {
            Json::String(value) if value != "$__all" => value.clone(),
            Json::Array(values) if values.iter().all(|v| v != "$__all") && !values.is_empty() => {
                values.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("|")
            }
            _ => ".*".to_owned(),
        };
        for form in [format!("${{{name}}}"), format!("[[{name}]]"), format!("${name}")] {
            text = text.replace(&form, &now);
        }
    }
    text
}
