//! The process that owns PTYs, and its client half.
