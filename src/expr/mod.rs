//! Typed expressions with units, and the `${{ }}` templates that use them.
//!
//! Pure: parse ([`Expr::parse`], [`Template::parse`]), check against types ([`Names`]), evaluate against values
//! ([`Scope`]). No data is a third value that neither passes nor fires.

mod expression;
mod fault;
mod fold;
mod lex;
mod parse;
mod quantity;
mod scope;
mod template;
mod tree;
mod types;

pub use expression::{Expr, Used};
pub use fault::{Fault, nearest};
pub use fold::Fold;
pub use scope::{Nothing, Over, ProbeNow, Scope, Window, chosen, walk};
pub use template::{Piece, Template, stray_braces};
pub use types::{Fields, Names, NamesOver, Type};
