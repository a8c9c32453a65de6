//! Whether a tree has the shape that the table of keys says; every fault is told.

use super::super::kinds::{is_key, is_name};
use super::super::tree::{Entry, Node, Yaml};
use super::super::{Fault, Sources};
use super::say::{article, takes};
use super::words::{nearest, some_keys};
use super::{INCLUDED, Kind, Part, RUNBOOK, Rest};

/// Checks a file's tree against a part.
///
/// `broken` is a file that could not be read to its end: nothing is said to be missing in it.
pub fn check(part: &'static Part, root: &Node, broken: bool, sources: &Sources, faults: &mut Vec<Fault>) {
    Shape { sources, faults, broken }.part(part, root);
}

pub(super) struct Shape<'a> {
    pub(super) sources: &'a Sources,
    pub(super) faults: &'a mut Vec<Fault>,
    broken: bool,
}

impl Shape<'_> {
    pub(super) fn say(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Fault::error(node.at, message).hint(hint).width(node.width()));
    }

    fn part(&mut self, part: &'static Part, node: &Node) {
        match &node.yaml {
            Yaml::Map { entries, flow } => {
                if *flow && entries.first().is_some_and(|e| matches!(e.key.yaml, Yaml::Map { .. })) {
                    return self.jinja(node);
                }
                self.entries(part, node, entries, *flow);
            }
            _ => match part.lone.and_then(|lone| part.find(lone)) {
                Some(key) if form_fits(&key.kind, node) => self.kind(part.name, key.name, &key.kind, node),
                _ if node.is_null() => self.nothing(node, &format!("{} is empty", article(part.name))),
                _ => {
                    let hint = format!("it takes keys: {}", some_keys(part));
                    self.say(node, format!("{} cannot be {}", article(part.name), node.kind()), hint);
                }
            },
        }
    }

    fn entries(&mut self, part: &'static Part, node: &Node, entries: &[Entry], flow: bool) {
        let mut unknown = false;
        let mut chosen: Vec<&Entry> = vec![];
        for entry in entries {
            let Some(name) = entry.key.text() else {
                self.say(&entry.key, "a key must be a name", "");
                continue;
            };
            if let Some(key) = part.find(name) {
                if part.one_of.contains(&name) {
                    chosen.push(entry);
                }
                if !key.with.is_empty() && !key.with.iter().any(|with| node.get(with).is_some()) {
                    let with = key.with.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or ");
                    self.say(&entry.key, format!("`{name}` stands beside {with} only"), "");
                }
                self.value(part.name, name, &key.kind, entry);
                continue;
            }
            match &part.rest {
                Rest::Ignored if name.starts_with("x-") => {}
                Rest::Names(kind) => {
                    self.name(&entry.key, name, false);
                    self.value(part.name, name, kind, entry);
                }
                Rest::Keys(kind) => {
                    self.name(&entry.key, name, true);
                    self.value(part.name, name, kind, entry);
                }
                _ => {
                    unknown = true;
                    self.unknown(part, entry, name, flow, entries.len());
                }
            }
        }
        if let [first, second, ..] = chosen.as_slice() {
            let (first, second_name) = (first.key.text().unwrap_or(""), second.key.text().unwrap_or(""));
            let what = if part.name == "step" { "two actions" } else { "two of a kind" };
            let message = format!("{what}: `{first}` and `{second_name}`; {} has one of them", article(part.name));
            let hint = if part.name == "step" { "make two steps of it" } else { "" };
            self.say(&second.key, message, hint);
        }
        if self.broken || unknown {
            return;
        }
        let missing = |name: &str| node.get(name).is_none();
        for key in part.all().filter(|key| key.needed && missing(key.name)) {
            self.say(node, format!("{} needs `{}`", article(part.name), key.name), key.doc);
        }
        if part.one_needed && chosen.is_empty() {
            let names = part.one_of.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            self.say(node, format!("{} needs one of {names}", article(part.name)), "");
        }
    }

    fn value(&mut self, part: &str, name: &str, kind: &'static Kind, entry: &Entry) {
        if entry.value.is_null() {
            return self.nothing(&entry.key, &format!("nothing stands behind `{name}`"));
        }
        self.kind(part, name, kind, &entry.value);
    }

    /// Nothing where something was wanted; a `#` may have cut it off.
    pub(super) fn nothing(&mut self, node: &Node, message: &str) {
        let line = self.sources.file(node.at).map(|f| f.line(node.at.line)).unwrap_or_default();
        let behind: String = line.chars().skip(node.at.column.saturating_sub(1) as usize).collect();
        let hint = if behind.contains(": #") || behind.contains("- #") {
            "`#` begins a comment: quote the text"
        } else if behind.trim_end().ends_with(':') {
            "write its value, or leave the key out; what belongs to it is indented below it"
        } else {
            "write its value, or leave the key out"
        };
        self.say(node, message, hint);
    }

    fn unknown(&mut self, part: &'static Part, entry: &Entry, name: &str, flow: bool, of: usize) {
        if flow && entry.value.is_null() && !name.starts_with("${{") {
            let message = format!("`{name}` is cut off by a comma");
            return self.say(&entry.key, message, "a comma ends a value in `{ }`: quote the whole text");
        }
        if entry.value.is_null() && name.contains("#") {
            return self.say(&entry.key, format!("unknown key `{name}`"), "quote the text");
        }
        if part.name == INCLUDED.name && RUNBOOK.find(name).is_some() {
            let hint =
                "it brings parameters, targets, contacts, channels, probes and blocks; the rest stands in the runbook";
            return self.say(&entry.key, format!("an included file holds no `{name}`"), hint);
        }
        let near = nearest(part, name);
        let sentence = name.contains(' ') || (of == 1 && near.is_none() && part.lone.is_some());
        let hint = match near {
            Some(near) => near,
            None if sentence => "a text with `: ` in it is quoted".into(),
            None => format!("{} takes {}", article(part.name), some_keys(part)),
        };
        self.say(&entry.key, format!("{} has no key `{name}`", article(part.name)), hint);
    }

    fn name(&mut self, node: &Node, name: &str, dashes: bool) {
        if is_name(name) || (dashes && is_key(name)) {
            return;
        }
        let message = format!("`{name}` cannot be a name: it stands in expressions, as `[a-z][a-z0-9_]*`");
        let mut better: String = deunicode::deunicode(name)
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' })
            .collect();
        if !better.starts_with(|c: char| c.is_ascii_lowercase()) {
            better.insert(0, 'n');
        }
        self.say(node, message, format!("write `{better}`"));
    }

    fn jinja(&mut self, node: &Node) {
        let line = self.sources.file(node.at).map(|f| f.line(node.at.line)).unwrap_or_default();
        let written: String = line.chars().skip(node.at.column.saturating_sub(1) as usize).collect();
        let inner = written.strip_prefix("{{").and_then(|rest| rest.split("}}").next()).map_or("x", str::trim);
        self.say(node, "`{{ }}` is a map to YAML, and fills in nothing", format!("write `\"${{{{ {inner} }}}}\"`"));
    }

    fn kind(&mut self, part: &str, name: &str, kind: &'static Kind, node: &Node) {
        if let Yaml::Map { entries, flow: true } = &node.yaml
            && entries.first().is_some_and(|e| matches!(e.key.yaml, Yaml::Map { .. }))
        {
            return self.jinja(node);
        }
        if !form_fits(kind, node) {
            let hint = match (&node.yaml, kind) {
                (Yaml::Map { flow: false, .. }, Kind::Text | Kind::Plain | Kind::Expr) => {
                    "a text with `: ` in it is quoted"
                }
                (Yaml::Seq { .. }, Kind::Text | Kind::Plain) => "a text that begins with `[` or `-` is quoted",
                _ => "",
            };
            if node.is_null() {
                return self.nothing(node, &format!("`{name}` takes {}, and nothing stands here", takes(kind)));
            }
            return self.say(node, format!("`{name}` takes {}, not {}", takes(kind), node.kind()), hint);
        }
        match kind {
            Kind::Part(inner) => self.part(inner, node),
            Kind::List(inner) => node.items().unwrap_or_default().iter().for_each(|item| {
                if item.is_null() {
                    self.nothing(item, &format!("an empty {} in `{name}`", inner.name));
                } else {
                    self.part(inner, item);
                }
            }),
            Kind::Named(inner) => self.map(node, true, |shape, key, value| {
                if value.is_null() {
                    shape.nothing(key, &format!("nothing stands behind `{}`", key.text().unwrap_or("")));
                } else {
                    shape.part(inner, value);
                }
            }),
            Kind::NameMap(inner) | Kind::Map(inner) => {
                let names = matches!(kind, Kind::NameMap(_));
                self.map(node, names, |shape, key, value| {
                    let name = key.text().unwrap_or("").to_owned();
                    if value.is_null() {
                        shape.nothing(key, &format!("nothing stands behind `{name}`"));
                    } else {
                        shape.kind(part, &name, inner, value);
                    }
                });
            }
            Kind::Either(kinds) => self.either(part, name, kinds, node),
            Kind::Texts | Kind::Plains | Kind::Names(_) | Kind::Probes | Kind::Exprs => {
                let one: &'static Kind = match kind {
                    Kind::Texts => &Kind::Text,
                    Kind::Plains => &Kind::Plain,
                    Kind::Probes => &Kind::Probe,
                    Kind::Exprs => &Kind::Expr,
                    _ => &Kind::Plain,
                };
                match node.items() {
                    Some(items) => items.iter().for_each(|item| self.kind(part, name, one, item)),
                    None => self.kind(part, name, one, node),
                }
            }
            Kind::Command => match node.items() {
                Some([]) => self.say(node, format!("`{name}` is empty"), ""),
                Some(items) => items.iter().for_each(|item| self.scalar(name, &Kind::Text, item)),
                None => self.scalar(name, &Kind::Text, node),
            },
            _ => self.scalar(name, kind, node),
        }
    }

    fn map(&mut self, node: &Node, names: bool, mut each: impl FnMut(&mut Self, &Node, &Node)) {
        for entry in node.entries().unwrap_or_default() {
            match entry.key.text() {
                Some(name) if names => self.name(&entry.key, name, false),
                Some(_) => {}
                None => {
                    self.say(&entry.key, "a key must be a name", "");
                    continue;
                }
            }
            each(self, &entry.key, &entry.value);
        }
    }

    /// The first kind that fits by its form; of several, the one without a fault.
    fn either(&mut self, part: &str, name: &str, kinds: &'static [Kind], node: &Node) {
        let fitting: Vec<&'static Kind> = kinds.iter().filter(|kind| form_fits(kind, node)).collect();
        let mut first = None;
        for kind in &fitting {
            let mut faults = vec![];
            Shape { sources: self.sources, faults: &mut faults, broken: self.broken }.kind(part, name, kind, node);
            if faults.is_empty() {
                return;
            }
            first.get_or_insert(faults);
        }
        if fitting.len() > 1 && matches!(node.yaml, Yaml::Scalar { .. }) {
            let wanted = fitting.iter().map(|kind| takes(kind)).collect::<Vec<_>>().join(", or ");
            let text = node.text().unwrap_or("");
            return self.say(node, format!("`{name}` takes {wanted}, not `{text}`"), "");
        }
        self.faults.extend(first.unwrap_or_default());
    }
}

/// Whether a node is a text, list or map as the kind wants it.
fn form_fits(kind: &Kind, node: &Node) -> bool {
    match (&node.yaml, kind) {
        (_, Kind::Either(kinds)) => kinds.iter().any(|kind| form_fits(kind, node)),
        (_, Kind::Part(part)) => match (&node.yaml, part.lone.and_then(|lone| part.find(lone))) {
            (Yaml::Map { .. }, _) => true,
            (_, Some(key)) => form_fits(&key.kind, node),
            (_, None) => false,
        },
        (Yaml::Map { .. }, kind) => matches!(kind, Kind::Map(_) | Kind::NameMap(_) | Kind::Named(_)),
        (Yaml::Seq { .. }, kind) => matches!(
            kind,
            Kind::List(_) | Kind::Texts | Kind::Plains | Kind::Names(_) | Kind::Probes | Kind::Exprs | Kind::Command
        ),
        (Yaml::Scalar { .. }, kind) => {
            !matches!(kind, Kind::Map(_) | Kind::NameMap(_) | Kind::Named(_) | Kind::List(_) | Kind::Part(_))
        }
    }
}
