//! The engine: pure rules of a run.
