//! Notices: a text to channels; the receivers' answers are evidence. Never waits on the caller's thread.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::words::Name;

/// How long a receiver may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// How often a receiver that does not answer is tried.
const TRIES: u32 = 3;
/// Characters of an answer that are kept.
const KEPT: usize = 300;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The same for every try of the same notice, so that a receiver can drop doubles.
    pub key: String,
}

/// Where it is sent to.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// A Slack-compatible incoming webhook.
    Slack(String),
    /// Any address that takes a POST of JSON.
    Webhook(String),
    /// A file that gets a line of JSON.
    File(PathBuf),
}

/// Sends a message to all receivers, on `handle` or on a thread of its own, and tells once: whether all took it, and
/// their answers.
pub fn send(
    handle: Option<Handle>,
    to: Vec<(Name, Receiver)>,
    message: Message,
    answer: impl FnOnce(bool, String) + Send + 'static,
) {
    let work = async move {
        let (mut all, mut answers) = (true, vec![]);
        for (name, receiver) in to {
            match one(&receiver, &message).await {
                Ok(said) => answers.push(format!("{name}: {said}")),
                Err(why) => {
                    all = false;
                    answers.push(format!("{name}: {why}"));
                }
            }
        }
        answer(all, answers.join("; "));
    };
    match handle {
        Some(handle) => {
            handle.spawn(work);
        }
        None => {
            std::thread::spawn(move || {
                if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    runtime.block_on(work);
                }
            });
        }
    }
}

async fn one(receiver: &Receiver, message: &Message) -> Result<String, String> {
    match receiver {
        Receiver::File(path) => {
            let line = serde_json::json!({ "key": message.key, "title": message.title, "text": message.text });
            let mut file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|e| format!("{}: {e}", path.display()))?;
            writeln!(file, "{line}").map_err(|e| format!("{}: {e}", path.display()))?;
            Ok(format!("written to {}", path.display()))
        }
        Receiver::Slack(url) => {
            let text = format!("*{}*\n{}", message.title, message.text);
            post(url, &message.key, &serde_json::json!({ "text": text })).await
        }
        Receiver::Webhook(url) => {
            let body = serde_json::json!({ "title": message.title, "text": message.text, "key": message.key });
            post(url, &message.key, &body).await
        }
    }
}

/// Posts; a receiver that does not answer or says 5xx is tried again, with the same key.
async fn post(url: &str, key: &str, body: &serde_json::Value) -> Result<String, String> {
    let local = url::Url::parse(url).is_ok_and(|u| matches!(u.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")));
    let mut builder = reqwest::Client::builder().timeout(LIMIT).redirect(reqwest::redirect::Policy::none());
    if local {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|e| root_cause(&e))?;
    let mut last = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(500 << attempt)).await;
        }
        let sent = client.post(url).header("Idempotency-Key", key).json(body).send().await;
        match sent {
            Ok(response) => {
                let status = response.status();
                let said: String = response.text().await.unwrap_or_default().chars().take(KEPT).collect();
                let said = format!("{status} {}", said.trim());
                if status.is_success() {
                    return Ok(said.trim().to_owned());
                }
                last = said;
                if !status.is_server_error() {
                    break;
                }
            }
            Err(error) => last = root_cause(&error),
        }
    }
    Err(last)
}

/// The innermost cause, which is the one that says something. The address may be a secret, and is left out.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
