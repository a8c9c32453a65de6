//! The law of the house (DESIGN.md): who may import whom, which rooms are pure, how large a file may be, and what
//! no file holds. Sources are read as text; comments and strings do not count as code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may import. `cli` and the crate's root may import everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("words", &[]),
    ("secrets", &[]),
    ("expr", &["words"]),
    ("runbook", &["words", "expr"]),
    ("engine", &["words", "expr", "runbook"]),
    ("monitor", &["words", "expr", "runbook"]),
    ("terminal", &["words"]),
    ("keeper", &["words", "secrets"]),
    ("probes", &["words", "runbook", "monitor"]),
    ("actions", &["words", "runbook", "secrets"]),
    ("journal", &["words", "secrets", "engine"]),
    ("record", &["words", "engine", "monitor", "terminal", "journal"]),
    ("link", &["words", "engine", "monitor", "terminal"]),
    (
        "host",
        &[
            "words", "secrets", "runbook", "engine", "monitor", "terminal", "keeper", "probes", "actions", "journal",
            "record", "link",
        ],
    ),
    ("tui", &["words", "runbook", "engine", "monitor", "terminal", "link"]),
    ("plain", &["words", "runbook", "engine", "terminal", "link"]),
    ("sandbox", &["words", "expr", "runbook", "engine", "journal", "link"]),
];

/// Imports beyond the design's table that building has shown to be needed, each with its reason.
const ALSO: &[(&str, &str, &str)] = &[
    ("probes", "expr", "expectations are expressions, and a probe's texts are templates: the judge evaluates both"),
    (
        "host",
        "expr",
        "it alone knows secrets, so it fills them into templates; it reads what a parameter's command printed",
    ),
];

/// Rooms without the outside world, and what they may not name.
const PURE: &[&str] = &["words", "secrets", "expr", "engine", "monitor"];
const OUTSIDE: &[&str] = &["tokio", "std::fs", "std::net", "std::process", "std::thread", "std::env", "std::io::stdin"];
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now", "Utc::now", "Local::now"];

/// The most lines of production code that a file may have.
const LARGEST: usize = 600;

/// A source file: its path below `src`, its text, its code without comments and strings, and that without tests.
struct Source {
    path: PathBuf,
    text: String,
    code: String,
    production: String,
    is_test: bool,
}

impl Source {
    /// The room: the first folder, or the name of a file of the crate's root.
    fn room(&self) -> &str {
        let first = self.path.components().next().and_then(|c| c.as_os_str().to_str()).unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// How many modules deep the file is; 0 is the crate's root.
    fn depth(&self) -> usize {
        let file = self.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let folders = self.path.components().count() - 1;
        folders + usize::from(!matches!(file, "mod.rs" | "lib.rs" | "main.rs"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut files = vec![];
    gather(&root(), &mut files);
    files.sort();
    let mut sources: Vec<Source> = files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is readable text");
            let code = code_of(&text);
            let production = without_tests(&code).0;
            let path = path.strip_prefix(root()).expect("it lies below src").to_owned();
            Source { path, text, code, production, is_test: false }
        })
        .collect();
    let tests: BTreeSet<PathBuf> = sources
        .iter()
        .flat_map(|s| {
            let folder = match s.path.file_name().and_then(|n| n.to_str()) {
                Some("mod.rs" | "lib.rs" | "main.rs") => s.path.parent().unwrap_or(Path::new("")).to_owned(),
                _ => s.path.with_extension(""),
            };
            without_tests(&s.code).1.into_iter().map(move |name| folder.join(name))
        })
        .collect();
    for source in &mut sources {
        let is = |test: &PathBuf| source.path == test.with_extension("rs") || source.path.starts_with(test);
        source.is_test = tests.iter().any(is);
    }
    assert!(sources.len() > 100, "the sources were not found");
    sources
}

fn gather(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The text with comments and the insides of strings blanked; lines stay where they are.
fn code_of(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < bytes.len() {
        let (c, next) = (bytes[i], bytes.get(i + 1).copied());
        match (c, next) {
            ('/', Some('/')) => {
                while i < bytes.len() && bytes[i] != '\n' {
                    out.push(' ');
                    i += 1;
                }
            }
            ('/', Some('*')) => {
                let mut depth = 0;
                while i < bytes.len() {
                    let two = (bytes[i], bytes.get(i + 1).copied());
                    match two {
                        ('/', Some('*')) => depth += 1,
                        ('*', Some('/')) => depth -= 1,
                        _ => {
                            blank(&mut out, bytes[i]);
                            i += 1;
                            continue;
                        }
                    }
                    out.push_str("  ");
                    i += 2;
                    if depth == 0 {
                        break;
                    }
                }
            }
            ('r', Some('"' | '#')) if !out.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                let hashes = bytes[i + 1..].iter().take_while(|c| **c == '#').count();
                if bytes.get(i + 1 + hashes) != Some(&'"') {
                    out.push(c);
                    i += 1;
                    continue;
                }
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                out.push('"');
                i += 2 + hashes;
                while i < bytes.len() && !bytes[i..].starts_with(&end) {
                    blank(&mut out, bytes[i]);
                    i += 1;
                }
                out.push('"');
                i += end.len();
            }
            ('"', _) => {
                out.push('"');
                i += 1;
                while i < bytes.len() && bytes[i] != '"' {
                    if bytes[i] == '\\' {
                        out.push(' ');
                        i += 1;
                    }
                    if i < bytes.len() {
                        blank(&mut out, bytes[i]);
                        i += 1;
                    }
                }
                out.push('"');
                i += 1;
            }
            ('\'', Some('\\')) => {
                out.push(' ');
                i += 2;
                while i < bytes.len() && bytes[i] != '\'' {
                    i += 1;
                }
                // An escaped quote is a character of two.
                if bytes.get(i + 1) == Some(&'\'') {
                    i += 1;
                }
                i += 1;
            }
            ('\'', Some(_)) if bytes.get(i + 2) == Some(&'\'') => {
                out.push(' ');
                i += 3;
            }
            _ => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// The code without its `#[cfg(test)]` items, and the names of test modules that are files of their own.
fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let (mut kept, mut names, mut rest) = (String::new(), vec![], code);
    while let Some(at) = rest.find(MARK) {
        kept.push_str(&rest[..at]);
        let item = &rest[at + MARK.len()..];
        let mut depth = 0usize;
        let mut end = item.len();
        for (i, c) in item.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = i + 1;
                        break;
                    }
                }
                ';' if depth == 0 => {
                    end = i + 1;
                    break;
                }
                _ => {}
            }
        }
        let body = item[..end].trim();
        if let Some(name) = body.strip_suffix(';').and_then(|b| b.split("mod ").nth(1)) {
            names.push(name.trim().to_owned());
        }
        rest = &item[end..];
    }
    kept.push_str(rest);
    (kept, names)
}

/// Every path that code names, those of `use` with braces one by one: `crate::words::Value`.
fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let own = rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        rest = &rest[at + 4..];
        if own {
            continue;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        expand("", rest[..end].trim(), &mut found);
        rest = &rest[end..];
    }
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    for word in code.split(|c: char| !is_path(c)) {
        if word.contains("::") {
            found.insert(word.trim_matches(':').to_owned());
        }
    }
    found
}

fn expand(before: &str, tree: &str, into: &mut BTreeSet<String>) {
    match tree.split_once('{') {
        None => {
            let name = tree.split(" as ").next().unwrap_or_default().trim();
            into.insert(format!("{before}{name}"));
        }
        Some((head, body)) => {
            let before = format!("{before}{}", head.trim());
            let body = body.trim_end().strip_suffix('}').unwrap_or(body);
            let (mut depth, mut start) = (0, 0);
            for (i, c) in body.char_indices().chain([(body.len(), ',')]) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        let part = body[start..i].trim();
                        if !part.is_empty() {
                            expand(&before, part, into);
                        }
                        start = (i + 1).min(body.len());
                    }
                    _ => {}
                }
            }
        }
    }
}

fn none(law: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{law}:\n  {}", broken.join("\n  "));
}

#[test]
fn rooms_import_only_what_the_table_says() {
    let mut broken = vec![];
    for source in sources().iter().filter(|s| !s.is_test) {
        let room = source.room();
        let Some((_, may)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            if !matches!(room, "cli" | "main" | "lib") {
                broken.push(format!("{}: the table does not know this room", source.path.display()));
            }
            continue;
        };
        for path in paths(&source.production) {
            let parts: Vec<&str> = path.split("::").collect();
            let supers = parts.iter().take_while(|p| **p == "super").count();
            if supers >= source.depth() && supers > 0 {
                broken.push(format!("{}: `{path}` leaves its room through `super`", source.path.display()));
            }
            if let ["crate" | "flightdeck", other, ..] = parts.as_slice()
                && *other != room
                && !may.contains(other)
                && !ALSO.iter().any(|(r, o, _)| *r == room && o == other)
            {
                broken.push(format!("{}: `{path}`", source.path.display()));
            }
        }
    }
    none("a room imports what it may not", &broken);
}

#[test]
fn the_binary_is_thin() {
    for source in sources().iter().filter(|s| s.room() == "main") {
        let used: Vec<String> = paths(&source.production)
            .into_iter()
            .filter(|p| p.starts_with("flightdeck::") && !p.starts_with("flightdeck::cli"))
            .collect();
        none("main.rs uses more than cli", &used);
    }
}

#[test]
fn pure_rooms_do_not_touch_the_world() {
    let mut broken = vec![];
    for source in sources().iter().filter(|s| !s.is_test && PURE.contains(&s.room())) {
        let name = source.path.display();
        for path in paths(&source.production) {
            let outside = OUTSIDE.iter().any(|o| path == *o || path.starts_with(&format!("{o}::")));
            if outside || CLOCKS.iter().any(|clock| path.ends_with(clock)) {
                broken.push(format!("{name}: `{path}`"));
            }
        }
    }
    none("a pure room touches the world", &broken);
}

#[test]
fn the_fold_evaluates_nothing() {
    let mut broken = vec![];
    for source in sources().iter().filter(|s| !s.is_test && s.path.starts_with("engine")) {
        let of_apply = source.path.components().any(|c| matches!(c.as_os_str().to_str(), Some("apply.rs" | "apply")));
        if !of_apply {
            continue;
        }
        for path in paths(&source.production) {
            if ["crate::expr", "crate::runbook"].iter().any(|room| path.starts_with(room)) {
                broken.push(format!("{}: `{path}`", source.path.display()));
            }
        }
    }
    none("engine/apply evaluates", &broken);
}

#[test]
fn only_the_loader_of_runbooks_reads_files() {
    let mut broken = vec![];
    for source in
        sources().iter().filter(|s| !s.is_test && s.room() == "runbook" && !s.path.starts_with("runbook/load"))
    {
        for path in paths(&source.production) {
            if OUTSIDE.iter().any(|o| path == *o || path.starts_with(&format!("{o}::"))) {
                broken.push(format!("{}: `{path}`", source.path.display()));
            }
        }
    }
    none("the format's room touches the world outside of its loader", &broken);
}

#[test]
fn loop_and_keeper_have_no_async_runtime() {
    let mut broken = vec![];
    for source in sources().iter().filter(|s| !s.is_test && matches!(s.room(), "keeper" | "journal" | "link")) {
        broken.extend(
            paths(&source.production)
                .into_iter()
                .filter(|p| p.starts_with("tokio"))
                .map(|p| format!("{}: `{p}`", source.path.display())),
        );
    }
    none("tokio where it must not be", &broken);
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut broken = vec![];
    for source in sources().iter().filter(|s| !s.is_test) {
        let lines = source.production.lines().count();
        if lines > LARGEST {
            broken.push(format!("{}: {lines} lines, at most {LARGEST}", source.path.display()));
        }
        if !source.text.trim_start().starts_with("//!") {
            broken.push(format!("{}: does not begin with `//!`", source.path.display()));
        }
    }
    none("a file wants to be two, or says nothing of itself", &broken);
}

#[test]
fn nothing_is_left_open() {
    let mut broken = vec![];
    for source in &sources() {
        for (number, line) in source.code.lines().enumerate() {
            let at = format!("{}:{}", source.path.display(), number + 1);
            // A measurement may be left to be asked for by hand, when it says why.
            let open = ["todo!", "unimplemented!"].iter().any(|open| line.contains(open));
            if open || line.contains("#[ignore]") {
                broken.push(format!("{at}: {}", line.trim()));
            }
        }
        for (at, _) in source.code.match_indices("[allow(") {
            let attribute = source.code[at..].split(']').next().unwrap_or_default();
            if !attribute.contains("reason") {
                let line = source.code[..at].lines().count();
                broken.push(format!("{}:{line}: {attribute}] without a reason", source.path.display()));
            }
        }
    }
    none("something is left open", &broken);
}

#[test]
fn the_reader_of_sources_is_not_fooled() {
    let code = code_of(
        "use a; // crate::tui\nlet s = \"crate::tui \\\" x\"; let r = r#\"crate::\"tui\"#; /* crate::tui */ let c = '\"'; b::c",
    );
    assert!(!code.contains("tui"), "{code}");
    assert!(code.contains("b::c"));
    let text = "use crate::{words::{Value, Name as N}, expr};\nfn f() { super::super::x::y(); }\n#[cfg(test)]\nmod tests {\n use crate::tui; }\n#[cfg(test)]\nmod more;\nstruct A;";
    let (production, names) = without_tests(&code_of(text));
    assert_eq!(names, ["more"]);
    assert!(production.contains("struct A") && !production.contains("tui"));
    let found = paths(&production);
    for path in ["crate::words::Value", "crate::words::Name", "crate::expr", "super::super::x::y"] {
        assert!(found.contains(path), "{path} in {found:?}");
    }
}
