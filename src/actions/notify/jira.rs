//! An issue of Jira, or a comment on one. REST API version 2, which Cloud and Data Center both have.
//!
//! Jira knows no idempotency key: before a second try it is asked whether the first one's issue is there.

use std::future::Future;
use std::pin::Pin;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Answer, Auth, Request, call};
use super::{Jira, Message, Notice, Tried, token};

/// The longest summary that Jira takes, in characters.
const SUMMARY: usize = 254;

impl Notice for Jira {
    fn send<'a>(&'a self, message: &'a Message, again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            let done = match (self.issue(), &self.project) {
                (Some((base, issue)), _) => self.comment(&base, &issue, message, again).await,
                (None, Some(project)) => self.create(project, message, again).await,
                (None, None) => {
                    let why = "the channel's `jira` is no issue (https://…/browse/KEY): a new one needs a `project`";
                    Err(Tried::Refused(why.into()))
                }
            };
            done.unwrap_or_else(|tried| tried)
        })
    }
}

impl Jira {
    /// Jira's address and the issue's key, when the address is an issue's.
    fn issue(&self) -> Option<(String, String)> {
        let (base, rest) = self.url.split_once("/browse/")?;
        let key = rest.split(['?', '#', '/']).next().unwrap_or_default();
        let fits = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        fits.then(|| (base.to_owned(), key.to_owned()))
    }

    fn request(&self, method: Method, base: &str, path: &str, body: Option<Value>) -> Request {
        let auth = match (&self.user, &self.token) {
            (Some(user), Some(token)) => Auth::Basic(user.clone(), token.clone()),
            (None, Some(token)) => Auth::Bearer(token.clone()),
            _ => Auth::None,
        };
        let url = format!("{}/rest/api/2/{path}", base.trim_end_matches('/'));
        Request { method, url, auth, body, ca: self.ca.clone(), ..Request::default() }
    }

    async fn create(&self, project: &str, message: &Message, again: bool) -> Result<Tried, Tried> {
        let mark = token(&message.key);
        if again && let Some(found) = self.find(project, &mark).await? {
            return Ok(Tried::Taken(format!("{found} is there from an earlier try")));
        }
        let summary: String = message.first_line().chars().take(SUMMARY).collect();
        let mut fields = json!({
            "project": { "key": project },
            "issuetype": { "name": self.issue_type },
            "summary": summary,
            "description": with_mark(message, &mark),
            "labels": ["flightdeck", mark],
        });
        let body = |fields: &Value| Some(json!({ "fields": fields }));
        let mut answer = call(self.request(Method::POST, &self.url, "issue", body(&fields))).await?;
        let no_labels = answer.status == StatusCode::BAD_REQUEST && answer.json["errors"]["labels"].is_string();
        if no_labels && let Some(map) = fields.as_object_mut() {
            // The project's screen has none; the mark stands in the description too.
            map.remove("labels");
            answer = call(self.request(Method::POST, &self.url, "issue", body(&fields))).await?;
        }
        Ok(match (answer.status, answer.json["key"].as_str()) {
            (StatusCode::CREATED, Some(key)) => Tried::Taken(answer.line_with(key)),
            _ => refusal(&answer),
        })
    }

    /// The issue of an earlier try. Cloud has the one path, Data Center the other.
    async fn find(&self, project: &str, mark: &str) -> Result<Option<String>, Tried> {
        let project = project.replace(['"', '\\'], "");
        let jql = format!("project = \"{project}\" AND (labels = \"{mark}\" OR description ~ \"{mark}\")");
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("jql", &jql)
            .append_pair("fields", "key")
            .append_pair("maxResults", "1")
            .finish();
        let mut answer = None;
        for path in ["search/jql", "search"] {
            let found = call(self.request(Method::GET, &self.url, &format!("{path}?{query}"), None)).await?;
            let missing = matches!(found.status, StatusCode::NOT_FOUND | StatusCode::GONE);
            answer = Some(found);
            if !missing {
                break;
            }
        }
        let Some(answer) = answer else { return Ok(None) };
        may_look(&answer)?;
        Ok(answer.json["issues"][0]["key"].as_str().map(str::to_owned))
    }

    async fn comment(&self, base: &str, issue: &str, message: &Message, again: bool) -> Result<Tried, Tried> {
        let mark = token(&message.key);
        let path = format!("issue/{issue}/comment");
        if again {
            let newest = format!("{path}?orderBy=-created&maxResults=50");
            let answer = call(self.request(Method::GET, base, &newest, None)).await?;
            may_look(&answer)?;
            let comments = answer.json["comments"].as_array().map(Vec::as_slice).unwrap_or_default();
            if comments.iter().any(|c| c["body"].as_str().is_some_and(|body| body.contains(&mark))) {
                return Ok(Tried::Taken(format!("{issue} has the comment from an earlier try")));
            }
        }
        let text = match message.title.as_str() {
            "" => with_mark(message, &mark),
            title => format!("{title}\n\n{}", with_mark(message, &mark)),
        };
        let answer = call(self.request(Method::POST, base, &path, Some(json!({ "body": text })))).await?;
        Ok(match (answer.status, answer.json["id"].as_str()) {
            (StatusCode::CREATED, Some(id)) => Tried::Taken(answer.line_with(&format!("{issue}, comment {id}"))),
            _ => refusal(&answer),
        })
    }
}

/// Who may not look writes all the same: told twice is better than not at all.
fn may_look(answer: &Answer) -> Result<(), Tried> {
    match refusal(answer) {
        later @ Tried::Later(..) => Err(later),
        _ => Ok(()),
    }
}

fn with_mark(message: &Message, mark: &str) -> String {
    format!("{}\n\nflightdeck {} ({mark})", message.text, message.key)
}

/// What Jira did not take, in its own words, and what to look at.
fn refusal(answer: &Answer) -> Tried {
    let general = answer.json["errorMessages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = answer.json["errors"].as_object().into_iter().flatten();
    let fields = fields.map(|(name, why)| format!("{name}: {}", why.as_str().unwrap_or_default()));
    let said: Vec<String> = general.map(str::to_owned).chain(fields).collect();
    let mut line = if said.is_empty() { answer.line() } else { answer.line_with(&said.join("; ")) };
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => line.push_str(" (see the channel's `user` and `token`)"),
        status if status.is_success() => return Tried::Refused(format!("{line}; Jira answers 201 with a key")),
        _ => {}
    }
    answer.tried(line)
}
