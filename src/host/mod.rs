//! The run's process.
