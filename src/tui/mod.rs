//! The screens.
pub mod input;
