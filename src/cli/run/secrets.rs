//! Where a run's secrets come from: kept without their values, so that a resumed run can read them again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::values::{Texts, read_small};
use crate::cli::Stop;
use crate::cli::book::Book;
use crate::journal::RunFolder;
use crate::runbook::parameters::Resolved;
use crate::words::{Name, files};

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A variable of the environment.
    Env(String),
    /// A file that holds it and nothing else.
    File(PathBuf),
    /// Given by hand: asked for again.
    Typed,
}

/// The sources of all secrets.
pub type Sources = BTreeMap<Name, Source>;

/// Where the secrets of these values come from; `root` is where relative files start.
pub fn sources(book: &Book, texts: &Texts, resolved: &Resolved, root: &Path) -> Sources {
    let source = |name: &Name| {
        let origin = resolved.origins.get(name).map(String::as_str).unwrap_or_default();
        if texts.typed.contains_key(name) {
            return Source::Typed;
        }
        match (origin.strip_prefix("environment "), origin.strip_prefix("file ")) {
            (Some(variable), _) => Source::Env(variable.to_owned()),
            (_, Some(path)) => Source::File(root.join(path)),
            _ => Source::Typed,
        }
    };
    let secret = book.loaded.runbook.parameters.iter().filter(|(_, p)| p.is_secret()).map(|(name, _)| name);
    secret.filter(|name| resolved.secrets.0.contains_key(*name)).map(|name| (name.clone(), source(name))).collect()
}

/// Keeps the sources in the run's folder; none are kept when there is no secret.
pub fn keep(folder: &RunFolder, sources: &Sources) -> Result<(), Stop> {
    if sources.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_vec_pretty(sources).map_err(|e| Stop::disk(e.to_string()))?;
    folder.write_atomic(files::SECRETS, &text).map_err(|e| Stop::disk(format!("{}: {e}", files::SECRETS)))
}

/// Reads a run's secrets again. What cannot be read is left out: the host asks its client for it.
pub fn read_again(folder: &Path) -> Result<(Sources, BTreeMap<Name, String>), Stop> {
    let path = folder.join(files::SECRETS);
    let sources: Sources = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|e| Stop::disk(format!("{}: {e}", path.display())))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Sources::new(),
        Err(e) => return Err(Stop::disk(format!("{}: {e}", path.display()))),
    };
    let value = |source: &Source| match source {
        Source::Env(name) => std::env::var(name).ok(),
        Source::File(path) => read_small(path).ok(),
        Source::Typed => None,
    };
    let trimmed = |text: String| text.trim_end_matches(['\n', '\r']).to_owned();
    let values = sources.iter().filter_map(|(name, source)| Some((name.clone(), trimmed(value(source)?)))).collect();
    Ok((sources, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_and_what_was_typed_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(dir.path(), chrono::Utc::now(), "x").unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "postgres://x\n").unwrap();
        let sources = Sources::from([
            (Name::from("db_url"), Source::File(file)),
            (Name::from("pin"), Source::Typed),
            (Name::from("hook"), Source::Env("FLIGHTDECK_TEST_NO_SUCH_VARIABLE".into())),
        ]);
        keep(&folder, &sources).unwrap();
        let (again, values) = read_again(folder.path()).unwrap();
        assert_eq!(again, sources);
        assert_eq!(values, BTreeMap::from([(Name::from("db_url"), "postgres://x".to_owned())]));
        assert!(read_again(dir.path()).unwrap().0.is_empty());
    }
}
