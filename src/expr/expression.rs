//! An expression: its text and its tree.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::Fault;
use super::parse;
use super::tree::{Function, Kind, Node, Root, StepKind, Test};
use crate::words::Value;

/// A parsed expression. Equal when the text is; cheap to clone; serialised as its text.
#[derive(Clone)]
pub struct Expr(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub source: String,
    pub node: Node,
}

/// A name that an expression uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The name and the keys that stand after it in plain sight: `pins.revision[item].x` is `["pins", "revision"]`.
    pub path: Vec<String>,
    /// Bytes of the whole path in the expression's text.
    pub span: Range<usize>,
    /// The function whose argument it is: `baseline`, `file`, `avg`, …
    pub call: Option<&'static str>,
    /// Whether it only asks if there is something (`is defined`, `is no_data`).
    pub only_whether: bool,
}

impl Expr {
    /// Reads an expression. It has at most 16 KiB and nests at most 64 levels deep.
    pub fn parse(source: &str) -> Result<Self, Fault> {
        let node = parse::parse(source)?;
        Ok(Self(Arc::new(Inner { source: source.to_owned(), node })))
    }

    /// The text.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The value, when the expression is a literal (`30s`, `'text'`).
    pub fn as_literal(&self) -> Option<&Value> {
        self.0.node.literal()
    }

    /// The name and its keys, when the expression is nothing but a path in plain sight (`ready`, `ready.kms`).
    pub fn as_path(&self) -> Option<Vec<&str>> {
        let Kind::Path { root: Root::Name(name), steps } = &self.0.node.kind else { return None };
        let keys = steps.iter().map(|step| match &step.kind {
            StepKind::Field(key) => Some(key.as_str()),
            StepKind::Index(_) => None,
        });
        std::iter::once(Some(name.as_str())).chain(keys).collect()
    }

    /// All names that are used, in the order of the text; a name that is used twice stands here twice.
    pub fn used(&self) -> Vec<Used> {
        let mut used = Vec::new();
        collect(&self.0.node, None, false, &mut used);
        used.sort_by_key(|used| used.span.start);
        used
    }

    pub(super) fn node(&self) -> &Node {
        &self.0.node
    }
}

fn collect(node: &Node, call: Option<Function>, only_whether: bool, used: &mut Vec<Used>) {
    if let Kind::Path { root: Root::Name(name), steps } = &node.kind {
        let mut path = vec![name.clone()];
        for step in steps {
            match &step.kind {
                StepKind::Field(key) => path.push(key.clone()),
                StepKind::Index(_) => break,
            }
        }
        used.push(Used { path, span: node.span.clone(), call: call.map(Function::name), only_whether });
    }
    let (call, only_whether) = match &node.kind {
        Kind::Call { function, .. } => (Some(*function), false),
        Kind::Is { test: Test::Defined | Test::NoData, .. } => (None, true),
        _ => (None, false),
    };
    for child in node.children() {
        collect(child, call, only_whether, used);
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.0.source).finish()
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source.hash(state);
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.source)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(|fault| serde::de::Error::custom(format!("expression `{source}`: {fault}")))
    }
}
