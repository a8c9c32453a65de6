//! The way from a path to a checked runbook.

use std::collections::HashSet;
use std::path::Path;

use super::{Disk, Files};
use crate::runbook::keys::{self, INCLUDED, Part, RUNBOOK};
use crate::runbook::model::Runbook;
use crate::runbook::read::{Reader, Unread, include_names, read_into};
use crate::runbook::tree::{self, Node};
use crate::runbook::{At, Fault, Problem, SourceFile, Sources};

/// The format's number that this program reads.
pub const FORMAT: u32 = 1;

/// A runbook without errors, and the files that it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The runbook.
    pub runbook: Runbook,
    /// Its files, byte for byte; the first is the runbook itself.
    pub sources: Sources,
}

/// Loads a runbook from the disk. Executes nothing. The problems of one that has errors are sorted by place.
pub fn load(path: &Path) -> Result<Loaded, Vec<Problem>> {
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    load_from(&Disk { folder }, &name)
}

/// Loads a runbook from files that are given by name.
pub fn load_from(files: &dyn Files, name: &str) -> Result<Loaded, Vec<Problem>> {
    let bytes = match files.read(name) {
        Ok(bytes) => bytes,
        Err(why) => return Err(vec![Problem::nowhere(files.show(name), format!("the runbook cannot be read: {why}"))]),
    };
    let mut sources = Sources { files: vec![SourceFile::new(files.show(name), name, bytes)] };
    let (runbook, faults) = read(files, &mut sources);
    match runbook {
        Some(runbook) if faults.is_empty() => Ok(Loaded { runbook, sources }),
        _ => Err(Problem::all(faults, &sources)),
    }
}

/// A file's tree, when it could be read.
struct Tree {
    part: &'static Part,
    root: Node,
}

fn read(files: &dyn Files, sources: &mut Sources) -> (Option<Runbook>, Vec<Fault>) {
    let mut loading = Loading {
        files,
        sources,
        faults: vec![],
        echoes: vec![],
        trees: vec![],
        mended: HashSet::new(),
        broken: false,
        newer: false,
    };
    loading.file(0, &RUNBOOK, &mut vec![0]);
    let Loading { sources, faults: mut syntax, echoes: mut faults, trees, mended, broken, newer, .. } = loading;
    if newer || trees.is_empty() {
        return (None, syntax);
    }
    let mut runbook = Runbook::default();
    let mut unread = Unread::new();
    let mut reader = Reader { sources, files, faults: &mut faults, unread: &mut unread };
    for tree in &trees {
        read_into(&mut reader, tree.part, &tree.root, &mut runbook);
    }
    // What a break hides would be missed everywhere: what refers to it is checked when the break is mended.
    if !broken {
        crate::runbook::check::check(&runbook, &unread, sources, &mut faults);
    }
    // What is found in a line that was mended to read on is an echo of what was told.
    faults.retain(|fault| !mended.contains(&(fault.at.file, fault.at.line)));
    syntax.append(&mut faults);
    (Some(runbook), syntax)
}

struct Loading<'a> {
    files: &'a dyn Files,
    sources: &'a mut Sources,
    faults: Vec<Fault>,
    echoes: Vec<Fault>,
    trees: Vec<Tree>,
    mended: HashSet<(u16, u32)>,
    broken: bool,
    newer: bool,
}

impl Loading<'_> {
    /// Reads a file and what it includes; `path` is the way here, to find a cycle.
    fn file(&mut self, index: u16, part: &'static Part, path: &mut Vec<u16>) {
        let Some(source) = self.sources.files.get(usize::from(index)) else { return };
        let mut faults = vec![];
        let parsed = tree::parse(index, source, &mut faults);
        self.broken |= parsed.broken;
        let start = At { file: index, line: 1, column: 1, offset: 0 };
        let Some(root) = parsed.root else {
            if faults.is_empty() {
                faults.push(Fault::error(start, "the file is empty").hint("a runbook begins with `flightdeck: 1`"));
            }
            self.faults.append(&mut faults);
            self.broken = true;
            return;
        };
        if let Some(fault) = newer(&root) {
            self.newer = true;
            self.faults.push(fault);
            return;
        }
        self.mended.extend(parsed.mended.iter().map(|line| (index, *line)));
        keys::check(part, &root, parsed.broken, self.sources, &mut self.echoes);
        self.faults.append(&mut faults);
        let names = include_names(&root);
        self.trees.push(Tree { part, root });
        for (name, at) in names {
            self.include(index, &name, at, path);
        }
    }

    fn include(&mut self, from: u16, name: &str, at: At, path: &mut Vec<u16>) {
        let base = self.sources.files.get(usize::from(from)).map(|f| f.name.clone()).unwrap_or_default();
        let before = self.sources.files.len();
        match self.sources.bring(self.files, &base, name) {
            Ok(index) if path.contains(&index) => {
                self.faults.push(Fault::error(at, format!("`{name}` includes itself")).width(name.len()));
            }
            // A file that two files include is brought in once.
            Ok(index) if usize::from(index) < before => {}
            Ok(index) => {
                path.push(index);
                self.file(index, &INCLUDED, path);
                path.pop();
            }
            Err(why) => {
                let fault = Fault::error(at, format!("cannot include `{name}`: {why}")).width(name.len());
                self.faults.push(fault.hint("includes stand beside the file that names them"));
                self.broken = true;
            }
        }
    }
}

/// A format number that this program does not know yet.
fn newer(root: &Node) -> Option<Fault> {
    let node = root.get("flightdeck")?;
    let number: u32 = node.text()?.parse().ok()?;
    (number > FORMAT).then(|| {
        let message = format!("needs flightdeck {number}; this program reads format {FORMAT}");
        Fault::error(node.at, message).width(node.width()).hint("get a newer flightdeck")
    })
}
