//! Webhooks: a POST of JSON.

use std::future::Future;
use std::pin::Pin;

use reqwest::Method;
use serde_json::json;

use super::call::{Request, call};
use super::{Message, Notice, Tried};

/// Posts a message to an address.
pub(super) struct Post {
    pub url: String,
    pub shape: Shape,
}

/// What the receiver reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of the message.
    Plain,
    /// What Slack's incoming webhooks take.
    Slack,
}

impl Shape {
    fn body(self, message: &Message) -> serde_json::Value {
        match self {
            Self::Plain => json!({
                "source": "flightdeck",
                "key": message.key,
                "title": message.title,
                "text": message.text,
            }),
            Self::Slack => {
                // Slack reads `&`, `<` and `>` as its own signs; a mention in a value must not ring everybody.
                let safe = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let text = safe(&message.text);
                let text = match message.title.as_str() {
                    "" => text,
                    title => format!("*{}*\n{text}", safe(title)),
                };
                json!({ "text": text })
            }
        }
    }
}

impl Notice for Post {
    fn send<'a>(&'a self, message: &'a Message, _again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            let request = Request {
                method: Method::POST,
                url: self.url.clone(),
                key: Some(message.key.clone()),
                body: Some(self.shape.body(message)),
                ..Request::default()
            };
            match call(request).await {
                Ok(answer) => answer.tried(answer.line()),
                Err(tried) => tried,
            }
        })
    }
}
