//! Values of a run's parameters: given, read from their sources, given by the sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::args::FlyArgs;
use crate::cli::book::{Book, told};
use crate::engine::event::Overlay;
use crate::engine::plan;
use crate::expr::Scope;
use crate::runbook::model::{ParameterFrom, Runbook};
use crate::runbook::parameters::{self, Given, Resolved};
use crate::words::{Name, Value};

/// The largest file that a parameter is read from, bytes.
const LARGEST: u64 = 1 << 20;

/// What the command line gives, before it is put together.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// `-p`, in order.
    pub line: Vec<(String, String)>,
    /// `--params` files: path and text.
    pub files: Vec<(String, String)>,
    /// What a scenario fixes.
    pub scenario: Vec<(String, String)>,
    /// Typed in the form or at a prompt; they win over everything.
    pub typed: BTreeMap<Name, String>,
}

impl Texts {
    /// What the command line gives, with the `--params` files read.
    pub fn of(args: &FlyArgs) -> Result<Self, Stop> {
        Self::of_files(&args.params, &args.param_files)
    }

    /// `-p` and `--params`, with the files read.
    pub fn of_files(line: &[(String, String)], param_files: &[PathBuf]) -> Result<Self, Stop> {
        let mut files = vec![];
        for path in param_files {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Stop::usage(format!("--params {}: the file cannot be read: {e}", path.display())))?;
            files.push((path.display().to_string(), text));
        }
        Ok(Self { line: line.to_vec(), files, ..Self::default() })
    }

    /// Puts everything together. The sandbox's values win over files, sources and defaults, not over `-p`; from the
    /// caller's environment a simulated run takes nothing, so that no real address gets into it.
    pub fn resolve(&self, book: &Book, overlay: Option<&Overlay>) -> Resolved {
        let runbook = &book.loaded.runbook;
        let given: Vec<&str> = self.line.iter().map(|(name, _)| name.as_str()).collect();
        let mut line: Vec<(String, String)> = vec![];
        let mut ours: Vec<Name> = vec![];
        for (name, value) in overlay.iter().flat_map(|o| &o.parameters).chain(self.scenario.iter().map(|(n, v)| (n, v))) {
            let known = Name::from(name.as_str());
            if runbook.parameters.contains_key(&known) && !given.contains(&name.as_str()) {
                line.push((name.clone(), value.clone()));
                ours.push(known);
            }
        }
        line.extend(self.line.iter().cloned());
        line.extend(self.typed.iter().map(|(name, text)| (name.0.clone(), text.clone())));
        let root = overlay.map_or(book.root.as_path(), |o| Path::new(&o.root));
        let mut resolved = parameters::resolve(
            runbook,
            &Given {
                line: &line,
                files: &self.files,
                env: &|name| match overlay {
                    Some(overlay) => overlay.env.get(name).cloned(),
                    None => std::env::var(name).ok(),
                },
                file: &|path| read_small(&root.join(path)),
            },
        );
        for (name, origin) in &mut resolved.origins {
            if self.typed.contains_key(name) {
                *origin = "typed".into();
            } else if ours.contains(name) {
                *origin = "sandbox".into();
            }
        }
        resolved
    }
}

/// Values as far as a plan needs them, without reading or running any source.
pub struct Planned {
    /// What the plan is compiled with: what is read at the start stands as its source, what is missing as its name.
    pub given: plan::Given,
    /// Where each value is from, or will be.
    pub origins: BTreeMap<Name, String>,
    /// Parameters that somebody has to give.
    pub missing: Vec<Name>,
    /// Parameters that are off.
    pub off: Vec<Name>,
}

impl Texts {
    /// Puts the given values together for a plan: nothing is read from `from`, nothing is executed.
    pub fn plan(&self, book: &Book) -> Result<Planned, Stop> {
        let runbook = &book.loaded.runbook;
        // Found by what it says: a source's value has no type yet, so what reading it complains about does not count.
        let unread = |text: String| format!("{UNREAD}{text}›");
        let mut resolved = parameters::resolve(
            runbook,
            &Given {
                line: &self.line,
                files: &self.files,
                env: &|name| Some(unread(format!("env {name}"))),
                file: &|path| Ok(unread(format!("file {path}"))),
            },
        );
        resolved.problems.retain(|p| !p.message.contains(UNREAD) && !p.file.starts_with("file ") && !p.file.starts_with("environment "));
        refuse_problems(&resolved)?;
        let mut given = preview(runbook, &resolved);
        let mut origins = resolved.origins.clone();
        let missing: Vec<Name> = unanswered(&resolved).into_iter().cloned().collect();
        for (name, parameter) in &runbook.parameters {
            let source = match &parameter.from {
                Some(ParameterFrom::Run(_)) if resolved.from_commands.contains(name) => "a command, at the start",
                _ => continue,
            };
            origins.insert(name.clone(), source.to_owned());
        }
        for name in &missing {
            given.values.insert(name.clone(), Value::Text(format!("{UNREAD}{name}›")));
        }
        Ok(Planned { given, origins, missing, off: resolved.off })
    }
}

/// Begins a text that stands for a value which is not known yet.
const UNREAD: &str = "‹";

/// A small text file, as a value.
pub fn read_small(path: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(format!("{}: no plain file of at most 1 MiB", path.display()));
    }
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Stops when a value is wrong.
pub fn refuse_problems(resolved: &Resolved) -> Result<(), Stop> {
    if resolved.problems.is_empty() { Ok(()) } else { Err(Stop::problems(told(&resolved.problems))) }
}

/// Parameters that somebody has to give.
pub fn unanswered(resolved: &Resolved) -> Vec<&Name> {
    resolved.missing.iter().filter(|name| !resolved.from_commands.contains(name)).collect()
}

/// Stops when a value is missing, naming each with its question.
pub fn refuse_missing(runbook: &Runbook, resolved: &Resolved) -> Result<(), Stop> {
    let missing = unanswered(resolved);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing
        .iter()
        .map(|name| {
            let ask = runbook.parameters.get(*name).and_then(|p| p.field.ask.as_ref());
            ask.map_or_else(|| format!("  {name}"), |ask| format!("  {name}: {}", ask.source()))
        })
        .collect();
    let plural = if lines.len() == 1 { "a parameter has" } else { "parameters have" };
    Err(Stop::usage(format!("{plural} no value; give it with -p NAME=VALUE or --params FILE:\n{}", lines.join("\n"))))
}

/// The commands of parameters that a command gives, with their words filled in.
pub fn commands(runbook: &Runbook, resolved: &Resolved) -> Result<BTreeMap<Name, Vec<String>>, Stop> {
    let scope: BTreeMap<String, Value> = resolved.values.iter().map(|(n, v)| (n.0.clone(), v.clone())).collect();
    let mut commands = BTreeMap::new();
    for name in &resolved.from_commands {
        let Some(ParameterFrom::Run(command)) = runbook.parameters.get(name).and_then(|p| p.from.as_ref()) else {
            continue;
        };
        let words: Result<Vec<String>, _> = command.words.iter().map(|w| w.fill(&scope as &dyn Scope)).collect();
        let words = words.map_err(|missing| Stop::usage(format!("the command of parameter `{name}`: {missing}")))?;
        commands.insert(name.clone(), words);
    }
    Ok(commands)
}

/// What the plan is compiled with before the run: a value that a command will give stands as its command.
pub fn preview(runbook: &Runbook, resolved: &Resolved) -> plan::Given {
    let mut values = resolved.values.clone();
    for (name, words) in commands(runbook, resolved).unwrap_or_default() {
        values.insert(name, Value::Text(format!("$({})", words.join(" "))));
    }
    plan::Given { values, secrets: secret_words(resolved), now: Some(chrono::Utc::now()) }
}

/// Where each secret comes from, in words.
pub fn secret_words(resolved: &Resolved) -> BTreeMap<Name, String> {
    let words = |name: &Name| resolved.origins.get(name).map(|o| o.replacen("environment ", "env ", 1));
    resolved.secrets.0.keys().filter_map(|name| Some((name.clone(), words(name)?))).collect()
}
