//! Opening a run: its folder gets everything that it needs, its host is started.

use std::path::{Path, PathBuf};

use super::answers;
use super::draft::Draft;
use super::target;
use super::values::{self, Texts};
use super::{secrets, usual};
use crate::cli::Stop;
use crate::cli::args::FlyArgs;
use crate::cli::book::Book;
use crate::engine::event::Autopilot;
use crate::engine::plan::Plan;
use crate::host::{self, LaunchError, Settings};
use crate::journal::RunFolder;
use crate::runbook::parameters::Resolved;
use crate::words::{Actor, files};

/// Everything that a run is opened with.
pub struct Opening<'a> {
    /// The runbook.
    pub book: &'a Book,
    /// The command line.
    pub args: &'a FlyArgs,
    /// What was given.
    pub texts: &'a Texts,
    /// All values.
    pub resolved: Resolved,
    /// The plan as it was shown.
    pub plan: &'a Plan,
    /// The answers file.
    pub answers: Option<answers::Given>,
    /// Who flies.
    pub operator: Actor,
}

impl Opening<'_> {
    /// Fills the folder and starts the host.
    pub fn launch(self, draft: Draft) -> Result<PathBuf, Stop> {
        let folder = draft.folder();
        keep_files(self.book, folder)?;
        if let Some(answers) = &self.answers {
            write(folder, files::ANSWERS, &answers.json)?;
        }
        let root = draft.overlay.as_ref().map_or(self.book.root.as_path(), |o| Path::new(&o.root));
        secrets::keep(folder, &secrets::sources(self.book, self.texts, &self.resolved, root))?;
        let announce = draft.overlay.is_none().then(|| target::announce(self.plan));
        let settings = self.settings(&draft, announce.clone())?;
        if let Err(error) = host::launch(folder.path(), &settings) {
            // Another run may have taken the target in the last moment.
            if let Some(announce) = &announce {
                target::refuse_held(announce, Some(folder.id()))?;
            }
            return Err(refused(&error));
        }
        Ok(draft.keep())
    }

    fn settings(self, draft: &Draft, announce: Option<host::Announce>) -> Result<Settings, Stop> {
        let book = self.book;
        let runs = draft.folder().path().parent().unwrap_or(Path::new("."));
        let (cols, rows) = terminal_size();
        Ok(Settings {
            resume: false,
            operator: self.operator.0,
            files: book
                .loaded
                .sources
                .files
                .iter()
                .map(|f| (f.name.clone(), f.text().unwrap_or_default().to_owned()))
                .collect(),
            runbook: book.given.clone(),
            origin: book.root.display().to_string(),
            commands: values::commands(&book.loaded.runbook, &self.resolved)?,
            secret_sources: values::secret_words(&self.resolved),
            values: self.resolved.values,
            from: self.resolved.origins,
            secrets: self.resolved.secrets.0,
            environment: environment(),
            autopilot: Autopilot { yes: self.args.yes, answers: self.answers.map(|a| a.sha256) },
            overlay: draft.overlay.clone(),
            speed: self.args.speed.unwrap_or(1.0),
            usual: usual::usual(runs, &book.loaded.runbook.title, draft.overlay.is_some()),
            announce,
            cols,
            rows,
        })
    }
}

/// A host that did not start, as the command line tells it.
pub fn refused(error: &LaunchError) -> Stop {
    match error {
        LaunchError::Disk(why) => Stop::disk(format!("the run was not started: {why}")),
        LaunchError::Refused(why) => Stop::usage(format!("the run was not started: {why}")),
        LaunchError::Io(_) => Stop::disk(error.to_string()),
    }
}

/// The caller's environment; a variable that is not UTF-8 is left out.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Columns and rows that commands get at first: this terminal's, else a common size. Screens set their own later.
pub fn terminal_size() -> (u16, u16) {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
    size.map(|s| (s.ws_col, s.ws_row)).filter(|(cols, rows)| *cols >= 20 && *rows >= 5).unwrap_or((100, 30))
}

/// Copies the runbook's files into the run's folder, byte for byte.
fn keep_files(book: &Book, folder: &RunFolder) -> Result<(), Stop> {
    for file in &book.loaded.sources.files {
        let name = Path::new(files::RUNBOOK_DIR).join(files::kept(&file.name));
        if let Some(parent) = name.parent() {
            folder.make_dir(&parent.to_string_lossy()).map_err(|e| Stop::disk(format!("{}: {e}", parent.display())))?;
        }
        write(folder, &name.to_string_lossy(), &file.bytes)?;
    }
    Ok(())
}

fn write(folder: &RunFolder, name: &str, bytes: &[u8]) -> Result<(), Stop> {
    let path = folder.join(name);
    folder.write_atomic(name, bytes).map_err(|e| Stop::disk(format!("{} cannot be written: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn a_full_disk_is_no_usage_error() {
        assert_eq!(refused(&LaunchError::Disk("journal.jsonl: no".into())).exit, Exit::Disk);
        // A command's own words about a disk are not this one's.
        let full = std::io::Error::from_raw_os_error(28).to_string();
        assert_eq!(refused(&LaunchError::Refused(format!("parameter `x`: {full}"))).exit, Exit::Usage);
    }
}
