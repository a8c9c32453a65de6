//! What may be compared with what.

use std::borrow::Cow;

use super::super::fault::Fault;
use super::super::tree::{Compare, Kind, Node};
use super::super::types::Type;
use super::super::version::Version;
use super::Checker;
use super::paths::one_of;
use crate::words::Value;

/// One side of a comparison.
struct Side<'a> {
    node: &'a Node,
    of: Type,
}

impl Side<'_> {
    fn number(&self) -> Option<f64> {
        match self.node.literal() {
            Some(Value::Number(n)) => Some(*n),
            _ => None,
        }
    }

    fn quoted(&self) -> Option<&str> {
        match self.node.literal() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl Checker<'_> {
    pub(super) fn compare(&mut self, op: Compare, left: &Node, right: &Node) -> Type {
        let (left, right) = self.sides(left, right);
        self.comparable(op, &left, &right);
        Type::Bool
    }

    pub(super) fn contains(&mut self, left: &Node, right: &Node) -> Type {
        if let Kind::List(members) = &right.kind {
            let of = self.value(left);
            let left = Side { node: left, of };
            for member in members {
                let of = self.value_beside(member, &left.of);
                self.comparable(Compare::Equal, &left, &Side { node: member, of });
            }
            return Type::Bool;
        }
        let (left, right) = self.sides(left, right);
        match &right.of {
            Type::Any => {}
            Type::List(of) => {
                let member = Side { node: right.node, of: (**of).clone() };
                self.comparable(Compare::Equal, &left, &member);
            }
            Type::Flags(choices) => {
                let member = Side { node: right.node, of: Type::Choice(choices.clone()) };
                self.comparable(Compare::Equal, &left, &member);
            }
            Type::Map(_) | Type::Record(_) | Type::Text | Type::Choice(_) | Type::Item(_) => {
                if left.of != Type::Any && !left.of.is_text() {
                    let message = format!("only a text is in {}, this is {}", right.of.words(), left.of.words());
                    self.fault(Fault::new(left.node.span.clone(), message));
                }
            }
            other => {
                let message = format!("nothing is in {}: `in` wants a list, a map or a text", other.words());
                self.fault(Fault::new(right.node.span.clone(), message).hint("write `x in [a, b]`"));
            }
        }
        Type::Bool
    }

    fn sides<'n>(&mut self, left: &'n Node, right: &'n Node) -> (Side<'n>, Side<'n>) {
        let of_left = match (left.name(), right.name()) {
            // The name that is known says what the other one may have meant.
            (Some(name), _) if self.type_of(name).is_none() => {
                let beside = self.names_type(right);
                self.value_beside(left, &beside)
            }
            _ => self.value(left),
        };
        let of_right = self.value_beside(right, &of_left);
        (Side { node: left, of: of_left }, Side { node: right, of: of_right })
    }

    fn names_type(&self, node: &Node) -> Type {
        node.name().and_then(|name| self.type_of(name)).unwrap_or(Type::Any)
    }

    /// The type of a node beside one of the given type: an unknown name there may be a text without its quotes.
    fn value_beside(&mut self, node: &Node, beside: &Type) -> Type {
        let Some(name) = node.name().filter(|name| self.type_of(name).is_none()) else { return self.value(node) };
        if !beside.is_text() {
            return self.value(node);
        }
        let mut fault = self.unknown(name, node.span.clone());
        let chosen = matches!(beside, Type::Choice(choices) if choices.iter().any(|choice| choice == name));
        if chosen || fault.hint.is_none() {
            fault.hint = Some(format!("a text stands in quotes: `'{name}'`"));
        }
        self.fault(fault)
    }

    fn comparable(&mut self, op: Compare, left: &Side, right: &Side) {
        let span = left.node.span.start.min(right.node.span.start)..left.node.span.end.max(right.node.span.end);
        match (&left.of, &right.of) {
            (Type::Any, _) | (_, Type::Any) => {}
            (l, r) if l.is_text() && r.is_text() => {
                if op.orders() {
                    let fault = Fault::new(span, "texts have no order");
                    self.fault(fault.hint(
                        "compare versions with `version(x) >= version('1.2')`; numbers are captured `as: number`",
                    ));
                }
                self.possible(left, right);
                self.possible(right, left);
            }
            (Type::Version, Type::Version) => {}
            (Type::Version, r) if r.is_text() => self.version(right),
            (l, Type::Version) if l.is_text() => self.version(left),
            (Type::Number, Type::Number)
            | (Type::Duration, Type::Duration)
            | (Type::Size, Type::Size)
            | (Type::Ratio, Type::Ratio)
            | (Type::Time, Type::Time) => {}
            (Type::Bool, Type::Bool) | (Type::List(_) | Type::Flags(_), Type::List(_) | Type::Flags(_))
                if op.orders() =>
            {
                let message = format!("{} has no order", capital(left.of.words()));
                self.fault(Fault::new(span, message).hint("write `==` or `!=`"));
            }
            (Type::Bool, Type::Bool) => {}
            (Type::List(_) | Type::Flags(_), Type::List(_) | Type::Flags(_)) => self.lists(left, right),
            _ => self.mismatch(left, right),
        }
    }

    /// That a literal is one of the texts that the other side can be.
    fn possible(&mut self, choice: &Side, literal: &Side) {
        let (Type::Choice(choices), Some(text)) = (&choice.of, literal.quoted()) else { return };
        if !choices.iter().any(|choice| choice == text) {
            let fault =
                Fault::new(literal.node.span.clone(), format!("`{}` is never '{text}'", self.text(choice.node)));
            self.fault(fault.hint(one_of(text, choices)));
        }
    }

    fn version(&mut self, side: &Side) {
        if let Some(text) = side.quoted()
            && Version::parse(text).is_none()
        {
            self.fault(Fault::new(side.node.span.clone(), format!("'{text}' is no version")).hint("as in '1.2.3'"));
        }
    }

    fn lists(&mut self, left: &Side, right: &Side) {
        for (one, other) in [(left, right), (right, left)] {
            let (Type::Flags(choices), Kind::List(members)) = (&one.of, &other.node.kind) else { continue };
            for member in members {
                let one = Side { node: one.node, of: Type::Choice(choices.clone()) };
                self.possible(&one, &Side { node: member, of: Type::Text });
            }
        }
    }

    fn mismatch(&mut self, left: &Side, right: &Side) {
        // The caret goes to the literal: it is what the author wrote wrong.
        let (literal, other) = if left.node.literal().is_some() { (left, right) } else { (right, left) };
        let span = match literal.node.literal() {
            Some(_) => literal.node.span.clone(),
            None => left.node.span.start.min(right.node.span.start)..left.node.span.end.max(right.node.span.end),
        };
        let message = format!(
            "{} is never compared with {}: `{}` is {}",
            other.of.words(),
            literal.of.words(),
            self.text(other.node),
            other.of.words(),
        );
        let hint = self.mismatch_hint(literal, other);
        self.fault(Fault::new(span, message).maybe_hint(hint));
    }

    fn mismatch_hint(&mut self, literal: &Side, other: &Side) -> Option<String> {
        let (text, digits) = (self.text(other.node), self.text(literal.node));
        Some(match (&literal.of, &other.of) {
            (Type::Number, Type::Duration) if literal.number().is_some() => {
                format!("write a unit: `{digits}ms`, `{digits}s`, `{digits}d`")
            }
            (Type::Number, Type::Size) if literal.number().is_some() => format!("write a unit: `{digits}MiB`"),
            (Type::Number, Type::Ratio) if literal.number().is_some() => {
                format!("write `{}`", as_percent(literal.number().unwrap_or(0.0), digits))
            }
            (Type::Ratio, Type::Number) if literal.node.literal().is_some() => {
                format!(
                    "write `{}`, or make `{text}` a percentage: `as: percent`, `unit: ratio`",
                    digits.trim_end_matches('%')
                )
            }
            (Type::Duration | Type::Size, Type::Number) => {
                let one = if literal.of == Type::Duration { "1s" } else { "1B" };
                format!("say what `{text}` counts: `{text} * {one}`")
            }
            (Type::Number, of) if of.is_text() && literal.number().is_some() => {
                format!("write `'{digits}'`, or make `{text}` a number: `as: number`, `type: number`")
            }
            (of, Type::Number)
                if of.is_text() && literal.quoted().is_some_and(|quoted| quoted.parse::<f64>().is_ok()) =>
            {
                format!("write `{}` without quotes", literal.quoted().unwrap_or_default())
            }
            (of, Type::Duration | Type::Size | Type::Ratio) if of.is_text() && literal.quoted().is_some() => {
                format!("write `{}` without quotes", literal.quoted().unwrap_or_default().replace(' ', ""))
            }
            (Type::Duration, Type::Time) => format!("write `now - {text}` for the time since then"),
            (of, Type::Bool) if of.is_text() || *of == Type::Number => format!("write `{text}`, or `not {text}`"),
            (of, Type::List(_) | Type::Flags(_)) if of.is_text() => format!("write `{digits} in {text}`"),
            (Type::Number, Type::List(_) | Type::Flags(_) | Type::Map(_)) => format!("write `count({text})`"),
            (Type::Number, Type::Version) => format!("write `'{digits}'`"),
            (Type::Ratio, Type::Duration | Type::Size) => format!("a percentage of something is `{digits} * x`"),
            _ => return None,
        })
    }
}

/// `0.05` and `5` both as `5%`.
fn as_percent(number: f64, digits: &str) -> Cow<'static, str> {
    if number.abs() < 1.0 && number != 0.0 {
        Cow::Owned(Value::Ratio(number).written())
    } else {
        Cow::Owned(format!("{digits}%"))
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
