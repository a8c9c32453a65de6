//! Texts with `${{ expression }}` in them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::expression::{Expr, Used};
use super::fault::Fault;
use crate::words::Value;

const OPEN: &str = "${{";
const CLOSE: &str = "}}";
/// How a plain `${{` is written inside a template.
const ESCAPED: &str = "${{ '$' }}{{";

/// A text that may hold `${{ expression }}`. Equal when the text is; cheap to clone; serialised as its text.
///
/// A plain `${{` is written `${{ '$' }}{{`.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    source: String,
    pieces: Vec<Piece>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text as it stands; never empty, never beside another one.
    Plain(String),
    /// An expression to be filled in.
    Filled {
        /// The expression.
        expr: Expr,
        /// Where its text begins in the template's text, in bytes.
        at: usize,
    },
}

impl Template {
    /// Reads a text with `${{ }}`.
    pub fn parse(source: &str) -> Result<Self, Fault> {
        let (mut pieces, mut at) = (Vec::new(), 0);
        while let Some(found) = source[at..].find(OPEN) {
            push_plain(&mut pieces, &source[at..at + found]);
            let opened = at + found;
            let inside = opened + OPEN.len();
            let Some(length) = find_close(&source[inside..]) else {
                let line = source[opened..].find('\n').map_or(source.len(), |length| opened + length);
                return Err(Fault::new(opened..line, "`${{` without its `}}`").hint("write `${{ name }}`"));
            };
            let text = &source[inside..inside + length];
            let start = inside + text.len() - text.trim_start().len();
            at = inside + length + CLOSE.len();
            if text.trim().is_empty() {
                return Err(Fault::new(opened..at, "nothing stands between the braces").hint("write `${{ name }}`"));
            }
            let expr = Expr::parse(text.trim()).map_err(|fault| fault.shifted(start))?;
            match expr.as_literal() {
                Some(Value::Text(text)) => push_plain(&mut pieces, text),
                _ => pieces.push(Piece::Filled { expr, at: start }),
            }
        }
        push_plain(&mut pieces, &source[at..]);
        Ok(Self(Arc::new(Inner { source: source.to_owned(), pieces })))
    }

    /// A text as it stands: nothing in it is read as an expression.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::from_pieces([Piece::Plain(text.into())])
    }

    /// A template of these pieces; where the expressions stand is counted anew.
    pub fn from_pieces(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut kept = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Plain(text) => push_plain(&mut kept, &text),
                Piece::Filled { expr, at } => match expr.as_literal() {
                    Some(Value::Text(text)) => push_plain(&mut kept, text),
                    _ => kept.push(Piece::Filled { expr, at }),
                },
            }
        }
        let mut source = String::new();
        for piece in &mut kept {
            match piece {
                Piece::Plain(text) => source.push_str(&text.replace(OPEN, ESCAPED)),
                Piece::Filled { expr, at } => {
                    *at = source.len() + OPEN.len() + 1;
                    source.push_str(&format!("{OPEN} {} {CLOSE}", expr.source()));
                }
            }
        }
        Self(Arc::new(Inner { source, pieces: kept }))
    }

    /// The text.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The pieces, in the order of the text.
    pub fn pieces(&self) -> &[Piece] {
        &self.0.pieces
    }

    /// The text to use, when nothing is to be filled in.
    pub fn as_plain(&self) -> Option<&str> {
        match self.0.pieces.as_slice() {
            [] => Some(""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// The expressions, each with the byte in the template's text where it begins.
    pub fn expressions(&self) -> impl Iterator<Item = (usize, &Expr)> {
        self.0.pieces.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Filled { expr, at } => Some((*at, expr)),
        })
    }

    /// All names that are used; the spans are those of the template's text.
    pub fn used(&self) -> Vec<Used> {
        let shifted = |at: usize, used: Used| Used { span: used.span.start + at..used.span.end + at, ..used };
        self.expressions().flat_map(|(at, expr)| expr.used().into_iter().map(move |used| shifted(at, used))).collect()
    }
}

/// `{{ name }}` in a plain text, which other tools fill in and flightdeck does not: where, and what to write.
///
/// Go templates (`{{.Names}}`) and `${{ }}` are left alone.
pub fn stray_braces(text: &str) -> Option<Fault> {
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        at = start + 2;
        let length = text[at..].find(CLOSE)?;
        let inner = text[at..at + length].trim();
        let a_name = inner.starts_with(|c: char| c.is_ascii_lowercase())
            && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if a_name && !text[..start].ends_with('$') {
            let fault = Fault::new(start..at + length + 2, format!("`{{{{ {inner} }}}}` is not filled in"));
            return Some(fault.hint(format!("write `${{{{ {inner} }}}}`")));
        }
        at += length + 2;
    }
    None
}

fn push_plain(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Plain(before)) => before.push_str(text),
        _ => pieces.push(Piece::Plain(text.to_owned())),
    }
}

/// Where `}}` stands, not counting those in quotes.
fn find_close(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '}') if text[at..].starts_with(CLOSE) => return Some(at),
            _ => {}
        }
    }
    // A quote that does not end is the expression's fault, which has the better message.
    if quote.is_some() { text.find(CLOSE) } else { None }
}

impl Default for Template {
    fn default() -> Self {
        Self(Arc::new(Inner { source: String::new(), pieces: Vec::new() }))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.0.source).finish()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Template {}

impl Hash for Template {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source.hash(state);
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.source)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(|fault| serde::de::Error::custom(format!("text `{source}`: {fault}")))
    }
}
