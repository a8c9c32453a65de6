//! Values for parameters: read, checked, merged.

mod resolve;
mod value;

pub use resolve::{Given, Resolved, Secrets, resolve};
pub use value::{read, read_as};

#[cfg(test)]
mod tests;
