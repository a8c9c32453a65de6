//! A line in a file.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use chrono::{SecondsFormat, Utc};
use serde_json::json;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

use super::{Message, Notice, Tried};

/// Appends a line to a file; the file is made when it is not there.
pub(super) struct Line(pub PathBuf);

impl Line {
    async fn write(&self, line: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0).await?;
        // One write: lines of several writers do not mix.
        file.write_all(line.as_bytes()).await?;
        file.sync_data().await
    }
}

impl Notice for Line {
    fn send<'a>(&'a self, message: &'a Message) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            let at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
            let line = json!({ "at": at, "key": message.key, "title": message.title, "text": message.text });
            match self.write(&format!("{line}\n")).await {
                Ok(()) => Tried::Taken(format!("written to {}", self.0.display())),
                // A line may stand there already: it is not written twice.
                Err(e) => Tried::Refused(format!("{}: {e}", self.0.display())),
            }
        })
    }
}
