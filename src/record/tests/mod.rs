//! Records of hand-written runs.

mod document;
mod fixture;
mod hostile;
