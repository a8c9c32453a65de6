//! What a world is made with, written once beside its command log.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::log::Entry;
use super::ports::Ports;

/// File of the settings in the world's folder.
const FILE: &str = "world.json";

/// The fixed part of a world; with the command log it is the whole world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of everything that looks random.
    pub seed: u64,
    /// World time a second of real time.
    pub speed: f64,
    /// When the world was made; its clock counts from here.
    pub opened: DateTime<Utc>,
    /// Platform that serves the endpoints at the start: `compose` or `kubernetes`.
    pub platform: String,
    /// How the earlier release runs: `in-place`, or `blue-green`, in blue beside nothing.
    pub strategy: String,
    /// Name of the environment.
    pub environment: String,
    /// Version that runs at the start.
    pub previous: String,
    /// Version that is to be deployed.
    pub release: String,
    /// Kubernetes namespace.
    pub namespace: String,
    /// Kubernetes context.
    pub context: String,
    /// Ports on 127.0.0.1, by what listens there.
    pub ports: Ports,
    /// Texts that were filled into the root folder, by placeholder; the servers check passwords against them.
    pub secrets: BTreeMap<String, String>,
    /// What happened before the world was opened, so that the earlier release runs.
    pub before: Vec<Entry>,
}

impl Settings {
    /// Writes the settings into the world's folder.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        super::write_private(&dir.join(FILE), text.as_bytes())
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// There is no world in that folder, or it was made by another program version.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| io::Error::new(e.kind(), format!("no sandbox world in {}: {e}", dir.display())))?;
        serde_json::from_str(&text)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {e}", path.display())))
    }

    /// The folder that the run's commands start in.
    pub fn root(dir: &Path) -> PathBuf {
        dir.join("root")
    }

    /// One of the secrets; empty when the world has none of that name.
    pub fn secret(&self, name: &str) -> &str {
        self.secrets.get(name).map_or("", String::as_str)
    }
}
