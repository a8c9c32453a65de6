//! What readers of all parts share.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use crate::expr::{self, Expr, Template};
use crate::runbook::keys::{Kind, Part, duration};
use crate::runbook::kinds::ProbeRef;
use crate::runbook::load::Files;
use crate::runbook::model::{Use, UseOf, Want};
use crate::runbook::tree::{Node, Style};
use crate::runbook::{At, Fault, Sources};
use crate::words::Name;

/// Reads trees of one runbook's files.
pub struct Reader<'a> {
    /// All files read so far; scripts are added to them.
    pub sources: &'a mut Sources,
    /// Where more files come from.
    pub files: &'a dyn Files,
    /// What was wrong.
    pub faults: &'a mut Vec<Fault>,
    /// Steps and probes that could not be read whole; what is missing in them has been told.
    pub unread: &'a mut Unread,
}

/// Places of steps and probes that could not be read whole.
pub type Unread = HashSet<At>;

impl<'a> Reader<'a> {
    /// A part at a node.
    pub fn part<'r, 'n>(&'r mut self, part: &'static Part, node: &'n Node) -> Cx<'r, 'a, 'n> {
        Cx { reader: self, part, node, uses: vec![] }
    }

    /// A fault of an expression or a text, at its place in the file.
    pub fn inner_fault(&mut self, at: At, text: &str, fault: expr::Fault) {
        let place = self.sources.inside(at, text, fault.span.start);
        let shown = text.get(fault.span.clone()).map_or(1, |t| t.chars().count());
        let mut found = Fault::error(place, fault.message).width(shown);
        found.hint = fault.hint;
        self.faults.push(found);
    }

    /// A text with `${{ }}`.
    pub fn template(&mut self, node: &Node) -> Option<Template> {
        let text = node.text()?;
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(fault) => {
                self.inner_fault(node.at, text, fault);
                None
            }
        }
    }

    /// A bare expression.
    pub fn bare(&mut self, node: &Node) -> Option<Expr> {
        let text = node.text()?;
        let trimmed = text.trim();
        if let Some(inner) = trimmed.strip_prefix("${{").and_then(|t| t.strip_suffix("}}"))
            && !inner.contains("${{")
        {
            let fault = Fault::error(node.at, "no braces here: this is an expression already").width(node.width());
            self.faults.push(fault.hint(format!("write `{}`", inner.trim())));
            return None;
        }
        match Expr::parse(text) {
            Ok(expr) => Some(expr),
            Err(fault) => {
                self.inner_fault(node.at, text, fault);
                None
            }
        }
    }
}

/// A part while it is read: its node, and the texts found in it.
pub struct Cx<'r, 'a, 'n> {
    /// The reader.
    pub reader: &'r mut Reader<'a>,
    part: &'static Part,
    /// The node.
    pub node: &'n Node,
    /// The texts and expressions found so far.
    pub uses: Vec<Use>,
}

impl<'n> Cx<'_, '_, 'n> {
    /// The value of a key; a lone value is the part's first.
    pub fn get(&self, key: &'static str) -> Option<&'n Node> {
        debug_assert!(self.part.find(key).is_some(), "`{key}` is missing in the table of keys of {}", self.part.name);
        let node = match self.node.entries() {
            Some(_) => self.node.get(key)?,
            None => Some(self.node).filter(|_| self.part.lone == Some(key))?,
        };
        (!node.is_null()).then_some(node)
    }

    /// What the part is called.
    pub fn part_name(&self) -> &'static str {
        self.part.name
    }

    /// The place of a key's own name.
    pub fn key_at(&self, key: &str) -> At {
        self.node.key(key).map_or(self.node.at, |node| node.at)
    }

    /// The part that stands behind a key, as the table has it.
    fn part_of(&self, key: &'static str) -> Option<&'static Part> {
        fn of(kind: &Kind) -> Option<&'static Part> {
            match kind {
                Kind::Part(part) | Kind::Named(part) | Kind::List(part) => Some(part),
                Kind::NameMap(kind) | Kind::Map(kind) => of(kind),
                // A map is the part itself; a list beside it is read by whoever wants one.
                Kind::Either(kinds) => kinds.iter().filter(|k| matches!(k, Kind::Part(_))).chain(*kinds).find_map(of),
                _ => None,
            }
        }
        of(&self.part.find(key)?.kind)
    }

    /// Reads the part behind a key; its texts are this part's texts.
    pub fn within<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Cx<'_, '_, 'n>) -> T) -> Option<T> {
        let node = self.get(key)?;
        let part = self.part_of(key)?;
        let mut cx = Cx { reader: &mut *self.reader, part, node, uses: vec![] };
        let value = read(&mut cx);
        let uses = cx.uses;
        self.uses.extend(uses);
        Some(value)
    }

    /// Reads the parts of a map by name; each keeps its own texts.
    pub fn named<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Cx<'_, '_, 'n>, At) -> Option<T>,
    ) -> IndexMap<Name, T> {
        let mut map = IndexMap::new();
        let (Some(node), Some(part)) = (self.get(key), self.part_of(key)) else { return map };
        for entry in node.entries().unwrap_or_default() {
            let Some(name) = entry.key.text() else { continue };
            let mut cx = Cx { reader: &mut *self.reader, part, node: &entry.value, uses: vec![] };
            if let Some(value) = read(&mut cx, entry.key.at) {
                map.insert(Name::from(name), value);
            }
        }
        map
    }

    /// Reads the parts of a list; each keeps its own texts.
    pub fn each<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Cx<'_, '_, 'n>) -> Option<T>) -> Vec<T> {
        let (Some(node), Some(part)) = (self.get(key), self.part_of(key)) else { return vec![] };
        let nodes = list(node);
        // A step is large: the list must not grow by copying all that it has.
        let mut all = Vec::with_capacity(nodes.len());
        for node in nodes.iter().filter(|node| !node.is_null()) {
            all.extend(read(&mut Cx { reader: &mut *self.reader, part, node, uses: vec![] }));
        }
        all
    }

    /// The texts found so far, taken out.
    pub fn uses(&mut self) -> Vec<Use> {
        std::mem::take(&mut self.uses)
    }

    /// A text that may hold `${{ }}`.
    pub fn text(&mut self, key: &'static str, want: Want) -> Option<Template> {
        let node = self.get(key)?;
        self.text_at(key, node, want)
    }

    /// The text at a node.
    pub fn text_at(&mut self, key: &'static str, node: &Node, want: Want) -> Option<Template> {
        let template = self.reader.template(node)?;
        self.uses.push(Use { key, at: node.at, of: UseOf::Text(template.clone()), want });
        Some(template)
    }

    /// The texts of a list, or the one.
    pub fn texts(&mut self, key: &'static str, want: Want) -> Vec<Template> {
        let nodes = self.get(key).map(list).unwrap_or_default();
        nodes.iter().filter_map(|node| self.text_at(key, node, want)).collect()
    }

    /// A map from anything to text.
    pub fn text_map(&mut self, key: &'static str, want: Want) -> BTreeMap<String, Template> {
        let entries = self.get(key).and_then(Node::entries).unwrap_or_default();
        let mut map = BTreeMap::new();
        for entry in entries {
            if let (Some(name), Some(text)) = (entry.key.text(), self.text_at(key, &entry.value, want)) {
                map.insert(name.to_owned(), text);
            }
        }
        map
    }

    /// A bare expression.
    pub fn expr(&mut self, key: &'static str, want: Want) -> Option<Expr> {
        let node = self.get(key)?;
        self.expr_at(key, node, want)
    }

    /// The expression at a node.
    pub fn expr_at(&mut self, key: &'static str, node: &Node, want: Want) -> Option<Expr> {
        let expr = self.reader.bare(node)?;
        self.uses.push(Use { key, at: node.at, of: UseOf::Expr(expr.clone()), want });
        Some(expr)
    }

    /// The expressions of a list, or the one.
    pub fn exprs(&mut self, key: &'static str, want: Want) -> Vec<Expr> {
        let nodes = self.get(key).map(list).unwrap_or_default();
        nodes.iter().filter_map(|node| self.expr_at(key, node, want)).collect()
    }

    /// A plain text.
    pub fn plain(&self, key: &'static str) -> Option<String> {
        self.get(key)?.text().map(str::to_owned)
    }

    /// The plain texts of a list, or the one.
    pub fn plains(&self, key: &'static str) -> Vec<String> {
        self.get(key).map(list).unwrap_or_default().iter().filter_map(|n| n.text().map(str::to_owned)).collect()
    }

    /// A name that refers to something.
    pub fn name(&mut self, key: &'static str) -> Option<Name> {
        self.names(key).into_iter().next()
    }

    /// The names of a list, or the one.
    pub fn names(&mut self, key: &'static str) -> Vec<Name> {
        let nodes = self.get(key).map(list).unwrap_or_default();
        nodes.iter().filter_map(|node| self.refers(key, node)).map(Name).collect()
    }

    /// A probe.
    pub fn probe(&mut self, key: &'static str) -> Option<ProbeRef> {
        let node = self.get(key)?;
        let probe = ProbeRef::parse(node.text()?)?;
        self.refers(key, node);
        Some(probe)
    }

    /// Probes.
    pub fn probes(&mut self, key: &'static str) -> Vec<ProbeRef> {
        let nodes = self.get(key).map(list).unwrap_or_default();
        let names = nodes.iter().filter_map(|node| self.refers(key, node));
        names.filter_map(|text| ProbeRef::parse(&text)).collect()
    }

    /// Notes where a name stands.
    pub fn refers(&mut self, key: &'static str, node: &Node) -> Option<String> {
        let text = node.text()?.to_owned();
        self.uses.push(Use { key, at: node.at, of: UseOf::Name(text.clone()), want: Want::Shown });
        Some(text)
    }

    /// Seconds.
    pub fn seconds(&self, key: &'static str) -> Option<f64> {
        duration(self.get(key)?.text()?)
    }

    /// A truth; false when it is not written.
    pub fn flag(&self, key: &'static str) -> bool {
        self.get(key).is_some_and(|n| n.text() == Some("true") && n.style() == Some(Style::Plain))
    }

    /// A whole number.
    pub fn count(&self, key: &'static str) -> Option<u32> {
        self.get(key)?.text()?.parse().ok()
    }

    /// One of some words.
    pub fn word<T: Clone>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.get(key)?.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone())
    }

    /// Row ids of the original.
    pub fn source(&mut self) -> Vec<Template> {
        self.texts("source", Want::Shown)
    }
}

/// A list's items, or the one value.
pub fn list(node: &Node) -> &[Node] {
    node.items().unwrap_or(std::slice::from_ref(node))
}
