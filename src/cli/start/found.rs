//! Runbooks that lie here.

use std::path::{Path, PathBuf};

use crate::runbook::{Loaded, Problem, Severity, load};
use crate::tui::start::Flyable;

/// The most runbooks that are looked at.
const MOST: usize = 60;
/// How much of a file is read to see what it is, bytes.
const BEGINNING: u64 = 1 << 20;

/// What was found.
pub struct Found {
    /// As the start screen shows it.
    pub entries: Vec<Flyable>,
    /// Those without errors.
    pub books: Vec<Loaded>,
}

/// The runbooks in a folder and in its `runbooks`, by path. Nothing in them is executed.
pub fn runbooks(folder: &Path) -> Found {
    let mut paths: Vec<PathBuf> = [folder.join("runbooks"), folder.to_owned()].iter().flat_map(|dir| files(dir)).collect();
    paths.truncate(MOST);
    let mut found = Found { entries: vec![], books: vec![] };
    for path in paths {
        let shown = path.strip_prefix("./").unwrap_or(&path).display().to_string();
        match load(&path) {
            Ok(loaded) => {
                let version = loaded.runbook.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
                let words = format!("{}{version}", loaded.runbook.title);
                found.entries.push(Flyable { path: shown, words, sound: true });
                found.books.push(loaded);
            }
            Err(problems) => {
                let errors = problems.iter().filter(|p: &&Problem| p.severity == Severity::Error).count();
                let words = format!("{errors} error{}, Enter shows them", if errors == 1 { "" } else { "s" });
                found.entries.push(Flyable { path: shown, words, sound: false });
            }
        }
    }
    found
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return vec![] };
    let mut all: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml") && is_runbook(path))
        .collect();
    all.sort();
    all
}

/// A runbook says its format, and has steps or phases of its own; what others include has not.
fn is_runbook(path: &Path) -> bool {
    use std::io::Read;
    let mut bytes = vec![];
    let read = std::fs::File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
    if read.is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&bytes);
    let says = |key: &str| text.lines().any(|line| line.starts_with(key));
    says("flightdeck:") && (says("steps:") || says("phases:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_answers_and_other_files_are_no_runbooks() {
        let found = runbooks(Path::new(env!("CARGO_MANIFEST_DIR")));
        let names: Vec<&str> = found.entries.iter().filter_map(|e| e.path.rsplit('/').next()).collect();
        assert!(names.contains(&"first-flight.yaml") && names.contains(&"production-deployment.yaml"), "{names:?}");
        assert!(!names.contains(&"common.yaml") && !names.iter().any(|n| n.starts_with("answers")), "{names:?}");
        assert!(found.entries.iter().all(|e| e.sound), "{:?}", found.entries);
    }

    #[test]
    fn a_broken_runbook_says_how_many_errors() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.yaml"), "flightdeck: 1\ntitel: x\nsteps:\n  - Look\n").unwrap();
        let found = runbooks(dir.path());
        assert!(!found.entries[0].sound && found.entries[0].words.contains("error"), "{:?}", found.entries);
    }
}
