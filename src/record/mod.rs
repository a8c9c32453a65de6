//! Projections of a run for people.
