//! Names, and the steps into what they mean.

use super::super::fault::{Fault, did_you_mean};
use super::super::tree::{Node, Root, Step, StepKind};
use super::super::types::{Fields, Type};
use super::Checker;

impl Checker<'_> {
    pub(super) fn path(&mut self, node: &Node, root: &Root, steps: &[Step]) -> Type {
        let (mut found, mut end) = match root {
            Root::Name(name) => {
                let end = steps.first().map_or(node.span.end, |step| step.span.start);
                let span = node.span.start..end;
                match self.type_of(name) {
                    Some(found) => (found, end),
                    None => {
                        let fault = self.unknown(name, span);
                        (self.fault(fault), end)
                    }
                }
            }
            Root::Value(inner) => (self.value(inner), inner.span.end),
        };
        for step in steps {
            found = self.step(found, &self.source[node.span.start..end], step);
            end = step.span.end;
        }
        found
    }

    pub(super) fn type_of(&self, name: &str) -> Option<Type> {
        self.names.type_of(name).or_else(|| (name == "now").then_some(Type::Time))
    }

    pub(super) fn unknown(&self, name: &str, span: std::ops::Range<usize>) -> Fault {
        let known = self.names.known();
        let hint = match name {
            "yes" | "on" => Some("write `true`".to_owned()),
            "no" | "off" => Some("write `false`".to_owned()),
            _ => did_you_mean(name, known.iter().map(String::as_str).chain(["now"])),
        };
        Fault::new(span, format!("nothing is called `{name}` here")).maybe_hint(hint)
    }

    /// One step from a value of this type; `before` is the text up to the step.
    fn step(&mut self, from: Type, before: &str, step: &Step) -> Type {
        let key = match &step.kind {
            StepKind::Field(key) => Some(key.as_str()),
            StepKind::Index(node) => {
                let index = self.value(node);
                let fits = match &from {
                    Type::List(_) => matches!(index, Type::Any | Type::Number),
                    Type::Any => matches!(index, Type::Any | Type::Number) || index.is_text(),
                    _ => index == Type::Any || index.is_text(),
                };
                if !fits {
                    let wanted = if matches!(from, Type::List(_)) { "a number" } else { "a text" };
                    let message = format!("{} is entered by {wanted}, this is {}", from.words(), index.words());
                    return self.fault(Fault::new(step.span.clone(), message));
                }
                None
            }
        };
        let span = step.span.clone();
        match (from, key) {
            (Type::Any, _) => Type::Any,
            (Type::Map(of), _) => *of,
            (Type::List(of), None) => *of,
            (Type::Record(fields) | Type::Item(fields), None) => common(&fields),
            (Type::Record(fields), Some(key)) => self.field(&fields, before, key, span),
            (Type::Item(fields), Some(key)) => self.field(&fields, before, key, span),
            (Type::Flags(_), None) => Type::Bool,
            (Type::Flags(choices), Some(key)) if choices.iter().any(|choice| choice == key) => Type::Bool,
            (Type::Flags(choices), Some(key)) => {
                let fault = Fault::new(span, format!("`{before}` cannot be `{key}`"));
                self.fault(fault.hint(one_of(key, &choices)))
            }
            (Type::ProbeGroup { unit, .. }, None) => Type::Probe(unit),
            (Type::ProbeGroup { unit, keys }, Some(key)) if keys.iter().any(|known| known == key) => Type::Probe(unit),
            (Type::ProbeGroup { keys, .. }, Some(key)) => {
                let fault = Fault::new(span, format!("`{before}` has no `{key}`"));
                self.fault(fault.hint(one_of(key, &keys)))
            }
            (Type::Probe(_), _) => {
                let fault = Fault::new(span, format!("`{before}` is a probe, it has one value"));
                self.fault(fault.hint("the fields of a look stand only in its own `expect`"))
            }
            (Type::List(_), Some(key)) => {
                let fault = Fault::new(span, format!("`{before}` is a list and has no field `{key}`"));
                self.fault(fault.hint(match key {
                    "length" | "size" | "count" => format!("write `count({before})`"),
                    _ => format!("write `{before}[0]`, or `'{key}' in {before}`"),
                }))
            }
            (from, key) => {
                let what = key.map_or("no parts".to_owned(), |key| format!("no field `{key}`"));
                let fault = Fault::new(span, format!("`{before}` is {} and has {what}", from.words()));
                self.fault(fault)
            }
        }
    }

    fn field(&mut self, fields: &Fields, before: &str, key: &str, span: std::ops::Range<usize>) -> Type {
        match fields.get(key) {
            Some(found) => found.clone(),
            None => {
                let names: Vec<String> = fields.keys().cloned().collect();
                let fault = Fault::new(span, format!("`{before}` has no `{key}`"));
                self.fault(fault.hint(one_of(key, &names)))
            }
        }
    }
}

/// The nearest of the names, or all of them when they are few.
pub(super) fn one_of(word: &str, names: &[String]) -> String {
    let few: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
    did_you_mean(word, names.iter().map(String::as_str)).unwrap_or_else(|| match few.len() {
        0 => "there is none".to_owned(),
        n if n < names.len() => format!("there are {}, and {} more", few.join(", "), names.len() - n),
        _ => format!("there is {}", few.join(", ")),
    })
}

/// What is known of a field whose name is not.
fn common(fields: &Fields) -> Type {
    let mut types = fields.values();
    match types.next() {
        Some(first) if types.all(|other| other == first) => first.clone(),
        _ => Type::Any,
    }
}
