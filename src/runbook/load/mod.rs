//! Loading: files into a checked runbook.

mod bring;
#[cfg(test)]
mod faults;
mod files;
#[cfg(test)]
mod fuzz;
mod loader;
#[cfg(test)]
mod tests;

pub use files::{Disk, Files, Memory};
pub use loader::{Loaded, load, load_from};
