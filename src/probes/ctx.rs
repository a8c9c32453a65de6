//! What every look needs beside its settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use super::client::ClientCache;
use super::docker::EngineCache;
use super::kubernetes::ClusterCache;
use super::logs::Read;
use super::seen::{Problem, Seen};
use crate::expr::Template;
use crate::words::{Unit, Value};

/// What every look needs beside its settings; one a probe, kept between its looks.
#[derive(Debug)]
pub struct Ctx {
    /// Folder that relative paths start from.
    pub root: PathBuf,
    /// Environment of commands: the whole of it, nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// The probe's `unit`, if it has one.
    pub unit: Option<Unit>,
    /// How long a look may take, real time.
    pub timeout: Duration,
    /// The HTTP client of the last look.
    pub(super) clients: ClientCache,
    /// The Docker client of the last look.
    pub(super) engine: EngineCache,
    /// The Kubernetes client of the last look.
    pub(super) cluster: ClusterCache,
    /// What was read of logs so far.
    pub(super) read: Read,
    /// When this context was made: from then on a look counts that names no time.
    pub(super) born: DateTime<Utc>,
    /// One blocking look at a time: a disk that hangs must not eat a thread a look.
    one: Arc<Semaphore>,
}

impl Ctx {
    /// A context for one probe.
    pub fn new(root: PathBuf, env: BTreeMap<String, String>, unit: Option<Unit>, timeout: Duration) -> Self {
        Self {
            root,
            env,
            unit,
            timeout,
            clients: ClientCache::default(),
            engine: EngineCache::default(),
            cluster: ClusterCache::default(),
            read: Read::default(),
            born: Utc::now(),
            one: Arc::new(Semaphore::new(1)),
        }
    }

    /// A path of the runbook, from the root.
    pub fn path(&self, text: &str) -> PathBuf {
        self.root.join(Path::new(text))
    }

    /// How long something took, as the figure of a kind whose figure is another by default: only where the probe's unit
    /// is one of time.
    pub fn if_time(&self, seconds: f64) -> Option<f64> {
        matches!(self.unit, Some(Unit::Ms | Unit::S)).then_some(seconds)
    }

    /// Runs a look that blocks (files, `/proc`) on a thread for such work.
    pub async fn blocking(&self, look: impl FnOnce() -> Seen + Send + 'static) -> Seen {
        self.blocked(look).await.unwrap_or_else(Seen::from)
    }

    /// Runs something that blocks on a thread for such work.
    pub(super) async fn blocked<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(permit) = Arc::clone(&self.one).try_acquire_owned() else {
            return Err(Problem::nothing("the look before this one still hangs")
                .hint("does the file system answer? (network share, full disk)"));
        };
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        work.await.map_err(|e| Problem::nothing(format!("the look broke off: {e}")))
    }
}

/// A filled text; one that is still a template is the caller's mistake, told and not hidden.
pub(super) fn plain(text: &Template) -> Result<&str, Problem> {
    text.as_plain().ok_or_else(|| Problem::nothing("a value of this probe is not known yet"))
}

/// A filled text that may be absent; an empty one counts as absent.
pub(super) fn maybe(text: Option<&Template>) -> Result<Option<&str>, Problem> {
    Ok(text.map(plain).transpose()?.filter(|t| !t.is_empty()))
}

/// The first line of a text, at most `most` characters, for one line on a screen.
pub(super) fn short(text: &str, most: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Filled texts of a list; what is empty is left out.
pub(super) fn texts(list: &[Template]) -> Result<Vec<String>, Problem> {
    let filled: Result<Vec<&str>, Problem> = list.iter().map(plain).collect();
    Ok(filled?.into_iter().filter(|t| !t.is_empty()).map(str::to_owned).collect())
}

/// A list of texts as a value.
pub(super) fn list(texts: &[String]) -> Value {
    Value::List(texts.iter().cloned().map(Value::Text).collect())
}

/// `3 missing: a, b, c`; nothing for an empty list.
pub(super) fn said(word: &str, texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| format!("{word}: {}", texts.join(", ")))
}
