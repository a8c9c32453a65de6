//! What people write in neighbouring languages, and what it is called here.

use std::ops::Range;

use super::super::fault::{Fault, did_you_mean};
use super::super::lex::{Kind as TokenKind, Token};
use super::super::quantity::{habit, is_unit};
use super::super::tree::{Node, Test};
use super::Parser;
use crate::words::Value;

/// Words that are no names here: message and hint.
pub(super) fn name(word: &str) -> Option<(String, &'static str)> {
    match word {
        "null" | "none" | "None" | "nil" | "undefined" | "NULL" | "Null" => {
            Some((format!("there is no `{word}`"), "write `x is defined`, or `x is no_data`"))
        }
        "True" | "TRUE" => Some((format!("there is no `{word}`"), "write `true`")),
        "False" | "FALSE" => Some((format!("there is no `{word}`"), "write `false`")),
        "AND" => Some(("`AND` is written small".to_owned(), "write `and`")),
        "OR" => Some(("`OR` is written small".to_owned(), "write `or`")),
        "NOT" => Some(("`NOT` is written small".to_owned(), "write `not`")),
        "NaN" | "nan" => {
            Some((format!("there is no `{word}`"), "what is not a number is no data: write `x is no_data`"))
        }
        _ => None,
    }
}

/// How a function of another language is called here.
pub(super) fn function(word: &str) -> Option<&'static str> {
    Some(match word {
        "len" | "length" | "size" | "Count" | "sum" => "count(list)",
        "fromJSON" | "from_json" | "parse_json" | "fromjson" | "toJSON" => "json(text)",
        "average" | "mean" | "avg_over_time" => "avg(probe, 5m)",
        "min_over_time" => "min(probe, 5m)",
        "max_over_time" => "max(probe, 5m)",
        "rate" | "irate" | "idelta" => "increase(probe, 5m)",
        "slope" | "deriv" | "trend" | "predict_linear" => "growth(probe, 30m)",
        "percentile" | "histogram_quantile" | "quantile_over_time" | "p95" => "quantile(0.95, probe, 5m)",
        "semver" | "version_compare" => "version(text)",
        "contains" => "'part' in text",
        "startsWith" | "startswith" | "starts_with" => "text is matching('^part')",
        "endsWith" | "endswith" | "ends_with" => "text is matching('part$')",
        "match" | "matches" | "regex" | "regexMatch" | "matching" => "text is matching('pattern')",
        "defined" | "exists" | "isset" => "x is defined",
        "empty" => "x is empty",
        "passing" | "healthy" | "success" => "probe is passing",
        "failing" | "failure" | "failed" => "probe is failing",
        "always" => "true",
        "now" => "now",
        "not" => "not x",
        "secret" => "file(secret)",
        _ => return None,
    })
}

impl Parser<'_> {
    /// The fault of a token that cannot stand where it stands.
    pub(super) fn unexpected(&self, message: &str) -> Fault {
        let token = self.peek();
        match &token.kind {
            TokenKind::End => {
                let end = self.source.trim_end().len();
                Fault::new(end..end, "the expression ends too early")
            }
            TokenKind::Word(word) => {
                Fault::new(token.span.clone(), message).maybe_hint(name(word).map(|(_, hint)| hint.to_owned()))
            }
            _ => Fault::new(token.span.clone(), message),
        }
    }

    /// The bare number right before the next token, and where it begins: `x > 5 min`.
    fn number_before(&self) -> Option<(usize, &str)> {
        match self.next.checked_sub(1).and_then(|before| self.tokens.get(before)) {
            Some(Token { kind: TokenKind::Quantity(Value::Number(_)), span }) => {
                Some((span.start, &self.source[span.clone()]))
            }
            _ => None,
        }
    }

    /// The fault of what stands after a whole expression.
    pub(super) fn left_over(&self) -> Fault {
        let token = self.peek();
        let span = token.span.clone();
        let found = &self.source[span.clone()];
        if let (TokenKind::Word(word), Some((start, digits))) = (&token.kind, self.number_before())
            && is_unit(word)
        {
            let unit = habit(word).unwrap_or(word);
            return Fault::new(start..span.end, "no space before a unit").hint(format!("write `{digits}{unit}`"));
        }
        match &token.kind {
            TokenKind::Word(word) => {
                let hint = match word.as_str() {
                    "AND" | "And" => "write `and`".to_owned(),
                    "OR" | "Or" => "write `or`".to_owned(),
                    "NOT" | "Not" => "write `not`".to_owned(),
                    "not" => "write `is not …` or `not in`".to_owned(),
                    "eq" | "equals" => "write `==`".to_owned(),
                    "ne" => "write `!=`".to_owned(),
                    "lt" => "write `<`".to_owned(),
                    "gt" => "write `>`".to_owned(),
                    "le" => "write `<=`".to_owned(),
                    "ge" => "write `>=`".to_owned(),
                    "matches" | "matching" | "like" => "write `is matching('pattern')`".to_owned(),
                    "contains" | "has" => "write `'part' in x`".to_owned(),
                    "if" | "unless" | "when" => "a condition stands alone, in its own `when`".to_owned(),
                    "div" => "write `/`".to_owned(),
                    _ => "between two values stands an operator: `and or == != < <= > >= in is + - * /`".to_owned(),
                };
                Fault::new(span, format!("`{found}` is not expected here")).hint(hint)
            }
            TokenKind::Text(_) | TokenKind::Quantity(_) => Fault::new(span, format!("{found} is not expected here"))
                .hint("between two values stands an operator: `and or == != < <= > >= in is + - * /`"),
            TokenKind::Sign(sign @ (")" | "]")) => Fault::new(span, format!("this `{sign}` was never opened")),
            TokenKind::Sign("{" | "}") => Fault::new(span, "no braces here: this is an expression already"),
            TokenKind::Sign(",") => Fault::new(span, "one expression ends before this `,`")
                .hint("write `and` between two conditions, or `[a, b]` for a list"),
            _ => Fault::new(span, format!("`{found}` is not expected here")),
        }
    }

    /// The fault of a word after `is` that is no test.
    pub(super) fn no_test(&self, left: &Node, negated: bool, word: &str, span: Range<usize>) -> Fault {
        let x = &self.source[left.span.clone()];
        let is = if negated { "is not" } else { "is" };
        let (plain, opposite) = if negated { ("is not", "is") } else { ("is", "is not") };
        let equals = if negated { "!=" } else { "==" };
        let hint = match word {
            "null" | "none" | "None" | "nil" | "undefined" | "missing" | "unknown" | "nodata" | "unset" => {
                format!("write `{x} {opposite} defined`, or `{x} {plain} no_data`")
            }
            "ok" | "healthy" | "green" | "up" | "good" | "passed" | "ready" | "success" => {
                format!("write `{x} {is} passing`")
            }
            "bad" | "red" | "down" | "failed" | "unhealthy" | "error" => format!("write `{x} {is} failing`"),
            "true" | "false" if (word == "true") != negated => format!("write `{x}`"),
            "true" | "false" => format!("write `not {x}`"),
            "in" => format!("write `{x} {}in …`", if negated { "not " } else { "" }),
            "matches" | "match" | "like" => format!("write `{x} {is} matching('pattern')`"),
            "set" | "there" | "known" => format!("write `{x} {is} defined`"),
            "" => format!("write `{x} {equals} …` to compare; tests are {}", Test::WORDS.join(", ")),
            other => did_you_mean(other, Test::WORDS)
                .unwrap_or_else(|| format!("tests are {}; `{equals}` compares", Test::WORDS.join(", "))),
        };
        let message = match word {
            "" if span.is_empty() => "a test is missing after `is`".to_owned(),
            "" => "this is no test".to_owned(),
            word => format!("there is no test `{word}`"),
        };
        Fault::new(span, message).hint(hint)
    }
}
