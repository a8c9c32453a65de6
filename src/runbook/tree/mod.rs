//! YAML with places: a tree whose every node knows where it stands and how it was written.
//!
//! serde stops at the first error and forgets quotes, so runbooks are read from the parser's events.

mod build;
mod node;
mod scalar;
mod traps;

pub use build::Parsed;
pub use build::parse;
pub use node::{Entry, Node, Style, Yaml};
pub use scalar::{Plain, plain};

#[cfg(test)]
mod tests;
