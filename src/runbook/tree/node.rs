//! One node of the tree.

use super::super::At;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A `|` block.
    Literal,
    /// A `>` block.
    Folded,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// A text, number, truth or nothing: YAML's types are for the reader to decide.
    Scalar {
        /// The text after quotes and escapes.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    Seq {
        /// Its items.
        items: Vec<Node>,
    },
    /// A map, in the order it was written, no key twice.
    Map {
        /// Its entries.
        entries: Vec<Entry>,
        /// Written as `{ }`.
        flow: bool,
    },
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its first character (of an alias: that of what it names).
    pub at: At,
    /// Byte offset after its last character.
    pub end: u32,
    /// What it holds.
    pub yaml: Yaml,
}

impl Node {
    /// An empty plain scalar: nothing was written here.
    pub fn nothing(at: At) -> Self {
        Self { at, end: at.offset, yaml: Yaml::Scalar { text: String::new(), style: Style::Plain } }
    }

    /// The scalar's text.
    pub fn text(&self) -> Option<&str> {
        match &self.yaml {
            Yaml::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The scalar's style.
    pub fn style(&self) -> Option<Style> {
        match &self.yaml {
            Yaml::Scalar { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// The list's items.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.yaml {
            Yaml::Seq { items } => Some(items),
            _ => None,
        }
    }

    /// The map's entries.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.yaml {
            Yaml::Map { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of the map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|e| e.key.text() == Some(key)).map(|e| &e.value)
    }

    /// The key's own node.
    pub fn key(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|e| e.key.text() == Some(key)).map(|e| &e.key)
    }

    /// Nothing was written, or `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&self.yaml, Yaml::Scalar { text, style: Style::Plain } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, in words, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.yaml {
            _ if self.is_null() => "nothing",
            Yaml::Scalar { .. } => "a text",
            Yaml::Seq { .. } => "a list",
            Yaml::Map { .. } => "a map",
        }
    }

    /// How many characters a caret underlines: the scalar's own line, else one.
    pub fn width(&self) -> usize {
        match &self.yaml {
            Yaml::Scalar { text, style: Style::Plain | Style::Single | Style::Double } => {
                let written = self.end.saturating_sub(self.at.offset) as usize;
                written.min(text.chars().count() + 2).max(1)
            }
            _ => 1,
        }
    }
}
