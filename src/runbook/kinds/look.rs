//! A probe whole: what it looks at, how often, and what it should see.

use serde::{Deserialize, Serialize};

use super::ProbeKind;
use crate::expr::Expr;
use crate::words::{Name, Unit};

/// How often a probe looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Every so many seconds.
    Seconds(f64),
    /// Only when a step asks.
    OnDemand,
}

/// One way of looking, with its rhythm and its expectations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// What is looked at, and how.
    pub kind: ProbeKind,
    /// How often; none: the nearest default, else 10 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// Seconds until a look is given up; none: the nearest default, else 3 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// All of these hold when the look is good. Empty: the kind's own expectation alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expr>,
    /// The unit of the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Bad looks in a row that turn it red; none: 2, or 1 on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_after: Option<u32>,
    /// Good looks in a row that turn it green; none: 2, or 1 on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_after: Option<u32>,
}

/// A probe by name: all of it, one of its items, or the present item's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProbeRef {
    /// The probe.
    pub name: Name,
    /// Which of a `for_each`; none is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemRef>,
}

/// Which item of a `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemRef {
    /// The item at hand: `ready[item]`.
    Item,
    /// One by its key: `ready.kms`, `ready['a-b']`.
    Key(String),
}

impl ProbeRef {
    /// Reads `ready`, `ready[item]`, `ready.kms` or `ready['a-b']`; none when it is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_name(name) {
            return None;
        }
        let item = if rest.is_empty() {
            None
        } else if let Some(key) = rest.strip_prefix('.') {
            Some(ItemRef::Key(Some(key).filter(|k| is_key(k))?.to_owned()))
        } else {
            let inner = rest.strip_prefix('[')?.strip_suffix(']')?.trim();
            if inner == "item" {
                Some(ItemRef::Item)
            } else {
                let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
                let key = inner.strip_prefix(quote)?.strip_suffix(quote)?;
                Some(ItemRef::Key(Some(key).filter(|k| is_key(k))?.to_owned()))
            }
        };
        Some(Self { name: Name::from(name), item })
    }
}

impl std::fmt::Display for ProbeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.item {
            None => write!(f, "{}", self.name),
            Some(ItemRef::Item) => write!(f, "{}[item]", self.name),
            Some(ItemRef::Key(key)) if is_name(key) => write!(f, "{}.{key}", self.name),
            Some(ItemRef::Key(key)) => write!(f, "{}['{key}']", self.name),
        }
    }
}

/// `[a-z][a-z0-9_]*`, as names and ids are.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A target's key: as a name, and may have `-`.
pub fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_named_whole_by_item_or_by_key() {
        for text in ["ready", "ready[item]", "ready.kms", "ready['a-b']"] {
            assert_eq!(ProbeRef::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(ProbeRef::parse("ready[ item ]").unwrap().item, Some(ItemRef::Item));
        for text in ["", "Ready", "ready is failing", "ready[", "ready[x]", "ready.", "ready['a b']", "ready[']"] {
            assert_eq!(ProbeRef::parse(text), None, "{text}");
        }
    }
}
