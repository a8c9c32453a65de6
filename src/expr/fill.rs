//! Filling in templates.

use std::ops::Range;

use super::scope::Scope;
use super::template::{Piece, Template};
use crate::words::Value;

/// A text that could not be filled in: one of its expressions has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` has no value, so the text cannot be filled in")]
pub struct NotFilled {
    /// The expression, as it is written.
    pub expression: String,
    /// Its bytes in the template's text.
    pub span: Range<usize>,
}

impl Template {
    /// The text with the values filled in, each exactly ([`Value::written`]).
    pub fn fill(&self, scope: &dyn Scope) -> Result<String, NotFilled> {
        let mut text = String::new();
        for piece in self.pieces() {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Filled { expr, at } => match expr.evaluate(scope) {
                    Value::NoData => {
                        let span = *at..at + expr.source().len();
                        return Err(NotFilled { expression: expr.source().to_owned(), span });
                    }
                    value => text.push_str(&value.written()),
                },
            }
        }
        Ok(text)
    }

    /// The text for people to read: what has no value (yet, or because it is off) stands as `<expression>`.
    pub fn shown(&self, scope: &dyn Scope) -> String {
        self.pieces()
            .iter()
            .map(|piece| match piece {
                Piece::Plain(plain) => plain.clone(),
                Piece::Filled { expr, .. } => match expr.evaluate(scope) {
                    Value::NoData => format!("<{}>", expr.source()),
                    value => value.written(),
                },
            })
            .collect()
    }
}
