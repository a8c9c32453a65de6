//! The types of values, as far as they are known before a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::words::Unit;

/// Fields of a record and their types.
pub type Fields = Arc<BTreeMap<String, Type>>;

/// What is known of a value at load.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Unknown until the run (JSON): compared by the kinds that are found then.
    Any,
    /// Text.
    Text,
    /// A text of these alone (`one_of`, an outcome).
    Choice(Vec<String>),
    /// A bare number.
    Number,
    /// A truth.
    Bool,
    /// A duration.
    Duration,
    /// A size in bytes.
    Size,
    /// A ratio, compared with `%`.
    Ratio,
    /// A point in time.
    Time,
    /// A list of such values.
    List(Box<Type>),
    /// A map from any text (an item's key) to such values: a capture or pin under `for_each`, headers.
    Map(Box<Type>),
    /// A map of known keys: a target group, `run`, `steps`, `pins`.
    Record(Fields),
    /// `item`: its text is its key, its fields are the target's.
    Item(Fields),
    /// A list of some of these (`some_of`); `components.kms` is a truth.
    Flags(Vec<String>),
    /// A probe: has a state, and its last value in this unit.
    Probe(Unit),
    /// A probe under `for_each`: as a whole it has a state, each key is a probe.
    ProbeGroup {
        /// Unit of the single probes.
        unit: Unit,
        /// Keys of the single probes.
        keys: Vec<String>,
    },
    /// A version.
    Version,
    /// A secret: stands alone in a text, or in `file(secret)`; nothing else may be done with it.
    Secret,
}

impl Type {
    /// A record of these fields.
    pub fn record<K: Into<String>>(fields: impl IntoIterator<Item = (K, Type)>) -> Self {
        Self::Record(Arc::new(fields.into_iter().map(|(name, of)| (name.into(), of)).collect()))
    }

    /// An item with these fields.
    pub fn item<K: Into<String>>(fields: impl IntoIterator<Item = (K, Type)>) -> Self {
        Self::Item(Arc::new(fields.into_iter().map(|(name, of)| (name.into(), of)).collect()))
    }

    /// A choice of these texts.
    pub fn choice<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Choice(texts.into_iter().map(Into::into).collect())
    }

    /// A list of such values.
    pub fn list(of: Type) -> Self {
        Self::List(Box::new(of))
    }

    /// A map to such values.
    pub fn map(of: Type) -> Self {
        Self::Map(Box::new(of))
    }

    /// The type of a probe's figure.
    pub fn of_unit(unit: Unit) -> Self {
        match unit {
            Unit::Ms | Unit::S => Self::Duration,
            Unit::Ratio => Self::Ratio,
            Unit::Bytes => Self::Size,
            Unit::Count | Unit::PerSecond | Unit::PerMinute => Self::Number,
        }
    }

    /// The type in words, for messages.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Any => "a value that is known only in the run",
            Self::Text => "a text",
            Self::Choice(_) => "one of several texts",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Duration => "a duration",
            Self::Size => "a size",
            Self::Ratio => "a percentage",
            Self::Time => "a time",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Record(_) => "a group of fields",
            Self::Item(_) => "an item",
            Self::Flags(_) => "a list of choices",
            Self::Probe(_) => "a probe",
            Self::ProbeGroup { .. } => "a group of probes",
            Self::Version => "a version",
            Self::Secret => "a secret",
        }
    }

    /// Whether its value is a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Choice(_) | Self::Item(_))
    }
}

/// What names mean, for checking before a run.
pub trait Names {
    /// The type of a name, or none when nobody gave it a meaning.
    fn type_of(&self, name: &str) -> Option<Type>;

    /// All names, for the nearest right one.
    fn known(&self) -> Vec<String>;
}

/// Names in a plain map.
impl Names for BTreeMap<String, Type> {
    fn type_of(&self, name: &str) -> Option<Type> {
        self.get(name).cloned()
    }

    fn known(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// The nearer names before the farther ones: in `expect` a field wins over everything else.
pub struct NamesOver<'a> {
    /// The nearer names.
    pub near: &'a dyn Names,
    /// The farther names.
    pub far: &'a dyn Names,
}

impl Names for NamesOver<'_> {
    fn type_of(&self, name: &str) -> Option<Type> {
        self.near.type_of(name).or_else(|| self.far.type_of(name))
    }

    fn known(&self) -> Vec<String> {
        let mut known = self.near.known();
        known.extend(self.far.known());
        known
    }
}
