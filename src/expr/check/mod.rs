//! Types before a run: what does not compare is said at load, all faults at once.

mod arithmetic;
mod calls;
mod compare;
mod paths;

use super::expression::Expr;
use super::fault::Fault;
use super::template::Template;
use super::tree::{Kind, Node, Test};
use super::types::{Names, Type};
use crate::words::Value;

impl Expr {
    /// The type of its value, or all faults. A bare probe is a [`Type::Probe`], a bare secret a [`Type::Secret`].
    pub fn check(&self, names: &dyn Names) -> Result<Type, Vec<Fault>> {
        let mut checker = Checker::new(self.source(), names);
        let found = checker.infer(self.node());
        checker.finish(found)
    }

    /// Whether it can be a condition: its value must be a truth.
    pub fn check_condition(&self, names: &dyn Names) -> Result<(), Vec<Fault>> {
        let mut checker = Checker::new(self.source(), names);
        checker.truth(self.node());
        checker.finish(())
    }
}

impl Template {
    /// The types of its expressions, in the order of the text, or all faults.
    ///
    /// A [`Type::Secret`] among them says that the text holds a secret: whoever may not have one must refuse it.
    pub fn check(&self, names: &dyn Names) -> Result<Vec<Type>, Vec<Fault>> {
        let (mut types, mut faults) = (Vec::new(), Vec::new());
        for (at, expr) in self.expressions() {
            let mut checker = Checker::new(expr.source(), names);
            let found = checker.fillable(expr.node());
            match checker.finish(found) {
                Ok(found) => types.push(found),
                Err(found) => faults.extend(found.into_iter().map(|fault| fault.shifted(at))),
            }
        }
        if faults.is_empty() { Ok(types) } else { Err(faults) }
    }
}

struct Checker<'a> {
    source: &'a str,
    names: &'a dyn Names,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a str, names: &'a dyn Names) -> Self {
        Self { source, names, faults: Vec::new() }
    }

    fn finish<T>(mut self, found: T) -> Result<T, Vec<Fault>> {
        self.faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
        self.faults.dedup();
        if self.faults.is_empty() { Ok(found) } else { Err(self.faults) }
    }

    /// Notes a fault; what follows from it is anything, so that one mistake is one message.
    fn fault(&mut self, fault: Fault) -> Type {
        self.faults.push(fault);
        Type::Any
    }

    /// A node's text, for messages.
    fn text(&self, node: &Node) -> &'a str {
        let text = &self.source[node.span.clone()];
        match text.char_indices().nth(60) {
            Some((end, _)) => &text[..end],
            None => text,
        }
    }

    fn infer(&mut self, node: &Node) -> Type {
        match &node.kind {
            Kind::Literal(value) => literal(value),
            Kind::List(nodes) => self.list(nodes),
            Kind::Path { root, steps } => self.path(node, root, steps),
            Kind::Not(inner) => {
                self.truth(inner);
                Type::Bool
            }
            Kind::All(nodes) | Kind::Any(nodes) => {
                nodes.iter().for_each(|node| self.truth(node));
                Type::Bool
            }
            Kind::Negative(inner) => self.negative(inner),
            Kind::Compare { op, left, right } => self.compare(*op, left, right),
            Kind::In { left, right, .. } => self.contains(left, right),
            Kind::Is { test, of, negated } => self.test(test, of, *negated),
            Kind::Arithmetic { op, left, right } => self.arithmetic(node, *op, left, right),
            Kind::Call { function, args } => self.call(node, *function, args),
        }
    }

    /// The type of a node that is used as a value: a probe is its last figure.
    fn value(&mut self, node: &Node) -> Type {
        match self.infer(node) {
            Type::Probe(unit) => Type::of_unit(unit),
            Type::ProbeGroup { .. } => {
                let text = self.text(node);
                let fault =
                    Fault::new(node.span.clone(), format!("`{text}` is a group of probes and has no value of its own"));
                self.fault(fault.hint(format!("write `{text}[item]`, or `{text} is passing`")))
            }
            Type::Secret => {
                let fault =
                    Fault::new(node.span.clone(), "a secret cannot be compared, calculated with or taken apart");
                self.fault(fault.hint("it may stand alone in `${{ }}`, or in `file(secret)`"))
            }
            other => other,
        }
    }

    /// The type of a node that is filled into a text.
    fn fillable(&mut self, node: &Node) -> Type {
        let found = match self.infer(node) {
            Type::Secret => return Type::Secret,
            Type::Probe(unit) => return Type::of_unit(unit),
            Type::ProbeGroup { .. } => return self.value(node),
            found => found,
        };
        if let Type::Record(fields) = &found {
            let first = fields.keys().next().map_or("field", String::as_str);
            let text = self.text(node);
            let fault = Fault::new(node.span.clone(), format!("`{text}` is a group of fields, no text"));
            return self.fault(fault.hint(format!("write one of its fields, such as `{text}.{first}`")));
        }
        found
    }

    /// Checks that a node is a truth.
    fn truth(&mut self, node: &Node) {
        let found = self.infer(node);
        let text = self.text(node);
        let hint = match &found {
            Type::Any | Type::Bool => return,
            Type::Probe(_) | Type::ProbeGroup { .. } => format!("write `{text} is passing`"),
            Type::Flags(choices) => {
                format!("write `{text}.{}`, or `{text} is not empty`", choices.first().map_or("choice", String::as_str))
            }
            Type::List(_) | Type::Map(_) => format!("write `{text} is not empty`"),
            Type::Text | Type::Choice(_) | Type::Item(_) if node.literal().is_none() => {
                format!("compare it: `{text} == '…'`, or write `{text} is not empty`")
            }
            Type::Secret => format!("write `{text} is defined`"),
            _ => "a condition compares, as in `x > 5`, or is a name that is true or false".to_owned(),
        };
        let fault = Fault::new(node.span.clone(), format!("`{text}` is {}, not true or false", found.words()));
        self.fault(fault.hint(hint));
    }

    fn list(&mut self, nodes: &[Node]) -> Type {
        let mut common: Option<Type> = None;
        for node in nodes {
            let found = self.value(node);
            common = Some(match common {
                None | Some(Type::Any) => found,
                Some(before) if before == found || found == Type::Any => before,
                Some(before) if before.is_text() && found.is_text() => Type::Text,
                Some(before) => {
                    let message = format!(
                        "a list holds values of one type: this is {}, before it stands {}",
                        found.words(),
                        before.words()
                    );
                    self.fault(Fault::new(node.span.clone(), message))
                }
            });
        }
        Type::list(common.unwrap_or(Type::Any))
    }

    fn test(&mut self, test: &Test, of: &Node, negated: bool) -> Type {
        let text = self.text(of);
        let is = if negated { "is not" } else { "is" };
        let found = match test {
            Test::Passing | Test::Failing | Test::NoData | Test::Defined => self.infer(of),
            Test::Empty | Test::Matching(_) => self.value(of),
        };
        let wrong = match (test, &found) {
            (Test::NoData | Test::Defined, _) => None,
            (Test::Passing | Test::Failing, Type::Probe(_) | Type::ProbeGroup { .. }) => None,
            (Test::Passing | Test::Failing, Type::Any) if !self.faults.is_empty() => None,
            (Test::Passing | Test::Failing, Type::Bool) => {
                Some(("only probes pass or fail", format!("write `{text}`, or `not {text}`")))
            }
            (Test::Passing | Test::Failing, _) => {
                Some(("only probes pass or fail", "compare the value instead".to_owned()))
            }
            (Test::Empty, Type::Any | Type::List(_) | Type::Flags(_) | Type::Map(_) | Type::Record(_)) => None,
            (Test::Empty, found) if found.is_text() => None,
            (Test::Empty, _) => {
                Some(("only texts, lists and maps are empty", format!("write `{text} {is} no_data`, or compare it")))
            }
            (Test::Matching(_), Type::Any) => None,
            (Test::Matching(_), found) if found.is_text() => None,
            (Test::Matching(_), _) => Some(("only texts match a pattern", "compare the value instead".to_owned())),
        };
        if let Some((rule, hint)) = wrong {
            let fault = Fault::new(of.span.clone(), format!("`{text}` is {}: {rule}", found.words()));
            self.fault(fault.hint(hint));
        }
        Type::Bool
    }
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Text(_) => Type::Text,
        Value::Number(_) => Type::Number,
        Value::Bool(_) => Type::Bool,
        Value::Duration(_) => Type::Duration,
        Value::Size(_) => Type::Size,
        Value::Ratio(_) => Type::Ratio,
        Value::Time(_) => Type::Time,
        Value::Version(_) => Type::Version,
        Value::NoData | Value::List(_) | Value::Map(_) => Type::Any,
    }
}
