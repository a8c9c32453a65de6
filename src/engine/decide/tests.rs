//! Tables and laws of the decisions.
