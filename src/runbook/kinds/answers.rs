//! What a person is asked: questions, forms, approvals.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Template};
use crate::words::{Name, Proof};

/// What kind of answer a question takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerType {
    /// Yes, and nothing else.
    #[default]
    None,
    /// A text.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A point in time.
    Time,
    /// A duration.
    Duration,
    /// An address.
    Link,
    /// A file's path.
    File,
    /// One of these.
    OneOf(Vec<String>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    /// The question.
    pub ask: Template,
    /// What is answered.
    #[serde(default)]
    pub answer: AnswerType,
    /// What a text must match whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What must hold of `answer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expr>,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its fields in order.
    pub fields: IndexMap<Name, Field>,
}

/// The type of a parameter's or a field's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A text.
    #[default]
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A duration.
    Duration,
    /// A size.
    Size,
    /// A percentage.
    Percent,
    /// A point in time, or a day.
    Time,
    /// An address.
    Url,
    /// A file's path.
    File,
    /// A folder's path.
    Folder,
    /// A commit, branch or tag.
    GitRef,
    /// A list of texts.
    List,
    /// A text that is shown and written nowhere.
    Secret,
    /// One of these.
    OneOf(Vec<String>),
    /// Any of these.
    SomeOf(Vec<String>),
}

/// What may be entered into a field of a form; parameters are such fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// The value's type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The question beside it.
    pub ask: Option<Template>,
    /// What stands in it before somebody changes it.
    pub default: Option<Template>,
    /// What a text must match whole.
    pub pattern: Option<String>,
    /// The least value, as written: `5`, `10s`, `1%`.
    pub min: Option<String>,
    /// The greatest value, as written.
    pub max: Option<String>,
    /// It may stay empty.
    pub optional: bool,
    /// Row ids of the original.
    pub source: Vec<Template>,
}

/// A second person's consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approve {
    /// The contacts who may give it.
    pub by: Vec<Name>,
    /// How many of them.
    pub count: u32,
    /// How they must be known, at least.
    pub proof: Proof,
    /// Seconds until the request is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<f64>,
}
