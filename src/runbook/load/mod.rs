//! Loading: files into a checked runbook.

mod bring;
mod files;
mod loader;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub use files::{Disk, Files, Memory};
pub use loader::{Loaded, load, load_from};
