//! The runbook format: model, kinds, load, parameters, lint, schema.
//!
//! A file is read into a tree with places ([`tree`]), checked against the one table of keys ([`keys`]), read into
//! the [`model`], and then checked as a whole. All faults are told at once; nothing is executed.
mod at;
pub mod keys;
pub mod kinds;
pub mod model;
mod problem;
mod source;
pub mod tree;

pub use at::At;
pub use problem::{Fault, Problem, Severity};
pub use source::{SourceFile, Sources};

pub(crate) mod check;
pub mod load;
mod read;

pub use load::{Disk, Files, Loaded, Memory, load, load_from};
pub mod lint;
pub use lint::{lint, lint_file};
pub mod parameters;
mod schema;
pub use schema::{page, schema};
