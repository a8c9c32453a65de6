//! Whether a scalar is what a kind wants: a text, a duration, a word.

use super::super::Fault;
use super::super::kinds::ProbeRef;
use super::super::tree::{Node, Plain, Style, plain};
use super::say::takes;
use super::shape::Shape;
use super::{Kind, duration};
use crate::expr;

impl Shape<'_> {
    /// Tells what is wrong with a scalar.
    pub(super) fn scalar(&mut self, name: &str, kind: &'static Kind, node: &Node) {
        let (Some(text), Some(style)) = (node.text(), node.style()) else {
            return self.say(node, format!("`{name}` takes {}, not {}", takes(kind), node.kind()), "");
        };
        let written = if style == Style::Plain { plain(text) } else { Plain::Text };
        if written == Plain::Null {
            return self.nothing(node, &format!("`{name}` takes {}, and nothing stands here", takes(kind)));
        }
        match kind {
            Kind::Plain | Kind::Text | Kind::Value | Kind::Script => self.text(name, kind, node, text, written),
            Kind::Bool => {
                if let Plain::OldBool(truth) = written {
                    self.say(node, format!("`{text}` is a text in YAML 1.2"), format!("write `{truth}`"));
                } else if !matches!(written, Plain::Bool(_)) {
                    self.say(node, format!("`{name}` takes `true` or `false`, not `{text}`"), "");
                }
            }
            Kind::Count(least) => match text.parse::<u32>() {
                Ok(n) if n >= *least && style == Style::Plain => {}
                _ => self.say(node, format!("`{name}` takes a whole number from {least} on, not `{text}`"), ""),
            },
            Kind::Duration if duration(text).is_none() => {
                let hint = match text.parse::<f64>() {
                    Ok(_) => format!("with its unit: `{text}s`, `{text}m`"),
                    Err(_) => "a number and `ms`, `s`, `m`, `h` or `d`: `90s`".into(),
                };
                self.say(node, format!("`{name}` takes a duration, not `{text}`"), hint);
            }
            Kind::Date if chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_err() => {
                self.say(node, format!("`{name}` takes a day, not `{text}`"), "write it as `2025-11-24`");
            }
            Kind::Words(words) if !words.iter().any(|(word, _)| *word == text) => {
                self.say(node, format!("`{name}` cannot be `{text}`"), other_word(name, text, words));
            }
            Kind::Regex => {
                if let Err(error) = regex::Regex::new(text) {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
                    self.say(node, format!("this is no regular expression: {why}"), "");
                }
            }
            Kind::Probe if ProbeRef::parse(text).is_none() => {
                let message = format!("`{name}` takes a probe's name, not `{text}`");
                self.say(node, message, "`ready`, `ready[item]` or `ready.kms`; a condition stands in `expect`");
            }
            _ => {}
        }
    }

    fn text(&mut self, name: &str, kind: &Kind, node: &Node, text: &str, written: Plain) {
        match written {
            Plain::BentNumber => {
                return self.say(
                    node,
                    format!("`{text}` is a number to YAML and would change"),
                    format!("quote it: \"{text}\""),
                );
            }
            Plain::OldBool(_) => {
                return self.say(
                    node,
                    format!("`{text}` is a truth to many readers of YAML"),
                    format!("quote it: \"{text}\""),
                );
            }
            Plain::Bool(_) if !matches!(kind, Kind::Value) => {
                return self.say(
                    node,
                    format!("`{name}` takes a text, and `{text}` is a truth"),
                    format!("quote it: \"{text}\""),
                );
            }
            _ => {}
        }
        if text.trim().is_empty() && !matches!(kind, Kind::Value) {
            return self.say(node, format!("`{name}` is empty"), "");
        }
        if let (Kind::Plain, Some(i)) = (kind, text.find("${{")) {
            let at = self.sources.inside(node.at, text, i);
            self.faults.push(Fault::error(at, format!("nothing is filled in in `{name}`")).width(3));
        }
        if let (Kind::Text | Kind::Value, Some(stray)) = (kind, expr::stray_braces(text)) {
            let at = self.sources.inside(node.at, text, stray.span.start);
            let fault = Fault::error(at, stray.message).hint(stray.hint.unwrap_or_default());
            self.faults.push(fault.width(stray.span.len()));
        }
    }
}

/// What to write instead of a word that is none of those that a key takes.
fn other_word(name: &str, text: &str, words: &[(&str, &str)]) -> String {
    let near = expr::nearest(text, words.iter().map(|(word, _)| *word));
    match (near, name) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, "shell") => "a command that needs a shell is written `script:`".into(),
        (None, "type" | "answer") if matches!(text, "one_of" | "some_of" | "choice" | "enum") => {
            "write `one_of: [a, b]` instead".into()
        }
        (None, _) => {
            let all = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            format!("it takes {all}")
        }
    }
}
