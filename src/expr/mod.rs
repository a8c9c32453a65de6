//! Typed expressions with units, and the `${{ }}` templates that use them.
//!
//! Pure: parse ([`Expr::parse`], [`Template::parse`]), check against types ([`Names`]), evaluate against values
//! ([`Scope`]). No data is a third value that neither passes nor fires.

mod check;
mod evaluate;
mod explain;
mod expression;
mod fault;
mod fill;
mod fold;
mod lex;
mod parse;
mod quantity;
mod read;
mod scope;
mod template;
mod tree;
mod truth;
mod types;
mod version;

pub use expression::{Expr, Used};
pub use fault::{Fault, nearest};
pub use fill::NotFilled;
pub use fold::Fold;
pub use read::{As, parse_value};
pub use scope::{Nothing, Over, ProbeNow, Scope, Window, chosen, walk};
pub use template::{Piece, Template, stray_braces};
pub use truth::Truth;
pub use types::{Fields, Names, NamesOver, Type};

#[cfg(test)]
mod tests;
