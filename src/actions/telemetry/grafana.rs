//! Annotations by Grafana's API: <https://grafana.com/docs/grafana/latest/developers/http_api/annotations/>.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::actions::call::{Auth, Request, Tried, call};

/// Seconds after each failed try until the next.
const PAUSES: [u64; 6] = [1, 5, 15, 60, 300, 600];
/// Before a try so many of Grafana's newest annotations are looked through for an earlier one's.
const NEWEST: u32 = 100;

/// A Grafana.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Grafana {
    /// Its address.
    pub url: String,
    /// A service account's token.
    pub token: Option<String>,
    /// User and password.
    pub basic_auth: Option<(String, String)>,
    /// The uid of the one dashboard that shows them.
    pub dashboard: Option<String>,
}

impl std::fmt::Debug for Grafana {
    /// Without what lets one in.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grafana").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A mark on graphs.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// When.
    pub at: DateTime<Utc>,
    /// What is read there.
    pub text: String,
    /// What it is found by; one of them is no other annotation's.
    pub tags: Vec<String>,
    /// The tag that no other annotation has: it is written once however often it is tried.
    pub mark: String,
    /// An earlier host of the run may have written it.
    pub again: bool,
}

/// Writes annotations behind the run, one after the other, on a thread of its own. `tell` hears once of each whether it
/// was taken, and Grafana's answer. Where no thread can be had it is told before this returns.
pub fn annotate(
    to: Grafana,
    annotation: Annotation,
    tell: impl Fn(bool, String) + Send + Sync + 'static,
) -> std::sync::mpsc::Receiver<()> {
    let (finished, done) = std::sync::mpsc::sync_channel(1);
    let tell = std::sync::Arc::new(tell);
    let heard = tell.clone();
    let started = std::thread::Builder::new().name("flightdeck-note".into()).spawn(move || {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let (ok, said) = runtime.block_on(to.write(&annotation));
                heard(ok, said);
            }
            Err(e) => heard(false, format!("no thread to send with: {e}")),
        }
        let _ = finished.send(());
    });
    if let Err(e) = started {
        tell(false, format!("no thread to send with: {e}"));
    }
    done
}

impl Grafana {
    async fn write(&self, annotation: &Annotation) -> (bool, String) {
        let mut again = annotation.again;
        let mut pauses = PAUSES.iter();
        loop {
            let why = match self.once(annotation, again).await {
                Tried::Taken(said) => return (true, said),
                Tried::Refused(why) => return (false, why),
                Tried::Later(why, _) => why,
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(Duration::from_secs(*pause)).await,
                None => return (false, format!("{why} ({} tries)", PAUSES.len() + 1)),
            }
            again = true;
        }
    }

    async fn once(&self, annotation: &Annotation, again: bool) -> Tried {
        if again {
            match self.find(&annotation.mark).await {
                Ok(Some(id)) => return Tried::Taken(format!("annotation {id} is there from an earlier try")),
                Ok(None) => {}
                Err(tried @ Tried::Later(..)) => return tried,
                // Who may not look may write all the same.
                Err(_) => {}
            }
        }
        let mut body = json!({
            "time": annotation.at.timestamp_millis(),
            "text": annotation.text,
            "tags": annotation.tags.iter().chain([&annotation.mark]).collect::<Vec<_>>(),
        });
        if let Some(uid) = &self.dashboard {
            body["dashboardUID"] = uid.as_str().into();
        }
        let answer = match call(self.request(Method::POST, "", Some(body))).await {
            Ok(answer) => answer,
            Err(tried) => return tried,
        };
        match answer.json["id"].as_u64() {
            Some(id) if answer.status.is_success() => Tried::Taken(answer.line_with(&format!("annotation {id}"))),
            None if answer.status.is_success() => {
                Tried::Refused(format!("{}; Grafana answers with an id", answer.line()))
            }
            _ => {
                let said = answer.json["message"].as_str().unwrap_or_default();
                answer.tried(if said.is_empty() { answer.line() } else { answer.line_with(said) })
            }
        }
    }

    async fn find(&self, mark: &str) -> Result<Option<u64>, Tried> {
        let answer = call(self.request(Method::GET, &format!("?limit={NEWEST}&tags={mark}"), None)).await?;
        if !answer.status.is_success() {
            return Err(answer.tried(answer.line()));
        }
        let all = answer.json.as_array().map(Vec::as_slice).unwrap_or_default();
        let ours = all.iter().find(|a| a["tags"].as_array().is_some_and(|tags| tags.contains(&Value::from(mark))));
        Ok(ours.and_then(|a| a["id"].as_u64()))
    }

    fn request(&self, method: Method, query: &str, body: Option<Value>) -> Request {
        let auth = match (&self.token, &self.basic_auth) {
            (Some(token), _) => Auth::Bearer(token.clone()),
            (None, Some((user, password))) => Auth::Basic(user.clone(), password.clone()),
            (None, None) => Auth::None,
        };
        let url = format!("{}/api/annotations{query}", self.url.trim_end_matches('/'));
        Request { method, url, auth, body, ..Request::default() }
    }
}
