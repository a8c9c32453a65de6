//! The folder of a run that is not started yet. It goes away again unless the run is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::cli::Stop;
use crate::cli::book::Book;
use crate::engine::event::Overlay;
use crate::journal::RunFolder;
use crate::runbook::parameters::Resolved;
use crate::sandbox::{Scenario, prepare};
use crate::words::{Name, files};

/// Parameters that shape a world, whatever gives them.
const SHAPES: [&str; 4] = ["platform", "strategy", "environment", "namespace"];
/// Parameters that shape a world only when somebody gave them: else the world's own versions count.
const GIVEN: [&str; 2] = ["release", "running"];

/// A run's folder with the sandbox's overlay, if it has one.
pub struct Draft {
    folder: RunFolder,
    /// What the sandbox gives the run.
    pub overlay: Option<Overlay>,
    shape: BTreeMap<String, String>,
    kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Without a journal it is no run, and nobody would look for it.
        if !self.kept && !self.folder.join(files::JOURNAL).exists() {
            let _ = std::fs::remove_dir_all(self.folder.path());
        }
    }
}

impl Draft {
    /// A folder for a real run.
    pub fn real(runs: &Path, book: &Book) -> Result<Self, Stop> {
        let title = &book.loaded.runbook.title;
        let folder = RunFolder::create(runs, Utc::now(), title)
            .map_err(|e| Stop::disk(format!("no folder for the run can be made in {}: {e}", runs.display())))?;
        Ok(Self { folder, overlay: None, shape: BTreeMap::new(), kept: false })
    }

    /// A folder with a world in it, as these values want it.
    pub fn simulated(
        runs: &Path,
        book: &Book,
        scenario: &Scenario,
        resolved: &Resolved,
        speed: f64,
    ) -> Result<Self, Stop> {
        let mut draft = Self::real(runs, book)?;
        draft.shape = shape(resolved);
        let exe = this_binary()?;
        let world = draft.folder.join(files::WORLD);
        let overlay = prepare(&world, scenario, &exe, &draft.shape, speed).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidInput => Stop::usage(e.to_string()),
            _ => Stop::disk(format!("the sandbox cannot be made in {}: {e}", world.display())),
        })?;
        draft.overlay = Some(overlay);
        Ok(draft)
    }

    /// Whether the world would be another one with these values.
    pub fn is_outdated(&self, resolved: &Resolved) -> bool {
        self.overlay.is_some() && self.shape != shape(resolved)
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The run was opened: its folder stays.
    pub fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.folder.path().to_owned()
    }
}

fn shape(resolved: &Resolved) -> BTreeMap<String, String> {
    let of = |name: &str| Some((name.to_owned(), resolved.values.get(&Name::from(name))?.to_string()));
    let by_somebody = |name: &&&str| {
        let origin = resolved.origins.get(&Name::from(**name)).map_or("", String::as_str);
        !matches!(origin, "" | "default" | "sandbox")
    };
    SHAPES.iter().filter_map(|n| of(n)).chain(GIVEN.iter().filter(by_somebody).filter_map(|n| of(n))).collect()
}

/// The binary that answers for the simulated commands.
fn this_binary() -> Result<PathBuf, Stop> {
    std::env::current_exe().map_err(|e| Stop::disk(format!("the program's own file is not found: {e}")))
}
