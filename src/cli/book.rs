//! A runbook as the command line names it: loaded, with the folder that its paths start in.

use std::path::{Path, PathBuf};

use super::{Stop, embedded, terminal};
use crate::runbook::{Loaded, Problem, load, load_from};

/// A runbook without errors.
#[derive(Debug)]
pub struct Book {
    /// The runbook and its files.
    pub loaded: Loaded,
    /// Its path as it was given.
    pub given: String,
    /// Folder of commands and relative paths.
    pub root: PathBuf,
}

impl Book {
    /// Reads a runbook from the disk. Executes nothing.
    pub fn open(path: &Path) -> Result<Self, Stop> {
        let loaded = load(path).map_err(|problems| Stop::problems(told(&problems)))?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let root = folder.join(&loaded.runbook.root);
        let root = root.canonicalize().map_err(|e| {
            Stop::usage(format!("{}: its root folder {} cannot be entered: {e}", path.display(), root.display()))
        })?;
        Ok(Self { loaded, given: path.display().to_string(), root })
    }

    /// A shipped runbook. Its root is the sandbox's, which it is flown in; without one it is the present folder.
    pub fn shipped(name: &str) -> Result<Self, Stop> {
        let loaded = load_from(&embedded::files(), name).map_err(|problems| Stop::problems(told(&problems)))?;
        let root = std::env::current_dir().map_err(|e| Stop::disk(format!("the present folder: {e}")))?;
        Ok(Self { loaded, given: name.to_owned(), root })
    }

    /// The name of the runbook's file.
    pub fn file_name(&self) -> &str {
        let name = self.loaded.sources.files.first().map_or("", |f| f.name.as_str());
        name.rsplit('/').next().unwrap_or(name)
    }
}

/// Problems one after another, with their count.
pub fn told(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&problem.render(terminal::is_colored_on_stderr()));
        text.push_str("\n\n");
    }
    let count = problems.len();
    text.push_str(&format!("{count} error{}: nothing was started", if count == 1 { "" } else { "s" }));
    text
}
