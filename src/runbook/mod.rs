//! The runbook format.
mod at;
//pub mod kinds;
mod problem;
mod source;
pub mod tree;

pub use at::At;
pub use problem::{Fault, Problem, Severity};
pub use source::{SourceFile, Sources};
