//! What may be written of a step or a probe: data, one spec file a kind. What is done with it lives in
//! `probes`, `actions` and the engine; both halves meet in one exhaustive `match`.

mod probe;

pub use probe::*;
