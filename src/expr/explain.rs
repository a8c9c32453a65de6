//! Why a condition does not hold, with the values that were seen, short and for people.

use super::evaluate::{Eval, compare};
use super::expression::Expr;
use super::scope::Scope;
use super::tree::{Compare, Kind, Node, Test};
use super::truth::Truth;
use crate::words::{Value, Verdict};

/// Longest shown text value and whole explanation, in characters.
const LONGEST_TEXT: usize = 60;
const LONGEST: usize = 300;
/// Most members of a list that are shown.
const MOST: usize = 5;

impl Expr {
    /// Why it is not true: `latency 142 ms, wanted < 100 ms`, `days_left has no data, wanted > 30`. Empty when it is.
    ///
    /// Shows values of names, hence nothing secret: secrets cannot be compared.
    pub fn explain(&self, scope: &dyn Scope) -> String {
        let explain = Explain { eval: Eval { scope }, source: self.source() };
        cut(&explain.why_not(self.node(), true).unwrap_or_default(), LONGEST)
    }
}

struct Explain<'a> {
    eval: Eval<'a>,
    source: &'a str,
}

impl Explain<'_> {
    /// Why a node is not as wanted, or none when it is.
    fn why_not(&self, node: &Node, want: bool) -> Option<String> {
        let truth = self.eval.truth(node);
        if truth == Truth::from(want) {
            return None;
        }
        let parts = |nodes: &[Node], between: &str| {
            let parts: Vec<String> = nodes.iter().filter_map(|node| self.why_not(node, want)).collect();
            parts.join(between)
        };
        Some(match &node.kind {
            Kind::Not(inner) => return self.why_not(inner, !want),
            Kind::All(nodes) => parts(nodes, if want { "; " } else { ", or " }),
            Kind::Any(nodes) => parts(nodes, if want { ", or " } else { "; " }),
            Kind::Compare { op, left, right } => self.compared(if want { *op } else { op.negated() }, left, right),
            Kind::In { negated, left, right } => self.contained(*negated == want, left, right),
            Kind::Is { negated, test, of } => self.tested(*negated == want, test, of),
            _ => match self.eval.value(node) {
                Value::NoData => format!("{} has no data, wanted {want}", self.text(node)),
                Value::Bool(found) => format!("{} is {found}, wanted {want}", self.text(node)),
                other => format!("{} is {}, wanted {want}", self.text(node), other.kind()),
            },
        })
    }

    fn text(&self, node: &Node) -> String {
        let words: Vec<&str> = self.source[node.span.clone()].split_whitespace().collect();
        cut(&words.join(" "), LONGEST_TEXT)
    }

    fn compared(&self, op: Compare, left: &Node, right: &Node) -> String {
        let (op, left, right) = match (left.literal(), right.literal()) {
            (Some(_), None) => (op.mirrored(), right, left),
            _ => (op, left, right),
        };
        let (found, bound) = (self.eval.value(left), self.eval.value(right));
        let (mut shown, mut wanted) = (show(&found), show(&bound));
        if shown == wanted && compare::equal(&found, &bound) == Truth::False {
            // Rounded they look the same.
            (shown, wanted) = (exactly(&found), exactly(&bound));
        }
        let sign = match op {
            Compare::Equal => "",
            Compare::Unequal => "not ",
            _ => &format!("{} ", op.sign()),
        };
        let wanted = match (&bound, right.literal()) {
            (Value::NoData, _) => format!("{sign}{}, which has no data", self.text(right)),
            (_, Some(_)) => format!("{sign}{wanted}"),
            (_, None) => format!("{sign}{wanted} ({})", self.text(right)),
        };
        let name = self.text(left);
        let comparable = compare::compare(op, &found, &bound) != Truth::Unknown;
        match &found {
            Value::NoData => format!("{name} has no data, wanted {wanted}"),
            found if !comparable && bound != Value::NoData => {
                format!("{name} {shown} is {}, wanted {}: {wanted}", found.kind(), bound.kind())
            }
            _ if left.literal().is_some() => format!("{shown}, wanted {wanted}"),
            _ => format!("{name} {shown}, wanted {wanted}"),
        }
    }

    fn contained(&self, unwanted: bool, left: &Node, right: &Node) -> String {
        let (found, whole) = (self.eval.value(left), self.eval.value(right));
        let name = self.text(left);
        let found_text = match left.literal() {
            Some(_) => show(&found),
            None => format!("{name} {}", show(&found)),
        };
        match (&found, &whole) {
            (Value::NoData, _) => format!("{name} has no data"),
            (_, Value::NoData) => format!("{} has no data", self.text(right)),
            (_, Value::List(_)) if matches!(right.kind, Kind::List(_)) => {
                format!("{found_text}, wanted {} of {}", if unwanted { "none" } else { "one" }, show(&whole))
            }
            _ => {
                let is = if unwanted { "is in" } else { "is not in" };
                format!("{found_text} {is} {} ({})", self.text(right), show(&whole))
            }
        }
    }

    fn tested(&self, unwanted: bool, test: &Test, of: &Node) -> String {
        let name = self.text(of);
        let not = if unwanted { "not " } else { "" };
        let value = self.eval.value(of);
        match test {
            Test::Passing | Test::Failing => {
                let state = match self.eval.state(of) {
                    None | Some(Verdict::NoData) => "has no data",
                    Some(Verdict::Ok) => "is passing",
                    Some(Verdict::Bad) => "is failing",
                    Some(Verdict::Flapping) => "is flapping",
                };
                format!("{name} {state}, wanted {not}{}", test.word())
            }
            // What was found is not shown: it may be a secret.
            Test::Defined if unwanted => format!("{name} has a value, wanted none"),
            Test::NoData if !unwanted => format!("{name} has data, wanted none"),
            Test::Defined | Test::NoData => format!("{name} has no data"),
            Test::Empty | Test::Matching(_) if value == Value::NoData => format!("{name} has no data"),
            Test::Empty if unwanted => format!("{name} is empty"),
            Test::Empty => format!("{name} {}, wanted empty", show(&value)),
            Test::Matching(pattern) => {
                let does = if unwanted { "matches" } else { "does not match" };
                format!("{name} {} {does} '{}'", show(&value), cut(pattern.as_str(), LONGEST_TEXT))
            }
        }
    }
}

/// A value as it stands in an explanation: on one line, not long.
fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{}'", cut(text, LONGEST_TEXT)),
        Value::List(items) if items.is_empty() => "nothing".to_owned(),
        Value::List(items) => {
            let shown: Vec<String> = items.iter().take(MOST).map(show).collect();
            let more = items.len().saturating_sub(MOST);
            if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
        }
        other => cut(&other.to_string(), LONGEST_TEXT),
    }
}

fn exactly(value: &Value) -> String {
    match value {
        Value::Text(_) | Value::List(_) => show(value),
        other => cut(&other.written(), LONGEST_TEXT),
    }
}

/// At most so many characters, none of them a control character.
fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}
