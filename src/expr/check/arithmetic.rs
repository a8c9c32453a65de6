//! What may be calculated with what, and hyphens that were meant to be part of a name.

use super::super::fault::{Fault, nearest};
use super::super::tree::{Arithmetic, Node};
use super::super::types::Type;
use super::Checker;
use crate::words::Value;

impl Checker<'_> {
    pub(super) fn negative(&mut self, node: &Node) -> Type {
        match self.value(node) {
            found @ (Type::Any | Type::Number | Type::Duration | Type::Size | Type::Ratio) => found,
            found => {
                let message = format!("`{}` is {} and has no negative", self.text(node), found.words());
                self.fault(Fault::new(node.span.clone(), message))
            }
        }
    }

    pub(super) fn arithmetic(&mut self, node: &Node, op: Arithmetic, left: &Node, right: &Node) -> Type {
        if let Some(fault) = self.hyphen(node) {
            return self.fault(fault);
        }
        let (l, r) = (self.value(left), self.value(right));
        if op == Arithmetic::Divide && right.literal().and_then(Value::figure) == Some(0.0) {
            return self.fault(Fault::new(right.span.clone(), "nothing is divided by zero"));
        }
        match result(op, &l, &r) {
            Some(found) => found,
            None => {
                let word = match op {
                    Arithmetic::Add => "added to",
                    Arithmetic::Subtract => "taken from",
                    Arithmetic::Multiply => "multiplied by",
                    Arithmetic::Divide => "divided by",
                };
                let (a, b) = match op {
                    Arithmetic::Add | Arithmetic::Subtract => (r.words(), l.words()),
                    Arithmetic::Multiply | Arithmetic::Divide => (l.words(), r.words()),
                };
                let hint = match (&l, &r) {
                    (l, r) if l.is_text() || r.is_text() => {
                        Some("texts are put together with `${{ }}`; a number is captured `as: number`".to_owned())
                    }
                    (Type::Duration | Type::Time, Type::Number) if right.literal().is_some() => {
                        Some(format!("write a unit: `{0}s`, `{0}m`", self.text(right)))
                    }
                    (Type::Time, Type::Time) if op == Arithmetic::Add => {
                        Some("the time between two is `later - earlier`".to_owned())
                    }
                    (Type::Duration, Type::Time) => Some("write `time - duration`".to_owned()),
                    _ => None,
                };
                let fault = Fault::new(node.span.clone(), format!("{a} cannot be {word} {b}"));
                self.fault(fault.maybe_hint(hint))
            }
        }
    }

    /// `error-rate`: a subtraction to the language, a name to its author when one of the parts is unknown.
    fn hyphen(&self, node: &Node) -> Option<Fault> {
        let text = &self.source[node.span.clone()];
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let (before, last) = match text.rsplit_once('.') {
            Some((before, last)) => (Some(before), last),
            None => (None, text),
        };
        if !last.contains('-') || !last.split('-').all(word) {
            return None;
        }
        if let Some(before) = before {
            let all_plain = before.split('.').all(word);
            let unknown = last.split('-').skip(1).any(|part| self.type_of(part).is_none());
            let fault = Fault::new(node.span.clone(), "a field after `.` cannot hold `-`");
            return (all_plain && unknown).then(|| fault.hint(format!("write `{before}['{last}']`")));
        }
        if last.split('-').all(|part| self.type_of(part).is_some()) {
            return None;
        }
        let joined = last.replace('-', "_");
        let known = self.names.known();
        let hint = match known.iter().find(|name| **name == joined).map(String::as_str) {
            Some(name) => format!("did you mean `{name}`?"),
            None => match nearest(&joined, known.iter().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "a subtraction is written with spaces: `a - b`".to_owned(),
            },
        };
        Some(Fault::new(node.span.clone(), "a name cannot hold `-`").hint(hint))
    }
}

/// The type of a calculation, or none when there is no such one.
fn result(op: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Type::{Any, Duration, Number, Ratio, Size, Time};
    let calculates = |of: &Type| matches!(of, Any | Number | Duration | Size | Ratio | Time);
    if !calculates(left) || !calculates(right) {
        return None;
    }
    Some(match (op, left, right) {
        (_, Any, _) | (_, _, Any) => Any,
        (Arithmetic::Add, Time, Duration)
        | (Arithmetic::Add, Duration, Time)
        | (Arithmetic::Subtract, Time, Duration) => Time,
        (Arithmetic::Subtract, Time, Time) => Duration,
        (_, Time, _) | (_, _, Time) => return None,
        (Arithmetic::Add | Arithmetic::Subtract, l, r) => (l == r).then(|| l.clone())?,
        (Arithmetic::Multiply, Number, other) | (Arithmetic::Multiply, other, Number) => other.clone(),
        (Arithmetic::Multiply, Ratio, other) | (Arithmetic::Multiply, other, Ratio) => other.clone(),
        (Arithmetic::Multiply, _, _) => return None,
        (Arithmetic::Divide, l, r) if l == r => Number,
        (Arithmetic::Divide, l, Number | Ratio) => l.clone(),
        (Arithmetic::Divide, _, _) => return None,
    })
}
