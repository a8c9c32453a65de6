//! Opening a run: everything is checked first, then its folder is made and its host started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Utc;

use super::values::{self, Texts};
use crate::cli::args::RunArgs;
use crate::cli::book::Book;
use crate::cli::client::Mode;
use crate::cli::{Stop, person};
use crate::engine::event::Autopilot;
use crate::host::{self, Settings};
use crate::journal::{RunFolder, runs_dir};
use crate::words::files;

/// Opens the run and starts its host; the run's folder.
pub fn open(book: &Book, args: &RunArgs, _mode: Mode) -> Result<PathBuf, Stop> {
    let runbook = &book.loaded.runbook;
    let texts = Texts::of(&args.fly)?;
    let resolved = texts.resolve(book, None);
    values::refuse_problems(&resolved)?;
    values::refuse_missing(runbook, &resolved)?;
    let commands = values::commands(runbook, &resolved)?;
    let runs = runs_dir(args.fly.runs.as_deref()).map_err(|e| Stop::disk(e.to_string()))?;
    let folder = RunFolder::create(&runs, Utc::now(), &runbook.title)
        .map_err(|e| Stop::disk(format!("no folder for the run can be made in {}: {e}", runs.display())))?;
    keep_files(book, &folder)?;
    let settings = Settings {
        operator: person::operator().0,
        files: book.loaded.sources.files.iter().map(|f| (f.name.clone(), f.text().unwrap_or_default().to_owned())).collect(),
        runbook: book.given.clone(),
        origin: book.root.display().to_string(),
        values: resolved.values.clone(),
        from: resolved.origins.clone(),
        secret_sources: values::secret_words(&resolved),
        secrets: resolved.secrets.0,
        commands,
        environment: std::env::vars().collect(),
        autopilot: Autopilot { yes: args.fly.yes, answers: None },
        speed: 1.0,
        usual: BTreeMap::new(),
        cols: 100,
        rows: 30,
        ..Settings::default()
    };
    host::launch(folder.path(), &settings).map_err(|e| Stop::disk(e.to_string()))?;
    Ok(folder.path().to_owned())
}

/// Copies the runbook's files into the run's folder, byte for byte.
fn keep_files(book: &Book, folder: &RunFolder) -> Result<(), Stop> {
    for file in &book.loaded.sources.files {
        let name = Path::new(files::RUNBOOK_DIR).join(kept_name(&file.name));
        if let Some(parent) = name.parent() {
            folder.make_dir(&parent.to_string_lossy()).map_err(|e| Stop::disk(format!("{}: {e}", parent.display())))?;
        }
        folder.write_atomic(&name, &file.bytes).map_err(|e| Stop::disk(format!("{}: {e}", name.display())))?;
    }
    Ok(())
}

/// A file's name inside the run's folder: `..` is `_up`, an absolute path begins with `_root`.
fn kept_name(name: &str) -> PathBuf {
    let mut kept = PathBuf::new();
    if name.starts_with('/') {
        kept.push("_root");
    }
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        kept.push(if part == ".." { "_up" } else { part });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_folder() {
        assert_eq!(kept_name("../shared/x.sh"), Path::new("_up/shared/x.sh"));
        assert_eq!(kept_name("/etc/../x"), Path::new("_root/etc/_up/x"));
        assert_eq!(kept_name("a.yaml"), Path::new("a.yaml"));
    }
}
