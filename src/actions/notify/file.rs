//! A line in a file.

use std::future::Future;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::pin::Pin;

use chrono::{SecondsFormat, Utc};
use serde_json::json;
use tokio::fs::OpenOptions;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{Message, Notice, Tried};

/// So many bytes of the file's end are searched for an earlier try's line.
const LAST: u64 = 256 << 10;

/// Appends a line to a file; the file is made when it is not there.
pub(super) struct Line(pub PathBuf);

impl Line {
    /// Whether a notice's line is among the last ones.
    async fn has(&self, key: &str) -> bool {
        let Ok(mut file) = tokio::fs::File::open(&self.0).await else { return false };
        let length = file.metadata().await.map_or(0, |m| m.len());
        let mut end = Vec::new();
        let read = file.seek(SeekFrom::Start(length.saturating_sub(LAST))).await.is_ok()
            && file.take(LAST).read_to_end(&mut end).await.is_ok();
        let text = String::from_utf8_lossy(&end);
        let keys = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        read && keys.into_iter().any(|line| line["key"] == key)
    }

    async fn write(&self, line: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0).await?;
        // One write: lines of several writers do not mix.
        file.write_all(line.as_bytes()).await?;
        file.sync_data().await
    }
}

impl Notice for Line {
    fn send<'a>(&'a self, message: &'a Message, again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            if again && self.has(&message.key).await {
                return Tried::Taken(format!("stands in {} already", self.0.display()));
            }
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
