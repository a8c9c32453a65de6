//! The runbook format.
pub mod kinds;
