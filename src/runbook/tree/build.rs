//! From the parser's events to the tree.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_yaml::granit_parser as granit;
use serde_yaml::granit_parser::{Event, Marker, ScalarStyle, StructureStyle};

use super::super::{At, Fault, SourceFile};
use super::traps;
use super::{Entry, Node, Style, Yaml};

/// Nodes that one file may hold, aliases counted each time they are used.
const MOST_NODES: usize = 2_000_000;
/// Nodes that aliases may add.
const MOST_ALIASED: usize = 200_000;
/// How deep a file may be nested.
const DEEPEST: usize = 64;
/// A map with so many entries gets an index of its keys.
const MANY_KEYS: usize = 24;
/// How many syntax errors of one file are told.
const MOST_ROUNDS: usize = 40;

/// A file's tree.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; of a broken file what could be read before it broke.
    pub root: Option<Node>,
    /// The file could not be read to its end: what is missing in it may stand behind the break.
    pub broken: bool,
    /// Lines that were mended in order to read on: what else is found there is an echo.
    pub mended: HashSet<u32>,
}

/// Reads a file into a tree; every fault is told, and reading goes on behind those that can be stepped over.
pub fn parse(file: u16, source: &SourceFile, faults: &mut Vec<Fault>) -> Parsed {
    let mut mended = HashSet::new();
    let text = match source.text() {
        Ok(text) => text,
        Err(offset) => {
            faults.push(
                Fault::error(source.place(file, offset), "this byte is not UTF-8").hint("save the file as UTF-8"),
            );
            return Parsed { root: None, broken: true, mended };
        }
    };
    if source.bytes.len() > u32::MAX as usize {
        faults.push(Fault::error(At { file, line: 1, column: 1, offset: 0 }, "the file is larger than 4 GiB"));
        return Parsed { root: None, broken: true, mended };
    }
    let mut text = Cow::Borrowed(text);
    let mut seen = HashSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut builder = Builder::new(file);
        let Err(error) = builder.run(&text) else {
            faults.append(&mut builder.faults);
            return Parsed { root: builder.root, broken: builder.gave_up, mended };
        };
        let trap = traps::explain(&error, &text, source, file);
        let (at, repair) = (trap.fault.at, trap.repair);
        if !mended.contains(&at.line) {
            faults.push(trap.fault);
        }
        mended.insert(at.line);
        let Some(repair) = repair.filter(|r| seen.insert(r.start)) else {
            builder.close();
            faults.append(&mut builder.faults);
            return Parsed { root: builder.root, broken: true, mended };
        };
        text = Cow::Owned(repair.apply(&text));
    }
    Parsed { root: None, broken: true, mended }
}

enum Open {
    Seq {
        at: At,
        anchor: usize,
        items: Vec<Node>,
    },
    Map {
        at: At,
        anchor: usize,
        flow: bool,
        entries: Vec<Entry>,
        key: Option<Node>,
        /// Places of the keys of a map that has [`MANY_KEYS`]; empty before.
        seen: HashMap<String, At>,
        merges: Vec<Node>,
    },
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

struct Builder {
    file: u16,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    aliased: usize,
    documents: usize,
    gave_up: bool,
    /// The anchor of the scalar that was read last; 0 is none.
    scalar: usize,
    /// Anchors of texts that no alias names so far.
    unused: BTreeMap<usize, (At, String)>,
    faults: Vec<Fault>,
}

impl Builder {
    fn new(file: u16) -> Self {
        Self {
            file,
            root: None,
            open: vec![],
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
            documents: 0,
            gave_up: false,
            scalar: 0,
            unused: BTreeMap::new(),
            faults: vec![],
        }
    }

    fn at(&self, mark: Marker) -> At {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        At {
            file: self.file,
            line: short(mark.line()).max(1),
            column: short(mark.col() + 1),
            offset: short(mark.byte_offset().unwrap_or(mark.index())),
        }
    }

    fn run(&mut self, text: &str) -> Result<(), granit::ScanError> {
        let options = granit::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            disallow_directives: true,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
            simple_key_max_lookahead: 4096,
            block_scalar_eof_without_line_feed: true,
        };
        for next in granit::Parser::new_from_str_with_options(text, options) {
            let (event, span) = next?;
            if let Some(tag) = span.tag_start() {
                let at = self.at(tag);
                self.faults
                    .push(Fault::error(at, "`!` begins a YAML tag, which means nothing here").hint("quote the text"));
            }
            let (at, end) = (self.at(span.start), self.at(span.end).offset);
            match event {
                Event::Scalar(text, style, anchor, _) => {
                    let style = match style {
                        ScalarStyle::Plain => Style::Plain,
                        ScalarStyle::SingleQuoted => Style::Single,
                        ScalarStyle::DoubleQuoted => Style::Double,
                        ScalarStyle::Literal => Style::Literal,
                        ScalarStyle::Folded => Style::Folded,
                    };
                    // The parser says `~` where nothing was written.
                    let text =
                        if end <= at.offset && style == Style::Plain { String::new() } else { text.into_owned() };
                    let node = Node { at, end, yaml: Yaml::Scalar { text, style } };
                    self.scalar = anchor;
                    self.finish(node, anchor);
                }
                Event::SequenceStart(_, anchor, _) => self.open.push(Open::Seq { at, anchor, items: vec![] }),
                Event::MappingStart(style, anchor, _) => self.open.push(Open::Map {
                    at,
                    anchor,
                    flow: style == StructureStyle::Flow,
                    entries: vec![],
                    key: None,
                    seen: HashMap::new(),
                    merges: vec![],
                }),
                Event::SequenceEnd | Event::MappingEnd => self.end(end),
                Event::Alias(id) => self.alias(id, at),
                Event::Anchor(id, name) if self.scalar == id => {
                    self.unused.insert(id, (at, name.into_owned()));
                }
                Event::UnresolvedAlias(name) => {
                    let message = format!("`*{name}` refers to an anchor that does not stand before it");
                    let fault =
                        Fault::error(at, message).hint("a text that begins with `*` is quoted").width(name.len() + 1);
                    self.faults.push(fault);
                    self.attach(Node::nothing(at));
                }
                Event::DocumentStart(..) => {
                    self.documents += 1;
                    if self.documents == 2 {
                        self.faults.push(
                            Fault::error(at, "a second document begins here").hint("a runbook is one document a file"),
                        );
                        self.gave_up = true;
                    }
                }
                _ => {}
            }
            if self.gave_up {
                break;
            }
        }
        for (at, name) in std::mem::take(&mut self.unused).into_values() {
            let message = format!("`&{name}` is cut off the text: `&` begins an anchor, and nobody uses it");
            self.faults.push(Fault::error(at, message).hint("quote the text").width(name.len() + 1));
        }
        Ok(())
    }

    fn give_up(&mut self, at: At, message: &str) {
        if !self.gave_up {
            self.faults.push(Fault::error(at, message));
        }
        self.gave_up = true;
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            self.give_up(node.at, "the file is too large: it holds more than 2,000,000 values");
            return;
        }
        if anchor != 0 {
            let (nodes, height) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, height });
        }
        self.attach(node);
    }

    fn alias(&mut self, id: usize, at: At) {
        self.unused.remove(&id);
        let Some(anchored) = self.anchors.get(&id) else {
            self.faults.push(Fault::error(at, "this alias stands inside the value that it names"));
            self.attach(Node::nothing(at));
            return;
        };
        if self.open.len() + anchored.height > DEEPEST {
            self.give_up(at, "aliases make the file too deep");
            return;
        }
        self.aliased += anchored.nodes;
        if self.aliased > MOST_ALIASED {
            self.give_up(at, "aliases make the file too large");
            return;
        }
        let node = anchored.node.clone();
        self.attach(node);
    }

    fn attach(&mut self, node: Node) {
        match self.open.last_mut() {
            None => {
                if self.root.is_none() {
                    self.root = Some(node);
                }
            }
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { key: key @ None, .. }) => *key = Some(node),
            Some(Open::Map { key, entries, seen, merges, .. }) => {
                let Some(key) = key.take() else { return };
                let plain_merge = key.text() == Some("<<") && key.style() == Some(Style::Plain);
                if plain_merge {
                    merges.push(node);
                    return;
                }
                if let Some(name) = key.text() {
                    let first = match entries.len() < MANY_KEYS {
                        true => entries.iter().find(|e| e.key.text() == Some(name)).map(|e| e.key.at),
                        false => seen.get(name).copied(),
                    };
                    if let Some(first) = first {
                        let message = format!("`{name}` stands here twice; first in line {}", first.line);
                        self.faults.push(Fault::error(key.at, message).width(name.len()));
                        return;
                    }
                }
                entries.push(Entry { key, value: node });
                let unseen = match entries.len() {
                    ..MANY_KEYS => entries.len(),
                    MANY_KEYS => 0,
                    more => more - 1,
                };
                let keys = entries[unseen..].iter().filter_map(|e| Some((e.key.text()?.to_owned(), e.key.at)));
                seen.extend(keys);
            }
        }
    }

    fn end(&mut self, end: u32) {
        match self.open.pop() {
            Some(Open::Seq { at, anchor, items }) => self.finish(Node { at, end, yaml: Yaml::Seq { items } }, anchor),
            Some(Open::Map { at, anchor, flow, mut entries, merges, .. }) => {
                self.merge(&mut entries, merges);
                self.finish(Node { at, end, yaml: Yaml::Map { entries, flow } }, anchor);
            }
            None => {}
        }
    }

    /// `<<: *a` and `<<: [*a, *b]`: what stands in the map itself wins, then the earlier one.
    fn merge(&mut self, entries: &mut Vec<Entry>, merges: Vec<Node>) {
        if merges.is_empty() {
            return;
        }
        let mut seen: HashSet<String> = entries.iter().filter_map(|e| e.key.text().map(str::to_owned)).collect();
        for merge in merges {
            let maps = match merge.yaml {
                Yaml::Seq { items } => items,
                _ => vec![merge],
            };
            for map in maps {
                let at = map.at;
                let Yaml::Map { entries: more, .. } = map.yaml else {
                    self.faults.push(Fault::error(at, "`<<` takes a map, or a list of maps"));
                    continue;
                };
                for entry in more {
                    if entry.key.text().is_some_and(|name| seen.insert(name.to_owned())) {
                        entries.push(entry);
                    }
                }
            }
        }
    }

    /// Closes what is open, so that what was read before a break can be checked.
    fn close(&mut self) {
        while let Some(open) = self.open.last() {
            let at = match open {
                Open::Seq { at, .. } | Open::Map { at, .. } => *at,
            };
            self.end(at.offset);
        }
    }
}

/// Nodes and height of a tree.
fn measure(node: &Node) -> (usize, usize) {
    let (mut nodes, mut height) = (1, 0);
    let mut add = |child: &Node| {
        let (n, h) = measure(child);
        nodes += n;
        height = height.max(h);
    };
    match &node.yaml {
        Yaml::Scalar { .. } => {}
        Yaml::Seq { items } => items.iter().for_each(&mut add),
        Yaml::Map { entries, .. } => entries.iter().for_each(|e| {
            add(&e.key);
            add(&e.value);
        }),
    }
    (nodes, height + 1)
}
