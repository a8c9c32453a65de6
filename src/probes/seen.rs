//! What one look found, before any expectation is applied to it.

use std::collections::BTreeMap;

use crate::words::Value;

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The kind's fields, as `expect` and `capture` name them.
    pub fields: BTreeMap<String, Value>,
    /// The figure that is drawn, in base units (seconds, bytes, ratio, plain number).
    pub value: Option<f64>,
    /// What was seen, short, for people: `12 ms`, `503 Service Unavailable`.
    pub text: String,
    /// What went wrong with the look or with the thing looked at.
    pub problem: Option<Problem>,
    /// Why a field is missing: field name and reason, for the words of an expectation that cannot be decided.
    pub missing: Vec<(&'static str, String)>,
}

/// Why a look has no full answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened, in words.
    pub why: String,
    /// What to do next, where the cause is known.
    pub hint: Option<String>,
    /// Whether it says something about the thing looked at.
    pub means: Means,
}

/// What a problem says about the thing looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The thing fails: refused, silent, a certificate that does not hold. Bad, where something is expected of it.
    Failing,
    /// Nothing can be said: the look itself could not be made. Never good, never bad.
    Nothing,
}

impl Problem {
    /// The thing looked at fails.
    pub fn failing(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None, means: Means::Failing }
    }

    /// The look could not be made.
    pub fn nothing(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None, means: Means::Nothing }
    }

    /// With what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, but saying nothing about the thing looked at.
    pub fn as_nothing(mut self) -> Self {
        self.means = Means::Nothing;
        self
    }
}

impl Seen {
    /// An empty answer with a text for people.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds a field.
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the figure; what is not finite is left out.
    pub fn value(mut self, value: f64) -> Self {
        self.value = Some(value).filter(|v| v.is_finite());
        self
    }

    /// Notes why a field has no value.
    pub fn missing(mut self, field: &'static str, why: impl Into<String>) -> Self {
        self.missing.push((field, why.into()));
        self
    }

    /// Adds a problem.
    pub fn problem(mut self, problem: Problem) -> Self {
        self.problem = Some(problem);
        self
    }
}

impl From<Problem> for Seen {
    fn from(problem: Problem) -> Self {
        Self { text: problem.why.clone(), problem: Some(problem), ..Self::default() }
    }
}
